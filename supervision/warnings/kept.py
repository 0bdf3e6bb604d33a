"""Warnings in the store: raised from signals, acted on, escalated; read back as values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, insert, select

from facts.instant import instant, nanoseconds
from store.database import Database, lock
from store.warnings_tables import WarningEventRow, WarningRow
from supervision.projects.kept import BATCH, in_division
from supervision.refusals import Unknown
from supervision.warnings.life import Entry, Head, Standing, again, escalations, first, stand
from supervision.warnings.rules import Rulebook
from supervision.warnings.signals import Signal

Then = Callable[[Connection, Sequence[Entry]], object]
"""What is done with events that were added, in the same transaction."""


@dataclass(frozen=True, slots=True)
class RiskWarning:
    """One warning with its log."""

    standing: Standing
    entries: tuple[Entry, ...]
    """In the order in which they were entered."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan did."""

    signals: int
    raised: int
    repeated: int
    reopened: int
    entries: tuple[Entry, ...]
    """Those that were added, with their numbers."""


class WarningStore:
    """Reads warnings, and keeps what scans find."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(self, division: str, before: int | None = None, limit: int = 100) -> list[RiskWarning]:
        """Return warnings of a division's subtree, the latest first, those before one, `limit` at most."""
        query = select(WarningRow.id).where(in_division(WarningRow.division, division))
        if before is not None:
            query = query.where(WarningRow.id < before)
        with self._db.reading() as connection:
            ids = connection.scalars(query.order_by(WarningRow.id.desc()).limit(limit)).all()
            return read(connection, ids)

    def one(self, number: int) -> RiskWarning:
        """Return one warning. Raises Unknown."""
        with self._db.reading() as connection:
            return read_one(connection, number)

    def scan(
        self, book: Rulebook, signals: Iterable[Signal], now: datetime, then: Then | None = None
    ) -> Scanned:
        """Raise, count or reopen warnings for signals, and do `then`, all in one transaction."""
        counts = {"raised": 0, "repeated": 0, "reopened": 0}
        added: list[Entry] = []
        seen = 0
        with self._db.writing() as connection:
            lock(connection, "warnings")
            for signal in signals:
                seen += 1
                for rule in book.rules:
                    if not rule.holds(signal):
                        continue
                    held = _last(connection, rule.id, rule.key_of(signal))
                    made = again(book, rule, signal, held, now)
                    if made is None:
                        continue
                    if made == "new":
                        number = _raise(connection, rule.id, rule.key_of(signal), signal, now)
                        made = replace(first(book, rule, signal, now), warning=number)
                    division = (
                        held.head.division if held and held.head.id == made.warning else signal.division
                    )
                    added.append(add(connection, division, made))
                    counts[made.kind] += 1
            if then is not None:
                then(connection, added)
        return Scanned(seen, counts["raised"], counts["repeated"], counts["reopened"], tuple(added))

    def escalate(self, now: datetime, then: Then | None = None) -> tuple[Entry, ...]:
        """Lift every warning whose time at its level is up, and do `then`; return the events added."""
        added: list[Entry] = []
        with self._db.writing() as connection:
            lock(connection, "warnings")
            after = 0
            while True:
                query = select(WarningRow.id).where(WarningRow.id > after).order_by(WarningRow.id)
                ids = connection.scalars(query.limit(BATCH)).all()
                if not ids:
                    break
                after = ids[-1]
                for one in read(connection, ids):
                    held = one.standing
                    added += (add(connection, held.head.division, made) for made in escalations(held, now))
            if then is not None:
                then(connection, added)
        return tuple(added)


def read_one(connection: Connection, number: int) -> RiskWarning:
    """Return one warning on an open connection. Raises Unknown."""
    found = read(connection, [number])
    if not found:
        raise Unknown(str(number))
    return found[0]


def read(connection: Connection, ids: Sequence[int]) -> list[RiskWarning]:
    """Return warnings in the order of `ids`, on an open connection; unknown ones are left out."""
    heads: dict[int, Head] = {}
    logs: dict[int, list[Entry]] = {}
    w, e = WarningRow, WarningEventRow
    for start in range(0, len(ids), BATCH):
        some = list(ids[start : start + BATCH])
        columns = (w.id, w.rule, w.key, w.division, w.project_id, w.raised_ns)
        for row in connection.execute(select(*columns).where(w.id.in_(some))):
            heads[row.id] = Head(*row[:5], instant(row.raised_ns))
        events = select(e.number, e.warning_id, e.kind, e.at_ns, e.author, e.department, e.record)
        for told in connection.execute(events.where(e.warning_id.in_(some)).order_by(e.number)):
            number, warning, kind, at_ns, author, department, record = told
            entry = Entry(number, warning, kind, instant(at_ns), author, department, record)
            logs.setdefault(warning, []).append(entry)
    return [
        RiskWarning(stand(heads[one], logs[one]), tuple(logs[one]))
        for one in ids
        if one in heads and one in logs
    ]


def add(connection: Connection, division: str, entry: Entry) -> Entry:
    """Add an event and return it with its number."""
    new = insert(WarningEventRow).values(
        warning_id=entry.warning,
        division=division,
        kind=entry.kind,
        at_ns=nanoseconds(entry.at),
        author=entry.author,
        department=entry.department,
        record=dict(entry.record),
    )
    return replace(entry, number=connection.scalars(new.returning(WarningEventRow.number)).one())


def hold(connection: Connection, number: int) -> RiskWarning:
    """Return one warning that nobody else changes until the transaction ends. Raises Unknown."""
    lock(connection, "warnings")
    return read_one(connection, number)


def _last(connection: Connection, rule: str, key: str) -> Standing | None:
    row = WarningRow
    query = select(row.id).where(row.rule == rule, row.key == key).order_by(row.id.desc()).limit(1)
    found = connection.scalar(query)
    return None if found is None else read_one(connection, found).standing


def _raise(connection: Connection, rule: str, key: str, signal: Signal, now: datetime) -> int:
    new = insert(WarningRow).values(
        rule=rule,
        key=key,
        division=signal.division,
        project_id=signal.project,
        raised_ns=nanoseconds(now),
    )
    return connection.scalars(new.returning(WarningRow.id)).one()
