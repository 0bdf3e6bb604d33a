"""Rates with their intervals, and precision where one endpoint in 1,300 mines."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

Array = npt.NDArray[Any]

AGAINST = 1_300
"""Endpoints that do not mine for each that does."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of many, with its exact (Clopper-Pearson) 95 % interval."""

    hits: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Precision:
    """Of verdicts, at the prior; the interval takes the worst of both rates' ends."""

    value: float
    low: float
    high: float


def rate(hits: int, of: int) -> Rate:
    """Return hits of `of`; NaN where nothing was counted."""
    if of == 0:
        return Rate(0, 0, math.nan, 0.0, 1.0)
    low = float(beta.ppf(0.025, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, of - hits)) if hits < of else 1.0
    return Rate(hits, of, hits / of, low, high)


def above(log_odds: Array, threshold: float) -> Rate:
    """Return how many are at the threshold or more."""
    return rate(int((log_odds >= threshold).sum()), len(log_odds))


def precision(recall: Rate, false: Rate, against: float = AGAINST) -> Precision:
    """Return precision where `against` others stand beside each that mines."""

    def of(hit: float, miss: float) -> float:
        return hit / (hit + against * miss) if hit + miss > 0 else math.nan

    return Precision(of(recall.value, false.value), of(recall.low, false.high), of(recall.high, false.low))


def roc(hits: Array, others: Array, points: int = 240) -> tuple[Array, Array]:
    """Return false positive rates, even in the logarithm from one in all to 1, and recall at each.

    A threshold lets through `rate * n` of the others; equal scores go together, so a coarse score gives
    steps.
    """
    count = len(others)
    rates = np.geomspace(1 / count, 1.0, points)
    order = np.sort(others)[::-1]
    allowed = np.minimum(np.floor(rates * count + 1e-9).astype(np.int64), count - 1)
    threshold = order[allowed]
    found = np.array([(hits > at).mean() if len(hits) else math.nan for at in threshold])
    return rates, found


def curve(hits: Array, others: Array) -> dict[str, list[float]]:
    """Return `roc` for JSON."""
    rates, found = roc(hits, others)
    return {"false": [float(f"{x:.3g}") for x in rates], "recall": [round(float(x), 4) for x in found]}


def threshold_for(others: Array, wanted: float) -> float:
    """Return the least score that no more than the wanted part of the others exceeds."""
    order = np.sort(others)[::-1]
    return float(order[min(int(wanted * len(order)), len(order) - 1)])


def plain(value: Any) -> dict[str, Any]:
    """Return a rate or precision for JSON."""
    return {
        name: (None if isinstance(v, float) and math.isnan(v) else v) for name, v in asdict(value).items()
    }
