"""A mix of benign traffic on the wire: flows of all kinds by their weights, of many implementations."""

from collections.abc import Sequence

import numpy as np

from benchmarks.lab.batch import Batch, Labels, Scene, carried
from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.draw import Draw
from benchmarks.lab.places import lines

_FLOWS_A_MAKE, _MAKES = 12, 40
"""An implementation has about so many flows; a carrier of a kind at most so many implementations."""


def mix(count: int, kinds: Sequence[Kind], scene: Scene, draw: Draw, least: float = 0.0) -> list[Batch]:
    """Return `count` flows; each lives at least `least` s of the capture."""
    batches: list[Batch] = []
    shares = np.array([kind.share for kind in kinds])
    for kind, amount in zip(kinds, draw.rng.multinomial(count, shares / shares.sum()), strict=True):
        carriers = sorted(set(kind.carriers))
        chances = np.array([kind.carriers.count(name) for name in carriers]) / len(kind.carriers)
        for carrier, some in zip(carriers, draw.rng.multinomial(amount, chances), strict=True):
            if some:
                batches.append(_batch(kind, carrier, int(some), scene, draw, least))
    return batches


def _batch(kind: Kind, carrier: str, count: int, scene: Scene, draw: Draw, least: float) -> Batch:
    makes = min(max(2, count // _FLOWS_A_MAKE), _MAKES)
    life = np.exp(draw.rng.uniform(np.log(kind.life[0]), np.log(kind.life[1]), makes))
    lie = lines(draw, count, makes, scene.seconds, life, least)
    rows = kind.play(draw, lie)
    names = [f"{kind.name}/{scene.tag}/{carrier}/{make}" for make in range(makes)]
    labels = Labels(False, kind.name, implementation=[names[make] for make in lie.make])
    ports = draw.rng.choice(kind.ports, makes)[lie.make]
    clients = draw.rng.integers(0, scene.hosts, count)
    return carried(draw, lie, rows, (), carrier, scene, labels, ports, clients)
