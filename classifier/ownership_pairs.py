"""Sums over pairs that share something, and what hangs together.

The sums are NumPy's. What hangs together is found by `scipy.sparse.csgraph` in the graphs of a store or a
lake; for the few links of one replay its import costs ten times the whole clustering, so NumPy finds these.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

AT_ONCE = 1 << 22
"""Pairs looked at in one go, which bounds the memory: some 32 bytes each."""

MANY = 100_000
"""Links from which the library finds what hangs together; below, its import costs more than the finding."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What n pairs (row < column, or of two different sides) add up to; each pair once, in order."""

    row: Ints
    column: Ints
    value: Floats

    def capped(self, most: float) -> "Sums":
        """Return the same with no value above `most`."""
        return Sums(self.row, self.column, np.minimum(self.value, most))


NOTHING = Sums(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def shared(item: Ints, who: Ints, left: Floats, right: Floats) -> Sums:
    """Return for each two that share items the sum of left x right over these, left of the smaller number.

    (E,) of each use: the item, who uses it, and the two factors. Nobody uses an item twice.
    """
    order = np.lexsort((who, item))
    item, who, left, right = item[order], who[order], left[order], right[order]
    later = np.searchsorted(item, item, "right") - np.arange(1, len(item) + 1)
    return _added(
        Sums(who[of], who[to], left[of] * right[to])
        for of, to in _expanded(np.arange(1, len(item) + 1), later)
    )


def met(item: Ints, who: Ints, other_item: Ints, other: Ints) -> Sums:
    """Return how many items each of one side shares with each of another side; (E,) and (F,) of the uses."""
    order = np.argsort(other_item, kind="stable")
    other_item, other = other_item[order], other[order]
    first = np.searchsorted(other_item, item, "left")
    count = np.searchsorted(other_item, item, "right") - first
    return _added(Sums(who[of], other[to], np.ones(len(of))) for of, to in _expanded(first, count))


def total(*parts: Sums) -> Sums:
    """Return the sums of what all parts say of a pair."""
    return _united(parts, np.add.reduceat)


def best(*parts: Sums) -> Sums:
    """Return the largest that any part says of a pair."""
    return _united(parts, np.maximum.reduceat)


def hanging_together(count: int, a: Ints, b: Ints) -> Ints:
    """Return (count,) the smallest number that each is linked to by the links a[i]-b[i], in any steps."""
    return _by_library(count, a, b) if len(a) >= MANY else _by_hooking(count, a, b)


def _by_library(count: int, a: Ints, b: Ints) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(a), np.bool_), (a, b)), shape=(count, count))
    parts, part = connected_components(links, directed=False)
    smallest: Ints = np.full(parts, count)
    np.minimum.at(smallest, part, np.arange(count))
    label: Ints = smallest[part]
    return label


def _by_hooking(count: int, a: Ints, b: Ints) -> Ints:
    """The same, the larger label hooked to the smaller, until no link joins two."""
    label = np.arange(count)
    while True:
        one, two = label[a], label[b]
        apart = one != two
        if not apart.any():
            return label
        a, b, one, two = a[apart], b[apart], one[apart], two[apart]
        np.minimum.at(label, np.maximum(one, two), np.minimum(one, two))  # both are roots
        while True:
            nearer = label[label]
            if np.array_equal(nearer, label):
                break
            label = nearer


def _expanded(first: Ints, count: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield (i, j) for each i with the count[i] numbers j from first[i], at most about AT_ONCE at a time."""
    ends = np.cumsum(count)
    begin = 0
    while begin < len(count):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + AT_ONCE, "right")))
        some = count[begin:end]
        of = np.repeat(np.arange(begin, end), some)
        yield of, np.arange(len(of)) - np.repeat(ends[begin:end] - some - before - first[begin:end], some)
        begin = end


def _added(parts: Iterator[Sums]) -> Sums:
    """Return all parts added up; what has come together is added whenever it is much."""
    kept: list[Sums] = []
    waiting = 0
    for part in parts:
        kept.append(total(part))
        waiting += len(kept[-1].row)
        if waiting > 2 * AT_ONCE:
            kept = [total(*kept)]
            waiting = 0
    return total(*kept) if len(kept) != 1 else kept[0]


def _united(parts: tuple[Sums, ...], reduce: Callable[[Floats, Ints], Floats]) -> Sums:
    row = np.concatenate([part.row for part in (NOTHING, *parts)])
    column = np.concatenate([part.column for part in (NOTHING, *parts)])
    if not len(row):
        return NOTHING
    order = np.lexsort((column, row))
    row, column = row[order], column[order]
    new = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0))
    value = np.concatenate([part.value for part in parts])[order]
    return Sums(row[new], column[new], reduce(value, new))
