"""The tables of a registry as files have them: columns, records, and what makes a record one of a kind.

A record is a tuple of plain values in the order of `TableSpec.fields`, which are the columns of the store's
table: addresses as 16 bytes with IPv4 mapped into IPv6, times as nanoseconds since 1970 UTC.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from facts.endpoint import unpacked16
from registry import divisions, power_accounts, uscc
from registry.cells import (
    Cells,
    parse_address,
    parse_bounds,
    parse_datum,
    parse_degrees,
    parse_instant,
    parse_port,
)
from registry.division_table import SUCCESSORS
from registry.model import Use

Record = tuple[Any, ...]


class Kind(StrEnum):
    """The tables, in the order in which they are imported: what others name comes first."""

    DIVISIONS = "divisions"
    ENTERPRISES = "enterprises"
    SITES = "sites"
    LINES = "lines"
    HOSTING = "hosting"
    POWER_ACCOUNTS = "power-accounts"
    ASSIGNMENTS = "assignments"
    LEASES = "leases"
    NAT = "nat"


@dataclass(slots=True)
class Known:
    """What a row may refer to."""

    enterprises: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    divisions: dict[str, list[tuple[int, int | None, str]]] = field(default_factory=dict)
    """Periods of each code, and its successor; empty where no table of divisions was imported."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One kind of table."""

    kind: Kind
    table: str
    """Name of the store's table."""
    required: tuple[str, ...]
    """Columns that a file must have."""
    optional: tuple[str, ...]
    fields: tuple[str, ...]
    """Names of a record's values."""
    key: tuple[str, ...]
    """The fields that make a record one of a kind: an import changes the record with the same key."""
    group: tuple[str, ...]
    """Where not empty: of records that are equal in these fields no two periods may overlap."""
    parse: Callable[[Cells, Known], Record]
    """Makes a record of a row; what is wrong with it goes into the cells' `errors`."""
    shown: Callable[[Record], str]
    """What a person asks a record by."""


def _enterprise(cells: Cells, known: Known) -> Record:
    return (
        cells.checked("uscc", uscc.fault),
        cells.text("name"),
        cells.or_empty("address"),
        cells.said_by(),
        cells.or_empty("legal_form"),
        cells.or_empty("industry"),
        cells.or_empty("status"),
        cells.parsed("valid_from", parse_instant),
    )


def _site(cells: Cells, known: Known) -> Record:
    longitude = cells.parsed("longitude", lambda text: parse_degrees(text, 180))
    latitude = cells.parsed("latitude", lambda text: parse_degrees(text, 90))
    datum = cells.parsed("datum", parse_datum)
    place = {column: cells.or_empty(column) for column in ("longitude", "latitude", "datum")}
    if any(place.values()):
        for column in (column for column, cell in place.items() if not cell):
            cells.refuse(column, "longitude, latitude and datum belong together: all three or none")
    begin = cells.parsed("valid_from", parse_instant)
    division = cells.checked("division", divisions.fault)
    if division and not cells.errors and (why := _not_a_division(division, begin, known)) is not None:
        cells.refuse("division", why)
    meters = [number for part in cells.or_empty("meters").split(";") if (number := part.strip())]
    return (
        cells.identifier("id"),
        cells.text("name"),
        division,
        cells.text("address"),
        longitude,
        latitude,
        None if datum is None else datum.value,
        cells.said_by(),
        cells.or_empty("landlord"),
        json.dumps(meters, separators=(",", ":")),
        begin,
    )


def _not_a_division(code: str, at_ns: int | None, known: Known) -> str | None:
    """Return why a code named no division then (None: ever), as far as the table of divisions goes."""
    if not known.divisions:
        return None
    periods = known.divisions.get(code, [])
    if not periods:
        return f"the table of divisions has no code {code}"
    if at_ns is None or any(begin <= at_ns and (end is None or at_ns < end) for begin, end, _ in periods):
        return None
    successor = periods[-1][2]
    took = " and ".join(successor.split(SUCCESSORS))
    return f"code {code} named no division then" + (f"; {took} took its place" if successor else "")


def _division(cells: Cells, known: Known) -> Record:
    code, name = cells.checked("code", divisions.fault), cells.text("name")
    successors = [one for part in cells.or_empty("successor").split(SUCCESSORS) if (one := part.strip())]
    for one in successors:
        if (why := divisions.fault(one)) is not None:
            cells.refuse("successor", why)
    _says_so(cells, code)
    return code, name, SUCCESSORS.join(successors), *cells.period(), cells.said_by()


