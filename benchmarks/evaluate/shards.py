"""Measured windows of lab traffic, kept in files of a few thousand rows: made once, in any order, resumable.

A shard is a network of its own (other implementations, another day, another path), so parting shards parts
implementations and days. Its row is one talk: a flow, or all flows of one (client, server, port) where these
are two or more. What is kept of a talk are its measures and what is true of it, never its packets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.lab.candidates import Chosen, candidates
from benchmarks.lab.draw import Split
from benchmarks.lab.networks import network
from benchmarks.lab.windows import windows
from classifier.shape_features import NAMES, dependencies, each_flow, features, joined
from pipeline.shape import KERNELS

Array = npt.NDArray[Any]

ABOUT = np.dtype(
    [
        ("mines", "?"),
        ("joint", "?"),  # a talk of two or more flows
        ("flows", "<u2"),
        ("end", "<u4"),  # number of the (client, server, port) within the shard
        ("host", "<u4"),  # number of the client's host within the shard
        ("minutes", "<f4"),
        ("lasting", "<f4"),  # s that were seen
        ("loss", "<f4"),  # what the capture missed
        ("sampling", "<u2"),
        ("kind", "U18"),
        ("carrier", "U16"),
        ("dialect", "U20"),
    ]
)
"""What is true of a row."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One shard."""

    split: Split
    mines: bool
    seed: int
    minutes: float
    count: int
    """Miners, or benign flows."""
    loss: float = 0.0
    sampling: int = 1
    tunnel: str | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        what = "miners" if self.mines else "benign"
        extra = f"-{self.tunnel}" if self.tunnel else ""
        path = f"{self.minutes:g}m-l{self.loss:g}-s{self.sampling}"
        return f"{self.split}-{what}-{path}{extra}-{self.seed}-{self.count}"


def measured(plan: Plan) -> tuple[Array, Array]:
    """Make a shard: (n, len(NAMES)) f4 measures and (n,) ABOUT."""
    if plan.mines:
        made = network(
            plan.seed,
            plan.split,
            plan.minutes,
            miners=plan.count,
            benign=0,
            tunnel=plan.tunnel,
            plain=0.0,
            capture_loss=plan.loss,
            sampling=plan.sampling,
        )
        chosen = candidates(made)
        return rows_of(chosen, made.truth[chosen.rows], plan)
    batch = next(
        windows(
            plan.seed, plan.split, 1, plan.minutes, plan.count, sampling=plan.sampling, capture_loss=plan.loss
        )
    )
    return rows_of(batch.chosen, batch.truth, plan)


def rows_of(chosen: Chosen, truth: Array, plan: Plan) -> tuple[Array, Array]:
    """Return measures and truth of candidates: a row a flow, then a row for each dependency of several."""
    flows, packets = chosen.flows, chosen.packets
    alone = each_flow(flows, packets)
    group = dependencies(flows)
    counts = np.bincount(group)
    many = counts[group] > 1
    number = np.full(len(flows), -1)
    wide, number[many] = np.unique(group[many], return_inverse=True)
    joint = joined(flows, packets, number)
    about = np.zeros(len(alone) + len(joint), ABOUT)
    first = np.zeros(len(wide), np.int64)
    first[number[many]] = np.flatnonzero(many)
    source = np.concatenate([np.arange(len(flows)), first])
    for name in ("mines", "kind", "carrier", "dialect"):
        about[name] = truth[name][source]
    about["host"] = truth["client"][source]
    about["joint"][len(alone) :] = True
    about["flows"] = np.concatenate([np.ones(len(flows)), counts[wide]])
    about["end"] = group[source]
    about["lasting"] = np.concatenate([alone.seconds, joint.seconds])
    about["minutes"], about["loss"], about["sampling"] = plan.minutes, plan.loss, plan.sampling
    table = np.concatenate([features(alone, KERNELS), features(joint, KERNELS)]).astype(np.float32)
    return table, about


def make(folder: Path, plan: Plan) -> Path:
    """Return the shard's file, made where it was not there; it is there whole or not at all."""
    path = folder / f"{plan.name}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        table, about = measured(plan)
        writing = path.with_suffix(".writing.npz")
        np.savez_compressed(writing, table=table, about=about, names=np.array(NAMES))
        writing.replace(path)
    return path


def read(paths: Iterable[Path]) -> tuple[Array, Array]:
    """Return the rows of shards, one after the other. Raises ValueError where one was measured otherwise."""
    tables, abouts = [], []
    for path in paths:
        with np.load(path) as file:
            if tuple(file["names"]) != NAMES:
                raise ValueError(f"{path}: other measures than these; remove it to have it made anew")
            tables.append(file["table"])
            abouts.append(file["about"])
    if not tables:
        return np.empty((0, len(NAMES)), np.float32), np.empty(0, ABOUT)
    return np.concatenate(tables), np.concatenate(abouts)


def training(seed: int, benign: int, miners: int, split: Split = "train") -> Sequence[Plan]:
    """Return the shards of a training set: about so many rows, of all durations and losses.

    Half are windows of 15 minutes, which verdicts are made of. A benign shard is of 4,000 flows, one of
    miners of 200.
    """
    minutes = (15.0, 15.0, 15.0, 5.0, 15.0, 60.0, 5.0, 15.0, 1.5, 30.0)
    losses = (0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.03, 0.0)
    plans = []
    for mines, total, size in ((False, benign, 4_000), (True, miners, 200)):
        for turn in range(max(1, total // size)):
            lasting = minutes[turn % len(minutes)]
            count = size // 2 if lasting > 20 and not mines else size
            plans.append(Plan(split, mines, seed * 10_000 + turn, lasting, count, losses[turn % len(losses)]))
    return plans
