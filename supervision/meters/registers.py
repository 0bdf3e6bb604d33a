"""Register readings to energy: differences of what a meter shows, over gaps, rollovers and resets.

Times are boundaries, whole quarters of an hour since 1970 in China's time: boundary 96 of a day is boundary 0
of the next one. All arrays of readings are sorted by series and boundary.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.meters.days import POINTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST: Final = 40 * POINTS
"""Boundaries between two readings up to which their difference is spread evenly over the gap."""
_TOP, _BOTTOM = 0.9, 0.1
"""A register that falls from its top to its bottom tenth has begun at 0 again; any other fall is a reset."""
MOST_KW: Final = 1e7


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of many registers."""

    series: Ints
    """(n,) which register, ascending."""
    at: Ints
    """(n,) boundary, ascending within a series, no two alike."""
    value: Floats
    """(n,) kWh as the meter shows them."""
    ratio: Floats
    """(n,) what a unit of it stands for."""


@dataclass(frozen=True, slots=True)
class Energy:
    """What readings come to, by series and day; (k,) rows in that order."""

    series: Ints
    day: Ints
    """Days since 1970."""
    points: Floats
    """(k, 96) kW; NaN where no two readings frame the quarter of an hour."""
    energy: Floats
    """(k,) kWh, with what was spread over gaps."""
    bridged: Ints
    """(k,) gaps whose energy is known in sum."""
    register: Floats
    """(k,) last reading of the day; NaN where there was none."""
    register_at: Ints
    """(k,) its boundary in the day, 1 to 96; 0 where there was none."""
    rollovers: int
    resets: Ints
    """Places in the readings of those that fell without having been at their end."""
    beyond: int
    """Differences left out: over more than LONGEST, or of more power than there is."""


def energy_of(readings: Readings, full: float | None) -> Energy:
    """Return the energy between readings. `full`: kWh at which a register begins at 0 again; None unknown."""
    series, at, value = readings.series, readings.at, readings.value
    same = series[1:] == series[:-1] if len(series) else np.empty(0, bool)
    step, rise = at[1:] - at[:-1], value[1:] - value[:-1]
    fell = same & (rise < 0)
    rolled = np.zeros(len(rise), bool)
    if full is not None:
        rolled = fell & (value[:-1] >= _TOP * full) & (value[1:] <= _BOTTOM * full)
        rise = np.where(rolled, rise + full, rise)
    reset = fell & ~rolled
    kwh = rise * readings.ratio[1:]
    power = kwh * 4.0 / np.maximum(step, 1)
    good = same & ~reset
    beyond = good & ((step > LONGEST) | (power > MOST_KW))
    good &= ~beyond
    single, spread = good & (step == 1), good & (step > 1)

    counts = step[spread]
    which = np.repeat(np.flatnonzero(spread), counts)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    slots = at[which] + offset
    read_day, read_at = (at - 1) // POINTS, (at - 1) % POINTS + 1

    days = np.concatenate([at[:-1][single] // POINTS, slots // POINTS, read_day])
    owners = np.concatenate([series[1:][single], series[which], series])
    rows, place = _unique(owners, days)
    first, second = int(single.sum()), len(slots)
    points = np.full((len(rows), POINTS), np.nan)
    energy = np.zeros(len(rows))
    bridged = np.zeros(len(rows), np.int64)
    register = np.full(len(rows), np.nan)
    register_at = np.zeros(len(rows), np.int64)
    points[place[:first], at[:-1][single] % POINTS] = power[single]
    np.add.at(energy, place[:first], kwh[single])
    np.add.at(energy, place[first : first + second], power[which] / 4.0)
    np.add.at(bridged, place[first : first + second], 1)
    register[place[first + second :]] = value  # in the order of time: the last one stays
    register_at[place[first + second :]] = read_at
    return Energy(
        rows[:, 0],
        rows[:, 1],
        points,
        energy,
        bridged,
        register,
        register_at,
        int(rolled.sum()),
        np.flatnonzero(reset) + 1,
        int(beyond.sum()),
    )


def _unique(series: Ints, days: Ints) -> tuple[Ints, Ints]:
    """Return (k, 2) pairs in order and for each row which it is."""
    if not len(series):
        return np.empty((0, 2), np.int64), np.empty(0, np.int64)
    low = int(days.min())
    width = int(days.max()) - low + 1
    codes, place = np.unique(series * width + (days - low), return_inverse=True)
    return np.stack([codes // width, codes % width + low], axis=1), place
