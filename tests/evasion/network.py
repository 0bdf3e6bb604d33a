"""Rewrites of the session that change its IP packets: fragments, options, extension headers, link layers."""

import struct
from collections.abc import Callable, Iterable

from scapy.layers.inet import IP, IPOption_NOP, IPOption_Timestamp
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.packet import Packet, Raw

from pcaps.makers.making import START, Tape
from tests.evasion.session import Spread, ip_packet, laid, segments

Part = tuple[int, bytes]
"""Offset within the IP payload, bytes."""
Cut = Callable[[bytes], list[Part]]


def parts(size: int) -> Cut:
    return lambda body: [(at, body[at : at + size]) for at in range(0, len(body), size)]


def reverse(cut: Cut) -> Cut:
    return lambda body: cut(body)[::-1]


def twice(cut: Cut) -> Cut:
    return lambda body: [part for part in cut(body) for _ in range(2)]


def last_first(cut: Cut) -> Cut:
    return lambda body: [*cut(body)[-1:], *cut(body)[:-1]]


def overlapping(size: int, equal: bool) -> Cut:
    """Every fragment but the first repeats the eight bytes before it, with the same content or another."""

    def made(body: bytes) -> list[Part]:
        out = [(0, body[:size])]
        for at in range(size, len(body), size):
            again = body[at - 8 : at] if equal else b"\xff" * 8
            out.append((at - 8, again + body[at : at + size]))
        return out

    return made


def teardrop(body: bytes) -> list[Part]:
    """A fragment that lies within the one before it, with its content."""
    return [(0, body[:48]), (16, body[16:32]), *((at, body[at : at + 48]) for at in range(48, len(body), 48))]


def of_ipv4(cut: Cut, least: int = 60) -> Spread:
    """Cut every packet whose payload has `least` bytes."""

    def spread(packet: Packet) -> Iterable[Packet]:
        body = bytes(packet[IP].payload)
        body = bytes(IP(bytes(packet)).payload)  # with its checksum
        if len(body) < least:
            return [packet]
        pieces = cut(body)
        end = max(at + len(data) for at, data in pieces)
        return [
            IP(
                src=packet.src,
                dst=packet.dst,
                id=packet.id,
                proto=6,
                flags="MF" if at + len(data) < end else 0,
                frag=at // 8,
            )
            / Raw(data)
            for at, data in pieces
        ]

    return spread


def of_ipv6(cut: Cut, extra: tuple[Packet, ...] = (), least: int = 60) -> Spread:
    """Cut every packet whose payload has `least` bytes; `extra` headers stand before the fragment header."""

    def spread(packet: Packet) -> Iterable[Packet]:
        body = bytes(IPv6(bytes(packet)).payload)
        if len(body) < least:
            return [packet]
        pieces = cut(body)
        end = max(at + len(data) for at, data in pieces)
        out = []
        for at, data in pieces:
            head: Packet = IPv6(src=packet.src, dst=packet.dst)
            for one in extra:
                head = head / one.copy()
            more = int(at + len(data) < end)
            fragment = IPv6ExtHdrFragment(nh=6, offset=at // 8, m=more, id=_number(body))
            out.append(head / fragment / Raw(data))
        return out

    return spread


def _number(body: bytes) -> int:
    return int.from_bytes(body[4:8], "big") ^ len(body)


def with_headers(*extra: Packet) -> Spread:
    """Put IPv6 extension headers between every packet's network and transport header."""

    def spread(packet: Packet) -> Iterable[Packet]:
        sound = IPv6(bytes(packet))
        head: Packet = IPv6(src=packet.src, dst=packet.dst)
        for one in extra:
            head = head / one.copy()
        last = head.lastlayer()
        last.nh = 6
        return [head / Raw(bytes(sound.payload))]

    return spread


HOP = IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])
DEST = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(12))])
ROUTE = IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8::99"])
ATOMIC = IPv6ExtHdrFragment(offset=0, m=0, id=7)


def ipv4_options(packet: Packet) -> Iterable[Packet]:
    options = [IPOption_NOP(), IPOption_NOP(), IPOption_NOP(), IPOption_NOP(), IPOption_Timestamp()]
    return [IP(src=packet.src, dst=packet.dst, id=packet.id, options=options) / packet.payload]


def interleaved() -> Tape:
    """The fragments of two packets alternate."""
    told = segments()
    tape = laid(told)
    out: list[tuple[float, bytes]] = []
    for start in range(0, len(told), 2):
        pair = [
            list(of_ipv4(parts(32))(ip_packet(one, number + 1)))
            for number, one in enumerate(told[start : start + 2], start)
        ]
        longest = max(map(len, pair))
        for at in range(longest):
            out += [(START + told[start].at, bytes(tape.wrap(one[at]))) for one in pair if at < len(one)]
    tape.packets = out
    return tape


def padded(tape: Tape) -> Tape:
    """Ethernet padding and a frame check sequence behind every IP packet."""
    tape.packets = [
        (at, raw + bytes(max(0, 60 - len(raw))) + b"\xde\xad\xbe\xef") for at, raw in tape.packets
    ]
    return tape


def no_length(tape: Tape) -> Tape:
    """IPv4 total lengths of zero, as segmentation offload writes them."""
    tape.packets = [(at, raw[:16] + b"\0\0" + raw[18:]) for at, raw in tape.packets]
    return tape


def linked(link: int, head: Callable[[bytes], bytes], tape: Tape | None = None) -> bytes:
    """Write the tape under another link type; `head` makes its header from the frame's."""
    tape = tape or laid(segments())
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link)
    for at, raw in tape.packets:
        frame = head(raw) + raw[14:]
        out += struct.pack("<IIII", int(at), round(at % 1 * 1e6) % 1_000_000, len(frame), len(frame)) + frame
    return out


def cut_at(length: int) -> bytes:
    """Write the session with a snap length."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, length, 1)
    for at, raw in laid(segments()).packets:
        seconds, micros = int(at), round(at % 1 * 1e6) % 1_000_000
        out += struct.pack("<IIII", seconds, micros, min(length, len(raw)), len(raw)) + raw[:length]
    return out


def by_direction() -> dict[str, bytes]:
    """Each direction in a file of its own."""
    out = {}
    for side, name in ((0, "miner.pcap"), (1, "pool.pcap")):
        out[name] = laid([one for one in segments() if one.side == side]).pcap()
    return out


def by_time() -> dict[str, bytes]:
    told = segments()
    half = len(told) // 2
    return {"1.pcap": laid(told[:half]).pcap(), "2.pcap": laid(told[half:]).pcap()}
