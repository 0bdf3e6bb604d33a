"""TCP and UDP: ports, flags, where the payload lies; and which end of a flow is its lower one.

Sources: RFC 9293 (TCP), 768 (UDP).
"""

from typing import Any

from capture.compiled import inlined
from capture.sieve.octets import be16, be32
from capture.sieve.packet import TCP, UDP
from capture.sieve.reasons import PARSED, TRUNCATED_TRANSPORT
from capture.words import int64, uint8, uint32, uint64


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
def transport(d: Any, p: Any, e: Any, end: Any, proto: Any, k: Any) -> Any:
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
