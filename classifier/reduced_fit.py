"""Fitting and laying down the model of export records: scikit-learn, needed by who trains and nobody else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.reduced import MODEL, NAMES, ReducedModel, written
from classifier.shape_fit import Recipe as ShapeRecipe
from classifier.shape_fit import calibrated, flat, grown

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recipe(ShapeRecipe):
    """How a model is made; all of it goes on the model's card."""

    trees: int = 150
    leaves: int = 16
    least: int = 60
    share: float = 0.5


def fitted(
    table: Floats, mines: Truth, held: Floats, held_mines: Truth, recipe: Recipe
) -> tuple[ReducedModel, Any]:
    """Fit trees on (n, len(NAMES)) rows and calibrate them on held-out ones; returns model and estimator."""
    estimator = grown(table, mines, recipe)
    raw = estimator.decision_function(held)
    knots, ratio = calibrated(raw, held_mines)
    usual = np.nanmedian(table[~mines], axis=0)
    return ReducedModel(flat(estimator), knots, ratio, usual, ""), estimator


def ship(folder: Path, model: ReducedModel, estimator: Any, facts: Mapping[str, Any]) -> str:
    """Write reduced.npz, reduced.skops and reduced.json; return the SHA-256 of the first. The card comes
    last."""
    from skops import io

    arrays, whole, card = (folder / f"{MODEL.stem}{ending}" for ending in (".npz", ".skops", ".json"))
    identity = written(arrays, model)
    io.dump(estimator, whole)
    told = {
        "sha256": identity,
        "skops_sha256": hashlib.sha256(whole.read_bytes()).hexdigest(),
        "measures": list(NAMES),
        "scikit_learn": version("scikit-learn"),
        "skops": version("skops"),
        "numpy": version("numpy"),
        **facts,
    }
    card.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return identity
