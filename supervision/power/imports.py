"""Small tables beside the curves: weather by division, outages, holidays. One bad row is an error with its
place."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from facts.errors import ReadError, RowError
from facts.where import Where
from supervision.power.curves import SLOTS, Floats, Outages

LOCAL = timezone(timedelta(hours=8))
"""Times without a zone are local."""
SLOT_S = 900


def rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield (row, cells by name) of a CSV file in UTF-8; the header is row 1.

    Raises ReadError where it cannot be read, RowError for a missing column or a row of another length.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            for name in needed:
                if name not in header:
                    raise RowError("no such column", str(path), 1, name)
            for number, cells in enumerate(reader, 2):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise RowError(f"{len(cells)} cells, the header has {len(header)}", str(path), number)
                yield number, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(path))) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReadError(f"not a CSV file in UTF-8: {error}", Where(str(path))) from error


def number(cells: Mapping[str, str], name: str, path: Path, row: int, low: float, high: float) -> float:
    """Return a number within bounds. Raises RowError."""
    try:
        value = float(cells[name])
    except ValueError as error:
        raise RowError(f"{cells[name]!r} is not a number", str(path), row, name) from error
    if not low <= value <= high:
        raise RowError(f"{value:g} is not between {low:g} and {high:g}", str(path), row, name)
    return value


def moment(cells: Mapping[str, str], name: str, path: Path, row: int) -> datetime:
    """Return a time; one without a zone is of China. Raises RowError."""
    try:
        at = datetime.fromisoformat(cells[name])
    except ValueError as error:
        raise RowError(
            f"{cells[name]!r} is not a time such as 2026-03-01 08:15", str(path), row, name
        ) from error
    return (at.replace(tzinfo=LOCAL) if at.tzinfo is None else at).astimezone(UTC)


def day(cells: Mapping[str, str], name: str, path: Path, row: int) -> date:
    """Return a day. Raises RowError."""
    try:
        return date.fromisoformat(cells[name])
    except ValueError as error:
        raise RowError(f"{cells[name]!r} is not a day such as 2026-03-01", str(path), row, name) from error


def weather(path: Path, divisions: Sequence[str], first: date, days: int) -> Floats:
    """Return (len(divisions), days) float32 of columns `division date celsius`; NaN where nothing is told.

    A division without rows of its own takes those of its city, then of its province (codes with zeros
    behind).
    """
    told: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}
    for row, cells in rows(path, ("division", "date", "celsius")):
        at = (day(cells, "date", path, row) - first).days
        value = number(cells, "celsius", path, row, -60, 60)
        if 0 <= at < days:
            told.setdefault(cells["division"], np.full(days, np.nan, np.float32))[at] = value
    nothing = np.full(days, np.nan, np.float32)
    made = np.empty((len(divisions), days), np.float32)
    for i, code in enumerate(divisions):
        wider = (code, f"{code[:4]}00", f"{code[:2]}0000")
        made[i] = next((told[one] for one in wider if one in told), nothing)
    return made


def outages(path: Path, accounts: Sequence[str], first: date, days: int) -> Outages:
    """Return outages of columns `account from to`; an empty account is all of them. What lies outside is
    left out."""
    place = {name: i for i, name in enumerate(accounts)}
    begin = datetime(first.year, first.month, first.day, tzinfo=LOCAL)
    found: list[tuple[int, int, int]] = []
    for row, cells in rows(path, ("account", "from", "to")):
        start, end = (moment(cells, name, path, row) for name in ("from", "to"))
        if end <= start:
            raise RowError("ends before it begins", str(path), row, "to")
        own = place.get(cells["account"]) if cells["account"] else -1
        slots = [
            int((at - begin).total_seconds() // SLOT_S) for at in (start, end - timedelta(microseconds=1))
        ]
        low, high = max(slots[0], 0), min(slots[1] + 1, days * SLOTS)
        if own is not None and low < high:
            found.append((own, low, high))
    table = np.array(found, np.int32).reshape(-1, 3)
    return Outages(table[:, 0], table[:, 1], table[:, 2])


def holidays(path: Path) -> frozenset[date]:
    """Return the days of a column `date`."""
    return frozenset(day(cells, "date", path, row) for row, cells in rows(path, ("date",)))
