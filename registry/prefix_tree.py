"""Which record of which prefix holds an address at a time: sorted boundaries, built and searched by numpy.

Prefixes nest or are disjoint. The address space is cut at every first and every "last + 1" address; each
piece knows its innermost prefix, each prefix its parent and its timeline. A question finds its piece, then
its place in the timeline of the innermost prefix, and climbs to the parent where nothing holds.

Everything lies in flat arrays (`TreeArrays`), so that it can be kept in files and mapped by many processes.
A timeline is a slice of `event_ns` and `event_code`: from that instant on, that code holds. A code is the
number of a record, NOTHING, or, from the count of records on, a set of records that hold at the same time.
"""

from collections.abc import Callable
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

_V4_BITS, _V6_BITS = 32, 128


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
class Records:
    """The records of one address space, as columns of n rows; row i has the code `codes[i]`."""

    high: U64
    """First address, upper half; zeros for IPv4."""
    low: U64
    """First address, lower half; for IPv4 the 32-bit address."""
    length: U8
    from_ns: I64
    to_ns: I64
    """FOREVER while it lasts."""
    codes: I32
    lease: Mask
    """The record comes from an access log."""


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
                passed = _member(a.logged, nodes)
                fresh = passed & (gaps[asking] == NOTHING)
                gaps[asking[fresh]] = nodes[fresh]
            nodes = a.parent[nodes]
            up = nodes >= 0
            asking, nodes = asking[up], nodes[up]
        return Found(codes, stable, gaps)

    def chain(self, address: int) -> list[int]:
        """Return the prefixes that hold an address, innermost first."""
        if not len(self._a.parent):
            return []
        low = np.array([address & 0xFFFF_FFFF_FFFF_FFFF], np.uint64)
        high = np.array([address >> 64], np.uint64)
        piece = int(self._pieces(high, low)[0])
        node = int(self._a.innermost[piece]) if piece >= 0 else NOTHING
        found = []
        while node >= 0:
            found.append(node)
            node = int(self._a.parent[node])
        return found

    def at(self, chain: list[int], at_ns: int) -> tuple[int, int, list[int]]:
        """Return (code, prefix that it belongs to, logged prefixes passed) for a chain at one instant."""
        passed: list[int] = []
        for node in chain:
            begin, end = int(self._a.start[node]), int(self._a.start[node + 1])
            place = begin + int(np.searchsorted(self._a.event_ns[begin:end], at_ns, "right")) - 1
            if place >= begin and (code := int(self._a.event_code[place])) != NOTHING:
                return code, node, passed
            if self.logged(node) is not None:
                passed.append(node)
        return NOTHING, NOTHING, passed

    def changes(self, chain: list[int], after_ns: int, to_ns: int) -> list[int]:
        """Return the instants in (after, to] at which anything on a chain changes."""
        found: set[int] = set()
        for node in chain:
            events = self._a.event_ns[self._a.start[node] : self._a.start[node + 1]]
            low, high = np.searchsorted(events, (after_ns, to_ns), "right")
            found.update(events[low:high].tolist())
        return sorted(found)

    def all_changes(self, chain: list[int]) -> list[int]:
        """Return every instant at which anything on a chain ever changes."""
        nodes = (self._a.event_ns[self._a.start[n] : self._a.start[n + 1]].tolist() for n in chain)
        return sorted({time for times in nodes for time in times})

    def logged(self, node: int) -> tuple[int, int] | None:
        """Return the span of the access log that speaks of a prefix, None where none does."""
        place = int(np.searchsorted(self._a.logged, node))
        if place < len(self._a.logged) and self._a.logged[place] == node:
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


def build_tree(records: Records, new_set: Callable[[tuple[int, ...]], int], *, v6: bool) -> TreeArrays:
    """Build the arrays of one address space; `new_set` gives the code of records that hold together."""
    order = np.lexsort((records.from_ns, records.length, records.low, records.high))
    high, low, length = records.high[order], records.low[order], records.length[order]
    fresh = np.ones(len(order), np.bool_)
    if len(order):
        fresh[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1]) | (length[1:] != length[:-1])
    node_of = np.cumsum(fresh, dtype=np.int64) - 1
    first = np.flatnonzero(fresh)
    node_high, node_low, node_length = high[first], low[first], length[first]
    last_high, last_low = _last_addresses(node_high, node_low, node_length, v6=v6)
    parent = _parents(node_high, node_low, node_length, v6=v6)
    bound_high, bound_low, innermost = _boundaries(
        (node_high, node_low), (last_high, last_low), parent, v6=v6
    )
    event_node, event_ns, event_code = _events(
        node_of, records.from_ns[order], records.to_ns[order], records.codes[order], new_set
    )
    start = np.searchsorted(event_node, np.arange(len(first) + 1)).astype(np.int64)
    leases = records.lease[order]
    logged, spans = _logged(node_of[leases], records.from_ns[order][leases], records.to_ns[order][leases])
    return TreeArrays(
        bound_high if v6 else np.empty(0, np.uint64),
        bound_low if v6 else bound_low.astype(np.uint32),
        innermost,
        parent,
        start,
        event_ns,
        event_code,
        logged,
        *spans,
    )


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


