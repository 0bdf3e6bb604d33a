"""The second lock: what PostgreSQL itself shows to a region."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text

from facts.endpoint import parse_address
from facts.errors import StoreError
from facts.where import Where
from registry.csv_import import load_sample
from registry.division_table import subtree
from store.access_tables import DecisionRow, PacketRow
from store.database import Database, open_database
from store.decisions import decide
from store.packets import Packet, PacketStore
from store.registry import RegistryStore
from store.registry_tables import EnterpriseRow, LineRow, SiteRow
from store.row_security import is_locked, lock_rows, see_division, seeing_everything
from store.tables import EvidenceRow, VerdictCoinRow, VerdictPeerRow, VerdictRow
from store.verdicts import VerdictStore
from tests.store.made import verdict

SEEN_NS = 1_772_352_000 * 10**9
EAST, WEST, HYDRO = "192.0.2.10", "192.0.2.200", "203.0.113.40"
NOWHERE = "8.8.8.8"
EVIDENCE_NS = 5 * 10**9
"""Of all evidence of a made verdict; its frame is 7 of a.pcap."""


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
            locked = set(connection.scalars(text("SELECT tablename FROM pg_policies")))
            assert locked >= {
                *("verdicts", "evidence", "verdict_peers", "verdict_coins", "sites", "lines"),
                *("decisions", "evidence_packets", "enterprises"),
            }
        assert len(seen(database)) == 4


def test_decisions_packets_and_enterprises_are_those_of_the_region(plain: str) -> None:
    """Asked in SQL, past everything that the API checks."""
    with open_database(plain) as database:
        filled(database)
        PacketStore(database).keep([packet(7), packet(8), packet(7, at_ns=1)], 0)
        with database.writing() as connection:
            for address in (EAST, WEST, HYDRO, NOWHERE):
                decide(connection, parse_address(address), "confirm", "seen", "li", SEEN_NS)
        lock_rows(database)
        sites = {site.id: site.division for site in load_sample().sites}
        holders = {
            one.uscc: {sites[a.site] for a in load_sample().assignments if a.uscc == one.uscc and a.site}
            for one in load_sample().enterprises
        }
        for division, decided in (
            ("000000", {EAST, WEST, HYDRO, NOWHERE}),
            ("990101", {EAST}),
            ("990100", {EAST, WEST}),
            ("990221", {HYDRO}),
            ("330000", set()),
        ):
            see_division(division)
            with database.reading() as connection:
                assert {str(one) for one in connection.scalars(select(DecisionRow.address))} == decided
                named = set(connection.scalars(select(EnterpriseRow.uscc)))
                assert named == {
                    uscc
                    for uscc, codes in holders.items()
                    if division == "000000" or any(code.startswith(subtree(division)) for code in codes)
                }
                # Frame 7 is evidence on all four addresses; frame 8, and 7 of another time, on none.
                kept = {tuple(row) for row in connection.execute(select(PacketRow.frame, PacketRow.at_ns))}
                assert kept == ({(7, EVIDENCE_NS)} if decided else set()) | (
                    {(8, EVIDENCE_NS), (7, 1)} if division == "000000" else set()
                )
        see_division("990102")
        with database.writing() as connection:
            assert connection.execute(text("DELETE FROM decisions")).rowcount == 1


def test_a_region_may_decide_on_what_it_sees_and_on_nothing_else(plain: str) -> None:
    with open_database(plain) as database:
        filled(database)
        lock_rows(database)
        see_division("990101")
        with database.writing() as connection:
            decide(connection, parse_address(EAST), "confirm", "seen", "li", SEEN_NS)
        with pytest.raises(StoreError, match="row-level security"), database.writing() as connection:
            decide(connection, parse_address(WEST), "confirm", "seen", "li", SEEN_NS)


def test_a_region_covers_the_codes_of_what_was_merged_into_it(plain: str) -> None:
    sample = load_sample()
    old = {"990101": "371202", "990102": "330104"}  # Laiwu, now of Jinan; Jianggan, now two
    sites = tuple(replace(one, division=old.get(one.division, one.division)) for one in sample.sites)
    with open_database(plain) as database:
        RegistryStore(database).replace(replace(sample, sites=sites))
        lock_rows(database)
        for division, codes in (
            ("370100", {"371202"}),
            ("370116", {"371202"}),
            ("371200", {"371202"}),
            ("370117", set()),
            ("330100", {"330104"}),
            ("330102", set()),
            ("330000", {"330104"}),
        ):
            see_division(division)
            with database.reading() as connection:
                assert set(connection.scalars(select(SiteRow.division))) == codes, division


def packet(frame: int, at_ns: int | None = None) -> Packet:
    at = EVIDENCE_NS if at_ns is None else at_ns
    return Packet(Where("a.pcap", frame), 1, at, 3, b"abc", hashlib.sha256(b"abc").hexdigest())