def _says_so(cells: Cells, code: str) -> None:
    """Refuse a level or a parent, where a table has them, that are not those of the code."""
    if not code or divisions.fault(code) is not None:
        return
    own = divisions.division(code)
    level = cells.or_empty("level")
    if level and level != own.level:
        cells.refuse("level", f"{code} is a {own.level}, not {level!r}")
    parents = {"province": ("",), "prefecture": (own.province,), "county": (own.prefecture, own.province)}
    parent = cells.or_empty("parent")
    if parent and parent not in parents[own.level]:
        cells.refuse("parent", f"{parent!r} is no parent of {code}")


def _line(cells: Cells, known: Known) -> Record:
    return (
        cells.identifier("line"),
        cells.identifier("account", required=False),
        cells.or_empty("access_type"),
        cells.among("uscc", known.enterprises, "enterprise"),
        cells.among("site", known.sites, "site"),
        *cells.period(),
        cells.said_by(),
    )


def _hosting(cells: Cells, known: Known) -> Record:
    return (
        cells.among("site", known.sites, "site"),
        cells.among("operator", known.enterprises, "enterprise"),
        cells.among("tenant", known.enterprises, "enterprise"),
        cells.or_empty("place"),
        *cells.period(),
        cells.said_by(),
    )


_NO_BOUNDS = (b"", b"", 0, 4)
_LINE_USE = Use.LINE.value
_POOLS = (Use.NAT.value, Use.DYNAMIC.value)


def _assignment(cells: Cells, known: Known) -> Record:
    cells.text("prefix")
    bounds = cells.parsed("prefix", parse_bounds) or _NO_BOUNDS
    use = cells.or_empty("use") or _LINE_USE
    pool = use in _POOLS
    if use != _LINE_USE and not pool:
        cells.refuse("use", f"{use!r} is none of line, nat, dynamic")
    line = cells.identifier("line", required=not pool)
    code: str | None = cells.or_empty("uscc") or None
    site: str | None = cells.or_empty("site") or None
    if code is not None and code not in known.enterprises:
        cells.refuse("uscc", f"no enterprise {code!r} is known; import it first")
    if site is not None and site not in known.sites:
        cells.refuse("site", f"no site {site!r} is known; import it first")
    if (code is None) != (site is None):
        cells.refuse("uscc" if code is None else "site", "uscc and site belong together: both or none")
    return (
        *bounds,
        line,
        code,
        site,
        *cells.period(),
        cells.said_by(),
        _realm(cells, bounds[3]),
        use,
    )


def _lease(cells: Cells, known: Known) -> Record:
    cells.text("prefix")
    bounds = cells.parsed("prefix", parse_bounds) or _NO_BOUNDS
    line = cells.identifier("line")
    period = cells.period()
    realm = _realm(cells, bounds[3])
    return *bounds, line, None, None, *period, cells.said_by(), realm, Use.LEASE.value


def _realm(cells: Cells, version: int) -> str:
    realm = cells.identifier("realm", required=False)
    if realm and version == 6:
        cells.refuse("realm", "IPv6 addresses are public: they need no realm")
    return realm


def _nat(cells: Cells, known: Known) -> Record:
    for column in ("public", "first_port", "last_port"):
        cells.text(column)
    public = cells.parsed("public", parse_address) or b""
    if public and public[:12] != _V4_HEAD:
        cells.refuse("public", "only public IPv4 addresses are shared by port")
    first, last = cells.parsed("first_port", parse_port), cells.parsed("last_port", parse_port)
    if first is not None and last is not None and last < first:
        cells.refuse("last_port", "the block ends before it begins")
    private = cells.parsed("private", parse_address)
    if private is not None and private[:12] != _V4_HEAD:
        cells.refuse("private", "only private IPv4 addresses are read; name the line instead")
    line = cells.identifier("line", required=False)
    if not line and not cells.or_empty("private"):
        cells.refuse("private", "the block names neither a private address nor a line")
    return (
        public,
        first,
        last,
        cells.identifier("realm", required=False),
        None if line else private,
        line,
        *cells.period(),
        cells.said_by(),
    )


