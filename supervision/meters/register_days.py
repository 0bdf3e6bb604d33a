"""Register readings of a bucket of meters as days of energy, from the last readings that the lake holds."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from store.curve_lake import CurveLake
from supervision.meters.days import POINTS
from supervision.meters.forms import Form, Layout, Side, Stamp
from supervision.meters.judge import KEYS
from supervision.meters.pieces import ROW
from supervision.meters.registers import LONGEST, Energy, Readings, energy_of


@dataclass(frozen=True, slots=True)
class RegisterDays:
    """What a bucket comes to."""

    keys: pl.DataFrame
    """(k) rows of KEYS, as `energy` has them."""
    energy: Energy
    readings: Readings
    heads: pl.DataFrame
    """The first row of each series, in their order."""


def register_days(
    rows: pl.DataFrame, points: NDArray[np.float64], form: Form, lake: CurveLake
) -> RegisterDays:
    """Return the energy between readings: rows of KEYS with (n, 96) readings, no key twice."""
    begins = form.layout is Layout.WIDE and form.stamp is Stamp.BEGIN
    names = ["account", "meter", "quantity"]
    rows = rows.with_columns(series=pl.struct(names).rank("dense").cast(pl.Int64) - 1)
    series, day = rows["series"].to_numpy(), rows["day"].to_physical().to_numpy().astype(np.int64)
    ratio = rows["ratio"].to_numpy() if form.side is Side.SECONDARY else np.ones(len(rows))
    which, slot = np.nonzero(~np.isnan(points))
    at = day[which] * POINTS + slot + (0 if begins else 1)
    heads = rows.sort("day").group_by("series", maintain_order=True).first()
    meters = heads.select(*names, until=pl.col("day"))
    since = meters["until"].min()
    before = meters.clear()
    if isinstance(since, date):
        back = timedelta(days=LONGEST // POINTS)
        before = lake.registers(meters, since - back).join(heads.select(*names, "series"), on=names)
    old = before["series"].to_numpy() if len(before) else np.empty(0, np.int64)
    old_at = np.empty(0, np.int64)
    if len(before):
        old_at = before["day"].to_physical().to_numpy().astype(np.int64) * POINTS + before[
            "register_at"
        ].to_numpy().astype(np.int64)
    first = np.full(len(heads), np.iinfo(np.int64).max)
    np.minimum.at(first, series[which], at)
    early = old_at < first[old]
    readings = _sorted(
        np.concatenate([old[early], series[which]]),
        np.concatenate([old_at[early], at]),
        np.concatenate([before["register"].to_numpy()[early] if len(before) else [], points[which, slot]]),
        np.concatenate([np.ones(int(early.sum())), ratio[which]]),
    )
    full = None if form.digits is None else 10.0**form.digits * form.factor
    found = energy_of(readings, full)
    days = pl.DataFrame({"series": found.series, "date": found.day.astype(np.int32)})
    days = days.with_columns(pl.col("date").cast(pl.Date))
    particulars = rows.select("series", pl.col("day").alias("date"), ROW, "of").sort("date")
    keys = (
        days.with_row_index("place")
        .join(heads.select("series", *names), on="series", maintain_order="left")
        .sort("date", maintain_order=True)
        .join_asof(particulars, on="date", by="series", strategy="backward", check_sortedness=False)
        .sort("place")
    )
    # Days before the file's first row, which its first reading completes, are told by that row.
    row = keys.join(heads.select("series", pl.col(ROW).alias("r"), pl.col("of").alias("o")), on="series")
    row = row.sort("place").with_columns(
        pl.col(ROW).fill_null(pl.col("r")), pl.col("of").fill_null(pl.col("o"))
    )
    keys = row.rename({"date": "day"}).with_columns(ratio=pl.lit(1.0)).select(*KEYS)
    return RegisterDays(keys, found, readings, heads.sort("series"))


def _sorted(series: Any, at: Any, value: Any, ratio: Any) -> Readings:
    order = np.lexsort((at, series))
    return Readings(series[order], at[order], value[order], ratio[order])
