"""Electric power: hashrate times the joules a hash of the machines that may be at work.

Which machines is not on the wire. So every model of the table that computes the algorithm, and was sold by
then, has a probability: by its age (what is in use), by the agent strings and rig names that were seen, and
by the hashrate of one machine where machines were counted. The interval is that of the mixture, times the
interval of the hashrate, times the site's overhead. docs/quantities.md has the figures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from classifier.power_table import YEAR_NS, Catalogue, Machine, recognised
from facts.verdict import Hashrate, Machines, Power

TAIL = 0.035
"""Probability beyond each end: 93 % nominal, so that the interval keeps 90 % where the mixture is wrong."""
TAU_Y = 2.0
"""Years: how many of a model are in use goes with (age + NEW_Y) exp(-age / TAU_Y) after its release. With the
table that gives 99 J/TH for July 2018 and 35 for May 2023, where the fleet's means were 89 and 33."""
NEW_Y = 0.1
OTHER_MAKER = 0.05
"""What a model counts where the agents name another maker: proxies and firmware of third parties hide it."""
OTHER_MODEL = 0.05
"""And where rig names or agents name another model: names are old, and fleets mixed."""
PER_MACHINE = 0.25
"""Relative standard deviation of one machine's hashrate: clocks, weather, broken boards."""
MIXED = 0.2
"""Probability that the hashrate of a machine says nothing: a fleet of several models, machines miscounted."""
UNFIT = 0.002
"""Part of all machines that no model of the table describes."""
CARDS = 13
"""Cards that one board of a rig takes."""
POINTS = 128
"""Of the distribution function: 1 % of an interval's end."""
_Z = 1.959964
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What one algorithm draws, in kW, without overhead."""

    value: float
    low: float
    high: float
    models: tuple[tuple[str, float], ...]


def power(
    rates: Sequence[Hashrate],
    machines: Machines | None,
    texts: Sequence[str],
    at_ns: int,
    catalogue: Catalogue,
    farm: bool = False,
) -> Power | None:
    """Return the power of all algorithms of one address together; None where any of them is not known.

    `texts` are agent strings and rig names; `at_ns` is when it mined. Algorithms mined at the same time add
    up; mined one after another, each counts by its part of the time. `farm` tells that it is one whatever
    the number of machines.
    """
    if not rates:
        return None
    single = machines if len(rates) == 1 else None
    loads = []
    for rate in rates:
        load = load_of(rate, single, texts, at_ns, catalogue)
        if load is None:
            return None
        loads.append(load)
    longest = max(rate.mined_ns for rate in rates) or 1
    parts = _parts(rates, longest)
    value = sum(part * load.value for part, load in zip(parts, loads, strict=True))
    down = math.hypot(*(part * (load.value - load.low) for part, load in zip(parts, loads, strict=True)))
    up = math.hypot(*(part * (load.high - load.value) for part, load in zip(parts, loads, strict=True)))
    least, most = 1.0, 1.0
    if farm or (machines is not None and machines.value >= catalogue.farm_from):
        least, most = catalogue.overhead
    middle = (least + most) / 2
    # what the overhead may be adds in square to what the machines may draw
    down = math.hypot(down * middle, value * (middle - least))
    up = math.hypot(up * middle, value * (most - middle))
    value *= middle
    best = max(loads, key=lambda load: load.value)
    return Power(value, max(value - down, 0.0), value + up, (least, most), best.models)


def _parts(rates: Sequence[Hashrate], longest: int) -> list[float]:
    """Return the part of the time that each algorithm was mined in: together at most all of it, unless they
    were mined side by side, which shows in times that are each as long as all."""
    total = sum(rate.mined_ns for rate in rates)
    one_by_one = total <= longest * 1.05 * len(rates) / 2 if len(rates) > 1 else False
    whole = total if one_by_one else longest
    return [rate.mined_ns / whole if rate.mined_ns else 1.0 for rate in rates]


def load_of(
    rate: Hashrate, machines: Machines | None, texts: Sequence[str], at_ns: int, catalogue: Catalogue
) -> Load | None:
    """Return what one algorithm draws; None where no machine of the table computes it."""
    if rate.value <= 0 or not catalogue.of(rate.algorithm):
        return None
    models, makers = _said(catalogue, rate.algorithm, tuple(texts))
    each, doubt = None, 0.0
    if machines is not None and machines.basis != "hashrate" and machines.value > 0:
        each = _step(rate.value / machines.value)
        doubt = _step(_spread(rate.low, rate.high) + _spread(machines.low, machines.high), 0.02)
    mixture = _mixture(
        catalogue,
        rate.algorithm,
        round(at_ns / YEAR_NS * 4) / 4,
        models,
        makers,
        each,
        doubt,
    )
    if not mixture:
        return None
    low, high = _quantiles(mixture, round(_spread(rate.low, rate.high), 3))
    mean = sum(weight * joules * math.exp(spread * spread / 2) for _, weight, joules, spread in mixture)
    kw = rate.value / 1_000
    ranked = sorted(mixture, key=lambda one: (-one[1], one[0]))
    shown = tuple((name, round(weight, 3)) for name, weight, _, _ in ranked[:_SHOWN])
    return Load(min(max(mean, low), high) * kw, low * kw, high * kw, shown)


def each_hashes(
    algorithm: str, texts: Sequence[str], at_ns: int, catalogue: Catalogue
) -> tuple[float, float, float] | None:
    """Return the hashrate of one machine (median, 5 %, 95 %) where none were counted; None: unknown."""
    rows = catalogue.of(algorithm)
    if not rows:
        return None
    said = _said(catalogue, algorithm, tuple(texts))
    return _each(catalogue, algorithm, round(at_ns / YEAR_NS * 4) / 4, *said)


@lru_cache(2048)
def _each(
    catalogue: Catalogue, algorithm: str, year: float, models: frozenset[str], makers: frozenset[str]
) -> tuple[float, float, float] | None:
    rows = catalogue.of(algorithm)
    mixture = _mixture(catalogue, algorithm, year, models, makers, None, 0.0)
    if not mixture:
        return None
    by_name = {one.name: one for one in rows}
    ordered = sorted((by_name[name].hashes, weight) for name, weight, _, _ in mixture)
    sums = np.cumsum([weight for _, weight in ordered])
    at = [int(np.searchsorted(sums, part * sums[-1])) for part in (0.5, 0.05, 0.95)]
    median, least, most = (ordered[min(i, len(ordered) - 1)][0] for i in at)
    if any(one.kind == "gpu" for one in rows):
        most *= CARDS
    return median, least, most


Mixture = tuple[tuple[str, float, float, float], ...]
"""Name, probability, joules a hash, relative standard deviation of it."""


@lru_cache(2048)
def _mixture(
    catalogue: Catalogue,
    algorithm: str,
    year: float,
    models: frozenset[str],
    makers: frozenset[str],
    each: float | None,
    doubt: float,
) -> Mixture:
    """Return the models that may be at work at a time (years since 1970).

    The probability is that of a machine with `each` hashes a second, else of any hash that is computed.
    """
    weighed = []
    for one in catalogue.of(algorithm):
        age = year - one.released + 0.125  # `year` is a quarter's middle
        if age < 0 and one.name not in models:
            continue
        weight = one.common * (max(age, 0.0) + NEW_Y) * math.exp(-max(age, 0.0) / TAU_Y)
        if each is None:
            weight *= one.hashes  # which machine a hash comes from; else which a machine is
        if makers and one.maker not in makers:
            weight *= OTHER_MAKER
        if models and one.name not in models:
            weight *= OTHER_MODEL
        weighed.append((one, weight))
    total = sum(weight for _, weight in weighed)
    if not weighed or total <= 0:
        return ()
    if each is not None:
        fit = [(one, weight * _fits(one, each, doubt)) for one, weight in weighed]
        fitting = sum(weight for _, weight in fit) or 1.0
        # A hashrate that no model has says nothing; one that some have says the more the better they fit it.
        trust = (1 - MIXED) * fitting / (fitting + UNFIT * total)
        weighed = [
            (one, (1 - trust) * weight / total + trust * fitted / fitting)
            for (one, weight), (_, fitted) in zip(weighed, fit, strict=True)
        ]
        total = 1.0
    return tuple((one.name, weight / total, one.joules, one.spread) for one, weight in weighed)


def _fits(one: Machine, each: float, doubt: float) -> float:
    """Return how well a machine's hashrate agrees with a model, 0 to 1."""
    apart = math.log(each / one.hashes)
    if one.kind == "gpu" and apart > 0:  # a rig holds several cards
        apart = max(0.0, apart - math.log(CARDS))
    return math.exp(-0.5 * (apart / math.hypot(PER_MACHINE if one.kind != "cpu" else 0.6, doubt)) ** 2)