def _member(sorted_values: I32, wanted: NDArray[Any]) -> Mask:
    places = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    return np.asarray(sorted_values[places] == wanted, np.bool_)


def _masks(length: int, *, v6: bool) -> tuple[np.uint64, np.uint64]:
    """Return the network masks of the upper and the lower half."""
    bits = _V6_BITS if v6 else _V4_BITS
    mask = ((1 << bits) - 1) ^ ((1 << (bits - length)) - 1)
    return np.uint64(mask >> 64), np.uint64(mask & 0xFFFF_FFFF_FFFF_FFFF)


def _last_addresses(high: U64, low: U64, length: U8, *, v6: bool) -> tuple[U64, U64]:
    last_high, last_low = high.copy(), low.copy()
    whole = (1 << (_V6_BITS if v6 else _V4_BITS)) - 1
    for each in np.unique(length).tolist():
        chosen = length == each
        host = whole >> each
        last_high[chosen] |= np.uint64(host >> 64)
        last_low[chosen] |= np.uint64(host & 0xFFFF_FFFF_FFFF_FFFF)
    return last_high, last_low


def _parents(high: U64, low: U64, length: U8, *, v6: bool) -> I32:
    """Return each prefix's parent: the longest shorter prefix that begins where this one's bits do."""
    parent = np.full(len(low), NOTHING, np.int32)
    lengths = np.unique(length).tolist()
    nodes = {each: np.flatnonzero(length == each) for each in lengths}
    for place, each in enumerate(lengths):
        asking = nodes[each]
        for shorter in reversed(lengths[:place]):
            if not len(asking):
                break
            masks = _masks(shorter, v6=v6)
            wanted_high, wanted_low = high[asking] & masks[0], low[asking] & masks[1]
            those = nodes[shorter]
            found = _exact(high[those], low[those], wanted_high, wanted_low, v6=v6)
            hit = found >= 0
            parent[asking[hit]] = those[found[hit]]
            asking = asking[~hit]
    return parent


def _exact(high: U64, low: U64, wanted_high: U64, wanted_low: U64, *, v6: bool) -> I64:
    """Return the place of each wanted address among sorted ones, NOTHING where it is not there."""
    if v6:
        begin = np.searchsorted(high, wanted_high, "left").astype(np.int64)
        end = np.searchsorted(high, wanted_high, "right").astype(np.int64)
        place = last_at(low, begin, end, wanted_low)
        there = place >= begin
    else:
        place = np.searchsorted(low, wanted_low, "right").astype(np.int64) - 1
        there = place >= 0
    there &= low[np.maximum(place, 0)] == wanted_low
    return np.where(there, place, NOTHING)


