"""Which record of which prefix holds an address at a time: sorted boundaries, built and searched by numpy.

Prefixes nest or are disjoint. The address space is cut at every first and every "last + 1" address; each
piece knows its innermost prefix, each prefix its parent and its timeline. A question finds its piece, then
its place in the timeline of the innermost prefix, and climbs to the parent where nothing holds.

Everything lies in flat arrays (`TreeArrays`), so that it can be kept in files and mapped by many processes.
A timeline is a slice of `event_ns` and `event_code`: from that instant on, that code holds. A code is the
number of a record, NOTHING, or, from the count of records on, a set of records that hold at the same time.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

NOTHING = -1
"""Code: no record of any prefix holds the address at that time."""
FOREVER = (1 << 63) - 1
"""End of a period that lasts."""


@dataclass(frozen=True, slots=True)
class TreeArrays:
    """One address space. n records, m prefixes, b boundaries, e events."""

    bound_high: U64
    """(b,) upper half of each boundary, sorted; empty for IPv4."""
    bound_low: U64 | U32
    """(b,) lower half; for IPv4 the whole address, uint32."""
    innermost: I32
    """(b,) the innermost prefix from this boundary on, or NOTHING."""
    parent: I32
    """(m,) the next larger prefix, or NOTHING."""
    start: I64
    """(m + 1,) where each prefix's events begin."""
    event_ns: I64
    """(e,) ascending within a prefix."""
    event_code: I32
    """(e,)"""
    logged: I32
    """Prefixes (sorted) that access logs speak of: outside their records the holder is not known."""
    logged_from_ns: I64
    """First instant that those records speak of."""
    logged_to_ns: I64
    """First instant after them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What holds n addresses during n short windows of time."""

    code: NDArray[np.int64]
    """Code that holds, or NOTHING; meaningful where `stable`."""
    stable: Mask
    """Nothing changes within the window."""
    gap: I32
    """A logged prefix that was passed because no record of it held; NOTHING where there was none."""


