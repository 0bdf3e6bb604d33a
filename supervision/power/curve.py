"""One account's curve made coarse enough to look at: means of hours or days, with what lies between."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from supervision.power.curves import SLOTS, Floats

MOST_POINTS: Final = 4_000
"""Of one answer."""


class Step(StrEnum):
    """How long each point of a curve is."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"

    @property
    def slots(self) -> int:
        """Quarter hours in it."""
        return {Step.QUARTER: 1, Step.HOUR: 4, Step.DAY: SLOTS}[self]

    def points(self, days: int) -> int:
        """Return how many points so many days have."""
        return days * SLOTS // self.slots


@dataclass(frozen=True, slots=True)
class Coarse:
    """(n,) each, in order of time."""

    step: Step
    mean: NDArray[np.float64]
    """kW over the quarter hours that are known; NaN where none is."""
    low: NDArray[np.float64]
    """The least quarter hour."""
    high: NDArray[np.float64]
    missing: NDArray[np.int64]
    """Quarter hours without a value."""


def finest(days: int) -> Step:
    """Return the finest step with which so many days fit into MOST_POINTS, else days."""
    return next((step for step in Step if step.points(days) <= MOST_POINTS), Step.DAY)


def coarse(kw: Floats, step: Step) -> Coarse:
    """Return a curve, (days, 96) float32 kW with NaN, by steps."""
    parts = kw.reshape(-1, step.slots).astype(np.float64)
    known = np.isfinite(parts)
    count = known.sum(axis=1)
    nothing = count == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, parts, 0.0).sum(axis=1) / count
    low = np.where(known, parts, np.inf).min(axis=1)
    high = np.where(known, parts, -np.inf).max(axis=1)
    low[nothing] = high[nothing] = np.nan
    return Coarse(step, mean, low, high, step.slots - count)


def curve_json(kw: Floats, first: date, step: Step) -> dict[str, Any]:
    """Return a curve as columns of numbers, kW to six digits, null for gaps; times are those of China."""
    made = coarse(kw, step)

    def column(values: NDArray[np.float64]) -> list[float | None]:
        return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.tolist()]

    return {
        "first": first.isoformat(),
        "last": (first + timedelta(days=kw.shape[0] - 1)).isoformat(),
        "step": step.value,
        "minutes": step.slots * 15,
        "kw": column(made.mean),
        "low": column(made.low),
        "high": column(made.high),
        "missing": made.missing.tolist(),
    }
