"""How unlike all that the model was made of a talk is: a robust Mahalanobis distance.

Trees say something of anything; far from what they saw it is worth little. So the distance lowers the
log-odds where they speak for mining, and never raises them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 8.0
"""Deviations beyond which a single measure counts no more: one odd number is not another kind of traffic."""
DIRECTIONS = 24
"""Principal directions that the distance is taken in."""
QUANTILE = 0.999
"""Of the training rows that lie within distance 1."""
TOGETHER = 256
"""Rows that are looked at together: they stay in the processor's cache."""
DISTRUST = 12.0
"""Nats taken off for each unit beyond 1."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Where training data lie."""

    columns: NDArray[np.int64]
    """(k,) columns of the features that are looked at."""
    middle: Floats
    """(k,) medians; they stand for what is not there."""
    scale: Floats
    """(k,) half of the range of the middle 68 %."""
    turn: Floats
    """(k, directions) from scaled measures to directions of variance 1, over the distance of QUANTILE."""

    def distances(self, table: Floats) -> Floats:
        """Return (n,) f8 for (n, features) rows: 1 holds all but a thousandth of the training rows."""
        made = np.empty(len(table))
        for begin in range(0, len(table), TOGETHER):
            part = slice(begin, begin + TOGETHER)
            steps = table[part, self.columns]
            np.copyto(steps, self.middle, where=np.isnan(steps))
            steps -= self.middle
            steps /= self.scale
            np.clip(steps, -REACH, REACH, out=steps)
            turned = steps @ self.turn
            made[part] = np.sqrt(np.einsum("ij,ij->i", turned, turned))
        return made

    def lowered(self, log_odds: Floats, distance: Floats) -> Floats:
        """Return log-odds with trust taken off where the distance is beyond 1; 0 is as low as that makes
        them."""
        less = np.maximum(log_odds - DISTRUST * np.maximum(distance - 1, 0), 0)
        made: Floats = np.where(log_odds > 0, less, log_odds)
        return made


def fitted(table: Floats, columns: NDArray[np.int64]) -> Guard:
    """Fit a guard on (n, features) training rows, each class as much as it shall weigh."""
    here = table[:, columns]
    middle = np.nanmedian(here, axis=0)
    low, high = np.nanquantile(here, [0.16, 0.84], axis=0)
    scale = np.maximum((high - low) / 2, 1e-2)
    steps = np.clip((np.where(np.isnan(here), middle, here) - middle) / scale, -REACH, REACH)
    values, vectors = np.linalg.eigh(np.cov(steps, rowvar=False))
    order = np.argsort(values)[::-1][:DIRECTIONS]
    turn = vectors[:, order] / np.sqrt(np.maximum(values[order], 1e-2))
    lengths = np.sqrt(np.square(steps @ turn).sum(axis=1))
    return Guard(columns, middle, scale, turn / np.quantile(lengths, QUANTILE))
