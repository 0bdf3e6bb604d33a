"""The second lock: what PostgreSQL itself shows to a region."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text

from facts.endpoint import parse_address
from registry.csv_import import load_sample
from store.database import Database, open_database
from store.registry import RegistryStore
from store.registry_tables import LineRow, SiteRow
from store.row_security import is_locked, lock_rows, see_division, seeing_everything
from store.tables import EvidenceRow, VerdictCoinRow, VerdictPeerRow, VerdictRow
from store.verdicts import VerdictStore
from tests.store.made import verdict

SEEN_NS = 1_772_352_000 * 10**9
EAST, WEST, HYDRO = "192.0.2.10", "192.0.2.200", "203.0.113.40"
NOWHERE = "8.8.8.8"


@pytest.fixture
def plain(postgres: str) -> Iterator[str]:
    """URL of a database that belongs to an ordinary user."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("CREATE DATABASE secured OWNER plain")
    yield postgres.replace("postgres@/postgres?", "plain@/secured?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE secured WITH (FORCE)")
        connection.execute("DROP ROLE plain")


def filled(database: Database) -> None:
    RegistryStore(database).replace(load_sample())
    VerdictStore(database).save(
        "run",
        1,
        [
            verdict(address, first_seen_ns=SEEN_NS, last_seen_ns=SEEN_NS)
            for address in (EAST, WEST, HYDRO, NOWHERE)
        ],
    )


def seen(database: Database) -> set[str]:
    with database.reading() as connection:
        found = {str(address) for address in connection.scalars(select(VerdictRow.address))}
        for table in (EvidenceRow, VerdictPeerRow, VerdictCoinRow):
            held = select(func.count(table.verdict_id.distinct()))
            assert connection.scalar(held) == len(found), table
        return found


def test_a_region_sees_its_own_rows_whatever_is_asked(plain: str) -> None:
    with open_database(plain) as database:
        filled(database)
        assert seen(database) == {EAST, WEST, HYDRO, NOWHERE}  # imports and the terminal see everything
        lock_rows(database)
        assert is_locked(database)
        assert seen(database) == set()
        for division, expected in (
            ("000000", {EAST, WEST, HYDRO, NOWHERE}),
            ("990000", {EAST, WEST, HYDRO}),
            ("990100", {EAST, WEST}),
            ("990101", {EAST}),
            ("990102", {WEST}),
            ("990221", {HYDRO}),
            ("330000", set()),
        ):
            see_division(division)
            assert seen(database) == expected, division
            found = VerdictStore(database).of_address(parse_address(WEST))
            assert bool(found) == (WEST in expected)
            with database.reading() as connection:
                divisions = set(connection.scalars(select(SiteRow.division)))
                assert all(code.startswith(division.rstrip("0") or "") for code in divisions)
                connection.scalars(select(LineRow.id)).all()
        see_division("330000")
        with seeing_everything():
            assert len(seen(database)) == 4
        assert seen(database) == set()


def test_a_region_cannot_change_the_rows_of_another(plain: str) -> None:
    with open_database(plain) as database:
        filled(database)
        lock_rows(database)
        see_division("990102")
        with database.writing() as connection:
            assert connection.execute(text("DELETE FROM verdicts")).rowcount == 1
        see_division("000000")
        assert seen(database) == {EAST, HYDRO, NOWHERE}


def test_a_superuser_is_told_from_an_ordinary_user(url: str) -> None:
    with open_database(url) as database:
        assert not is_locked(database)
        lock_rows(database)
        assert seen(database) == set()


def test_the_policies_go_with_the_migration(plain: str, tmp_path: Path) -> None:
    from alembic import command

    from store.schema import configuration

    with open_database(plain) as database:
        filled(database)
        with database.writing() as connection:
            command.downgrade(configuration(connection), "0003")
            left = text("SELECT count(*) FROM pg_policies")
            assert connection.scalar(left) == 0
            command.upgrade(configuration(connection), "head")
            assert connection.scalar(left) == 6
        assert len(seen(database)) == 4
