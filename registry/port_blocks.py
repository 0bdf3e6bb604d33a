"""Which port block of a public address was given out at a time: CGNAT logs, sorted and searched by numpy.

Address and port make one key, `address << 16 | port`. The keys are cut at every first and every "last + 1"
port; each piece lists the blocks that hold it, by time. Blocks may overlap in any way: logs do.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.prefix_tree import I32, I64, NOTHING, U32, U64, Mask, last_at

PORT_BITS = 16


@dataclass(frozen=True, slots=True)
class BlockColumns:
    """n blocks as they come."""

    public: U32
    first_port: NDArray[np.uint16]
    last_port: NDArray[np.uint16]
    from_ns: I64
    to_ns: I64


@dataclass(frozen=True, slots=True)
class BlockArrays:
    """The index. b pieces, e entries (a block has one for each piece that it holds), a addresses."""

    bound: U64
    """(b,) first key of each piece, sorted."""
    start: I64
    """(b + 1,) where each piece's entries begin."""
    entry_from: I64
    """(e,) ascending within a piece."""
    entry_to: I64
    entry_latest: I64
    """(e,) the latest end of this entry and those before it in the piece."""
    entry_block: I32
    address: U32
    """(a,) the public addresses, sorted."""
    span_from: I64
    span_to: I64
    """(a,) from the first to the last instant that the logs speak of an address."""


@dataclass(frozen=True, slots=True)
class FoundBlocks:
    """The blocks of n keys during n short windows of time."""

    block: I32
    """The block, or NOTHING; meaningful where `stable`."""
    stable: Mask
    """One block holds the whole window, or none holds any of it."""


class PortBlocks:
    """Answers for all public addresses with port blocks."""

    def __init__(self, arrays: BlockArrays) -> None:
        self._a = arrays

    def __len__(self) -> int:
        return len(self._a.address)

    def span(self, address: int) -> tuple[int, int] | None:
        """Return from when to when logs speak of an IPv4 address, None where none does."""
        if not len(self._a.address):
            return None
        place = int(self._a.address.searchsorted(np.uint32(address)))
        if place < len(self._a.address) and int(self._a.address[place]) == address:
            return int(self._a.span_from[place]), int(self._a.span_to[place])
        return None

    def known(self, addresses: U64) -> Mask:
        """Say for each IPv4 address whether any log speaks of it."""
        if not len(self._a.address):
            return np.zeros(len(addresses), np.bool_)
        places = np.minimum(np.searchsorted(self._a.address, addresses), len(self._a.address) - 1)
        return np.asarray(self._a.address[places] == addresses, np.bool_)

    def find(self, addresses: U64, ports: I64, from_ns: I64, to_ns: I64) -> FoundBlocks:
        """Return which block holds each address and port from its first instant to its last (inclusive)."""
        a = self._a
        keys = addresses << np.uint64(PORT_BITS) | ports.astype(np.uint64)
        pieces = np.searchsorted(a.bound, keys, "right") - 1
        inside = pieces >= 0
        begin = np.where(inside, a.start[pieces], 0)
        end = np.where(inside, a.start[pieces + 1], 0)
        place = last_at(a.entry_from, begin, end, to_ns)
        block = np.full(len(keys), NOTHING, np.int32)
        hits = np.zeros(len(keys), np.int32)
        whole = np.ones(len(keys), np.bool_)
        walking = np.flatnonzero((place >= begin) & inside)
        while len(walking):
            at = place[walking]
            begun, ended = a.entry_from[at], a.entry_to[at]
            touches = ended > from_ns[walking]
            hit = walking[touches]
            hits[hit] += 1
            block[hit] = a.entry_block[at[touches]]
            whole[hit] &= (begun[touches] <= from_ns[hit]) & (ended[touches] > to_ns[hit])
            place[walking] -= 1
            before = place[walking]
            more = (before >= begin[walking]) & (hits[walking] < 2)
            more &= a.entry_latest[np.maximum(before, 0)] > from_ns[walking]
            walking = walking[more]
        return FoundBlocks(block, (hits == 0) | ((hits == 1) & whole))

    def touching(self, address: int, port: int | None, from_ns: int, to_ns: int) -> list[int]:
        """Return the blocks of a port (None: of any) that hold any instant of a window, oldest first."""
        found: dict[int, int] = {}
        for place in self._entries(address, port):
            begin, end = int(self._a.start[place]), int(self._a.start[place + 1])
            last = begin + int(np.searchsorted(self._a.entry_from[begin:end], to_ns, "right"))
            for entry in range(last - 1, begin - 1, -1):
                if self._a.entry_latest[entry] <= from_ns:
                    break
                if self._a.entry_to[entry] > from_ns:
                    found[int(self._a.entry_block[entry])] = int(self._a.entry_from[entry])
        return sorted(found, key=lambda block: (found[block], block))

    def latest(self, address: int, port: int | None, count: int) -> list[int]:
        """Return the `count` blocks of a port (None: of any) that began last."""
        found: dict[int, int] = {}
        for place in self._entries(address, port):
            begin, end = int(self._a.start[place]), int(self._a.start[place + 1])
            for entry in range(max(begin, end - count), end):
                found[int(self._a.entry_block[entry])] = int(self._a.entry_from[entry])
        return sorted(found, key=lambda block: (-found[block], block))[:count]

    def _entries(self, address: int, port: int | None) -> range:
        low = address << PORT_BITS
        first, last = (low, low | 0xFFFF) if port is None else (low | port, low | port)
        begin = int(np.searchsorted(self._a.bound, np.uint64(first), "right")) - 1
        end = int(np.searchsorted(self._a.bound, np.uint64(last), "right"))
        return range(max(begin, 0), end) if port is None else range(max(begin, 0), max(begin + 1, 0))


