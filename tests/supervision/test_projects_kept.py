"""Projects in both databases: what was known when, nothing changed, and on PostgreSQL each region its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import func, select, text

from facts.errors import SettingsError, StoreError
from facts.instant import nanoseconds
from store.cases_tables import CaseEntryRow, CaseRow
from store.database import Database, open_database
from store.exits_tables import ExitPlanRow
from store.projects_tables import ParticularsRow, ProjectEventRow, ProjectMeasureRow, ProjectRow
from store.row_security import is_locked, lock_rows, see_division
from store.warnings_tables import WarningDeliveryRow, WarningEventRow, WarningRow
from supervision.cases.kept import open_case
from supervision.exits.kept import PlanStore, add_plan
from supervision.exits.plan import draft, shipped_categories
from supervision.projects.events import Event, NotAllowed, Step
from supervision.projects.inventory import Power, inventory
from supervision.projects.kept import ProjectStore, add_event, add_measure, open_project
from supervision.projects.opening import By, by_hand, entered
from supervision.projects.project import Particulars, Project, latest
from supervision.projects.sizes import parse, shipped
from supervision.refusals import Refused, Unknown
from supervision.warnings.acts import Actor
from supervision.warnings.deliver import enqueue
from supervision.warnings.hooks import Hook
from supervision.warnings.kept import WarningStore
from supervision.warnings.rules import shipped as shipped_rules
from supervision.warnings.signals import Signal
from tests.store.conftest import db as db
from tests.store.conftest import postgres as postgres
from tests.store.conftest import postgres_db as postgres_db

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
DAY = date(2026, 3, 1)
TABLES = (
    ProjectRow, ParticularsRow, ProjectEventRow, ProjectMeasureRow, ExitPlanRow, WarningRow, WarningEventRow,
    WarningDeliveryRow, CaseRow, CaseEntryRow,
)  # fmt: skip


def opened(database: Database, division: str, uscc: str = "U1") -> Project:
    by = By("li", "energy", START)
    known = Particulars("", START, "li", f"hall {division}", accounts=("3300001",))
    one = entered("running", division, known, uscc, f"site-{division}", by, DAY)
    with database.writing() as connection:
        open_project(connection, one.project, one.particulars, one.event)
    return one.project


def happened(project: Project, step: Step, on: int, known: int) -> Event:
    at = START + timedelta(days=known)
    return Event(0, project.id, step, DAY + timedelta(days=on), at, "li", "energy", "n", ("file:1",))


def test_what_is_kept_is_read_as_it_was_known_at_any_time(db: Database) -> None:
    project = opened(db, "330102")
    with db.writing() as connection:
        add_event(connection, project, happened(project, Step.VERIFIED, 2, 2))
        late = add_event(connection, project, happened(project, Step.EXITED, 5, 9))
        measured = by_hand(
            project.id, "meters", DAY, START, None, None, Power(2400, 2300, 2500), ["reading:3300001"]
        )
        add_measure(connection, project, measured, "li")
    held = ProjectStore(db).one(project.id)
    assert held.projects == (project,)
    assert held.measured == (measured,)
    assert held.measured[0].kw == Power(100.0, 2300 / 24, 2500 / 24)
    assert latest(held.particulars, START)[project.id].accounts == ("3300001",)
    assert latest(held.particulars, START - timedelta(seconds=1)) == {}
    states = [
        inventory(held.events, held.measured, DAY + timedelta(days=on), START + timedelta(days=known))[
            project.id
        ].step
        for on, known in ((0, 0), (6, 6), (6, 9), (4, 9))
    ]
    assert states == [Step.FOUND, Step.VERIFIED, Step.EXITED, Step.VERIFIED]
    assert late.number == held.events[-1].number
    assert late.evidence == ("file:1",)


def test_nothing_is_opened_twice_or_changed_and_what_fails_leaves_nothing(db: Database) -> None:
    project = opened(db, "330102")
    with pytest.raises(NotAllowed, match="is there already"):
        opened(db, "330102")
    size = by_hand(project.id, "meters", DAY, START, Power(1, 1, 1), None, None, ["x"])

    def half_a_change() -> None:
        with db.writing() as connection:
            add_measure(connection, project, size, "li")
            add_event(connection, project, happened(project, Step.EXITED, 2, 2))

    with pytest.raises(NotAllowed, match="exited on 2026-03-03 cannot follow found"):
        half_a_change()
    assert ProjectStore(db).one(project.id).measured == ()
    for table in ("projects", "project_events", "project_measures", "project_particulars", "exit_plans"):
        for change in (f"UPDATE {table} SET division = '000000'", f"DELETE FROM {table}"):
            with db.reading() as connection:
                rows = connection.scalar(text(f"SELECT count(*) FROM {table}"))
            if rows:
                with pytest.raises(StoreError, match="added and never changed"), db.writing() as connection:
                    connection.execute(text(change))
    with pytest.raises(Unknown):
        ProjectStore(db).one("pj-0000000000000000")


def test_pages_follow_the_id_and_hold_a_region_only(db: Database) -> None:
    made = sorted(opened(db, f"3301{n:02d}", f"U{n}").id for n in range(1, 12))
    opened(db, "340102", "U99")
    store, seen, after = ProjectStore(db), [], ""
    while held := store.page("330100", after, 4).projects:
        seen += [one.id for one in held]
        after = held[-1].id
    assert seen == made
    assert len(store.every("000000").projects) == 12
    assert store.every("330199").projects == ()


def test_plans_keep_all_editions(db: Database) -> None:
    project = opened(db, "330102")
    plan = draft(shipped_categories()[0], project.id, DAY, "county", "li", "energy", START)
    with db.writing() as connection:
        add_plan(connection, project, plan)
    with pytest.raises(Refused, match="says why"), db.writing() as connection:
        add_plan(connection, project, plan)
    with db.writing() as connection:
        add_plan(connection, project, replace(plan, reason="winter"))
    assert PlanStore(db).of([project.id, "pj-x"]) == {project.id: (plan, replace(plan, reason="winter"))}


def test_classes_by_size_and_energy() -> None:
    classes = shipped()
    found = [classes.size(Power(kw, kw, kw)).id for kw in (0, 99.9, 100, 999, 1000, 10_000)]
    assert found == ["single", "single", "small", "small", "medium", "large"]
    assert [one.id for one in classes.could_be(Power(120, 80, 1500))] == ["single", "small", "medium"]
    # 1,000 kW x 8,760 h x 0.1229 kg = 1,076.6 t
    assert round(classes.coal(Power(1000, 900, 1100)).value, 1) == 1076.6
    assert classes.level(Power(1000, 900, 1100)).id == "reviewed"
    with pytest.raises(SettingsError, match=r"own\.toml"):
        parse("[[size]]\nid='a'", "own.toml")


@pytest.fixture
def plain(postgres: str) -> Iterator[str]:
    """URL of a database that belongs to an ordinary user."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE projecting LOGIN")
        connection.execute("CREATE DATABASE projected OWNER projecting")
    yield postgres.replace("postgres@/postgres?", "projecting@/projected?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE projected WITH (FORCE)")
        connection.execute("DROP ROLE projecting")


