"""Benign windows by the million, in batches: flow columns of candidates, without a capture or a truth table.

A window is what a probe sees of one flow in some minutes. Only flows that live a minute or more of them are
made; those that a probe would not hand on drop out as they would there. Each batch is a network of its own:
other implementations, another day, another path.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.candidates import Chosen, candidates
from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Split
from benchmarks.lab.networks import benign_network

CANDIDATES: tuple[Kind, ...] = tuple(kind for kind in KINDS if not kind.heavy)
"""Kinds whose rhythm a probe keeps."""
LIVED = 60.0


@dataclass(frozen=True, slots=True)
class Windows:
    """One batch."""

    chosen: Chosen
    truth: Array
    """(windows,) TRUTH beside `chosen.flows`."""
    client_way: Array
    """(windows,) u1: the way in which each flow's client sends."""


def windows(
    seed: int,
    split: Split,
    count: int,
    minutes: float = 15,
    batch: int = 4_000,
    kinds: Sequence[Kind] = CANDIDATES,
    sampling: int = 1,
    capture_loss: float = 0.0,
) -> Iterator[Windows]:
    """Yield batches until `count` windows or more were made; the same arguments give the same."""
    made, turn = 0, 0
    while made < count:
        network = benign_network((seed, turn), split, minutes, batch, kinds, sampling, capture_loss, LIVED)
        chosen = candidates(network)
        yield Windows(chosen, network.truth[chosen.rows], network.client_way[chosen.rows])
        made += len(chosen.rows)
        turn += 1
        if not len(chosen.rows) and turn > 20:
            raise ValueError("these kinds give no candidates: nothing of them is handed on by a probe")
