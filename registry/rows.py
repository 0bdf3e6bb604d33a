"""Table files to rows of named cells: CSV, XLSX and JSON.

A row of CSV is one line: one wrong quote cannot swallow the rows after it.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from itertools import count
from pathlib import Path
from typing import IO
from unicodedata import category

from facts.errors import ReadError, RowError
from facts.where import Where
from registry.json_rows import objects, text_of
from registry.xlsx import sheet_rows

MAX_LINE = 64 * 1024
"""Bytes: bounds the memory of one line; a real row has a few hundred."""
MAX_CELL = 2000
"""Characters: no name or address is longer, and a store's index entry must stay small."""
_CHUNK = 1 << 20  # bytes read at once while the encoding is found

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, formats such as direction marks, lone surrogates, line separators."""

_ZIP = b"PK\x03\x04"
_WRONG_HEADS = (
    (_ZIP, "a ZIP archive or XLSX workbook, not CSV: export it as CSV"),
    (codecs.BOM_UTF16_LE, "UTF-16, not UTF-8: save it as UTF-8"),
    (codecs.BOM_UTF16_BE, "UTF-16, not UTF-8: save it as UTF-8"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: every column of the header with its text, blanks around it taken off."""

    number: int
    """Counts from 1, the header being row 1; empty lines count."""
    cells: dict[str, str]


@dataclass(slots=True)
class Report:
    """What reading found wrong or strange, gathered over several tables."""

    errors: list[RowError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    rows: int = 0
    """Rows read, headers and empty lines not counted."""


def read_rows(
    file: Path | Traversable, required: Sequence[str], optional: Sequence[str], report: Report
) -> Iterator[Row]:
    """Yield the rows of a CSV file whose first line names the columns, in any order.

    UTF-8 with or without byte order mark, else GB18030 as a whole (a notice says so). Rows that are no rows
    go into `report`; optional columns that the file lacks read as empty texts. Raises ReadError where the
    file cannot be read or is no text table.
    """
    source = str(file)
    try:
        with file.open("rb") as stream:
            encoding = _encoding(stream, source, report)
        with file.open("rb") as stream:
            yield from _rows(stream, source, encoding, (required, optional), report)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(source)) from error


def read_table(file: Path, required: Sequence[str], optional: Sequence[str], report: Report) -> Iterator[Row]:
    """Yield the rows of a CSV, XLSX or JSON file, told apart by content; errors as in `read_rows`.

    Rows of JSON count objects from 1; there is no header.
    """
    source = str(file)
    columns = required, optional
    try:
        with file.open("rb") as stream:
            head = stream.read(1 << 10)
            if head.startswith(_ZIP):
                stream.seek(0)
                yield from _texts(sheet_rows(stream, source), source, columns, report)
                return
            if head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{"):
                stream.seek(0)
                encoding = _encoding(stream, source, report)
                with file.open(encoding=encoding, errors="surrogateescape", newline="") as text:
                    yield from _objects(text, source, columns, report)
                return
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(source)) from error
    yield from read_rows(file, required, optional, report)


def _texts(
    rows: Iterator[tuple[int, list[str]]],
    source: str,
    columns: tuple[Sequence[str], Sequence[str]],
    report: Report,
) -> Iterator[Row]:
    """Yield the rows of a sheet whose first row names the columns."""
    header: list[str] | None = None
    missing: dict[str, str] = {}
    for number, texts in rows:
        cells = [cell.strip() for cell in texts]
        if header is None:
            if (header := _named(cells, source, columns, report)) is None:
                return
            missing = {name: "" for name in columns[1] if name not in header}
            continue
        while cells and len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if not any(cells):
            continue
        report.rows += 1
        cells.extend([""] * (len(header) - len(cells)))  # a sheet does not write empty cells at its end
        if wrong := _cell_faults(header, cells, source, number):
            report.errors.extend(wrong)
        else:
            yield Row(number, {**dict(zip(header, cells, strict=True)), **missing})
    if header is None:
        report.errors.append(RowError("empty sheet: no header", source, 1))


def _objects(
    text: IO[str], source: str, columns: tuple[Sequence[str], Sequence[str]], report: Report
) -> Iterator[Row]:
    required, optional = columns
    strange: set[str] = set()
    for number, value in objects(text, source):
        report.rows += 1
        if isinstance(value, str):
            report.errors.append(RowError(value, source, number))
            continue
        cells: dict[str, str] = {}
        wrong: list[RowError] = []
        for name in (*required, *optional):
            cell = text_of(value.get(name))
            if cell is None:
                wrong.append(
                    RowError("neither a text, a number, null nor a list of texts", source, number, name)
                )
            elif (why := _cell_fault(cell.strip())) is not None:
                wrong.append(RowError(why, source, number, name))
            else:
                cells[name] = cell.strip()
        strange.update(name for name in value if name not in required and name not in optional)
        if wrong:
            report.errors.extend(wrong)
        else:
            yield Row(number, cells)
    if strange:
        report.notices.append(f"{source}: keys not read: {', '.join(sorted(strange)[:20])}")


