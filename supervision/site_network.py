"""What the store tells of sites, in the forms that `power reconcile` and `power sites` take.

Kilowatts by the hour follow the curve of the hashrate within each verdict: machines that stood still for an
hour drew nothing in it. The overhead that a verdict's power holds is taken off: reconcile adds its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from facts.instant import NS, instant
from facts.verdict import Hashrate, Pace, Verdict
from pipeline.network_side import SiteSide
from pipeline.site_verdicts import SiteVerdicts, Span, counted
from supervision.site_files import Grid

HOUR_NS = 3_600 * NS
LEAST_NS = 300 * NS
"""Of an hour that must be seen for it to have a figure."""
MOST_PART = 4.0
"""Part of its mean hashrate that an hour has at most: more is the chance of a few shares."""
Hours = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Curve:
    """One verdict by the hour; NaN where it saw too little."""

    kw: Hours
    low: Hours
    high: Hours
    hashrate: Hours
    seen: Hours
    """Nanoseconds of each hour."""


def grid_of(first: date, after: date) -> Grid:
    """Return the hours of days of China's time; `after` is not among them. Raises UsageError."""
    span = Span.of_days(first, after)
    return Grid(instant(span.first_ns), (span.after_ns - span.first_ns) // HOUR_NS)


def network_hours(
    of_sites: Mapping[str, SiteVerdicts], grid: Grid, algorithm: str | None = None
) -> dict[str, dict[str, Hours]]:
    """Return (hours,) `kw low high` of each site, and `hashrate` of one algorithm where that is named.

    NaN in hours of which no verdict tells. Sites without any known power are left out.
    """
    made = {}
    for site, told in of_sites.items():
        hours = _site(told, grid, algorithm)
        if np.isfinite(hours["kw"]).any():
            made[site] = (
                hours if algorithm is not None else {k: v for k, v in hours.items() if k != "hashrate"}
            )
    return made


def more_of_store(sites: Iterable[SiteSide]) -> dict[str, dict[str, float]]:
    """Return what else the store knows of sites, under the names of `site_files.more_of_sites`."""
    found: dict[str, dict[str, float]] = {}
    for one in sites:
        side = one.side
        row = {
            "sealed": float(one.verdicts.sealed),
            "mining_share": side.mining_share,
            "clients": float(side.clients),
        }
        if side.bytes_per_kwh is not None:
            row["network_bytes_per_kwh"] = side.bytes_per_kwh[0]
        if side.power is not None:
            row["mining_kw"] = side.power.value
        drawn = side.power.value * (side.last_ns - side.first_ns) / HOUR_NS if side.power is not None else 0.0
        if one.metered_kwh is not None and one.metered_kwh > drawn:
            row["bytes_per_kwh"] = side.bytes * (1 - side.mining_share) / (one.metered_kwh - drawn)
        found[one.site] = row
    return found


def _site(told: SiteVerdicts, grid: Grid, algorithm: str | None) -> dict[str, Hours]:
    """Add the addresses up; each counts with the verdict that saw most of the hour."""
    total = {name: np.full(grid.hours, np.nan) for name in ("kw", "low", "high", "hashrate")}
    chosen = {one.address: one.role for one in counted(told.mining)}
    for address, role in chosen.items():
        curves = [
            _curve(one, grid, algorithm)
            for one in told.mining
            if one.address == address and one.role is role and one.power is not None
        ]
        if not curves:
            continue
        best = np.argmax(np.stack([one.seen for one in curves]), axis=0)
        hours = np.arange(grid.hours)
        for name, sums in total.items():
            values = np.stack([getattr(one, name) for one in curves])[best, hours]
            known = np.isfinite(values)
            sums[known] = np.where(np.isfinite(sums[known]), sums[known], 0.0) + values[known]
    return total


def _curve(one: Verdict, grid: Grid, algorithm: str | None) -> _Curve:
    """Return one verdict's hours."""
    assert one.power is not None
    begin = int(grid.first.timestamp()) * NS
    edges = begin + np.arange(grid.hours + 1, dtype=np.int64) * HOUR_NS
    rate = one.hashrate[0] if len(one.hashrate) == 1 else None
    rows = () if rate is None else tuple(pace for pace in rate.series if pace.worker is None)
    # Before the worth of a share is known nothing is known of the machines: that time was not seen.
    first_ns = rows[0].start_ns if rows else one.first_seen_ns
    seen = np.maximum(np.minimum(edges[1:], one.last_seen_ns) - np.maximum(edges[:-1], first_ns), 0)
    part, low, high = _parts(rate, rows, edges, seen)
    shown = seen >= LEAST_NS
    least, most = one.power.overhead
    own = next((each for each in one.hashrate if each.algorithm == algorithm), None)
    hashes = (
        np.zeros(grid.hours) if own is None else own.value * (part if rate is own else np.ones(grid.hours))
    )
    figures = (one.power.value * 2 / (least + most) * part, one.power.low / most * low)
    kw, lower = (np.where(shown, each, np.nan) for each in figures)
    upper = np.where(shown, one.power.high / least * high, np.nan)
    return _Curve(
        kw, lower, upper, np.where(shown, hashes, np.nan), np.where(shown, seen, 0).astype(np.float64)
    )


def _parts(
    rate: Hashrate | None, rows: Sequence[Pace], edges: NDArray[np.int64], seen: NDArray[np.int64]
) -> tuple[Hours, Hours, Hours]:
    """Return (hours,) the part of the verdict's hashrate that each hour had, with its least and most.

    A time without a row is one without a share. All 1 where there is no curve, or several algorithms share
    the power.
    """
    if rate is None or len(rows) < 2 or rate.value <= 0:
        ones = np.ones(len(edges) - 1)
        return ones, ones, ones
    sums = np.zeros((3, len(edges) - 1))
    for pace in rows:
        end = pace.start_ns + max(round(pace.seconds * NS), 1)
        inside = np.maximum(np.minimum(edges[1:], end) - np.maximum(edges[:-1], pace.start_ns), 0)
        sums += np.array([[pace.value], [pace.low], [pace.high]]) * inside
    value, low, high = np.minimum(sums / (rate.value * np.maximum(seen, 1)), MOST_PART)
    # The verdict's power holds the doubt about the whole; an hour's own doubt is that of its few shares.
    return value, low, np.maximum(high, value)
