"""Measured windows of lab traffic, kept in files of a few thousand rows: made once, in any order, resumable.

A shard is a network of its own (other implementations, another day, another path), so parting shards parts
implementations and days. Its row is one talk: a flow, or all flows of one (client, server, port) where these
are two or more. What is kept of a talk are its measures and what is true of it, never its packets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.evaluate.baselines import TOTALS, hunter, nemea, totals
from benchmarks.lab.candidates import Chosen, candidates
from benchmarks.lab.draw import Split
from benchmarks.lab.networks import Network, network
from benchmarks.lab.windows import windows
from classifier.shape_features import NAMES, dependencies, each_flow, features, joined
from pipeline.shape import KERNELS

Array = npt.NDArray[Any]

ABOUT = np.dtype(
    [
        ("mines", "?"),
        ("kept", "?"),  # a probe's rhythm log keeps enough of it to be judged; else there are no measures
        ("joint", "?"),  # a talk of two or more flows
        ("flows", "<u2"),
        ("end", "<u4"),  # number of the (client, server, port) within the shard
        ("host", "<u4"),  # number of the client's host within the shard
        ("make", "<u4"),  # number of its implementation within the shard
        ("minutes", "<f4"),
        ("lasting", "<f4"),  # s that were seen
        ("loss", "<f4"),  # what the capture missed
        ("sampling", "<u2"),
        ("kind", "U18"),
        ("carrier", "U16"),
        ("dialect", "U20"),
        ("nemea", "u1"),  # of single flows; the first one's where a talk has several
        ("hunter", "<f4"),
        ("totals", "<f4", (len(TOTALS),)),
    ]
)
"""What is true of a row."""


BLOCKS = (600.0, 150.0, 120.0, 75.0, 60.0)
"""Mean s between blocks of the coins that MineHunter tries where nobody mines."""


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
    blind: bool = False
    """Neither addresses nor ports are shown: each flow is judged alone, and who the client is has to be told
    by who opens or speaks first."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        what = "miners" if self.mines else "benign"
        extra = f"-{self.tunnel}" if self.tunnel else ""
        path = f"{self.minutes:g}m-l{self.loss:g}-s{self.sampling}{'-blind' if self.blind else ''}"
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
        blocks = [
            made.start_ns + (pool.jobs["at"][pool.jobs["clean"]] * 1e9).astype(np.int64)
            for pool in made.pools.values()
        ]
        table, about = rows_of(chosen, made.truth[chosen.rows], plan, blocks)
        return _with_unkept(made, chosen, table, about)
    batch = next(
        windows(
            plan.seed, plan.split, 1, plan.minutes, plan.count, sampling=plan.sampling, capture_loss=plan.loss
        )
    )
    start = int(batch.chosen.flows["first_ns"].min()) if len(batch.chosen.flows) else 0
    rng = np.random.default_rng([plan.seed, 7])
    blocks = [
        start + (np.cumsum(rng.exponential(mean, int(plan.minutes * 120 / mean) + 9)) * 1e9).astype(np.int64)
        for mean in BLOCKS
    ]
    return rows_of(batch.chosen, batch.truth, plan, blocks)


def _with_unkept(made: Network, chosen: Chosen, table: Array, about: Array) -> tuple[Array, Array]:
    """Add the miners' connections that are no candidates, without measures: they count as missed."""
    group = dependencies(made.flows)
    names = np.unique(group[chosen.rows])
    about["end"] = names[about["end"]]
    missed = np.setdiff1d(np.arange(len(made.flows)), chosen.rows)
    more = np.zeros(len(missed), ABOUT)
    for name in ("mines", "kind", "carrier", "dialect"):
        more[name] = made.truth[name][missed]
    more["host"], more["end"], more["flows"] = made.truth["client"][missed], group[missed], 1
    more["lasting"] = (made.flows["last_ns"][missed] - made.flows["first_ns"][missed]) * 1e-9
    for name in ("minutes", "loss", "sampling"):
        more[name] = about[name][0] if len(about) else 0
    client = made.client_way[missed]
    more["nemea"] = nemea(made.flows[missed], client)
    more["totals"] = totals(made.flows[missed], client)
    none = np.full((len(missed), table.shape[1]), np.nan, table.dtype)
    return np.concatenate([table, none]), np.concatenate([about, more])


