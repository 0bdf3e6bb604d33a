"""What the network and the meters tell of sites, from files: hours in kilowatts, and a row a site of the
rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facts.errors import RowError, UsageError
from facts.site import NetworkSide
from facts.verdict import Power
from supervision.power.imports import LOCAL, moment, number, rows
from supervision.reconcile import SiteHours

HOUR_S = 3_600
MOST_KW = 5e6
MOST_HOURS = 24 * 400
"""Of one reconciliation: a year and a month."""
Hours = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """The hours of one reconciliation."""

    first: datetime
    hours: int

    @property
    def hour_of_week(self) -> int:
        """Local hour of the week of the first hour, Monday 0 h is 0."""
        local = self.first.astimezone(LOCAL)
        return local.weekday() * 24 + local.hour


def hourly(
    path: Path, columns: tuple[str, ...], grid: Grid | None = None
) -> tuple[Grid, Mapping[str, dict[str, Hours]]]:
    """Read rows of `site at <columns>`, a row an hour or finer (their mean counts); NaN where no row is.

    Without a grid it is that of the file, from its first hour to its last. Raises RowError, UsageError
    beyond a year.
    """
    told: list[tuple[str, int, tuple[float, ...]]] = []
    for row, cells in rows(path, ("site", "at", *columns)):
        at = int(moment(cells, "at", path, row).timestamp()) // HOUR_S
        values = tuple(
            number(cells, name, path, row, 0, 1e24 if name == "hashrate" else MOST_KW) for name in columns
        )
        if not cells["site"]:
            raise RowError("empty", str(path), row, "site")
        told.append((cells["site"], at, values))
    if not told:
        raise UsageError(f"{path}: no hours")
    if grid is None:
        low, high = min(at for _, at, _ in told), max(at for _, at, _ in told)
        if high - low >= MOST_HOURS:
            raise UsageError(f"{path}: {high - low + 1:,} hours: at most {MOST_HOURS:,} are held together")
        grid = Grid(datetime.fromtimestamp(low * HOUR_S, UTC), high - low + 1)
    begin = int(grid.first.timestamp()) // HOUR_S
    totals = {site: np.zeros((len(columns) + 1, grid.hours)) for site, _, _ in told}
    for site, at, values in told:
        if 0 <= at - begin < grid.hours:
            totals[site][:, at - begin] += (*values, 1.0)
    made: dict[str, dict[str, Hours]] = {}
    for site, total in totals.items():
        count = np.where(total[-1] > 0, total[-1], np.nan)
        made[site] = {name: total[i] / count for i, name in enumerate(columns)}
    return grid, made


def of_curves(kw: NDArray[np.float32], first: datetime, grid: Grid) -> Hours:
    """Return (hours,) kW of the grid from a curve (days, 96) whose first slot begins at `first`; NaN for
    gaps."""
    flat = kw.reshape(-1, 4).astype(np.float64).mean(axis=1)
    offset = int((grid.first - first) / timedelta(hours=1))
    made = np.full(grid.hours, np.nan)
    low, high = max(0, offset), min(flat.size, offset + grid.hours)
    if low < high:
        made[low - offset : high - offset] = flat[low:high]
    return made


def more_of_sites(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Read one row a site: `site` and any of `sealed bytes_per_kwh plant_fall mining_share clients
    mining_kw pue network_bytes_per_kwh`; empty cells are unknown."""
    known = (
        "sealed",
        "bytes_per_kwh",
        "plant_fall",
        "mining_share",
        "clients",
        "mining_kw",
        "pue",
        "network_bytes_per_kwh",
    )
    found: dict[str, dict[str, float]] = {}
    for row, cells in rows(path, ("site",)):
        if cells["site"] in found:
            raise RowError("is there already", str(path), row, "site")
        most = {"mining_share": 1.0, "pue": 5.0}
        found[cells["site"]] = {
            name: number(cells, name, path, row, 0, most.get(name, 1e15)) for name in known if cells.get(name)
        }
    return found


def site_hours(
    site: str,
    grid: Grid,
    network: Mapping[str, Hours],
    metered: Hours,
    more: Mapping[str, float],
    unaccounted: Hours | None = None,
) -> SiteHours:
    """Put one site together."""
    hashes = network.get("hashrate")
    mean = float(np.nanmean(hashes)) if hashes is not None and np.isfinite(hashes).any() else None
    return SiteHours(
        site,
        network["kw"],
        network["low"],
        network["high"],
        metered,
        unaccounted,
        more.get("plant_fall"),
        int(more["sealed"]) if "sealed" in more else None,
        more.get("bytes_per_kwh"),
        grid.hour_of_week,
        mean,
    )


def side_of(more: Mapping[str, float]) -> NetworkSide | None:
    """Return what a row of `more_of_sites` tells of a site's network; None where it tells nothing of it."""
    if not {"mining_share", "clients", "network_bytes_per_kwh", "mining_kw"} & set(more):
        return None
    density, kw = more.get("network_bytes_per_kwh"), more.get("mining_kw")
    return NetworkSide(
        address=IPv4Address(0),
        first_ns=0,
        last_ns=0,
        flows=0,
        bytes=0,
        sent=0,
        peers=0,
        clients=int(more.get("clients", 0)),
        mining_share=more.get("mining_share", 0.0),
        mix=(),
        bytes_per_kwh=None if density is None else (density, density, density),
        machines=None,
        power=None if kw is None else Power(kw, kw, kw),
        evidence=(),
    )
