"""Fitting the load models: boosted trees for what mines, an isolation forest for what is unlike all else.

Only here is scikit-learn asked; what it grew is also written as flat arrays (trees.py), which scoring walks.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supervision.power.features import NAMES, Matrix
from supervision.power.model import FILES, RANKS, ranked
from supervision.power.trees import Trees

GROUPS: Mapping[str, tuple[str, ...]] = {
    "outages": ("outage_drop", "outage_excess"),
    "phases": ("imbalance",),
    "reactive": ("factor", "factor_spread"),
    "weather": ("hot_slope", "cold_slope", "weather_share", "heat_dip"),
    "capacity": ("use",),
    "holidays": ("holiday",),
}
"""Features that come from one import, and are missing together where it is."""
ONE_WAY = {
    "noise": -1,
    "noise_on": -1,
    "weather_share": -1,
    "hot_slope": -1,
    "outage_drop": 1,
    "outage_excess": 1,
}
"""Features that may speak in one direction only (1: more of it for mining): machines are quieter than any
other load, do not mind the weather and stop with their pools. Beyond the values seen in training they then
say no nonsense."""
FOLDS = 3
"""Kinds are left out in so many groups."""
STRANGERS = 0.02
"""Weight of kinds never seen in the calibration."""
LACKING = {"outages": 0.6, "phases": 0.3, "reactive": 0.25, "weather": 0.2, "capacity": 0.15, "holidays": 0.2}
"""In what part of the training rows an import is taken away, so that the model does without."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Models and all that scoring needs of them."""

    classifier: Any
    forest: Any
    slope: float
    offset: float
    """Log-likelihood ratio = slope x raw score + offset."""
    knots: NDArray[np.float64]
    """(RANKS, features) quantiles of the honest population."""
    unusual: NDArray[np.float64]
    """(RANKS,) quantiles of the forest's depth in the whole population, ascending."""


def without_imports(rows: Matrix, seed: int) -> Matrix:
    """Return the rows with imports taken away at random, as in provinces that do not have them."""
    rng = np.random.default_rng(seed)
    made = rows.copy()
    for group, names in GROUPS.items():
        gone = np.flatnonzero(rng.random(rows.shape[0]) < LACKING[group])
        for name in names:
            made[gone, NAMES.index(name)] = np.nan
    return made


def fit(
    rows: Matrix,
    kind: NDArray[np.int16],
    held_out: Matrix,
    held_kind: NDArray[np.int16],
    held_weight: NDArray[np.float64],
    first_honest: int,
    seed: int = 1,
) -> Fitted:
    """Fit on one set, calibrate on another whose honest rows are weighted as they are among real accounts.

    Kinds below `first_honest` mine. What a province has is never quite what was trained on, so part of the
    calibration is on scores of kinds by models that never saw them.
    """
    from sklearn.ensemble import IsolationForest
    from sklearn.linear_model import LogisticRegression

    held_mines = held_kind < first_honest
    classifier = _boosted(seed).fit(rows, kind < first_honest)
    known = classifier.decision_function(held_out)
    strange = _as_strangers(rows, kind, held_out, held_kind, first_honest, seed)
    weight = np.where(held_mines, 1 / held_mines.sum(), held_weight / held_weight[~held_mines].sum())
    weight *= held_mines.size
    platt = LogisticRegression(C=1e6).fit(
        np.concatenate((known, strange))[:, None],
        np.concatenate((held_mines, held_mines)),
        sample_weight=np.concatenate((weight * (1 - STRANGERS), weight * STRANGERS)),
    )
    honest = ~held_mines
    rng = np.random.default_rng(seed)
    chance = held_weight[honest] / held_weight[honest].sum()
    drawn = held_out[honest][rng.choice(int(honest.sum()), 20_000, p=chance)]
    knots = np.stack([_quantiles(drawn[:, i]) for i in range(len(NAMES))], axis=1)
    forest = IsolationForest(n_estimators=80, max_samples=256, random_state=seed, n_jobs=1)
    forest.fit(ranked(drawn, knots))
    depths = flat_forest(forest).sums(ranked(drawn, knots)) / len(forest.estimators_)
    return Fitted(
        classifier,
        forest,
        float(platt.coef_[0, 0]),
        float(platt.intercept_[0]),
        knots,
        np.quantile(depths, np.linspace(0, 1, RANKS)),
    )


def _boosted(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=220,
        learning_rate=0.08,
        max_leaf_nodes=24,
        min_samples_leaf=30,
        l2_regularization=1.0,
        max_features=0.5,  # no single import carries the verdict
        class_weight="balanced",
        monotonic_cst=[ONE_WAY.get(name, 0) for name in NAMES],
        early_stopping=False,
        random_state=seed,
    )


