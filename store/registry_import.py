"""Importing one table of the registry: rows go to a staging table, and from there in a few statements.

All kinds go the same way. The staging table has the columns of the store's table and each row's number in
its file; the statements that follow find repeats, contradictions, changes and what is new, in ten rows or in
ten million. A row that is changed or ended moves to `registry_history` with the time at which the new one
became known.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    and_,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex

from facts.endpoint import packed16
from facts.errors import RowError
from registry.table_specs import Kind, Record, TableSpec
from store.columns import AnyText
from store.registry_tables import HistoryRow, ImportRow, LineRow
from store.tables import Base

if TYPE_CHECKING:
    import polars as pl

BATCH = 5000
"""Rows sent to SQLite at once."""
_LOGS = (Kind.LEASES, Kind.NAT)
_ROW = "row_no"


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import did to one table."""

    added: int = 0
    changed: int = 0
    ended: int = 0
    unchanged: int = 0


class Staging:
    """The rows of one import, not yet in the registry. Lives within one transaction."""

    def __init__(self, connection: Connection, spec: TableSpec) -> None:
        self._connection = connection
        self._spec = spec
        self._table = Base.metadata.tables[spec.table]
        postgres = connection.dialect.name == "postgresql"
        self._staging = Table(
            f"staging_{spec.kind.name.lower()}",
            Base.metadata.__class__(),
            Column(_ROW, BigInteger, nullable=False),
            *(Column(name, self._table.c[name].type) for name in spec.fields),
            prefixes=["TEMPORARY"],
        )
        self._refused = Table(
            f"refused_{spec.kind.name.lower()}",
            self._staging.metadata,
            Column(_ROW, BigInteger, nullable=False),
            prefixes=["TEMPORARY"],
        )
        if postgres:
            connection.execute(text("SET LOCAL work_mem = '256MB'"))
            connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        for table in (self._refused, self._staging):
            table.drop(connection, checkfirst=True)
            table.create(connection)
        self._texts = [
            place
            for place, name in enumerate(spec.fields, start=1)
            if isinstance(self._table.c[name].type, AnyText)
        ]

    def fill(self, rows: "Iterable[tuple[int, Record] | pl.DataFrame]") -> None:
        """Take rows with their numbers, one by one or many as columns (registry/quick_assignments.py)."""
        names = (_ROW, *self._spec.fields)
        coming = iter(rows)
        ahead = list(islice(coming, 1))  # making the first row may ask the database; COPY lets nobody ask
        columns = ", ".join(f'"{name}"' for name in names)
        if self._connection.dialect.name == "postgresql":
            driver = self._connection.connection.driver_connection
            assert driver is not None
            with (
                driver.cursor() as cursor,
                cursor.copy(f"COPY {self._staging.name} ({columns}) FROM STDIN") as copy,
            ):
                for item in chain(ahead, coming):
                    if isinstance(item, tuple):
                        copy.write_row(self._escaped((item[0], *item[1])))
                    else:
                        copy.write(_copy_text(item))
            self._connection.execute(text(f"ANALYZE {self._staging.name}"))
            return
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {self._staging.name} ({columns}) VALUES ({marks})"
        flat = self._one_by_one(chain(ahead, coming))
        while batch := list(islice(flat, BATCH)):
            self._connection.exec_driver_sql(statement, batch)
        if self._connection.scalar(select(exists().select_from(self._table))):
            # SQLite asks row by row whether a key that is held comes again: it needs a way to it.
            key = [self._staging.c[name] for name in self._spec.key]
            Index(f"ix_{self._staging.name}", *key).create(self._connection)

    def refuse(self, source: str) -> list[RowError]:
        """Take out the rows that repeat or contradict others, and return why."""
        if not self._spec.group:
            refused = self._repeats(source)
            self._take_out(refused)
            return refused
        refused = []
        if self._overlaps(source):  # repeats overlap, too: only then are they looked for
            refused = self._repeats(source)
            self._take_out(refused)
            contradicting = self._overlaps(source)
            self._take_out(contradicting)
            refused += contradicting
        for found in (self._overlaps_held(source), self._lines_unknown(source)):
            self._take_out(found)
            refused += found
        return refused

    def merge(self, known_ns: int, import_id: int, *, whole: bool) -> Changes:
        """Bring the rows into the registry; `whole`: end what their sources said before and now do not."""
        held, staged = self._table, self._staging
        differs = or_(*(held.c[name].is_distinct_from(staged.c[name]) for name in self._values()))
        if self._spec.kind in _LOGS:
            # A log that does not see the end of a lease says nothing of an end that is known.
            differs = and_(differs, or_(staged.c.valid_to_ns.is_not(None), held.c.valid_to_ns.is_(None)))
        changed = self._move(
            select(held).where(exists().where(self._same_key(staged), differs)), known_ns, import_id
        )
        ended = 0
        if whole:
            gone = and_(
                held.c.source.in_(select(staged.c.source)),
                ~exists().where(self._same_key(staged)),
                self._same_use(),
            )
            ended = self._move(select(held).where(gone), known_ns, import_id)
        inserted = self._insert(known_ns, import_id)
        total = self._connection.scalar(select(func.count()).select_from(staged)) or 0
        return Changes(inserted - changed, changed, ended, total - inserted)

    def keys(self, name: str) -> set[str]:
        """Return the values of one field."""
        return set(self._connection.scalars(select(self._staging.c[name]).distinct()))

    def drop(self) -> None:
        """Forget the rows."""
        for table in (self._refused, self._staging):
            table.drop(self._connection)

    def _insert(self, known_ns: int, import_id: int) -> int:
        """Bring in the rows whose key the registry does not hold, in their order; return how many."""
        held, staged, connection = self._table, self._staging, self._connection
        names = (*self._spec.fields, "known_from_ns", "import_id")
        rows = select(*(staged.c[name] for name in self._spec.fields), literal(known_ns), literal(import_id))
        if connection.scalar(select(exists().select_from(held))):
            rows = rows.where(~exists().where(self._same_key(staged))).order_by(staged.c[_ROW])
            return self._inserted(names, rows)
        if connection.dialect.name != "postgresql":
            return self._inserted(names, rows.order_by(staged.c[_ROW]))
        # An empty table is filled first, as the rows lie, and then indexed: half the work of millions.
        connection.execute(text("SET LOCAL synchronize_seqscans = off"))
        keys = [one for one in held.constraints if isinstance(one, UniqueConstraint | PrimaryKeyConstraint)]
        for index in held.indexes:
            connection.execute(DropIndex(index))
        for one in keys:
            connection.execute(DropConstraint(one))
        inserted = self._inserted(names, rows)
        for one in keys:
            connection.execute(AddConstraint(one))
        for index in held.indexes:
            connection.execute(CreateIndex(index))
        return inserted

    def _inserted(self, names: tuple[str, ...], rows: Any) -> int:
        return self._connection.execute(
            insert(self._table).from_select(names, rows), execution_options={"preserve_rowcount": True}
        ).rowcount

    def _one_by_one(self, rows: "Iterable[tuple[int, Record] | pl.DataFrame]") -> Iterator[tuple[Any, ...]]:
        for item in rows:
            if isinstance(item, tuple):
                yield self._escaped((item[0], *item[1]))
            else:
                yield from _packed_rows(item)

    def _escaped(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a row as the database keeps it; only texts with a backslash differ (AnyText)."""
        places = self._texts
        if not any((cell := row[place]) is not None and "\\" in cell for place in places):
            return row
        return tuple(
            cell.replace("\\", "\\005c") if place in places and cell is not None else cell
            for place, cell in enumerate(row)
        )

    def _values(self) -> list[str]:
        return [name for name in self._spec.fields if name not in self._spec.key]

    def _same_key(self, staged: Table) -> ColumnElement[bool]:
        return and_(*(self._table.c[name] == staged.c[name] for name in self._spec.key))

    def _same_use(self) -> ColumnElement[bool]:
        """Leases and assignments share a table: neither ends the other's rows."""
        match self._spec.kind:
            case Kind.LEASES:
                return self._table.c.use == "lease"
            case Kind.ASSIGNMENTS:
                return self._table.c.use != "lease"
            case _:
                return true()

    def _repeats(self, source: str) -> list[RowError]:
        """Return the rows whose key stands before in the file; the first counts, if they say the same.

        Rows of a table without periods that share a key always repeat; others contradict each other unless
        all their fields are equal, and `_overlaps` finds those.
        """
        staged = self._staging
        same = self._spec.fields if self._spec.group else self._spec.key
        first = func.min(staged.c[_ROW]).over(partition_by=[staged.c[name] for name in same])
        ranked = select(staged.c[_ROW], first.label("first"), *(staged.c[name] for name in self._spec.key))
        inner = ranked.subquery()
        found = self._connection.execute(
            select(inner.c[_ROW], inner.c.first).where(inner.c[_ROW] != inner.c.first).order_by(inner.c[_ROW])
        )
        column = self._spec.required[0]
        return [RowError(f"repeats row {before}", source, number, column) for number, before in found]

    def _overlaps(self, source: str) -> list[RowError]:
        """Return the rows whose period overlaps another's of the same group in the file: neither is taken."""
        staged = self._staging
        begin, end = staged.c.valid_from_ns, func.coalesce(staged.c.valid_to_ns, _LATEST)
        window: dict[str, Any] = {
            "partition_by": [staged.c[name] for name in self._spec.group],
            "order_by": begin,
        }
        inner = select(
            staged.c[_ROW],
            begin.label("begin"),
            end.label("end"),
            func.max(end).over(**window, rows=(None, -1)).label("before_end"),
            func.lag(staged.c[_ROW]).over(**window).label("before"),
            func.lead(begin).over(**window).label("after_begin"),
            func.lead(staged.c[_ROW]).over(**window).label("after"),
        ).subquery()
        over_before = inner.c.before_end > inner.c.begin
        found = self._connection.execute(
            select(inner.c[_ROW], inner.c.before, inner.c.after, func.coalesce(over_before, false()))
            .where(or_(over_before, inner.c.after_begin < inner.c.end))
            .order_by(inner.c[_ROW])
        )
        return [
            RowError(
                f"period overlaps that of row {before if over else after}, both said by one source",
                source,
                number,
                "valid_from",
            )
            for number, before, after, over in found
        ]

    def _overlaps_held(self, source: str) -> list[RowError]:
        """Return the rows whose period overlaps one that the registry holds and this file does not change."""
        held, staged = self._table, self._staging
        other = staged.alias()
        replaced = exists().where(*(held.c[name] == other.c[name] for name in self._spec.key))
        overlapping = and_(
            *(held.c[name] == staged.c[name] for name in self._spec.group),
            self._same_use(),
            held.c.valid_from_ns < func.coalesce(staged.c.valid_to_ns, _LATEST),
            func.coalesce(held.c.valid_to_ns, _LATEST) > staged.c.valid_from_ns,
            ~replaced,
        )
        found = self._connection.scalars(
            select(staged.c[_ROW]).where(exists().where(overlapping)).order_by(staged.c[_ROW])
        )
        why = "period overlaps one that the registry holds from this source: end that one first"
        return [RowError(why, source, number, "valid_from") for number in found]

    def _lines_unknown(self, source: str) -> list[RowError]:
        """Return the assignments by line alone whose line the registry does not hold."""
        if self._spec.kind is not Kind.ASSIGNMENTS:
            return []
        staged, line = self._staging, Base.metadata.tables[LineRow.__tablename__]
        found = self._connection.execute(
            select(staged.c[_ROW], staged.c.line)
            .where(staged.c.uscc.is_(None), staged.c.use == "line")
            .where(~exists().where(line.c.line == staged.c.line))
            .where(~exists().where(line.c.account == staged.c.line))
            .order_by(staged.c[_ROW])
        )
        return [
            RowError(f"no line {name!r} is known, and the row names no uscc and site", source, number, "line")
            for number, name in found
        ]

    def _take_out(self, refused: list[RowError]) -> None:
        if not refused:
            return
        self._connection.execute(delete(self._refused))
        self._connection.execute(insert(self._refused), [{_ROW: error.row} for error in refused])
        self._connection.execute(
            delete(self._staging).where(self._staging.c[_ROW].in_(select(self._refused.c[_ROW])))
        )

    def _move(self, rows: Any, known_ns: int, import_id: int) -> int:
        """Move rows from the registry to its history; return how many."""
        moved: list[dict[str, Any]] = []
        keys = list(self._table.primary_key.columns)
        gone: list[Any] = []
        result = self._connection.execute(rows).mappings()
        for row in result:
            gone.append(row[keys[0].name])
            moved.append(history_row(self._spec, row, known_ns, import_id))
        for begin in range(0, len(moved), BATCH):
            self._connection.execute(insert(HistoryRow), moved[begin : begin + BATCH])
            self._connection.execute(delete(self._table).where(keys[0].in_(gone[begin : begin + BATCH])))
        return len(moved)


_LATEST = (1 << 63) - 1  # end of a period that lasts, for comparisons


def _copy_text(frame: "pl.DataFrame") -> bytes:
    """Return rows in the text format of COPY; no text among them holds a tab, a line's end or a backslash."""
    import polars as pl

    shown = frame.with_columns((pl.lit(r"\\x") + pl.col(name)).alias(name) for name in _PACKED)
    return shown.write_csv(
        separator="\t", include_header=False, null_value=r"\N", quote_style="never"
    ).encode()


def _packed_rows(frame: "pl.DataFrame") -> Iterator[tuple[Any, ...]]:
    import polars as pl

    return frame.with_columns(pl.col(name).str.decode("hex") for name in _PACKED).iter_rows()


_PACKED = ("first_address", "last_address")


def history_row(spec: TableSpec, row: Any, known_to_ns: int, import_id: int) -> dict[str, Any]:
    """Return the row of the history for a row of the registry that is believed no more."""
    values = {name: row[name] for name in spec.fields}
    raw = tuple(_packed(value) for value in values.values())
    told = {name: str(value) if _is_address(value) else value for name, value in values.items()}
    return {
        "kind": Kind.LEASES.value if values.get("use") == "lease" else spec.kind.value,
        "key": spec.shown(raw),
        "record": told,
        "valid_from_ns": values.get("valid_from_ns"),
        "valid_to_ns": values.get("valid_to_ns"),
        "known_from_ns": row["known_from_ns"],
        "known_to_ns": known_to_ns,
        "import_id": import_id,
    }


def new_import(connection: Connection, kind: str, name: str, digest: str, known_ns: int) -> int:
    """Note an import; its counts are set by `finish_import`."""
    counts = dict.fromkeys(("rows", "refused", "added", "changed", "ended"), 0)
    row = insert(ImportRow).values(kind=kind, name=name, digest=digest, known_ns=known_ns, **counts)
    key = connection.execute(row).inserted_primary_key
    assert key is not None
    return int(key[0])


def finish_import(connection: Connection, import_id: int, rows: int, refused: int, changes: Changes) -> None:
    """Set what an import did."""
    table = Base.metadata.tables[ImportRow.__tablename__]
    connection.execute(
        table.update()
        .where(table.c.id == import_id)
        .values(
            rows=rows,
            refused=refused,
            added=changes.added,
            changed=changes.changed,
            ended=changes.ended,
        )
    )


def _is_address(value: object) -> bool:
    return hasattr(value, "packed")


def _packed(value: Any) -> Any:
    return packed16(value) if _is_address(value) else value