def build_blocks(columns: BlockColumns) -> BlockArrays:
    """Build the index; a block's number is its place in `columns`."""
    base = columns.public.astype(np.uint64) << np.uint64(PORT_BITS)
    first = base | columns.first_port.astype(np.uint64)
    after = (base | columns.last_port.astype(np.uint64)) + np.uint64(1)
    bound = np.unique(np.concatenate((first, after)))
    begin = np.searchsorted(bound, first).astype(np.int64)
    pieces = np.searchsorted(bound, after).astype(np.int64) - begin
    block = np.repeat(np.arange(len(first), dtype=np.int32), pieces)
    offset = np.arange(len(block)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    piece = np.repeat(begin, pieces) + offset
    order = np.lexsort((columns.from_ns[block], piece))
    piece, block = piece[order], block[order]
    entry_to = columns.to_ns[block]
    address, which = np.unique(columns.public, return_inverse=True)
    span_from = np.full(len(address), np.iinfo(np.int64).max, np.int64)
    span_to = np.full(len(address), np.iinfo(np.int64).min, np.int64)
    np.minimum.at(span_from, which, columns.from_ns)
    np.maximum.at(span_to, which, columns.to_ns)
    start = np.searchsorted(piece, np.arange(len(bound) + 1)).astype(np.int64)
    latest = _running_maximum(entry_to, piece)
    return BlockArrays(
        bound, start, columns.from_ns[block], entry_to, latest, block, address, span_from, span_to
    )


def blocks_to_columns(blocks: BlockArrays) -> dict[str, NDArray[Any]]:
    """Return the arrays under names that begin with `blocks.`."""
    return {f"blocks.{field.name}": getattr(blocks, field.name) for field in fields(blocks)}


def blocks_of_columns(columns: dict[str, NDArray[Any]]) -> BlockArrays:
    """Return what `blocks_to_columns` took apart. Raises KeyError where an array is missing."""
    return BlockArrays(*(columns[f"blocks.{field.name}"] for field in fields(BlockArrays)))


def _running_maximum(values: I64, group: I64) -> I64:
    """Return the running maximum within each group; groups lie together."""
    found = values.copy()
    step = 1
    while step < len(found):  # doubling: after k steps each looks back over 2**k values
        same = group[step:] == group[:-step]
        if not same.any():
            break
        before = found.copy()
        found[step:] = np.where(same, np.maximum(before[step:], before[:-step]), before[step:])
        step *= 2
    return found
