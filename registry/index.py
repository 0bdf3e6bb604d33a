"""Which period of which prefix holds an address at a time: sorted boundaries, searched by numpy.

Prefixes nest or are disjoint. The address space is cut at every first and every "last + 1" address; each
piece knows its innermost prefix, each prefix its parent and its timeline. A question finds its piece, then
its place in the timeline of the innermost prefix, and climbs to the parent where that timeline is empty.

128-bit addresses and (prefix, time) pairs are searched as one uint64 or int64 key: the first part is
replaced by its rank among the values that occur, so that the key of 10 million periods fits easily.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

NOTHING = -1
"""Answer number: no period of any prefix holds the address at that time."""

_LOW = (1 << 64) - 1
_MIN_NS, _MAX_NS = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Period:
    """One prefix for one period; `number` is what a question gets as its answer."""

    first: int
    """First address of the prefix as a 128-bit number."""
    last: int
    """Last address (inclusive)."""
    from_ns: int
    to_ns: int | None
    number: int


class Conflicts:
    """Sets of periods of one prefix that hold at the same time, each set known by one answer number."""

    def __init__(self, first_number: int) -> None:
        self._first = first_number
        self._numbers: dict[tuple[int, ...], int] = {}
        self._sets: list[tuple[int, ...]] = []

    def number(self, periods: tuple[int, ...]) -> int:
        """Return the answer number of a set (sorted numbers), a new one where the set is new."""
        if (known := self._numbers.get(periods)) is None:
            known = self._numbers[periods] = self._first + len(self._sets)
            self._sets.append(periods)
        return known

    def members(self, number: int) -> tuple[int, ...]:
        """Return the numbers of the periods behind an answer: the set, or the one period itself."""
        return (number,) if number < self._first else self._sets[number - self._first]


class _Pieces:
    """The address space cut into pieces; a piece is found as the last boundary at or below an address."""

    def __init__(self, boundaries: Sequence[int]) -> None:
        highs = np.fromiter((b >> 64 for b in boundaries), np.uint64, len(boundaries))
        lows = np.fromiter((b & _LOW for b in boundaries), np.uint64, len(boundaries))
        self._highs = np.unique(highs)
        self._lows = np.unique(lows)
        self._width = np.uint64(len(self._lows) + 1)
        # A rank is the count of known values at or below, so 0 means "below all of them".
        high_ranks = np.searchsorted(self._highs, highs, "right").astype(np.uint64)
        self._keys: U64 = high_ranks * self._width + np.searchsorted(self._lows, lows, "right").astype(
            np.uint64
        )

    def find(self, highs: U64, lows: U64) -> I64:
        """Return (n,) int64 places; -1 below the first boundary."""
        ranks = np.searchsorted(self._highs, highs, "right")
        known = (ranks > 0) & (self._highs[np.maximum(ranks, 1) - 1] == highs)
        low_ranks = np.searchsorted(self._lows, lows, "right").astype(np.uint64)
        # Above a known high half, every low half that occurs with it is passed.
        low_ranks = np.where(known, low_ranks, self._width - np.uint64(1))
        keys = ranks.astype(np.uint64) * self._width + low_ranks
        return (np.searchsorted(self._keys, keys, "right") - 1).astype(np.int64)

    def find_one(self, number: int) -> int:
        """Return the place of one 128-bit address; -1 below the first boundary."""
        high = np.uint64(number >> 64)
        rank = int(self._highs.searchsorted(high, "right"))
        if rank and self._highs[rank - 1] == high:
            low_rank = int(self._lows.searchsorted(np.uint64(number & _LOW), "right"))
        else:
            low_rank = len(self._lows)
        key = np.uint64(rank * (len(self._lows) + 1) + low_rank)
        return int(self._keys.searchsorted(key, "right")) - 1


class PrefixIndex:
    """Answers for one address family."""

    def __init__(self, periods: Iterable[Period], conflicts: Conflicts) -> None:
        by_prefix: dict[tuple[int, int], list[Period]] = {}
        for period in periods:
            by_prefix.setdefault((period.first, -period.last), []).append(period)
        prefixes = sorted(by_prefix)  # parents before their children
        boundaries, innermost, parents = _nested([(first, -last) for first, last in prefixes])
        self._pieces = _Pieces(boundaries)
        self._innermost = np.array(innermost, np.int64)
        self._parents = np.array(parents, np.int64)

        places: list[int] = []
        times: list[int] = []
        winners: list[int] = []
        for place, prefix in enumerate(prefixes):
            for time, winner in _timeline(by_prefix[prefix], conflicts):
                places.append(place)
                times.append(time)
                winners.append(winner)
        time_array = np.array(times, np.int64)
        self._times = np.unique(time_array)
        self._width = len(self._times) + 1
        ranks = np.searchsorted(self._times, time_array, "right").astype(np.int64)
        self._keys: I64 = np.array(places, np.int64) * self._width + ranks
        self._winners = np.array(winners, np.int64)

    def find(self, highs: U64, lows: U64, at_ns: I64) -> I64:
        """Return (n,) int64 answer numbers, NOTHING where nothing holds."""
        answers = np.full(len(highs), NOTHING, np.int64)
        if not len(self._keys):
            return answers
        pieces = self._pieces.find(highs, lows)
        current = np.where(pieces >= 0, self._innermost[pieces], NOTHING)
        ranks = np.searchsorted(self._times, at_ns, "right").astype(np.int64)
        asking = np.flatnonzero(current >= 0)
        current, ranks = current[asking], ranks[asking]
        while len(asking):
            bases = current * self._width
            found = np.searchsorted(self._keys, bases + ranks, "right") - 1
            # A key below the base belongs to the prefix before: this timeline begins later.
            begun = (found >= 0) & (self._keys[found] >= bases)
            winners = np.where(begun, self._winners[found], NOTHING)
            answers[asking] = winners
            current = self._parents[current]
            on = (winners < 0) & (current >= 0)
            asking, current, ranks = asking[on], current[on], ranks[on]
        return answers

    def find_one(self, address: int, at_ns: int) -> int:
        """Return the answer number of one 128-bit address, NOTHING where nothing holds."""
        return self._winner(self._prefix_of(address), at_ns)

    def ever(self, address: int) -> list[int]:
        """Return the different answer numbers that the address has over all time, the latest first."""
        innermost = place = self._prefix_of(address)
        times: set[int] = set()
        while place >= 0:
            start, end = np.searchsorted(self._keys, (place * self._width, (place + 1) * self._width), "left")
            times.update((self._times[self._keys[start:end] % self._width - 1]).tolist())
            place = int(self._parents[place])
        answers = [self._winner(innermost, time) for time in sorted(times, reverse=True)]
        return [number for number in dict.fromkeys(answers) if number != NOTHING]

    def _prefix_of(self, address: int) -> int:
        if not len(self._keys):
            return NOTHING
        piece = self._pieces.find_one(address)
        return int(self._innermost[piece]) if piece >= 0 else NOTHING

    def _winner(self, place: int, at_ns: int) -> int:
        rank = int(self._times.searchsorted(np.int64(min(max(at_ns, _MIN_NS), _MAX_NS)), "right"))
        while place >= 0:
            base = place * self._width
            found = int(self._keys.searchsorted(np.int64(base + rank), "right")) - 1
            if found >= 0 and self._keys[found] >= base and (winner := int(self._winners[found])) >= 0:
                return winner
            place = int(self._parents[place])
        return NOTHING


def _nested(prefixes: Sequence[tuple[int, int]]) -> tuple[list[int], list[int], list[int]]:
    """Return boundaries, the innermost prefix from each boundary on, and each prefix's parent.

    `prefixes`: (first, last) addresses, parents before children. NOTHING stands for "none".
    """
    boundaries: list[int] = []
    innermost: list[int] = []
    parents: list[int] = []
    open_: list[int] = []

    def cut(address: int, prefix: int) -> None:
        if boundaries and boundaries[-1] == address:
            innermost[-1] = prefix
        else:
            boundaries.append(address)
            innermost.append(prefix)

    def close() -> None:
        after = prefixes[open_.pop()][1] + 1
        if after >> 128 == 0:  # else the prefix ends with the address space
            cut(after, open_[-1] if open_ else NOTHING)

    for place, (first, _) in enumerate(prefixes):
        while open_ and prefixes[open_[-1]][1] < first:
            close()
        parents.append(open_[-1] if open_ else NOTHING)
        cut(first, place)
        open_.append(place)
    while open_:
        close()
    return boundaries, innermost, parents


def _timeline(periods: list[Period], conflicts: Conflicts) -> list[tuple[int, int]]:
    """Return (time, answer number from then on), by time, for the periods of one prefix."""
    if len(periods) == 1:  # nearly all prefixes of a real registry
        only = periods[0]
        begin = (only.from_ns, only.number)
        return [begin] if only.to_ns is None else [begin, (only.to_ns, NOTHING)]
    changes: dict[int, tuple[list[int], list[int]]] = {}
    for period in periods:
        changes.setdefault(period.from_ns, ([], []))[0].append(period.number)
        if period.to_ns is not None:
            changes.setdefault(period.to_ns, ([], []))[1].append(period.number)
    holding: set[int] = set()
    line: list[tuple[int, int]] = []
    for time in sorted(changes):
        begun, ended = changes[time]
        holding.difference_update(ended)
        holding.update(begun)
        if not holding:
            line.append((time, NOTHING))
        elif len(holding) == 1:
            line.append((time, next(iter(holding))))
        else:
            line.append((time, conflicts.number(tuple(sorted(holding)))))
    return line
