"""Names of interest: DNS and TLS greetings are handed on only where their name lies under a listed domain.

An ordinary link carries thousands of names a second and perhaps one of a pool. The kernel hashes each
suffix of a name (`pool.example.com`, `example.com`, `com`) and looks it up; what it cannot read it hands
on, so that the parser counts it.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.compiled import inlined, part
from capture.sieve.octets import be16
from capture.words import int64, uint8, uint64

BYTES = uint8[::1]
WORDS = uint64[::1]
SCRATCH = 256
"""Bytes of the scratch that names are put together in: the longest of DNS has 253 characters (RFC 1035)."""

_PRIME = 0x100000001B3  # FNV-1a's; the seed of a flow table would not help, since the list is public
_BASIS = 0xCBF29CE484222325
_MAX_POINTERS = 8
_MAX_ANSWERS = 16
_CNAME = 5


def interest(domains: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Return the hashes of domains as a table for the kernel, (n,) uint64; empty: every name matters.

    n is a power of two, at least four times the domains. A hash is at its place or behind it; 0: nothing.
    """
    hashes = {_hash(domain.lower()) for domain in domains}
    table = np.zeros(1 << (4 * len(hashes) - 1).bit_length() if hashes else 0, np.uint64)
    for value in sorted(hashes):
        at = int(_place(np.uint64(value), np.uint64(len(table) - 1)))
        while table[at]:
            at = (at + 1) % len(table)
        table[at] = value
    return table


@inlined
def _place(value: Any, mask: Any) -> Any:
    """Return where a hash belongs in a table of mask + 1 places."""
    return value >> uint64(32) & mask


def _hash(domain: str) -> int:
    value = _BASIS
    for byte in reversed(domain.encode()):
        value = ((value ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


@inlined
def _is_listed(names: Any, value: Any) -> Any:
    """Say whether a table of `interest` holds a hash."""
    mask = uint64(len(names) - 1)
    at = _place(value, mask)
    for _ in range(len(names)):  # a table always has room; one that had none would hold a kernel for ever
        if names[at] == 0:
            return False
        if names[at] == value:
            return True
        at = (at + uint64(1)) & mask
    return False


@part
def under(name: Any, length: Any, names: Any) -> Any:
    """Say whether the lower-case name[:length] is a listed domain or lies under one."""
    value = uint64(_BASIS)
    at = length - 1
    while at >= 0:
        byte = name[at]
        if byte == 0x2E and _is_listed(names, value):
            return True
        value = (value ^ uint64(byte)) * uint64(_PRIME)
        at -= 1
    return _is_listed(names, value)


@inlined
def _lower(byte: Any) -> Any:
    return uint8(byte | 0x20) if 0x41 <= byte <= 0x5A else uint8(byte)


@part
def _read_name(d: Any, base: Any, p: Any, end: Any, name: Any) -> Any:
    """Write the DNS name at p into `name`, lower case with dots; return its length, -1: malformed."""
    length: Any = int64(0)
    jumps = 0
    while p < end:
        size = int64(d[p])
        if size == 0:
            return length
        if size >= 0xC0:
            jumps += 1
            if jumps > _MAX_POINTERS or p + 2 > end:
                return int64(-1)
            p = base + (be16(d, p) & 0x3FFF)
            continue
        if size > 63 or p + 1 + size > end or length + size + 1 > SCRATCH:
            return int64(-1)
        if length:
            name[length] = uint8(0x2E)
            length += 1
        for at in range(size):
            name[length + at] = _lower(d[p + 1 + at])
        length += size
        p += 1 + size
    return int64(-1)


@inlined
def _after_name(d: Any, p: Any, end: Any) -> Any:
    """Return where the bytes of the DNS name at p end, or `end` where they run out."""
    while p < end:
        size = int64(d[p])
        if size == 0:
            p += 1
            break
        if size >= 0xC0:
            p += 2
            break
        p += 1 + size
    return min(p, end)


@part
def dns_matters(d: Any, p: Any, end: Any, names: Any, scratch: Any) -> Any:
    """Say whether a DNS message d[p:end] asks for, or goes by an alias to, a name of interest."""
    if len(names) == 0:
        return True
    if be16(d, p + 4) != 1:
        return True
    length = _read_name(d, p, p + 12, end, scratch)
    if length < 0 or under(scratch, length, names):
        return True
    answers = min(be16(d, p + 6), _MAX_ANSWERS)
    at = _after_name(d, p + 12, end) + 4
    for _ in range(answers):
        at = _after_name(d, at, end)
        if at + 10 > end:
            break
        kind = be16(d, at)
        size = be16(d, at + 8)
        at += 10
        if kind == _CNAME:
            length = _read_name(d, p, at, end, scratch)
            if length < 0 or under(scratch, length, names):
                return True
        at += size
    return False


@part
def hello_matters(d: Any, p: Any, end: Any, names: Any, scratch: Any) -> Any:
    """Say whether a ClientHello d[p:end], its TLS record included, names a host of interest, none or one
    unread."""
    if len(names) == 0:
        return True
    at = p + 43  # record header 5, handshake header 4, version 2, random 32
    if at + 1 > end:
        return True
    at += 1 + int64(d[at])  # session id
    if at + 2 > end:
        return True
    at += 2 + be16(d, at)  # cipher suites
    if at + 1 > end:
        return True
    at += 1 + int64(d[at])  # compression methods
    if at + 2 > end:
        return True
    last = at + 2 + be16(d, at)
    at += 2
    while at + 4 <= min(last, end):
        kind, size = be16(d, at), be16(d, at + 2)
        at += 4
        if kind == 0:
            if at + 5 > end or d[at + 2] != 0:
                return True
            length = be16(d, at + 3)
            if at + 5 + length > end or length > SCRATCH or length == 0:
                return True
            for byte in range(length):
                scratch[byte] = _lower(d[at + 5 + byte])
            return under(scratch, length, names)
        at += size
    return True  # no server name, or not all of the extensions are in this segment