def test_postgresql_shows_each_region_its_own_rows_of_every_table(plain: str) -> None:
    hook = Hook("h", "https://x.example/", "0" * 16, "000000", "low", ("raised",), ())
    with open_database(plain) as database:
        for division in ("330102", "440304"):
            project = opened(database, division)
            plan = draft(shipped_categories()[0], project.id, DAY, "county", "li", "energy", START)
            measured = by_hand(project.id, "meters", DAY, START, Power(1, 1, 1), None, None, ["x"])
            actor = Actor("li", "supervisor", "000000", "energy")
            texts = {"project": project.id, "known": "no"}
            signal = Signal("hit", division, START, texts, {"kw": 1.0}, ("verdict:1",))
            with database.writing() as connection:
                add_plan(connection, project, plan)
                add_measure(connection, project, measured, "li")
                open_case(connection, actor, division, "hall", nanoseconds(START))
            WarningStore(database).scan(
                shipped_rules(), [signal], START, lambda c, added: enqueue(c, [hook], added, START)
            )
        lock_rows(database)
        assert is_locked(database)
        for region, count in (("000000", 2), ("330000", 1), ("330102", 1), ("330103", 0), ("440300", 1)):
            see_division(region)
            with database.reading() as connection:
                for table in TABLES:
                    rows = connection.scalar(select(func.count()).select_from(table))
                    assert rows == count, (region, table.__tablename__)
        see_division("330000")
        with pytest.raises(StoreError, match="row-level security"):
            opened(database, "440305", "U7")
