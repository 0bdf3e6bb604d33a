"""From the link layer to the innermost transport header: one packet in, its key and payload out.

What lies below IP is read in `link.py`, what lies between two IP headers in `tunnels.py`, the rest here.
Sources: RFC 791, 8200 (IP), 4302 (AH), 6275 (mobility), 8986 (Ethernet in IP), 9293 (TCP), 768 (UDP).
"""

from typing import Any

import numpy as np

from capture.compiled import inlined, part
from capture.sieve.link import ET_IPV4, ET_IPV6, ETHERNET, NO_IP, between, link_layer
from capture.sieve.octets import be16, be32, be64, mix, octet
from capture.sieve.reasons import (
    BAD_IP_HEADER_LENGTH,
    BAD_IP_LENGTH,
    BAD_IP_VERSION,
    NESTING_TOO_DEEP,
    PARSED,
    TRUNCATED_IP,
    TRUNCATED_TRANSPORT,
)
from capture.sieve.table import hash_of, hash_of_ipv4
from capture.sieve.tunnels import gre, may_be_tunnel, over_udp
from capture.words import array, int64, uint8, uint16, uint32, uint64

PACKET = np.dtype(
    [
        ("a_hi", "<u8"),
        ("a_lo", "<u8"),
        ("b_hi", "<u8"),
        ("b_lo", "<u8"),
        ("hash", "<u8"),
        ("slot", "<u8"),
        ("time_ns", "<i8"),
        ("frame", "<u8"),
        ("ip", "<i8"),  # offset of the innermost IP header
        ("payload", "<i8"),  # offset of the payload
        ("captured", "<i8"),  # payload bytes captured
        ("on_wire", "<i8"),  # payload bytes on the wire
        ("ends", "<i8"),  # offset at which the innermost IP packet ends, had all of it been captured
        ("cut", "<i8"),  # offset at which it ends as captured
        ("ports", "<u4"),
        ("tunnel", "<u4"),
        ("wirelen", "<u4"),
        ("seq", "<u4"),
        ("vlan", "<u2"),
        ("source", "<u2"),
        ("ip_id", "<u2"),
        ("proto", "u1"),
        ("direction", "u1"),
        ("flags", "u1"),
        ("fragment", "u1"),  # 0: whole, 1: first fragment, 2: later fragment
    ],
    align=True,
)
"""One parsed packet: what the flow table and the tagger need; 64 of them stay in the first-level cache."""

MAX_LAYERS = 12
"""IP headers and tunnels in one packet; real stacks have four, and a loop of headers would have no end."""
MAX_EXTENSIONS = 16
"""IPv6 extension headers in a row."""

TCP, UDP, GRE, IPIP, SIX_IN_FOUR, ETHERNET_IN_IP = 6, 17, 47, 4, 41, 143
AH, MOBILITY, HIP, SHIM6 = 51, 135, 139, 140
MAPPED = np.uint64(0xFFFF00000000)
"""What makes an IPv4 address the lower half of one of IPv6: ::ffff:0:0/96."""

BYTES = uint8[::1]
PACKETS = array(PACKET)


