"""The payload test: which payloads may matter, by structure alone; cheap on those that do not."""

from typing import Any

import numpy as np
from numba import int64, uint8, uint32, uint64

from capture.compiled import inlined, part
from capture.records import Tag
from capture.sieve.names import dns_matters, hello_matters
from capture.sieve.octets import be16, be32, held
from protocols.magics import BY_MAGIC

JSON, BITCOIN, LEVIN, DISCV4 = int(Tag.JSON), int(Tag.BITCOIN_P2P), int(Tag.LEVIN), int(Tag.DISCV4)
TLS, DNS, NONE = int(Tag.TLS), int(Tag.DNS), int(Tag.NONE)
DULL = 255
"""No tag: a TLS greeting whose server name is of no interest."""

DISCV4_TRAIL = 64
"""Bytes that may follow the list of a discv4 packet."""
JSON_LOOK = 256
"""Bytes of a JSON text in which a key of JSON-RPC must show itself."""


def _word(text: str) -> int:
    """Return the first eight bytes of a word as a number, the way `_key` builds it."""
    return int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "big")


_KEYS = np.array(
    sorted(
        _word(key)
        for key in (
            "id", "method", "params", "result", "error", "jsonrpc", "job", "job_id", "blob", "login",
            "worker",
            "type", "identifier", "command", "message", "body", "api_key",
        )
    ),
    np.uint64,
)  # fmt: skip
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


@inlined
def _past_space(d: Any, p: Any, last: Any) -> Any:
    """Return where the white space of JSON at p ends."""
    while p < last and (d[p] == 0x20 or d[p] == 0x0A or d[p] == 0x0D or d[p] == 0x09):
        p += 1
    return p


@part
def is_json_rpc(d: Any, p: Any, end: Any) -> Any:
    """Say whether an object, or an array of objects, begins here and names a key that JSON-RPC uses."""
    last = min(end, p + JSON_LOOK)
    p = _past_space(d, p, last)
    if p < last and d[p] == 0x5B:
        p = _past_space(d, p + 1, last)
    if p >= last or d[p] != 0x7B:
        return False
    p += 1
    while p < last:
        if d[p] != 0x22:
            p += 1
            continue
        p += 1
        word, length = uint64(0), 0
        while p < last and d[p] != 0x22:
            if length < 8:
                word |= uint64(d[p]) << uint64(56 - 8 * length)
            length += 1
            p += 1
        p += 1
        p = _past_space(d, p, last)
        if p < last and d[p] == 0x3A and held(_KEYS, word):
            return True
    return False


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
def _dns_header(d: Any, p: Any) -> Any:
    """Say whether twelve bytes can be a DNS header: a standard opcode, one question or an answer, zero Z."""
    return (d[p + 2] & 0x78) <= 0x28 and (d[p + 3] & 0x40) == 0 and be16(d, p + 4) <= 8


@part
def tcp_tag(d: Any, p: Any, end: Any, sport: Any, dport: Any, dull: Any, names: Any, scratch: Any) -> Any:
    """Return the tag of a TCP payload d[p:end]; DULL for a TLS greeting to a name of no interest.

    `dull` says that this flow had one: the rest of its handshake does not matter either.
    """
    n = end - p
    if n < 6:
        return uint8(NONE)
    first = d[p]
    if first == 0x7B or first == 0x5B or first == 0x0A or first == 0x0D or first == 0x20:
        if is_json_rpc(d, p, end):
            return uint8(JSON)
    if first == 0x16 and d[p + 1] == 3 and d[p + 2] <= 4:
        kind = d[p + 5]
        if kind == 1:
            return uint8(TLS) if hello_matters(d, p, end, names, scratch) else uint8(DULL)
        if (kind == 2 or kind == 11) and not dull:
            return uint8(TLS)
    second = d[p + 4]
    if 0x61 <= second <= 0x7A and is_bitcoin(d, p, end):
        return uint8(BITCOIN)
    if n >= 8 and be32(d, p) == uint32(0x01210101) and be32(d, p + 4) == uint32(0x01010101):
        return uint8(LEVIN)
    if (sport == 53 or dport == 53) and n >= 14 and _dns_header(d, p + 2) and be16(d, p) >= 12:
        return uint8(DNS) if dns_matters(d, p + 2, end, names, scratch) else uint8(NONE)
    return uint8(NONE)


@part
def udp_tag(d: Any, p: Any, end: Any, sport: Any, dport: Any, names: Any, scratch: Any) -> Any:
    """Return the tag of a UDP payload d[p:end]."""
    n = end - p
    if sport == 53 or dport == 53:
        if n >= 17 and _dns_header(d, p):  # a header and the shortest question
            return uint8(DNS) if dns_matters(d, p, end, names, scratch) else uint8(NONE)
        return uint8(NONE)
    if 98 < n <= 1280 and 1 <= d[p + 97] <= 6 and d[p + 96] <= 1:
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
        if 0 < size <= left and left - size <= DISCV4_TRAIL:
            return uint8(DISCV4)
    return uint8(NONE)
