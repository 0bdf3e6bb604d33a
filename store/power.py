"""Judged loads, kept: each run whole; read back as the latest of each subject, or as one subject's past."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, insert, or_, select
from sqlalchemy.orm import aliased

from registry.division_table import in_force
from store.power_tables import PowerFindingRow, PowerRunRow

BATCH = 500
"""Subjects asked for with one statement, rows added with one."""
SCORE, SITE, RECONCILIATION, LINE, USE = "score", "site", "reconciliation", "line", "use"
KINDS = (SCORE, SITE, RECONCILIATION, LINE, USE)


@dataclass(frozen=True, slots=True)
class Run:
    """One judgement of many loads."""

    kind: str
    """One of KINDS."""
    first_day: str
    as_of: str
    """Last day, inclusive; both YYYY-MM-DD in China."""
    model: str
    settings: Mapping[str, Any]
    """What else the answer depends on: the base rate, the files beside."""
    judged: int
    known_ns: int
    author: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found of one subject."""

    subject: str
    uscc: str
    site: str
    division: str
    level: str
    weight: float
    kw: float | None
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding as it was kept, with its run."""

    id: int
    found: Found
    run: Run


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings; what is None does not matter."""

    kind: str
    division: str | None = None
    """It and what lies in it."""
    levels: Collection[str] | None = None
    subjects: Collection[str] | None = None
    uscc: str | None = None
    site: str | None = None
    run: int | None = None
    """Of this run; else the latest of each subject."""
    least: float | None = None
    """Weight from which on."""
    known_ns: int | None = None
    """As known then."""


def keep(connection: Connection, run: Run, found: Iterable[Found]) -> int:
    """Add a run with its findings; return its number."""
    row = PowerRunRow
    new = insert(row).values(
        kind=run.kind,
        first_day=run.first_day,
        as_of=run.as_of,
        model=run.model,
        settings=dict(run.settings),
        judged=run.judged,
        known_ns=run.known_ns,
        author=run.author,
    )
    number = connection.scalars(new.returning(row.id)).one()
    rows = [
        {
            "run_id": number,
            "kind": run.kind,
            "subject": one.subject,
            "as_of": run.as_of,
            "uscc": one.uscc,
            "site": one.site,
            "division": one.division,
            "level": one.level,
            "weight": one.weight,
            "kw": one.kw,
            "record": dict(one.record),
        }
        for one in found
    ]
    for begin in range(0, len(rows), BATCH):
        connection.execute(insert(PowerFindingRow), rows[begin : begin + BATCH])
    return number


def page(
    connection: Connection, wanted: Wanted, limit: int, after: tuple[float, int] | None = None
) -> list[KeptFinding]:
    """Return findings, the heaviest first, those behind a (weight, id), `limit` at most."""
    f = PowerFindingRow
    query = _select(wanted)
    if after is not None:
        weight, number = after
        query = query.where(or_(f.weight < weight, and_(f.weight == weight, f.id > number)))
    return list(_read(connection, query.order_by(f.weight.desc(), f.id).limit(limit)))


def every(connection: Connection, wanted: Wanted) -> Iterator[KeptFinding]:
    """Yield all findings, the heaviest first."""
    after: tuple[float, int] | None = None
    while found := page(connection, wanted, BATCH, after):
        yield from found
        after = found[-1].found.weight, found[-1].id


def of_subject(
    connection: Connection, kind: str, subject: str, known_ns: int | None = None
) -> list[KeptFinding]:
    """Return all that was ever found of one subject, the latest first."""
    f = PowerFindingRow
    query = _columns().where(f.kind == kind, f.subject == subject)
    if known_ns is not None:
        query = query.where(PowerRunRow.known_ns <= known_ns)
    return list(_read(connection, query.order_by(f.as_of.desc(), f.id.desc())))


def levels_of(connection: Connection, kind: str, subjects: Sequence[str]) -> dict[str, str]:
    """Return the level that stands of each subject of which anything was found."""
    told: dict[str, str] = {}
    for begin in range(0, len(subjects), BATCH):
        some = Wanted(kind, subjects=subjects[begin : begin + BATCH])
        f = PowerFindingRow
        narrow = _select(some).with_only_columns(f.subject, f.level)
        told.update((subject, level) for subject, level in connection.execute(narrow))
    return told


def _columns() -> Select[Any]:
    f, r = PowerFindingRow, PowerRunRow
    finding = (f.id, f.subject, f.uscc, f.site, f.division, f.level, f.weight, f.kw, f.record)
    run = (r.kind, r.first_day, r.as_of, r.model, r.settings, r.judged, r.known_ns, r.author, r.id)
    return select(*finding, *run).join(r, r.id == f.run_id)


def _select(wanted: Wanted) -> Select[Any]:
    f, r = PowerFindingRow, PowerRunRow
    query = _columns().where(f.kind == wanted.kind)
    if wanted.division is not None:
        heads = in_force().covers(wanted.division)
        query = query.where(or_(*(f.division.like(f"{head}%") for head in heads)))
    if wanted.subjects is not None:
        query = query.where(f.subject.in_(wanted.subjects))
    if wanted.levels is not None:
        query = query.where(f.level.in_(wanted.levels))
    for column, value in ((f.uscc, wanted.uscc), (f.site, wanted.site), (f.run_id, wanted.run)):
        if value is not None:
            query = query.where(column == value)
    if wanted.least is not None:
        query = query.where(f.weight >= wanted.least)
    if wanted.known_ns is not None:
        query = query.where(r.known_ns <= wanted.known_ns)
    return query if wanted.run is not None else query.where(~_later(wanted.known_ns))


def _later(known_ns: int | None) -> ColumnElement[bool]:
    """Return the condition that the same subject was judged again, of a later day or later of the same."""
    f, n, r = PowerFindingRow, aliased(PowerFindingRow), aliased(PowerRunRow)
    same = and_(n.kind == f.kind, n.subject == f.subject)
    again = and_(same, or_(n.as_of > f.as_of, and_(n.as_of == f.as_of, n.id > f.id)))
    if known_ns is None:
        return exists().where(again)
    return exists().where(again, r.id == n.run_id, r.known_ns <= known_ns)


def _read(connection: Connection, query: Select[Any]) -> Iterator[KeptFinding]:
    for number, *cells in connection.execute(query):
        yield KeptFinding(number, Found(*cells[:8]), Run(*cells[8:]))