@inlined
def _ipv4(d: Any, p: Any, e: Any, wire_end: Any, k: Any) -> Any:
    """Read an IPv4 header into k; return (protocol, data begins, data ends on the wire, reason).

     0                   1                   2                   3
    +-------+-------+---------------+-------------------------------+
    |Version|  IHL  |Type of Service|          Total Length         |
    +-------+-------+---------------+-----+-------------------------+
    |         Identification        |Flags|     Fragment Offset     |
    +---------------+---------------+-----+-------------------------+
    |  Time to Live |    Protocol   |        Header Checksum        |
    +---------------+---------------+-------------------------------+
    |                         Source Address                        |
    +---------------------------------------------------------------+
    |                       Destination Address                     |
    +---------------------------------------------------------------+
    """
    if p + 20 > e:
        return int64(0), p, p, TRUNCATED_IP
    head = int64(be32(d, p))
    if head >> 28 != 4:
        return int64(0), p, p, BAD_IP_VERSION
    header = head >> 22 & 0x3C
    if header < 20:
        return int64(0), p, p, BAD_IP_HEADER_LENGTH
    total = head & 0xFFFF
    if total == 0:  # segmentation offload: the true length did not fit
        total = wire_end - p
    if total < header:
        return int64(0), p, p, BAD_IP_LENGTH
    if p + header > e:
        return int64(0), p, p, TRUNCATED_IP
    fraction = int64(be32(d, p + 4))
    k.fragment = 2 if fraction & 0x1FFF else 1 if fraction & 0x2000 else 0
    k.ip_id = uint16(fraction >> 16)
    k.ip = p
    k.a_hi = uint64(0)
    k.b_hi = uint64(0)
    ends = be64(d, p + 12)
    k.a_lo = MAPPED | ends >> uint64(32)
    k.b_lo = MAPPED | ends & uint64(0xFFFFFFFF)
    proto, end = octet(d, p + 9), min(p + total, wire_end)
    p += header
    if proto == AH and k.fragment != 2 and p + 2 <= e:
        proto, p = octet(d, p), p + ((octet(d, p + 1) + 2) << 2)
    return proto, p, end, PARSED


@inlined
def _ipv6(d: Any, p: Any, e: Any, wire_end: Any, k: Any) -> Any:
    """Read an IPv6 header and its extension headers into k; return as `_ipv4` does.

     0                   1                   2                   3
    +-------+---------------+---------------------------------------+
    |Version| Traffic Class |               Flow Label              |
    +-------+---------------+-------+---------------+---------------+
    |         Payload Length        |  Next Header  |   Hop Limit   |
    +-------------------------------+---------------+---------------+
    |                    Source Address, 16 bytes                   |
    +---------------------------------------------------------------+
    |                 Destination Address, 16 bytes                 |
    +---------------------------------------------------------------+
    """
    if p + 40 > e:
        return int64(0), p, p, TRUNCATED_IP
    if octet(d, p) >> 4 != 6:
        return int64(0), p, p, BAD_IP_VERSION
    k.fragment = 0
    k.ip_id = uint16(0)
    k.ip = p
    k.a_hi = be64(d, p + 8)
    k.a_lo = be64(d, p + 16)
    k.b_hi = be64(d, p + 24)
    k.b_lo = be64(d, p + 32)
    length = be16(d, p + 4)
    end = wire_end if length == 0 else min(p + 40 + length, wire_end)  # 0: jumbogram or segmentation offload
    proto = octet(d, p + 6)
    if proto == TCP or proto == UDP:
        return proto, p + 40, end, PARSED
    proto, p, reason = _extensions(d, p + 40, e, proto, k)
    return proto, p, end, reason


@inlined
def _extensions(d: Any, p: Any, e: Any, proto: Any, k: Any) -> Any:
    """Step over the extension headers of IPv6 at p; return (protocol, data begins, reason).

    Most begin with the next header and their length, in units that differ; that of a fragment is:

    +---------------+---------------+-------------------------+---+-+
    |  Next Header  |    Reserved   |     Fragment Offset     |Res|M|
    +---------------+---------------+-------------------------+---+-+
    |                         Identification                        |
    +---------------------------------------------------------------+
    """
    for _ in range(MAX_EXTENSIONS):
        if proto == 44:
            if p + 8 > e:
                return proto, p, TRUNCATED_IP
            fraction = be16(d, p + 2)
            k.fragment = 2 if fraction & 0xFFF8 else 1 if fraction & 1 else 0
            k.ip_id = uint16(be16(d, p + 6))
            proto = octet(d, p)
            p += 8
            if k.fragment == 2:
                break
        elif proto == 0 or proto == 43 or proto == 60 or proto == MOBILITY or proto == HIP or proto == SHIM6:
            if p + 2 > e:
                return proto, p, TRUNCATED_IP
            proto, p = octet(d, p), p + ((octet(d, p + 1) + 1) << 3)
        elif proto == AH:
            if p + 2 > e:
                return proto, p, TRUNCATED_IP
            proto, p = octet(d, p), p + ((octet(d, p + 1) + 2) << 2)
        else:
            break
    return proto, p, PARSED


