"""Sealed dependencies against all clocks: a cheap screen for all of them, the test for what is left.

The screen lays pushes and instants on a grid of a quarter of a second and counts, at every delay, the pushes
near an instant. What does not exceed chance clearly cannot pass the test, which is a thousand times dearer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier import rhythm_clocked, rhythm_models
from classifier.clocks import Clock
from classifier.encrypted_flows import Dependency, Lane
from classifier.poolclock import MIN_INSTANTS, Match, compare
from facts.instant import NS

STEP_NS = NS // 4
"""The grid of the screen."""
REACH = 3
"""Steps around an instant that count as near: what scatters by more than 0.9 s is met in part."""
CLEARLY = 2.5
"""Standard deviations of chance, and pushes, beyond which a pair is tested."""
QUICKEST = 3.0
"""Median gap, s, below which the screen cannot choose a clock: everything is near some instant."""
MOST_STEPS = 1 << 21
"""Steps of the grid: six days. A longer time is screened in its first part."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What clocks say of a dependency."""

    match: Match | None = None
    """The clock that it follows best; None where it follows none better than chance."""
    clocks: int = 0
    """Clocks that told enough of its time, each counted for each lane."""

    @property
    def nats(self) -> float:
        """Log-odds that the match stands for: its p-value is a bound of a likelihood ratio."""
        return nats_of(self.match)


def follow(dependencies: Sequence[Dependency], clocks: Sequence[Clock]) -> list[Tested]:
    """Return for each dependency what the clocks say of it.

    p-values allow for the number of clocks and lanes that could be tested.
    """
    nothing = [Tested()] * len(dependencies)
    best: dict[int, Match] = {}
    lanes = [
        (place, lane)
        for place, one in enumerate(dependencies)
        for lane in (*one.lanes, *one.slow)
        if len(lane.pushed) >= MIN_INSTANTS
    ]
    if not lanes or not clocks:
        return nothing
    first = min(lane.first_ns for _, lane in lanes)
    last = max(lane.last_ns for _, lane in lanes)
    useful = [clock for clock in clocks if _useful(clock, first, last)]
    if not useful:
        return nothing
    near, testable = _screened([lane for _, lane in lanes], useful, first, last)
    tried: dict[int, int] = {}
    for row, (place, _) in enumerate(lanes):
        tried[place] = tried.get(place, 0) + int(testable[row].sum())
    for row, column in zip(*np.nonzero(near), strict=True):
        place, lane = lanes[row]
        match = compare(useful[column], lane.pushed, lane.parts)
        if match is not None and (place not in best or match.p_value < best[place].p_value):
            best[place] = match
    found = []
    for place in range(len(dependencies)):
        count, match = tried.get(place, 0), best.get(place)
        p_value = 1.0 if match is None else match.p_value * max(1, count)
        kept = replace(match, p_value=p_value) if match is not None and p_value < 1 else None
        found.append(Tested(kept, count))
    return found


def _useful(clock: Clock, first_ns: int, last_ns: int) -> bool:
    """Say whether a clock tells enough instants of that time, and not too many."""
    instants = clock.within(first_ns - 6 * NS, last_ns + NS)
    return len(instants) >= MIN_INSTANTS and float(np.median(np.diff(instants))) >= QUICKEST * NS


def _screened(
    lanes: Sequence[Lane], clocks: Sequence[Clock], first_ns: int, last_ns: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (lanes, clocks) bool twice: what must be tested, and what could be.

    Delays run from rhythm_clocked.DELAYS; a lane's pushes beyond rhythm_models.MOST do not count, as there.
    """
    low, high = (round(delay * NS / STEP_NS) for delay in rhythm_clocked.DELAYS)
    size = min(int((last_ns - first_ns) // STEP_NS) + 2, MOST_STEPS)
    pushed = [lane.pushed[: rhythm_models.MOST] for lane in lanes]
    counts = np.array([len(times) for times in pushed])
    steps = ((np.concatenate(pushed) - first_ns) // STEP_NS).astype(np.int64)
    steps = np.minimum(steps, size)
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    parts = [
        np.minimum(lane.parts, times[-1]) if len(times) == rhythm_models.MOST else lane.parts
        for lane, times in zip(lanes, pushed, strict=True)
    ]
    spans = np.array([max(1, int((part[:, 1] - part[:, 0]).sum())) for part in parts])
    from_ns, until_ns = np.concatenate(parts).T
    firsts = np.concatenate([[0], np.cumsum([len(part) for part in parts])[:-1]])
    near = np.zeros((len(lanes), len(clocks)), bool)
    testable = np.zeros_like(near)
    pad = high - low + REACH + 2
    for column, clock in enumerate(clocks):
        marks = np.zeros(size + 2 * pad + 1, bool)
        at = ((clock.within(first_ns - 6 * NS, last_ns + NS) - first_ns) // STEP_NS).astype(np.int64)
        for shift in range(-REACH, REACH + 1):
            place = at + shift + pad
            marks[place[(place >= 0) & (place < size + pad)]] = True
        told = np.searchsorted(clock.at_ns, until_ns, side="right") - np.searchsorted(clock.at_ns, from_ns)
        ends = np.add.reduceat(told, firsts)
        width = (2 * REACH + 1) * STEP_NS
        chance = counts * np.minimum(1.0, ends * width / spans)
        top = np.zeros(len(lanes), np.int32)
        for delay in range(low, high + 1, 2):  # every other one: the reach spans three
            hits = np.add.reduceat(marks[steps + (pad - delay)], begins, dtype=np.int32)
            np.maximum(top, hits, out=top)
        testable[:, column] = ends >= MIN_INSTANTS
        near[:, column] = testable[:, column] & (top > chance + CLEARLY * (np.sqrt(chance) + 1.0) - 1e-9)
        near[:, column] |= testable[:, column] & (counts <= 2 * MIN_INSTANTS) & (top >= MIN_INSTANTS)
    return near, testable


def nats_of(match: Match | None) -> float:
    """Return the log-odds that a match stands for: its p-value is a bound of a likelihood ratio."""
    return 0.0 if match is None or match.p_value >= 1 else -math.log(match.p_value)
