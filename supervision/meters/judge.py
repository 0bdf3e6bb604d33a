"""Rows of a meter file, judged: who, which day, which quantity, which points; what is wrong is named.

Out come numbers as the file has them times unit and ratio, or register readings as the meter shows them; a
point that the file leaves empty is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from facts.errors import ReadError, RowError
from facts.where import Where
from supervision.meters.days import POINTS
from supervision.meters.forms import QUANTITIES, REVERSE, UNITS, Form, Quantity, Side, Stamp, Value
from supervision.meters.holders import Holders
from supervision.meters.pieces import ROW, Piece

Floats = NDArray[np.float64]
KEYS: Final[dict[str, Any]] = {
    ROW: pl.Int64(),
    "account": pl.String(),
    "meter": pl.String(),
    "day": pl.Date(),
    "quantity": pl.UInt8(),
    "of": pl.UInt8(),
    "ratio": pl.Float64(),
}
_QUARTER_S: Final = 900
_MOST_KW: Final = 1e7
"""10 GW: no account uses as much; a number beyond is a register read as power, or a mistake."""


@dataclass(frozen=True, slots=True)
class Days:
    """Judged rows."""

    keys: pl.DataFrame
    """(n) rows of KEYS."""
    points: Floats
    """(n, 96): kW, or register readings in kWh before any ratio; NaN is a gap."""


@dataclass(frozen=True, slots=True)
class Loose:
    """Judged points of a file with a point a row."""

    keys: pl.DataFrame
    """(n) rows of KEYS."""
    slot: NDArray[np.int64]
    """(n,) 0 to 95; of a register the quarter of an hour after which it was read, so that 95 is 24:00."""
    value: Floats
    """(n,) as `Days.points`."""


class Judge:
    """Judges the pieces of one file."""

    def __init__(self, path: Path, form: Form, holders: Holders, refuse: Callable[[RowError], None]) -> None:
        self._source = str(path)
        self._form = form
        self._holders = holders
        self._refuse = refuse
        self._checked = False

    def days(self, piece: Piece) -> list[Days]:
        """Return the rows of a wide file; with signs, the two ways apart. Raises ReadError for its header."""
        points = self._points_of(piece.frame)
        keys = self._keys(piece.frame, self._dates(piece.frame, self._form.column("day")))
        texts = piece.frame.select(ROW, *points).join(keys.select(ROW), on=ROW, how="semi")
        values, wrong = self._numbers(texts, points)
        for row, place, why in wrong:
            self._refuse(RowError(why, self._source, row, points[place]))
        if wrong:
            lost = pl.Series(sorted({row for row, _, _ in wrong}), dtype=pl.Int64)
            good = (~keys[ROW].is_in(lost.implode())).to_numpy()
            keys, values = keys.filter(pl.Series(good)), values[good]
        return self._ways(keys, values)

    def points(self, piece: Piece) -> list[Loose]:
        """Return the points of a long file; with signs, the two ways apart. Raises ReadError."""
        self._require(piece.frame)
        form = self._form
        name, column = form.column("time"), form.column("value")
        dates, slots = self._moments(piece.frame, name)
        keys = self._keys(piece.frame, dates)
        kept = piece.frame.select(ROW, column).with_columns(slot=pl.Series(slots, dtype=pl.Int64))
        kept = kept.join(keys.select(ROW), on=ROW, how="semi")
        values, wrong = self._numbers(kept.select(ROW, column), [column])
        for row, _, why in wrong:
            self._refuse(RowError(why, self._source, row, column))
        good = np.ones(len(kept), bool)
        if wrong:
            good = (~kept[ROW].is_in(pl.Series([row for row, _, _ in wrong]).implode())).to_numpy()
        good &= ~np.isnan(values[:, 0])  # an empty point is a gap, and so is one that is not there
        keys, at = keys.filter(pl.Series(good)), kept["slot"].to_numpy()[good]
        return [Loose(days.keys, at, days.points[:, 0]) for days in self._ways(keys, values[good])]

    def _require(self, frame: pl.DataFrame) -> None:
        if self._checked:
            return
        missing = [name for name in self._form.needed if name not in frame.columns]
        if missing:
            have = ", ".join(name for name in frame.columns[:12] if name != ROW)
            raise ReadError(
                f"no column {missing[0]!r}; it has {have}, ...: name columns with --column",
                Where(self._source),
            )
        self._checked = True

    def _points_of(self, frame: pl.DataFrame) -> list[str]:
        """Return the names of the 96 columns of points: the first, and those that follow it."""
        self._require(frame)
        first = self._form.column("first-point")
        if first not in frame.columns:
            raise ReadError(
                f"no column {first!r}: name the first of the 96 points with --column first-point=NAME",
                Where(self._source),
            )
        begin = frame.columns.index(first)
        names = frame.columns[begin : begin + POINTS]
        if len(names) < POINTS:
            raise ReadError(
                f"{len(names)} columns from {first!r} on, not {POINTS}: a day has 96 points",
                Where(self._source),
            )
        if set(names) & set(self._form.needed):
            raise ReadError("a column of the key lies among the 96 points", Where(self._source))
        return names

    def _keys(self, frame: pl.DataFrame, dates: pl.Series) -> pl.DataFrame:
        """Return KEYS of the rows whose account, day and quantity are known, in order; name the others."""
        name = self._form.column(self._form.by.value)
        rows = frame.select(
            pl.col(ROW), pl.col(name).cast(pl.String).str.strip_chars().fill_null("").alias("name")
        ).with_columns(date=dates, quantity=self._quantities(frame))
        for row in rows.filter(pl.col("name") == "")[ROW].to_list():
            self._refuse(RowError("empty", self._source, row, name))
        rows = rows.filter((pl.col("name") != "") & pl.col("date").is_not_null())
        rows = rows.filter(pl.col("quantity").is_not_null())
        held, lost = self._holders.resolved(rows)
        for row, why in lost:
            self._refuse(RowError(why, self._source, row, name))
        return held.select(
            pl.col("date" if key == "day" else key).cast(kind).alias(key) for key, kind in KEYS.items()
        )

    def _quantities(self, frame: pl.DataFrame) -> pl.Series:
        if self._form.quantity is not None:
            return pl.Series("quantity", [int(self._form.quantity)], dtype=pl.UInt8).new_from_index(
                0, len(frame)
            )
        column = self._form.column("quantity")
        words = frame[column].cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("")
        numbers = words.replace_strict(
            list(QUANTITIES), [int(one) for one in QUANTITIES.values()], default=None, return_dtype=pl.UInt8
        )
        for row, word in _where(frame, words, numbers.is_null()):
            self._refuse(RowError(f"{word!r} is none of {', '.join(QUANTITIES)}", self._source, row, column))
        return numbers.alias("quantity")

    def _dates(self, frame: pl.DataFrame, column: str) -> pl.Series:
        texts = frame[column].cast(pl.String).str.strip_chars().fill_null("")
        form = self._form.day_format
        dates = texts.str.to_date(form, strict=False)
        for row, text in _where(frame, texts, dates.is_null()):
            why = f"{text!r} is no day of the form {form}" if text else "empty"
            self._refuse(RowError(why, self._source, row, column))
        return dates.alias("date")

    def _moments(self, frame: pl.DataFrame, column: str) -> tuple[pl.Series, NDArray[np.int64]]:
        """Return the day and the quarter of an hour of times; times without a zone are China's."""
        texts = frame[column].cast(pl.String).str.strip_chars().fill_null("")
        plain = texts.str.replace("T", " ", literal=True)
        midnight = plain.str.contains(r" 24:00(:00)?$")
        plain = plain.str.replace(r" 24:00(:00)?$", " 00:00:00")
        plain = plain.str.replace(r"^(\S+ \d\d:\d\d)(\.0+)?$", "${1}:00").str.replace(r"\.0+$", "")
        zoned = plain.str.contains(r"(Z|[+-]\d\d:?\d\d)$")
        local = plain.str.to_datetime(f"{self._form.day_format} %H:%M:%S", strict=False, time_unit="ms")
        if zoned.any():
            with_zone = plain.str.replace(r"Z$", "+00:00").str.to_datetime(
                f"{self._form.day_format} %H:%M:%S%z", strict=False, time_unit="ms"
            )
            in_china = with_zone.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
            local = pl.select(pl.when(zoned).then(in_china).otherwise(local)).to_series()
        seconds = local.to_physical().to_numpy().astype(np.float64) / 1000 + midnight.to_numpy() * 86_400.0
        on_grid = seconds % _QUARTER_S == 0
        for place in np.flatnonzero(~on_grid):  # NaN is on no grid
            text = texts[int(place)]
            why = (
                "empty"
                if not text
                else f"{text!r} is no time such as 2026-03-01 00:15"
                if np.isnan(seconds[place])
                else f"{text!r} is on no quarter of an hour"
            )
            self._refuse(RowError(why, self._source, int(frame[ROW][int(place)]), column))
        ends = self._form.stamp is Stamp.END or self._form.value is Value.REGISTER
        quarters = np.where(on_grid, np.nan_to_num(seconds) // _QUARTER_S, 0).astype(np.int64) - ends
        days = np.where(on_grid, quarters // POINTS, np.iinfo(np.int32).min).astype(np.int32)
        dates = pl.select(
            pl.when(pl.Series(on_grid)).then(pl.Series(days)).otherwise(None).cast(pl.Date)
        ).to_series()
        return dates.alias("date"), quarters % POINTS

    def _numbers(self, texts: pl.DataFrame, columns: list[str]) -> tuple[Floats, list[tuple[int, int, str]]]:
        """Return (n, columns) numbers, NaN where empty, and (row, column, why) of what is no number."""
        numbers = texts.select(pl.col(name).cast(pl.Float64, strict=False) for name in columns)
        values = numbers.to_numpy().astype(np.float64, copy=True).reshape(len(texts), len(columns))
        wrong: list[tuple[int, int, str]] = []
        seen: set[int] = set()
        odd = ~np.isfinite(values)
        limit = _MOST_KW / self._form.factor if self._form.value is not Value.REGISTER else np.inf
        odd |= np.abs(values) > limit
        if not self._form.signed:
            odd |= values < 0
        if not odd.any():
            return values, wrong
        suspects = np.flatnonzero(odd.any(axis=1))
        cells = texts[suspects].select(pl.col(name).cast(pl.String) for name in columns).rows()
        rows = texts[ROW].to_list()
        for at, line in zip(suspects.tolist(), cells, strict=True):
            for place in np.flatnonzero(odd[at]).tolist():
                cell = (line[place] or "").strip()
                if not cell:
                    continue
                value = _number(cell)
                if value is not None and np.isfinite(value) and (value >= 0 or self._form.signed):
                    if abs(value) <= limit:
                        values[at, place] = value  # blanks around a number are none of its business
                        continue
                    why = f"{cell} {self._form.unit} is more than any account uses"
                elif value is not None and value < 0:
                    why = f"{cell} is negative: energy that goes back is another quantity, or say --signed"
                else:
                    why = f"{cell!r} is no number"
                if rows[at] not in seen:
                    seen.add(rows[at])
                    wrong.append((rows[at], place, why))
        return values, wrong

    def _scaled(self, keys: pl.DataFrame, values: Floats) -> Floats:
        """Return kW of what flowed; of registers kWh as the meter shows them."""
        factor = UNITS[self._form.value][self._form.unit]
        if self._form.value is Value.REGISTER:
            return values * factor
        if self._form.value is Value.ENERGY:
            factor *= 4.0  # kWh of a quarter of an hour
        if self._form.side is Side.PRIMARY:
            return values * factor
        return values * (keys["ratio"].to_numpy() * factor)[:, None]

    def _ways(self, keys: pl.DataFrame, values: Floats) -> list[Days]:
        scaled = self._scaled(keys, values)
        if not self._form.signed:
            return [Days(keys, scaled)]
        return [
            Days(keys, np.where(scaled > 0, scaled, scaled * 0.0)),
            Days(_reversed(keys), np.where(scaled < 0, -scaled, scaled * 0.0)),
        ]


def _reversed(keys: pl.DataFrame) -> pl.DataFrame:
    numbers = {int(one): int(REVERSE.get(one, one)) for one in Quantity}
    return keys.with_columns(
        pl.col("quantity").replace_strict(list(numbers), list(numbers.values()), return_dtype=pl.UInt8)
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _where(frame: pl.DataFrame, texts: pl.Series, wrong: pl.Series) -> list[tuple[int, str]]:
    if not wrong.any():
        return []
    return list(zip(frame[ROW].filter(wrong).to_list(), texts.filter(wrong).to_list(), strict=True))
