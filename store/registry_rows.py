"""Rows of the registry's tables from values, and values from rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from itertools import islice
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, insert, select
from sqlalchemy.orm import DeclarativeBase

from facts.endpoint import Address, packed16
from registry.model import (
    Assignment,
    Datum,
    DivisionPeriod,
    Enterprise,
    Hosting,
    Line,
    NatBlock,
    Prefix,
    Site,
    Use,
)
from registry.power_accounts import FIELDS, fields_of, power_account
from store.registry_tables import (
    AssignmentRow,
    DivisionRow,
    EnterpriseRow,
    HostingRow,
    LineRow,
    NatBlockRow,
    PowerAccountRow,
    SiteRow,
)

T = TypeVar("T")

BATCH = 5000
"""Rows sent to the database at once, or read from it: bounds what lies in memory twice."""


def streamed(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """Yield rows without holding all of them."""
    yield from connection.execute(query, execution_options={"yield_per": BATCH})


def put(
    connection: Connection,
    table: type[DeclarativeBase],
    rows: Iterator[dict[str, Any]],
    more: dict[str, Any],
) -> int:
    """Put rows in, each with `more`; return how many."""
    count = 0
    while batch := [row | more for row in islice(rows, BATCH)]:
        connection.execute(insert(table), batch)
        count += len(batch)
    return count


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How a kind of value lies in its table: one place for writing it and reading it."""

    table: type[DeclarativeBase]
    columns: tuple[str, ...]
    row: Callable[[T], tuple[Any, ...]]
    """The columns' values of a value."""
    value: Callable[..., T]
    """The value of the columns' values."""
    order: str = "id"
    """The column that tells the order of reading."""

    def rows(self, values: Iterable[T]) -> Iterator[dict[str, Any]]:
        """Yield values as rows."""
        for value in values:
            yield dict(zip(self.columns, self.row(value), strict=True))

    def read(self, connection: Connection, *where: ColumnElement[bool]) -> Iterator[T]:
        """Yield the values of the rows that meet conditions, without holding all of them."""
        columns = self.table.__table__.c
        query = select(*(columns[name] for name in self.columns)).where(*where).order_by(columns[self.order])
        for fields in streamed(connection, query):
            yield self.value(*fields)


def _site(place: str, name: str, code: str, address: str, *rest: Any) -> Site:
    longitude, latitude, datum, source, landlord, meters, from_ns = rest
    known = None if datum is None else Datum(datum)
    return Site(
        place, name, code, address, longitude, latitude, known, source, landlord, tuple(meters), from_ns
    )


def _assignment(first: Address, last: Address, length: int, version: int, *rest: Any) -> Assignment:
    line, uscc, site, from_ns, to_ns, source, realm, use = rest
    given = prefix(packed16(first), length, version)
    return Assignment(given, line, uscc, site, from_ns, to_ns, source, realm, Use(use))


_PERIOD = ("valid_from_ns", "valid_to_ns", "source")

ENTERPRISES = Shape(
    EnterpriseRow,
    ("uscc", "name", "address", "source", "legal_form", "industry", "status", "valid_from_ns"),
    lambda e: (e.uscc, e.name, e.address, e.source, e.legal_form, e.industry, e.status, e.valid_from_ns),
    Enterprise,
    "uscc",
)
SITES = Shape(
    SiteRow,
    (
        *("id", "name", "division", "address", "longitude", "latitude", "datum", "source"),
        *("landlord", "meters", "valid_from_ns"),
    ),
    lambda s: (
        *(s.id, s.name, s.division, s.address, s.longitude, s.latitude),
        *(None if s.datum is None else s.datum.value, s.source, s.landlord, list(s.meters), s.valid_from_ns),
    ),
    _site,
)
DIVISIONS = Shape(
    DivisionRow,
    ("code", "name", "successor", *_PERIOD),
    lambda d: (d.code, d.name, d.successor, d.valid_from_ns, d.valid_to_ns, d.source),
    DivisionPeriod,
)
LINES = Shape(
    LineRow,
    ("line", "account", "access_type", "uscc", "site_id", *_PERIOD),
    lambda n: (
        n.line,
        n.account,
        n.access_type,
        n.uscc,
        n.site,
        n.valid_from_ns,
        n.valid_to_ns,
        n.source,
    ),
    Line,
)
HOSTING = Shape(
    HostingRow,
    ("site_id", "operator", "tenant", "place", *_PERIOD),
    lambda h: (h.site, h.operator, h.tenant, h.place, h.valid_from_ns, h.valid_to_ns, h.source),
    Hosting,
)
POWER_ACCOUNTS = Shape(PowerAccountRow, FIELDS, fields_of, power_account)
ASSIGNMENTS = Shape(
    AssignmentRow,
    (
        *("first_address", "last_address", "prefix_length", "version", "line", "uscc", "site_id"),
        *(*_PERIOD, "realm", "use"),
    ),
    lambda a: (
        *(a.prefix.network_address, a.prefix.broadcast_address, a.prefix.prefixlen, a.prefix.version),
        *(a.line, a.uscc, a.site, a.valid_from_ns, a.valid_to_ns, a.source, a.realm, a.use.value),
    ),
    _assignment,
)
NAT_BLOCKS = Shape(
    NatBlockRow,
    ("public_address", "first_port", "last_port", "private_address", "line", *_PERIOD, "realm"),
    lambda b: (
        *(b.public, b.first_port, b.last_port, b.private, b.line),
        *(b.valid_from_ns, b.valid_to_ns, b.source, b.realm),
    ),
    NatBlock,
)


def site_told(record: dict[str, Any]) -> Site:
    """Return a site of a record of the history."""
    meters = record.pop("meters")
    datum = record.pop("datum")
    return Site(**record, datum=None if datum is None else Datum(datum), meters=tuple(meters))


def line_told(record: dict[str, Any]) -> Line:
    """Return a line of a record of the history."""
    return Line(**{("site" if name == "site_id" else name): value for name, value in record.items()})


def assignment_told(record: dict[str, Any]) -> Assignment:
    """Return an assignment or a lease of a record of the history."""
    first, version = record["first_address"], record["version"]
    network = IPv4Network if version == 4 else IPv6Network
    return Assignment(
        network((first, record["prefix_length"])),
        record["line"],
        record["uscc"],
        record["site_id"],
        record["valid_from_ns"],
        record["valid_to_ns"],
        record["source"],
        record["realm"],
        Use(record["use"]),
    )


def prefix(packed: bytes, length: int, version: int) -> Prefix:
    """Return the prefix; the version counts, since the IPv6 prefix ::/0 begins where no address tells it."""
    return IPv4Network((packed[12:], length)) if version == 4 else IPv6Network((packed, length))
