"""IPv4 and IPv6 with its extension headers.

Sources: RFC 791, 8200 (IP), 4302 (AH), 6275 (mobility), 7401 (HIP), 5533 (shim6).
"""

from typing import Any

import numpy as np

from capture.compiled import inlined
from capture.sieve.octets import be16, be32, be64, octet
from capture.sieve.packet import TCP, UDP
from capture.sieve.reasons import (
    BAD_IP_HEADER_LENGTH,
    BAD_IP_LENGTH,
    BAD_IP_VERSION,
    PARSED,
    TRUNCATED_IP,
)
from capture.words import int64, uint16, uint64

MAX_EXTENSIONS = 16
"""IPv6 extension headers in a row."""

AH, MOBILITY, HIP, SHIM6 = 51, 135, 139, 140
MAPPED = np.uint64(0xFFFF00000000)
"""What makes an IPv4 address the lower half of one of IPv6: ::ffff:0:0/96."""


@inlined
def ipv4(d: Any, p: Any, e: Any, wire_end: Any, k: Any) -> Any:
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
def ipv6(d: Any, p: Any, e: Any, wire_end: Any, k: Any) -> Any:
    """Read an IPv6 header and its extension headers into k; return as `ipv4` does.

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
