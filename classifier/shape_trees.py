"""A forest of decision trees as flat arrays, so that scoring needs no learning library.

The trees are those of scikit-learn's HistGradientBoostingClassifier (classifier/shape_fit.py writes them);
their sum equals its raw score, the natural log of the odds among the rows that it was trained with.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """All nodes of all trees, one after the other."""

    feature: Ints
    """(nodes,) column that is asked; -1 in a leaf."""
    threshold: Floats
    """(nodes,) up to it, inclusive, the way is left."""
    left: Ints
    """(nodes,) place of the left child among all nodes; its own in a leaf."""
    right: Ints
    missing: NDArray[np.uint8]
    """(nodes,) 1 where a value that is not there goes left."""
    value: Floats
    """(nodes,) of a leaf: what it adds; of another: the mean of its leaves, by the rows that they held."""
    root: Ints
    """(trees,)."""
    base: float
    """What all rows start from."""


def walk(
    table: Floats,
    feature: Ints,
    threshold: Floats,
    left: Ints,
    right: Ints,
    missing: NDArray[np.uint8],
    value: Floats,
    root: Ints,
    out: Floats,
) -> None:
    """Add to `out` (n,) what the trees say of the rows of `table` (n, features). Plain numbers, for numba
    too."""
    for row in range(len(out)):
        total = 0.0
        for tree in range(len(root)):
            node = root[tree]
            while feature[node] >= 0:
                seen = table[row, feature[node]]
                # `seen != seen` holds for NaN alone
                down = missing[node] == 1 if seen != seen else seen <= threshold[node]
                node = left[node] if down else right[node]
            total += value[node]
        out[row] += total


def spoken(trees: Trees, row: Floats, features: int) -> Floats:
    """Return (features,) f8: how much each column moved the score of one (features,) row, natural log.

    At each step from a node to its child the mean of the leaves below changes; the change is credited to the
    column that was asked there. All changes and the means of the roots make the score.
    """
    said = np.zeros(features)
    node = trees.root
    while True:
        asked = trees.feature[node]
        node, asked = node[asked >= 0], asked[asked >= 0]
        if not len(node):
            return said
        seen = row[asked]
        down = np.where(np.isnan(seen), trees.missing[node] == 1, seen <= trees.threshold[node])
        child = np.where(down, trees.left[node], trees.right[node])
        np.add.at(said, asked, trees.value[child] - trees.value[node])
        node = child