@inlined
def _tcp(d: Any, p: Any, e: Any, k: Any) -> Any:
    """Read what there is of a TCP header into k; return its length, -1 where it is not all there.

     0                   1                   2                   3
    +-------------------------------+-------------------------------+
    |          Source Port          |        Destination Port       |
    +-------------------------------+-------------------------------+
    |                        Sequence Number                        |
    +---------------------------------------------------------------+
    |                     Acknowledgment Number                     |
    +-------+-------+---------------+-------------------------------+
    | Offset| Rsrvd |     Flags     |             Window            |
    +-------+-------+---------------+-------------------------------+
    """
    header = int64(-1)
    if p + 14 <= e:
        word = be16(d, p + 12)
        k.flags = uint8(word & 0xFF)
        header = word >> 10 & 0x3C
        if header < 20:
            header = int64(-1)
    if p + 8 <= e:
        k.seq = be32(d, p + 4)
    return header


@inlined
def _transport(d: Any, p: Any, e: Any, end: Any, proto: Any, k: Any) -> Any:
    """Read ports, flags and payload bounds into k; return the reason. Ports need four bytes, not a header.

    `e` is where the IP packet ends as captured, `end` where it ended on the wire. UDP:

    +-------------------------------+-------------------------------+
    |          Source Port          |        Destination Port       |
    +-------------------------------+-------------------------------+
    |             Length            |            Checksum           |
    +-------------------------------+-------------------------------+
    """
    k.proto = uint8(proto)
    k.flags = uint8(0)
    k.seq = uint32(0)
    k.ends = end
    k.cut = e
    k.payload = e
    k.captured = 0
    k.on_wire = 0
    ports = uint32(0)
    if k.fragment != 2 and (proto == TCP or proto == UDP):
        if p + 4 > e:
            return TRUNCATED_TRANSPORT
        ports = be32(d, p)
        if proto == TCP:
            header = _tcp(d, p, e, k)
        else:
            header = int64(8)
            if p + 6 <= e and k.fragment == 0:
                claimed = be16(d, p + 4)
                if claimed >= 8:  # what lies behind the datagram is padding
                    end = min(end, p + claimed)
        if header >= 8 and p + header <= end:
            k.payload = p + header
            k.on_wire = end - k.payload
            k.captured = max(int64(0), min(end, e) - k.payload)
    _order(ports, k)
    return PARSED


@inlined
def _order(ports: Any, k: Any) -> None:
    """Make the lower (address, port) endpoint a; `ports` is the source's, then the destination's.

    Which one is lower is as good as random, so this is done without a jump that could be guessed wrong.
    """
    sport, dport = ports >> uint32(16), ports & uint32(0xFFFF)
    back = (k.a_hi > k.b_hi) | (
        (k.a_hi == k.b_hi) & ((k.a_lo > k.b_lo) | ((k.a_lo == k.b_lo) & (sport > dport)))
    )
    every = uint64(0) - uint64(back)  # all bits set, or none
    high, low = (k.a_hi ^ k.b_hi) & every, (k.a_lo ^ k.b_lo) & every
    k.a_hi ^= high
    k.b_hi ^= high
    k.a_lo ^= low
    k.b_lo ^= low
    other = (sport ^ dport) & uint32(every & uint64(0xFFFFFFFF))
    k.ports = (sport ^ other) << uint32(16) | (dport ^ other)
    k.direction = uint8(back)