@lru_cache(2048)
def _said(
    catalogue: Catalogue, algorithm: str, texts: tuple[str, ...]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the models and the makers that agents and rig names mention."""
    said = "\n".join(texts).lower()
    makers = {maker for maker, words in catalogue.makers.items() if any(word in said for word in words)}
    return recognised(catalogue.of(algorithm), texts), frozenset(makers)


@lru_cache(2048)
def _quantiles(mixture: Mixture, spread: float) -> tuple[float, float]:
    """Return the joules a hash at both tails; `spread` is the relative deviation of the hashrate.

    A mixture of log-normal distributions; its distribution function is read from POINTS points.
    """
    kept = [one for one in mixture if one[1] > 1e-4]
    middle = np.array([math.log(joules) for _, _, joules, _ in kept])
    wide = np.array([math.hypot(own, spread) for _, _, _, own in kept])
    weight = np.array([one[1] for one in kept])
    points = np.linspace((middle - 4 * wide).min(), (middle + 4 * wide).max(), POINTS)
    z = (points[:, None] - middle) / wide
    below = (0.5 * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3)))) @ (weight / weight.sum())
    low, high = np.interp((TAIL, 1 - TAIL), below, points)
    return math.exp(low), math.exp(high)


def _spread(low: float, high: float) -> float:
    """Return the relative standard deviation of a 95 % interval."""
    return math.log(high / low) / (2 * _Z) if 0 < low < high else 0.0


def _step(value: float, step: float = 0.05) -> float:
    """Round in steps of the logarithm (or of the value), so that like cases share a result."""
    if step == 0.05:
        return math.exp(round(math.log(value) / step) * step)
    return round(value / step) * step
