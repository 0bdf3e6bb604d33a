"""Ledgers kept: imported, read as known at a time, with what was believed before."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update

from store.clusters import batches
from store.database import Database
from store.ledgers_tables import LedgerImportRow, LedgerRow
from store.registry_import import Changes

BATCH = 500
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to be kept."""

    number: int
    """Row of its file."""
    key: str
    subject: str
    uscc: str
    division: str
    record: Mapping[str, str | None]
    source: str
    by_source: bool
    """Two sources may say the same, each for itself; else a key is one whoever says it."""

    @property
    def digest(self) -> bytes:
        """What makes it one of a kind in its ledger."""
        return _digest(self.source if self.by_source else "", self.key)


@dataclass(frozen=True, slots=True)
class Kept:
    """One row as it is or was believed."""

    id: int
    ledger: str
    key: str
    subject: str
    uscc: str
    division: str
    record: Mapping[str, str | None]
    source: str
    known_from_ns: int
    known_to_ns: int | None


@dataclass(frozen=True, slots=True)
class LedgerCount:
    """How much of a ledger is held, and its latest import."""

    ledger: str
    rows: int
    known_ns: int | None
    """When it was last imported into; None where it never was, or where that is not told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows; all that are given must hold."""

    uscc: str | None = None
    subject: str | None = None
    key: str | None = None
    regions: Collection[str] | None = None
    """Beginnings of division codes; None: everywhere."""
    known_ns: int | None = None
    """As they were known then; None: as they are believed now."""


class LedgerStore:
    """Reads ledgers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(self, ledger: str, asked: Asked = Asked()) -> list[Kept]:
        """Return all rows of a ledger in the order in which they came."""
        with self._db.reading() as connection:
            return list(read(connection, ledger, asked))

    def page(self, ledger: str, asked: Asked, after: int, limit: int) -> tuple[list[Kept], int | None]:
        """Return rows behind an id, `limit` at most, and the id to go on behind; None at the end."""
        with self._db.reading() as connection:
            query = _query(ledger, asked).where(LedgerRow.id > after).limit(limit + 1)
            found = [_kept(row) for row in connection.execute(query)]
        return found[:limit], (found[limit - 1].id if len(found) > limit else None)

    def history(self, key: str) -> list[Kept]:
        """Return all that was ever believed under a key, a subject or a credit code; the latest first."""
        row = LedgerRow
        query = _columns().where(or_(row.key == key, row.subject == key, row.uscc == key))
        with self._db.reading() as connection:
            found = [_kept(one) for one in connection.execute(query)]
        return sorted(found, key=lambda one: (-one.known_from_ns, -one.id))

    def counts(self, regions: Collection[str] | None = None) -> list[LedgerCount]:
        """Return how much is held, by ledger; imports are told where everything is seen."""
        query = select(LedgerRow.ledger, func.count()).where(LedgerRow.known_to_ns.is_(None))
        if regions is not None:
            query = query.where(within(LedgerRow.division, regions))
        times = select(LedgerImportRow.ledger, func.max(LedgerImportRow.known_ns))
        with self._db.reading() as connection:
            held = {row[0]: row[1] for row in connection.execute(query.group_by(LedgerRow.ledger))}
            known: dict[str, int] = {}
            if regions is None:
                asked = connection.execute(times.group_by(LedgerImportRow.ledger))
                known = {row[0]: row[1] for row in asked}
        return [LedgerCount(name, held.get(name, 0), known.get(name)) for name in sorted({*held, *known})]

    def imports(self, limit: int) -> list[dict[str, Any]]:
        """Return the latest imports, the last first."""
        table = LedgerImportRow.__table__
        with self._db.reading() as connection:
            rows = connection.execute(select(table).order_by(LedgerImportRow.id.desc()).limit(limit))
            return [dict(row) for row in rows.mappings()]


def within(column: Any, regions: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a division lies in a region, given by beginnings of codes."""
    return or_(*(column.startswith(one, autoescape=True) for one in sorted(regions)))


def read(connection: Connection, ledger: str, asked: Asked = Asked()) -> Iterator[Kept]:
    """Yield rows of a ledger on an open connection."""
    for row in connection.execute(_query(ledger, asked)):
        yield _kept(row)


def new_import(connection: Connection, ledger: str, name: str, digest: str, known_ns: int) -> int:
    """Note an import; its counts are set by `finish_import`."""
    counts = dict.fromkeys(("rows", "refused", "added", "changed", "ended"), 0)
    made = insert(LedgerImportRow).values(
        ledger=ledger, name=name, digest=digest, known_ns=known_ns, **counts
    )
    return connection.scalars(made.returning(LedgerImportRow.id)).one()


def finish_import(connection: Connection, import_id: int, rows: int, refused: int, changes: Changes) -> None:
    """Set what an import did."""
    counts = {"added": changes.added, "changed": changes.changed, "ended": changes.ended}
    connection.execute(
        update(LedgerImportRow)
        .where(LedgerImportRow.id == import_id)
        .values(rows=rows, refused=refused, **counts)
    )


