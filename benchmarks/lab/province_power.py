"""The meters of a province: quarter-hour curves, with what thieves and private lines do to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw
from benchmarks.lab.loads import HONEST
from benchmarks.lab.loads_farms import machines
from benchmarks.lab.loads_world import SLOTS, World, noise, world
from benchmarks.lab.province import Province, Site, Sort
from benchmarks.lab.province_traffic import Mined

_GAPS = 0.002
"""Part of the points that are missing."""
_IDLE_KW = 0.8
"""What a line's cabinet takes at a place where nothing else is."""


@dataclass(frozen=True, slots=True)
class Power:
    """What one site takes and what its account counts, by quarter hour."""

    metered: Array
    """(days, 96) float32 kW; NaN where a point is missing."""
    mining: Array
    """(days, 96) float32 kW that mine at this place."""


def power(made: Province, true: Mapping[str, Mined]) -> dict[str, Power]:
    """Return the curves of every site, by its id."""
    draw = Draw([made.seed, 96], made.split)
    place = world(draw.child("world"), made.days, made.first)
    mining = {site.id: _mining(draw.child(site.id), place, made, site, true) for site in made.sites}
    guests: dict[str, list[Array]] = {}
    for site in made.sites:
        if site.stands_at:
            guests.setdefault(site.stands_at, []).append(mining[site.id])
            mining[site.id] = np.zeros_like(mining[site.id])
    found = {}
    lines = [site for site in made.sites if site.sort is Sort.PRIVATE_LINE]
    plants = iter(site for site in made.sites if site.sort is Sort.PLANT)
    fed = {next(plants).id: mining[site.id] for site in lines}
    for site in made.sites:
        own = draw.child(f"load {site.id}")
        here = mining[site.id] + sum(guests.get(site.id, []), np.zeros(place.slots, np.float32))
        if site.sort is Sort.PLANT:
            counted = _delivered(own, place, fed[site.id])
        else:
            counted = _beside(own, place, site, here) + here * site.seen
        counted = np.round(np.maximum(counted, 0), 3).astype(np.float32)
        counted[own.rng.random(place.slots) < _GAPS] = np.nan
        found[site.id] = Power(
            counted.reshape(made.days, SLOTS), here.astype(np.float32).reshape(made.days, SLOTS)
        )
    return found


def write_curves(made: Province, curves: Mapping[str, Power], path: Path) -> int:
    """Write all accounts into one CSV file, a day a row; return how many rows.

    Form: wide, power in kW, named by account, primary, points stamped by their begin, a column that says the
    quantity: plants deliver, all others take.
    """
    rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        names = ",".join(f"{slot // 4:02d}:{slot % 4 * 15:02d}" for slot in range(SLOTS))
        file.write(f"account,quantity,day,{names}\n")
        for site in made.sites:
            word = "active-export" if site.sort is Sort.PLANT else "active-import"
            for day, points in enumerate(curves[site.id].metered.tolist()):
                said = ",".join("" if point != point else f"{point:.3f}" for point in points)
                file.write(f"{site.account},{word},{made.first + timedelta(days=day)},{said}\n")
                rows += 1
    return rows


def _mining(draw: Draw, place: World, made: Province, site: Site, true: Mapping[str, Mined]) -> Array:
    """Return (slots,) float32 kW of a site's machines: none before it began and after it left."""
    if site.sort is Sort.LEFT:
        kw = float(site.machines) * draw.one("province.left.kw", 1.2, 3.6)
    elif site.id in true:
        kw = true[site.id].watts / 1000
    else:
        return np.zeros(place.slots, np.float32)
    away = [np.empty((0, 2), np.int64)]
    found = machines(draw, place, np.array([kw]), "farm", 0.0, away)[0].astype(np.float32)
    began = max(0, (site.since - made.first).days * SLOTS)
    found[:began] = 0
    if site.until is not None:
        found[max(0, (site.until - made.first).days * SLOTS) :] = 0
    return found


def _beside(draw: Draw, place: World, site: Site, mining: Array) -> Array:
    """Return (slots,) kW of what else is on the account."""
    if site.trade not in HONEST:
        hum: Array = 1 + 0.1 * noise(draw.rng, (1, place.slots), 0.5)[0]
        idle: Array = np.asarray(_IDLE_KW * hum, np.float32)
        return idle
    kw = HONEST[site.trade](draw, place, 1).kw[0]
    if site.sort is Sort.BESIDE:  # of a size with the machines, so that neither drowns the other
        kw = kw * (mining.mean() * draw.one("province.beside.share", 0.4, 2.0) / max(kw.mean(), 1e-6))
    loaded: Array = np.asarray(kw, np.float32)
    return loaded


def _delivered(draw: Draw, place: World, fed: Array) -> Array:
    """Return (slots,) kW that a hydro plant delivers to the grid, less by what a private line takes."""
    most = float(fed.max()) * draw.one("province.plant", 2.0, 6.0) + 500
    water = np.repeat(0.75 + 0.1 * noise(draw.rng, (1, place.days), 0.8)[0], SLOTS)
    delivered: Array = np.asarray(most * np.clip(water, 0.3, 1.0) - fed, np.float32)
    return delivered
