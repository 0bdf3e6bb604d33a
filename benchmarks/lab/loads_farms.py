"""Load curves of what mines: farms of all sizes and habits, graphics rigs, machines hidden in other loads."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw
from benchmarks.lab.loads_world import SLOTS, World, held, noise, spells


@dataclass(frozen=True, slots=True)
class Made:
    """Curves of one kind."""

    kw: Array
    """(n, slots) float32, at the site."""
    mining: Array | None
    """(n, slots) float32, the part of it that mines; None for none."""
    factor: Array
    """(n,) power factor."""
    imbalance: Array
    """(n,) of phases: (largest - least) / mean."""
    capacity: Array
    """(n,) kVA."""
    away: list[Array]
    """Per row (k, 2) slots: outages of its network."""


def column(values: Array) -> Array:
    return np.asarray(values, np.float32)[:, None]


def capacity_for(draw: Draw, kind: str, peak: Array, low: float, high: float) -> Array:
    """Return contracted kVA, of sizes that transformers come in, where the peak uses low to high of it."""
    wanted = peak / draw.between(f"{kind}.use", low, high, peak.size)
    sizes = np.array(
        [10, 30, 50, 80, 100, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500]
    )
    big = wanted > sizes[-1]
    rounded = sizes[np.searchsorted(sizes, np.minimum(wanted, sizes[-1]))].astype(float)
    rounded[big] = np.ceil(wanted[big] / 500) * 500
    return np.maximum(rounded, peak * 0.9)


def networks_away(draw: Draw, place: World, n: int, kind: str) -> list[Array]:
    """Return the outages of each row's network: a few a year up to some a month."""
    rates = draw.between(f"{kind}.away", 0.1, 2.5, n) / 30
    return [spells(draw.rng, place.days, float(rate), 1, 20) for rate in rates]


def machines(draw: Draw, place: World, kw: Array, kind: str, grows: float, away: list[Array]) -> Array:
    """Return (n, slots) float32 kW of mining machines: blocks stepping on, failures and repairs, outages.

    `kw` (n,) at full build; `grows`: part of the rows that are built within these days.
    """
    rng, n = draw.rng, kw.size
    blocks = draw.whole("farm.blocks", 3, 24, n)
    level = np.ones((n, place.slots), np.float32)
    for row in np.flatnonzero(rng.random(n) < grows):
        count = int(blocks[row])
        begun = int(rng.integers(0, count))
        start, end = np.sort(rng.integers(0, place.slots, 2))
        moments = np.sort(rng.integers(start, max(start + 1, end), count - begun))
        level[row] = begun / count
        for moment in moments:
            level[row, moment:] += 1 / count
    failing = held(rng, n, place.slots, 0.3, 0.0, 1.0) * column(draw.between("farm.failing", 0.005, 0.06, n))
    made = level * (1 - failing)
    made *= 1 + noise(rng, made.shape, 0.5) * column(draw.between("farm.noise", 0.002, 0.012, n))
    idle = draw.between("farm.idle", 0.05, 0.35, n)
    follows = rng.random(n) < 0.5  # a second pool is set in the others: a pool's outage does not reach them
    for row in range(n):
        spans = [*away[row], *(place.pool_away if follows[row] else ())]
        for first, after in spans:
            made[row, first:after] *= idle[row] + 0.03 * rng.standard_normal()
    return np.maximum(made, 0) * column(kw)


def overhead(draw: Draw, place: World, it: Array, kind: str) -> Array:
    """Return (n, slots) float32: fans, losses and light, 2 to 15 % of the machines, more of it in the
    heat."""
    n = it.shape[0]
    part = column(draw.between(f"{kind}.overhead", 0.02, 0.15, n))
    warm = np.clip((place.warmth - 5) / 30, 0, 1.2)[None, :]
    fans = column(draw.between(f"{kind}.fans", 0.0, 0.5, n))
    return it * part * (1 - fans + 2 * fans * warm)


def _site(draw: Draw, place: World, n: int, kind: str, kw: Array, grows: float = 0.5) -> Made:
    away = networks_away(draw, place, n, kind)
    it = machines(draw, place, kw, kind, grows, away)
    return _made(draw, kind, it + overhead(draw, place, it, kind), it, away)


