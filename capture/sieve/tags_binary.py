"""Payload tests for binary protocols, each by the structure that its specification gives the first bytes."""

from typing import Any

import numpy as np

from capture.compiled import inlined, part
from capture.sieve.octets import be16, be32, held
from capture.words import int64, uint32, uint64
from protocols.magics import BY_MAGIC, NETWORKS

DISCV4_TRAIL = 64
"""Bytes that may follow the list of a discv4 packet."""
SV2_FLIGHT = 64
"""Bytes of the first act of Stratum V2's handshake: an EllSwift-encoded key."""
DRAFT_FLIGHTS = 32, 33
"""The same in drafts: an x-only key, a compressed one."""
_PROPOSAL = np.uint32(int.from_bytes(b"STR3", "big"))  # drafts that negotiated algorithms, in clear
EIP8_AUTH = 300
"""Bytes that an RLPx handshake message of EIP-8 has at least: its padding alone is 100."""
PLAIN_AUTH = 307
"""Bytes of the RLPx handshake message before EIP-8."""
WHOAREYOU = 63
"""Bytes of discv5's WHOAREYOU: 16 of mask, 23 of static header, 24 of authentication data."""
QUIC_SHORTEST = 1200
"""Bytes that a client's Initial datagram has at least (RFC 9000, section 14.1)."""
_LOOKED_AT = 64
"""Bytes of which the high bits are counted; of random ones half are set, with a deviation of 4."""


def _word(text: str) -> int:
    """Return the first eight bytes of a word as a number, the way the kernel builds it."""
    return int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "big")


_COMMANDS = np.array(
    sorted(
        _word(name)
        for name in (
            "version", "verack", "addr", "addrv2", "sendaddrv2", "inv", "getdata", "merkleblock", "getblocks",
            "getheaders", "tx", "headers", "block", "getaddr", "mempool", "ping", "pong", "notfound",
            "filterload",
            "filteradd", "filterclear", "sendheaders", "feefilter", "sendcmpct", "cmpctblock", "getblocktxn",
            "blocktxn", "getcfilters", "cfilter", "getcfheaders", "cfheaders", "getcfcheckpt", "cfcheckpt",
            "wtxidrelay", "sendtxrcncl", "reject", "alert",
        )
    ),
    np.uint64,
)  # fmt: skip
_MAGICS = np.array(sorted({int.from_bytes(magic, "big") for magic in BY_MAGIC}), np.uint32)
_NODE_PORTS = np.array(sorted({network.port or 0 for network in NETWORKS}), np.int64)


@part
def is_bitcoin(d: Any, p: Any, end: Any) -> Any:
    """Say whether a message header begins here: a known magic, or any magic with a known command."""
    if end - p < 16:
        return False
    word, length, padding = uint64(0), 0, False
    for at in range(12):
        c = d[p + 4 + at]
        if c == 0:
            padding = True
            continue
        if padding or not (0x61 <= c <= 0x7A or 0x30 <= c <= 0x39 or c == 0x5F):
            return False
        if length < 8:
            word |= uint64(c) << uint64(56 - 8 * length)
        length += 1
    if length < 2:
        return False
    return held(_COMMANDS, word) or held(_MAGICS, be32(d, p))


@inlined
def is_levin(d: Any, p: Any, n: Any) -> Any:
    """Say whether a Levin header begins here."""
    return n >= 8 and be32(d, p) == uint32(0x01210101) and be32(d, p + 4) == uint32(0x01010101)


@part
def is_agent_frame(d: Any, p: Any, end: Any) -> Any:
    """Say whether a message of BTCAgent begins here: 0x7F, a type, and the length that the type has."""
    if end - p < 6:
        return False
    kind = d[p + 1]
    size = int64(d[p + 2]) | int64(d[p + 3]) << 8
    if kind == 0x01:
        fits = 8 <= size <= 1024
    elif kind == 0x02:
        fits = size == 15 or 14 < size <= 78
    elif kind == 0x03 or kind == 0x12:
        fits = size == 19
    elif kind == 0x13:
        fits = size == 23
    elif kind == 0x14:
        fits = 14 < size <= 142
    elif kind == 0x04:
        fits = size == 6
    elif kind == 0x05:
        fits = size >= 9 and p + 7 <= end and size == 7 + 2 * (int64(d[p + 5]) | int64(d[p + 6]) << 8)
    elif kind == 0x10 or kind == 0x22:
        fits = size == 10
    else:
        fits = False
    if not fits:
        return False
    behind = p + size
    return behind >= end or d[behind] == 0x7F or d[behind] == 0x7B


@part
def is_stratum_v2(d: Any, p: Any, end: Any) -> Any:
    """Say whether a plain frame of Stratum V2 begins here: a set-up, or a channel's message in whole."""
    n = end - p
    if n < 9 or d[p] != 0:
        return False
    size = int64(d[p + 3]) | int64(d[p + 4]) << 8 | int64(d[p + 5]) << 16
    if d[p + 1] == 0:
        return d[p + 2] == 0 and d[p + 5] == 0 and d[p + 6] <= 2 and d[p + 7] == 2 and d[p + 8] == 0
    if d[p + 1] != 0x80 or not 0x15 <= d[p + 2] <= 0x24 or size < 8:
        return False
    behind = p + 6 + size
    return behind == end or (behind + 6 <= end and d[behind] == 0 and d[behind + 1] & 0x7F == 0)