_V4_HEAD = b"\0" * 10 + b"\xff\xff"
_PERIOD = ("valid_from_ns", "valid_to_ns", "source")
_ADDRESS = ("first_address", "last_address", "prefix_length", "version", "line", "uscc", "site_id")
_ASSIGNED = (*_ADDRESS, *_PERIOD, "realm", "use")
_ASSIGNED_KEY = ("first_address", "prefix_length", "valid_from_ns", "source", "realm")


def _shown_prefix(record: Record) -> str:
    return f"{shown_address(record[0])}/{record[2]}"


def shown_address(packed: bytes) -> str:
    """Return an address of 16 bytes as people write it."""
    return str(unpacked16(packed))


SPECS: dict[Kind, TableSpec] = {
    spec.kind: spec
    for spec in (
        TableSpec(
            Kind.DIVISIONS,
            "divisions",
            ("code", "name", "valid_from"),
            ("valid_to", "successor", "level", "parent", "source"),
            ("code", "name", "successor", *_PERIOD),
            ("code", "valid_from_ns"),
            ("code",),
            _division,
            lambda record: str(record[0]),
        ),
        TableSpec(
            Kind.ENTERPRISES,
            "enterprises",
            ("uscc", "name"),
            ("address", "legal_form", "industry", "status", "valid_from", "source"),
            ("uscc", "name", "address", "source", "legal_form", "industry", "status", "valid_from_ns"),
            ("uscc",),
            (),
            _enterprise,
            lambda record: str(record[0]),
        ),
        TableSpec(
            Kind.SITES,
            "sites",
            ("id", "name", "division", "address"),
            ("longitude", "latitude", "datum", "landlord", "meters", "valid_from", "source"),
            (
                *("id", "name", "division", "address", "longitude", "latitude", "datum", "source"),
                *("landlord", "meters", "valid_from_ns"),
            ),
            ("id",),
            (),
            _site,
            lambda record: str(record[0]),
        ),
        TableSpec(
            Kind.LINES,
            "lines",
            ("line", "uscc", "site", "valid_from"),
            ("account", "access_type", "valid_to", "source"),
            ("line", "account", "access_type", "uscc", "site_id", *_PERIOD),
            ("line", "valid_from_ns", "source"),
            ("line", "source"),
            _line,
            lambda record: str(record[0]),
        ),
        TableSpec(
            Kind.HOSTING,
            "hosting",
            ("site", "operator", "tenant", "valid_from"),
            ("place", "valid_to", "source"),
            ("site_id", "operator", "tenant", "place", *_PERIOD),
            ("site_id", "operator", "tenant", "valid_from_ns", "source"),
            (),
            _hosting,
            lambda record: str(record[0]),
        ),
        TableSpec(
            Kind.POWER_ACCOUNTS,
            "power_accounts",
            power_accounts.REQUIRED,
            power_accounts.OPTIONAL,
            power_accounts.FIELDS,
            ("number", "valid_from_ns", "source"),
            ("number", "source"),
            power_accounts.record,
            lambda record: str(record[0]),
        ),
        TableSpec(
            Kind.ASSIGNMENTS,
            "assignments",
            ("prefix", "line", "valid_from"),
            ("uscc", "site", "valid_to", "use", "realm", "source"),
            _ASSIGNED,
            _ASSIGNED_KEY,
            ("first_address", "prefix_length", "source", "realm"),
            _assignment,
            _shown_prefix,
        ),
        TableSpec(
            Kind.LEASES,
            "assignments",
            ("prefix", "line", "valid_from"),
            ("valid_to", "realm", "source"),
            _ASSIGNED,
            _ASSIGNED_KEY,
            (),  # logs lose lines: what overlaps is kept, and the attribution says so
            _lease,
            _shown_prefix,
        ),
        TableSpec(
            Kind.NAT,
            "nat_blocks",
            ("public", "first_port", "last_port", "valid_from"),
            ("private", "line", "realm", "valid_to", "source"),
            (
                *("public_address", "first_port", "last_port", "realm", "private_address", "line"),
                *_PERIOD,
            ),
            ("public_address", "first_port", "last_port", "valid_from_ns", "source"),
            (),
            _nat,
            lambda record: f"{shown_address(record[0])}:{record[1]}-{record[2]}",
        ),
    )
}
"""What is known of each kind."""
