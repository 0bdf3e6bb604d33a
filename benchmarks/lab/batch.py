"""A batch: flows of one carrier on the wire, and what is true of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.lab.carriers.table import CARRIERS
from benchmarks.lab.carriers.tcp import Path, Segmented
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.tables import TRUTH


@dataclass(frozen=True, slots=True)
class Scene:
    """What all batches of a network share."""

    tag: str
    """Names the network; part of the names of its implementations."""
    seconds: float
    hosts: int
    """Clients' hosts, numbered from 0."""
    loss: float
    """Mean share of segments that a path loses."""
    reorder: float = 0.001


@dataclass(frozen=True, slots=True)
class Labels:
    """What is true of the flows of a batch: one for all, or one a flow."""

    mines: bool
    kind: str | Sequence[str]
    dialect: str | Sequence[str] = ""
    coin: str | Sequence[str] = ""
    pool: str | Sequence[str] = ""
    implementation: str | Sequence[str] = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Flows of one carrier."""

    lines: Lines
    wire: Segmented
    texts: Sequence[bytes]
    truth: Array
    """(flows,) TRUTH; `flow` is the row here, `server` the number of the implementation, whose flows talk to
    one server."""
    ports: Array
    """(flows,) i8: the server's port."""
    udp: bool


def carried(
    draw: Draw,
    lines: Lines,
    rows: Array,
    texts: Sequence[bytes],
    carrier: str,
    scene: Scene,
    labels: Labels,
    ports: Array,
    clients: Array,
) -> Batch:
    """Put a batch's (n,) SEND rows on the wire."""
    rng, count = draw.rng, len(lines)
    loss = scene.loss * rng.exponential(1.0, count)
    ways = Path(np.minimum(loss, 0.2), np.full(count, scene.reorder))
    way = CARRIERS[carrier]
    truth = np.zeros(count, TRUTH)
    truth["flow"], truth["mines"], truth["carrier"] = np.arange(count), labels.mines, carrier
    truth["client"], truth["server"] = clients, lines.make
    for name in ("kind", "dialect", "coin", "pool", "implementation"):
        truth[name] = getattr(labels, name)
    wire = way.carry(draw, lines, rows, ways)
    return Batch(lines, wire, texts, truth, ports, way.udp)
