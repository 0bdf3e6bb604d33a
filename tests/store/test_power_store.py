"""Judged loads on both databases: the latest of each subject, as known then, each region its own."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from sqlalchemy import inspect, text

from facts.errors import StoreError
from store.database import Database, open_database
from store.power import (
    SCORE,
    SITE,
    Found,
    Run,
    Wanted,
    every,
    keep,
    levels_of,
    of_subject,
    page,
)
from store.row_security import lock_rows, see_division
from store.schema import configuration

FIRM = "91990101MADEUP0132"


def run(as_of: str, known_ns: int, kind: str = SCORE) -> Run:
    return Run(kind, "2026-01-01", as_of, "abc", {"base_rate": 0.00025}, 9, known_ns, "li")


def found(subject: str, weight: float, division: str = "990101", level: str = "likely") -> Found:
    record = {"log_odds": 3.5, "reasons": [{"kind": "edges", "value": 0.5}]}
    return Found(subject, FIRM, "s1", division, level, weight, 12.5, record)


def subjects(database: Database, wanted: Wanted) -> list[str]:
    with database.reading() as connection:
        return [one.found.subject for one in every(connection, wanted)]


def fill(database: Database) -> None:
    with database.writing() as connection:
        keep(connection, run("2026-03-31", 10), [found("A", 0.9), found("B", 0.5, "990102"), found("C", 0.5)])
        keep(connection, run("2026-04-30", 20), [found("A", 0.1, level="none")])
        keep(connection, run("2026-02-28", 30), [found("B", 0.99)])  # an older month, judged later
        keep(connection, run("2026-04-30", 40, SITE), [found("A", 0.7, level="mining_farm")])


def test_the_latest_judgement_of_each_subject_stands(db: Database) -> None:
    fill(db)
    assert subjects(db, Wanted(SCORE)) == ["B", "C", "A"]
    assert subjects(db, Wanted(SCORE, levels={"likely"})) == ["B", "C"]
    assert subjects(db, Wanted(SCORE, known_ns=15)) == ["A", "B", "C"]
    assert subjects(db, Wanted(SCORE, division="990102")) == ["B"]
    assert subjects(db, Wanted(SCORE, run=1, least=0.6)) == ["A"]
    assert subjects(db, Wanted(SITE, uscc=FIRM, site="s1", subjects=["A"])) == ["A"]
    with db.reading() as connection:
        assert levels_of(connection, SCORE, ["A", "B", "Z"]) == {"A": "none", "B": "likely"}
        past = of_subject(connection, SCORE, "B")
        assert [(one.run.as_of, one.found.weight) for one in past] == [
            ("2026-03-31", 0.5),
            ("2026-02-28", 0.99),
        ]
        assert [one.run.known_ns for one in of_subject(connection, SCORE, "B", 10)] == [10]
        [first] = page(connection, Wanted(SITE), 5)
        assert first.found == found("A", 0.7, level="mining_farm")
        assert (first.run.settings, first.run.id) == ({"base_rate": 0.00025}, 4)


def test_pages_of_equal_weights_hold_each_finding_once(db: Database) -> None:
    with db.writing() as connection:
        keep(connection, run("2026-03-31", 1), [found(f"{n:04}", n % 3 / 7) for n in range(50)])
    seen: list[str] = []
    after = None
    with db.reading() as connection:
        while got := page(connection, Wanted(SCORE), 7, after):
            seen += [one.found.subject for one in got]
            after = got[-1].found.weight, got[-1].id
    assert len(seen) == 50
    assert sorted(seen) == [f"{n:04}" for n in range(50)]
    assert [int(one) % 3 for one in seen] == sorted((int(one) % 3 for one in seen), reverse=True)


@pytest.mark.parametrize("statement", ["UPDATE power_findings SET level = 'none'", "DELETE FROM power_runs"])
def test_nothing_that_was_found_is_ever_changed(db: Database, statement: str) -> None:
    fill(db)
    with pytest.raises(StoreError, match="never changed"), db.writing() as connection:
        connection.execute(text(statement))


def test_the_migration_goes_back_with_findings_in_it_and_forth_again(url: str) -> None:
    with open_database(url) as database:
        fill(database)
        with database.writing() as connection:
            command.downgrade(configuration(connection), "0012")
            assert not {"power_runs", "power_findings"} & set(inspect(connection).get_table_names())
            command.upgrade(configuration(connection), "head")
        fill(database)
        assert subjects(database, Wanted(SCORE)) == ["B", "C", "A"]


@pytest.fixture
def owned(postgres: str) -> Iterator[str]:
    """URL of a database that belongs to an ordinary user: a superuser passes every policy."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE powerful LOGIN")
        connection.execute("CREATE DATABASE powers OWNER powerful")
    yield postgres.replace("postgres@/postgres?", "powerful@/powers?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE powers WITH (FORCE)")
        connection.execute("DROP ROLE powerful")


def test_a_region_sees_its_own_findings_whatever_is_asked(owned: str) -> None:
    with open_database(owned) as database:
        fill(database)
        with database.writing() as connection:
            keep(connection, run("2026-03-31", 1), [found("N", 0.5, "")])
        lock_rows(database)
        for division, expected in (
            ("000000", ["A", "B", "C", "N"]),
            ("990000", ["A", "B", "C"]),
            ("990101", ["A", "B", "C"]),
            ("990102", ["B"]),
            ("330000", []),
        ):
            see_division(division)
            with database.reading() as connection:
                rows = connection.scalars(text("SELECT DISTINCT subject FROM power_findings"))
                assert sorted(rows) == expected, division
