"""From scored talks to endpoints: (client, server, port), each counted once, as verdicts are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.evaluate.shards import ABOUT, Plan, make, read
from benchmarks.evaluate.words import WORDS, coded
from classifier import shape
from classifier.shape_features import NAMES
from pipeline.shape import LOOPS

Array = npt.NDArray[Any]

NEVER = -50.0
"""Log-odds of an endpoint whose connections a probe does not keep enough of."""

_KEPT = ("mines", "host", "make", "lasting", "nemea", "hunter")
SCORED = np.dtype(
    [
        *((name, ABOUT[name]) for name in _KEPT),
        *((name, "u1") for name in WORDS),  # places in WORDS
        ("opened", "?"),  # its opening was seen; False where nothing was kept
        ("learned", "<f4"),  # what a rule on flow totals says
        ("log_odds", "<f4"),  # what the model says
        ("far", "<f4"),
        ("print", "<u8"),  # of all its measures: equal for equal windows
    ]
)
"""One endpoint, from its row of ABOUT that counts: some forty bytes, for there are millions."""

_OPENED = NAMES.index("opened")
Learned = Callable[[Array], Array]
"""From (n, len(TOTALS)) flow totals to (n,) scores."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Endpoints of some shards."""

    rows: Array
    """(n,) SCORED."""
    shard: Array
    """(n,) i4 number of the shard, so that hosts of different networks stay apart."""


def scored(folder: Path, plans: Sequence[Plan], model: shape.Model, learned: Learned | None = None) -> Scored:
    """Score shards one by one (memory holds one of them), making those that `folder` lacks."""
    parts, numbers = [np.empty(0, SCORED)], [np.empty(0, np.int32)]
    for number, plan in enumerate(plans):
        table, about = read([make(folder, plan)])
        log_odds, far = judged(table, about, model)
        best = endpoints(about)
        rows = np.zeros(len(best), SCORED)
        for name in _KEPT:
            rows[name] = about[name][best]
        for name in WORDS:
            rows[name] = coded(name, about[name][best])
        rows["log_odds"], rows["far"], rows["print"] = log_odds[best], far[best], prints(table[best])
        rows["opened"] = table[best, _OPENED] == 1
        if learned is not None:
            rows["learned"] = learned(about["totals"][best])
        parts.append(rows)
        numbers.append(np.full(len(rows), number, np.int32))
    return Scored(np.concatenate(parts), np.concatenate(numbers))


def prints(table: Array) -> Array:
    """Return (n,) u8 of (n, measures) f4: a sum of the bits by odd weights, so chance makes two alike once in
    some 10^19."""
    bits = np.ascontiguousarray(table, np.float32).view(np.uint32).astype(np.uint64)
    weights = np.random.default_rng(1).integers(0, 2**63, bits.shape[1], np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    made: Array = (bits * weights).sum(axis=1, dtype=np.uint64)
    return made


def judged(table: Array, about: Array, model: shape.Model) -> tuple[Array, Array]:
    """Return (n,) log-odds and distances; NEVER where nothing was kept."""
    log_odds, far = shape.judged(np.asarray(table, np.float64), model, LOOPS)
    return np.where(about["kept"], log_odds, NEVER), far


def endpoints(about: Array) -> Array:
    """Return (endpoints,) i8: the row of ABOUT that counts for each endpoint.

    Where several connections were judged together that row counts, else the connection's own: the longest,
    of those that were kept if there is one.
    """
    rank = np.where(about["joint"], 2.0, np.where(about["kept"], 1.0, 0.0)) + about["lasting"] * 1e-6
    order: Array = np.lexsort((rank, about["end"]))
    if not len(order):
        return order
    last: Array = order[np.append(about["end"][order][1:] != about["end"][order][:-1], True)]
    return last


def hosts(found: Scored) -> Array:
    """Return (hosts,) SCORED of mining hosts: the endpoint of each that speaks most."""
    mines = found.rows["mines"]
    rows: Array = found.rows[mines]
    shard = found.shard[mines]
    order = np.lexsort((rows["log_odds"], rows["host"], shard))
    if not len(order):
        return rows
    change = (np.diff(rows["host"][order].astype(np.int64)) != 0) | (np.diff(shard[order]) != 0)
    best: Array = rows[order[np.append(change, True)]]
    return best