def _boundaries(
    firsts: tuple[U64, U64], lasts: tuple[U64, U64], parent: I32, *, v6: bool
) -> tuple[U64, U64, I32]:
    """Return the boundaries, sorted, and the innermost prefix from each on."""
    after_low = lasts[1] + np.uint64(1)
    after_high = lasts[0] + (after_low == 0) if v6 else lasts[0]
    ends = (after_high == 0) & (after_low == 0) if v6 else after_low > np.uint64((1 << _V4_BITS) - 1)
    high = np.concatenate((firsts[0], after_high[~ends]))
    low = np.concatenate((firsts[1], after_low[~ends]))
    order = np.lexsort((low, high)) if v6 else np.argsort(low, kind="stable")
    high, low = high[order], low[order]
    fresh = np.ones(len(low), np.bool_)
    if len(low):
        fresh[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    high, low = high[fresh], low[fresh]
    # The last prefix that begins at or below the boundary holds it, or one of its parents does.
    if v6:
        begin = np.searchsorted(firsts[0], high, "left").astype(np.int64)
        end = np.searchsorted(firsts[0], high, "right").astype(np.int64)
        node = last_at(firsts[1], begin, end, low).astype(np.int32)
    else:
        node = (np.searchsorted(firsts[1], low, "right") - 1).astype(np.int32)
    passed = np.flatnonzero(node >= 0)
    while len(passed):
        here = node[passed]
        over = (lasts[0][here] < high[passed]) | (
            (lasts[0][here] == high[passed]) & (lasts[1][here] < low[passed])
        )
        passed = passed[over]
        node[passed] = parent[node[passed]]
        passed = passed[node[passed] >= 0]
    changed = np.ones(len(node), np.bool_)
    changed[1:] = node[1:] != node[:-1]
    return high[changed], low[changed], node[changed]


def _events(
    node: I64, from_ns: I64, to_ns: I64, codes: I32, new_set: Callable[[tuple[int, ...]], int]
) -> tuple[I64, I64, I32]:
    """Return (prefix, instant, code from then on) of all timelines; rows come sorted by prefix and time."""
    count = len(node)
    follows = np.zeros(count, np.bool_)
    follows[:-1] = node[1:] == node[:-1]
    next_from = np.full(count, FOREVER, np.int64)
    next_from[:-1] = from_ns[1:]
    # Where any two of a prefix overlap, two neighbours do.
    crossing = follows & (next_from < to_ns)
    ends = (to_ns != FOREVER) & ~(follows & (next_from == to_ns))
    begins = np.ones(count, np.bool_)
    crowded = np.unique(node[crossing])
    within = _member(crowded.astype(np.int32), node) if len(crowded) else np.zeros(count, np.bool_)
    keep = np.empty(2 * count, np.bool_)
    keep[0::2], keep[1::2] = begins & ~within, ends & ~within
    event_ns = np.empty(2 * count, np.int64)
    event_ns[0::2], event_ns[1::2] = from_ns, to_ns
    event_code = np.empty(2 * count, np.int32)
    event_code[0::2], event_code[1::2] = codes, NOTHING
    event_node = np.repeat(node, 2)
    event_node, event_ns, event_code = event_node[keep], event_ns[keep], event_code[keep]
    if not len(crowded):
        return event_node, event_ns, event_code
    more = _crowded_events(node[within], from_ns[within], to_ns[within], codes[within], new_set)
    event_node = np.concatenate((event_node, np.array([one[0] for one in more], np.int64)))
    event_ns = np.concatenate((event_ns, np.array([one[1] for one in more], np.int64)))
    event_code = np.concatenate((event_code, np.array([one[2] for one in more], np.int32)))
    order = np.lexsort((event_ns, event_node))
    return event_node[order], event_ns[order], event_code[order]


def _crowded_events(
    node: I64, from_ns: I64, to_ns: I64, codes: I32, new_set: Callable[[tuple[int, ...]], int]
) -> list[tuple[int, int, int]]:
    """Return the events of prefixes that several records claim at once."""
    found: list[tuple[int, int, int]] = []
    edges = np.flatnonzero(np.diff(node, prepend=-1)).tolist()
    for begin, end in zip(edges, [*edges[1:], len(node)], strict=True):
        changes: dict[int, tuple[list[int], list[int]]] = {}
        rows = zip(
            from_ns[begin:end].tolist(), to_ns[begin:end].tolist(), codes[begin:end].tolist(), strict=True
        )
        for first, after, code in rows:
            changes.setdefault(first, ([], []))[0].append(code)
            if after != FOREVER:
                changes.setdefault(after, ([], []))[1].append(code)
        holding: set[int] = set()
        for time in sorted(changes):
            begun, ended = changes[time]
            holding.difference_update(ended)
            holding.update(begun)
            code = NOTHING if not holding else min(holding)
            if len(holding) > 1:
                code = new_set(tuple(sorted(holding)))
            found.append((int(node[begin]), time, code))
    return found


def _logged(node: I64, from_ns: I64, to_ns: I64) -> tuple[I32, tuple[I64, I64]]:
    if not len(node):
        return np.empty(0, np.int32), (np.empty(0, np.int64), np.empty(0, np.int64))
    begins = np.flatnonzero(np.diff(node, prepend=-1))
    spans = np.minimum.reduceat(from_ns, begins), np.maximum.reduceat(to_ns, begins)
    return node[begins].astype(np.int32), spans
