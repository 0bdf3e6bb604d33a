"""A shape model from a seed: lab networks of the training split, hard negatives weighed by a first model.

Shards are networks, so every fourth shard held out holds out implementations and days. Of the other three a
first small model finds the benign windows that are most like mining; trees are made of all of these, all
that mines and a share of the rest, which counts for what it stands for. Calibration sees the held part
alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluate.shards import Array, Plan, make, read, training
from classifier import shape
from classifier.shape_features import NAMES
from classifier.shape_fit import Fitted, Recipe, chosen, columns, fit, model_of
from facts.errors import UsageError
from pipeline.shape import LOOPS

HELD = 4
"""One shard in so many is held out."""
EASY = 0.25
"""Part of the easy benign rows that trees are made of; each counts for as many as it stands for."""
HARD = 0.1
"""Part of the benign rows, those that a first small model finds most like mining, that all are learned
from."""
LEAST = (16_000, 800)
"""Benign flows and miners from which on both are among what is held out."""
FROZEN_SEED = 90
"""Of the frozen set, by which models are compared; evaluation has other seeds."""
FROZEN = (60_000, 4_000)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows that analysts decided on."""

    table: Array
    """(n, len(NAMES)) f4."""
    mines: Array
    """(n,) bool."""
    weight: float = 20.0
    """Of each, in rows of the lab: people look at few."""


NO_LABELS = Labelled(np.empty((0, len(NAMES)), np.float32), np.empty(0, bool))


def built(
    folder: Path,
    seed: int,
    benign: int,
    miners: int,
    recipe: Recipe,
    labels: Labelled = NO_LABELS,
    say: Callable[[str], None] = print,
) -> tuple[Fitted, dict[str, Any]]:
    """Make a model; shards that `folder` has are not made again."""
    plans = training(seed, benign, miners)
    held = [plan for place, plan in enumerate(plans) if place % HELD == HELD - 1]
    seen = [plan for place, plan in enumerate(plans) if place % HELD != HELD - 1]
    if {plan.mines for plan in held} != {True, False} or {plan.mines for plan in seen} != {True, False}:
        least = f"{LEAST[0]:,} benign flows and {LEAST[1]:,} miners"
        raise UsageError(f"training holds one shard in {HELD} out: it takes {least}")
    table, about = rows(folder, seen, say)
    table, mines = np.concatenate([table, labels.table]), np.concatenate([about["mines"], labels.mines])
    weight = np.concatenate([np.ones(len(about)), np.full(len(labels.mines), labels.weight)])
    names = chosen()
    say(f"fitting on {len(mines):,} rows, {int(mines.sum()):,} of them mining")
    kept = _worth_learning(table, mines, recipe, names, seed)
    say(f"{len(kept.rows):,} of them after the easy ones were thinned out")
    estimator = fit(table[kept.rows], mines[kept.rows], weight[kept.rows] * kept.weight, recipe, names)
    held_table, held_about = rows(folder, held, say)
    fitted = model_of(
        estimator,
        names,
        np.asarray(table, np.float64),
        mines,
        np.asarray(held_table, np.float64),
        held_about["mines"],
    )
    facts = {
        "command": f"minescope train --seed {seed} --benign {benign} --miners {miners}",
        "recipe": asdict(recipe),
        "rows": {
            "trees": {
                "benign": int((~mines).sum()),
                "mining": int(mines.sum()),
                "hard": kept.hard,
                "benign thinned to": kept.benign,
            },
            "calibration": {
                "benign": int((~held_about["mines"]).sum()),
                "mining": int(held_about["mines"].sum()),
            },
            "labelled by analysts": len(labels.mines),
        },
        "most log-odds that calibration bears": round(float(fitted.model.log_odds[-1]), 3),
    }
    return fitted, facts


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rows that trees are made of."""

    rows: Array
    weight: Array
    hard: int
    benign: int


def _worth_learning(table: Array, mines: Array, recipe: Recipe, names: tuple[str, ...], seed: int) -> _Kept:
    """Choose all mining rows, the hardest benign ones, and a share of the others."""
    rng = np.random.default_rng([seed, 11])
    benign = np.flatnonzero(~mines)
    mining = np.flatnonzero(mines)
    some = np.concatenate([mining, benign[rng.random(len(benign)) < EASY]])
    first = fit(table[some], mines[some], np.ones(len(some)), replace(recipe, trees=recipe.trees // 5), names)
    raw = first.decision_function(table[benign][:, columns(names)])
    hard = raw >= np.quantile(raw, 1 - HARD)
    easy = benign[~hard & (rng.random(len(benign)) < EASY)]
    chosen_rows = np.concatenate([mining, benign[hard], easy])
    weight = np.concatenate([np.ones(len(mining) + int(hard.sum())), np.full(len(easy), 1 / EASY)])
    return _Kept(chosen_rows, weight, int(hard.sum()), int(hard.sum()) + len(easy))


def rows(folder: Path, plans: Sequence[Plan], say: Callable[[str], None]) -> tuple[Array, Array]:
    """Return the measured rows of shards, made where they are not there."""
    paths = []
    for place, plan in enumerate(plans, 1):
        if not (folder / f"{plan.name}.npz").exists():
            say(f"{place} of {len(plans)}: {plan.name}")
        paths.append(make(folder, plan))
    table, about = read(paths)
    return table[about["kept"]], about[about["kept"]]


def frozen(folder: Path, say: Callable[[str], None] = print, part: float = 1.0) -> tuple[Array, Array]:
    """Return the rows that models are compared on, or a part of them: test networks, which no training
    sees."""
    benign, miners = (round(part * count) for count in FROZEN)
    return rows(folder, training(FROZEN_SEED, benign, miners, split="test"), say)


def worth(model: shape.Model, table: Array) -> tuple[Array, Array]:
    """Return (n,) log-odds and (n,) distances of rows."""
    return shape.judged(np.asarray(table, np.float64), model, LOOPS)
