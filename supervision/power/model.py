"""How probable it is that a meter feeds mining machines, and how unlike all else its load is; with
reasons."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facts.errors import StoreError
from supervision.power.features import NAMES, Matrix
from supervision.power.trees import Trees, from_arrays

BASE_RATE = 1 / 4_000
"""Accounts that mine among those with a transformer of their own: 77 units were found in Zhejiang [V],
which has some 300,000 such accounts [R]. Hand in your own where you know it."""
LIKELY, SUSPECTED = 0.5, 0.05
"""Probabilities from which an account is likely to mine, or suspected. A meter alone confirms nothing."""
UNUSUAL = 1e-3
"""Part of honest accounts that are as unlike all else as this."""
RANKS = 1_001
"""Quantiles kept of each feature."""


class _Files(NamedTuple):
    arrays: str
    models: str
    paper: str


FILES = _Files("power.npz", "power.skops", "power.json")


@dataclass(frozen=True, slots=True)
class Model:
    """Both models as arrays."""

    mines: Trees
    unlike: Trees
    slope: float
    offset: float
    knots: NDArray[np.float64]
    """(RANKS, features)"""
    unusual: NDArray[np.float64]
    """(RANKS,) ascending depths."""
    version: str
    """Beginning of the arrays' hash."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What was found of n accounts."""

    log_odds: NDArray[np.float64]
    """(n,) log-likelihood ratio for mining, nats, before any base rate; NaN where nothing could be told."""
    probability: NDArray[np.float64]
    """(n,) at the base rate."""
    unusual: NDArray[np.float64]
    """(n,) part of honest accounts that are as unlike all others, 0 to 1."""
    parts: NDArray[np.float64]
    """(n, features) what each feature added to the log-odds; NaN where it was not asked for."""

    def level(self, row: int) -> str:
        """Return `likely`, `suspected`, `unusual`, `none` or `unknown`."""
        chance = self.probability[row]
        if not np.isfinite(chance):
            return "unknown"
        if chance >= LIKELY:
            return "likely"
        if chance >= SUSPECTED:
            return "suspected"
        return "unusual" if self.unusual[row] <= UNUSUAL else "none"


def score(rows: Matrix, model: Model, base_rate: float = BASE_RATE, *, explain: bool = True) -> Scores:
    """Judge accounts by their features, (n, len(NAMES)) float32.

    `explain`: tell of all what each feature added; else `explained` does so of the few that are told of.
    """
    unknown = np.isnan(rows[:, NAMES.index("log_kw")])
    log_odds = model.slope * model.mines.sums(rows) + model.offset
    log_odds[unknown] = np.nan
    prior = float(np.log(base_rate / (1 - base_rate)))
    depth = model.unlike.sums(ranked(rows, model.knots)) / model.unlike.root.size
    share = np.interp(depth, model.unusual, np.linspace(0, 1, RANKS))
    share = np.maximum(share, 1 / (2 * RANKS))  # more cannot be told from so many quantiles
    share[unknown] = np.nan
    parts = explained(rows, model) if explain else np.full(rows.shape, np.nan)
    return Scores(log_odds, 1 / (1 + np.exp(-np.clip(log_odds + prior, -500, 500))), share, parts)


def explained(rows: Matrix, model: Model) -> NDArray[np.float64]:
    """Return (n, features): what each feature added to the log-odds."""
    return np.asarray(model.slope * model.mines.parts(rows), np.float64)


def ranked(rows: Matrix, knots: NDArray[np.float64]) -> Matrix:
    """Return each value as its rank among honest accounts, 0 to 1; what is unknown as the middle."""
    grid = np.linspace(0, 1, RANKS)
    made = np.empty(rows.shape, np.float32)
    for i in range(rows.shape[1]):
        own = knots[:, i]
        low = np.searchsorted(own, rows[:, i], side="left") / RANKS
        high = np.searchsorted(own, rows[:, i], side="right") / RANKS
        smooth = np.interp(rows[:, i], own, grid)
        # of many equal values the middle of their ranks
        made[:, i] = np.where(high - low > 1.5 / RANKS, (low + high) / 2, smooth)
    made[np.isnan(rows)] = 0.5
    return made


def read(folder: Traversable) -> Model:
    """Read models that `training.write` wrote. Raises StoreError where they are damaged or of other
    features."""
    try:
        paper = json.loads(folder.joinpath(FILES.paper).read_text("utf-8"))
        raw = folder.joinpath(FILES.arrays).read_bytes()
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder}: the load model cannot be read: {error}") from error
    digest = hashlib.sha256(raw).hexdigest()
    if digest != paper.get("sha256", {}).get(FILES.arrays):
        raise StoreError(f"{folder}: {FILES.arrays} is not the file that {FILES.paper} names")
    if tuple(paper.get("features", ())) != NAMES:
        raise StoreError(f"{folder}: the load model is of other features than this version has")
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            return _model(arrays, digest[:12])
    except (KeyError, ValueError, OSError) as error:
        raise StoreError(f"{folder}: {FILES.arrays} is no load model: {error}") from error


def _model(arrays: Mapping[str, NDArray[np.generic]], version: str) -> Model:
    slope, offset = (float(one) for one in np.asarray(arrays["calibration"], np.float64))
    return Model(
        from_arrays(arrays, "mines"),
        from_arrays(arrays, "unlike"),
        slope,
        offset,
        np.asarray(arrays["knots"], np.float64),
        np.asarray(arrays["unusual"], np.float64),
        version,
    )


@cache
def shipped() -> Model:
    """Return the models that this version ships."""
    return read(files("supervision.power").joinpath("data"))
