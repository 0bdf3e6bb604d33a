"""The rhythm log once more: one packet after another, in plain Python, from what its documentation says."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from capture.records import Block

SECOND = 1_000_000_000
FIN, SYN, RST = 1, 2, 4
RECORD, RESENT, GAP, CUT = 1, 2, 4, 8
WRAP = 1 << 32

Key = tuple[bytes, int, bytes, int, int]
"""Address a, port a, address b, port b, IP protocol; a is the lower."""


class Packet(NamedTuple):
    at_ns: int
    key: Key
    way: int
    flags: int
    seq: int
    size: int
    """Payload bytes on the wire."""
    payload: bytes
    """Those captured."""


class Row(NamedTuple):
    at_ns: int
    size: int
    way: int
    marks: int


@dataclass
class Talk:
    """One flow."""

    first_ns: int
    last_ns: int
    packets: int = 0
    closed: bool = False
    opened: list[bool] = field(default_factory=lambda: [False, False])
    expected: list[int | None] = field(default_factory=lambda: [None, None])
    data: list[int] = field(default_factory=lambda: [0, 0])
    hasty: bool = False
    cut: bool = False
    rows: list[Row] = field(default_factory=list)

    def is_over(self, now: int) -> bool:
        silence = now - self.last_ns
        young = self.last_ns - self.first_ns < 60 * SECOND
        return young and (silence > 120 * SECOND or (self.closed and silence > 2 * SECOND))


class Oracle:
    """Takes packets; `rows` are all rows logged, `candidates` what would be handed out now."""

    def __init__(self) -> None:
        self.talks: dict[Key, Talk] = {}
        self.rows: list[tuple[Key, Row]] = []
        self.newest = 0

    def take(self, p: Packet) -> None:
        talk = self.talks.setdefault(p.key, Talk(p.at_ns, p.at_ns))
        if talk.is_over(p.at_ns):
            talk.cut = True
        talk.packets += 1
        talk.first_ns, talk.last_ns = min(talk.first_ns, p.at_ns), max(talk.last_ns, p.at_ns)
        self.newest = max(self.newest, p.at_ns)
        place = self._follow(talk, p) if p.key[4] == 6 else 0
        if p.size > 0:
            self._log(talk, p, place)

    def _follow(self, talk: Talk, p: Packet) -> int:
        talk.closed |= bool(p.flags & (FIN | RST))
        way, begins = p.way, p.seq
        if p.flags & SYN:
            begins = (p.seq + 1) % WRAP
            talk.opened[way] = True
            talk.expected[way] = begins
            talk.data[way] = 0
        if not p.payload:
            return 0
        expected, ends = talk.expected[way], (begins + p.size) % WRAP
        count, talk.data[way] = talk.data[way], min(255, talk.data[way] + 1)
        if expected is None:
            talk.expected[way] = ends
            return 0
        ahead = (begins - expected) % WRAP
        back = WRAP - ahead
        mark = 0
        if ahead and back <= 1 << 20:
            mark = RESENT if p.size <= back else 0
        elif ahead:
            mark = GAP
        settled = not talk.opened[way] or count >= 4
        if not ahead or (settled and mark != RESENT):
            talk.expected[way] = ends
        return mark

    def _log(self, talk: Talk, p: Packet, mark: int) -> None:
        allowed = (p.at_ns - talk.first_ns) >> 26
        if talk.hasty and talk.packets > allowed:
            return
        if not talk.hasty and not talk.cut and talk.packets > 64 + allowed:
            talk.hasty = True
            return
        if talk.hasty or talk.cut:
            talk.hasty = talk.cut = False
            mark |= CUT
        tcp = p.key[4] == 6
        if tcp and len(p.payload) >= 5 and p.payload[0] == 23 and p.payload[1] == 3 and p.payload[2] <= 4:
            mark |= RECORD
        if not tcp and 53 in (p.key[1], p.key[3]):
            return
        row = Row(p.at_ns, min(p.size, 65535), p.way, mark)
        talk.rows.append(row)
        self.rows.append((p.key, row))

    def candidates(self) -> dict[Key, list[Row]]:
        found = {}
        for key, talk in self.talks.items():
            rows = talk.rows
            cuts = [at for at, row in enumerate(rows) if row.marks & CUT]
            rows = rows[cuts[-1] :] if cuts else rows
            begun = rows[0].at_ns if cuts else talk.first_ns
            ways = [row.way for row in rows if not row.marks & RESENT]
            if talk.hasty or talk.cut or talk.is_over(self.newest):
                continue
            if len(ways) >= 16 and len(set(ways)) == 2 and talk.last_ns - begun >= 60 * SECOND:
                found[key] = sorted(rows, key=lambda row: row.at_ns)
        return found


class Strange(Exception):
    """A packet that this reading knows nothing of."""


def read(blocks: Iterable[Block]) -> Iterator[Packet]:
    """Read Ethernet, VLAN, IPv4 and IPv6 without options that matter; raise Strange for anything else."""
    for block in blocks:
        data = block.data.tobytes()
        for record in block.records:
            begin = int(record["start"])
            raw = data[begin : begin + int(record["caplen"])]
            if int(record["link"]) != 1 or len(raw) < 14:
                raise Strange
            packet = _network(raw, max(len(raw), int(record["wirelen"])), int(record["time_ns"]))
            if packet is not None:
                yield packet


def _network(raw: bytes, on_wire: int, at_ns: int) -> Packet | None:
    """`on_wire`: bytes of the frame there; what an IP header claims beyond them was never sent."""
    kind, p = int.from_bytes(raw[12:14], "big"), 14
    while kind in (0x8100, 0x88A8) and len(raw) >= p + 4:
        kind, p = int.from_bytes(raw[p + 2 : p + 4], "big"), p + 4
    if kind == 0x0800:
        if len(raw) < p + 20:
            raise Strange
        head = 4 * (raw[p] & 15)
        total, fraction = struct.unpack_from(">HxxH", raw, p + 2)
        if fraction & 0x3FFF or head < 20 or total < head:
            raise Strange
        proto, ends = raw[p + 9], p + total
        source, target = (bytes(10) + b"\xff\xff" + raw[at : at + 4] for at in (p + 12, p + 16))
        p += head
    elif kind == 0x86DD:
        if len(raw) < p + 40:
            raise Strange
        proto, ends = raw[p + 6], p + 40 + int.from_bytes(raw[p + 4 : p + 6], "big")
        source, target = raw[p + 8 : p + 24], raw[p + 24 : p + 40]
        p += 40
    elif kind in (0x0806, 0x88CC) or kind <= 1500:
        return None
    else:
        raise Strange
    return _transport(raw, p, min(ends, on_wire), proto, source, target, at_ns)


def _transport(raw: bytes, p: int, ends: int, proto: int, source: bytes, target: bytes, at_ns: int) -> Packet:
    """`p` is where the transport begins, `ends` where the IP packet does on the wire."""
    sport = dport = flags = seq = size = 0
    payload = b""
    if proto in (6, 17):
        if len(raw) < p + (20 if proto == 6 else 8):
            raise Strange
        sport, dport = struct.unpack_from(">HH", raw, p)
        if proto == 6:
            seq, flags, head = int.from_bytes(raw[p + 4 : p + 8], "big"), raw[p + 13], 4 * (raw[p + 12] >> 4)
            if head < 20:
                raise Strange
        else:
            head = 8
            if {sport, dport} & {4789, 8472, 6081, 2152}:
                raise Strange
            length = int.from_bytes(raw[p + 4 : p + 6], "big")
            if length < 8 or p + length > ends:
                raise Strange
            ends = p + length
        size = max(0, ends - p - head)
        payload = raw[p + head : min(ends, len(raw))] if size else b""
    elif proto not in (1, 2, 58, 89, 103, 112):
        raise Strange
    here, there = (source, sport), (target, dport)
    way = int(here > there)
    if way:
        here, there = there, here
    return Packet(at_ns, (*here, *there, proto), way, flags, seq, size, payload)
