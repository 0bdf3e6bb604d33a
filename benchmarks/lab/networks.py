"""Whole networks from a seed: flows, packets, and the truth; what train and test are made of never meets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.lab import mining
from benchmarks.lab.batch import Batch, Scene
from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.mix import mix
from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.carriers.vantage import Vantage, seen
from benchmarks.lab.columns import FRAME, Array
from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.places import Ends, ends
from benchmarks.lab.pools import Pool
from benchmarks.lab.tables import flow_table, packet_log, swapped

DAY_NS = 86_400 * 10**9
_FIRST_DAY = 20_089
"""2025-01-01, days since 1970."""
CAPTURED = 1_300
"""Host and service pairs for each that mines: the prior."""


@dataclass(frozen=True, slots=True)
class Network:
    """What one probe saw of one network."""

    flows: Array
    """(flows,) facts.flow.FLOW."""
    packets: Array
    """(n,) facts.rhythm.PACKET by flow then time; `flow` is the row of `flows`."""
    truth: Array
    """(flows,) benchmarks.lab.tables.TRUTH, row by row beside `flows`."""
    clocks: Mapping[str, Array]
    """Per pool, (m,) JOB: when its clients were told of work, s of true time since the start."""
    pools: Mapping[str, Pool]
    split: Split
    start_ns: int
    seconds: float
    vantage: Vantage
    frames: Array
    """(k,) FRAME by flow then time: every packet, empty ones too."""
    ends: Ends
    batches: Sequence[Batch] = field(repr=False)
    origin: Array = field(repr=False)
    """(flows, 2) i8: batch, and row there, of each flow."""

    @property
    def client_way(self) -> Array:
        """(flows,) u1: the `way` of PACKET rows in which each flow's client sends."""
        return swapped(self.ends).astype(np.uint8)


def network(
    seed: int,
    split: Split = "train",
    minutes: float = 15,
    miners: int = 6,
    benign: int | None = None,
    tunnel: str | None = None,
    plain: float = 0.1,
    loss: float | None = None,
    capture_loss: float = 0.0,
    sampling: int = 1,
    dialects: tuple[str, ...] | None = None,
    kinds: Sequence[Kind] = KINDS,
    pools: int | None = None,
    habits: mining.Habits | None = None,
) -> Network:
    """Make a network.

    `miners` that hide among `benign` flows (None: 1,300 for each miner); `tunnel`: the carrier of all that
    hide (a key of CARRIERS), else a mix; `plain`: part of the miners that hide nothing, from whom clocks can
    be learned; `loss`: mean share that paths lose (None: drawn, up to 2 %); `capture_loss` and `sampling`:
    what the probe misses; `dialects`: only these; `pools`: how many, else one for two or three miners.
    """
    draw = Draw(seed, split)
    count = CAPTURED * miners if benign is None else benign
    scene, start_ns = _scene(draw, seed, minutes, count + miners, loss), _day(split, draw)
    vantage = _vantage(draw, capture_loss, sampling)
    many = pools or max(2, miners // 2)
    served = mining.pools(many, scene, start_ns // 10**9, draw.child("pools"), dialects)
    own = habits or mining.Habits()
    batches = mining.miners(served, miners, tunnel, plain, scene, own, draw.child("miners"))
    batches += mix(count, kinds, scene, draw.child("benign"))
    return assembled(batches, served, split, start_ns, scene.seconds, vantage, draw.child("capture"))


def benign_network(
    seed: int | Sequence[int],
    split: Split,
    minutes: float,
    count: int,
    kinds: Sequence[Kind],
    sampling: int = 1,
    capture_loss: float = 0.0,
    least: float = 0.0,
) -> Network:
    """Make a network in which nobody mines, of flows that live at least `least` s of the capture."""
    draw = Draw(seed, split)
    scene, start_ns = _scene(draw, seed, minutes, count, None), _day(split, draw)
    vantage = _vantage(draw, capture_loss, sampling)
    batches = mix(count, kinds, scene, draw.child("benign"), least)
    return assembled(batches, (), split, start_ns, scene.seconds, vantage, draw.child("capture"))


def _scene(draw: Draw, seed: int | Sequence[int], minutes: float, flows: int, loss: float | None) -> Scene:
    tag = draw.split + ".".join(map(str, [seed] if isinstance(seed, int) else seed))
    lost = draw.one("path.loss", 1e-4, 0.02, log=True) if loss is None else loss
    return Scene(tag, minutes * 60.0, max(4, flows // 4), lost)


def _vantage(draw: Draw, loss: float, sampling: int) -> Vantage:
    """Return a probe whose clock is off by some tenths of a second and 20 parts in a million."""
    return Vantage(loss, sampling, draw.rng.normal(0, 2e-5), draw.rng.normal(0, 0.2))


def _day(split: Split, draw: Draw) -> int:
    """Return when the capture starts: every third day is the test's. ns since 1970."""
    day = 3 * int(draw.rng.integers(0, 200)) + (2 if split == "test" else int(draw.rng.integers(0, 2)))
    return (_FIRST_DAY + day) * DAY_NS + int(draw.rng.integers(0, 82_000 * 10**9))


def assembled(
    batches: Sequence[Batch],
    served: Sequence[Pool],
    split: Split,
    start_ns: int,
    seconds: float,
    vantage: Vantage,
    draw: Draw,
) -> Network:
    """Let a probe see batches, and lay its tables."""
    if not batches:
        raise ValueError("a network without flows: neither miners nor others were asked for")
    rng, parts, base = draw.rng, [], 0
    for batch in batches:
        frames = seen(rng, batch.wire.frames, seconds, vantage)
        frames["flow"] += np.uint32(base)
        parts.append(frames)
        base += len(batch.lines)
    frames = np.concatenate([np.empty(0, FRAME), *parts])  # by flow then time, as each batch is
    there = np.bincount(frames["flow"], minlength=base) > 0  # of each flow something was seen
    shown = np.flatnonzero(there)
    frames["flow"] = (np.cumsum(there) - 1)[frames["flow"]]
    truth = np.concatenate([batch.truth for batch in batches])
    origin = np.stack(
        [np.repeat(np.arange(len(batches)), [len(batch.lines) for batch in batches]), truth["flow"]], 1
    )
    services = np.repeat(
        np.cumsum([0] + [batch.lines.makes for batch in batches])[:-1], [len(b.lines) for b in batches]
    )
    truth["server"] += services.astype(np.uint32)
    ports = np.concatenate([batch.ports for batch in batches])
    udp = np.concatenate([np.full(len(batch.lines), batch.udp) for batch in batches])
    truth, ports, udp = truth[shown], ports[shown], udp[shown]
    six = rng.random(int(truth["client"].max()) + 1 if len(truth) else 1) < 0.2
    order = np.argsort(truth["client"], kind="stable")
    number = np.empty(len(truth), np.int64)
    client = truth["client"][order]
    first = np.searchsorted(client, client)
    number[order] = np.arange(len(truth)) - first
    where = ends(truth["client"], number, truth["server"], ports, six[truth["client"]], udp)
    truth["flow"] = np.arange(len(truth))
    return Network(
        flows=flow_table(frames, where, start_ns, bool(served)),
        packets=packet_log(frames, where, start_ns),
        truth=truth,
        clocks={pool.name: pool.jobs for pool in served},
        pools={pool.name: pool for pool in served},
        split=split,
        start_ns=start_ns,
        seconds=seconds,
        vantage=vantage,
        frames=frames,
        ends=where,
        batches=batches,
        origin=origin[shown],
    )