def _made(draw: Draw, kind: str, kw: Array, it: Array, away: list[Array]) -> Made:
    n = kw.shape[0]
    peak = kw.max(axis=1)
    return Made(
        kw,
        it,
        draw.between("farm.factor", 0.93, 0.995, n),
        draw.between("farm.imbalance", 0.01, 0.25, n),
        capacity_for(draw, kind, peak, 0.45, 1.0),
        away,
    )


def sizes(draw: Draw, kind: str, low: float, high: float, n: int) -> Array:
    return draw.between(f"{kind}.kw", low, high, n, log=True)


def farm(draw: Draw, place: World, n: int) -> Made:
    """15 kW to 20 MW, always on."""
    return _site(draw, place, n, "farm", sizes(draw, "farm", 15, 20_000, n))


def farm_curtailed(draw: Draw, place: World, n: int) -> Made:
    """Let off by the grid or a contract: hours of most days, or calls at random."""
    made = farm(draw, place, n)
    rng = draw.rng
    for row in range(n):
        left = draw.one("curtailed.left", 0.05, 0.6)
        if rng.random() < 0.5:
            begin, hours = draw.one("curtailed.hour", 8, 20), draw.one("curtailed.hours", 1, 5)
            off = (place.hour >= begin) & (place.hour < begin + hours) & (rng.random() < 1)
            off &= np.repeat(rng.random(place.days) < draw.one("curtailed.days", 0.4, 1.0), SLOTS)
        else:
            off = np.zeros(place.slots, bool)
            for first, after in spells(rng, place.days, draw.one("curtailed.calls", 0.1, 0.8), 4, 40):
                off[first:after] = True
        made.kw[row, off] *= left
        if made.mining is not None:
            made.mining[row, off] *= left
    return made


def farm_throttled(draw: Draw, place: World, n: int) -> Made:
    """Machines that turn themselves down in the heat."""
    made = farm(draw, place, n)
    above = np.clip(place.warmth[None, :] - column(draw.between("throttled.from", 24, 36, n)), 0, 10)
    kept = 1 - np.clip(above * column(draw.between("throttled.slope", 0.01, 0.06, n)), 0, 0.6)
    kept = kept.astype(np.float32)
    return Made(made.kw * kept, made.kw * kept, made.factor, made.imbalance, made.capacity, made.away)


def farm_night(draw: Draw, place: World, n: int) -> Made:
    """On at night alone, so as not to be seen by day or for the price; some start by and by."""
    made = farm(draw, place, n)
    on = switched(draw, place, n, "night")
    rest = column(draw.between("night.rest", 0.0, 0.06, n))
    kept = (rest + (1 - rest) * on).astype(np.float32)
    mining = made.mining if made.mining is not None else made.kw
    return Made(made.kw * kept, mining * on, made.factor, made.imbalance, made.capacity, made.away)


def switched(draw: Draw, place: World, n: int, kind: str) -> Array:
    """Return (n, slots) float32 0 to 1: on from the evening to the morning, each day nearly at the same
    time."""
    rng = draw.rng
    begin, hours = draw.between(f"{kind}.begin", 19, 24, n), draw.between(f"{kind}.hours", 6.5, 11, n)
    ramp = draw.between(f"{kind}.ramp", 0.1, 1.5, n)
    jitter = rng.normal(0, 1, (n, place.days)) * column(draw.between(f"{kind}.jitter", 0.0, 0.5, n))
    since = (place.hour[None, :] - column(begin) - np.repeat(jitter, SLOTS, axis=1).astype(np.float32)) % 24
    since = np.where(since > 23.0, since - 24, since)
    up = np.clip(since / column(ramp), 0, 1)
    down = np.clip((column(hours) - since) / column(ramp), 0, 1)
    return np.minimum(up, down).astype(np.float32)


def graphics(draw: Draw, place: World, n: int) -> Made:
    """Rigs of graphics cards in flats, shops and halls: 2 to 300 kW, restarts, more noise."""
    away = networks_away(draw, place, n, "graphics")
    kw = sizes(draw, "graphics", 2, 300, n)
    it = machines(draw, place, kw, "graphics", 0.4, away)
    it *= 1 - 0.08 * (held(draw.rng, n, place.slots, 2.0, 0, 1) > 0.9)
    return _made(draw, "graphics", it + overhead(draw, place, it, "graphics"), it, away)
