"""Projects in the store: opened, told of events, measured; read back as values."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, or_, select

from facts.instant import instant, nanoseconds
from registry.division_table import in_force
from store.database import Database, lock
from store.projects_tables import ParticularsRow, ProjectEventRow, ProjectMeasureRow, ProjectRow
from supervision.projects.events import Event, NotAllowed, Step, admit, day_in_china
from supervision.projects.inventory import Measured, Power
from supervision.projects.project import Particulars, Project, from_record, to_record
from supervision.refusals import NotKnownThen, Unknown

BATCH = 500
"""Projects asked for with one statement."""


@dataclass(frozen=True, slots=True)
class Held:
    """All that is kept of some projects, in the order in which it was entered."""

    projects: tuple[Project, ...]
    """By id."""
    particulars: tuple[Particulars, ...]
    events: tuple[Event, ...]
    measured: tuple[Measured, ...]

    def of(self, project: str) -> "Held":
        """Return the part of one project."""
        return Held(
            tuple(one for one in self.projects if one.id == project),
            tuple(one for one in self.particulars if one.project == project),
            tuple(one for one in self.events if one.project == project),
            tuple(one for one in self.measured if one.project == project),
        )


def known_then(held: Held, as_of: date, known: datetime) -> Project:
    """Return the one project that is held. Raises NotKnownThen before it was entered, or was found.

    A planned project has been found when it was entered.
    """
    [one] = held.projects
    if one.opened > known:
        raise NotKnownThen(one.id, f"{day_in_china(known)}")
    first = min((event.on for event in held.events if event.known <= known), default=None)
    if as_of < (day_in_china(one.opened) if first is None else first):
        raise NotKnownThen(one.id, f"{as_of}")
    return one


class ProjectStore:
    """Reads and adds. What is written goes through the functions below, on a connection of the caller's."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(self, division: str, after: str = "", limit: int = BATCH) -> Held:
        """Return projects of a division's subtree by id, those after one, `limit` at most."""
        query = select(ProjectRow.id).where(ProjectRow.id > after, in_division(ProjectRow.division, division))
        with self._db.reading() as connection:
            ids = connection.scalars(query.order_by(ProjectRow.id).limit(limit)).all()
            return read(connection, ids)

    def every(self, division: str) -> Held:
        """Return all projects of a division's subtree, of one moment."""
        with self._db.reading() as connection:
            query = select(ProjectRow.id).where(in_division(ProjectRow.division, division))
            return read(connection, connection.scalars(query.order_by(ProjectRow.id)).all())

    def one(self, project: str) -> Held:
        """Return one project. Raises Unknown."""
        with self._db.reading() as connection:
            return read_one(connection, project)


def in_division(column: Any, division: str) -> ColumnElement[bool]:
    """Return the condition that a code lies in what a right on a division covers."""
    return or_(*(column.like(f"{digits}%") for digits in in_force().covers(division)))


def read_one(connection: Connection, project: str) -> Held:
    """Return one project on an open connection. Raises Unknown."""
    held = read(connection, [project])
    if not held.projects:
        raise Unknown(project)
    return held


def read(connection: Connection, ids: Sequence[str]) -> Held:
    """Return projects by their ids, on an open connection; unknown ids are left out."""
    projects: list[Project] = []
    particulars: list[Particulars] = []
    events: list[Event] = []
    measured: list[Measured] = []
    for start in range(0, len(ids), BATCH):
        some = list(ids[start : start + BATCH])
        p, q, e, m = ProjectRow, ParticularsRow, ProjectEventRow, ProjectMeasureRow
        columns = (p.id, p.kind, p.uscc, p.site, p.cluster, p.division, p.opened_ns, p.by_name, p.department)
        projects += (
            Project(row.id, row.kind, *row[2:6], instant(row.opened_ns), row.by_name, row.department)
            for row in connection.execute(select(*columns).where(p.id.in_(some)).order_by(p.id))
        )
        named = select(q.project_id, q.known_ns, q.author, q.record).where(q.project_id.in_(some))
        particulars += (
            from_record(project, instant(known), author, record)
            for project, known, author, record in connection.execute(named.order_by(q.number))
        )
        lived = select(
            e.number, e.project_id, e.step, e.on_day, e.known_ns, e.author, e.department, e.note, e.evidence,
            e.withdraws,
        )  # fmt: skip
        events += (
            Event(
                row.number,
                row.project_id,
                Step(row.step),
                date.fromisoformat(row.on_day),
                instant(row.known_ns),
                row.author,
                row.department,
                row.note,
                tuple(row.evidence),
                row.withdraws,
            )
            for row in connection.execute(lived.where(e.project_id.in_(some)).order_by(e.number))
        )
        sized = select(m.project_id, m.on_day, m.known_ns, m.record).where(m.project_id.in_(some))
        measured += (
            measure_from(project, date.fromisoformat(on), instant(known), record)
            for project, on, known, record in connection.execute(sized.order_by(m.number))
        )
    return Held(tuple(projects), tuple(particulars), tuple(events), tuple(measured))