def merge(
    connection: Connection,
    ledger: str,
    entries: Sequence[Entry],
    known_ns: int,
    import_id: int,
    *,
    whole: bool,
) -> Changes:
    """Bring rows into a ledger: what is the same stays, what differs is believed from now on, new is added.

    `whole`: end what the sources of these rows said before and now do not. A clock that was set back does not
    let a row end before it began.
    """
    row = LedgerRow
    said: dict[bytes, Any] = {}
    if whole:
        for part in batches(sorted({entry.source for entry in entries}), BATCH):
            said |= _held(connection, ledger, row.source.in_(part))
    held = dict(said)
    for keys in batches([entry.digest for entry in entries], BATCH):
        held |= _held(connection, ledger, row.key_digest.in_(keys))
    fresh, changed, same = [], [], 0
    for entry in entries:
        before = held.pop(entry.digest, None)
        if before is None:
            fresh.append(entry)
        elif _said(before) == (dict(entry.record), entry.subject, entry.uscc, entry.division):
            same += 1
        else:
            changed.append((before, entry))
    ended = [found for digest, found in said.items() if digest in held]
    _end(connection, [*(before for before, _ in changed), *ended], known_ns, import_id)
    _add(connection, ledger, [*fresh, *(entry for _, entry in changed)], known_ns, import_id)
    return Changes(len(fresh), len(changed), len(ended), same)


def divisions_held(connection: Connection, ledger: str, digests: Sequence[bytes]) -> dict[bytes, str]:
    """Return the divisions of the rows that are held under keys."""
    held: dict[bytes, str] = {}
    for keys in batches(list(digests), BATCH):
        held |= {
            digest: found.division
            for digest, found in _held(connection, ledger, LedgerRow.key_digest.in_(keys)).items()
        }
    return held


def _held(connection: Connection, ledger: str, which: ColumnElement[bool]) -> dict[bytes, Any]:
    row = LedgerRow
    query = select(
        row.key_digest, row.id, row.record, row.subject, row.uscc, row.division, row.known_from_ns
    ).where(row.ledger == ledger, row.known_to_ns.is_(None), which)
    return {bytes(found.key_digest): found for found in connection.execute(query)}


def _said(row: Any) -> tuple[Any, ...]:
    return dict(row.record), row.subject, row.uscc, row.division


def _end(connection: Connection, rows: Iterable[Any], known_ns: int, import_id: int) -> None:
    times: dict[int, list[int]] = {}
    for row in rows:
        times.setdefault(max(known_ns, row.known_from_ns), []).append(row.id)
    for at_ns, ids in times.items():
        for part in batches(ids, BATCH):
            ending = update(LedgerRow).where(LedgerRow.id.in_(part))
            connection.execute(ending.values(known_to_ns=at_ns, ended_by=import_id))


def _add(
    connection: Connection, ledger: str, entries: Sequence[Entry], known_ns: int, import_id: int
) -> None:
    for part in batches(entries, BATCH):
        connection.execute(
            insert(LedgerRow),
            [
                {
                    "ledger": ledger,
                    "key_digest": entry.digest,
                    "key": entry.key,
                    "subject": entry.subject,
                    "uscc": entry.uscc,
                    "division": entry.division,
                    "record": dict(entry.record),
                    "source": entry.source,
                    "known_from_ns": known_ns,
                    "known_to_ns": None,
                    "import_id": import_id,
                    "ended_by": None,
                }
                for entry in part
            ],
        )


def _columns() -> Select[Any]:
    row = LedgerRow
    return select(
        row.id, row.ledger, row.key, row.subject, row.uscc, row.division, row.record, row.source,
        row.known_from_ns, row.known_to_ns,
    )  # fmt: skip


def _query(ledger: str, asked: Asked) -> Select[Any]:
    row = LedgerRow
    query = _columns().where(row.ledger == ledger).order_by(row.id)
    if asked.known_ns is None:
        query = query.where(row.known_to_ns.is_(None))
    else:
        still = or_(row.known_to_ns.is_(None), row.known_to_ns > asked.known_ns)
        query = query.where(row.known_from_ns <= asked.known_ns, still)
    if asked.uscc is not None:
        query = query.where(row.uscc == asked.uscc)
    if asked.subject is not None:
        query = query.where(row.subject == asked.subject)
    if asked.key is not None:
        query = query.where(row.key == asked.key)
    if asked.regions is not None:
        query = query.where(within(row.division, asked.regions))
    return query


def _kept(row: Any) -> Kept:
    return Kept(
        row.id, row.ledger, row.key, row.subject, row.uscc, row.division, row.record, row.source,
        row.known_from_ns, row.known_to_ns,
    )  # fmt: skip


def _digest(*parts: str) -> bytes:
    joined = "\x00".join(part.replace("\x00", " ") for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()
