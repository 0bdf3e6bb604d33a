"""The whole mix: that of an access network, with a little more mining than the real world's one in 1,300."""

from collections.abc import Iterator
from random import Random

from benchmarks.mix import mining, nodes, noise, web
from benchmarks.mix.template import Kind, Template

TRADES = {"web": web.KINDS, "other": noise.KINDS, "nodes and wallets": nodes.KINDS, "mining": mining.KINDS}


def kinds() -> Iterator[Kind]:
    """Yield every kind of conversation."""
    for trade in TRADES.values():
        yield from trade


def templates(seed: int) -> list[Template]:
    """Return every variant of every kind, the same for the same seed; each kind draws for itself."""
    return [one for kind in kinds() for one in kind.templates(Random(f"{seed} {kind.name}"))]