def rows_of(chosen: Chosen, truth: Array, plan: Plan, blocks: list[Array]) -> tuple[Array, Array]:
    """Return measures and truth of candidates: a row a flow, then a row for each dependency of several."""
    flows, packets = chosen.flows, chosen.packets
    group = dependencies(flows)
    counts = np.bincount(group)
    many = counts[group] > 1
    if plan.blind:
        flows, many = flows.copy(), np.zeros(len(flows), bool)
        flows["ports"] = 0
    alone = each_flow(flows, packets)
    number = np.full(len(flows), -1)
    wide, number[many] = np.unique(group[many], return_inverse=True)
    joint = joined(flows, packets, number)
    about = np.zeros(len(alone) + len(joint), ABOUT)
    first = np.zeros(len(wide), np.int64)
    first[number[many]] = np.flatnonzero(many)
    source = np.concatenate([np.arange(len(flows)), first])
    for name in ("mines", "kind", "carrier", "dialect"):
        about[name] = truth[name][source]
    about["kept"] = True
    about["host"] = truth["client"][source]
    about["make"] = np.unique(truth["implementation"], return_inverse=True)[1][source]
    about["joint"][len(alone) :] = True
    about["nemea"], about["totals"] = nemea(flows, alone.client)[source], totals(flows, alone.client)[source]
    if plan.split == "test":
        about["hunter"][: len(alone)] = hunter(packets, alone.begins, alone.client, blocks)
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
            about = file["about"]
            if tuple(file["names"]) != NAMES or about.dtype != ABOUT:
                raise ValueError(f"{path}: other measures than these; remove it to have it made anew")
            tables.append(file["table"])
            abouts.append(about)
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


DURATIONS = (1.1, 5.0, 60.0)
"""Minutes beside 15. A probe judges no flow before it has lived for a minute, so the shortest is a bit
more."""
LOSSES = (0.01, 0.05)
SAMPLINGS = (10, 100)


BENIGN = 4_000
"""Honest flows of a shard, each seen for a minute or more."""
KEPT = 3_450
"""Endpoints of 15 minutes that such a shard has at least: the others are too quiet or too busy to be judged,
or share an endpoint."""
FEW = 20
"""Benign shards of a harder row at most: some 70,000 windows."""


def evaluation(seed: int, benign: int, miners: int) -> list[Plan]:
    """Return the shards of an evaluation on test networks; the many of honest traffic alone come last.

    `benign` counts windows of 15 minutes without loss, `miners` the miners of these; each other row of the
    tables has a tenth of the miners, and FEW benign shards at most. The blind row shows the same networks as
    the main one.
    """
    base = seed * 1_000_000
    plans = [Plan("test", True, base + turn, 15.0, 200) for turn in range(max(1, miners // 200))]
    many = -(-benign // KEPT)
    few, rare = max(1, miners // 2_000), min(many, FEW)
    rows = [(minutes, 0.0, 1) for minutes in DURATIONS]
    rows += [(15.0, loss, 1) for loss in LOSSES] + [(15.0, 0.0, sampling) for sampling in SAMPLINGS]
    for place, (minutes, loss, sampling) in enumerate(rows, 1):
        start = base + 100_000 * place
        plans += [Plan("test", True, start + turn, minutes, 200, loss, sampling) for turn in range(few)]
        count = BENIGN // 4 if minutes > 20 else BENIGN
        plans += [Plan("test", False, start + turn, minutes, count, loss, sampling) for turn in range(rare)]
    plans += [replace(plan, blind=True) for plan in plans[: max(1, miners // 200)]]
    whole = [Plan("test", False, base + turn, 15.0, BENIGN) for turn in range(many)]
    return plans + [replace(plan, blind=True) for plan in whole[:rare]] + whole
