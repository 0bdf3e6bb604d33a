"""Importing registry files: rows are parsed, judged and kept in one transaction, or only judged."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timezone
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from facts.endpoint import packed16
from facts.errors import RowError
from pipeline import importing
from registry.cells import Cells
from registry.division_table import shipped
from registry.lease_log import Held, read_dhcpd, read_radius
from registry.log_lines import LogClock, log_lines
from registry.nat_log import OpenBlocks, read_nat_log
from registry.quick_assignments import quick
from registry.rows import Report, Row, read_table, row_of
from registry.table_specs import SPECS, Kind, Known, Record
from store.database import Database
from store.registry_import import Staging, finish_import, new_import
from store.registry_tables import AssignmentRow, DivisionRow, EnterpriseRow, NatBlockRow, SiteRow

if TYPE_CHECKING:
    import polars as pl

PROGRESS_ROWS = 100_000
NAMED = 10
"""Division codes named in one notice."""


class Form(StrEnum):
    """What a file is: a table of a kind, or a log."""

    DIVISIONS = "divisions"
    ENTERPRISES = "enterprises"
    SITES = "sites"
    LINES = "lines"
    HOSTING = "hosting"
    POWER_ACCOUNTS = "power-accounts"
    ASSIGNMENTS = "assignments"
    LEASES = "leases"
    NAT = "nat"
    NAT_LOG = "nat-log"
    RADIUS = "radius"
    DHCPD = "dhcpd"


_LOG_KINDS = {Form.NAT_LOG: Kind.NAT, Form.RADIUS: Kind.LEASES, Form.DHCPD: Kind.LEASES}


@dataclass(frozen=True, slots=True)
class Options(importing.Options):
    """How to import; the rest is of access logs."""

    realm: str = ""
    """Address space of the addresses in access logs."""
    zone: timezone | None = None
    year: int | None = None
    """Of the times in logs that leave them out."""


ImportResult = importing.ImportResult[Form]
"""What became of all."""


def files_of(paths: Iterable[Path], form: Form | None) -> list[tuple[Path, Form]]:
    """Return the files to import, in the order of their kinds; of a folder, those named after a kind.

    Raises UsageError for a file whose kind is not told, and ReadError for a path that is not there.
    """
    found = importing.files_named(paths, Form, form, "--kind", "enterprises.csv")
    order = {kind: place for place, kind in enumerate(Kind)}
    return sorted(found, key=lambda one: order[_kind(one[1])])


def import_files(
    database: Database,
    files: Sequence[tuple[Path, Form]],
    options: Options,
    known_ns: int,
    refuse: Callable[[Sequence[RowError]], None],
    progress: Callable[[str, int], None] = lambda name, rows: None,
) -> ImportResult:
    """Import files in one transaction; every refused row goes to `refuse`, file by file.

    `known_ns`: when this became known, by the door's clock. Raises ReadError where a file cannot be read, and
    StoreError where the database fails: then nothing has changed.
    """

    def take(connection: Connection, result: ImportResult) -> None:
        known = _known(connection)
        for path, form in files:
            result.files.append(
                _import_file(connection, path, form, options, known_ns, known, refuse, progress, result)
            )

    return importing.import_together(database, "registry", options, take)


def _import_file(
    connection: Connection,
    path: Path,
    form: Form,
    options: Options,
    known_ns: int,
    known: Known,
    refuse: Callable[[Sequence[RowError]], None],
    progress: Callable[[str, int], None],
    result: ImportResult,
) -> importing.FileResult[Form]:
    kind = _kind(form)
    report, name = Report(), path.name
    staging = Staging(connection, SPECS[kind])
    refused: set[int] = set()

    def note(errors: Sequence[RowError]) -> None:
        refused.update(error.row for error in errors)
        refuse(errors)

    def rows() -> "Iterator[tuple[int, Record] | pl.DataFrame]":
        count = told = 0
        for row in _rows(connection, path, form, options, report, known):
            yield row
            count += 1 if isinstance(row, tuple) else len(row)
            if report.errors:
                note(report.errors)
                report.errors.clear()
            if count >= told + PROGRESS_ROWS:
                told = count
                progress(name, count)
        note(report.errors)
        progress(name, count)

    staging.fill(rows())
    note(staging.refuse(str(path)))
    import_id = new_import(connection, form.value, name, importing.digest_of(path), known_ns)
    changes = staging.merge(known_ns, import_id, whole=options.whole)
    if kind is Kind.ENTERPRISES:
        known.enterprises |= staging.keys("uscc")
    elif kind is Kind.SITES:
        known.sites |= staging.keys("id")
        result.notices += _unknown_divisions(name, staging.keys("division"), known)
    elif kind is Kind.DIVISIONS:
        known.divisions = _divisions(connection)
    staging.drop()
    finish_import(connection, import_id, report.rows, len(refused), changes)
    result.notices += report.notices
    return importing.FileResult(name, form, report.rows, len(refused), changes)


def _unknown_divisions(name: str, codes: set[str], known: Known) -> list[str]:
    """Return a notice on codes that the shipped table lacks; an imported table has judged them already."""
    lost = [] if known.divisions else sorted(code for code in codes if code not in shipped())
    if not lost:
        return []
    more = f" and {len(lost) - NAMED:,} more" if len(lost) > NAMED else ""
    return [f"{name}: divisions that the shipped table does not know: {', '.join(lost[:NAMED])}{more}"]


def _rows(
    connection: Connection, path: Path, form: Form, options: Options, report: Report, known: Known
) -> "Iterator[tuple[int, Record] | pl.DataFrame]":
    """Yield the good rows of a file with their numbers, or many of them as columns."""
    source, said_by = str(path), options.said_by or path.name
    clock = LogClock(options.zone, options.year)
    if form is Form.NAT_LOG:
        held = _open_blocks(connection, said_by)
        yield from read_nat_log(log_lines(path), source, clock, said_by, report, held, options.realm)
        return
    if form is Form.RADIUS:
        leases = _open_leases(connection, said_by)
        yield from read_radius(log_lines(path), source, clock, said_by, report, leases, options.realm)
        return
    if form is Form.DHCPD:
        yield from read_dhcpd(log_lines(path), source, said_by, report, options.realm)
        return
    spec = SPECS[_kind(form)]

    def parsed(rows: Iterable[Row]) -> Iterator[tuple[int, Record]]:
        for row in rows:
            cells = Cells(source, row, options.said_by)
            record = spec.parse(cells, known)
            if cells.errors:
                report.errors += cells.errors
            else:
                yield row.number, record

    large = None
    if form is Form.ASSIGNMENTS and path.suffix.lower() in (".csv", ".txt"):
        large = quick(path, spec.required, spec.optional, said_by)
    if large is None:
        yield from parsed(read_table(path, spec.required, spec.optional, report))
        return
    report.notices += large.notices
    missing = {name: "" for name in spec.optional if name not in large.header}
    for piece in large.pieces(known, said_by):
        report.rows += len(piece.frame)
        if len(piece.frame):
            yield piece.frame
        lines = (row_of(text, number, large.header, missing, source, report) for number, text in piece.others)
        yield from parsed(row for row in lines if row is not None)


def _kind(form: Form) -> Kind:
    return _LOG_KINDS.get(form) or Kind(form.value)


def _known(connection: Connection) -> Known:
    return Known(
        set(connection.scalars(select(EnterpriseRow.uscc))),
        set(connection.scalars(select(SiteRow.id))),
        _divisions(connection),
    )


def _divisions(connection: Connection) -> dict[str, list[tuple[int, int | None, str]]]:
    row, found = DivisionRow, dict[str, list[tuple[int, int | None, str]]]()
    query = select(row.code, row.valid_from_ns, row.valid_to_ns, row.successor).order_by(row.valid_from_ns)
    for code, begin, end, successor in connection.execute(query):
        found.setdefault(code, []).append((begin, end, successor))
    return found


def _open_blocks(connection: Connection, said_by: str) -> OpenBlocks:
    row, held = NatBlockRow, OpenBlocks()
    query = select(
        row.public_address, row.first_port, row.last_port, row.private_address, row.realm, row.valid_from_ns
    ).where(row.source == said_by, row.valid_to_ns.is_(None))
    for public, first, last, private, realm, from_ns in connection.execute(query):
        if private is not None:
            held.add((packed16(public), first, last), packed16(private), realm, from_ns)
    return held


def _open_leases(connection: Connection, said_by: str) -> Held:
    row = AssignmentRow
    query = select(row.first_address, row.prefix_length, row.line, row.valid_from_ns).where(
        row.source == said_by, row.valid_to_ns.is_(None), row.use == "lease"
    )
    return {
        (packed16(first), length): (line, from_ns)
        for first, length, line, from_ns in connection.execute(query)
    }
