"""Load curves of what does not mine, the look-alikes first: halls of accelerators, data centres, smelters,
stores."""

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw
from benchmarks.lab.loads_farms import Made, capacity_for, column, networks_away, sizes, switched
from benchmarks.lab.loads_world import SLOTS, World, held, noise, spells


def _honest(
    draw: Draw,
    place: World,
    kind: str,
    kw: Array,
    *,
    factor: tuple[float, float] = (0.85, 0.98),
    imbalance: tuple[float, float] = (0.02, 0.3),
    use: tuple[float, float] = (0.3, 0.95),
) -> Made:
    n = kw.shape[0]
    kw = np.maximum(kw, 0).astype(np.float32)
    return Made(
        kw,
        None,
        draw.between(f"{kind}.factor", *factor, n),
        draw.between(f"{kind}.imbalance", *imbalance, n),
        capacity_for(draw, kind, kw.max(axis=1) + 0.1, *use),
        networks_away(draw, place, n, kind),
    )


def _bell(place: World, peak: float, width: float) -> Array:
    off = (place.hour - peak + 12) % 24 - 12
    made: Array = np.exp(-0.5 * (off / width) ** 2).astype(np.float32)
    return made


def cooling(draw: Draw, place: World, n: int, kind: str, low: float, high: float) -> Array:
    """Return (n, slots) float32: overhead per kW of equipment, low to high at 15 degrees, rising with
    warmth."""
    base = column(draw.between(f"{kind}.pue", low, high, n))
    slope = column(draw.between(f"{kind}.slope", 0.004, 0.02, n))
    free = column(draw.between(f"{kind}.free", 8, 20, n))  # below it outside air cools
    made: Array = base + slope * np.clip(place.warmth[None, :] - free, 0, 25)
    return made


def data_centre(draw: Draw, place: World, n: int) -> Made:
    """Serves people: a mild day, slow growth, PUE 1.2 to 1.5 with the weather."""
    kw = column(sizes(draw, "centre", 30, 20_000, n))
    day = 1 + column(draw.between("centre.day", 0.015, 0.12, n)) * (_bell(place, 20, 5) - 0.4)
    growth = 1 + column(draw.rng.uniform(-0.05, 0.2, n)) * np.linspace(0, 1, place.slots, dtype=np.float32)
    racks = 1 + 0.08 * (held(draw.rng, n, place.slots, 0.03, 0, 1) - 0.5)
    it = kw * day * growth * racks
    it *= 1 + noise(draw.rng, it.shape, 0.9) * column(draw.between("centre.noise", 0.003, 0.02, n))
    total = it * (1 + cooling(draw, place, n, "centre", 0.2, 0.45))
    return _honest(draw, place, "centre", total, factor=(0.93, 0.99), imbalance=(0.01, 0.12), use=(0.25, 0.7))


def ai_hall(draw: Draw, place: World, n: int) -> Made:
    """Training and inference on accelerators: jobs of hours to weeks, checkpoints, PUE 1.1 to 1.35."""
    rng = draw.rng
    kw = column(sizes(draw, "hall", 60, 20_000, n))
    busy = np.zeros((n, place.slots), np.float32)
    partitions = draw.whole("hall.partitions", 2, 12, n)
    full = draw.between("hall.full", 0.75, 1.0, n)
    for row in range(n):
        count = int(partitions[row])
        changes = draw.one("hall.jobs", 0.05, 1.2)
        running = held(rng, count, place.slots, changes, 0, 1)
        weights = rng.dirichlet(np.full(count, 4.0)).astype(np.float32)
        drawn = np.where(running < full[row], 0.8 + 0.2 * running, column(rng.uniform(0.2, 0.4, count)))
        busy[row] = weights @ drawn
    busy *= 1 + noise(rng, busy.shape, 0.4) * column(draw.between("hall.noise", 0.004, 0.03, n))
    serving = column(draw.between("hall.serving", 0, 0.15, n))
    it = kw * busy * (1 - serving + serving * (0.6 + 0.8 * _bell(place, 16, 5)))
    total = it * (1 + cooling(draw, place, n, "hall", 0.1, 0.3))
    return _honest(draw, place, "hall", total, factor=(0.95, 0.995), imbalance=(0.01, 0.1), use=(0.4, 0.95))


