"""Access logs to leases: RADIUS accounting in FreeRADIUS `detail` form, and ISC `dhcpd.leases`."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from facts.errors import RowError
from facts.instant import nanoseconds
from registry.cells import Bounds, parse_bounds, parse_prefix
from registry.log_lines import LogClock, stamp_of
from registry.model import Use
from registry.rows import Report
from registry.table_specs import Record

MAX_BLOCK = 1000
"""Lines of one packet or one lease."""

_ATTRIBUTE = re.compile(r"\s*([\w-]+)\s*\+?=\s*(?:\"(.*)\"|(.*?))\s*$")
_LEASE = re.compile(r"\s*lease\s+(\d{1,3}(?:\.\d{1,3}){3})\s*\{")
_TIME = re.compile(r"\d (\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)")
_CIRCUIT = re.compile(r"\s*option agent\.circuit-id \"?([^\";]+)\"?;")
_HARDWARE = re.compile(r"\s*hardware \w+ ([0-9a-fA-F:]+);")
_ADDRESSES = ("Framed-IP-Address", "Framed-IPv6-Prefix", "Delegated-IPv6-Prefix", "Framed-IPv6-Address")

Held = dict[tuple[bytes, int], tuple[str, int]]
"""(first address, prefix length) to (line, since when)."""


def read_radius(
    lines: Iterable[tuple[int, str]],
    source: str,
    clock: LogClock,
    said_by: str,
    report: Report,
    held: Held,
    realm: str = "",
) -> Iterator[tuple[int, Record]]:
    """Yield (line number, record of a lease) of accounting packets: one blank line ends each.

    `Acct-Status-Type` Start (or an Interim-Update without one) begins a lease of every address that the
    packet names, Stop ends it; `User-Name` is the subscriber. The time is `Event-Timestamp`, `Timestamp`
    (seconds since 1970) or the packet's first line. `held` carries leases on from an earlier log.
    """
    begun: dict[tuple[bytes, int], tuple[Bounds, int]] = {}
    for number, head, packet in _packets(lines):
        report.rows += 1
        try:
            yield from _account(number, head, packet, clock, said_by, held, begun, realm)
        except ValueError as error:
            report.errors.append(RowError(str(error), source, number))
    for key, (bounds, number) in begun.items():
        line, from_ns = held[key]
        yield number, _record(bounds, line, from_ns, None, said_by, realm)


def _account(
    number: int,
    head: str,
    packet: dict[str, str],
    clock: LogClock,
    said_by: str,
    held: Held,
    begun: dict[tuple[bytes, int], tuple[Bounds, int]],
    realm: str,
) -> Iterator[tuple[int, Record]]:
    status = packet.get("Acct-Status-Type", "")
    if status in ("Accounting-On", "Accounting-Off"):
        return  # the access server itself began or ended; its sessions are ended by their own packets
    if status not in ("Start", "Stop", "Interim-Update", "Alive"):
        raise ValueError(f"Acct-Status-Type is {status!r}, neither Start, Interim-Update nor Stop")
    line = packet.get("User-Name", "")
    if not line or len(line) > 100:
        raise ValueError("User-Name is missing, or longer than 100 characters")
    at_ns = _packet_time(head, packet, clock)
    named = [text for name in _ADDRESSES if (text := packet.get(name))]
    if not named:
        raise ValueError(f"the packet names no address ({', '.join(_ADDRESSES)})")
    for text in named:
        bounds = parse_bounds(text)
        key = bounds.first, bounds.length
        known = held.get(key)
        if known is not None and key not in begun and at_ns < known[1]:
            known = None  # an older log, read again: what a later one said has no part in it
        if status == "Stop":
            if known is None or known[0] != line:
                raise ValueError(f"{text} stopped, but no packet before started it")
            if at_ns <= known[1]:
                raise ValueError(f"{text} stopped before it started")
            held.pop(key, None)
            begun.pop(key, None)
            yield number, _record(bounds, line, known[1], at_ns, said_by, realm)
        elif known is None or known[0] != line:
            if known is not None:  # the Stop was lost: it ended, at the latest, now
                if at_ns <= known[1]:
                    raise ValueError(f"{text} started before the lease before it: out of order")
                yield (
                    begun.get(key, (bounds, number))[1],
                    _record(bounds, known[0], known[1], at_ns, said_by, realm),
                )
            held[key], begun[key] = (line, at_ns), (bounds, number)


def _packets(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Yield (number of the first line, that line, attributes)."""
    number, head, packet, length = 0, "", dict[str, str](), 0
    for place, text in lines:
        if not text.strip():
            if packet:
                yield number, head, packet
            head, packet, length = "", {}, 0
            continue
        if not head:
            number, head = place, text
        length += 1
        if length <= MAX_BLOCK and (match := _ATTRIBUTE.match(text)) is not None:
            packet.setdefault(match[1], match[2] if match[2] is not None else match[3])
    if packet:
        yield number, head, packet


def _packet_time(head: str, packet: dict[str, str], clock: LogClock) -> int:
    for name in ("Event-Timestamp", "Timestamp"):
        if (text := packet.get(name)) is not None:
            if text.isdigit() and len(text) <= 10:
                return int(text) * 1_000_000_000
            return stamp_of(text, clock)
    return stamp_of(head, clock)


def read_dhcpd(
    lines: Iterable[tuple[int, str]], source: str, said_by: str, report: Report, realm: str = ""
) -> Iterator[tuple[int, Record]]:
    """Yield (line number, record of a lease) of a dhcpd.leases file; its times are UTC.

    The line is the relay's circuit id, else the client's hardware address. `ends never` is a lease that
    lasts. The file repeats a lease when it is renewed: its last entry counts.
    """
    found: dict[tuple[bytes, str, int], tuple[int, Record]] = {}
    for number, address, body in _leases(lines):
        report.rows += 1
        try:
            bounds = parse_bounds(str(parse_prefix(address)))
            begin, end = _dhcp_time(body, "starts"), _dhcp_time(body, "ends")
            line = _first(_CIRCUIT, body) or _first(_HARDWARE, body)
            if begin is None or not line:
                raise ValueError("the lease has no beginning, or neither circuit id nor hardware address")
            if end is not None and end <= begin:
                raise ValueError("the lease ends before it begins")
        except ValueError as error:
            report.errors.append(RowError(str(error), source, number))
            continue
        key = bounds.first, line, begin
        found[key] = number, _record(bounds, line, begin, end, said_by, realm)
    yield from found.values()


def _leases(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, list[str]]]:
    number, address, body = 0, "", list[str]()
    for place, text in lines:
        if (match := _LEASE.match(text)) is not None:
            number, address, body = place, match[1], []
        elif address and text.strip() == "}":
            yield number, address, body
            address = ""
        elif address and len(body) < MAX_BLOCK:
            body.append(text)


def _dhcp_time(body: list[str], word: str) -> int | None:
    for text in body:
        if text.strip().startswith(f"{word} ") and (match := _TIME.search(text)) is not None:
            return nanoseconds(datetime(*map(int, match.groups()), tzinfo=UTC))  # type: ignore[arg-type, misc]
    return None


def _first(pattern: re.Pattern[str], body: list[str]) -> str:
    return next((match[1].strip() for text in body if (match := pattern.match(text)) is not None), "")


def _record(bounds: Bounds, line: str, from_ns: int, to_ns: int | None, said_by: str, realm: str) -> Record:
    return *bounds, line, None, None, from_ns, to_ns, said_by, realm, Use.LEASE.value