def _as_strangers(
    rows: Matrix,
    kind: NDArray[np.int16],
    held_out: Matrix,
    held_kind: NDArray[np.int16],
    first_honest: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return (n,) raw scores of the held-out rows, each by a model that was fitted without its kind."""
    made = np.zeros(held_kind.size)
    for fold in range(FOLDS):
        out = held_kind % FOLDS == fold
        keep = kind % FOLDS != fold
        made[out] = _boosted(seed).fit(rows[keep], kind[keep] < first_honest).decision_function(held_out[out])
    return made


def _quantiles(values: NDArray[np.float32]) -> NDArray[np.float64]:
    known = values[np.isfinite(values)]
    grid = np.linspace(0, 1, RANKS)
    return np.asarray(np.quantile(known, grid) if known.size else grid, np.float64)


def flat_classifier(classifier: Any) -> Trees:
    """Return the boosted trees as arrays; inner values are the means of their leaves by training rows."""
    tables = [predictor[0].nodes for predictor in classifier._predictors]
    parts: dict[str, list[Any]] = {
        name: [] for name in ("feature", "threshold", "missing", "left", "right", "value")
    }
    root, offset = [], 0
    baseline = float(classifier._baseline_prediction[0, 0]) / len(tables)
    for nodes in tables:
        here = np.arange(len(nodes))
        leaf = nodes["is_leaf"].astype(bool)
        value = np.where(leaf, nodes["value"], 0.0).astype(np.float64)
        count = nodes["count"].astype(np.float64)
        for place in here[::-1]:  # children stand behind their parents
            if not leaf[place]:
                two = [int(nodes["left"][place]), int(nodes["right"][place])]
                value[place] = (value[two] * count[two]).sum() / count[two].sum()
        parts["feature"].append(np.where(leaf, 0, nodes["feature_idx"]))
        parts["threshold"].append(np.where(leaf, 0.0, nodes["num_threshold"]))
        parts["missing"].append(nodes["missing_go_to_left"].astype(bool))
        parts["left"].append(np.where(leaf, here, nodes["left"]) + offset)
        parts["right"].append(np.where(leaf, here, nodes["right"]) + offset)
        parts["value"].append(value + baseline)
        root.append(offset)
        offset += len(nodes)
    return _joined(root, parts)


def flat_forest(forest: Any) -> Trees:
    """Return the isolation forest as arrays whose leaves hold the depth at which a row is alone."""
    parts: dict[str, list[Any]] = {
        name: [] for name in ("feature", "threshold", "missing", "left", "right", "value")
    }
    root, offset = [], 0
    for estimator in forest.estimators_:
        tree = estimator.tree_
        here = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        depth = np.zeros(tree.node_count)
        for place in here[~leaf]:
            depth[tree.children_left[place]] = depth[tree.children_right[place]] = depth[place] + 1
        value = depth + _path(tree.n_node_samples.astype(float))
        count = tree.n_node_samples.astype(float)
        for place in here[~leaf][::-1]:
            two = [int(tree.children_left[place]), int(tree.children_right[place])]
            value[place] = (value[two] * count[two]).sum() / count[two].sum()
        parts["feature"].append(np.where(leaf, 0, tree.feature))
        parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
        parts["missing"].append(np.zeros(tree.node_count, bool))
        parts["left"].append(np.where(leaf, here, tree.children_left) + offset)
        parts["right"].append(np.where(leaf, here, tree.children_right) + offset)
        parts["value"].append(value)
        root.append(offset)
        offset += tree.node_count
    return _joined(root, parts)


def _path(count: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean depth of an unsuccessful search in a binary tree of so many (Liu, Ting, Zhou 2008,
    eq. 1)."""
    made = np.where(
        count > 2, 2 * (np.log(np.maximum(count - 1, 1)) + np.euler_gamma) - 2 * (count - 1) / count, 0
    )
    return np.asarray(np.where(count == 2, 1.0, made), np.float64)


def _joined(root: list[int], parts: Mapping[str, list[Any]]) -> Trees:
    from supervision.power.trees import from_arrays

    made = {f"x.{name}": np.concatenate(rows) for name, rows in parts.items() if name != "missing"}
    made["x.missing_left"] = np.concatenate(parts["missing"])
    made["x.root"] = np.array(root, np.int32)
    return from_arrays(made, "x")


def write(fitted: Fitted, folder: Path, recipe: Mapping[str, Any]) -> None:
    """Write the models: skops, flat arrays, and the paper that names both by hash, features, versions and
    recipe."""
    import sklearn
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    arrays = folder / FILES.arrays
    flat = {
        **flat_classifier(fitted.classifier).arrays("mines"),
        **flat_forest(fitted.forest).arrays("unlike"),
    }
    calibration = np.array([fitted.slope, fitted.offset])
    np.savez_compressed(
        arrays,
        allow_pickle=False,
        knots=fitted.knots,
        unusual=fitted.unusual,
        calibration=calibration,
        **flat,
    )
    both = {"mines": fitted.classifier, "unlike": fitted.forest}
    skops.io.dump(both, folder / FILES.models, compression=zipfile.ZIP_DEFLATED)
    paper = {
        "features": list(NAMES),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in (FILES.arrays, FILES.models)
        },
        "recipe": dict(recipe),
    }
    (folder / FILES.paper).write_text(
        json.dumps(paper, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
