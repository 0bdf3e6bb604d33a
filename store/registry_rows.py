"""Rows of the registry's tables from values, and values from rows."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, insert, select
from sqlalchemy.orm import DeclarativeBase

from facts.endpoint import packed16
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
from store.registry_tables import (
    AssignmentRow,
    DivisionRow,
    EnterpriseRow,
    HostingRow,
    LineRow,
    NatBlockRow,
    SiteRow,
)

BATCH = 5000
"""Rows sent to the database at once, or read from it: bounds what lies in memory twice."""


def streamed(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """Yield rows without holding all of them."""
    yield from connection.execution_options(yield_per=BATCH).execute(query)


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


def enterprise_row(enterprise: Enterprise) -> dict[str, Any]:
    """Return the row of an enterprise."""
    return {
        "uscc": enterprise.uscc,
        "name": enterprise.name,
        "address": enterprise.address,
        "source": enterprise.source,
        "legal_form": enterprise.legal_form,
        "industry": enterprise.industry,
        "status": enterprise.status,
        "valid_from_ns": enterprise.valid_from_ns,
    }


def site_row(site: Site) -> dict[str, Any]:
    """Return the row of a site."""
    return {
        "id": site.id,
        "name": site.name,
        "division": site.division,
        "address": site.address,
        "longitude": site.longitude,
        "latitude": site.latitude,
        "datum": None if site.datum is None else site.datum.value,
        "source": site.source,
        "landlord": site.landlord,
        "meters": list(site.meters),
        "valid_from_ns": site.valid_from_ns,
    }


def division_row(division: DivisionPeriod) -> dict[str, Any]:
    """Return the row of a division code."""
    return {
        "code": division.code,
        "name": division.name,
        "successor": division.successor,
        "valid_from_ns": division.valid_from_ns,
        "valid_to_ns": division.valid_to_ns,
        "source": division.source,
    }


def line_row(line: Line) -> dict[str, Any]:
    """Return the row of a line."""
    return {
        "line": line.line,
        "account": line.account,
        "access_type": line.access_type,
        "uscc": line.uscc,
        "site_id": line.site,
        "valid_from_ns": line.valid_from_ns,
        "valid_to_ns": line.valid_to_ns,
        "source": line.source,
    }


def hosting_row(hosting: Hosting) -> dict[str, Any]:
    """Return the row of a hosting."""
    return {
        "site_id": hosting.site,
        "operator": hosting.operator,
        "tenant": hosting.tenant,
        "place": hosting.place,
        "valid_from_ns": hosting.valid_from_ns,
        "valid_to_ns": hosting.valid_to_ns,
        "source": hosting.source,
    }


def assignment_row(given: Assignment) -> dict[str, Any]:
    """Return the row of an assignment."""
    return {
        "first_address": given.prefix.network_address,
        "last_address": given.prefix.broadcast_address,
        "prefix_length": given.prefix.prefixlen,
        "version": given.prefix.version,
        "line": given.line,
        "uscc": given.uscc,
        "site_id": given.site,
        "valid_from_ns": given.valid_from_ns,
        "valid_to_ns": given.valid_to_ns,
        "source": given.source,
        "realm": given.realm,
        "use": given.use.value,
    }


def nat_row(block: NatBlock) -> dict[str, Any]:
    """Return the row of a port block."""
    return {
        "public_address": block.public,
        "first_port": block.first_port,
        "last_port": block.last_port,
        "realm": block.realm,
        "private_address": block.private,
        "line": block.line,
        "valid_from_ns": block.valid_from_ns,
        "valid_to_ns": block.valid_to_ns,
        "source": block.source,
    }


def enterprises(connection: Connection, *where: Any) -> Iterable[Enterprise]:
    """Yield the enterprises that meet conditions."""
    row = EnterpriseRow
    more = (row.legal_form, row.industry, row.status, row.valid_from_ns)
    for fields in connection.execute(
        select(row.uscc, row.name, row.address, row.source, *more).where(*where).order_by(row.uscc)
    ):
        yield Enterprise(*fields)


def sites(connection: Connection, *where: Any) -> Iterable[Site]:
    """Yield the sites that meet conditions."""
    row = SiteRow
    place = (row.longitude, row.latitude, row.datum)
    more = (row.landlord, row.meters, row.valid_from_ns)
    query = select(row.id, row.name, row.division, row.address, *place, row.source, *more)
    query = query.where(*where).order_by(row.id)
    for (
        key,
        name,
        code,
        address,
        longitude,
        latitude,
        datum,
        source,
        landlord,
        meters,
        from_ns,
    ) in connection.execute(query):
        known = None if datum is None else Datum(datum)
        yield Site(
            key, name, code, address, longitude, latitude, known, source, landlord, tuple(meters), from_ns
        )


def divisions(connection: Connection) -> Iterable[DivisionPeriod]:
    """Yield all division codes."""
    row = DivisionRow
    period = (row.valid_from_ns, row.valid_to_ns)
    for fields in connection.execute(
        select(row.code, row.name, row.successor, *period, row.source).order_by(row.id)
    ):
        yield DivisionPeriod(*fields)


def lines(connection: Connection, *where: Any) -> Iterable[Line]:
    """Yield the lines that meet conditions."""
    row = LineRow
    period = (row.valid_from_ns, row.valid_to_ns)
    query = select(row.line, row.account, row.access_type, row.uscc, row.site_id, *period, row.source)
    for fields in connection.execute(query.where(*where).order_by(row.id)):
        yield Line(*fields)


def hosting(connection: Connection) -> Iterable[Hosting]:
    """Yield all hostings."""
    row = HostingRow
    period = (row.valid_from_ns, row.valid_to_ns)
    query = select(row.site_id, row.operator, row.tenant, row.place, *period, row.source)
    for fields in connection.execute(query.order_by(row.id)):
        yield Hosting(*fields)


def assignments(connection: Connection, *where: Any) -> Iterable[Assignment]:
    """Yield the assignments that meet conditions."""
    row = AssignmentRow
    network = (row.first_address, row.prefix_length, row.version)
    period = (row.valid_from_ns, row.valid_to_ns)
    more = (row.source, row.realm, row.use)
    query = select(*network, row.line, row.uscc, row.site_id, *period, *more).where(*where).order_by(row.id)
    for first, length, version, line, uscc, site, from_ns, to_ns, source, realm, use in connection.execute(
        query
    ):
        given = prefix(packed16(first), length, version)
        yield Assignment(given, line, uscc, site, from_ns, to_ns, source, realm, Use(use))


def nat_blocks(connection: Connection) -> Iterable[NatBlock]:
    """Yield all port blocks."""
    row = NatBlockRow
    ports = (row.public_address, row.first_port, row.last_port)
    period = (row.valid_from_ns, row.valid_to_ns)
    query = select(*ports, row.private_address, row.line, *period, row.source, row.realm)
    for fields in streamed(connection, query.order_by(row.id)):
        yield NatBlock(*fields)


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
