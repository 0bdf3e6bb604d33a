"""From the link layer to the innermost transport header: one packet in, its key and payload out.

What lies below IP is read in `link.py`, IP itself in `ip.py`, what lies between two IP headers in
`tunnels.py`, ports and payload in `transport.py`; the order of all that is told here. Source: RFC 8986
(Ethernet in IP).
"""

from typing import Any

from capture.compiled import part
from capture.sieve.ip import ipv4, ipv6
from capture.sieve.link import ET_IPV4, ET_IPV6, ETHERNET, NO_IP, between, link_layer
from capture.sieve.octets import be16, mix
from capture.sieve.packet import TCP, UDP
from capture.sieve.reasons import NESTING_TOO_DEEP, PARSED
from capture.sieve.table import hash_of, hash_of_ipv4
from capture.sieve.transport import transport
from capture.sieve.tunnels import gre, may_be_tunnel, over_udp
from capture.words import int64, uint16, uint32, uint64

MAX_LAYERS = 12
"""IP headers and tunnels in one packet; real stacks have four, and a loop of headers would have no end."""

GRE, IPIP, SIX_IN_FOUR, ETHERNET_IN_IP = 47, 4, 41, 143


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
            proto, at, end, reason = ipv4(d, p, e, wire_end, k)
        else:
            proto, at, end, reason = ipv6(d, p, e, wire_end, k)
        if reason == PARSED:
            e = min(e, end)  # what lies behind the packet is padding
            reason = transport(d, at, e, end, proto, k)
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
        proto, at, end, reason = ipv4(d, p + 14, e, wire_end, k)
        if reason == PARSED and (proto == TCP or proto == UDP):
            reason = transport(d, at, min(e, end), end, proto, k)
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
