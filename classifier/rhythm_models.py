"""How probable the rhythm of a flow's pushes is: under a clock that it follows, and under none.

Every model gives the natural log of the density of the same thing: n pushes at these times within the time
that the flow was seen. Differences of two are log-likelihood ratios. Parameters are never fitted for free:
each is averaged over a prior or learned from the pushes before (prequential), so that a ratio of e^x is
reached under the other model with probability e^-x at most (Markov's inequality). Times are float64 seconds
from the flow's start.
"""

import math

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]

ROUND = np.array([1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300], np.float64)
"""Periods that people set timers to, s. Half of all timers are taken to have one of them."""
SHORTEST, LONGEST = 0.1, 1_000.0
"""Range of all other periods, s, as likely in each octave."""
BANDWIDTHS = np.array([0.02, 0.1, 0.4, 1.5, 6.0])
"""Scatter of gaps around gaps seen before, s."""
MOST = 400
"""Pushes that are looked at: a flow with more is judged by its first ones."""
WIDTHS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Scatter of pushes around the delayed instants of a clock, s: a plain network up to a relay that pads."""
DELAYS = (-1.0, 6.0)
"""Delays that are looked at, s: a pool's slowest client gets its job seconds after the one that told the
clock."""
BEATS = (1.0, 120.0)
"""Periods of heartbeats that are looked for among messages at random, s."""
ALIKE = 0.02
"""Part by which intervals of one heartbeat differ at most when its period is first looked for."""
_STRAY = np.array([0.02, 0.1, 0.3, 0.6])  # part of the pushes that have nothing to do with the clock
_FOLLOWS = np.array([0.6, 0.9, 0.99])  # part of the instants that are followed
_TINY = 1e-300


def poisson(count: int, span: float) -> float:
    """Pushes at random: a Poisson process of the flow's own rate."""
    return count * math.log(count / span) - count


def renewal(times: Seconds) -> float:
    """Each gap like one of those before it, or like any other: what timers that restart do, and chatter
    too."""
    gaps = np.diff(times)
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
    first = math.log((n + 1) / (times[-1] - times[0] + gaps.mean()))
    return first + _log_mean(np.array(sums))


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


def beats(times: Seconds, span: float) -> float:
    """A timer that never restarts with messages at random between: heartbeats of a feed. Its phase is
    averaged over; its period, the one that speaks most, pays for being chosen as that of `timer` does."""
    period = _beat(times, span)
    if period is None:
        return -math.inf
    ticks = np.arange(times[0] % period, span + period, period)
    log_density, _, scatter = clocked(times, ticks, span, (-period / 2, period / 2))
    prior = float(_population(np.array([period]), scatter=1e-3)[0])
    known_period = prior * scatter * math.sqrt(2 * math.pi * 12) / len(ticks) ** 1.5
    return log_density + math.log(min(1.0, known_period))


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


def clocked(
    times: Seconds, instants: Seconds, span: float, among: tuple[float, float] = DELAYS
) -> tuple[float, float, float]:
    """Pushes that follow a clock: each instant, with some probability, by one push after a delay; others at
    random. Delays are averaged over those `among` two, s.

    Returns the log density and the delay and scatter (s) that explain most. With s strays a second and
    instants followed with probability f, the density is s^n e^(-s span) times, for each instant, (1 - f) +
    f g / s, where g is the density of the nearest push that is not nearer to another instant: each push is
    explained once at most.
    """
    n = len(times)
    stray = (n * _STRAY / span)[:, None, None, None]
    follows = _FOLLOWS[None, :, None, None]
    base = n * np.log(stray[..., 0]) - stray[..., 0] * span
    found: list[float] = []
    top = (-math.inf, 0.0, 0.0)
    for width in WIDTHS:
        delays = np.arange(*among, width)
        near = _paired(times, instants, delays)
        density = np.exp(-0.5 * (near / width) ** 2) / (width * math.sqrt(2 * math.pi))
        terms = np.log((1 - follows) + follows * density[None, None] / stray)
        logs = base + terms.sum(axis=-1)  # (stray, follows, delay)
        found.append(_log_mean(logs.ravel()))
        by_delay = logs.max(axis=(0, 1))
        place = int(np.argmax(by_delay))
        if by_delay[place] > top[0]:
            top = (float(by_delay[place]), float(delays[place]), width)
    return _log_mean(np.array(found)), top[1], top[2]


def nearest(times: Seconds, wanted: Seconds) -> Seconds:
    """Return the distance from each wanted time to the nearest of `times` (ascending, one at least), same
    shape."""
    after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    return np.asarray(np.minimum(np.abs(times[after] - wanted), np.abs(wanted - times[before])), np.float64)


def _paired(times: Seconds, instants: Seconds, delays: Seconds) -> Seconds:
    """Return (delays, instants): how far the nearest of the pushes is that belong to an instant; inf for
    none.

    A push belongs to the instant nearest to it once the delay is taken off.
    """
    off = times[None, :] - delays[:, None]
    after = np.searchsorted(instants, off).clip(0, len(instants) - 1)
    before = (after - 1).clip(0)
    to_after, to_before = np.abs(instants[after] - off), np.abs(off - instants[before])
    owner = np.where(to_before < to_after, before, after)
    near = np.full((len(delays), len(instants)), np.inf)
    rows = np.broadcast_to(np.arange(len(delays))[:, None], owner.shape)
    np.minimum.at(near, (rows, owner), np.minimum(to_before, to_after))
    return near


def _population(gaps: Seconds, scatter: float) -> Seconds:
    """Return the density of a period or gap that nothing is known of, 1/s; `scatter` is that of round
    ones."""
    width = scatter * ROUND
    apart = (gaps[:, None] - ROUND[None, :]) / width
    round_ones = (np.exp(-0.5 * apart**2) / (width * math.sqrt(2 * math.pi))).mean(axis=1)
    anywhere = 1 / (np.maximum(gaps, SHORTEST) * math.log(LONGEST / SHORTEST))
    return np.asarray((round_ones + anywhere) / 2, np.float64)


def _log_mean(logs: NDArray[np.float64]) -> float:
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).mean()))