def _encoding(stream: IO[bytes], source: str, report: Report) -> str:
    head = stream.read(4)
    for mark, why in _WRONG_HEADS:
        if head.startswith(mark):
            raise ReadError(why, Where(source))
    for encoding in ("utf-8", "gb18030"):
        stream.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        if encoding != "utf-8":
            report.notices.append(f"{source}: read as GB18030, since it is not UTF-8")
        return encoding
    return "utf-8"  # neither as a whole: the lines that are wrong will say so


def _lines(stream: IO[bytes], source: str, encoding: str, report: Report) -> Iterator[tuple[int, str]]:
    """Yield row number and text of every line; a newline byte is never part of a GB18030 character."""
    for number in count(1):
        raw = stream.readline(MAX_LINE + 1)
        if not raw:
            return
        if len(raw) > MAX_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE)
            report.rows += 1
            report.errors.append(RowError(f"longer than {MAX_LINE} bytes", source, number))
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield number, raw.decode(encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            report.rows += 1
            report.errors.append(RowError("neither UTF-8 nor, as a whole file, GB18030", source, number))


def _rows(
    stream: IO[bytes],
    source: str,
    encoding: str,
    columns: tuple[Sequence[str], Sequence[str]],
    report: Report,
) -> Iterator[Row]:
    header: list[str] | None = None
    missing: dict[str, str] = {}
    for number, text in _lines(stream, source, encoding, report):
        if header is None:
            if number > 1 or (header := header_of(text, source, columns, report)) is None:
                return  # without a header no row has a meaning; the error is in the report
            missing = {name: "" for name in columns[1] if name not in header}
            continue
        if (row := row_of(text, number, header, missing, source, report)) is not None:
            yield row
    if header is None:
        report.errors.append(RowError("empty file: no header", source, 1))


def row_of(
    text: str, number: int, header: list[str], missing: dict[str, str], source: str, report: Report
) -> Row | None:
    """Return one line as a row; None where it is empty, or no row: then `report` says why.

    `missing`: the optional columns that the header lacks, as empty texts.
    """
    if '"' not in text and len(text) <= MAX_CELL and text.isprintable():
        # Nearly every row: no quotes, and nothing that a cell may not hold.
        cells = [cell.strip() for cell in text.split(",")] if " " in text else text.split(",")
        if len(cells) == len(header) and any(cells):
            report.rows += 1
            row = dict(zip(header, cells, strict=True))
            row.update(missing)
            return Row(number, row)
    try:
        cells = [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
    except csv.Error as error:
        report.rows += 1
        why = f"no CSV row ({error}); a row is one line, its quotes paired"
        report.errors.append(RowError(why, source, number))
        return None
    if not any(cells):
        return None
    report.rows += 1
    if wrong := _cell_faults(header, cells, source, number):
        report.errors.extend(wrong)
        return None
    return Row(number, {**dict(zip(header, cells, strict=True)), **missing})


def header_of(
    text: str, source: str, columns: tuple[Sequence[str], Sequence[str]], report: Report
) -> list[str] | None:
    """Return the names of the columns of a CSV file's first line, None where it is no sound header."""
    try:
        names = [name.strip() for name in next(csv.reader([text], strict=True), [])]
    except csv.Error as error:
        report.errors.append(RowError(f"no CSV header ({error})", source, 1))
        return None
    return _named(names, source, columns, report)


def _named(
    names: list[str], source: str, columns: tuple[Sequence[str], Sequence[str]], report: Report
) -> list[str] | None:
    """Return the names of the columns, None where one is missing or stands twice."""
    required, optional = columns
    wrong = [
        RowError("the header lacks this column", source, 1, name) for name in required if name not in names
    ]
    wrong += [
        RowError("the header names this column twice", source, 1, name)
        for name in (*required, *optional)
        if names.count(name) > 1
    ]
    report.errors.extend(wrong)
    strange = [name for name in dict.fromkeys(names) if name and name not in (*required, *optional)]
    if strange:
        report.notices.append(f"{source}: columns not read: {', '.join(strange)}")
    return None if wrong else names


def _cell_faults(header: list[str], cells: list[str], source: str, number: int) -> list[RowError]:
    if len(cells) != len(header):
        return [RowError(f"{len(cells)} cells under a header of {len(header)}", source, number)]
    return [
        RowError(why, source, number, name)
        for name, cell in zip(header, cells, strict=True)
        if (why := _cell_fault(cell)) is not None
    ]


def _cell_fault(cell: str) -> str | None:
    if len(cell) > MAX_CELL:
        return f"longer than {MAX_CELL} characters"
    if not cell.isprintable():  # the quick question; it objects to wide blanks and to new characters too
        for character in cell:
            if category(character) in _INVISIBLE:
                return f"holds the invisible character U+{ord(character):04X}"
    return None
