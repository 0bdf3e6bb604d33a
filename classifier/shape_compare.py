"""Which of two models is better on the same rows, and whether what comes in is still what they were made
of."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

PRIOR = 1 / 1_300
VERDICT = math.log(1_300.0)
"""Log-odds from which on a talk more likely mines than not at the prior."""
ALLOWED = 0.002
"""Recall that a candidate may be worse by: what 4,000 mining rows cannot tell from nothing."""
STEP, LEAST = 0.5, 5
"""Calibration is looked at in steps of so many nats that hold so many rows of each kind at least."""
SHIFTED = 0.25
"""Population stability index from which on a measure is said to have moved (0.1 to 0.25: somewhat)."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What a model shows on rows whose truth is known."""

    benign: int
    mining: int
    recall: float
    """Part of the mining rows at VERDICT or more."""
    false_alarms: int
    """Benign rows there."""
    separation: float
    """Area under the ROC curve."""
    loss: float
    """Mean negative log-likelihood at equal classes, nats: calibration and separation in one."""
    off: float
    """How far calibration is off, nats: mean absolute difference of stated and counted log-odds over ten
    parts."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on one set."""

    current: Showing
    candidate: Showing
    worse: tuple[str, ...]
    """Why the candidate is refused; empty where it may take the place."""


def showing(log_odds: Floats, mines: Truth) -> Showing:
    """Measure (n,) log-odds against the truth; both classes must be there, else ValueError."""
    hits, others = log_odds[mines], log_odds[~mines]
    if not len(hits) or not len(others):
        raise ValueError("a model is measured on rows of both kinds")
    order = np.sort(others)
    below = np.searchsorted(order, hits, "left")
    level = np.searchsorted(order, hits, "right") - below
    area = float((below + level / 2).mean() / len(order))
    loss = float((np.logaddexp(0, -hits).mean() + np.logaddexp(0, others).mean()) / 2)
    alarms = int((others >= VERDICT).sum())
    return Showing(
        len(others), len(hits), float((hits >= VERDICT).mean()), alarms, area, loss, _off(log_odds, mines)
    )


def _off(log_odds: Floats, mines: Truth) -> float:
    """Return how far stated log-odds are from counted ones, in the mean of steps that hold both kinds."""
    total = math.log(int(mines.sum()) / int((~mines).sum()))
    place = np.floor(log_odds / STEP)
    parts = []
    for step in np.unique(place):
        here = place == step
        hits, misses = int((here & mines).sum()), int((here & ~mines).sum())
        if min(hits, misses) >= LEAST:  # what few rows say is chance
            parts.append(abs(math.log(hits / misses) - total - (step + 0.5) * STEP))
    return float(np.mean(parts)) if parts else 0.0


def compared(current: Showing, candidate: Showing) -> Comparison:
    """Say whether a candidate is worse than the current model on the same rows."""
    worse = []
    if candidate.recall < current.recall - ALLOWED:
        worse.append(f"recall {candidate.recall:.4f}, now {current.recall:.4f}")
    chance = 2 * math.sqrt(max(1.0, float(current.false_alarms)))
    if candidate.false_alarms > current.false_alarms + chance:
        worse.append(f"{candidate.false_alarms} false alarms, now {current.false_alarms}")
    if candidate.loss > current.loss * 1.05 + 1e-4:
        worse.append(f"loss {candidate.loss:.4f} nats, now {current.loss:.4f}")
    return Comparison(current, candidate, tuple(worse))


def stability(reference: Floats, now: Floats, bins: int = 10) -> Floats:
    """Return (k,) the population stability index of each column of (n, k) and (m, k) rows.

    Over tenths of the reference and a part for what is not there (NaN): sum of (p - q) ln(p / q).
    """
    found = np.zeros(reference.shape[1])
    for column in range(len(found)):
        old, new = reference[:, column], now[:, column]
        known = old[~np.isnan(old)]
        if len(known):
            edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
        else:
            edges = np.empty(0)
        shares = []
        for values in (old, new):
            place = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, "left"))
            counts = np.bincount(place, minlength=len(edges) + 2).astype(float)
            shares.append((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))
        found[column] = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    return found
