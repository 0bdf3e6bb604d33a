"""Load curves of a place from a seed: what mines, what looks like it, and what meters do to both.

`loads(seed, split, counts, days)` gives curves on the grid of supervision/power/curves.py with the truth
beside them. Training and test parameters come from bands that never meet (draw.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.loads_farms import (
    Made,
    capacity_for,
    column,
    farm,
    farm_curtailed,
    farm_night,
    farm_throttled,
    graphics,
)
from benchmarks.lab.loads_honest import (
    ai_hall,
    aluminium,
    chemical,
    cold_store,
    commerce,
    data_centre,
    factory,
    furnace,
    greenhouse,
    household,
    lamps,
    office,
    pumps,
    steady_works,
    telecom,
)
from benchmarks.lab.loads_world import SLOTS, World, holidays, noise, spells, world
from supervision.power.curves import Curves, Outages

Maker = Callable[[Draw, World, int], Made]


def _beside(host: Maker, share: tuple[float, float]) -> Maker:
    """Return what puts mining machines behind another's meter, share of the mean of both."""

    def made(draw: Draw, place: World, n: int) -> Made:
        own = host(draw, place, n)
        guest = farm(draw, place, n)
        mean = own.kw.mean(axis=1)
        part = draw.between("beside.share", *share, n)
        scale = column(mean * part / (1 - part) / np.maximum(guest.kw.mean(axis=1), 1e-6))
        kw = own.kw + guest.kw * scale
        mining = (guest.mining if guest.mining is not None else guest.kw) * scale
        capacity = capacity_for(draw, "beside", kw.max(axis=1), 0.3, 1.0)
        factor = own.factor * (1 - part) + guest.factor * part
        imbalance = np.hypot(own.imbalance * (1 - part), guest.imbalance * part)
        return Made(kw, mining, factor, imbalance, capacity, guest.away)

    return made


def _hidden(draw: Draw, place: World, n: int) -> Made:
    """A farm whose meter is led around: it counts a small part of it beside a shop's load."""
    own, guest = commerce(draw, place, n), farm(draw, place, n)
    seen = column(draw.between("hidden.seen", 0.0, 0.5, n))
    scale = column(own.kw.mean(axis=1) * draw.between("hidden.times", 1, 10, n) / guest.kw.mean(axis=1))
    mining = (guest.mining if guest.mining is not None else guest.kw) * scale
    kw = own.kw + guest.kw * scale * seen
    capacity = capacity_for(draw, "hidden", kw.max(axis=1), 0.2, 0.9)
    return Made(kw, mining, own.factor, own.imbalance, capacity, guest.away)


