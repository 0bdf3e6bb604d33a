"""The weights of evidence, read from weights.toml."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Weight:
    """What one kind of evidence weighs."""

    nats: float
    """Log-odds; negative speaks against the role."""
    group: str
    """Correlated kinds share a group, of which the judge counts the heaviest only."""
    basis: str
    """Why this many: source, or how it was fitted."""
    vetoes: bool = True
    """Whether it can clear by itself what the other witnesses suspect."""


@dataclass(frozen=True, slots=True, eq=False)  # by identity: what is weighed alike is weighed once (score.py)
class Weights:
    """All weights, and the log-odds before any evidence."""

    prior: float
    kinds: Mapping[str, Weight]

    def __post_init__(self) -> None:
        numbers = [self.prior, *(weight.nats for weight in self.kinds.values())]
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a weight is not a finite number")


@cache
def shipped() -> Weights:
    """Return the weights that this version ships."""
    table = tomllib.loads(files("classifier").joinpath("weights.toml").read_text(encoding="utf-8"))
    kinds = {
        kind: Weight(row["nats"], row["group"], row["basis"], row.get("vetoes", True))
        for kind, row in table["kinds"].items()
    }
    return Weights(table["prior"]["nats"], kinds)
