"""Importing ledgers: rows are parsed, judged alone and together, and kept in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from facts.errors import RowError
from pipeline import importing
from registry.cells import Cells
from registry.division_table import WHOLE_COUNTRY
from registry.rows import Report, read_table
from store.access_rules import lies_in
from store.database import Database
from store.ledgers import Entry, Kept, divisions_held, finish_import, merge, new_import, read
from supervision.ledgers import read as nouns
from supervision.ledgers.records import fault
from supervision.ledgers.specs import SPECS, Known, Ledger, Record, key_of
from supervision.ledgers.support import fault as recovery_fault

_RECORDS = (Ledger.PENALTIES, Ledger.CREDIT)
_JUDGED_TOGETHER = (Ledger.RECOVERIES, Ledger.RECORD_EVENTS)


@dataclass(frozen=True, slots=True)
class Options(importing.Options):
    """How to import."""

    division: str = WHOLE_COUNTRY
    """Only rows of what a right on this division covers; others are refused, also those that are held."""


ImportResult = importing.ImportResult[Ledger]
"""What became of all."""


def ledger_of(path: Path) -> Ledger | None:
    """Return what a file's name says it is: `market.csv`, `support-2026-11.xlsx`."""
    return importing.kind_of(path, Ledger)


def files_of(paths: Iterable[Path], ledger: Ledger | None) -> list[tuple[Path, Ledger]]:
    """Return the files to import, in the order of their ledgers; of a folder, those named after a ledger.

    Raises UsageError for a file whose ledger is not told, and ReadError for a path that is not there.
    """
    found = importing.files_named(paths, Ledger, ledger, "--ledger", "market.csv")
    order = {kind: place for place, kind in enumerate(Ledger)}
    return sorted(found, key=lambda one: order[one[1]])


def import_files(
    database: Database,
    files: Sequence[tuple[Path, Ledger]],
    options: Options,
    known_ns: int,
    refuse: Callable[[Sequence[RowError]], None],
) -> ImportResult:
    """Import files in one transaction; every refused row goes to `refuse`, file by file.

    `known_ns`: when this became known, by the door's clock. Raises ReadError where a file cannot be read, and
    StoreError where the database fails: then nothing has changed.
    """

    def take(connection: Connection, result: ImportResult) -> None:
        known = _known(connection)
        for path, ledger in files:
            result.files.append(
                _import_file(connection, path, ledger, options, known_ns, known, refuse, result)
            )

    return importing.import_together(database, "ledgers", options, take)


def _import_file(
    connection: Connection,
    path: Path,
    ledger: Ledger,
    options: Options,
    known_ns: int,
    known: Known,
    refuse: Callable[[Sequence[RowError]], None],
    result: ImportResult,
) -> importing.FileResult[Ledger]:
    spec, source, report = SPECS[ledger], str(path), Report()
    entries: list[Entry] = []
    seen: dict[bytes, int] = {}
    for row in read_table(path, spec.required, spec.optional, report):
        cells = Cells(source, row, options.said_by)
        record = spec.parse(cells, known)
        entry = Entry(
            row.number,
            key_of(spec, record),
            (record[spec.subject] or "") if spec.subject else "",
            record.get("uscc") or "",
            record.get("division") or "",
            record,
            cells.said_by(),
            spec.by_source,
        )
        if not cells.errors and (first := seen.setdefault(entry.digest, row.number)) != row.number:
            cells.refuse(spec.required[0], f"repeats row {first}: {', '.join(spec.key)} are the same")
        if cells.errors:
            report.errors += cells.errors
        else:
            entries.append(entry)
    if options.division != WHOLE_COUNTRY:
        entries, wrong = _own(connection, ledger, entries, source, options.division)
        report.errors += wrong
    if ledger in _JUDGED_TOGETHER:
        entries, wrong = _judged_together(connection, ledger, entries, source)
        report.errors += wrong
    refuse(report.errors)
    refused = len({error.row for error in report.errors})
    import_id = new_import(connection, ledger.value, path.name, importing.digest_of(path), known_ns)
    changes = merge(connection, ledger.value, entries, known_ns, import_id, whole=options.whole)
    finish_import(connection, import_id, report.rows, refused, changes)
    _learn(ledger, ((entry.record["id"] or "", entry) for entry in entries if "id" in entry.record), known)
    result.notices += report.notices
    return importing.FileResult(path.name, ledger, report.rows, refused, changes)


def _own(
    connection: Connection, ledger: Ledger, entries: list[Entry], source: str, division: str
) -> tuple[list[Entry], list[RowError]]:
    """Return the rows that lie in a division and change none that lies elsewhere, and why not the others."""
    held = divisions_held(connection, ledger.value, [one.digest for one in entries])
    good, errors = [], []
    for one in entries:
        if not lies_in(one.division, division):
            why = f"lies in {one.division or 'no division'}, outside of {division}"
        elif not lies_in(held.get(one.digest, one.division), division):
            why = f"is held already, as a row of another region than {division}"
        else:
            good.append(one)
            continue
        errors.append(RowError(why, source, one.number, "division"))
    return good, errors


def _judged_together(
    connection: Connection, ledger: Ledger, entries: list[Entry], source: str
) -> tuple[list[Entry], list[RowError]]:
    """Return the events of subjects whose lives stay possible with them, and why the others are refused.

    Of a life that is not possible every new event is refused: which one is the mistake is not known here.
    """
    lives: dict[str, dict[str, Record]] = {}
    for kept in read(connection, ledger.value):
        lives.setdefault(kept.subject, {})[kept.key] = dict(kept.record)
    new: dict[str, list[Entry]] = {}
    for entry in entries:
        new.setdefault(entry.subject, []).append(entry)
        lives.setdefault(entry.subject, {})[entry.key] = dict(entry.record)
    why = _recovery_fault if ledger is Ledger.RECOVERIES else _record_fault(connection)
    column = SPECS[ledger].required[1]
    errors: list[RowError] = []
    bad: set[str] = set()
    for subject, added in new.items():
        if (found := why(subject, list(lives[subject].values()))) is not None:
            bad.add(subject)
            errors += [RowError(found, source, one.number, column) for one in added]
    return [one for one in entries if one.subject not in bad], errors


def _recovery_fault(subject: str, steps: list[Record]) -> str | None:
    return recovery_fault(subject, map(nouns.recovery, steps))


def _record_fault(connection: Connection) -> Callable[[str, list[Record]], str | None]:
    decided = {
        kept.subject: nouns.penalty(kept.record).on
        for ledger in _RECORDS
        for kept in read(connection, ledger.value)
    }

    def why(subject: str, events: list[Record]) -> str | None:
        found = fault(decided[subject], map(nouns.record_event, events))
        return None if found is None else f"record {subject}: {found[1]}"

    return why


def _known(connection: Connection) -> Known:
    known = Known()
    for ledger in (Ledger.SUPPORT, *_RECORDS):
        rows = read(connection, ledger.value)
        _learn(ledger, ((kept.subject, kept) for kept in rows), known)
    return known


def _learn(ledger: Ledger, rows: Iterable[tuple[str, Entry | Kept]], known: Known) -> None:
    into = {
        Ledger.SUPPORT: known.support,
        Ledger.PENALTIES: known.records,
        Ledger.CREDIT: known.records,
    }.get(ledger)
    if into is not None:
        for name, row in rows:
            into[name] = (row.uscc, row.division, ledger.value)
