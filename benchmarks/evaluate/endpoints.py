"""From scored talks to endpoints: (client, server, port), each counted once, as verdicts are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.evaluate.shards import ABOUT, Plan, make, read
from classifier import shape
from pipeline.shape import LOOPS

Array = npt.NDArray[Any]

NEVER = -50.0
"""Log-odds of an endpoint whose connections a probe does not keep enough of."""

SCORED = np.dtype([*((name, ABOUT[name]) for name in ABOUT.names or ()), ("log_odds", "<f4"), ("far", "<f4")])
"""ABOUT of one endpoint's row that counts, and what the model says of it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Endpoints of some shards."""

    rows: Array
    """(n,) SCORED."""
    shard: Array
    """(n,) i4 number of the shard, so that hosts of different networks stay apart."""


def scored(folder: Path, plans: Sequence[Plan], model: shape.Model) -> Scored:
    """Score shards one by one (memory holds one of them), making those that `folder` lacks."""
    parts, numbers = [], []
    for number, plan in enumerate(plans):
        table, about = read([make(folder, plan)])
        part = endpoints(about, *judged(table, about, model))
        parts.append(part)
        numbers.append(np.full(len(part), number, np.int32))
    if not parts:
        return Scored(np.empty(0, SCORED), np.empty(0, np.int32))
    return Scored(np.concatenate(parts), np.concatenate(numbers))


def judged(table: Array, about: Array, model: shape.Model) -> tuple[Array, Array]:
    """Return (n,) log-odds and distances; NEVER where nothing was kept."""
    log_odds, far = shape.judged(np.asarray(table, np.float64), model, LOOPS)
    return np.where(about["kept"], log_odds, NEVER), far


def endpoints(about: Array, log_odds: Array, far: Array) -> Array:
    """Return (endpoints,) SCORED: where several connections were judged together that counts, else the one's
    own.

    `kind`, `carrier` and times are those of the row that counts; the longest where none was kept.
    """
    rank = np.where(about["joint"], 2.0, np.where(about["kept"], 1.0, 0.0)) + about["lasting"] * 1e-6
    order = np.lexsort((rank, about["end"]))
    last = np.append(about["end"][order][1:] != about["end"][order][:-1], True) if len(order) else order > 0
    best = order[last]
    made = np.zeros(len(best), SCORED)
    for name in ABOUT.names or ():
        made[name] = about[name][best]
    made["log_odds"], made["far"] = log_odds[best], far[best]
    return made


def hosts(found: Scored) -> Array:
    """Return (hosts,) SCORED of mining hosts: the endpoint of each that speaks most."""
    mines = found.rows["mines"]
    rows, shard = found.rows[mines], found.shard[mines]
    order = np.lexsort((rows["log_odds"], rows["host"], shard))
    if not len(order):
        return rows
    change = (np.diff(rows["host"][order].astype(np.int64)) != 0) | (np.diff(shard[order]) != 0)
    best: Array = rows[order[np.append(change, True)]]
    return best
