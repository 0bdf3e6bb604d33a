"""Meter files in pieces: columns of texts with each row's number, from CSV, XLSX or Parquet.

Rows that are no rows (too few cells, an open quote) are named and cost nothing else. Row numbers count from
1, the header being row 1; in Parquet, which has no header, the first row is 1.
"""

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from facts.errors import ReadError, RowError
from facts.where import Where
from registry.xlsx import sheet_rows

CHUNK: Final = 32 << 20
"""Bytes of a CSV file judged at once."""
ROWS: Final = 50_000
"""Rows of a workbook or a Parquet file judged at once."""
ROW: Final = "row_no"
_ZIP, _PARQUET = b"PK\x03\x04", b"PAR1"
_MAX_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows, all columns as texts; null and "" are empty."""

    frame: pl.DataFrame
    """`row_no` (Int64) and the file's columns."""


def pieces(path: Path, refuse: Callable[[RowError], None], notice: Callable[[str], None]) -> Iterator[Piece]:
    """Yield a file's rows. Raises ReadError where it cannot be read at all."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if head.startswith(_PARQUET):
            yield from _parquet(path)
        elif head.startswith(_ZIP):
            yield from _xlsx(path, refuse)
        else:
            yield from _csv(path, refuse, notice)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"cannot be read: {error}", Where(str(path))) from error


def _parquet(path: Path) -> Iterator[Piece]:
    schema = pl.read_parquet_schema(path)
    for name, kind in schema.items():
        if kind.is_nested() or kind == pl.Binary:
            raise ReadError(f"column {name!r} holds {kind}: plain columns are read", Where(str(path)))
    total = int(pl.scan_parquet(path, hive_partitioning=False).select(pl.len()).collect().item())
    for begin in range(0, total, ROWS):
        frame = pl.scan_parquet(path, hive_partitioning=False).slice(begin, ROWS).collect()
        yield Piece(frame.with_row_index(ROW, begin + 1).with_columns(pl.col(ROW).cast(pl.Int64)))


def _xlsx(path: Path, refuse: Callable[[RowError], None]) -> Iterator[Piece]:
    header: list[str] | None = None
    rows: list[list[str]] = []
    numbers: list[int] = []
    with path.open("rb") as file:
        for number, texts in sheet_rows(file, str(path)):
            cells = [cell.strip() for cell in texts]
            if header is None:
                while cells and not cells[-1]:
                    cells.pop()
                header = _header(cells, path)
                continue
            while len(cells) > len(header) and not cells[-1]:
                cells.pop()
            if not any(cells):
                continue
            if len(cells) > len(header):
                refuse(RowError(f"{len(cells)} cells under a header of {len(header)}", str(path), number))
                continue
            rows.append([*cells, *[""] * (len(header) - len(cells))])
            numbers.append(number)
            if len(rows) >= ROWS:
                yield _piece(header, numbers, rows)
                rows, numbers = [], []
    if header is None:
        raise ReadError("empty sheet: no header", Where(str(path)))
    if rows:
        yield _piece(header, numbers, rows)


def _piece(header: list[str], numbers: list[int], rows: list[list[str]]) -> Piece:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    return Piece(frame.insert_column(0, pl.Series(ROW, numbers, dtype=pl.Int64)))


def _csv(path: Path, refuse: Callable[[RowError], None], notice: Callable[[str], None]) -> Iterator[Piece]:
    encoding = _encoding(path, notice)
    with path.open("rb") as file:
        first = file.readline(_MAX_LINE).removeprefix(codecs.BOM_UTF8)
        cells = next(csv.reader([_text(first, encoding).rstrip("\r\n")]), [])
        header = _header([cell.strip() for cell in cells], path)
        number, left = 2, b""
        while raw := file.read(CHUNK):
            raw = left + raw
            cut = raw.rfind(b"\n") + 1
            raw, left = raw[:cut], raw[cut:]
            if len(left) > _MAX_LINE:
                raise ReadError(f"a line of more than {_MAX_LINE:,} bytes", Where(str(path)))
            if raw:
                yield _judged(raw, number, header, encoding, path, refuse)
                number += raw.count(b"\n")
        if left:
            yield _judged(left, number, header, encoding, path, refuse)


def _judged(
    raw: bytes, number: int, header: list[str], encoding: str, path: Path, refuse: Callable[[RowError], None]
) -> Piece:
    """Return whole lines as columns: those alike at once, the others one by one."""
    if encoding != "utf-8" or not _is_utf8(raw):
        raw = _text(raw, encoding).encode()
    lines = pl.Series("text", raw.split(b"\n"), dtype=pl.Binary).cast(pl.String)
    frame = pl.DataFrame({"text": lines}).with_row_index(ROW, number)
    frame = frame.with_columns(pl.col(ROW).cast(pl.Int64), pl.col("text").str.strip_chars_end("\r"))
    frame = frame.filter(pl.col("text") != "")
    alike = (pl.col("text").str.count_matches(",", literal=True) == len(header) - 1) & ~pl.col(
        "text"
    ).str.contains('"', literal=True)
    frame = frame.with_columns(alike=alike)
    plain = frame.filter("alike")
    split = pl.col("text").str.split_exact(",", len(header) - 1).struct.rename_fields(header)
    made = plain.select(ROW, split.alias("cells")).unnest("cells")
    rows: list[list[str]] = []
    numbers: list[int] = []
    for at, text in frame.filter(~pl.col("alike")).select(ROW, "text").iter_rows():
        try:
            cells = next(csv.reader([text], strict=True))
        except csv.Error as error:
            refuse(RowError(f"no row of CSV: {error}", str(path), at))
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(header):
            if any(cell.strip() for cell in cells):
                refuse(RowError(f"{len(cells)} cells under a header of {len(header)}", str(path), at))
            continue
        rows.append(cells)
        numbers.append(at)
    if rows:
        made = pl.concat([made, _piece(header, numbers, rows).frame])
    return Piece(made)


def _header(cells: list[str], path: Path) -> list[str]:
    if not cells or not all(cells):
        raise ReadError("the first row names the columns, and one of them is empty", Where(str(path)))
    twice = [name for place, name in enumerate(cells) if name in cells[:place]]
    if twice or ROW in cells:
        raise ReadError(f"two columns are named {(twice or [ROW])[0]!r}", Where(str(path)))
    return cells


def _encoding(path: Path, notice: Callable[[str], None]) -> str:
    """Return `utf-8`, or `gb18030` where the file is not UTF-8 but wholly that."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise ReadError("UTF-16, not UTF-8: save it as UTF-8", Where(str(path)))
        for encoding in ("utf-8", "gb18030"):
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while chunk := file.read(CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            if encoding != "utf-8":
                notice(f"{path.name}: read as GB18030, since it is not UTF-8")
            return encoding
    return "utf-8"  # neither: what cannot be read of it is refused row by row


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "replace")
