"""Fitting the shape model: scikit-learn, needed by who trains and by nobody else.

The one place that imports it. Rows come measured (shape_features.py); nothing here knows where they are from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier import shape_guard
from classifier.shape import Model
from classifier.shape_features import NAMES
from classifier.shape_trees import Trees

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

LEFT_OUT = ("opened",)
"""Whether a capture saw the opening tells of the capture."""
UNGUARDED = ("open_", "second_", "lost", "resent")
"""Measures that the guard leaves out, by how their names begin: rare, or the path's."""
RULE_OF_THREE = 3.0
"""Benign rows that may hide behind none, at 95 %: what bounds the greatest log-odds that are claimed."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made; all of it goes on the model's card."""

    trees: int = 200
    leaves: int = 24
    rate: float = 0.08
    least: int = 40
    """Rows in a leaf, at least."""
    smooth: float = 5.0
    """L2 regularisation."""
    share: float = 0.3
    """Part of the measures that each split may choose from: no single one may carry the verdict."""
    seed: int = 1
    threads: int = 1
    """Of OpenMP: more than a busy machine has idle make fitting many times slower."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model in both forms."""

    model: Model
    estimator: Any
    """scikit-learn's, for skops."""


def chosen() -> tuple[str, ...]:
    """Return the measures that a model is made of."""
    return tuple(name for name in NAMES if name not in LEFT_OUT)


def columns(names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the places of measures in NAMES."""
    return np.array([NAMES.index(name) for name in names], np.int64)


def fit(table: Floats, mines: Truth, weight: Floats, recipe: Recipe, names: tuple[str, ...]) -> Any:
    """Fit the trees on (n, len(NAMES)) rows; returns a HistGradientBoostingClassifier."""
    return grown(table[:, columns(names)], mines, recipe, weight)


def grown(table: Floats, mines: Truth, recipe: Recipe, weight: Floats | None = None) -> Any:
    """Fit trees on (n, measures) rows by a recipe; returns a HistGradientBoostingClassifier."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    estimator = HistGradientBoostingClassifier(
        learning_rate=recipe.rate,
        max_iter=recipe.trees,
        max_leaf_nodes=recipe.leaves,
        min_samples_leaf=recipe.least,
        l2_regularization=recipe.smooth,
        max_features=recipe.share,
        early_stopping=False,
        random_state=recipe.seed,
    )
    with threadpool_limits(recipe.threads, "openmp"):
        return estimator.fit(table, mines, weight)


def flat(estimator: Any) -> Trees:
    """Return the trees of a fitted classifier of two classes as flat arrays."""
    parts: dict[str, list[NDArray[Any]]] = {
        name: [] for name in Trees.__slots__ if name not in ("root", "base")
    }
    roots, place = [], 0
    for (tree,) in estimator._predictors:
        nodes = tree.nodes
        if nodes["is_categorical"].any():
            raise ValueError("categories have no flat form here")
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(len(nodes))
        parts["feature"].append(np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)))
        parts["threshold"].append(nodes["num_threshold"].astype(np.float64))
        parts["left"].append(place + np.where(leaf, own, nodes["left"].astype(np.int64)))
        parts["right"].append(place + np.where(leaf, own, nodes["right"].astype(np.int64)))
        parts["missing"].append(nodes["missing_go_to_left"].astype(np.uint8))
        parts["value"].append(_means(nodes, leaf))
        roots.append(place)
        place += len(nodes)
    arrays = {name: np.concatenate(found) for name, found in parts.items()}
    base = float(np.ravel(estimator._baseline_prediction)[0])
    return Trees(root=np.array(roots, np.int64), base=base, **arrays)


def _means(nodes: NDArray[Any], leaf: Truth) -> Floats:
    """Return each node's value: a leaf's own, else the mean of its children by the rows that they held."""
    value = nodes["value"].astype(np.float64)
    for place in range(len(nodes) - 1, -1, -1):  # children lie behind their parents
        if not leaf[place]:
            pair = [int(nodes["left"][place]), int(nodes["right"][place])]
            count = nodes["count"][pair].astype(np.float64)
            value[place] = float((value[pair] * count).sum() / count.sum())
    return value


def calibrated(raw: Floats, mines: Truth) -> tuple[Floats, Floats]:
    """Return knots (raw score, log likelihood ratio) from rows of implementations that the trees never saw.

    Platt's: the line through log-odds that is most likely, each class weighed alike; it ends where the
    number of rows ends what can be claimed: three benign rows are taken to lie beyond any score, three
    mining ones below it. (Isotonic steps hang on the one or two benign rows that lie highest.)
    """
    from sklearn.linear_model import LogisticRegression

    positives, negatives = float(mines.sum()), float((~mines).sum())
    weight = np.where(mines, 1 / positives, 1 / negatives) * len(mines) / 2
    line = LogisticRegression(C=1e6).fit(raw[:, None], mines, weight)
    slope, start = float(line.coef_[0, 0]), float(line.intercept_[0])
    if slope <= 0:
        raise ValueError("scores that fall where mining grows cannot be calibrated")
    ends = np.log(np.array([RULE_OF_THREE / positives, negatives / RULE_OF_THREE]))
    return (ends - start) / slope, ends


def model_of(
    estimator: Any, names: tuple[str, ...], train: Floats, truth: Truth, held: Floats, held_truth: Truth
) -> Fitted:
    """Make the model: calibration on held-out rows, guard and medians on training rows."""
    trees = flat(estimator)
    place = columns(names)
    raw = estimator.decision_function(held[:, place])
    knots, ratio = calibrated(raw, held_truth)
    table = np.asarray(train[:, place], np.float64)
    looked = np.array([i for i, name in enumerate(names) if not name.startswith(UNGUARDED)], np.int64)
    benign = np.flatnonzero(~truth)
    mining = np.flatnonzero(truth)
    some = min(len(benign), len(mining))
    both = np.concatenate([benign[:: max(1, len(benign) // some)], mining])
    guard = shape_guard.fitted(table[both], looked)
    usual = np.nanmedian(table[benign], axis=0)
    return Fitted(Model(names, trees, guard, knots, ratio, usual, ""), estimator)
