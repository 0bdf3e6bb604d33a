"""Plain rows of a large table of assignments, judged by column instead of row by row.

Millions of rows of an operator's table are alike: an IPv4 prefix, a line, known codes, times of a few
spellings. Those are recognised here, and every other row (another spelling, quotes, IPv6, pools, anything
wrong) is left to `registry.table_specs`, which knows all the rules and names what is wrong. So both say the
same of a row, or this says nothing; a test compares them.
"""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.cells import MAX_ID, parse_instant
from registry.rows import MAX_CELL, MAX_LINE, Report, header_of
from registry.table_specs import Known

if TYPE_CHECKING:
    import polars as pl

CHUNK = 4 << 20
"""Bytes of the file judged at once."""
WORTH_IT = 1 << 20
"""Bytes from which on a file is read so."""

_OCTET = r"(0|[1-9][0-9]{0,2})"
_PREFIX = rf"^{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?:/(0|[1-9][0-9]?))?$"
_HEX = [f"{number:04x}" for number in range(1 << 16)]
_HEAD = "00000000000000000000ffff"  # of an IPv4 address in 16 bytes


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain rows of one piece of a file, and the lines that are not."""

    frame: "pl.DataFrame"
    """Columns `row_no` and the fields of the table; the two addresses as 32 hexadecimal digits."""
    others: list[tuple[int, str]]
    """(row number, text) of every other line that is not empty."""


@dataclass(frozen=True, slots=True)
class Quick:
    """A large table that can be read piece by piece."""

    path: Path
    header: list[str]
    notices: list[str]

    def pieces(self, known: Known, said_by: str) -> Iterator[Plain]:
        """Yield all lines after the header. `said_by`: source of rows that name none."""
        judge = _Judge(self.header, known, said_by)
        with self.path.open("rb") as file:
            file.readline()
            number, left = 2, b""
            while raw := file.read(CHUNK):
                raw = left + raw
                cut = raw.rfind(b"\n") + 1
                raw, left = raw[:cut], raw[cut:]
                if raw:
                    made, lines = judge.judged(raw, number)
                    number += lines
                    yield made
            if left:
                yield judge.judged(left, number)[0]


def quick(path: Path, required: Sequence[str], optional: Sequence[str], said_by: str) -> Quick | None:
    """Return a CSV file of assignments as a table to be read piece by piece.

    None where it is not worth it, or where anything of the whole is not plain: `registry.rows` reads it then.
    Raises OSError where the file cannot be read.
    """
    if path.stat().st_size < WORTH_IT or "\\" in said_by or not said_by.isprintable():
        return None
    with path.open("rb") as file:
        first = file.readline(MAX_LINE)
        try:
            text = first.removeprefix(codecs.BOM_UTF8).decode("utf-8").rstrip("\r\n")
            decoder = codecs.getincrementaldecoder("utf-8")()
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    report = Report()
    header = header_of(text, str(path), (required, optional), report)
    if header is None or len(set(header)) != len(header) or not first.endswith(b"\n"):
        return None
    return Quick(path, header, report.notices)


class _Judge:
    def __init__(self, header: list[str], known: Known, said_by: str) -> None:
        import polars as pl

        self._header = header
        self._said_by = said_by
        self._enterprises = pl.Series(sorted(known.enterprises), dtype=pl.String)
        self._sites = pl.Series(sorted(known.sites), dtype=pl.String)
        self._hex = pl.Series(_HEX)

    def judged(self, raw: bytes, first: int) -> tuple[Plain, int]:
        """Return the rows of whole lines, numbered from `first` on, and how many lines there are."""
        import polars as pl

        text = raw.decode("utf-8")
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        if not text.replace("\r\n", "").replace("\n", "").isprintable() or "\\" in text:
            # Something that a cell may not hold, or that the store escapes: row by row will tell.
            return Plain(pl.DataFrame(), _numbered(lines, first)), len(lines)
        frame = pl.DataFrame({"text": lines}, schema={"text": pl.String}).with_row_index("row_no", first)
        frame = frame.with_columns(pl.col("text").str.strip_suffix("\r"), pl.col("row_no").cast(pl.Int64))
        count = len(self._header)
        plain = (
            (pl.col("text").str.count_matches(",", literal=True) == count - 1)
            & ~pl.col("text").str.contains('"', literal=True)
            & (pl.col("text").str.len_chars() <= MAX_CELL)
        )
        frame = frame.with_columns(plain=plain)
        cells = frame.filter("plain").with_columns(
            pl.col("text").str.split_exact(",", count - 1).struct.rename_fields(self._header).alias("cells")
        )
        cells = cells.select("row_no", "text", pl.col("cells").struct.unnest())
        good = self._good(cells)
        taken = good["row_no"]
        rest = frame.filter(~pl.col("row_no").is_in(taken.implode()) & (pl.col("text") != ""))
        others = list(zip(rest["row_no"].to_list(), rest["text"].to_list(), strict=True))
        return Plain(good, others), len(lines)

    def _good(self, cells: "pl.DataFrame") -> "pl.DataFrame":
        """Return the rows in which every cell is plain and right."""
        import polars as pl

        names = ("prefix", "line", "valid_from", "uscc", "site", "valid_to", "use", "realm", "source")
        empty = pl.lit("")
        cells = cells.select(
            "row_no",
            *(
                (pl.col(name).str.strip_chars(" ") if name in self._header else empty).alias(name)
                for name in names
            ),
        )
        octets = (
            pl.col("prefix").str.extract_groups(_PREFIX).struct.rename_fields(["a", "b", "c", "d", "bits"])
        )
        cells = cells.with_columns(octets.alias("octets")).unnest("octets")
        cells = cells.with_columns(pl.col(name).cast(pl.Int64) for name in ("a", "b", "c", "d", "bits"))
        cells = cells.with_columns(pl.col("bits").fill_null(32))
        cells = cells.with_columns(
            first=(pl.col("a") * 256 + pl.col("b")) * 65_536 + pl.col("c") * 256 + pl.col("d"),
            host=pl.lit(1, pl.Int64) * (2 ** (32 - pl.col("bits").clip(0, 32))).cast(pl.Int64) - 1,
            begin=self._instants(cells["valid_from"]),
            end=self._instants(cells["valid_to"]),
        )
        held = pl.col("uscc").is_in(self._enterprises.implode()) & pl.col("site").is_in(self._sites.implode())
        told = (pl.col("uscc") == "") & (pl.col("site") == "")
        right = (
            pl.all_horizontal(pl.col(name) <= 255 for name in ("a", "b", "c", "d"))
            & (pl.col("bits") <= 32)
            & (pl.col("first") % (pl.col("host") + 1) == 0)
            & (pl.col("line").str.len_chars().is_between(1, MAX_ID))
            & (held | told)
            & pl.col("begin").is_not_null()
            & ((pl.col("valid_to") == "") | (pl.col("end") > pl.col("begin")))
            & pl.col("use").is_in(["", "line"])
            & (pl.col("realm").str.len_chars() <= MAX_ID)
        )
        good = cells.filter(right)
        none = pl.lit(None, pl.String)
        return good.select(
            "row_no",
            self._packed(good["first"]).alias("first_address"),
            self._packed(good["first"] + good["host"]).alias("last_address"),
            pl.col("bits").alias("prefix_length"),
            pl.lit(4).alias("version"),
            "line",
            pl.when(pl.col("uscc") == "").then(none).otherwise(pl.col("uscc")).alias("uscc"),
            pl.when(pl.col("site") == "").then(none).otherwise(pl.col("site")).alias("site_id"),
            pl.col("begin").alias("valid_from_ns"),
            pl.col("end").alias("valid_to_ns"),
            pl.when(pl.col("source") == "")
            .then(pl.lit(self._said_by))
            .otherwise(pl.col("source"))
            .alias("source"),
            "realm",
            pl.lit("line").alias("use"),
        )

    def _packed(self, numbers: "pl.Series") -> "pl.Series":
        whole = numbers.to_numpy()
        high = self._hex.gather((whole >> 16).astype(np.uint32))
        return _HEAD + high + self._hex.gather((whole & 0xFFFF).astype(np.uint32))

    def _instants(self, texts: "pl.Series") -> Any:
        """Return the times of texts, null where there is none; each spelling is read once."""
        import polars as pl

        spelled = texts.unique()
        times = [_instant(text) for text in spelled.to_list()]
        return texts.replace_strict(spelled, pl.Series(times, dtype=pl.Int64), default=None)


def _numbered(lines: list[str], first: int) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(lines, start=first) if line.rstrip("\r")]


def _instant(text: str) -> int | None:
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None