def cold_store(draw: Draw, place: World, n: int) -> Made:
    """Compressors in turns: more in the heat, doors by day, defrosting at set hours, often cheap hours
    first."""
    rng = draw.rng
    kw = column(sizes(draw, "cold", 15, 1_500, n))
    warm = 0.55 + column(draw.between("cold.slope", 0.01, 0.03, n)) * np.clip(
        place.warmth[None, :] - 5, -5, 30
    )
    cycle = 1 + column(draw.between("cold.cycle", 0.05, 0.35, n)) * (held(rng, n, place.slots, 30, -1, 1))
    doors = 1 + column(draw.between("cold.doors", 0.05, 0.35, n)) * _bell(place, 10, 3)
    valley = np.where(rng.random((n, 1)) < 0.4, 0.25, 0.0) * (place.hour < 8)[None, :]
    defrost = 1 + 0.25 * (((place.hour[None, :] + rng.integers(0, 6, (n, 1))) % 6) < 0.5)
    return _honest(draw, place, "cold", kw * warm * cycle * (doors + valley) * defrost)


def aluminium(draw: Draw, place: World, n: int) -> Made:
    """Pot lines of 20 to 400 MW: flat for months, anode effects, a pot out and in again, small changes of
    current."""
    rng = draw.rng
    kw = column(sizes(draw, "smelter", 20_000, 400_000, n))
    current = 1 + column(draw.between("smelter.current", 0.005, 0.04, n)) * held(
        rng, n, place.slots, 0.15, -1, 1
    )
    made = (
        kw
        * current
        * (1 + noise(rng, current.shape, 0.7) * column(draw.between("smelter.noise", 0.002, 0.01, n)))
    )
    stops = rng.random(n) < 0.3
    for row in np.flatnonzero(stops):
        for first, after in spells(rng, place.days, 0.02, 1, 8):
            made[row, first:after] *= rng.uniform(0.3, 0.8)
    return _honest(draw, place, "smelter", made, factor=(0.9, 0.97), imbalance=(0.005, 0.04), use=(0.6, 0.95))


def chemical(draw: Draw, place: World, n: int) -> Made:
    """Continuous works, 0.3 to 60 MW: units started and stopped for days, pumps and compressors in turns."""
    rng = draw.rng
    kw = column(sizes(draw, "chemical", 300, 60_000, n))
    units = 0.75 + column(draw.between("chemical.units", 0.04, 0.25, n)) * held(
        rng, n, place.slots, 0.2, -1, 1
    )
    pumps = column(draw.between("chemical.pumps", 0.01, 0.06, n)) * held(rng, n, place.slots, 12, -1, 1)
    price = 1 + column(draw.between("chemical.price", -0.02, 0.15, n)) * (place.hour < 8)[None, :]
    made = kw * (units + pumps) * price * (1 + 0.015 * noise(rng, units.shape, 0.8))
    warm = 1 + column(draw.between("chemical.slope", 0.0, 0.005, n)) * np.clip(
        place.warmth[None, :] - 15, 0, 25
    )
    return _honest(draw, place, "chemical", made * warm, factor=(0.85, 0.96), imbalance=(0.01, 0.1))


def telecom(draw: Draw, place: World, n: int) -> Made:
    """Base stations and exchange rooms, 1.5 to 80 kW: rectifiers, air conditioning, batteries after power
    cuts."""
    kw = column(sizes(draw, "telecom", 1.5, 80, n))
    day = 1 + column(draw.between("telecom.day", 0.03, 0.18, n)) * (_bell(place, 20, 5) - 0.4)
    it = kw * day * (1 + 0.01 * noise(draw.rng, day.shape, 0.8))
    cycle = 1 + 0.6 * held(draw.rng, n, place.slots, 20, -1, 1)
    total = it * (1 + cooling(draw, place, n, "telecom", 0.1, 0.3) * cycle)
    return _honest(draw, place, "telecom", total, factor=(0.88, 0.98), imbalance=(0.05, 0.6))


def _works(
    draw: Draw, place: World, n: int, kind: str, begin: tuple[float, float], hours: tuple[float, float]
) -> Array:
    """Return (n, slots) float32 0 to 1: at work on working days between its hours."""
    start = column(draw.between(f"{kind}.begin", *begin, n))
    length = column(draw.between(f"{kind}.hours", *hours, n))
    since = (place.hour[None, :] - start) % 24
    on = np.clip(np.minimum(since + 0.3, length - since) * 1.5, 0, 1)
    six = draw.rng.random((n, 1)) < 0.5
    saturday = place.weekend & np.roll(~place.weekend, SLOTS)
    free = np.where(six, place.weekend & ~saturday, place.weekend) | place.rest
    made: Array = (on * ~free).astype(np.float32)
    return made


