"""Backup and restore of a whole database, the same file for SQLite and PostgreSQL.

A backup is one file, `minescope-backup`, format 1: zstandard-compressed text, one JSON value a line.

    {"minescope-backup": 1, "revision": "0003", "tables": ["runs", ...]}
    {"table": "runs", "columns": ["id", "name", "started_ns"]}
    [1, "replay 2026-...", 1772323200000000000]
    ...
    {"end": "runs", "rows": 1, "sha256": "..."}
    {"sha256": "..."}

Values are as the database keeps them; bytes are `{"b": "<hexadecimal>"}`. A table's sha256 is that of its row
lines, each with its newline; the last line's is that of all lines before it. It is read within one
transaction, so that it is the state of one moment, and restored within one: all of it or nothing.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.schema import MetaData

from facts.errors import ReadError, StoreError
from facts.where import Where
from store.database import Database, lock
from store.schema import revision

FORMAT = 1
BATCH = 5000
MAX_LINE = 256 << 20
"""Bytes of one row: a stored packet or report is far smaller."""
_VERSION_TABLE = "alembic_version"


def back_up(
    database: Database, path: Path, told: Callable[[str, int], None] = lambda name, rows: None
) -> int:
    """Write all tables to a file that must not exist; return the count of rows.

    Raises ReadError where the file cannot be written, StoreError where the database fails.
    """
    making = path.with_name(f".{path.name}.part")
    try:
        if path.exists():
            raise ReadError("exists already; a backup never takes another's place", Where(str(path)))
        with making.open("xb") as raw, zstandard.ZstdCompressor(level=6).stream_writer(raw) as packed:
            count = _write(database, packed.write, told)
        making.rename(path)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    finally:
        making.unlink(missing_ok=True)
    return count


def restore(
    database: Database, path: Path, told: Callable[[str, int], None] = lambda name, rows: None
) -> int:
    """Put a backup into a database that holds no rows; return the count of rows.

    The schema is that of this version: a backup of an older one must be restored by the version that wrote
    it, and then upgraded. Raises ReadError where the file is damaged, StoreError where the database holds
    rows or another schema.
    """
    with database.writing() as connection:
        lock(connection, "schema")
        tables = _tables(connection)
        for table in tables.values():
            if connection.scalar(select(func.count()).select_from(table)):
                raise StoreError(
                    f"the table {table.name} holds rows: a backup is restored into an empty database"
                )
        lines = _Lines(path)
        count = _read(connection, tables, lines, told)
        _count_on(connection, tables)
    return count


def verify(path: Path) -> int:
    """Read a backup and check all its hashes; return the count of rows. Raises ReadError."""
    return _read(None, None, _Lines(path), lambda name, rows: None)


def _write(database: Database, write: Callable[[bytes], Any], told: Callable[[str, int], None]) -> int:
    whole = hashlib.sha256()
    count = 0

    def line(value: object) -> bytes:
        raw = json.dumps(value, separators=(",", ":"), allow_nan=True).encode() + b"\n"
        whole.update(raw)
        write(raw)
        return raw

    with database.reading() as connection:
        tables = _tables(connection)
        line({"minescope-backup": FORMAT, "revision": revision(connection), "tables": list(tables)})
        for name, table in tables.items():
            rows, digest = 0, hashlib.sha256()
            line({"table": name, "columns": [column.name for column in table.columns]})
            for row in _rows(connection, table):
                digest.update(line([_plain(value) for value in row]))
                rows += 1
                if rows % 100_000 == 0:
                    told(name, rows)
            line({"end": name, "rows": rows, "sha256": digest.hexdigest()})
            count += rows
        line({"sha256": whole.hexdigest()})
    return count


def _rows(connection: Connection, table: Table) -> Iterator[Any]:
    order = list(table.primary_key.columns)
    yield from connection.execution_options(yield_per=BATCH).execute(select(table).order_by(*order))


def _read(
    connection: Connection | None,
    tables: dict[str, Table] | None,
    lines: "_Lines",
    told: Callable[[str, int], None],
) -> int:
    head = lines.next()
    if not isinstance(head, dict) or head.get("minescope-backup") != FORMAT:
        raise lines.wrong("not a backup of this format")
    if connection is not None and head["revision"] != revision(connection):
        raise StoreError(
            f"the backup has schema {head['revision']} and the database {revision(connection)}: restore it"
            " with the version that wrote it, then upgrade"
        )
    count = 0
    for name in head["tables"]:
        begin = lines.next()
        if not isinstance(begin, dict) or begin.get("table") != name:
            raise lines.wrong(f"the table {name} does not begin")
        rows, digest = 0, hashlib.sha256()
        batch: list[dict[str, Any]] = []
        while True:
            value = lines.next()
            if isinstance(value, dict):
                break
            digest.update(lines.raw)
            rows += 1
            if tables is not None and connection is not None:
                batch.append(dict(zip(begin["columns"], map(_value, value), strict=True)))
                if len(batch) == BATCH:
                    connection.execute(insert(tables[name]), batch)
                    batch = []
                    told(name, rows)
        if value != {"end": name, "rows": rows, "sha256": digest.hexdigest()}:
            raise lines.wrong(f"the rows of {name} are not what was written")
        if batch and tables is not None and connection is not None:
            connection.execute(insert(tables[name]), batch)
        count += rows
    last = lines.next()
    if last != {"sha256": lines.digest.hexdigest()}:
        raise lines.wrong("the file is not what was written")
    return count


def _tables(connection: Connection) -> dict[str, Table]:
    """Return the tables as they are, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return {table.name: table for table in found.sorted_tables if table.name != _VERSION_TABLE}


def _count_on(connection: Connection, tables: dict[str, Table]) -> None:
    """Let numbered rows count on from the highest number restored; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for name, table in tables.items():
        for column in table.primary_key.columns:
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": name, "column": column.name}
            )
            if sequence and (highest := connection.scalar(select(func.max(column)))) is not None:
                connection.execute(text("SELECT setval(:name, :value)"), {"name": sequence, "value": highest})


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview | bytearray):
        return {"b": bytes(value).hex()}
    return value


def _value(value: Any) -> Any:
    return bytes.fromhex(value["b"]) if isinstance(value, dict) else value


class _Lines:
    """The lines of a backup, hashed as they are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.digest = hashlib.sha256()
        self.raw = b""
        self._number = 0
        self._lines = self._read()

    def next(self) -> Any:
        """Return the value of the next line; `digest` then covers the lines before it."""
        self.digest.update(self.raw)
        raw = next(self._lines, None)
        if raw is None:
            raise self.wrong("the file ends too early")
        self._number += 1
        self.raw = raw
        try:
            return json.loads(raw)
        except ValueError as error:
            raise self.wrong("no JSON") from error

    def wrong(self, why: str) -> ReadError:
        """Return the error for the present line."""
        return ReadError(f"line {self._number}: {why}", Where(str(self._path)))

    def _read(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as packed:
                stream = io.BufferedReader(packed)
                while line := stream.readline(MAX_LINE):
                    yield line
        except (OSError, zstandard.ZstdError) as error:
            raise self.wrong(f"cannot be read: {error}") from error
