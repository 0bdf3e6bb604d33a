"""Curves put straight into a lake, for tests that are not about imports."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from store.curve_lake import SCHEMA, CurveLake


def keep_curve(
    root: Path, account: str, first: date, kw: np.ndarray, known_ns: int = 1, quantity: int = 0
) -> None:
    """Put one account's curve, (days, 96) kW with NaN, into the lake."""
    by_month: dict[str, list[int]] = {}
    for i in range(len(kw)):
        by_month.setdefault(f"{first + timedelta(days=i):%Y-%m}", []).append(i)
    with CurveLake(root).begin() as batch:
        for month, rows in by_month.items():
            frame = {
                "account": [account] * len(rows),
                "meter": [""] * len(rows),
                "day": [first + timedelta(days=i) for i in rows],
                "quantity": [quantity] * len(rows),
                "of": [1] * len(rows),
                "known_ns": [known_ns] * len(rows),
                "points": kw[rows].astype(np.float32),
                "energy": np.nansum(kw[rows], axis=1) / 4,
                "missing": np.isnan(kw[rows]).sum(axis=1),
                "bridged": [0] * len(rows),
                "register": [float("nan")] * len(rows),
                "register_at": [0] * len(rows),
            }
            batch.add(month, pl.DataFrame(frame, schema_overrides={"points": SCHEMA["points"]}))
        batch.commit(f"{account}-{quantity}-{known_ns}", known_ns, {})
