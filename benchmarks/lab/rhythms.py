"""Point processes of many flows at once, all columns: no loop over flows or packets.

Every function takes (n,) f8 columns of starts and stops in s, one row a flow, and returns (m,) columns of
flow numbers (i8) and times (f8, s), by flow, not always by time.
"""

import numpy as np

from benchmarks.lab.columns import Array

Points = tuple[Array, Array]


def spread(counts: Array) -> tuple[Array, Array]:
    """Return, for counts a flow, the flow of each item and its number within the flow."""
    counts = np.maximum(counts, 0).astype(np.int64)
    flow = np.repeat(np.arange(len(counts)), counts)
    return flow, np.arange(len(flow)) - np.repeat(np.cumsum(counts) - counts, counts)


def periodic(
    rng: np.random.Generator, start: Array, stop: Array, period: Array, jitter: Array | float
) -> Points:
    """A clock of its own a flow, from a phase of its own; `jitter`: standard deviation of each tick, s."""
    first = start + rng.random(len(start)) * np.minimum(period, np.maximum(stop - start, 0))
    flow, turn = spread(np.ceil((stop - first) / period))
    wobble = jitter if isinstance(jitter, float) else jitter[flow]
    at = first[flow] + turn * period[flow] + rng.standard_normal(len(flow)) * wobble
    return flow, at


def poisson(rng: np.random.Generator, start: Array, stop: Array, rate: Array) -> Points:
    """Events at random, `rate` a second."""
    flow, _ = spread(rng.poisson(np.maximum(stop - start, 0) * rate))
    return flow, start[flow] + rng.random(len(flow)) * (stop - start)[flow]


def renewal(rng: np.random.Generator, start: Array, stop: Array, mean: Array, shape: Array | float) -> Points:
    """Gamma gaps of a mean, s: shape 1 is a Poisson process, above it regular, below it in clusters."""
    wanted = np.ceil(1.3 * np.maximum(stop - start, 0) / mean + 6)
    flow, turn = spread(wanted)
    form = np.full(len(flow), shape) if isinstance(shape, float) else shape[flow]
    gaps = rng.gamma(form, mean[flow] / form)
    gaps[turn == 0] *= rng.random(int((turn == 0).sum()))
    run = np.cumsum(gaps)
    base = np.repeat(run[turn == 0] - gaps[turn == 0], wanted.astype(np.int64))
    at = start[flow] + run - base
    kept = at < stop[flow]
    return flow[kept], at[kept]


def bursts(rng: np.random.Generator, points: Points, mean: Array, gap: Array) -> tuple[Array, Array, Array]:
    """Let each point lead a burst of on average `mean[flow]` items, `gap[flow]` s apart on average.

    Returns flow, time, and the item's number in its burst.
    """
    flow, at = points
    size = rng.geometric(1 / np.maximum(mean[flow], 1.0))
    leader, turn = spread(size)
    steps = np.where(turn == 0, 0.0, rng.exponential(1.0, len(leader)) * gap[flow[leader]])
    run = np.cumsum(steps)
    base = np.repeat(run[turn == 0], size)
    return flow[leader], at[leader] + run - base, turn


def talks(
    rng: np.random.Generator, start: Array, stop: Array, on: Array, off: Array
) -> tuple[Array, Array, Array]:
    """Return spells in which somebody is there: flow, begin, end; on and off: mean lengths, s."""
    flow, begin = renewal(rng, start, stop, on + off, 1.0)
    return flow, begin, np.minimum(begin + rng.exponential(1.0, len(flow)) * on[flow], stop[flow])


def around(rng: np.random.Generator, size: Array, share: float = 0.0, steps: int = 0) -> Array:
    """Return sizes near `size`: a lognormal `share` of it, and up to `steps` bytes more."""
    made = size * np.exp(rng.standard_normal(len(size)) * share) if share else size
    return (made + rng.integers(0, steps + 1, len(size))).astype(np.int64)
