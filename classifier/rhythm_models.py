"""How probable the rhythm of a flow's pushes is if it follows no clock (rhythm_clocked.py: if it does).

Every model gives the natural log of the density of the same thing: n pushes at these times within the time
that the flow was seen. Differences of two are log-likelihood ratios. Parameters are never fitted for free:
each is averaged over a prior or learned from the pushes before (prequential), so that a ratio of e^x is
reached under the other model with probability e^-x at most (Markov's inequality). Times are float64 seconds
from the flow's start; `watched` as in rhythm_clocked.py.
"""

import math
from dataclasses import dataclass

import numpy as np

from classifier.rhythm_clocked import WIDTHS, Seconds, clocked, inside, length, log_mean

ROUND = np.array([1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300], np.float64)
"""Periods that people set timers to, s. Half of all timers are taken to have one of them."""
SHORTEST, LONGEST = 0.1, 1_000.0
"""Range of all other periods, s, as likely in each octave."""
BANDWIDTHS = np.array([0.02, 0.1, 0.4, 1.5, 6.0])
"""Scatter of gaps around gaps seen before, s."""
MOST = 400
"""Pushes that are looked at: a flow with more is judged by its first ones."""
BEATS = (1.0, 120.0)
"""Periods of heartbeats that are looked for among messages at random, s."""
ALIKE = 0.02
"""Part by which intervals of one heartbeat differ at most when its period is first looked for."""
REACH = 3
"""Scatters from its beat within which a push is taken for one."""
_KEPT = np.array([0.6, 0.9, 0.99])  # part of the beats of a heartbeat that are there
_TINY = 1e-300


def alone(times: Seconds, watched: Seconds) -> float:
    """Return the best of the models that are cheap to ask: at random, gaps like gaps before, a timer."""
    span = length(watched)
    return max(poisson(len(times), span), renewal(times, watched), timer(times, span))


def poisson(count: int, span: float) -> float:
    """Pushes at random: a Poisson process of the flow's own rate."""
    return count * math.log(count / span) - count


def renewal(times: Seconds, watched: Seconds) -> float:
    """Each gap like one of those before it, or like any other: what timers that restart do, and chatter
    too. A connection begins anew: the time between its first push and the last of another is no gap."""
    row = np.searchsorted(watched[:, 0], times, side="right")
    begins = np.diff(row, prepend=-1) != 0
    gaps = np.diff(times, prepend=times[0])[~begins]
    n = len(gaps)
    if n == 0:
        return -math.inf
    anything = _population(gaps, scatter=0.01)
    apart = gaps[:, None] - gaps[None, :]
    earlier = np.tril(np.ones((n, n), bool), -1)
    seen = np.arange(n)
    fresh = 1 / (seen + 1.5)  # how much weight what was never seen still has
    sums = []
    for width in BANDWIDTHS:
        kernel = np.exp(-0.5 * (apart / width) ** 2) / (width * math.sqrt(2 * math.pi))
        like = np.where(earlier, kernel, 0).sum(axis=1) / np.maximum(seen, 1)
        sums.append(float(np.log(fresh * anything + (1 - fresh) * like + _TINY).sum()))
    first = math.log((n + 1) / (gaps.sum() + gaps.mean()))
    return int(begins.sum()) * first + log_mean(np.array(sums))


def timer(times: Seconds, span: float) -> float:
    """A timer that never restarts: multiples of one period, some left out, each with the same scatter."""
    n = len(times)
    if n < 4:
        return -math.inf
    period = float(np.median(np.diff(times)))
    if period <= 0:
        return -math.inf
    for _ in range(3):  # the period that fits, and with it the numbers of the ticks
        ticks = np.rint((times - times[0]) / period)
        if np.any(np.diff(ticks) < 1):
            return -math.inf
        period, phase = np.polyfit(ticks, times, 1)
    scatter = max(1e-3, float(np.std(times - (phase + period * ticks))))
    slots = max(n, int(span / period) + 1)
    present = math.lgamma(n + 1) + math.lgamma(slots - n + 1) - math.lgamma(slots + 2)
    known_phase = scatter * math.sqrt(2 * math.pi / n) / period
    prior = float(_population(np.array([period]), scatter=1e-3)[0])
    known_period = prior * scatter * math.sqrt(2 * math.pi * 12) / n**1.5
    fit = -n * math.log(scatter * math.sqrt(2 * math.pi * math.e))
    return fit + present + math.log(min(1.0, known_phase)) + math.log(min(1.0, known_period))


