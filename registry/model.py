"""What the registry knows, as values: who there is, where they are, and which line had which address when.

Every period is `valid_from_ns` (its first instant) to `valid_to_ns` (its first instant after; None while it
lasts), nanoseconds since 1970 UTC.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from facts.endpoint import Address

if TYPE_CHECKING:
    from registry.power_accounts import PowerAccount

Prefix = IPv4Network | IPv6Network

PUBLIC = ""
"""The realm of addresses that are the same everywhere; other realms are networks with private addresses."""


class Datum(StrEnum):
    """The geodetic datum of a coordinate pair; coordinates of different data lie up to 700 m apart."""

    WGS_84 = "WGS-84"
    GCJ_02 = "GCJ-02"
    CGCS2000 = "CGCS2000"


class Use(StrEnum):
    """What an assigned prefix is for."""

    LINE = "line"
    """One line has it."""
    LEASE = "lease"
    """One line has it for now, as an access log (RADIUS, DHCP) says."""
    NAT = "nat"
    """A pool that many subscribers share at once: only a CGNAT log tells them apart."""
    DYNAMIC = "dynamic"
    """A pool that gives its addresses out for a time: only an access log tells to whom."""


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A legal body, known by its unified social credit code."""

    uscc: str
    """Unified social credit code, 18 characters, both check characters verified."""
    name: str
    address: str
    """Registered address; empty where unknown. Where its machines stand is the site's address."""
    source: str
    """Who said so."""
    legal_form: str = ""
    industry: str = ""
    """Code or name of the national economy's industry, as the source has it."""
    status: str = ""
    """Its standing with the registrar, e.g. 存续 or 注销, as the source has it."""
    valid_from_ns: int | None = None
    """Since when these particulars are true; None where nobody said."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place where lines end and machines stand."""

    id: str
    name: str
    division: str
    """GB/T 2260 code, six digits."""
    address: str
    longitude: float | None
    """Degrees east, -180 to 180; None where the place was never measured."""
    latitude: float | None
    """Degrees north, -90 to 90; None together with `longitude`."""
    datum: Datum | None
    """None together with `longitude`."""
    source: str
    landlord: str = ""
    """Credit code or name of who owns the place."""
    meters: tuple[str, ...] = ()
    """Numbers of its electricity meters."""
    valid_from_ns: int | None = None
    """Since when these particulars are true; None where nobody said."""


@dataclass(frozen=True, slots=True)
class DivisionPeriod:
    """An administrative division code in the period in which it meant one division."""

    code: str
    name: str
    successor: str
    """The code that took its place; empty where none did."""
    valid_from_ns: int
    valid_to_ns: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """A subscriber line: who has it and where it ends, for a period."""

    line: str
    account: str
    """What access logs name the subscriber by; empty where unknown."""
    access_type: str
    uscc: str
    site: str
    valid_from_ns: int
    valid_to_ns: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One prefix given to one subscriber line for one period."""

    prefix: Prefix
    """Never an IPv6 prefix inside ::ffff:0:0/96: that is written as the IPv4 prefix it means."""
    line: str
    """The line, or what an access log calls the subscriber; empty for a pool."""
    uscc: str | None
    """The enterprise that holds the line; None where the line tells."""
    site: str | None
    """Id of the site where the line ends; None together with `uscc`."""
    valid_from_ns: int
    valid_to_ns: int | None
    source: str
    realm: str = PUBLIC
    """The address space; IPv6 knows the public one only."""
    use: Use = Use.LINE


@dataclass(frozen=True, slots=True)
class NatBlock:
    """A block of ports of a public address, given to one private address or one line for a period."""

    public: Address
    first_port: int
    last_port: int
    """Inclusive."""
    private: Address | None
    """None where the log names the line at once."""
    line: str
    """Empty where the private address tells it."""
    valid_from_ns: int
    valid_to_ns: int | None
    source: str
    realm: str = PUBLIC
    """The address space of `private`."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """A data centre in which one enterprise houses the machines of another, for a period."""

    site: str
    operator: str
    """Credit code of who runs the data centre."""
    tenant: str
    """Credit code of whose machines stand there."""
    place: str
    """Room, cage or racks; empty where unknown."""
    valid_from_ns: int
    valid_to_ns: int | None
    source: str


@dataclass(frozen=True, slots=True)
class RegistryData:
    """A whole registry. Every credit code and site that it names is held here; order carries no meaning."""

    enterprises: tuple[Enterprise, ...] = ()
    sites: tuple[Site, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    lines: tuple[Line, ...] = ()
    nat_blocks: tuple[NatBlock, ...] = ()
    hosting: tuple[Hosting, ...] = ()
    divisions: tuple[DivisionPeriod, ...] = ()
    power_accounts: "tuple[PowerAccount, ...]" = ()