class PrefixTree:
    """Answers for one address space."""

    def __init__(self, arrays: TreeArrays, *, v6: bool) -> None:
        self._a = arrays
        self._v6 = v6
        # One question reads a handful of values: from a view of the same memory, Python takes each in a tenth
        # of the time that NumPy needs to make a number of its own.
        self._bound = arrays.bound_low.data
        self._innermost = arrays.innermost.data
        self._parent = arrays.parent.data
        self._start = arrays.start.data
        self._event_ns = arrays.event_ns.data
        self._event_code = arrays.event_code.data
        self._logged = arrays.logged.data

    def find(self, highs: U64, lows: U64, from_ns: I64, to_ns: I64) -> Found:
        """Return what holds each address from its first instant to its last (inclusive)."""
        a = self._a
        count = len(lows)
        codes = np.full(count, NOTHING, np.int64)
        stable = np.ones(count, np.bool_)
        gaps = np.full(count, NOTHING, np.int32)
        if not len(a.parent):
            return Found(codes, stable, gaps)
        pieces = self._pieces(highs, lows)
        nodes = np.where(pieces >= 0, a.innermost[pieces], NOTHING)
        asking = np.flatnonzero(nodes >= 0)
        nodes = nodes[asking]
        while len(asking):
            begin, end = a.start[nodes], a.start[nodes + 1]
            first = last_at(a.event_ns, begin, end, from_ns[asking])
            last = last_at(a.event_ns, begin, end, to_ns[asking])
            quiet = first == last
            stable[asking[~quiet]] = False
            here = np.where(quiet & (first >= begin), a.event_code[np.maximum(first, 0)], NOTHING)
            codes[asking] = here
            on = quiet & (here == NOTHING)
            asking, nodes = asking[on], nodes[on]
            if len(a.logged) and len(asking):
                passed = member(a.logged, nodes)
                fresh = passed & (gaps[asking] == NOTHING)
                gaps[asking[fresh]] = nodes[fresh]
            nodes = a.parent[nodes]
            up = nodes >= 0
            asking, nodes = asking[up], nodes[up]
        return Found(codes, stable, gaps)

    def chain(self, address: int) -> list[int]:
        """Return the prefixes that hold an address, innermost first."""
        if not len(self._parent):
            return []
        if self._v6:
            low = np.array([address & 0xFFFF_FFFF_FFFF_FFFF], np.uint64)
            piece = int(self._pieces(np.array([address >> 64], np.uint64), low)[0])
        else:
            piece = bisect_right(self._bound, address & 0xFFFF_FFFF) - 1
        node: int = self._innermost[piece] if piece >= 0 else NOTHING
        found = []
        while node >= 0:
            found.append(node)
            node = self._parent[node]
        return found

    def at(self, chain: list[int], at_ns: int) -> tuple[int, int, list[int]]:
        """Return (code, prefix that it belongs to, logged prefixes passed) for a chain at one instant."""
        passed: list[int] = []
        for node in chain:
            begin, end = self._start[node], self._start[node + 1]
            place = bisect_right(self._event_ns, at_ns, begin, end) - 1
            if place >= begin and (code := self._event_code[place]) != NOTHING:
                return code, node, passed
            if self.logged(node) is not None:
                passed.append(node)
        return NOTHING, NOTHING, passed

    def changes(self, chain: list[int], after_ns: int, to_ns: int) -> list[int]:
        """Return the instants in (after, to] at which anything on a chain changes."""
        found: set[int] = set()
        for node in chain:
            begin, end = self._start[node], self._start[node + 1]
            low = bisect_right(self._event_ns, after_ns, begin, end)
            found.update(self._event_ns[low : bisect_right(self._event_ns, to_ns, low, end)])
        return sorted(found)

    def all_changes(self, chain: list[int]) -> list[int]:
        """Return every instant at which anything on a chain ever changes."""
        nodes = (self._event_ns[self._start[n] : self._start[n + 1]] for n in chain)
        return sorted({time for times in nodes for time in times})

    def logged(self, node: int) -> tuple[int, int] | None:
        """Return the span of the access log that speaks of a prefix, None where none does."""
        if not len(self._logged):
            return None
        place = bisect_left(self._logged, node)
        if place < len(self._logged) and self._logged[place] == node:
            return int(self._a.logged_from_ns[place]), int(self._a.logged_to_ns[place])
        return None

    def logged_spans(self, nodes: I32) -> tuple[I64, I64]:
        """Return the spans of logged prefixes; every one of `nodes` must be logged."""
        places = np.searchsorted(self._a.logged, nodes)
        return self._a.logged_from_ns[places], self._a.logged_to_ns[places]

    def _pieces(self, highs: U64, lows: U64) -> I64:
        a = self._a
        if not self._v6:
            return np.searchsorted(a.bound_low, lows.astype(np.uint32), "right").astype(np.int64) - 1
        begin = np.searchsorted(a.bound_high, highs, "left").astype(np.int64)
        end = np.searchsorted(a.bound_high, highs, "right").astype(np.int64)
        return last_at(a.bound_low, begin, end, lows)


def tree_to_columns(tree: TreeArrays, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays under names that begin with `name`."""
    return {f"{name}.{field.name}": getattr(tree, field.name) for field in fields(tree)}


def tree_of_columns(columns: dict[str, NDArray[Any]], name: str) -> TreeArrays:
    """Return the tree that `tree_to_columns` took apart. Raises KeyError where an array is missing."""
    return TreeArrays(*(columns[f"{name}.{field.name}"] for field in fields(TreeArrays)))


def last_at(values: NDArray[Any], begin: I64, end: I64, wanted: NDArray[Any]) -> I64:
    """Return for each slice [begin, end) the place of its last value at or below `wanted`, else begin - 1."""
    low, high = begin.copy(), end.copy()
    while True:
        open_ = low < high
        if not open_.any():
            return low - 1
        middle = (low + high) >> 1
        below = open_ & (values[np.where(open_, middle, 0)] <= wanted)
        low = np.where(below, middle + 1, low)
        high = np.where(open_ & ~below, middle, high)


def member(sorted_values: I32, wanted: NDArray[Any]) -> Mask:
    """Say of each value whether it is among sorted ones, which must not be empty."""
    places = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    return np.asarray(sorted_values[places] == wanted, np.bool_)
