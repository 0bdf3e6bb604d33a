"""IP defragmentation: the fragments that the sieve hands over in, TCP segments and UDP datagrams out.

Source: RFC 791, section 3.2; RFC 8200, section 4.5; RFC 5722.

Fragments that overlap are put together, and the first copy of each byte wins. RFC 5722 voids such datagrams
in IPv6, and current receivers do so in IPv4: they get nothing, or the sender's repetition; others take one
copy or the other. So where copies differ, `doubted` says that the stream is ambiguous. Every fragment that
does not end in a datagram is counted by reason.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from struct import Struct

from capture.streams.reassembly import Packet

TIMEOUT_NS = 60_000_000_000  # RFC 8200 gives a datagram 60 s; IPv4 receivers wait 15 to 60 s
MAX_OPEN = 1024  # datagrams in the making: bounds a flood of first fragments to some megabytes
MAX_HELD = 8 * 1024 * 1024  # bytes of all datagrams in the making
MAX_PARTS = 128  # fragments of one datagram: 65,535 bytes over the smallest usual MTU (576) make 118
MAX_DATAGRAM = 65_535  # bytes: what a 16-bit length can say
MAX_EXTENSIONS = 8  # IPv6 headers before the fragment header; RFC 8200 names four

TCP, UDP = 6, 17
_IPV6_FRAGMENT = 44
_IPV6_OPTIONS = frozenset(
    {0, 43, 60, 135}
)  # hop-by-hop, routing, destination, mobility: length in 8-byte units

# IPv4 from byte 2: total length, identification, flags and offset, TTL, protocol, checksum, addresses
_IPV4 = Struct(">HHHBBH8s")
# IPv6 fragment header: next header, reserved, offset and M flag, identification
_FRAGMENT = Struct(">BBHI")
# TCP: ports, sequence, acknowledgement, data offset, flags, window
_TCP = Struct(">HHIIBBH")


@dataclass(frozen=True, slots=True)
class Whole:
    """A segment or datagram put together again; the fields are those of a TAGGED row."""

    flow: int
    direction: int
    tcp: bool
    seq: int
    tcp_flags: int
    payload: bytes
    packet: Packet
    """Of the first fragment."""


@dataclass(slots=True)
class _Open:
    """A datagram in the making."""

    born_ns: int
    protocol: int
    parts: dict[int, bytes] = field(default_factory=dict)
    fragments: int = 0
    """Those that brought bytes."""
    size: int = 0
    total: int = -1
    flow: int = -1
    direction: int = 0
    packet: Packet = (0, 0, 0)
    void: str = ""
    """Why nothing can come of it any more; later fragments of it are counted so."""
    doubted: bool = False
    """True from the moment two copies differ until it is told."""


@dataclass(frozen=True, slots=True)
class _Fragment:
    key: tuple[bytes, int, int]
    protocol: int
    start: int
    more: bool
    body: bytes


class Fragments:
    """Puts datagrams together; `counts` says what became of the fragments, by reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.held = 0
        """Bytes of fragments held now."""
        self.doubted: list[tuple[int, int, Packet]] = []
        """Flow, direction and packet of each datagram of which two copies differ; its taker empties it."""
        self._open: dict[tuple[bytes, int, int], _Open] = {}

    def push(
        self, data: memoryview, ip: int, length: int, flow: int, direction: int, packet: Packet
    ) -> Whole | None:
        """Take the fragment in `data[ip : ip + length]`; return the whole datagram when it completes one.

        `flow` and `direction` are read from the first fragment only.
        """
        self.counts["fragments"] += 1
        self._expire(packet[2])
        fragment = _read(bytes(data[ip : ip + length]))
        if fragment is None:
            self.counts["fragment-cut"] += 1
            return None
        open_ = self._open.get(fragment.key)
        if open_ is None:
            open_ = self._open[fragment.key] = _Open(packet[2], fragment.protocol)
            if len(self._open) > MAX_OPEN:
                self._close(next(iter(self._open)), "fragment-table-full")
        if fragment.start == 0 and open_.flow < 0:
            open_.flow, open_.direction, open_.packet = flow, direction, packet
            open_.protocol = fragment.protocol
        self._add(open_, fragment)
        if open_.doubted and open_.flow >= 0:
            open_.doubted = False
            self.doubted.append((open_.flow, open_.direction, packet))
        if open_.void or open_.size != open_.total:
            while self.held > MAX_HELD:
                self._close(next(iter(self._open)), "fragment-table-full")
            return None
        del self._open[fragment.key]
        self.held -= open_.size
        return self._whole(open_)

    def forget(self, flows: Collection[int]) -> None:
        """Close what belongs to flows that have ended, since their indices may be given to others."""
        for key in [key for key, open_ in self._open.items() if open_.flow in flows]:
            self._close(key, "fragment-incomplete")

    def end(self) -> None:
        """Count what never became whole; the run is over."""
        for key in list(self._open):
            self._close(key, "fragment-incomplete")

    def _expire(self, now_ns: int) -> None:
        while self._open:
            key = next(iter(self._open))
            if now_ns - self._open[key].born_ns <= TIMEOUT_NS:
                return
            self._close(key, "fragment-timeout")

    def _close(self, key: tuple[bytes, int, int], reason: str) -> None:
        open_ = self._open.pop(key)
        self.held -= open_.size
        if open_.fragments:
            self.counts[reason] += open_.fragments

    def _add(self, open_: _Open, fragment: _Fragment) -> None:
        start, end = fragment.start, fragment.start + len(fragment.body)
        if open_.void:
            self.counts[open_.void] += 1
        elif open_.parts.get(start) == fragment.body:
            self.counts["fragment-repeated"] += 1
        elif (
            not fragment.body
            or end > MAX_DATAGRAM
            or len(open_.parts) >= MAX_PARTS
            or (open_.total >= 0 and (end > open_.total or (not fragment.more and end < open_.total)))
            or (not fragment.more and any(at >= end for at in open_.parts))
        ):
            self._void(open_, "fragment-malformed")
        else:
            open_.doubted |= _contradicted(open_.parts, start, fragment.body)
            before = open_.size
            self._put(open_, start, fragment.body)
            if not fragment.more:
                open_.total = end
            if open_.size == before:
                self.counts["fragment-repeated"] += 1
            else:
                open_.fragments += 1

    def _put(self, open_: _Open, start: int, body: bytes) -> None:
        """Keep those bytes of a fragment that no other one brought."""
        end, at = start + len(body), start
        for held_at in sorted(open_.parts):
            held_end = held_at + len(open_.parts[held_at])
            if held_end <= at:
                continue
            if held_at >= end:
                break
            if held_at > at:
                self._put_part(open_, at, body[at - start : held_at - start])
            at = held_end
        if at < end:
            self._put_part(open_, at, body[at - start :])

    def _put_part(self, open_: _Open, at: int, part: bytes) -> None:
        open_.parts[at] = part
        open_.size += len(part)
        self.held += len(part)

    def _void(self, open_: _Open, reason: str) -> None:
        """Give up a datagram, but remember it, so that its other fragments do not begin it anew."""
        open_.void = reason
        self.counts[reason] += open_.fragments + 1
        self.held -= open_.size
        open_.size = open_.fragments = 0
        open_.parts.clear()

    def _whole(self, open_: _Open) -> Whole | None:
        body = b"".join(open_.parts[at] for at in sorted(open_.parts))
        tcp = open_.protocol == TCP
        header = 8
        seq = flags = 0
        if tcp and len(body) >= _TCP.size:
            _, _, seq, _, words, flags, _ = _TCP.unpack_from(body)
            header = (words >> 4) * 4
        usable = open_.protocol in (TCP, UDP) and (20 if tcp else 8) <= header <= len(body)
        self.counts["fragment-reassembled" if usable else "fragment-no-transport"] += open_.fragments
        if not usable:
            return None
        return Whole(open_.flow, open_.direction, tcp, seq, flags, body[header:], open_.packet)


