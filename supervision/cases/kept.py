"""Cases in the store: opened, added to, read back as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from facts.instant import instant, nanoseconds
from store.cases_tables import CaseEntryRow, CaseRow
from store.database import Database, lock
from supervision.cases.life import Case, Entry, Standing, checked, stand
from supervision.cases.rights import permit, permit_opening
from supervision.projects.kept import BATCH, in_division
from supervision.refusals import Refused, Unknown
from supervision.warnings.acts import Actor

MAX_TITLE = 200
"""Characters."""


@dataclass(frozen=True, slots=True)
class Log:
    """One case with its log."""

    standing: Standing
    entries: tuple[Entry, ...]
    """In the order in which they were entered."""


class CaseStore:
    """Reads cases; what is written goes through the functions below, on a connection of the caller's."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(self, division: str, before: int | None = None, limit: int = 100) -> list[Log]:
        """Return cases of a division's subtree, the latest first, those before one, `limit` at most."""
        query = select(CaseRow.id).where(in_division(CaseRow.division, division))
        if before is not None:
            query = query.where(CaseRow.id < before)
        with self._db.reading() as connection:
            return read(connection, connection.scalars(query.order_by(CaseRow.id.desc()).limit(limit)).all())

    def one(self, number: int) -> Log:
        """Return one case. Raises Unknown."""
        with self._db.reading() as connection:
            return read_one(connection, number)


def read_one(connection: Connection, number: int) -> Log:
    """Return one case on an open connection. Raises Unknown."""
    found = read(connection, [number])
    if not found:
        raise Unknown(str(number))
    return found[0]


def read(connection: Connection, ids: Sequence[int]) -> list[Log]:
    """Return cases in the order of `ids`, on an open connection; unknown ones are left out."""
    cases: dict[int, Case] = {}
    logs: dict[int, list[Entry]] = {}
    c, e = CaseRow, CaseEntryRow
    for start in range(0, len(ids), BATCH):
        some = list(ids[start : start + BATCH])
        heads = select(c.id, c.division, c.title, c.project_id, c.warning_id, c.opened_ns)
        for number, division, title, project, warning, opened_ns in connection.execute(
            heads.where(c.id.in_(some))
        ):
            cases[number] = Case(number, division, title, project, warning, instant(opened_ns))
        told = select(e.number, e.case_id, e.action, e.at_ns, e.author, e.role, e.department, e.record)
        for number, case, action, at_ns, author, role, department, record in connection.execute(
            told.where(e.case_id.in_(some)).order_by(e.number)
        ):
            entry = Entry(number, case, action, instant(at_ns), author, role, department, record)
            logs.setdefault(case, []).append(entry)
    return [Log(stand(cases[one], logs[one]), tuple(logs[one])) for one in ids if one in cases]


def open_case(
    connection: Connection,
    actor: Actor,
    division: str,
    title: str,
    now_ns: int,
    note: str = "",
    project: str | None = None,
    warning: int | None = None,
) -> Log:
    """Open a case; the department of who opens it has it. Raises Forbidden, or Refused without a title."""
    permit_opening(actor, division)
    if not 0 < len(title.strip()) <= MAX_TITLE:
        raise Refused(f"a case has a title of 1 to {MAX_TITLE} characters", "请填写案件名称")
    new = insert(CaseRow).values(
        division=division, title=title.strip(), project_id=project, warning_id=warning, opened_ns=now_ns
    )
    number = connection.scalars(new.returning(CaseRow.id)).one()
    _add(connection, division, Entry(0, number, "open", instant(now_ns), *_of(actor), {"note": note.strip()}))
    return read_one(connection, number)


def do(
    connection: Connection,
    number: int,
    actor: Actor,
    action: str,
    record: Mapping[str, Any],
    now_ns: int,
    on: date,
) -> Log:
    """Do something in a case and return it. Raises Unknown, Forbidden, or Refused where it cannot be done.

    `on` is the day in China.
    """
    lock(connection, f"case {number}")
    held = read_one(connection, number)
    permit(held.standing, actor, action)
    kept = checked(held.standing, action, record, on)
    entry = Entry(0, number, action, instant(now_ns), *_of(actor), kept)
    made = _add(connection, held.standing.case.division, entry)
    entries = (*held.entries, made)
    return Log(stand(held.standing.case, entries), entries)


def _of(actor: Actor) -> tuple[str, str, str]:
    return actor.name, actor.role, actor.department


def _add(connection: Connection, division: str, entry: Entry) -> Entry:
    new = insert(CaseEntryRow).values(
        case_id=entry.case,
        division=division,
        action=entry.action,
        at_ns=nanoseconds(entry.at),
        author=entry.author,
        role=entry.role,
        department=entry.department,
        record=dict(entry.record),
    )
    return replace(entry, number=connection.scalars(new.returning(CaseEntryRow.number)).one())
