"""Encrypted mining by its shape: log-odds of a talk, the measures that speak most, and how familiar it is.

The model (classifier/data/shape.npz) is made by `minescope train`; docs/model-card.md tells of what, and
what it cannot see. It knows no port, address or name. The compiled loops are in pipeline/shape.py: callers
want its `scored`, which is this one at full speed.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier import shape_masks, shape_trees
from classifier.shape_features import (
    NAMES,
    PLAIN,
    Kernels,
    Matrix,
    Rows,
    dependencies,
    each_flow,
    features,
    joined,
)
from classifier.shape_guard import Guard
from classifier.shape_trees import Trees
from facts.errors import MineScopeError

MODEL: Final = Path(__file__).parent / "data" / "shape.npz"
TOLD: Final = 5
"""Measures that a talk's explanation names."""


class ModelError(MineScopeError):
    """A model file that is not what it says it is."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model as it is scored with."""

    names: tuple[str, ...]
    """Its measures, columns of shape_features.NAMES, in the order that the trees know them by."""
    trees: Trees
    guard: Guard
    raw: NDArray[np.float64]
    """(knots,) ascending raw scores of the trees."""
    log_odds: NDArray[np.float64]
    """(knots,) ascending: what those scores are worth, natural log of the likelihood ratio of mining."""
    usual: NDArray[np.float64]
    """(names,) medians of benign training rows: what explanations compare with."""
    identity: str
    """SHA-256 of the file, hexadecimal."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One measure that speaks for or against mining."""

    name: str
    """One of shape_features.NAMES."""
    value: float
    """As measured; NaN where it could not be."""
    usual: float
    """Median of honest traffic."""
    weight: float
    """Nats that it moved the raw score by; above 0 speaks for mining."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the shape of n flows says. All of one dependency (client, server, port) are judged together
    too."""

    log_odds: NDArray[np.float64]
    """(n,) natural log of the likelihood ratio of mining of each flow alone: add it to the log-odds of the
    prior."""
    dependency: NDArray[np.int64]
    """(n,) number of the flow's dependency, from 0."""
    together: NDArray[np.float64]
    """(dependencies,) the same of all flows of a dependency; of the one flow where there is one."""
    distance: NDArray[np.float64]
    """(dependencies,) from all that the model was made of: beyond 1 trust was taken off."""
    client: NDArray[np.uint8]
    """(n,) the `way` in which the client sends; it is endpoint a where 0, b where 1."""
    measures: Matrix
    """(dependencies, len(NAMES))."""

    def reasons(self, dependency: int, most: int = TOLD) -> tuple[Reason, ...]:
        """Return what speaks most of a dependency, the heaviest first."""
        return reasons(loaded(), self.measures[dependency], most)


def reasons(model: Model, measures: NDArray[np.float64], most: int = TOLD) -> tuple[Reason, ...]:
    """Explain one (len(NAMES),) row of measures."""
    row = measures[[NAMES.index(name) for name in model.names]]
    said = shape_trees.spoken(model.trees, row, len(row))
    order = np.argsort(-np.abs(said), kind="stable")[:most]
    return tuple(
        Reason(model.names[place], float(row[place]), float(model.usual[place]), float(said[place]))
        for place in order
    )


@dataclass(frozen=True, slots=True)
class Loops:
    """All loops that scoring takes."""

    measures: Kernels = PLAIN
    walk: Callable[..., None] = shape_trees.walk
    ask: Callable[..., None] = shape_masks.ask


def scored(flows: Rows, packets: Rows, loops: Loops | None = None, model: Model | None = None) -> Scores:
    """Score candidates: (n,) FLOW and (m,) PACKET by flow then time, as capture/rhythm.py and the lake give
    them.

    Without compiled `loops` this is slow: see pipeline/shape.py. `model`: another than the one that is
    shipped.
    """
    loops, model = loops or Loops(), model or loaded()
    alone = each_flow(flows, packets)
    own = features(alone, loops.measures)
    odds, distance = judged(own, model, loops)
    group = dependencies(flows)
    count = int(group.max()) + 1 if len(group) else 0
    many = np.bincount(group, minlength=count)[group] > 1
    number = np.full(len(flows), -1)
    wide, number[many] = np.unique(group[many], return_inverse=True)
    together, far, measures = np.zeros(count), np.zeros(count), np.full((count, len(NAMES)), np.nan)
    single = ~many
    together[group[single]], far[group[single]], measures[group[single]] = (
        odds[single],
        distance[single],
        own[single],
    )
    if len(wide):
        joint = features(joined(flows, packets, number), loops.measures)
        together[wide], far[wide] = judged(joint, model, loops)
        measures[wide] = joint
    return Scores(odds, group, together, far, alone.client, measures)


def judged(measures: Matrix, model: Model, loops: Loops) -> tuple[Matrix, Matrix]:
    """Return (n,) calibrated log-odds and (n,) distances of rows of measures."""
    table = np.ascontiguousarray(measures[:, [NAMES.index(name) for name in model.names]])
    distance = model.guard.distances(table)
    worth = np.interp(raw_scores(table, model.trees, loops), model.raw, model.log_odds)
    return model.guard.lowered(worth, distance), distance


def raw_scores(table: Matrix, trees: Trees, loops: Loops) -> Matrix:
    """Return (n,) what the trees say of (n, names) rows."""
    out = np.full(len(table), trees.base)
    masks = shape_masks.masks_of(trees, table.shape[1])
    if masks is not None:
        lists = (getattr(masks, field.name) for field in fields(masks))
        loops.ask(np.ascontiguousarray(table), *lists, np.empty(len(trees.root), np.int64), out)
        return out
    loops.walk(
        np.ascontiguousarray(table),
        trees.feature,
        trees.threshold,
        trees.left,
        trees.right,
        trees.missing,
        trees.value,
        trees.root,
        out,
    )
    return out


def _arrays(part: Any, name: str) -> dict[str, NDArray[Any]]:
    return {f"{name}_{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}


def written(path: Path, model: Model) -> str:
    """Write a model; return the SHA-256 of the file. The same model gives the same bytes."""
    arrays = {
        "names": np.array(model.names),
        "raw": model.raw,
        "log_odds": model.log_odds,
        "usual": model.usual,
        **_arrays(model.trees, "trees"),
        **_arrays(model.guard, "guard"),
    }
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type, unused-ignore]
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path: Path, expected: str | None = None) -> Model:
    """Read a model. Raises ModelError where it is damaged, or its SHA-256 is not `expected`."""
    try:
        raw = path.read_bytes()
        identity = hashlib.sha256(raw).hexdigest()
        if expected is not None and identity != expected:
            raise ModelError(f"{path}: SHA-256 is {identity}, not {expected}")
        with np.load(BytesIO(raw), allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        trees = Trees(
            **{field.name: held[f"trees_{field.name}"] for field in fields(Trees) if field.name != "base"},
            base=float(held["trees_base"]),
        )
        guard = Guard(**{field.name: held[f"guard_{field.name}"] for field in fields(Guard)})
        names = tuple(str(name) for name in held["names"])
        model = Model(names, trees, guard, held["raw"], held["log_odds"], held["usual"], identity)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not a model: {error}") from error
    if unknown := sorted(set(names) - set(NAMES)):
        raise ModelError(f"{path}: made with measures that are not taken here: {', '.join(unknown)}")
    return model


@cache
def loaded() -> Model:
    """Return the model that is shipped, checked against the hash beside it. Raises ModelError."""
    try:
        card = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
        expected = str(card["sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{MODEL.with_suffix('.json')}: {error}") from error
    return read(MODEL, expected)
