"""What the registry knows, as values: enterprises, sites, and which line had which prefix when."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

Prefix = IPv4Network | IPv6Network


class Datum(StrEnum):
    """The geodetic datum of a coordinate pair; coordinates of different data lie up to 700 m apart."""

    WGS_84 = "WGS-84"
    GCJ_02 = "GCJ-02"
    CGCS2000 = "CGCS2000"


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


@dataclass(frozen=True, slots=True)
class Assignment:
    """One prefix given to one subscriber line for one period."""

    prefix: Prefix
    """Never an IPv6 prefix inside ::ffff:0:0/96: that is written as the IPv4 prefix it means."""
    line: str
    """Identifier of the subscriber line."""
    uscc: str
    """The enterprise that holds the line."""
    site: str
    """Id of the site where the line ends."""
    valid_from_ns: int
    """First instant of the period (inclusive), nanoseconds since 1970 UTC."""
    valid_to_ns: int | None
    """First instant after the period (exclusive); None while it lasts."""
    source: str


@dataclass(frozen=True, slots=True)
class RegistryData:
    """A whole registry. Every assignment's `uscc` and `site` is held here; order carries no meaning."""

    enterprises: tuple[Enterprise, ...] = ()
    sites: tuple[Site, ...] = ()
    assignments: tuple[Assignment, ...] = ()
