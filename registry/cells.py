"""The cells of one row, parsed and judged: times, prefixes, ports, coordinates, codes."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple, TypeVar

from facts.errors import RowError
from facts.instant import nanoseconds
from registry.model import Datum, Prefix
from registry.rows import Row

MAX_ID = 100
"""Characters of a site's id or a line's: names that people copy by hand, and keys of a store's indexes."""

_T = TypeVar("_T")
_CHINA = timezone(timedelta(hours=8))  # Asia/Shanghai: no other offset since 1991
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2262, 1, 1, tzinfo=UTC)  # nanoseconds in 64 bits end in that year
_PREFIX = re.compile(r"[0-9A-Fa-f:.]+(/\d{1,3})?")  # no netmasks: 0.0.0.255 has two readings
_MAPPED = b"\0" * 10 + b"\xff\xff"
_LENGTHS = {str(bits): bits for bits in range(33)}
_KEPT = 1 << 16  # times remembered: most rows of a table repeat a few dates


class Bounds(NamedTuple):
    """A prefix as a table keeps it."""

    first: bytes
    """16 bytes, IPv4 mapped into IPv6."""
    last: bytes
    length: int
    """As written: 0 to 32 for IPv4, 0 to 128 for IPv6."""
    version: int


@lru_cache(_KEPT)
def parse_instant(text: str) -> int:
    """Return a time as nanoseconds since 1970 UTC: RFC 3339 with its zone, or a date as midnight in China.

    Raises ValueError with the reason.
    """
    bare = _DATE.fullmatch(text) is not None
    if not bare and not _INSTANT.fullmatch(text):
        raise ValueError(
            f"{text!r} is no time such as 2026-03-01T08:00:00+08:00 and no date such as 2026-03-01"
        )
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day and time of the calendar") from None
    if bare:
        at = at.replace(tzinfo=_CHINA)
    elif at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: write Z or an offset such as +08:00")
    if not _EARLIEST <= at < _LATEST:
        raise ValueError(f"{text!r} is not between 1970 and 2262; a period without end has an empty valid_to")
    return nanoseconds(at)


def parse_prefix(text: str) -> Prefix:
    """Return a prefix in its canonical form; a single address is a prefix of full length.

    An IPv6 prefix inside ::ffff:0:0/96 comes back as the IPv4 prefix it means. Raises ValueError.
    """
    if not _PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is no prefix such as 192.0.2.0/24 or 2001:db8::/32")
    try:
        loose = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no prefix such as 192.0.2.0/24 or 2001:db8::/32") from None
    if "/" in text and str(loose.network_address) != str(ip_network(text.split("/")[0]).network_address):
        raise ValueError(f"{text!r} has host bits set; the prefix that holds it is {loose}")
    if isinstance(loose, IPv6Network) and loose.prefixlen >= 96:
        mapped = loose.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, loose.prefixlen - 96))
    return loose


def parse_bounds(text: str) -> Bounds:
    """Return what `parse_prefix` does, as bytes; quick for IPv4, of which tables have millions."""
    address, slash, bits = text.partition("/")
    length = _LENGTHS.get(bits) if slash else 32
    if length is not None:
        try:
            packed = inet_pton(AF_INET, address)
        except (OSError, ValueError):
            pass
        else:
            host = (1 << (32 - length)) - 1
            number = int.from_bytes(packed, "big")
            if not number & host:
                last = (number | host).to_bytes(4, "big")
                return Bounds(_MAPPED + packed, _MAPPED + last, length, 4)
    prefix = parse_prefix(text)
    first, last = (address.packed for address in (prefix.network_address, prefix.broadcast_address))
    before = _MAPPED if prefix.version == 4 else b""
    return Bounds(before + first, before + last, prefix.prefixlen, prefix.version)


def parse_address(text: str) -> bytes:
    """Return one address as 16 bytes, IPv4 mapped. Raises ValueError."""
    try:
        return inet_pton(AF_INET6, text) if ":" in text else _MAPPED + inet_pton(AF_INET, text)
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is no IPv4 or IPv6 address") from None


def parse_port(text: str) -> int:
    """Return a port. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise ValueError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def parse_degrees(text: str, limit: int) -> float:
    """Return an angle between -limit and limit degrees. Raises ValueError."""
    value = float(text)
    if not math.isfinite(value) or abs(value) > limit:
        raise ValueError(f"{text!r} is not between -{limit} and {limit} degrees")
    return value


def parse_datum(text: str) -> Datum:
    """Return a geodetic datum. Raises ValueError."""
    try:
        return Datum(text)
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(Datum)}") from None


class Cells:
    """The cells of one row, each refused on its own, so that one look at the report mends the whole row."""

    def __init__(self, source: str, row: Row, said_by: str = "") -> None:
        self._said_by = said_by
        self._source = source
        self._row = row
        self.errors: list[RowError] = []

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not (cell := self._row.cells[column]):
            self.refuse(column, "empty")
        return cell

    def or_empty(self, column: str) -> str:
        """Return a cell that may be empty."""
        return self._row.cells[column]

    def parsed(self, column: str, parse: Callable[[str], _T]) -> _T | None:
        """Return a cell parsed; None where it is empty or its ValueError was noted."""
        try:
            return parse(cell) if (cell := self._row.cells[column]) else None
        except ValueError as error:
            self.refuse(column, str(error))
            return None

    def checked(self, column: str, fault: Callable[[str], str | None]) -> str:
        """Return a cell that must not be empty and that `fault` must not object to."""
        if (cell := self.text(column)) and (why := fault(cell)) is not None:
            self.refuse(column, why)
        return cell

    def identifier(self, column: str, *, required: bool = True) -> str:
        """Return a cell that names something: short, and not empty where it is required."""
        cell = self.text(column) if required else self._row.cells[column]
        if len(cell) > MAX_ID:
            self.refuse(column, f"longer than {MAX_ID} characters")
        return cell

    def among(self, column: str, known: set[str], what: str) -> str:
        """Return a cell that names something known."""
        cell = self.text(column)
        if cell and cell not in known:
            self.refuse(column, f"no {what} {cell!r} is known; import it first")
        return cell

    def refuse(self, column: str, why: str) -> None:
        """Note one reason why this row is refused."""
        self.errors.append(RowError(why, self._source, self._row.number, column))

    def period(self) -> tuple[int | None, int | None]:
        """Return valid_from, which must be there, and valid_to, which must be later."""
        self.text("valid_from")
        begin, end = self.parsed("valid_from", parse_instant), self.parsed("valid_to", parse_instant)
        if begin is not None and end is not None and end <= begin:
            self.refuse("valid_to", "the period ends before it begins; valid_to is its first instant after")
        return begin, end

    def said_by(self) -> str:
        """Return the row's source, by default the one given for the file, else the file's name."""
        return self._row.cells["source"] or self._said_by or re.split(r"[/\\]", self._source)[-1]
