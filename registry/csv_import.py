"""A folder of CSV files to a registry; every refused row is reported with its row and reason."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from facts.errors import RowError
from registry import divisions, uscc
from registry.cells import MAX_ID as MAX_ID  # part of this file's interface
from registry.cells import Cells, parse_datum, parse_degrees
from registry.cells import parse_instant as parse_instant
from registry.cells import parse_prefix as parse_prefix
from registry.model import Assignment, Enterprise, Prefix, RegistryData, Site
from registry.rows import Report, read_rows

ENTERPRISE_COLUMNS = (("uscc", "name"), ("address", "source"))
SITE_COLUMNS = (("id", "name", "division", "address"), ("longitude", "latitude", "datum", "source"))
ASSIGNMENT_COLUMNS = (("prefix", "line", "uscc", "site", "valid_from"), ("valid_to", "source"))
"""Required and optional columns of the three files; their order in the file is free."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a folder gave."""

    data: RegistryData | None
    """The accepted rows; None where `all_or_nothing` was asked and a row was refused."""
    errors: tuple[RowError, ...]
    """Every refused row, by file and row; a row that is wrong in several columns appears with each."""
    notices: tuple[str, ...]
    """What a person should know, e.g. that a file was read as GB18030."""
    rows: int
    """Rows read, headers and empty lines not counted."""


def load_folder(folder: Path | Traversable, *, all_or_nothing: bool = False) -> Imported:
    """Read enterprises.csv, sites.csv and assignments.csv of `folder` (formats: docs/registry.md).

    Raises ReadError where a file is missing or is no text table.
    """
    report = Report()
    enterprises = _unique(folder / "enterprises.csv", ENTERPRISE_COLUMNS, "uscc", _enterprise, report)
    sites = _unique(folder / "sites.csv", SITE_COLUMNS, "id", _site, report)
    assignments = tuple(_assignments(folder / "assignments.csv", enterprises, sites, report))
    refused = bool(report.errors) and all_or_nothing
    data = RegistryData(tuple(enterprises.values()), tuple(sites.values()), assignments)
    order = {str(folder / f"{name}.csv"): place for place, name in enumerate(("enterprises", "sites"))}
    errors = sorted(report.errors, key=lambda error: (order.get(error.source, len(order)), error.row))
    return Imported(None if refused else data, tuple(errors), tuple(report.notices), report.rows)


def load_sample() -> RegistryData:
    """Return the generated sample registry that comes with the package.

    Raises RowError where the installed files were changed and are wrong now.
    """
    imported = load_folder(files("registry") / "sample")
    if imported.errors or imported.data is None:
        raise imported.errors[0]
    return imported.data


def _enterprise(cells: Cells) -> Enterprise:
    return Enterprise(
        uscc=cells.checked("uscc", uscc.fault),
        name=cells.text("name"),
        address=cells.or_empty("address"),
        source=cells.said_by(),
    )


def _site(cells: Cells) -> Site:
    longitude = cells.parsed("longitude", lambda text: parse_degrees(text, 180))
    latitude = cells.parsed("latitude", lambda text: parse_degrees(text, 90))
    datum = cells.parsed("datum", parse_datum)
    place = {column: cells.or_empty(column) for column in ("longitude", "latitude", "datum")}
    if any(place.values()):
        for column in (column for column, cell in place.items() if not cell):
            cells.refuse(column, "longitude, latitude and datum belong together: all three or none")
    return Site(
        id=cells.identifier("id"),
        name=cells.text("name"),
        division=cells.checked("division", divisions.fault),
        address=cells.text("address"),
        longitude=longitude,
        latitude=latitude,
        datum=datum,
        source=cells.said_by(),
    )


def _unique(
    file: Path | Traversable,
    columns: tuple[tuple[str, ...], tuple[str, ...]],
    key: str,
    build: Callable[[Cells], _T],
    report: Report,
) -> dict[str, _T]:
    """Read one table whose `key` column names each row; of rows with the same key the first counts."""
    found: dict[str, _T] = {}
    seen: dict[str, int] = {}
    for row in read_rows(file, *columns, report):
        cells = Cells(str(file), row)
        made = build(cells)
        name = row.cells[key]
        if name and (first := seen.setdefault(name, row.number)) != row.number:
            cells.refuse(key, f"{name!r} is in row {first} already")
        if cells.errors:
            report.errors.extend(cells.errors)
        else:
            found[name] = made
    return found


def _assignments(
    file: Path | Traversable, enterprises: dict[str, Enterprise], sites: dict[str, Site], report: Report
) -> Iterator[Assignment]:
    """Yield the good rows, those that contradict another row of the same source left out."""
    rows: dict[Assignment, int] = {}
    for row in read_rows(file, *ASSIGNMENT_COLUMNS, report):
        cells = Cells(str(file), row)
        made = _assignment(cells)
        if (named := row.cells["uscc"]) and named not in enterprises:
            cells.refuse("uscc", f"no accepted row of enterprises.csv has {named!r}")
        if (named := row.cells["site"]) and named not in sites:
            cells.refuse("site", f"no accepted row of sites.csv has {named!r}")
        if made is not None and (first := rows.get(made)) is not None:
            cells.refuse("prefix", f"repeats row {first}")
        if made is not None and not cells.errors:
            rows[made] = row.number
        report.errors.extend(cells.errors)
    contradicting = _overlaps(rows)
    for made, number in rows.items():
        if (other := contradicting.get(number)) is None:
            yield made
        else:
            why = f"period overlaps that of row {other} for {made.prefix}, both said by {made.source!r}"
            report.errors.append(RowError(why, str(file), number, "valid_from"))


def _assignment(cells: Cells) -> Assignment | None:
    """Build one assignment; None where a cell was refused."""
    for column in ("prefix", "valid_from"):
        cells.text(column)
    prefix = cells.parsed("prefix", parse_prefix)
    valid_from = cells.parsed("valid_from", parse_instant)
    valid_to = cells.parsed("valid_to", parse_instant)
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        cells.refuse("valid_to", "the period ends before it begins; valid_to is its first instant after")
    line, code, site = cells.identifier("line"), cells.text("uscc"), cells.text("site")
    if prefix is None or valid_from is None or cells.errors:
        return None
    return Assignment(prefix, line, code, site, valid_from, valid_to, cells.said_by())


def _overlaps(rows: dict[Assignment, int]) -> dict[int, int]:
    """Return for each row whose period overlaps another's of the same prefix and source, one such other.

    Neither of the two is trusted: which one is right is not known here.
    """
    groups: dict[tuple[Prefix, str], list[tuple[int, float, int]]] = {}
    for made, number in rows.items():
        end = math.inf if made.valid_to_ns is None else made.valid_to_ns
        groups.setdefault((made.prefix, made.source), []).append((made.valid_from_ns, end, number))
    found: dict[int, int] = {}
    for periods in groups.values():
        periods.sort()
        _, latest_end, latest = periods[0]
        for begin, end, number in periods[1:]:
            if begin < latest_end:
                found[number] = latest
                found.setdefault(latest, number)
            if end > latest_end:
                latest_end, latest = end, number
    return found