def office(draw: Draw, place: World, n: int) -> Made:
    """Working hours, lifts, air conditioning and heating by weather."""
    kw = column(sizes(draw, "office", 20, 3_000, n))
    on = _works(draw, place, n, "office", (7, 9), (9, 13))
    warm = np.clip(place.warmth - 22, 0, 14) * 0.08 + np.clip(10 - place.warmth, 0, 15) * 0.04
    base = column(draw.between("office.base", 0.05, 0.35, n))
    made = kw * (base + on * (0.5 + warm[None, :] * column(draw.between("office.slope", 0.3, 1.2, n))))
    return _honest(
        draw, place, "office", made * (1 + 0.05 * noise(draw.rng, made.shape, 0.7)), factor=(0.88, 0.97)
    )


def commerce(draw: Draw, place: World, n: int) -> Made:
    """Shops, malls, hotels: open every day, busy on days off, chilled in summer."""
    kw = column(sizes(draw, "shop", 5, 3_000, n))
    start, length = draw.between("shop.begin", 6, 10, n), draw.between("shop.hours", 10, 17, n)
    since = (place.hour[None, :] - column(start)) % 24
    on = np.clip(np.minimum(since + 0.3, column(length) - since), 0, 1)
    more = 1 + column(draw.between("shop.weekend", 0.0, 0.3, n)) * (place.weekend | place.rest)
    base = column(draw.between("shop.base", 0.1, 0.6, n))
    warm = 1 + column(draw.between("shop.slope", 0.005, 0.04, n)) * np.clip(place.warmth[None, :] - 20, 0, 15)
    made = kw * (base + on * 0.7 * more) * warm
    return _honest(draw, place, "shop", made * (1 + 0.06 * noise(draw.rng, made.shape, 0.5)))


def factory(draw: Draw, place: World, n: int) -> Made:
    """One to three shifts, lines that start and stop, breaks, holidays."""
    rng = draw.rng
    kw = column(sizes(draw, "factory", 30, 15_000, n))
    shifts = draw.rng.integers(1, 4, n)
    on = _works(draw, place, n, "factory", (6, 8.5), (8, 11))
    two = _works(draw, place, n, "factory2", (6, 8), (15, 17))
    always = np.where(place.rest, 0.1, 1.0).astype(np.float32)
    work = np.where(column(shifts) == 1, on, np.where(column(shifts) == 2, two, always[None, :]))
    lines = 0.75 + column(draw.between("factory.lines", 0.05, 0.35, n)) * held(rng, n, place.slots, 4, -1, 1)
    base = column(draw.between("factory.base", 0.05, 0.25, n))
    made = kw * (base + work * lines) * (1 + 0.05 * noise(rng, lines.shape, 0.3))
    return _honest(draw, place, "factory", made, factor=(0.75, 0.96))


def furnace(draw: Draw, place: World, n: int) -> Made:
    """Electric furnaces: heats of an hour or two, at night for the price."""
    rng = draw.rng
    kw = column(sizes(draw, "furnace", 500, 60_000, n))
    heat = (held(rng, n, place.slots, 16, 0, 1) > 0.35).astype(np.float32)
    cheap = np.where(rng.random((n, 1)) < 0.6, (place.hour < 8)[None, :] * 1.0, 1.0)
    made = kw * (0.08 + heat * (0.6 + 0.4 * held(rng, n, place.slots, 60, 0, 1)) * np.maximum(cheap, 0.15))
    return _honest(draw, place, "furnace", made, factor=(0.75, 0.93), imbalance=(0.05, 0.4))


