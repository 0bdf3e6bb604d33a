"""The part of the registry that concerns some addresses or an enterprise, as it was believed at a time.

Reports are made of dates that lie back, and registries hold millions of rows: only those are read that some
address of a report lies in, with the lines, enterprises, sites and data centres that they name.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, or_, select

from facts.endpoint import Address
from registry.model import PUBLIC, Assignment, Enterprise, Hosting, Line, Prefix, RegistryData, Site
from registry.table_specs import Kind
from store.registry_rows import (
    ASSIGNMENTS,
    ENTERPRISES,
    HOSTING,
    LINES,
    SITES,
    assignment_told,
    line_told,
    site_told,
)
from store.registry_tables import (
    AssignmentRow,
    EnterpriseRow,
    HistoryRow,
    HostingRow,
    LineRow,
    SiteRow,
)

BATCH = 500
"""Values asked for with one statement."""


def of_addresses(connection: Connection, addresses: Collection[Address], known_ns: int) -> RegistryData:
    """Return what was believed at `known_ns` of some addresses. CGNAT blocks are left out: they answer for
    ports, which verdicts do not know."""
    covering = {prefix for address in addresses for prefix in _over(address)}
    held = [
        one
        for one in _assignments(connection, known_ns, {one.network_address for one in covering})
        if one.prefix in covering
    ]
    return _named(connection, held, known_ns)


def of_holder(
    connection: Connection, column: Literal["uscc", "site_id"], value: str, known_ns: int
) -> RegistryData:
    """Return what was believed at `known_ns` of an enterprise (`uscc`) or of a site (`site_id`): its lines,
    address ranges, and what they name."""
    line_column: Any = LineRow.uscc if column == "uscc" else LineRow.site_id
    range_column: Any = AssignmentRow.uscc if column == "uscc" else AssignmentRow.site_id
    lines = list(
        _lines(connection, known_ns, line_column == value, lambda record: bool(record[column] == value))
    )
    names = sorted({name for one in lines for name in (one.line, one.account) if name})
    believed = AssignmentRow.known_from_ns <= known_ns
    held = list(ASSIGNMENTS.read(connection, believed, range_column == value))
    for some in _batches(names):
        by_line = (AssignmentRow.uscc.is_(None), AssignmentRow.line.in_(some))
        held += ASSIGNMENTS.read(connection, believed, *by_line)
    wanted = set(names)
    for record in _records(connection, (Kind.ASSIGNMENTS, Kind.LEASES), known_ns):
        if record[column] == value or (record["uscc"] is None and record["line"] in wanted):
            held.append(assignment_told(record))
    found = _named(connection, held, known_ns, {value} if column == "uscc" else (), lines)
    if column == "site_id" and value not in {one.id for one in found.sites}:
        found = replace(found, sites=(*found.sites, *_sites(connection, {value}, known_ns)))
    return found


def of_places(connection: Connection, sites: Collection[str], known_ns: int) -> list[Site]:
    """Return sites as they were believed at `known_ns`, by id."""
    return sorted(_sites(connection, sites, known_ns), key=lambda one: one.id)


def of_companies(connection: Connection, codes: Collection[str], known_ns: int) -> list[Enterprise]:
    """Return enterprises as they were believed at `known_ns`, by credit code."""
    return sorted(_enterprises(connection, codes, known_ns), key=lambda one: one.uscc)


def _over(address: Address) -> Iterator[Prefix]:
    """Yield every prefix that an address lies in."""
    number, width = int(address), address.max_prefixlen
    network = IPv4Network if isinstance(address, IPv4Address) else IPv6Network
    for length in range(width + 1):
        yield network((number >> (width - length) << (width - length), length))


def _assignments(connection: Connection, known_ns: int, firsts: Collection[Address]) -> Iterator[Assignment]:
    believed = (AssignmentRow.known_from_ns <= known_ns, AssignmentRow.realm == PUBLIC)
    for some in _batches(sorted(firsts, key=lambda one: (one.version, int(one)))):
        yield from ASSIGNMENTS.read(connection, *believed, AssignmentRow.first_address.in_(some))
    for record in _records(connection, (Kind.ASSIGNMENTS, Kind.LEASES), known_ns):
        if record["realm"] == PUBLIC and ip_address(record["first_address"]) in firsts:
            yield assignment_told(record)


def _named(
    connection: Connection,
    held: Collection[Assignment],
    known_ns: int,
    codes: Collection[str] = (),
    lines: Iterable[Line] = (),
) -> RegistryData:
    """Return assignments with all that they name."""
    names = {one.line for one in held if one.uscc is None and one.line}
    found = dict.fromkeys(lines)
    for some in _batches(sorted(names)):
        either = or_(LineRow.line.in_(some), LineRow.account.in_(some))
        found |= dict.fromkeys(_lines(connection, known_ns, either, None))
    for record in _records(connection, (Kind.LINES,), known_ns):
        if record["line"] in names or record["account"] in names:
            found[line_told(record)] = None
    sites = {one.site for one in held if one.site} | {one.site for one in found}
    hosting = [one for some in _batches(sorted(sites)) for one in _hosting(connection, some, known_ns)]
    hosting += [
        _hosting_told(record)
        for record in _records(connection, (Kind.HOSTING,), known_ns)
        if record["site_id"] in sites
    ]
    companies = {one.uscc for one in held if one.uscc} | {one.uscc for one in found} | set(codes)
    companies |= {code for one in hosting for code in (one.operator, one.tenant)}
    return RegistryData(
        enterprises=tuple(_enterprises(connection, companies, known_ns)),
        sites=tuple(_sites(connection, sites, known_ns)),
        assignments=tuple(held),
        lines=tuple(found),
        hosting=tuple(hosting),
    )


def _lines(
    connection: Connection,
    known_ns: int,
    where: ColumnElement[bool],
    of_history: Callable[[dict[str, Any]], bool] | None,
) -> Iterator[Line]:
    yield from LINES.read(connection, LineRow.known_from_ns <= known_ns, where)
    if of_history is not None:
        for record in _records(connection, (Kind.LINES,), known_ns):
            if of_history(record):
                yield line_told(record)


def _enterprises(connection: Connection, codes: Collection[str], known_ns: int) -> Iterator[Enterprise]:
    for some in _batches(sorted(codes)):
        row = EnterpriseRow
        yield from ENTERPRISES.read(connection, row.known_from_ns <= known_ns, row.uscc.in_(some))
        for record in _records(connection, (Kind.ENTERPRISES,), known_ns, some):
            yield Enterprise(**record)


def _sites(connection: Connection, names: Collection[str], known_ns: int) -> Iterator[Site]:
    for some in _batches(sorted(names)):
        yield from SITES.read(connection, SiteRow.known_from_ns <= known_ns, SiteRow.id.in_(some))
        for record in _records(connection, (Kind.SITES,), known_ns, some):
            yield site_told(record)


def _hosting(connection: Connection, sites: Collection[str], known_ns: int) -> Iterator[Hosting]:
    row = HostingRow
    yield from HOSTING.read(connection, row.known_from_ns <= known_ns, row.site_id.in_(sites))


def _hosting_told(record: dict[str, Any]) -> Hosting:
    return Hosting(**{("site" if name == "site_id" else name): value for name, value in record.items()})


def _records(
    connection: Connection, kinds: Collection[Kind], known_ns: int, keys: Collection[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what the history believed at a time."""
    row = HistoryRow
    query = select(row.record).where(
        row.kind.in_([kind.value for kind in kinds]),
        row.known_from_ns <= known_ns,
        row.known_to_ns > known_ns,
    )
    if keys is not None:
        query = query.where(row.key.in_(keys))
    yield from connection.scalars(query.order_by(row.id))


def _batches(values: list[Any]) -> Iterator[list[Any]]:
    return (values[begin : begin + BATCH] for begin in range(0, len(values), BATCH))