@inlined
def looks_random(d: Any, p: Any, end: Any) -> Any:
    """Say whether 3 to 13 sixteenths of the first 64 bytes have their high bit set, and few are zero."""
    high, zeros = 0, 0
    last = min(end, p + _LOOKED_AT)
    for at in range(p, last):
        high += int64(d[at] >> 7)
        zeros += int64(d[at] == 0)
    return 3 * (last - p) <= 16 * high <= 13 * (last - p) and zeros <= 4


@part
def is_noise(d: Any, p: Any, n: Any) -> Any:
    """Say whether a client's first flight is the first act of Stratum V2's handshake, or a draft's."""
    if n == SV2_FLIGHT or n == DRAFT_FLIGHTS[0] or n == DRAFT_FLIGHTS[1]:
        if looks_random(d, p, p + n):
            return True
    return 7 <= n <= 256 and (be32(d, p) == _PROPOSAL or be32(d, p + 2) == _PROPOSAL)


@inlined
def is_datum_hello(d: Any, p: Any, n: Any) -> Any:
    """Say whether a DATUM gateway's hello is all that there is here: its header is masked by a constant."""
    if not 251 <= n <= 1028:
        return False
    word = (
        uint32(d[p])
        | uint32(d[p + 1]) << uint32(8)
        | uint32(d[p + 2]) << uint32(16)
        | uint32(d[p + 3]) << uint32(24)
    )
    word ^= uint32(0xDC871829)
    return word >> uint32(22) == uint32(0x2C) and int64(word & uint32(0x3FFFFF)) == n - 4


@inlined
def is_rlpx(d: Any, p: Any, n: Any) -> Any:
    """Say whether these bytes are an RLPx handshake message: EIP-8's size before a point, or a bare point."""
    if n >= EIP8_AUTH and d[p + 2] == 0x04 and be16(d, p) == n - 2:
        return True
    return n == PLAIN_AUTH and d[p] == 0x04 and looks_random(d, p + 1, p + n)


@inlined
def _is_socks_request(d: Any, p: Any, n: Any) -> Any:
    """Say whether these bytes are a CONNECT of SOCKS 5: version, command, zero, an address of its length."""
    if n < 10 or d[p] != 5 or d[p + 1] != 1 or d[p + 2] != 0:
        return False
    kind = d[p + 3]
    return (kind == 1 and n == 10) or (kind == 4 and n == 22) or (kind == 3 and n == 7 + int64(d[p + 4]))


@part
def is_socks(d: Any, p: Any, n: Any) -> Any:
    """Say whether a client begins SOCKS here: the greeting of version 5, perhaps with what it would ask next
    at once, or its request alone (the greeting was not captured); or a request of version 4."""
    if n >= 3 and d[p] == 5:
        if _is_socks_request(d, p, n):
            return True
        behind = 2 + int64(d[p + 1])
        if not 1 <= d[p + 1] <= 8 or n < behind:
            return False
        if n == behind or _is_socks_request(d, p + behind, n - behind):
            return True
        return n > behind + 2 and d[p + behind] == 1 and 0 < d[p + behind + 1] < n - behind  # name, password
    return 9 <= n <= 512 and d[p] == 4 and (d[p + 1] == 1 or d[p + 1] == 2) and d[p + n - 1] == 0


@inlined
def is_node_port(port: Any) -> Any:
    """Say whether a network of the Bitcoin family listens at this port by default."""
    return port != 0 and held(_NODE_PORTS, port)


@part
def is_discv4(d: Any, p: Any, n: Any) -> Any:
    """Say whether a discv4 packet fills this datagram: hash, signature, type, and a list to its end."""
    if not (98 < n <= 1280 and 1 <= d[p + 97] <= 6 and d[p + 96] <= 1):
        return False
    head = int64(d[p + 98])
    left = n - 99
    size = int64(-1)
    if 0xC0 <= head <= 0xF7:
        size = head - 0xC0
    elif head == 0xF8 and left >= 1:
        size = int64(d[p + 99]) + 1
    elif head == 0xF9 and left >= 2:
        size = be16(d, p + 99) + 2
    # EIP-8 lets a packet go on behind its list, which in practice none does; random bytes nearly
    # always do.
    return 0 < size <= left and left - size <= DISCV4_TRAIL


@inlined
def is_quic_initial(d: Any, p: Any, n: Any) -> Any:
    """Say whether a client's Initial of QUIC version 1 or 2 begins this datagram."""
    if n < QUIC_SHORTEST or d[p] & 0xC0 != 0xC0 or d[p + 5] > 20:
        return False
    version = be32(d, p + 1)
    if version == uint32(1):
        return d[p] & 0x30 == 0
    return version == uint32(0x6B3343CF) and d[p] & 0x30 == 0x10