def household(draw: Draw, place: World, n: int) -> Made:
    """Flats and houses, a quarter of them with a car that loads at night."""
    rng = draw.rng
    kw = column(sizes(draw, "home", 0.15, 1.2, n))
    day = 0.5 + 0.8 * _bell(place, 20, 2.2) + 0.35 * _bell(place, 7.5, 1.2)
    spikes = (held(rng, n, place.slots, 40, 0, 1) > 0.93) * rng.uniform(1.0, 2.5, (n, 1))
    warm = np.clip(place.warmth - 26, 0, 10) * 0.12 + np.clip(6 - place.warmth, 0, 15) * 0.06
    cars = rng.random((n, 1)) < 0.25
    begin = column(draw.between("home.car", 18, 24, n))
    loads = (((place.hour[None, :] - begin) % 24) < column(draw.between("home.charge", 1, 6, n))) & cars
    loads = loads & np.repeat(rng.random((n, place.days)) < 0.6, SLOTS, axis=1)
    made = kw * (day[None, :] + warm[None, :]) * (1 + 0.3 * noise(rng, (n, place.slots), 0.6)) + spikes
    return _honest(
        draw, place, "home", np.maximum(made, 0.03) + 7 * loads, imbalance=(0.3, 2.5), use=(0.2, 0.8)
    )


def lamps(draw: Draw, place: World, n: int) -> Made:
    """Street lamps from dusk to dawn: as flat as machines, at hours that follow the sun."""
    rng = draw.rng
    kw = column(sizes(draw, "lamps", 3, 300, n))
    late = column(draw.between("lamps.late", -0.3, 0.5, n))
    dawn, dusk = place.sunrise[None, :] + late, 24 - place.sunrise[None, :] - late + 0.5
    on = (place.hour[None, :] < dawn) | (place.hour[None, :] > dusk)
    dim = np.where((place.hour[None, :] < 5) & (rng.random((n, 1)) < 0.5), 0.55, 1.0)
    failed = 1 - 0.05 * held(rng, n, place.slots, 0.05, 0, 1)
    made = kw * (0.01 + on * dim * failed) * (1 + 0.005 * noise(rng, (n, place.slots), 0.5))
    return _honest(draw, place, "lamps", made, factor=(0.85, 0.97), use=(0.3, 0.95))


def greenhouse(draw: Draw, place: World, n: int) -> Made:
    """Lamps over plants at set cheap hours, in the dark season more, with pumps and heating."""
    rng = draw.rng
    kw = column(sizes(draw, "greenhouse", 20, 2_000, n))
    on = switched(draw, place, n, "greenhouse")
    dark = np.clip((place.sunrise - 5.0) / 1.5, 0.1, 1)[None, :]
    rooms = 1 - 0.3 * (held(rng, n, place.slots, 0.1, 0, 1) > 0.8)
    pumps = 0.06 * (held(rng, n, place.slots, 25, 0, 1) > 0.6)
    heating = column(draw.between("greenhouse.heat", 0.005, 0.03, n)) * np.clip(
        14 - place.warmth[None, :], 0, 20
    )
    return _honest(
        draw, place, "greenhouse", kw * (on * dark * rooms + pumps + heating + 0.03), factor=(0.88, 0.97)
    )


def pumps(draw: Draw, place: World, n: int) -> Made:
    """Water works and sewage: pumps of one size in turns, by demand."""
    rng = draw.rng
    count = draw.whole("pumps.count", 2, 6, n)
    kw = column(sizes(draw, "pumps", 20, 1_500, n) / count)
    demand = 0.5 + 0.35 * _bell(place, 8, 2.5) + 0.3 * _bell(place, 20, 3)
    running = np.round(
        column(count) * np.clip(demand[None, :] + 0.15 * held(rng, n, place.slots, 8, -1, 1), 0.1, 1)
    )
    made = kw * running * (1 + 0.02 * noise(rng, (n, place.slots), 0.4))
    return _honest(draw, place, "pumps", made + 1, factor=(0.8, 0.93), imbalance=(0.01, 0.1))


def steady_works(draw: Draw, place: World, n: int) -> Made:
    """Air separation, electrolysis, glass: one unit, flat for weeks, 0.1 to 40 MW."""
    rng = draw.rng
    kw = column(sizes(draw, "steady", 100, 40_000, n))
    throughput = 1 + column(draw.between("steady.set", 0.01, 0.1, n)) * held(rng, n, place.slots, 0.3, -1, 1)
    made = (
        kw
        * throughput
        * (1 + noise(rng, throughput.shape, 0.8) * column(draw.between("steady.noise", 0.004, 0.02, n)))
    )
    made *= 1 + column(draw.between("steady.slope", 0.0008, 0.004, n)) * (place.warmth[None, :] - 15)
    for row in range(n):
        for first, after in spells(rng, place.days, 0.015, 20, 400):
            made[row, first:after] *= 0.15
    return _honest(draw, place, "steady", made, factor=(0.86, 0.96), imbalance=(0.01, 0.08), use=(0.4, 0.95))