def _contradicted(parts: dict[int, bytes], start: int, body: bytes) -> bool:
    """Say whether a fragment has other content than one that was here before it."""
    end = start + len(body)
    for at, part in parts.items():
        low, high = max(at, start), min(at + len(part), end)
        if low < high and part[low - at : high - at] != body[low - start : high - start]:
            return True
    return False


def _read(raw: bytes) -> _Fragment | None:
    """Return the fragment of an IP packet; None where the capture cut it or it is none."""
    if len(raw) < 20:
        return None
    return _read_ipv4(raw) if raw[0] >> 4 == 4 else _read_ipv6(raw)


def _read_ipv4(raw: bytes) -> _Fragment | None:
    total, identification, place, _, protocol, _, addresses = _IPV4.unpack_from(raw, 2)
    header = (raw[0] & 0xF) * 4
    if not 20 <= header <= total <= len(raw):
        return None
    key = (addresses, protocol, identification)
    return _Fragment(key, protocol, (place & 0x1FFF) * 8, bool(place & 0x2000), raw[header:total])


def _read_ipv6(raw: bytes) -> _Fragment | None:
    if len(raw) < 40:
        return None
    end = 40 + int.from_bytes(raw[4:6], "big")
    header, at = raw[6], 40
    for _ in range(MAX_EXTENSIONS):
        if header == _IPV6_FRAGMENT or at + 8 > len(raw):
            break
        if header not in _IPV6_OPTIONS:
            return None
        header, at = raw[at], at + (raw[at + 1] + 1) * 8
    if header != _IPV6_FRAGMENT or not at + _FRAGMENT.size <= end <= len(raw):
        return None
    protocol, _, place, identification = _FRAGMENT.unpack_from(raw, at)
    # RFC 8200 leaves the next header out of the key: the first fragment's is the one that counts.
    key = (raw[8:40], _IPV6_FRAGMENT, identification)
    return _Fragment(key, protocol, place & ~7, bool(place & 1), raw[at + _FRAGMENT.size : end])