@part
def _layers(d: Any, p: Any, e: Any, wire_end: Any, link: Any, packets: Any, slot: Any, most: Any) -> Any:
    """Parse at most `most` IP layers into packets[slot]; return (layers read, why the next one could not
    be)."""
    k = packets[slot]
    et, p, reason = link_layer(d, p, e, link)
    if reason != PARSED:
        return 0, reason
    tunnel = uint64(0)
    layer = 0
    while layer < most:
        if et != ET_IPV4 and et != ET_IPV6:
            et, p, vlan, reason = between(d, p, e, et)
            if layer == 0:
                k.vlan = uint16(vlan)
            if reason != PARSED:
                return layer, reason
        elif layer == 0:
            k.vlan = uint16(0)
        if et == ET_IPV4:
            proto, at, end, reason = _ipv4(d, p, e, wire_end, k)
        else:
            proto, at, end, reason = _ipv6(d, p, e, wire_end, k)
        if reason == PARSED:
            e = min(e, end)  # what lies behind the packet is padding
            reason = _transport(d, at, e, end, proto, k)
        if reason != PARSED:
            return layer, reason
        k.tunnel = uint32(tunnel & uint64(0xFFFFFFFF))
        layer += 1
        if k.fragment != 0:
            return layer, PARSED
        identity = int64(0)
        if proto == TCP:
            return layer, PARSED
        if proto == UDP:
            first, second = int64(k.ports >> uint32(16)), int64(k.ports & uint32(0xFFFF))
            sport, dport = (second, first) if k.direction else (first, second)
            if not may_be_tunnel(sport, dport):
                return layer, PARSED
            et, p, identity = over_udp(d, k.payload, e, sport, dport)
        elif proto == IPIP:
            et, p = ET_IPV4, at
        elif proto == SIX_IN_FOUR:
            et, p = ET_IPV6, at
        elif proto == GRE:
            et, p, identity = gre(d, at, e)
        elif proto == ETHERNET_IN_IP and at + 14 <= e:
            et, p = be16(d, at + 12), at + 14
        else:
            return layer, PARSED
        if et == NO_IP:
            return layer, PARSED
        wire_end = max(end, p)
        if identity:
            tunnel = mix(tunnel ^ uint64(proto) << uint64(32) ^ uint64(identity))
    return layer, NESTING_TOO_DEEP


@part
def parse(d: Any, p: Any, e: Any, wire_end: Any, link: Any, key: Any, packets: Any, slot: Any) -> Any:
    """Parse the frame d[p:e] into packets[slot]; return the reason, PARSED where it holds an IP packet.

    `wire_end` is where the frame would end had all of it been captured. A tunnel whose inside cannot be
    read is an ordinary flow between its ends.
    """
    k = packets[slot]
    if link == ETHERNET and p + 34 <= e and be16(d, p + 12) == ET_IPV4:
        # By far the most packets, on the shortest way: the same steps as below.
        proto, at, end, reason = _ipv4(d, p + 14, e, wire_end, k)
        if reason == PARSED and (proto == TCP or proto == UDP):
            reason = _transport(d, at, min(e, end), end, proto, k)
            first, second = int64(k.ports >> uint32(16)), int64(k.ports & uint32(0xFFFF))
            tunnel = proto == UDP and (may_be_tunnel(first, second) or may_be_tunnel(second, first))
            if reason == PARSED and not tunnel:
                k.vlan = uint16(0)
                k.tunnel = uint32(0)
                k.hash = hash_of_ipv4(k, key[0])
                return PARSED
    layers, reason = _layers(d, p, e, wire_end, link, packets, slot, MAX_LAYERS)
    if reason != PARSED:
        if layers == 0 or layers == MAX_LAYERS:
            return reason
        _layers(d, p, e, wire_end, link, packets, slot, layers)  # what was read of the inside is void
    k.hash = hash_of(k, key[0])
    return PARSED
