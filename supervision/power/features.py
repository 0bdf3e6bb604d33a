"""What a load curve tells of what stands behind the meter: numbers that do not depend on how long it was
watched.

Everything works on many accounts at once, and on a few hundred at a time, so that memory stays small. What
cannot be told (no holiday in the window, no temperature, no outage) is NaN, never a guess; the models take
NaN.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supervision.power.curves import SLOTS, Curves, Floats, Period
from supervision.power.steps import daily_steps, of_fours, switching
from supervision.power.surroundings import in_outages, weather

CHUNK = 128
"""Accounts worked on at once: of a year, 18 MB a channel."""

NAMES = (
    "log_kw",  # log10 of the mean, kW
    "load_factor",  # mean / 99.9th percentile
    "night_day",  # mean of 0-6 h / mean of 9-18 h
    "weekend",  # mean of Saturdays and Sundays / mean of other days
    "holiday",  # mean of public holidays / mean of working days
    "peak_valley",  # mean of peak hours / mean of valley hours: 1 for who does not heed the price
    "noise",  # median change from one quarter hour to the next / mean
    "noise_on",  # the same among quarter hours above half of the 95th percentile, / their mean
    "profile",  # largest - least hour of the mean day, / mean
    "profile_share",  # part of the variance that the mean day explains
    "low",  # 5th percentile / mean
    "high",  # 95th percentile / mean
    "between",  # part of the time between 20 % and 80 % of the 95th percentile
    "days",  # standard deviation of the days' means / mean
    "zero",  # part of the time at nothing
    "repeats",  # part of the time at exactly the value before
    "reverse",  # part of the time that energy goes back
    "gaps",  # part of the time without a value
    "steps_up",  # lasting rises, each 30 days
    "steps_down",  # lasting falls, each 30 days
    "step_size",  # median lasting change / 95th percentile
    "step_equal",  # how far lasting changes are from multiples of one block, 0 to 0.25
    "step_sharp",  # part of a lasting change that one hour makes
    "edges",  # changes by more than 30 % of the 95th percentile within an hour, each day
    "edge_time",  # how much the hour of such edges scatters, h
    "hot_slope",  # change of the daily mean for each degree above 18, / mean
    "cold_slope",  # change for each degree below 10, / mean
    "weather_share",  # part of the variance of daily means that the weather explains
    "heat_dip",  # how much lower the afternoons of the hottest days are than the same days' mornings, / mean
    "factor",  # median power factor
    "factor_spread",  # its 95th - 5th percentile over hours
    "imbalance",  # median of (largest - least phase) / mean phase
    "use",  # 99.9th percentile / contracted kVA
    "outage_drop",  # fall of the load in outages of pools or network, / load before
    "outage_excess",  # falls in outages / falls at the same account at other times, as a difference of shares
)
Matrix = NDArray[np.float32]


def features(
    curves: Curves,
    step: Callable[[int], None] | None = None,
    each: Callable[[Callable[[Curves], Matrix], Iterable[Curves]], Iterable[Matrix]] = map,
) -> Matrix:
    """Return (accounts, len(NAMES)) float32; `step` is told after each chunk how many are done.

    `each` works on the chunks and gives what came of them in their order, as a pool's `map` does.
    """
    made = np.empty((curves.accounts, len(NAMES)), np.float32)
    begins = range(0, curves.accounts, CHUNK)
    parts = (curves.part(first, min(first + CHUNK, curves.accounts)) for first in begins)
    for first, rows in zip(begins, each(_of, parts), strict=True):
        made[first : first + len(rows)] = rows
        if step is not None:
            step(first + len(rows))
    return made


def _of(curves: Curves) -> Matrix:
    n, days, _ = curves.kw.shape
    flat = curves.kw.reshape(n, days * SLOTS)
    known = np.isfinite(flat)
    filled = np.where(known, flat, 0).astype(np.float32)
    count = known.sum(axis=1).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = filled.sum(axis=1, dtype=np.float64).astype(np.float32) / count
        scale = np.maximum(np.abs(mean), 1e-6)
        p05, p95, p999 = _quantiles(flat, count, (0.05, 0.95, 0.999))
        found: dict[str, NDArray[Any]] = {  # float32 or float64, as NumPy divides
            "log_kw": np.log10(np.maximum(mean, 1e-3)),
            "load_factor": mean / np.maximum(p999, 1e-6),
            "low": p05 / scale,
            "high": p95 / scale,
            "zero": ((filled == 0) & known).sum(axis=1) / count,
            "reverse": (filled < 0).sum(axis=1) / count,
            "gaps": 1 - count / (days * SLOTS),
        }
        low, high = 0.2 * p95[:, None], 0.8 * p95[:, None]
        found["between"] = ((filled > low) & (filled < high) & known).sum(axis=1) / count
        found |= _noise(filled, known, p95, scale)
        found |= _day(curves, filled, known, scale)
        found |= daily_steps(curves.kw, p95)
        found |= switching(filled, known, p95, days)
        found |= weather(curves, _daily(filled, known, days), scale)
        found |= in_outages(curves, filled, known)
        found |= _electric(curves, filled, known, p999)
    made = np.stack([found[name] for name in NAMES], axis=1).astype(np.float32)
    made[~np.isfinite(made)] = np.nan
    made[count < made.dtype.type(SLOTS * 7)] = np.nan  # less than a week of values tells nothing
    return np.clip(made, -1e3, 1e3)


def _quantiles(flat: Floats, count: Floats, wanted: tuple[float, ...]) -> list[Floats]:
    """Return one (n,) a quantile of the known values of each row."""
    ordered = np.sort(flat, axis=1)  # NaN go last
    rows = np.arange(flat.shape[0])
    return [ordered[rows, np.maximum(np.rint(q * (count - 1)).astype(np.int64), 0)] for q in wanted]


def _median(values: Floats, known: NDArray[np.bool_]) -> Floats:
    masked = np.where(known, values, np.float32(np.nan))
    return _quantiles(masked, known.sum(axis=1).astype(np.float32), (0.5,))[0]


def _noise(filled: Floats, known: NDArray[np.bool_], p95: Floats, scale: Floats) -> dict[str, Floats]:
    change = np.abs(np.diff(filled, axis=1))
    both = known[:, 1:] & known[:, :-1]
    on = filled > 0.5 * p95[:, None]
    both_on = both & on[:, 1:] & on[:, :-1]
    level = np.where(on & known, filled, 0).sum(axis=1) / np.maximum((on & known).sum(axis=1), 1)
    return {
        "noise": _median(change, both) / scale,
        "noise_on": np.where(both_on.any(axis=1), _median(change, both_on) / np.maximum(level, 1e-6), np.nan),
        "repeats": ((change == 0) & both & (filled[:, 1:] != 0)).sum(axis=1) / both.sum(axis=1),
    }


def _share(total: Floats, seen: Floats, cells: NDArray[np.bool_]) -> Floats:
    """Return the mean over some of the cells; `total` and `seen` (n, cells)."""
    return np.asarray(total[:, cells].sum(axis=1) / seen[:, cells].sum(axis=1), np.float32)


def _day(curves: Curves, filled: Floats, known: NDArray[np.bool_], scale: Floats) -> dict[str, Floats]:
    n, days = curves.accounts, curves.days
    grid, seen = filled.reshape(n, days, SLOTS), known.reshape(n, days, SLOTS)
    slot_sum, slot_seen = grid.sum(axis=1), seen.sum(axis=1).astype(np.float32)
    day_sum, day_seen = grid.sum(axis=2), seen.sum(axis=2).astype(np.float32)
    hours = np.arange(SLOTS) // 4
    calendar = [curves.first + timedelta(days=i) for i in range(days)]
    rest = np.array([day in curves.holidays for day in calendar])
    weekend = np.array([day.weekday() >= 5 for day in calendar]) & ~rest
    work = ~weekend & ~rest
    profile = slot_sum / slot_seen
    hourly = profile.reshape(n, 24, 4).mean(axis=2)
    squares = np.einsum("ij,ij->i", filled, filled, dtype=np.float64) / known.sum(axis=1)
    variance = np.maximum(squares - scale.astype(np.float64) ** 2, 1e-12)
    means = day_sum / day_seen
    whole = day_seen > SLOTS // 2
    spread = np.sqrt(_variance(means, whole))
    tariff = curves.tariff
    return {
        "night_day": _share(slot_sum, slot_seen, hours < 6)
        / _share(slot_sum, slot_seen, (hours >= 9) & (hours < 18)),
        "weekend": _share(day_sum, day_seen, weekend) / _share(day_sum, day_seen, work),
        "holiday": _share(day_sum, day_seen, rest) / _share(day_sum, day_seen, work),
        "peak_valley": _share(slot_sum, slot_seen, tariff >= Period.PEAK)
        / _share(slot_sum, slot_seen, tariff == Period.VALLEY),
        "profile": (hourly.max(axis=1) - hourly.min(axis=1)) / scale,
        "profile_share": np.asarray(profile.var(axis=1) / variance, np.float32),
        "days": spread / scale,
    }


def _variance(values: Floats, known: NDArray[np.bool_]) -> Floats:
    count = known.sum(axis=1)
    mean = np.where(known, values, 0).sum(axis=1) / count
    off = np.where(known, values - mean[:, None], 0)
    return np.asarray((off**2).sum(axis=1) / count, np.float32)


def _daily(filled: Floats, known: NDArray[np.bool_], days: int) -> Floats:
    """Return (n, days) the mean of each day, NaN where less than half of it is known."""
    n = filled.shape[0]
    seen = known.reshape(n, days, SLOTS).sum(axis=2)
    means = filled.reshape(n, days, SLOTS).sum(axis=2) / seen
    return np.where(seen > SLOTS // 2, means, np.nan).astype(np.float32)


def _electric(curves: Curves, filled: Floats, known: NDArray[np.bool_], p999: Floats) -> dict[str, Floats]:
    n = curves.accounts
    none = np.full(n, np.nan, np.float32)
    found: dict[str, Floats] = {"factor": none, "factor_spread": none, "imbalance": none}
    hourly = of_fours(filled.reshape(n, -1, 4), np.add)
    enough = of_fours(known.reshape(n, -1, 4), np.logical_and) & (hourly > 0.02 * 4 * p999[:, None])
    if curves.kvar is not None:
        kvar = of_fours(curves.kvar.reshape(n, -1, 4), np.add)
        ok = enough & np.isfinite(kvar)
        factor = hourly / np.maximum(np.hypot(hourly, np.where(ok, kvar, 0)), 1e-9)
        low, middle, high = _quantiles(
            np.where(ok, factor, np.float32(np.nan)), ok.sum(axis=1).astype(np.float32), (0.05, 0.5, 0.95)
        )
        found |= {"factor": middle, "factor_spread": high - low}
    if curves.phases is not None:
        phases = curves.phases.reshape(n, -1, SLOTS, 3)[:, :, ::4]  # one of each hour is enough for a median
        a, b, c = phases[..., 0].reshape(n, -1), phases[..., 1].reshape(n, -1), phases[..., 2].reshape(n, -1)
        most, least = np.maximum(np.maximum(a, b), c), np.minimum(np.minimum(a, b), c)
        mean = (a + b + c) / 3
        ok = np.isfinite(mean) & (mean > 0.02 * p999[:, None] / 3)
        apart = np.where(ok, (most - least) / np.where(ok, mean, 1), 0).astype(np.float32)
        found["imbalance"] = _median(apart, ok)
    found["use"] = none if curves.capacity is None else p999 / curves.capacity
    return found


def named(row: Matrix) -> Mapping[str, float]:
    """Return one row of `features` by name."""
    return dict(zip(NAMES, (float(value) for value in row), strict=True))
