"""Does a sealed flow follow a pool's clock? All clients of a pool get their jobs at the same instants.

What the server sends unasked (pushes) is compared with the instants of a clock by a likelihood ratio: the
clock, with some delay and scatter (rhythm_clocked.py), against the flow's own background, which is the best
of four models that know nothing of the pool (rhythm_models.py): pushes at random, gaps like the gaps before,
a timer, a timer among messages at random. A ticker that pushes all the time, or a heartbeat of the pool's own
period, is explained as well without the clock and gets no weight. A heartbeat among a pool's jobs, the
keep-alive of a tunnel, stands on both sides and takes nothing from either.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier import rhythm_models
from classifier.clocks import Clock, Times
from classifier.rhythm_clocked import DELAYS, Seconds, clocked, inside, length, log_mean, nearest
from classifier.rhythm_models import MOST
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
where the best delay finds more in it than chance are the likelihoods asked for."""


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
    in. What it sends within ANSWER_NS after the client spoke is taken for an answer; of one that needs
    longer, up to `within_ns`, one message for each of the client's is, the eldest that waits first."""
    down = at_ns[from_server]
    if not len(down):
        return down
    starts = _begins(down)
    up = at_ns[~from_server]
    if not len(up):
        return starts
    before = np.searchsorted(up, starts) - 1
    asked = (before >= 0) & (starts - up[np.maximum(before, 0)] < ANSWER_NS)
    if within_ns > ANSWER_NS:
        asked |= _answers(_begins(up), starts, within_ns)
    return starts[~asked]


def _begins(at_ns: Times) -> Times:
    """Return when messages began, of packets of one side."""
    return at_ns[np.diff(at_ns, prepend=at_ns[0] - BURST_NS - 1) > BURST_NS]


def _answers(asked_ns: Times, sent_ns: Times, within_ns: int) -> NDArray[np.bool_]:
    """Say which messages answer one that was asked before and has no answer yet: each question has one
    answer, in the order asked. So what else is sent while an answer is awaited is still told from it."""
    answers = np.zeros(len(sent_ns), np.bool_)
    asked, turn = asked_ns.tolist(), 0
    for place, at in enumerate(sent_ns.tolist()):
        while turn < len(asked) and asked[turn] <= at - within_ns:
            turn += 1  # nobody answers it any more
        if turn < len(asked) and asked[turn] < at:
            answers[place] = True
            turn += 1
    return answers


def best(clocks: Iterable[Clock], pushed: Times, parts: Times) -> Match | None:
    """Return the clock that a flow follows best, its p-value corrected for the number of clocks tried.

    `pushed` are the flow's pushes, ascending; (k, 2) `parts` tell from when to when it was connected, ns,
    ascending. None where no clock can be tested.
    """
    found = [match for clock in clocks if (match := compare(clock, pushed, parts)) is not None]
    if not found:
        return None
    match = min(found, key=lambda match: match.p_value)
    return replace(match, p_value=min(1.0, match.p_value * len(found)))


def compare(clock: Clock, pushed: Times, parts: Times) -> Match | None:
    """Test one clock; None where the flow's time holds too few instants or the flow too few pushes.

    What the clock told while the flow was not connected counts neither way.
    """
    if len(pushed) > MOST:
        pushed = pushed[:MOST]
        parts = np.minimum(parts[parts[:, 0] <= pushed[-1]], pushed[-1])
    if len(pushed) < MIN_INSTANTS:
        return None
    first_ns = int(parts[0, 0])
    low, high = (round(delay * NS) for delay in DELAYS)
    instants = clock.within(first_ns - high, int(parts[-1, 1]) - low)
    at, ticks, watched = (pushed - first_ns) / NS, (instants - first_ns) / NS, (parts - first_ns) / NS
    if int(inside(ticks, watched).sum()) < MIN_INSTANTS or not length(watched):
        return None
    width = min(max(float(np.median(np.diff(ticks))) / 10, SCREEN[0]), SCREEN[1])
    delay, followed, told = _screen(at, ticks, watched, width)
    expected = _coverage(at, width, length(watched)) * told
    if followed <= expected + 2 * math.sqrt(expected):
        return Match(clock, 1.0, told, followed, expected, round(delay * NS), round(width * NS))
    with_clock, delay, scatter = clocked(at, ticks, watched)
    p_value = math.exp(min(0.0, max(-700.0, -_worth(at, ticks, watched, with_clock))))
    reach = 3 * scatter
    seen = inside(ticks + delay, watched)
    followed = int((nearest(at, ticks[seen] + delay) <= reach).sum())
    expected = _coverage(at, reach, length(watched)) * int(seen.sum())
    return Match(clock, p_value, int(seen.sum()), followed, expected, round(delay * NS), round(scatter * NS))


def _worth(at: Seconds, ticks: Seconds, watched: Seconds, with_clock: float) -> float:
    """Return the log-likelihood ratio of the clock against the best that is known without it.

    Where a heartbeat explains most, the clock may have one beside it as well: what is left without the beats
    is then compared in the same way, and both ways of explaining stand on either side.
    """
    without = rhythm_models.alone(at, watched)
    if with_clock - without <= WORTH:
        return with_clock - without
    beating = rhythm_models.beats(at, watched)
    if beating <= without or (off := rhythm_models.peeled(at, watched)) is None:
        return with_clock - max(without, beating)
    if len(off.rest) < MIN_INSTANTS:
        return with_clock - max(without, beating)
    left, _, _ = clocked(off.rest, ticks, watched)
    other = max(rhythm_models.alone(off.rest, watched), rhythm_models.beats(off.rest, watched))
    both = np.array([with_clock, off.log_density + left])
    return log_mean(both) - max(without, beating, off.log_density + other)


def _screen(at: Seconds, ticks: Seconds, watched: Seconds, width: float) -> tuple[float, int, int]:
    """Return the delay at which most instants have a push within `width`, how many, and how many instants
    are watched then."""
    delays = np.arange(*DELAYS, width)
    wanted = ticks[None, :] + delays[:, None]
    seen = inside(wanted, watched)
    counts = ((nearest(at, wanted) <= width) & seen).sum(axis=1)
    place = int(np.argmax(counts))
    return float(delays[place]), int(counts[place]), int(seen[place].sum())


def _coverage(at: Seconds, width: float, span: float) -> float:
    """Return the part of the flow's time that lies within `width` of a push: the chance of being followed."""
    covered = float(np.minimum(np.diff(at), 2 * width).sum()) + 2 * width
    return min(1.0, covered / span)
