"""What a kind of benign traffic is."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw

Play = Callable[[Draw, Lines], Array]
"""Draws its implementations' parameters, and returns (n,) SEND rows by flow then time."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of benign traffic."""

    name: str
    share: float
    """Weight among the long-lived flows of a network."""
    play: Play
    carriers: tuple[str, ...] = ("tls13", "tls13", "tls12")
    ports: tuple[int, ...] = (443,)
    life: tuple[float, float] = (200.0, 30_000.0)
    """Range of the mean life of an implementation's connections, s."""
    heavy: bool = False
    """Moves so much that no probe keeps its rhythm: left out where only candidates are wanted."""
