"""How probable a flow's pushes are if they follow a clock: each instant, mostly, by a push after some delay.

Times are float64 seconds from the flow's start. `watched` is (k, 2) float64: from when to when a connection
was there to be seen, ascending and apart; what a clock told while there was none says nothing.
"""

import math

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]

WIDTHS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Scatter of pushes around the delayed instants of a clock, s: a plain network up to a relay that pads."""
QUEUES = (0.3, 1.0)
"""Mean wait, s, of who stands in a pool's queue: no push comes before the delay, many soon after it, some
late. Shorter queues than that differ from a scatter by less than what any instant followed tells anyway."""
DELAYS = (-1.0, 6.0)
"""Delays that are looked at, s: a pool's slowest client gets its job seconds after the one that told the
clock."""
_STRAY = np.array([0.02, 0.1, 0.3, 0.6])  # part of the pushes that have nothing to do with the clock
_FOLLOWS = np.array([0.6, 0.9, 0.99])  # part of the instants that are followed
_AT_ONCE = 24  # factors, of 1e-2 to 1e8 each, whose product needs no logarithm between
_STEPS = 4  # of the delay in a queue's mean wait: its begin is an edge, and must be met better than a middle


def clocked(
    times: Seconds,
    instants: Seconds,
    watched: Seconds,
    among: tuple[float, float] = DELAYS,
    queues: tuple[float, ...] = QUEUES,
) -> tuple[float, float, float]:
    """Pushes that follow a clock: each instant, with some probability, by one push after a delay; others at
    random. Delays are averaged over those `among` two, s; so are scatters and the means of `queues`.

    Returns the log density and the delay and scatter (s) that explain most. With s strays a second and
    instants followed with probability f, the density is s^n e^(-s span) times, for each instant, (1 - f) +
    f g / s, where g is the sum of the densities of the pushes that are not nearer to another instant (in a
    queue: that come before the next one): each push is explained once at most. Instants whose delayed time
    was not watched count neither way.
    """
    found: list[float] = []
    top = (-math.inf, 0.0, 0.0)
    shapes = [(width, False) for width in WIDTHS] + [(wait, True) for wait in queues]
    for width, queue in shapes:
        delays = np.arange(*among, width / _STEPS if queue else width)
        density = _densities(times, instants, delays, width, queue)
        logs = _logs(density, inside(instants[None, :] + delays[:, None], watched), len(times), watched)
        found.append(log_mean(logs.ravel()))
        by_delay = logs.max(axis=(0, 1))
        place = int(np.argmax(by_delay))
        if by_delay[place] > top[0]:
            top = (float(by_delay[place]), float(delays[place]), width)
    return log_mean(np.array(found)), top[1], top[2]


def _logs(density: Seconds, seen: NDArray[np.bool_], count: int, watched: Seconds) -> Seconds:
    """Return (stray, follows, delay) log densities, of (delay, instant) densities and whether each is
    seen."""
    span = length(watched)
    stray = (count * _STRAY / span)[:, None]
    base = count * np.log(stray) - stray * span  # (stray, 1)
    counted = np.where(seen, density, 0.0)
    missed = 1 - _FOLLOWS[:, None, None] * seen  # (follows, delay, instant)
    logs = np.empty((len(_STRAY), len(_FOLLOWS), len(density)))
    begins = np.arange(0, density.shape[1], _AT_ONCE)
    terms = np.empty_like(missed)
    for row, rate in enumerate(stray[:, 0]):
        np.multiply(counted[None], (_FOLLOWS / rate)[:, None, None], out=terms)
        terms += missed
        logs[row] = np.log(np.multiply.reduceat(terms, begins, axis=-1)).sum(axis=-1)
    return logs + base[:, :, None]


def _densities(times: Seconds, instants: Seconds, delays: Seconds, width: float, queue: bool) -> Seconds:
    """Return (delays, instants): the densities, 1/s, of the pushes that belong to each instant, summed."""
    off = times[None, :] - delays[:, None]
    between = np.concatenate([[-np.inf], (instants[1:] + instants[:-1]) / 2])
    bounds = instants if queue else between  # a push belongs to the last instant before it, or the nearest
    owner = np.searchsorted(bounds, off, side="right") - 1
    if queue:
        off[owner < 0] = np.inf  # before the first
        np.maximum(owner, 0, out=owner)
    off -= instants[owner]
    if queue:
        weight = np.exp(off / -width) / width
    else:
        off /= width
        np.square(off, out=off)
        off *= -0.5
        weight = np.exp(off) / (width * math.sqrt(2 * math.pi))
    owner += np.arange(len(delays))[:, None] * len(instants)
    summed = np.bincount(owner.ravel(), weight.ravel(), minlength=len(delays) * len(instants))
    return np.asarray(summed.reshape(len(delays), len(instants)), np.float64)


def inside(times: Seconds, watched: Seconds) -> NDArray[np.bool_]:
    """Say of times of any shape whether they were watched, ends included."""
    row = np.searchsorted(watched[:, 0], times, side="right") - 1
    return np.asarray((row >= 0) & (times <= watched[row.clip(0), 1]), np.bool_)


def length(watched: Seconds) -> float:
    """Return how long was watched, s."""
    return float((watched[:, 1] - watched[:, 0]).sum())


def nearest(times: Seconds, wanted: Seconds) -> Seconds:
    """Return the distance from each wanted time to the nearest of `times` (ascending, one at least), same
    shape."""
    after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    return np.asarray(np.minimum(np.abs(times[after] - wanted), np.abs(wanted - times[before])), np.float64)


def log_mean(logs: Seconds) -> float:
    """Return the log of the mean of what the logs stand for."""
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).mean()))
