"""What all load curves of one place share: days, weather, calendar, outages of pools."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.signal import lfilter

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw

SLOTS = 96


@dataclass(frozen=True, slots=True)
class World:
    """One place over whole days of local time."""

    first: date
    days: int
    celsius: Array
    """(days,) mean of the day."""
    warmth: Array
    """(days * 96,) float32, at each quarter hour."""
    hour: Array
    """(days * 96,) float32, hour of the day."""
    weekend: Array
    """(days * 96,) bool."""
    rest: Array
    """(days * 96,) bool: public holidays."""
    sunrise: Array
    """(days * 96,) float32 h, of the day; sunset is as far after noon."""
    pool_away: Array
    """(k, 2) slots: when the pool that most use was away."""

    @property
    def slots(self) -> int:
        return self.days * SLOTS


def world(draw: Draw, days: int, first: date | None = None) -> World:
    """Draw a place: climate from cold north to hot south, a year's course, weather that lasts some days."""
    rng = draw.rng
    start = first or date(2025, 1, 1) + timedelta(days=int(rng.integers(0, 365)))
    calendar = [start + timedelta(days=i) for i in range(days)]
    year = np.array([one.timetuple().tm_yday for one in calendar], float)
    mean, swing = draw.one("climate.mean", 6, 24), draw.one("climate.swing", 5, 17)
    course = mean - swing * np.cos(2 * np.pi * (year - 20) / 365)
    celsius = course + lfilter([1], [1, -0.75], rng.normal(0, 2.0, days))
    hour = np.tile(np.arange(SLOTS) / 4, days).astype(np.float32)
    slots = np.arange(days * SLOTS) / SLOTS
    warmth = np.interp(slots, np.arange(days) + 0.5, celsius) + 4 * np.cos(2 * np.pi * (hour - 15) / 24)
    weekend = np.repeat([one.weekday() >= 5 for one in calendar], SLOTS)
    rest = np.repeat([_is_rest(one) for one in calendar], SLOTS)
    sunrise = np.repeat(6.2 + 1.0 * np.cos(2 * np.pi * (year - 355) / 365), SLOTS).astype(np.float32)
    away = spells(rng, days, draw.one("pool.away", 0.2, 1.5) / 30, 2, 24)
    return World(start, days, celsius, warmth.astype(np.float32), hour, weekend, rest, sunrise, away)


HOLIDAYS = {(1, 1), (5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (10, 6), (10, 7)}
SPRING = {2025: date(2025, 1, 28), 2026: date(2026, 2, 16), 2027: date(2027, 2, 5)}


def _is_rest(day: date) -> bool:
    spring = SPRING.get(day.year)
    return (day.month, day.day) in HOLIDAYS or (spring is not None and 0 <= (day - spring).days < 8)


def holidays(place: World) -> frozenset[date]:
    """Return the public holidays within the place's days."""
    days = (place.first + timedelta(days=i) for i in range(place.days))
    return frozenset(day for day in days if _is_rest(day))


def spells(rng: np.random.Generator, days: int, a_day: float, least: int, most: int) -> Array:
    """Return (k, 2) i4 first and after, in slots: `a_day` of them a day, `least` to `most` slots long."""
    count = int(rng.poisson(a_day * days))
    first = np.sort(rng.integers(0, days * SLOTS, count))
    length = rng.integers(least, most + 1, count)
    return np.stack((first, np.minimum(first + length, days * SLOTS)), axis=1).astype(np.int32)


def noise(rng: np.random.Generator, shape: tuple[int, int], corr: float) -> Array:
    """Return float32 of unit variance whose neighbours in a row correlate by `corr`."""
    white = rng.standard_normal(shape, dtype=np.float32)
    if corr == 0:
        return white
    gain = np.float32(np.sqrt(1 - corr**2))
    made: Array = lfilter(np.array([gain], np.float32), np.array([1, -corr], np.float32), white, axis=1)
    return made


def held(rng: np.random.Generator, rows: int, slots: int, a_day: float, low: float, high: float) -> Array:
    """Return (rows, slots) float32: levels between low and high that change at random moments, `a_day` a
    day."""
    changes = rng.random((rows, slots), dtype=np.float32) < a_day / SLOTS
    number = np.cumsum(changes, axis=1)
    levels = rng.uniform(low, high, (rows, int(number.max()) + 1)).astype(np.float32)
    return np.take_along_axis(levels, number, axis=1)
