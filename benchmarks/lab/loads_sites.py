"""Sites with two figures, from a seed: what the network tells of their machines, and what their meters
count."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.loads import loads
from benchmarks.lab.loads_world import SLOTS, noise
from supervision.reconcile import Finding, SiteHours

FARMS = ("farm", "graphics", "farm_throttled", "farm_curtailed")
HOSTS = (
    "ai_hall",
    "data_centre",
    "office",
    "commerce",
    "factory",
    "cold_store",
    "chemical",
    "telecom",
    "pumps",
)
FINDINGS = (Finding.AGREE, Finding.HIDDEN, Finding.OTHER, Finding.WRONG, Finding.THEFT)


@dataclass(frozen=True, slots=True)
class Sites:
    """Sites and their truth."""

    sites: list[SiteHours]
    truth: list[Finding]
    right: list[str | None]
    """Of a wrong attribution, the site whose machines they are, where it is among these."""


def hourly(kw: Array) -> Array:
    """Return (n, hours) of (n, days, 96)."""
    return np.asarray(kw, float).reshape(kw.shape[0], -1, 4).mean(axis=2)


def sites(seed: int, split: Split, each: int, days: int = 28) -> Sites:
    """Draw `each` sites of every finding, with one weather and the same hours."""
    draw = Draw([seed, 77], split)
    counts = {kind: -(-5 * each // len(FARMS)) for kind in FARMS}
    hosts = {kind: -(-3 * each // len(HOSTS)) for kind in HOSTS}
    made = loads(seed, split, {**counts, **hosts}, days, phases=False, mining=True)
    assert made.mining is not None
    farms = np.flatnonzero(made.mines)
    others = np.flatnonzero(~made.mines)
    draw.rng.shuffle(farms)
    draw.rng.shuffle(others)
    hashing = hourly(_hashing(made.mining[farms]))
    drawn = hourly(np.nan_to_num(made.curves.kw[farms]))
    honest = hourly(np.nan_to_num(made.curves.kw[others]))
    weekday = made.place.first.weekday()
    found = Sites([], [], [])
    for i in range(5 * each):
        finding = FINDINGS[i % 5]
        one = _site(draw, i, finding, hashing, drawn, honest, weekday * 24)
        found.sites.append(one)
        found.truth.append(finding)
        found.right.append(None)
    _swap(draw, found, hashing, weekday * 24)
    return found


def _hashing(mining: Array) -> Array:
    """Return (n, days, 96) the kW of machines that hash: those that idle without work are left out."""
    flat = mining.reshape(mining.shape[0], -1)
    days = flat.reshape(flat.shape[0], -1, SLOTS)
    level = np.repeat(np.quantile(days, 0.75, axis=2), SLOTS, axis=1)
    return np.where(flat > 0.42 * level, flat, 0).reshape(mining.shape)


def estimate(draw: Draw, hashing: Array) -> tuple[Array, Array, Array]:
    """Return what the network tells of one site's machines, (hours,) kW: value, low, high."""
    rng = draw.rng
    bias = np.exp(rng.normal(0, draw.one("estimate.sd", 0.06, 0.14)))
    wide = np.exp(draw.one("estimate.wide", 0.2, 0.35))
    fine = draw.one("estimate.noise", 0.003, 0.08, log=True)
    value = hashing * bias * (1 + fine * noise(rng, (1, hashing.size), 0)[0].astype(float))
    for _ in range(int(rng.poisson(1.0))):
        first = int(rng.integers(0, hashing.size))
        value[first : first + int(rng.integers(1, 12))] = np.nan  # the probe was away
    return value, value / wide, value * wide


def _site(
    draw: Draw, i: int, finding: Finding, hashing: Array, drawn: Array, honest: Array, first: int
) -> SiteHours:
    rng = draw.rng
    machines, total = hashing[i], drawn[i]
    other = honest[i % len(honest)]
    seen = machines
    meter = total
    lost = np.zeros_like(total)
    plant: float | None = None
    sealed: int | None = 0 if rng.random() < 0.7 else None
    beyond: float | None = None
    match finding:
        case Finding.HIDDEN:
            seen = machines * draw.one("site.seen", 0.12, 0.6)
            sealed = int(rng.integers(1, 9)) if rng.random() < 0.5 else sealed
            beyond = 10 ** rng.normal(5.2, 0.8)
        case Finding.OTHER:
            share = draw.one("site.mining", 0.08, 0.55)
            meter = total + other * total.mean() * (1 - share) / share / max(other.mean(), 1e-6)
            sealed = 1 if rng.random() < 0.02 else sealed
            beyond = 10 ** rng.normal(7.5, 1.2)
        case Finding.WRONG:
            meter = (
                other * total.mean() / max(other.mean(), 1e-6) * draw.one("site.stranger", 0.02, 3, log=True)
            )
        case Finding.THEFT:
            meter, lost, plant = _stolen(draw, total, other)
        case _:
            pass
    value, low, high = estimate(draw, seen)
    feeder = draw.one("site.feeder", 1.5, 6) * max(meter.mean(), 1)
    losses = feeder * draw.one("site.losses", 0.002, 0.02) * noise(rng, (1, total.size), 0.9)[0]
    if finding is not Finding.THEFT and rng.random() < 0.02:
        losses = losses + 0.3 * feeder  # a thief among the neighbours
    known = rng.random() < (0.9 if finding is Finding.THEFT else 0.6)
    return SiteHours(
        f"site-{i}",
        value,
        low,
        high,
        meter.copy(),
        losses + lost if known else None,
        plant,
        sealed,
        beyond if rng.random() < 0.7 else None,
        first,
    )


def _stolen(draw: Draw, total: Array, other: Array) -> tuple[Array, Array, float | None]:
    """Return the meter, what the feeder loses, and by how much a plant falls."""
    rng = draw.rng
    shop = other * total.mean() / max(other.mean(), 1e-6) * draw.one("site.shop", 0.01, 0.2, log=True)
    way = int(rng.integers(0, 3))
    if way == 0:  # led around the meter in part
        part = draw.one("site.metered", 0.08, 0.5)
        return total * part + (shop if rng.random() < 0.5 else 0), total * (1 - part), None
    if way == 1:  # tapped before the meter
        return shop, total, None
    return (
        shop,
        np.zeros_like(total),
        float(total.mean() * rng.uniform(0.8, 1.3)) if rng.random() < 0.9 else None,
    )


def _swap(draw: Draw, found: Sites, hashing: Array, first: int) -> None:
    """Give some wrong attributions the machines of an agreeing site, so that the right meter is among
    these."""
    agree = [i for i, truth in enumerate(found.truth) if truth is Finding.AGREE]
    wrong = [i for i, truth in enumerate(found.truth) if truth is Finding.WRONG]
    for i, j in zip(wrong[::3], agree[::3], strict=False):
        value, low, high = estimate(draw, hashing[j])
        old = found.sites[i]
        found.sites[i] = SiteHours(
            old.site, value, low, high, old.metered, old.unaccounted, hour_of_first=first
        )
        found.right[i] = found.sites[j].site
