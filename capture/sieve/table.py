"""The flow table: open addressing over 8-byte slots, records of two cache lines, grown by rehash, swept
when full.

A slot holds the upper half of a flow's hash and its index plus one; 0 is empty. Records never move while
their flow lives, so an index names a flow until it is given up.

The hash is multilinear (Lemire and Kaser, Strongly universal string hashing is fast, 2014): for a secret key,
two different flows meet with a chance of 2**-32, however their addresses and ports were chosen.
"""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.compiled import compiled, inlined
from capture.sieve.octets import mix
from capture.words import array, int64, uint8, uint32, uint64
from facts.flow import FLOW, LIVE

FLOWS = array(FLOW)
SLOTS = uint64[::1]
INDICES = uint32[::1]

_KEY = np.dtype(
    [
        ("start", "<u8"),
        ("a0", "<u8"),
        ("a1", "<u8"),
        ("a2", "<u8"),
        ("a3", "<u8"),
        ("b0", "<u8"),
        ("b1", "<u8"),
        ("b2", "<u8"),
        ("b3", "<u8"),
        ("ports", "<u8"),
        ("tunnel", "<u8"),
        ("proto", "<u8"),
    ]
)
KEY = array(_KEY)

_HIGH = 0xFFFFFFFF00000000
_LOW = 0xFFFFFFFF


def key_of(seed: int) -> npt.NDArray[Any]:
    """Draw a hash's key from a seed of 64 bits: (1,) _KEY."""
    drawn = hashlib.shake_128(seed.to_bytes(8, "little")).digest(_KEY.itemsize)
    return np.frombuffer(drawn, _KEY).copy()  # a copy can be written to, as the kernels' type says


@inlined
def hash_of(k: Any, key: Any) -> Any:
    """Return the hash of a flow's key, for a packet or a record alike."""
    low, half = uint64(0xFFFFFFFF), uint64(32)
    h = key.start + key.proto * uint64(k.proto)
    h += (key.a0 + (k.a_lo & low)) * (key.b0 + (k.b_lo & low))
    h += (key.a1 + (k.a_lo >> half)) * (key.b1 + (k.b_lo >> half))
    h += (key.a2 + (k.a_hi & low)) * (key.b2 + (k.b_hi & low))
    h += (key.a3 + (k.a_hi >> half)) * (key.b3 + (k.b_hi >> half))
    h += (key.ports + uint64(k.ports)) * (key.tunnel + uint64(k.tunnel))
    return mix(h)


@inlined
def find(k: Any, flows: Any, slots: Any) -> Any:
    """Return (index of the flow of packet k or -1, the slot where it is or belongs)."""
    mask = uint64(len(slots) - 1)
    tag = k.hash & uint64(_HIGH)
    s = k.hash & mask
    x = slots[s]
    while x != 0:
        if x & uint64(_HIGH) == tag:
            i = int64(x & uint64(_LOW)) - 1
            f = flows[i]
            if (
                f.a_lo == k.a_lo
                and f.b_lo == k.b_lo
                and f.ports == k.ports
                and f.proto == k.proto
                and f.a_hi == k.a_hi
                and f.b_hi == k.b_hi
                and f.tunnel == k.tunnel
            ):
                return i, s
        s = (s + uint64(1)) & mask
        x = slots[s]
    return int64(-1), s


@compiled(int64(FLOWS, int64, SLOTS, KEY))
def rebuild(flows: Any, used: Any, slots: Any, key: Any) -> Any:
    """Fill empty `slots` with the live flows of flows[:used]; return how many there are."""
    mask = uint64(len(slots) - 1)
    live = 0
    for i in range(used):
        f = flows[i]
        if f.state & uint8(LIVE) == 0:
            continue
        h = hash_of(f, key[0])
        s = h & mask
        while slots[s] != 0:
            s = (s + uint64(1)) & mask
        slots[s] = (h & uint64(_HIGH)) | uint64(i + 1)
        live += 1
    return live