def open_project(
    connection: Connection, project: Project, particulars: Particulars, first: Event | None
) -> Event | None:
    """Add a project with its particulars and, of a running one, its first event.

    Raises NotAllowed where it is there already, or the event cannot be the first.
    """
    lock(connection, f"project {project.id}")
    if connection.scalar(select(ProjectRow.id).where(ProjectRow.id == project.id)) is not None:
        raise NotAllowed(f"the project {project.id} is there already", f"项目 {project.id} 已存在")
    connection.execute(
        insert(ProjectRow).values(
            id=project.id,
            kind=project.kind,
            uscc=project.uscc,
            site=project.site,
            cluster=project.cluster,
            division=project.division,
            opened_ns=nanoseconds(project.opened),
            by_name=project.author,
            department=project.department,
        )
    )
    describe(connection, project, particulars)
    return None if first is None else add_event(connection, project, first)


def describe(connection: Connection, project: Project, particulars: Particulars) -> None:
    """Add what is known of a project from now on."""
    connection.execute(
        insert(ParticularsRow).values(
            project_id=project.id,
            division=project.division,
            known_ns=nanoseconds(particulars.known),
            author=particulars.author,
            record=to_record(particulars),
        )
    )


def add_event(connection: Connection, project: Project, event: Event) -> Event:
    """Add an event and return it with its number. Raises NotAllowed where it cannot follow what is there."""
    lock(connection, f"project {project.id}")
    there = read(connection, [project.id]).events
    last = max((one.number for one in there), default=0)
    admit(there, replace(event, number=last + 1))
    new = insert(ProjectEventRow).values(
        project_id=project.id,
        division=project.division,
        step=event.step.value,
        on_day=event.on.isoformat(),
        known_ns=nanoseconds(event.known),
        author=event.author,
        department=event.department,
        note=event.note,
        evidence=list(event.evidence),
        withdraws=event.withdraws,
    )
    return replace(event, number=connection.scalars(new.returning(ProjectEventRow.number)).one())


def add_measure(connection: Connection, project: Project, measured: Measured, author: str) -> None:
    """Add a measurement."""
    connection.execute(
        insert(ProjectMeasureRow).values(
            project_id=project.id,
            division=project.division,
            on_day=measured.on.isoformat(),
            known_ns=nanoseconds(measured.known),
            author=author,
            record=measure_to(measured),
        )
    )


def measure_to(measured: Measured) -> dict[str, Any]:
    """Return a measurement as it is kept."""
    return {
        "basis": measured.basis,
        "machines": _ends(measured.machines),
        "kw": _ends(measured.kw),
        "kwh_day": _ends(measured.kwh_day),
        "computing": {name: _ends(found) for name, found in measured.computing.items()},
        "evidence": list(measured.evidence),
        "sources": {name: list(found) for name, found in measured.sources.items()},
    }


def measure_from(project: str, on: date, known: datetime, record: Any) -> Measured:
    """Return a measurement from what was kept."""
    computing = {name: Power(*ends) for name, ends in record["computing"].items()}
    return Measured(
        project,
        on,
        known,
        _power(record["machines"]),
        computing,
        _power(record["kw"]),
        tuple(record["evidence"]),
        _power(record.get("kwh_day")),
        {name: tuple(found) for name, found in record.get("sources", {}).items()},
        record.get("basis", "traffic"),
    )


def ids_there(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return those ids that projects have."""
    found: set[str] = set()
    asked = sorted(ids)
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        found.update(connection.scalars(select(ProjectRow.id).where(ProjectRow.id.in_(some))))
    return found


def numbers_of(evidence: Iterable[str]) -> list[int]:
    """Return the ids of the verdicts among pieces of evidence."""
    named = (one.partition(":") for one in evidence)
    return sorted({int(number) for kind, _, number in named if kind == "verdict" and number.isdigit()})


def _ends(power: Power | None) -> list[float] | None:
    return None if power is None else [power.value, power.low, power.high]


def _power(ends: Any) -> Power | None:
    return None if ends is None else Power(*ends)