def beats(times: Seconds, watched: Seconds) -> float:
    """A timer that never restarts with messages at random between: heartbeats of a feed. Its phase is
    averaged over; its period, the one that speaks most, pays for being chosen as that of `timer` does."""
    period = _beat(times, length(watched))
    if period is None:
        return -math.inf
    ticks = _ticks(times, period, watched)
    log_density, _, scatter = clocked(times, ticks, watched, (-period / 2, period / 2), ())
    return log_density + _known(period, scatter, len(ticks))


@dataclass(frozen=True, slots=True)
class Peeled:
    """A flow's pushes with the beats of its own heartbeat taken off."""

    rest: Seconds
    """The others, ascending."""
    log_density: float
    """Of the beats, for themselves. With that of the rest, under any model, it makes a density of all pushes:
    one of the ways in which the two may lie on each other, and so no more than the sum of all ways."""


def peeled(times: Seconds, watched: Seconds) -> Peeled | None:
    """Take a heartbeat off: keep-alives of a tunnel lie among the pool's jobs, and have nothing to do with
    them. None where there is none."""
    period = _beat(times, length(watched))
    if period is None:
        return None
    ticks = _ticks(times, period, watched)
    among = (-period / 2, period / 2)
    _, phase, scatter = clocked(times, ticks, watched, among, ())
    ticks = ticks + phase
    ticks = ticks[inside(ticks, watched)]
    if not len(ticks):
        return None
    number = np.unique(
        np.abs(times[:, None] - ticks[None, :]).argmin(axis=0)
    )  # the push nearest to each beat
    off = np.abs(times[number, None] - ticks[None, :]).min(axis=1)
    number, off = number[off <= REACH * scatter], off[off <= REACH * scatter]
    if not len(number):
        return None
    there = -0.5 * (off / scatter) ** 2 - math.log(scatter * math.sqrt(2 * math.pi))
    kept = len(number) * np.log(_KEPT) + (len(ticks) - len(number)) * np.log(1 - _KEPT)
    chosen = math.log(len(WIDTHS) * math.ceil(period / scatter))  # of all scatters and phases, this one
    log_density = float(there.sum()) + log_mean(kept) - chosen + _known(period, scatter, len(ticks))
    return Peeled(np.delete(times, number), log_density)


def _ticks(times: Seconds, period: float, watched: Seconds) -> Seconds:
    return np.arange(times[0] % period, float(watched[-1, 1]) + period, period)


def _known(period: float, scatter: float, ticks: int) -> float:
    """Return what choosing a period costs, nats below zero: the chance of one as near as can be told."""
    prior = float(_population(np.array([period]), scatter=1e-3)[0])
    return math.log(min(1.0, prior * scatter * math.sqrt(2 * math.pi * 12) / ticks**1.5))


def _beat(times: Seconds, span: float) -> float | None:
    """Return the period, s, that most pushes keep; None where there is none worth trying."""
    apart = np.sort(np.concatenate([times[lag:] - times[:-lag] for lag in (1, 2, 3) if len(times) > lag]))
    apart = apart[(apart >= BEATS[0]) & (apart <= min(BEATS[1], span / 4))]
    if not len(apart):
        return None
    near = np.searchsorted(apart, apart * (1 + ALIKE)) - np.searchsorted(apart, apart * (1 - ALIKE))
    middle = 1 / float(apart[int(np.argmax(near))])
    pitch = np.arange(middle * (1 - ALIKE), middle * (1 + ALIKE) + 1 / span, 0.1 / span)
    turned = np.abs(np.exp(2j * math.pi * pitch[:, None] * times[None, :]).sum(axis=1))
    return float(1 / pitch[int(np.argmax(turned))])


def _population(gaps: Seconds, scatter: float) -> Seconds:
    """Return the density of a period or gap that nothing is known of, 1/s; `scatter` is that of round
    ones."""
    width = scatter * ROUND
    apart = (gaps[:, None] - ROUND[None, :]) / width
    round_ones = (np.exp(-0.5 * apart**2) / (width * math.sqrt(2 * math.pi))).mean(axis=1)
    anywhere = 1 / (np.maximum(gaps, SHORTEST) * math.log(LONGEST / SHORTEST))
    return np.asarray((round_ones + anywhere) / 2, np.float64)
