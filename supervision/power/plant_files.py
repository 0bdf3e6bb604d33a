"""Plants, loads and enterprises from files: a row a day of a plant or load, a row an enterprise."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facts.errors import RowError, UsageError
from registry import divisions
from supervision.power.imports import day, number, rows
from supervision.power.output import Enterprise
from supervision.power.private_line import Load, Plant

MOST_DAYS: Final = 3_700
"""Of one watch: ten years."""
MOST_KWH, MOST_KW = 1e9, 5e6
"""A day of the largest plant there is, and a load, with room."""
KINDS: Final = ("hydro", "sun", "wind", "thermal")


def plants(path: Path) -> tuple[date, list[Plant]]:
    """Read `plant date kwh` and, where they are there, `resource held_back kind division`.

    Returns the first day of all and the plants by name; days without a row are NaN. Raises RowError.
    """
    told: dict[str, dict[date, tuple[float, float, float]]] = {}
    fixed: dict[str, tuple[str, str]] = {}
    for row, cells in rows(path, ("plant", "date", "kwh")):
        name, at = cells["plant"], day(cells, "date", path, row)
        if not name:
            raise RowError("empty", str(path), row, "plant")
        kind, place = cells.get("kind", ""), cells.get("division", "")
        if kind and kind not in KINDS:
            raise RowError(f"{kind!r} is none of {', '.join(KINDS)}", str(path), row, "kind")
        if place and (why := divisions.fault(place)) is not None:
            raise RowError(why, str(path), row, "division")
        if fixed.setdefault(name, (kind, place)) != (kind, place):
            raise RowError(f"{name} was of another kind or place before", str(path), row, "kind")
        if at in told.setdefault(name, {}):
            raise RowError(f"{name} has a row of {at} already", str(path), row, "date")
        told[name][at] = (
            number(cells, "kwh", path, row, 0, MOST_KWH),
            number(cells, "resource", path, row, -1e12, 1e12) if cells.get("resource") else np.nan,
            number(cells, "held_back", path, row, 0, MOST_KWH) if cells.get("held_back") else np.nan,
        )
    if not told:
        raise UsageError(f"{path}: no plant")
    days = [at for held in told.values() for at in held]
    first, count = min(days), (max(days) - min(days)).days + 1
    if count > MOST_DAYS:
        raise UsageError(f"{path}: {count:,} days: at most {MOST_DAYS:,} are watched together")
    made = []
    for name in sorted(told):
        series = np.full((3, count), np.nan)
        for at, values in told[name].items():
            series[:, (at - first).days] = values
        resource, held_back = (None if np.isnan(one).all() else one for one in series[1:])
        made.append(Plant(name, series[0], resource, held_back, *fixed[name]))
    return first, made


def loads(path: Path, first: date, days: int) -> list[Load]:
    """Read `load date kw` and, where it is there, `division`; what lies outside the days is left out."""
    told: dict[str, NDArray[np.float64]] = {}
    places: dict[str, str] = {}
    for row, cells in rows(path, ("load", "date", "kw")):
        name, at = cells["load"], (day(cells, "date", path, row) - first).days
        value = number(cells, "kw", path, row, 0, MOST_KW)
        if not name:
            raise RowError("empty", str(path), row, "load")
        place = cells.get("division", "")
        if place and (why := divisions.fault(place)) is not None:
            raise RowError(why, str(path), row, "division")
        if places.setdefault(name, place) != place:
            raise RowError(f"{name} was at another place before", str(path), row, "division")
        series = told.setdefault(name, np.full(days, np.nan))
        if not 0 <= at < days:
            continue
        if np.isfinite(series[at]):
            raise RowError(f"{name} has a row of that day already", str(path), row, "date")
        series[at] = value
    return [Load(name, told[name], places[name]) for name in sorted(told)]


def enterprises(path: Path, energy: Mapping[str, float] | None = None) -> list[Enterprise]:
    """Read `uscc industry` and `output_cny headcount kwh`, empty where unknown.

    `energy`: kWh by credit code, for a file without the column `kwh`; who has none of it is left out.
    Raises RowError for a row that says nothing of output, or is there twice.
    """
    needed = ("uscc", "industry") if energy is not None else ("uscc", "industry", "kwh")
    found: list[Enterprise] = []
    seen: set[str] = set()
    for row, cells in rows(path, needed):
        code, industry = cells["uscc"], cells["industry"].upper()
        if code in seen:
            raise RowError("is there already", str(path), row, "uscc")
        seen.add(code)
        letter, digits = industry[:1], industry[1:]
        if not ("A" <= letter <= "T") or not (digits.isdigit() and 2 <= len(digits) <= 4):
            raise RowError(f"{industry!r} is no class such as C3216", str(path), row, "industry")
        output, heads = (
            number(cells, name, path, row, 0, 1e13) if cells.get(name) else None
            for name in ("output_cny", "headcount")
        )
        if output is None and heads is None:
            raise RowError("neither output_cny nor headcount", str(path), row, "output_cny")
        kwh = (
            number(cells, "kwh", path, row, 0, 1e11)
            if energy is None or cells.get("kwh")
            else energy.get(code)
        )
        if kwh is not None:
            found.append(Enterprise(code, industry, kwh, output, heads))
    return found
