"""What most kinds are made of: requests with answers, pushes with replies, clocks of their own."""

import numpy as np

from benchmarks.lab.columns import Array, Lines, Talk
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import Points, renewal

REGULAR = 2_500.0
"""Gamma shape of a clock with 2 % of unrest."""


class Saying:
    """Gathers what the flows of one kind say."""

    def __init__(self, draw: Draw, lines: Lines) -> None:
        self.draw, self.rng, self.lines, self.talk = draw, draw.rng, lines, Talk()

    def of(self, per_make: Array) -> Array:
        """Return (flows,) of what was drawn for each implementation."""
        return per_make[self.lines.make]

    def between(self, name: str, low: float, high: float, *, log: bool = True) -> Array:
        """Return (flows,) f8: a number of each flow's implementation."""
        return self.of(self.draw.between(name, low, high, self.lines.makes, log=log))

    def whole(self, name: str, low: int, high: int) -> Array:
        """Return (flows,) i8: a whole number of each flow's implementation."""
        return self.of(self.draw.whole(name, low, high, self.lines.makes))

    def makes_with(self, share: float) -> Array:
        """Return (flows,) bool: a habit that a share of the implementations have."""
        return self.of(self.rng.random(self.lines.makes) < share)

    def times(self, gap: Array, shape: Array | float = 1.0) -> Points:
        """Return renewal points over what is seen of each flow: shape 1 random, REGULAR a clock."""
        return renewal(self.rng, self.lines.seen_from, self.lines.seen_to, gap, shape)

    def clocked(self, gap: Array, share: float) -> Points:
        """Return points by the clock for a share of the implementations, at random for the others."""
        shape = np.where(self.makes_with(share), REGULAR, 1.0)
        return self.times(gap, shape)

    def ask(
        self, flow: Array, at: Array, size: Array | int, reply: Array | int, think: Array | float
    ) -> None:
        """Let clients ask and servers answer; `think`: the server's mean time, s."""
        wait = 2 * self.lines.far[flow] + _some(self.rng, think, len(flow))
        self.talk.say(flow, at, 0, size)
        self.talk.say(flow, at + wait, 1, reply)

    def push(self, flow: Array, at: Array, size: Array | int) -> None:
        """Let servers speak unasked."""
        self.talk.say(flow, at, 1, size)

    def call(
        self, flow: Array, at: Array, size: Array | int, reply: Array | int, think: Array | float
    ) -> None:
        """Let servers speak and clients answer."""
        wait = 2 * self.lines.near[flow] + _some(self.rng, think, len(flow))
        self.talk.say(flow, at, 1, size)
        self.talk.say(flow, at + wait, 0, reply)

    def tell(self, flow: Array, at: Array, size: Array | int) -> None:
        """Let clients speak without an answer."""
        self.talk.say(flow, at, 0, size)

    def rows(self) -> Array:
        """Return (n,) SEND by flow then time."""
        return self.talk.rows(self.lines)


def _some(rng: np.random.Generator, mean: Array | float, count: int) -> Array:
    return rng.gamma(2.0, 0.5, count) * mean
