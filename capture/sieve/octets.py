"""Reading numbers off the wire, for kernels: 32-bit and 64-bit unsigned, since mixed signs become floats."""

from typing import Any

from numba import int64, uint32, uint64

from capture.compiled import inlined


@inlined
def be16(d: Any, p: Any) -> Any:
    """Return two bytes, most significant first, as int64."""
    return int64(d[p]) << 8 | int64(d[p + 1])


@inlined
def be32(d: Any, p: Any) -> Any:
    """Return four bytes, most significant first, as uint32."""
    return uint32(
        uint32(d[p]) << uint32(24)
        | uint32(d[p + 1]) << uint32(16)
        | uint32(d[p + 2]) << uint32(8)
        | uint32(d[p + 3])
    )


@inlined
def be64(d: Any, p: Any) -> Any:
    """Return eight bytes, most significant first, as uint64."""
    return uint64(be32(d, p)) << uint64(32) | uint64(be32(d, p + 4))


@inlined
def mix(x: Any) -> Any:
    """Scramble 64 bits (a multiply-xorshift finaliser)."""
    x ^= x >> uint64(32)
    x *= uint64(0xD6E8FEB86659FD93)
    x ^= x >> uint64(32)
    x *= uint64(0xD6E8FEB86659FD93)
    x ^= x >> uint64(32)
    return x


@inlined
def held(words: Any, word: Any) -> Any:
    """Say whether a sorted array holds a word."""
    low: Any = int64(0)
    high: Any = int64(len(words))
    while low < high:
        middle = (low + high) >> 1
        if words[middle] < word:
            low = middle + 1
        else:
            high = middle
    return low < len(words) and words[low] == word
