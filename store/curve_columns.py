"""The columns of the lake of curves, and what names a row."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

CURVES: Final = "curves"
POINTS: Final = 96
AT_ONCE: Final = 150_000
"""Rows of a file that are in memory at once: 60 MB."""
ACTIVE: Final = 0
"""The quantity `active-import`."""

KEY: Final = ("account", "meter", "day", "quantity")
SCHEMA: Final[dict[str, Any]] = {
    "account": pl.String(),
    "meter": pl.String(),  # empty: the account as a whole
    "day": pl.Date(),  # China's time
    "quantity": pl.UInt8(),  # supervision/meters/forms.py
    "of": pl.UInt8(),  # meters whose sum the account was then
    "known_ns": pl.Int64(),
    "points": pl.Array(pl.Float32(), POINTS),  # mean kW (kvar) of each quarter of an hour; NaN is a gap
    "energy": pl.Float64(),  # kWh (kvarh) of the day, bridged gaps included
    "missing": pl.UInt8(),  # gaps
    "bridged": pl.UInt8(),  # of these, those whose energy a register tells
    "register": pl.Float64(),  # last reading of the day, as the meter shows it; NaN where none was read
    "register_at": pl.UInt8(),  # after which quarter of an hour that was, 1 to 96; 0 where none was read
}
INFO: Final = [name for name in SCHEMA if name != "points"]
"""All columns but the points."""
GONE: Final = (
    (pl.col("missing") == POINTS)
    & (pl.col("bridged") == 0)
    & (pl.col("energy") == 0)
    & (pl.col("register_at") == 0)
)
"""A row that says that nothing is known of its day any more: what a withdrawal leaves of a wrong import."""


def points_of(frame: pl.DataFrame) -> NDArray[np.float32]:
    """Return (n, 96) float32 of the column `points`."""
    if not len(frame):
        return np.empty((0, POINTS), np.float32)
    return frame["points"].to_numpy().reshape(-1, POINTS)
