"""The flow table: open addressing over 8-byte slots, records of two cache lines.

A slot is the upper bits of a flow's hash and its index plus one; 0 is empty:

     63                                    26 25                       0
    +----------------------------------------+--------------------------+
    |        hash, its upper 38 bits         |        index + 1         |
    +----------------------------------------+--------------------------+

Where a flow belongs is told by the lowest of these 38 bits, so slots move to a larger table without a look at
the records, from front to back. Records never move while their flow lives, so an index names a flow until it
is given up.

The hash is multilinear (Lemire and Kaser, Strongly universal string hashing is fast, 2014): for a secret key,
two different flows meet with a chance of 2**-32, however their addresses and ports were chosen.
"""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.compiled import compiled, inlined
from capture.sieve.octets import mix
from capture.words import array, int64, uint64, void
from facts.flow import FLOW

FLOWS = array(FLOW)
SLOTS = uint64[::1]

INDEX_BITS = 26
MOST_FLOWS = (1 << INDEX_BITS) - 1
"""Flows that a slot can name: 67 million, 9 GB of records."""

_INDEX = MOST_FLOWS
_HASH = ((1 << 64) - 1) ^ _INDEX

FULL_EIGHTHS = 5
"""Eighths of the slots that may be in use: a look-up then meets two slots, one without success four; all of
them in one or two cache lines."""

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
        ("ipv4", "<u8"),  # what the words that all IPv4 addresses share add to the hash, start included
    ]
)
KEY = array(_KEY)


def key_of(seed: int) -> npt.NDArray[Any]:
    """Draw a hash's key from a seed of 64 bits: (1,) _KEY."""
    drawn = hashlib.shake_128(seed.to_bytes(8, "little")).digest(_KEY.itemsize)
    key = np.frombuffer(drawn, _KEY).copy()  # a copy can be written to, as the kernels' type says
    start, _, a1, a2, a3, _, b1, b2, b3, *_ = (int(word) for word in key[0])
    key["ipv4"] = (start + (a1 + 0xFFFF) * (b1 + 0xFFFF) + a2 * b2 + a3 * b3) % (1 << 64)
    return key


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
def hash_of_ipv4(k: Any, key: Any) -> Any:
    """Return what `hash_of` does for a flow between IPv4 addresses, with seven multiplications less."""
    low = uint64(0xFFFFFFFF)
    h = key.ipv4 + key.proto * uint64(k.proto)
    h += (key.a0 + (k.a_lo & low)) * (key.b0 + (k.b_lo & low))
    h += (key.ports + uint64(k.ports)) * (key.tunnel + uint64(k.tunnel))
    return mix(h)


@inlined
def slot_of(h: Any, index: Any) -> Any:
    """Return the slot of the flow with this hash and index."""
    return (h & uint64(_HASH)) | uint64(index + 1)


@inlined
def home(slot: Any, mask: Any) -> Any:
    """Return where a slot, or a hash, belongs in a table of mask + 1 slots."""
    return (slot >> uint64(INDEX_BITS)) & mask


@inlined
def index_in(slot: Any) -> Any:
    """Return the index that a slot holds, -1 in an empty one."""
    return int64(slot & uint64(_INDEX)) - 1


@inlined
def likely(h: Any, slots: Any) -> Any:
    """Return (index of the flow that most likely has this hash or -1, the slot where it is or belongs).

    38 bits of the hash agree; whether all of the key does, only the record can tell.
    """
    mask = uint64(len(slots) - 1)
    at = home(h, mask)
    slot = slots[at]
    while slot != 0 and (slot ^ h) & uint64(_HASH) != 0:
        at = (at + uint64(1)) & mask
        slot = slots[at]
    return index_in(slot), at


@inlined
def find(k: Any, flows: Any, slots: Any) -> Any:
    """Return (index of the flow of packet k or -1, the slot where it is or belongs).

    The search goes on from `k.slot`, where `likely` ended: what it passed by lies there still.
    """
    mask = uint64(len(slots) - 1)
    at = k.slot
    slot = slots[at]
    while slot != 0:
        if (slot ^ k.hash) & uint64(_HASH) == 0:
            i = index_in(slot)
            f = flows[uint64(i)]
            if (
                f.a_lo == k.a_lo
                and f.b_lo == k.b_lo
                and f.ports == k.ports
                and f.proto == k.proto
                and f.a_hi == k.a_hi
                and f.b_hi == k.b_hi
                and f.tunnel == k.tunnel
            ):
                return i, at
        at = (at + uint64(1)) & mask
        slot = slots[at]
    return int64(-1), at


@inlined
def put(slot: Any, slots: Any) -> None:
    """Write a slot to the first free place from where it belongs."""
    mask = uint64(len(slots) - 1)
    at = home(slot, mask)
    while slots[at] != 0:
        at = (at + uint64(1)) & mask
    slots[at] = slot


@inlined
def take_out(slot: Any, slots: Any) -> None:
    """Empty the place of a slot that is in the table, and close the gap: what is behind it moves up."""
    mask = uint64(len(slots) - 1)
    gap = home(slot, mask)
    while slots[gap] != slot:
        gap = (gap + uint64(1)) & mask
    at = (gap + uint64(1)) & mask
    while slots[at] != 0:
        if (at - home(slots[at], mask)) & mask >= (at - gap) & mask:  # it belongs at the gap or before
            slots[gap] = slots[at]
            gap = at
        at = (at + uint64(1)) & mask
    slots[gap] = uint64(0)


@compiled(void(SLOTS, SLOTS))
def spread(old: Any, new: Any) -> Any:
    """Copy all slots to an empty larger table: both are walked from front to back."""
    for at in range(len(old)):
        if old[at] != 0:
            put(old[at], new)
