"""Builds the arrays of registry/prefix_tree.py from records, within a few times their own memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from registry.prefix_tree import FOREVER, I32, I64, NOTHING, U8, U32, U64, Mask, TreeArrays, last_at, member

_V4_BITS, _V6_BITS = 32, 128


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one address space, as columns of n rows; row i has the code `codes[i]`."""

    high: U64
    """First address, upper half; empty for IPv4."""
    low: U64 | U32
    """First address, lower half; for IPv4 the address, uint32."""
    length: U8
    from_ns: I64
    to_ns: I64
    """FOREVER while it lasts."""
    codes: I32
    lease: Mask
    """The record comes from an access log."""


def build_tree(records: Records, new_set: Callable[[tuple[int, ...]], int], *, v6: bool) -> TreeArrays:
    """Build the arrays of one address space; `new_set` gives the code of records that hold together.

    Ten million records must not need many times their own memory: IPv4 has 32-bit columns and no upper half,
    places are 32-bit numbers, and what is not needed any more is let go.
    """
    high, low, length, order = _sorted(records, v6=v6)
    fresh = np.ones(len(low), np.bool_)
    if len(low):
        fresh[1:] = (low[1:] != low[:-1]) | (length[1:] != length[:-1])
        if v6:
            fresh[1:] |= high[1:] != high[:-1]
    node_of = np.cumsum(fresh, dtype=np.int32)
    node_of -= 1
    nodes = (high[fresh] if v6 else high, low[fresh], length[fresh])
    del high, low, length, fresh
    lasts = _last_addresses(*nodes, v6=v6)
    parent = _parents(*nodes, v6=v6)
    boundaries = _boundaries((nodes[0], nodes[1]), lasts, parent, v6=v6)
    del nodes, lasts
    from_ns, to_ns, codes = records.from_ns[order], records.to_ns[order], records.codes[order]
    leases = np.flatnonzero(records.lease[order])
    del order
    logged, spans = _logged(node_of[leases].astype(np.int64), from_ns[leases], to_ns[leases])
    events = _events(node_of, from_ns, to_ns, codes, len(parent), new_set)
    return TreeArrays(*boundaries, parent, *events, logged, *spans)


def _sorted(records: Records, *, v6: bool) -> tuple[U64, U64 | U32, U8, I32]:
    """Return the sorted prefixes, and the order by prefix and time that sorts everything else."""
    if v6:
        order = np.lexsort((records.from_ns, records.length, records.low, records.high)).astype(np.int32)
        return records.high[order], records.low[order], records.length[order], order
    key = records.low.astype(np.uint64) << np.uint64(8) | records.length
    order = np.lexsort((records.from_ns, key)).astype(np.int32)
    del key
    return records.high, records.low[order], records.length[order], order


def _masks(length: int, *, v6: bool) -> tuple[np.uint64, np.uint64]:
    """Return the network masks of the upper and the lower half."""
    bits = _V6_BITS if v6 else _V4_BITS
    mask = ((1 << bits) - 1) ^ ((1 << (bits - length)) - 1)
    return np.uint64(mask >> 64), np.uint64(mask & 0xFFFF_FFFF_FFFF_FFFF)


def _last_addresses(high: U64, low: U64 | U32, length: U8, *, v6: bool) -> tuple[U64, U64 | U32]:
    last_high, last_low = high.copy(), low.copy()
    whole = (1 << (_V6_BITS if v6 else _V4_BITS)) - 1
    for each in np.unique(length).tolist():
        chosen = length == each
        host = whole >> each
        last_low[chosen] |= last_low.dtype.type(host & 0xFFFF_FFFF_FFFF_FFFF)
        if v6:
            last_high[chosen] |= np.uint64(host >> 64)
    return last_high, last_low


def _parents(high: U64, low: U64 | U32, length: U8, *, v6: bool) -> I32:
    """Return each prefix's parent: the longest shorter prefix that begins where this one's bits do."""
    parent = np.full(len(low), NOTHING, np.int32)
    lengths = np.unique(length).tolist()
    nodes = {each: np.flatnonzero(length == each).astype(np.int32) for each in lengths}
    for place, each in enumerate(lengths):
        asking = nodes[each]
        for shorter in reversed(lengths[:place]):
            if not len(asking):
                break
            masks = _masks(shorter, v6=v6)
            those = nodes[shorter]
            wanted_low = low[asking] & low.dtype.type(masks[1])
            highs = (high[those], high[asking] & masks[0]) if v6 else (high, high)
            found = _exact(highs[0], low[those], highs[1], wanted_low, v6=v6)
            hit = found >= 0
            parent[asking[hit]] = those[found[hit]]
            asking = asking[~hit]
    return parent