def _faulty(draw: Draw, place: World, n: int) -> Made:
    """Meters that stick, lose a phase or count nothing, on honest loads."""
    own = factory(draw, place, n)
    fault = draw.rng.integers(0, 3, n)
    begin = draw.rng.integers(0, place.slots // 2, n)
    for row in range(n):
        if fault[row] == 0:
            own.kw[row, begin[row] :] = own.kw[row, begin[row]]
        else:
            own.kw[row, begin[row] :] *= 2 / 3 if fault[row] == 1 else 0
    return own


MINES: Mapping[str, Maker] = {
    "farm": farm,
    "farm_curtailed": farm_curtailed,
    "farm_throttled": farm_throttled,
    "farm_night": farm_night,
    "graphics": graphics,
    "in_factory": _beside(factory, (0.35, 0.9)),
    "in_office": _beside(office, (0.35, 0.9)),
    "in_shop": _beside(commerce, (0.35, 0.9)),
    "hidden": _hidden,
}
HONEST: Mapping[str, Maker] = {
    "ai_hall": ai_hall,
    "data_centre": data_centre,
    "cold_store": cold_store,
    "aluminium": aluminium,
    "chemical": chemical,
    "telecom": telecom,
    "office": office,
    "commerce": commerce,
    "factory": factory,
    "furnace": furnace,
    "household": household,
    "lamps": lamps,
    "greenhouse": greenhouse,
    "pumps": pumps,
    "steady_works": steady_works,
    "faulty_meter": _faulty,
}
KINDS = (*MINES, *HONEST)


@dataclass(frozen=True, slots=True)
class Loads:
    """Curves and their truth."""

    curves: Curves
    kind: Array
    """(n,) i2, index into KINDS."""
    mines: Array
    """(n,) bool."""
    mining: Array | None
    """(n, days, 96) float32 kW that mine; None where it was not asked for."""
    place: World


def loads(
    seed: int,
    split: Split,
    counts: Mapping[str, int],
    days: int = 90,
    *,
    phases: bool = True,
    mining: bool = False,
    place: World | None = None,
) -> Loads:
    """Draw one place with so many accounts of each kind, in the order of `counts`.

    Raises KeyError for a kind that there is not.
    """
    draw = Draw(seed, split)
    place = world(draw.child("world"), days) if place is None else place
    makers = {**MINES, **HONEST}
    made = {kind: makers[kind](draw.child(kind), place, n) for kind, n in counts.items() if n}
    kw = np.concatenate([one.kw for one in made.values()])
    of_kind = np.repeat([KINDS.index(kind) for kind in made], [one.kw.shape[0] for one in made.values()])
    mined = None
    if mining:
        rows = [np.zeros_like(one.kw) if one.mining is None else one.mining for one in made.values()]
        mined = np.concatenate(rows).astype(np.float32).reshape(-1, place.days, SLOTS)
    away = _power_cuts(draw.child("cuts"), place, kw, [own for one in made.values() for own in one.away])
    if mined is not None:
        mined[(kw == 0).reshape(mined.shape)] = 0
    curves = _metered(draw.child("meters"), place, kw, list(made.values()), away, phases)
    return Loads(curves, of_kind.astype(np.int16), of_kind < len(MINES), mined, place)


def _power_cuts(draw: Draw, place: World, kw: Array, away: list[Array]) -> list[Array]:
    """Take the power away from each now and then, from half of them the network too; returns what is known
    as away."""
    rates = draw.between("cut.rate", 0.0, 0.6, len(away)) / 30
    made = []
    for row, own in enumerate(away):
        cuts = spells(draw.rng, place.days, float(rates[row]), 1, 20)
        for first, after in cuts:
            kw[row, first:after] = 0
        made.append(np.concatenate((own, cuts[draw.rng.random(len(cuts)) < 0.5])))
    return made


def _metered(
    draw: Draw, place: World, kw: Array, made: list[Made], away: list[Array], phases: bool
) -> Curves:
    """Pass loads through meters: a least step that goes with the transformer, gaps, reactive power,
    phases."""
    rng, (n, slots) = draw.rng, kw.shape
    grid = (n, place.days, SLOTS)
    factor = np.concatenate([one.factor for one in made])
    capacity = np.concatenate([one.capacity for one in made]).astype(np.float32)
    imbalance = np.concatenate([one.imbalance for one in made])
    step = column(np.maximum(capacity, 10) * draw.between("meter.step", 2e-5, 1e-3, n, log=True))
    kw = (np.round(kw / step) * step).astype(np.float32)
    tangent = np.tan(np.arccos(np.clip(factor, 0.3, 0.999)))
    kvar = (
        kw
        * column(tangent)
        * (1 + noise(rng, kw.shape, 0.8) * column(draw.between("meter.kvar", 0.02, 0.3, n)))
    )
    gaps = rng.random(n) * draw.one("meter.gaps", 0.0, 0.02)
    lost = rng.random((n, slots), dtype=np.float32) < column(gaps)
    kw[lost] = np.nan
    kvar[lost] = np.nan
    by_phase = None
    if phases:
        shares = rng.normal(0, 1, (n, 3))
        shares -= shares.mean(axis=1, keepdims=True)
        spread = shares.max(axis=1) - shares.min(axis=1)
        shares = 1 / 3 + shares * (imbalance / np.maximum(spread, 1e-6) / 3)[:, None]
        shares = np.clip(shares, 0, 1).astype(np.float32)
        by_phase = (kw[:, :, None] * shares[:, None, :]).reshape(*grid, 3)
    here = place.celsius + rng.normal(0, 0.5, (n, place.days))
    known = np.where(rng.random(n) < 0.97, capacity, np.nan)
    return Curves(
        first=place.first,
        kw=kw.reshape(grid),
        kvar=kvar.reshape(grid).astype(np.float32),
        phases=by_phase,
        celsius=here.astype(np.float32),
        capacity=known.astype(np.float32),
        holidays=holidays(place),
        outages=_outages(place, away),
    )


def _outages(place: World, away: list[Array]) -> Outages:
    spans: list[Any] = [(-1, first, after) for first, after in place.pool_away]
    spans += [(row, first, after) for row, own in enumerate(away) for first, after in own]
    table = np.array(spans, np.int32).reshape(-1, 3)
    return Outages(table[:, 0], table[:, 1], table[:, 2])
