"""The meters of a province: quarter-hour curves, with what thieves and private lines do to them."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw
from benchmarks.lab.loads import HONEST
from benchmarks.lab.loads_farms import machines
from benchmarks.lab.loads_world import SLOTS, World, noise, world
from benchmarks.lab.province import MARK, Province, Site, Sort
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
    kvar: Array
    """(days, 96) float32 kvar beside them; NaN where the point is missing."""
    mining: Array
    """(days, 96) float32 kW that mine at this place."""
    celsius: Array
    """(days,) mean temperature of the day."""
    billed: Array
    """(days,) kWh that the register counted: it misses no point."""
    contracted_kva: float
    resource: Array | None = None
    """(days,) inflow of a plant, in parts of what its turbines take; None of all others."""


def power(
    made: Province,
    true: Mapping[str, Mined],
    phases: Mapping[str, Sequence[tuple[date, float]]] = MappingProxyType({}),
) -> dict[str, Power]:
    """Return the curves of every site, by its id.

    `true`: its machines before it reacts to anything; `phases`: from which day on it runs what part of their
    power, by site, for those that react.
    """
    draw = Draw([made.seed, 96], made.split)
    place = world(draw.child("world"), made.days, made.first)
    mining = {site.id: _mining(draw.child(site.id), place, made, site, true) for site in made.sites}
    for name, parts in phases.items():
        mining[name] = _in_phases(mining[name], parts, made.first)
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
        rest, factor = _beside(own, place, site, here)
        inflow = None
        if site.sort is Sort.PLANT:
            (rest, inflow), factor = _delivered(own, place, fed[site.id]), 0.98
        counted = np.round(np.maximum(rest + here * site.seen, 0), 3).astype(np.float32)
        kvar = rest * np.tan(np.arccos(factor)) + here * site.seen * np.tan(
            np.arccos(own.one("farm.factor", 0.93, 0.995))
        )
        kvar = np.round(np.maximum(kvar, 0), 3).astype(np.float32)
        billed = counted.reshape(made.days, SLOTS).sum(axis=1) / 4
        peak = float(counted.max())
        missing = own.rng.random(place.slots) < _GAPS
        counted[missing], kvar[missing] = np.nan, np.nan
        found[site.id] = Power(
            counted.reshape(made.days, SLOTS),
            kvar.reshape(made.days, SLOTS),
            here.astype(np.float32).reshape(made.days, SLOTS),
            place.celsius,
            billed,
            float(np.ceil(max(peak / own.one("province.use", 0.45, 1.0), 10) / 10) * 10),
            inflow,
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
            if site.sort is Sort.PLANT:
                continue
            for day, points in enumerate(curves[site.id].kvar.tolist()):
                said = ",".join("" if point != point else f"{point:.3f}" for point in points)
                file.write(f"{site.account},reactive-import,{made.first + timedelta(days=day)},{said}\n")
                rows += 1
    return rows


def write_bills(made: Province, curves: Mapping[str, Power], path: Path) -> int:
    """Write the energy of each account in each whole month as it is billed; return how many rows."""
    months: dict[str, list[int]] = {}
    for day in range(made.days):
        months.setdefault((made.first + timedelta(days=day)).strftime("%Y-%m"), []).append(day)
    rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("account,month,kwh,source\n")
        for month, days in months.items():
            if len(days) < monthrange(int(month[:4]), int(month[5:]))[1]:
                continue
            for site in made.sites:
                if site.sort is not Sort.PLANT:
                    kwh = float(curves[site.id].billed[days].sum())
                    file.write(f"{site.account},{month},{kwh:.1f},{MARK}\n")
                    rows += 1
    return rows


def write_plants(made: Province, curves: Mapping[str, Power], path: Path) -> int:
    """Write what each plant delivers a day, with its inflow, for `minescope power lines`; return the rows."""
    rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("plant,date,kwh,resource,kind,division\n")
        for site in made.sites:
            own = curves[site.id]
            if own.resource is None:
                continue
            for day, (kwh, inflow) in enumerate(zip(own.billed.tolist(), own.resource.tolist(), strict=True)):
                at = made.first + timedelta(days=day)
                file.write(f"{site.id},{at},{kwh:.1f},{inflow:.4f},hydro,{site.division}\n")
                rows += 1
    return rows


def write_weather(made: Province, curves: Mapping[str, Power], path: Path) -> None:
    """Write the mean temperature of each day, one for the whole province."""
    celsius = next(iter(curves.values())).celsius.tolist()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("division,date,celsius\n")
        for code, _ in made.divisions:
            for day, mean in enumerate(celsius):
                file.write(f"{code},{made.first + timedelta(days=day)},{mean:.1f}\n")


def _mining(draw: Draw, place: World, made: Province, site: Site, true: Mapping[str, Mined]) -> Array:
    """Return (slots,) float32 kW of a site's machines: none before it began and after it left."""
    if site.sort is Sort.LEFT:
        kw = float(site.machines) * draw.one("province.left.kw", 1.2, 3.6)
    elif site.id in true:
        kw = true[site.id].watts / 1000
    else:
        return np.zeros(place.slots, np.float32)
    away = [np.empty((0, 2), np.int64)]
    found: Array = machines(draw, place, np.array([kw]), "farm", 0.0, away)[0].astype(np.float32)
    began = max(0, (site.since - made.first).days * SLOTS)
    found[:began] = 0
    if site.until is not None:
        found[max(0, (site.until - made.first).days * SLOTS) :] = 0
    return found


def _in_phases(full: Array, parts: Sequence[tuple[date, float]], first: date) -> Array:
    """Return (slots,) kW of which each phase has its part, from midnight on."""
    part = np.ones(len(full), np.float32)
    for day, of in parts:
        part[max(0, (day - first).days * SLOTS) :] = of
    reduced: Array = full * part
    return reduced


def _beside(draw: Draw, place: World, site: Site, mining: Array) -> tuple[Array, float]:
    """Return (slots,) kW of what else is on the account, and its power factor."""
    if site.trade not in HONEST:
        hum: Array = 1 + 0.1 * noise(draw.rng, (1, place.slots), 0.5)[0]
        idle: Array = np.asarray(_IDLE_KW * hum, np.float32)
        return idle, 0.95
    host = HONEST[site.trade](draw, place, 1)
    kw = host.kw[0]
    if site.sort is Sort.BESIDE:  # of a size with the machines, so that neither drowns the other
        kw = kw * (mining.mean() * draw.one("province.beside.share", 0.4, 2.0) / max(kw.mean(), 1e-6))
    loaded: Array = np.asarray(kw, np.float32)
    return loaded, float(host.factor[0])


def _delivered(draw: Draw, place: World, fed: Array) -> tuple[Array, Array]:
    """Return (slots,) kW that a hydro plant delivers to the grid, less by what a private line takes, and
    (days,) its inflow."""
    most = float(fed.max()) * draw.one("province.plant", 2.0, 6.0) + 50
    inflow = np.clip(0.75 + 0.1 * noise(draw.rng, (1, place.days), 0.8)[0], 0.3, 1.0)
    delivered: Array = np.asarray(most * np.repeat(inflow, SLOTS) - fed, np.float32)
    return delivered, inflow