def _exact(high: U64, low: U64 | U32, wanted_high: U64, wanted_low: U64 | U32, *, v6: bool) -> I64:
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
    firsts: tuple[U64, U64 | U32], lasts: tuple[U64, U64 | U32], parent: I32, *, v6: bool
) -> tuple[U64, U64 | U32, I32]:
    """Return the boundaries, sorted, and the innermost prefix from each on."""
    if not v6:
        after = lasts[1][lasts[1] != np.uint32(0xFFFF_FFFF)] + np.uint32(1)
        low = np.unique(np.concatenate((firsts[1], after)))
        del after
        # The last prefix that begins at or below the boundary holds it, or one of its parents does.
        node = (np.searchsorted(firsts[1], low, "right") - 1).astype(np.int32)
        high = firsts[0]
    else:
        after_low = lasts[1] + np.uint64(1)
        after_high = lasts[0] + (after_low == 0)
        ends = (after_high == 0) & (after_low == 0)
        high = np.concatenate((firsts[0], after_high[~ends]))
        low = np.concatenate((firsts[1], after_low[~ends]))
        order = np.lexsort((low, high))
        high, low = high[order], low[order]
        fresh = np.ones(len(low), np.bool_)
        if len(low):
            fresh[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        high, low = high[fresh], low[fresh]
        begin = np.searchsorted(firsts[0], high, "left").astype(np.int64)
        end = np.searchsorted(firsts[0], high, "right").astype(np.int64)
        node = last_at(firsts[1], begin, end, low).astype(np.int32)
    passed = np.flatnonzero(node >= 0)
    while len(passed):
        here = node[passed]
        over = lasts[1][here] < low[passed]
        if v6:
            over = (lasts[0][here] < high[passed]) | ((lasts[0][here] == high[passed]) & over)
        passed = passed[over]
        node[passed] = parent[node[passed]]
        passed = passed[node[passed] >= 0]
    changed = np.ones(len(node), np.bool_)
    changed[1:] = node[1:] != node[:-1]
    return high[changed] if v6 else high, low[changed], node[changed]


def _events(
    node: I32, from_ns: I64, to_ns: I64, codes: I32, nodes: int, new_set: Callable[[tuple[int, ...]], int]
) -> tuple[I64, I64, I32]:
    """Return (where each prefix's events begin, instants, code from then on) of all timelines.

    Rows come sorted by prefix and time. A row gives one event, its begin, and a second one, its end, where
    nothing follows at once; the rows of a prefix that several claim at once are walked instead.
    """
    count = len(node)
    follows = np.zeros(count, np.bool_)
    follows[:-1] = node[1:] == node[:-1]
    touches, crossing = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    touches[:-1] = from_ns[1:] == to_ns[:-1]
    crossing[:-1] = from_ns[1:] < to_ns[:-1]  # where any two of a prefix overlap, two neighbours do
    ends = (to_ns != FOREVER) & ~(follows & touches)
    crowded = np.unique(node[crossing & follows])
    del follows, touches, crossing
    size = ends.astype(np.int32) + np.int32(1)
    walked: dict[int, list[tuple[int, int, int]]] = {}
    if len(crowded):
        within = member(crowded, node)
        for event in _crowded_events(node[within], from_ns[within], to_ns[within], codes[within], new_set):
            walked.setdefault(event[0], []).append(event)
        size[within] = 0
        first_rows = np.searchsorted(node, crowded)
        size[first_rows] = [len(walked[one]) for one in crowded.tolist()]
    place = np.cumsum(size, dtype=np.int64)
    total = int(place[-1]) if count else 0
    place -= size
    event_ns, event_code = np.empty(total, np.int64), np.empty(total, np.int32)
    starts = np.full(nodes + 1, total, np.int64)
    begins = np.ones(count, np.bool_)
    begins[1:] = node[1:] != node[:-1]
    starts[:-1] = place[begins]
    if len(crowded):
        for one, row in zip(crowded.tolist(), first_rows.tolist(), strict=True):
            here = slice(int(place[row]), int(place[row]) + len(walked[one]))
            event_ns[here] = [time for _, time, _ in walked[one]]
            event_code[here] = [code for _, _, code in walked[one]]
        place, ends = place[~within], ends[~within]
        from_ns, to_ns, codes = from_ns[~within], to_ns[~within], codes[~within]
    event_ns[place], event_code[place] = from_ns, codes
    place = place[ends] + 1
    event_ns[place], event_code[place] = to_ns[ends], NOTHING
    return starts, event_ns, event_code


def _crowded_events(
    node: I32, from_ns: I64, to_ns: I64, codes: I32, new_set: Callable[[tuple[int, ...]], int]
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
