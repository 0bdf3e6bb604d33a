"""A load beside what happens around it: the weather, and outages of pools and of the network."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from supervision.power.curves import SLOTS, Curves, Floats

HOT_FROM, COLD_FROM = 18.0, 10.0
"""Celsius beyond which buildings cool and heat."""
POWER_CUT = 0.97
"""Fall of a load from which no outage of the network but one of the power is seen: machines without work
still draw some watts each."""
LEAST_SPREAD = 2.0
"""Degree days' standard deviation below which no slope is told."""


def weather(curves: Curves, daily: Floats, scale: Floats) -> dict[str, Floats]:
    """Return `hot_slope cold_slope weather_share heat_dip`, each (n,) float32; daily (n, days) kW with NaN.

    The slopes are those of a regression of daily means on degrees above 18, degrees below 10, weekend and a
    trend, so that growth in spring is not taken for cooling.
    """
    n, days = daily.shape
    nothing = np.full(n, np.nan, np.float32)
    if curves.celsius is None:
        return dict.fromkeys(("hot_slope", "cold_slope", "weather_share", "heat_dip"), nothing)
    celsius = curves.celsius
    ok = np.isfinite(daily) & np.isfinite(celsius)
    weight = ok.astype(np.float64)
    weekday = (curves.first.toordinal() - 1 + np.arange(days)) % 7
    columns = np.stack(
        [
            np.ones((n, days)),
            np.broadcast_to(weekday >= 5, (n, days)).astype(float),
            np.broadcast_to(np.linspace(-1, 1, days), (n, days)),
            np.clip(np.where(ok, celsius, 0) - HOT_FROM, 0, None),
            np.clip(COLD_FROM - np.where(ok, celsius, 0), 0, None),
        ],
        axis=2,
    )
    target = np.where(ok, daily, 0).astype(np.float64) / scale[:, None]
    fit = _solve(columns, target, weight)
    base = _solve(columns[:, :, :3], target, weight)
    left = (weight * (target - np.einsum("ndk,nk->nd", columns, fit)) ** 2).sum(axis=1)
    without = (weight * (target - np.einsum("ndk,nk->nd", columns[:, :, :3], base)) ** 2).sum(axis=1)
    hot, cold = (_spread(columns[:, :, i], weight) >= LEAST_SPREAD / 2 for i in (3, 4))
    share = np.where(without > 1e-9, 1 - left / np.maximum(without, 1e-9), 0)
    return {
        "hot_slope": np.where(hot, fit[:, 3], np.nan).astype(np.float32),
        "cold_slope": np.where(cold, fit[:, 4], np.nan).astype(np.float32),
        "weather_share": np.where(hot | cold, share, np.nan).astype(np.float32),
        "heat_dip": _heat_dip(curves, scale),
    }


def _solve(
    columns: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (n, k) coefficients of weighted least squares, with a trace of ridge where columns are
    constant."""
    product = np.einsum("ndj,nd,ndk->njk", columns, weight, columns, optimize=True)
    product += np.eye(columns.shape[2]) * 1e-3
    right = np.einsum("ndj,nd->nj", columns, weight * target, optimize=True)
    return np.asarray(np.linalg.solve(product, right[:, :, None])[:, :, 0], np.float64)


def _spread(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.maximum(weight.sum(axis=1), 1)
    mean = (weight * values).sum(axis=1) / total
    return np.asarray(np.sqrt((weight * (values - mean[:, None]) ** 2).sum(axis=1) / total), np.float64)


def _heat_dip(curves: Curves, scale: Floats) -> Floats:
    """Return (n,) how much lower 13-17 h is than 1-7 h on the hottest tenth of days, less the same on mild
    days."""
    assert curves.celsius is not None
    celsius = curves.celsius
    hottest = np.where(np.isfinite(celsius), celsius, -np.inf)
    limit = np.partition(hottest, -max(1, curves.days // 10), axis=1)[:, -max(1, curves.days // 10)]
    hot = (hottest >= limit[:, None]) & (hottest > 26)
    mild = (celsius > 8) & (celsius < 20)
    # one value an hour is enough for means over many days
    hourly = curves.kw[:, :, ::4]
    gap = _plain_mean(hourly[:, :, 1:7]) - _plain_mean(hourly[:, :, 13:17])

    def mean(of: NDArray[np.bool_]) -> NDArray[np.float32]:
        known = of & np.isfinite(gap)
        made = np.where(known, gap, 0).sum(axis=1) / known.sum(axis=1)
        return np.asarray(np.where(known.any(axis=1), made, np.nan), np.float32)

    return np.asarray((mean(hot) - mean(mild)) / scale, np.float32)


def _plain_mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0).sum(axis=2) / known.sum(axis=2), np.float32)


def in_outages(curves: Curves, filled: Floats, known: NDArray[np.bool_]) -> dict[str, Floats]:
    """Return `outage_drop outage_excess`, each (n,) float32; filled and known (n, days * 96).

    The drop is the median over outages of how far the load falls below that of the hour before. The excess
    is the part of outages with a fall by more than a tenth, less the same at the same hours a day later,
    where there was no outage: a load that falls every evening gets none. Where the load falls to nothing
    the power was cut, which takes the network along: such an outage tells nothing.
    """
    n, slots = filled.shape
    drop, excess = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    own, first, after = curves.outages.account, curves.outages.first, curves.outages.after
    everyone = np.flatnonzero(own < 0)
    alone = np.flatnonzero(own >= 0)
    row = np.concatenate((own[alone], np.repeat(np.arange(n), everyone.size)))
    which = np.concatenate((alone, np.tile(everyone, n)))
    fits = (first[which] >= 4) & (after[which] + SLOTS <= slots) & (after[which] > first[which])
    row, which = row[fits], which[fits]
    if row.size == 0:
        return {"outage_drop": drop, "outage_excess": excess}
    start, end = first[which], after[which]

    def fall(later: int) -> NDArray[np.float64]:
        a, b = start + later, end + later
        before = _means(filled, known, row, a - 4, a)
        inside = _means(filled, known, row, a, b)
        return np.asarray(np.where(before > 0, 1 - inside / before, np.nan), np.float64)

    here, there = fall(0), fall(SLOTS)
    ok = np.isfinite(here) & np.isfinite(there) & (here < POWER_CUT)
    row, here, there = row[ok], here[ok], there[ok]
    count = np.bincount(row, minlength=n)
    has = count > 0
    more = np.bincount(row, (here > 0.1) * 1.0 - (there > 0.1) * 1.0, n)
    excess[has] = (more[has] / count[has]).astype(np.float32)
    order = np.lexsort((here, row))
    begin = np.concatenate(([0], np.cumsum(count)))[:-1]
    drop[has] = here[order][(begin + (count - 1) // 2)[has]].astype(np.float32)
    return {"outage_drop": drop, "outage_excess": excess}


def _means(
    filled: Floats,
    known: NDArray[np.bool_],
    row: NDArray[Any],
    start: NDArray[Any],
    end: NDArray[Any],
) -> NDArray[np.float64]:
    """Return (k,) means of the known values of some rows from `start` to before `end`, which lies behind it.

    Only what lies in the spans is touched: outages are a small part of a year.
    """
    length = end - start
    begin = np.concatenate(([0], np.cumsum(length)))[:-1]
    place = np.arange(int(length.sum())) + np.repeat(start - begin, length)
    of = np.repeat(row, length)
    total = np.add.reduceat(filled[of, place].astype(np.float64), begin)
    return np.asarray(total / np.add.reduceat(known[of, place].astype(np.int64), begin), np.float64)
