"""Trees as flat arrays, walked without the library that grew them: sums of leaves, and what each feature
added."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trees:
    """Nodes of all trees in one table; a leaf is its own child."""

    root: NDArray[np.int32]
    """(trees,)"""
    feature: NDArray[np.int32]
    """(nodes,) column asked; 0 in leaves."""
    threshold: Floats
    """(nodes,) to the left where the value is not above."""
    missing_left: NDArray[np.bool_]
    """(nodes,) where NaN goes."""
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    """(nodes,) of a leaf what it adds; of another the mean of its leaves by the training rows in them."""
    depth: int
    """Questions on the longest way."""

    def sums(self, rows: NDArray[np.float32]) -> Floats:
        """Return (n,) the sum over all trees of the leaf that each row ends in; rows (n, features)."""
        made = np.zeros(rows.shape[0])
        for root in self.root:
            node = np.full(rows.shape[0], root, np.int32)
            for _ in range(self.depth):
                node = self._next(node, rows)
            made += self.value[node]
        return made

    def parts(self, rows: NDArray[np.float32]) -> Floats:
        """Return (n, features): what each feature added. Each row's sum is `sums` less `start`.

        A question adds the difference that its answer makes to the mean of the leaves that can still be
        reached.
        """
        made = np.zeros(rows.shape)
        every = np.arange(rows.shape[0])
        for root in self.root:
            node = np.full(rows.shape[0], root, np.int32)
            for _ in range(self.depth):
                after = self._next(node, rows)
                made[every, self.feature[node]] += self.value[after] - self.value[node]
                node = after
        return made

    @property
    def start(self) -> float:
        """The sum before any question."""
        return float(self.value[self.root].sum())

    def _next(self, node: NDArray[np.int32], rows: NDArray[np.float32]) -> NDArray[np.int32]:
        asked = rows[np.arange(node.size), self.feature[node]]
        to_left = np.where(np.isnan(asked), self.missing_left[node], asked <= self.threshold[node])
        return np.where(to_left, self.left[node], self.right[node]).astype(np.int32)

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Return what `from_arrays` reads, each key begun with `name`."""
        return {
            f"{name}.root": self.root,
            f"{name}.feature": self.feature,
            f"{name}.threshold": self.threshold,
            f"{name}.missing_left": self.missing_left,
            f"{name}.left": self.left,
            f"{name}.right": self.right,
            f"{name}.value": self.value,
        }


def from_arrays(arrays: Mapping[str, NDArray[np.generic]], name: str) -> Trees:
    """Read back what `arrays` gave. Raises KeyError for a missing part, ValueError for a walk that has no
    end."""
    left = np.asarray(arrays[f"{name}.left"], np.int32)
    right = np.asarray(arrays[f"{name}.right"], np.int32)
    root = np.asarray(arrays[f"{name}.root"], np.int32)
    return Trees(
        root,
        np.asarray(arrays[f"{name}.feature"], np.int32),
        np.asarray(arrays[f"{name}.threshold"], np.float64),
        np.asarray(arrays[f"{name}.missing_left"], np.bool_),
        left,
        right,
        np.asarray(arrays[f"{name}.value"], np.float64),
        _depth(root, left, right),
    )


def _depth(root: NDArray[np.int32], left: NDArray[np.int32], right: NDArray[np.int32]) -> int:
    """Return the longest way in questions. Raises ValueError where children do not lie behind their
    parent."""
    here = np.arange(left.size)
    leaf = left == here
    if not np.array_equal(leaf, right == here) or np.any((left < here) | (right < here)):
        raise ValueError("nodes out of order: not a table of trees")
    if left.size and (left.max() >= left.size or right.max() >= left.size):
        raise ValueError("a node has a child that is not there")
    reach, depth = np.unique(root), 0
    while True:
        reach = reach[~leaf[reach]]
        if reach.size == 0:
            return depth
        reach = np.unique(np.concatenate((left[reach], right[reach])))
        depth += 1
