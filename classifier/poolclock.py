"""Does a sealed flow follow a pool's clock? All clients of a pool get their jobs at the same instants.

What the server sends unasked (pushes) is compared with the instants of a clock by the likelihood ratio of
rhythm_models.py: the clock, with some delay and scatter, against the flow's own background, which is the
best of four that know nothing of the pool: pushes at random, gaps like the gaps before, a timer, a timer
among messages at random. A ticker that pushes all the time, or a heartbeat of the pool's own period, is
explained as well without the clock and gets no weight.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier import rhythm_models
from classifier.clocks import Clock, Times
from facts.instant import NS

MIN_INSTANTS = 4
"""Fewer instants prove nothing at the rates wanted, however well they fit."""
ANSWER_NS = 2 * NS // 5
"""What the server sends within this after the client spoke is taken for an answer, not a push."""
SLOW_NS = 5 * NS // 2
"""The most that a slow service, or a line that pads, is given to answer."""
LAGS = 8
"""Answers from which a flow's own time to answer is taken."""
BURST_NS = NS // 20
"""Packets this close together are one message."""
WORTH = 2.0
"""Nats of a match from which on the dearest of the models without the clock is asked too."""
SCREEN = (0.1, 1.0)
"""Half width of the window around instants, s: a tenth of the clock's median gap, within these bounds. Only
where the
best delay finds more in it than chance are the likelihoods asked for."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a flow follows a clock."""

    clock: Clock
    p_value: float
    """Probability, at most, of as good a match in a flow that does not follow the clock; 0 < p <= 1. Delays,
    scatters and the number of clocks that were tried are allowed for."""
    instants: int
    """Instants of the clock in the flow's time."""
    followed: int
    """Instants that a push follows."""
    expected: float
    """Instants that would be followed by chance."""
    delay_ns: int
    scatter_ns: int


def answer_ns(at_ns: Times, from_server: NDArray[np.bool_]) -> int:
    """Return how long a flow's server takes to answer, ANSWER_NS to SLOW_NS; by its answers alone, so that no
    clock has a say in it."""
    down, up = at_ns[from_server], at_ns[~from_server]
    if not len(down) or not len(up):
        return ANSWER_NS
    after = np.searchsorted(down, up)
    lags = (down[np.minimum(after, len(down) - 1)] - up)[after < len(down)]
    lags = lags[lags <= SLOW_NS]
    if len(lags) < LAGS:
        return ANSWER_NS
    return min(SLOW_NS, max(ANSWER_NS, round(1.25 * int(np.sort(lags)[9 * len(lags) // 10]))))


def pushes(at_ns: Times, from_server: NDArray[np.bool_], within_ns: int = ANSWER_NS) -> Times:
    """Return when messages began that the server sent unasked; times of all data packets, ascending, come
    in. What it sends within `within_ns` after the client spoke is taken for an answer."""
    down = at_ns[from_server]
    if not len(down):
        return down
    starts = down[np.diff(down, prepend=down[0] - BURST_NS - 1) > BURST_NS]
    up = at_ns[~from_server]
    if not len(up):
        return starts
    before = np.searchsorted(up, starts) - 1
    asked = (before >= 0) & (starts - up[np.maximum(before, 0)] < within_ns)
    return starts[~asked]


def best(clocks: Iterable[Clock], pushed: Times, first_ns: int, last_ns: int) -> Match | None:
    """Return the clock that a flow follows best, its p-value corrected for the number of clocks tried.

    `pushed` are the flow's pushes, ascending; the flow was seen from `first_ns` to `last_ns`. None where no
    clock can be tested.
    """
    found = [match for clock in clocks if (match := compare(clock, pushed, first_ns, last_ns)) is not None]
    if not found:
        return None
    match = min(found, key=lambda match: match.p_value)
    return replace(match, p_value=min(1.0, match.p_value * len(found)))


def compare(clock: Clock, pushed: Times, first_ns: int, last_ns: int) -> Match | None:
    """Test one clock; None where the flow's time holds too few instants or the flow too few pushes."""
    low, high = (round(delay * NS) for delay in rhythm_models.DELAYS)
    instants = clock.within(first_ns - low, last_ns - high)
    if len(instants) < MIN_INSTANTS or len(pushed) < MIN_INSTANTS:
        return None
    if len(pushed) > rhythm_models.MOST:
        pushed = pushed[: rhythm_models.MOST]
        last_ns = int(pushed[-1])
        instants = clock.within(first_ns - low, last_ns - high)
    span = (last_ns - first_ns) / NS
    if len(instants) < MIN_INSTANTS:
        return None
    at, ticks = (pushed - first_ns) / NS, (instants - first_ns) / NS
    width = min(max(float(np.median(np.diff(ticks))) / 10, SCREEN[0]), SCREEN[1])
    expected = _coverage(at, width, span) * len(ticks)
    delay, followed = _screen(at, ticks, width)
    if followed <= expected + 2 * math.sqrt(expected):
        return Match(clock, 1.0, len(ticks), followed, expected, round(delay * NS), round(width * NS))
    with_clock, delay, scatter = rhythm_models.clocked(at, ticks, span)
    without = max(
        rhythm_models.poisson(len(at), span), rhythm_models.renewal(at), rhythm_models.timer(at, span)
    )
    if with_clock - without > WORTH:
        without = max(without, rhythm_models.beats(at, span))
    reach = 3 * scatter
    followed = int((rhythm_models.nearest(at, ticks + delay) <= reach).sum())
    expected = _coverage(at, reach, span) * len(ticks)
    p_value = math.exp(min(0.0, max(-700.0, without - with_clock)))
    return Match(clock, p_value, len(ticks), followed, expected, round(delay * NS), round(scatter * NS))


def _screen(at: rhythm_models.Seconds, ticks: rhythm_models.Seconds, width: float) -> tuple[float, int]:
    """Return the delay at which most instants have a push within `width`, and how many."""
    delays = np.arange(*rhythm_models.DELAYS, width)
    counts = (rhythm_models.nearest(at, ticks[None, :] + delays[:, None]) <= width).sum(axis=1)
    place = int(np.argmax(counts))
    return float(delays[place]), int(counts[place])


def _coverage(at: rhythm_models.Seconds, width: float, span: float) -> float:
    """Return the part of the flow's time that lies within `width` of a push: the chance of being followed."""
    covered = float(np.minimum(np.diff(at), 2 * width).sum()) + 2 * width
    return min(1.0, covered / span)
