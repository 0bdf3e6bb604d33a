"""The audit, kept: append-only, hash-chained, archived with hashes before anything is deleted."""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, cast, delete, func, insert, select

from facts.errors import StoreError, UsageError
from facts.instant import NS
from store.access_tables import AuditArchiveRow, AuditRow
from store.audit_chain import FIELDS, START, TEXTS, Break, Entry, Head, Walk, digest_of
from store.columns import stored_text
from store.database import Database, lock
from store.held import Held
from store.prepared import Prepared, Runs
from store.sweeper import Sweeper

KEPT_DAYS = 184
"""No entry younger than this is ever deleted: six months are the law (Cybersecurity Law, article 21)."""
TOPIC = "audit"
"""What writers of it lock."""
CHECKPOINT_PAGES = 20_000
"""Pages of SQLite's write-ahead log after which a pen moves them into the database itself.

Answers would wait for that: it comes to it only where the sweeper (sweeper.py) does not keep up.
"""
MOST_AT_ONCE = 16
"""Entries that a pen appends with one statement on SQLite; more make a transaction of several."""
BATCH = 1000  # entries read at once
_DAY_NS = 86_400 * NS
_APPEND = Prepared(insert(AuditRow))
_LAST = Prepared(select(AuditRow.seq, AuditRow.digest).order_by(AuditRow.seq.desc()).limit(1))
_LAST_ARCHIVED = Prepared(
    select(AuditArchiveRow.last_seq, AuditArchiveRow.last_digest)
    .order_by(AuditArchiveRow.last_seq.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found."""

    entries: int
    """Entries that hold."""
    head: Head
    broken: Break | None


@dataclass(frozen=True, slots=True)
class Archived:
    """What one archiving did."""

    entries: int
    first_seq: int
    last_seq: int
    sha256: str
    """Of the archive file."""
    left: Report
    """The audit as verified afterwards."""


class Pen:
    """Appends entries from one thread, on a connection that it holds."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._sqlite = held.dialect.name == "sqlite"
        self._last: Head | None = None

    def append(self, entries: Sequence[Entry]) -> Head:
        """Append entries in order, all or none, as `AuditStore.append` does."""
        before, self._last = self._last, None
        head = None
        if self._sqlite and before is not None and 0 < len(entries) <= MOST_AT_ONCE:
            with suppress(OverflowError):  # no number of 64 bits: the patient way tells of it
                head = self._appended(before, entries)
        if head is None:
            with self._held.writing(TOPIC) as held:
                head = _append(held, entries)
        self._last = head
        return head

    def _appended(self, before: Head, entries: Sequence[Entry]) -> Head | None:
        """Append behind a head, in one call of the driver; None where another one stands there by now."""
        values: list[Any] = []
        head = before
        for entry in entries:
            texts = [stored_text(getattr(entry, name)) for name in TEXTS]
            raw = [
                head.seq + 1,
                entry.at_ns,
                *map(str.encode, texts),
                entry.status,
                entry.detail,
                head.digest,
            ]
            seq, at_ns = raw[:2]
            head = Head(head.seq + 1, digest_of([*raw, b""]))
            values += (seq, at_ns, *texts, *raw[-3:], head.digest)
        done = self._held.change(_appending(len(entries)), [*values, before.digest])
        return head if done == len(entries) else None

    def checkpoint(self) -> None:
        """Move the rest of SQLite's log into the database, so that it begins anew. Raises StoreError."""
        self._held.checkpoint()

    def close(self) -> None:
        """End."""
        self._held.close()


class AuditStore:
    """Appends, reads, verifies and archives entries."""

    def __init__(self, db: Database, *, durable: bool = True) -> None:
        self._db = db
        self._durable = durable

    def append(self, entries: Sequence[Entry]) -> Head:
        """Append entries in order, all or none; several processes may do so at once.

        When it returns they are on the disk, unless the store is not `durable`: then a power failure may take
        the last seconds back, and the end of the program nothing.
        """
        with self._db.writing(durable=self._durable) as connection:
            lock(connection, TOPIC)
            return _append(connection, entries)

    def pen(self) -> "Pen":
        """Return what appends as this store does, again and again from one thread."""
        synchronous = "synchronous = FULL" if self._durable else "synchronous = NORMAL"
        return Pen(Held(self._db, synchronous, f"wal_autocheckpoint = {CHECKPOINT_PAGES}"))

    def sweeper(self) -> "Sweeper | None":
        """Return what moves the write-ahead log aside from the pen; None where the database has none."""
        return Sweeper(self._db) if self._db.engine.dialect.name == "sqlite" else None

    def head(self) -> Head:
        """Return the end of the chain."""
        with self._db.reading() as connection:
            return _head(connection)

    def verify(self, expected: Head | None = None) -> Report:
        """Follow the whole chain that is held; `expected` is a head that was exported before.

        A head that was archived since is compared with the archive's end, or holds nothing against the rest.
        """
        with self._db.reading() as connection:
            start = _start(connection)
            walk = Walk(start)
            if expected is not None and expected.seq <= start.seq:
                broken = expected.seq == start.seq and expected.digest != start.digest
                walk.found = (
                    Break(start.seq, "the archive's end is not the exported head") if broken else None
                )
                expected = None
            if walk.found is None:
                walk.along(_raws(connection), expected)
            return Report(walk.entries, walk.head, walk.found)

    def newest(
        self, limit: int, before_seq: int | None = None, actor: str | None = None, region: str = ""
    ) -> list[dict[str, Any]]:
        """Return entries as JSON objects, the newest first; `region`: of askers whose code begins so."""
        row = AuditRow
        query = select(*(getattr(row, name) for name in FIELDS)).order_by(row.seq.desc()).limit(limit)
        if before_seq is not None:
            query = query.where(row.seq < before_seq)
        if actor is not None:
            query = query.where(row.actor == actor)
        if region:
            query = query.where(row.division.startswith(region, autoescape=True))
        with self._db.reading() as connection:
            return [_json(entry) for entry in connection.execute(query)]

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every entry held as a JSON object, the oldest first; digests and details in Base64."""
        with self._db.reading() as connection:
            for raw in _raws(connection):
                yield raw_json(raw)

    def archive(self, before_ns: int, now_ns: int, path: Path) -> Archived | None:
        """Write the entries before a time to a new file, check that file, and only then delete them.

        None where there are none. Raises UsageError for a time less than KEPT_DAYS ago and for a file that
        exists, StoreError where the chain does not hold: then nothing is deleted.
        """
        if before_ns > now_ns - KEPT_DAYS * _DAY_NS:
            raise UsageError(f"the audit is kept {KEPT_DAYS} days at least")
        report = self.verify()
        if report.broken is not None:
            raise StoreError(f"entry {report.broken.seq}: {report.broken.why}; nothing was deleted")
        with self._db.reading() as connection:
            start = _start(connection)
            kept = connection.scalar(select(func.min(AuditRow.seq)).where(AuditRow.at_ns >= before_ns))
            last = (report.head.seq + 1 if kept is None else kept) - 1
            if last <= start.seq:
                return None
            try:
                with path.open("xb") as file:
                    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                        for raw in _raws(connection, last):
                            packed.write(json.dumps(raw_json(raw)).encode() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
            except FileExistsError as error:
                raise UsageError(f"{path} exists already") from error
            except OSError as error:
                raise StoreError(f"{path}: {error.strerror}") from error
        walk = read_archive(path, start)
        if walk.found is not None or walk.head.seq != last:
            raise StoreError(f"{path} does not hold what was written; nothing was deleted")
        digest = hashlib.sha256(path.read_bytes())
        with self._db.writing() as connection:
            lock(connection, TOPIC)
            connection.execute(
                insert(AuditArchiveRow).values(
                    first_seq=start.seq + 1,
                    last_seq=last,
                    last_digest=walk.head.digest,
                    file=str(path),
                    sha256=digest.digest(),
                    at_ns=now_ns,
                )
            )
            connection.execute(delete(AuditRow).where(AuditRow.seq <= last))
        return Archived(walk.entries, start.seq + 1, last, digest.hexdigest(), self.verify())


def raw_json(raw: Sequence[Any]) -> dict[str, Any]:
    """Return a raw entry as a JSON object from which the same raw entry can be read."""
    told = dict(zip(FIELDS, raw, strict=True))
    for name in TEXTS:
        told[name] = bytes(told[name]).decode("utf-8", "surrogateescape")
    for name in ("detail", "previous", "digest"):
        told[name] = None if told[name] is None else base64.b64encode(told[name]).decode()
    return told


def read_archive(path: Path, start: Head | None = None) -> Walk:
    """Follow the chain of an archive or export. Raises StoreError where the file is none.

    `start` is the end of what came before; None takes the file's own word for it.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as lines:
            told = map(json.loads, lines)
            if start is None:
                first = next(told, None)
                if first is None:
                    return Walk(Head(0, START))
                raw = _raw_of(first)
                walk = Walk(Head(raw[0] - 1, raw[-2]))
                walk.along([raw])
            else:
                walk = Walk(start)
            if walk.found is None:
                walk.along(map(_raw_of, told))
            return walk
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: not an archive of the audit: {error}") from error


def _raw_of(told: dict[str, Any]) -> list[Any]:
    raw = [told[name] for name in FIELDS]
    for place, name in enumerate(FIELDS):
        if name in TEXTS:
            raw[place] = raw[place].encode("utf-8", "surrogateescape")
        elif name in ("detail", "previous", "digest") and raw[place] is not None:
            raw[place] = base64.b64decode(raw[place], validate=True)
    return raw


def _raw(head: Head, entry: Entry) -> list[Any]:
    """Return the raw entry that follows a head, without its own digest, as the database keeps it."""
    texts = [stored_text(getattr(entry, name)).encode() for name in TEXTS]
    return [head.seq + 1, entry.at_ns, *texts, entry.status, entry.detail, head.digest]


def _json(fields: Sequence[Any]) -> dict[str, Any]:
    told = dict(zip(FIELDS, fields, strict=True))
    told["detail"] = None if told["detail"] is None else len(told["detail"])
    for name in ("previous", "digest"):
        told[name] = told[name].hex()
    return told


def _append(connection: Runs, entries: Sequence[Entry]) -> Head:
    """Append entries on an open transaction that holds the topic; return the end of the chain."""
    head = _head(connection)
    rows = []
    for entry in entries:
        raw = _raw(head, entry)
        head = Head(raw[0], digest_of([*raw, b""]))
        texts = {name: getattr(entry, name) for name in TEXTS}
        rows.append(dict(zip(FIELDS, [*raw, head.digest], strict=True)) | texts)
    if rows:
        _APPEND.run(connection, rows)
    return head


@cache
def _appending(count: int) -> str:
    """Return the statement that appends so many entries behind the head whose digest it is given last."""
    row = f"({', '.join('?' * len(FIELDS))})"
    table = AuditRow.__tablename__
    return (
        f"INSERT INTO {table} ({', '.join(FIELDS)}) SELECT * FROM (VALUES {', '.join([row] * count)}) "
        f"WHERE (SELECT digest FROM {table} ORDER BY seq DESC LIMIT 1) = ?"
    )


def _start(connection: Runs) -> Head:
    """Return where the chain that is held begins: behind the last archive."""
    last = _LAST_ARCHIVED.rows(connection, {})
    return Head(*last[0]) if last else Head(0, START)


def _head(connection: Runs) -> Head:
    last = _LAST.rows(connection, {})
    return Head(*last[0]) if last else _start(connection)


def _raws(connection: Connection, last: int | None = None) -> Iterator[Sequence[Any]]:
    """Yield raw entries as they lie, texts as bytes: a damaged text must not be mended by decoding it."""
    row = AuditRow
    utf8 = connection.dialect.name == "postgresql"
    columns: list[Any] = []
    for name in FIELDS:
        column = getattr(row, name)
        if name in TEXTS:
            column = func.convert_to(column, "UTF8") if utf8 else cast(column, LargeBinary)
        columns.append(column)
    query = select(*columns).order_by(row.seq)
    if last is not None:
        query = query.where(row.seq <= last)
    with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
        for found in result:
            yield tuple(found)
