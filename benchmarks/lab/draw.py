"""Parameters from a seed. What training and test networks are made of never meets.

The range of every number is cut into eight bands, and which three of them are the test's alone is settled by
the number's name; a list of choices is parted likewise. Constants of a specification are no parameters.
"""

import zlib
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import numpy as np

from benchmarks.lab.columns import Array

Split = Literal["train", "test"]
T = TypeVar("T")

BANDS, TESTED = 8, 3


def bands(name: str, split: Split) -> list[int]:
    """Return the bands of a number's range that belong to a split."""
    order = sorted(range(BANDS), key=lambda band: zlib.crc32(f"{name}/{band}".encode()))
    return sorted(order[:TESTED] if split == "test" else order[TESTED:])


def members(name: str, options: Sequence[T], split: Split) -> list[T]:
    """Return the choices that belong to a split: of n, about a third but at least one is the test's.

    Raises ValueError for fewer than two: they cannot be parted.
    """
    if len(options) < 2:
        raise ValueError(f"{name}: one choice cannot be parted between training and test")
    order = sorted(range(len(options)), key=lambda i: zlib.crc32(f"{name}/{options[i]!r}/{i}".encode()))
    cut = max(1, len(options) // 3)
    return [options[i] for i in sorted(order[:cut] if split == "test" else order[cut:])]


class Draw:
    """Draws for one network. `rng` is free for what is chance in both splits: noise, times, places."""

    def __init__(self, seed: int | Sequence[int], split: Split) -> None:
        """The same seed and split draw the same; the splits share no stream."""
        numbers = [seed] if isinstance(seed, int) else list(seed)
        self.split: Split = split
        self.rng = np.random.default_rng([*numbers, zlib.crc32(split.encode())])

    def between(self, name: str, low: float, high: float, count: int, *, log: bool = False) -> Array:
        """Return (count,) f8 from the split's bands of [low, high); `log`: even in the logarithm."""
        if log:
            return np.exp(self.between(name, np.log(low), np.log(high), count))
        band = self.rng.choice(bands(name, self.split), count) + self.rng.random(count)
        return low + (high - low) * band / BANDS

    def one(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return one number from the split's bands of [low, high)."""
        return float(self.between(name, low, high, 1, log=log)[0])

    def whole(self, name: str, low: int, high: int, count: int) -> Array:
        """Return (count,) i8 from low to high inclusive; no whole number belongs to both splits."""
        if high - low < 64:
            return self.rng.choice(members(name, range(low, high + 1), self.split), count)
        edges = np.ceil(low + (high + 1 - low) * np.arange(BANDS + 1) / BANDS).astype(np.int64)
        band = self.rng.choice(bands(name, self.split), count)
        made: Array = self.rng.integers(edges[band], edges[band + 1])
        return made

    def number(self, name: str, low: int, high: int) -> int:
        """Return one whole number of the split's, low to high inclusive."""
        return int(self.whole(name, low, high, 1)[0])

    def pick(self, name: str, options: Sequence[T]) -> T:
        """Return one of the split's choices."""
        own = members(name, options, self.split)
        return own[int(self.rng.integers(len(own)))]

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < share)

    def weighted(self, options: Sequence[T], weights: Sequence[float], count: int) -> list[T]:
        """Return `count` options drawn by weight."""
        chances = np.asarray(weights, float)
        return [options[i] for i in self.rng.choice(len(options), count, p=chances / chances.sum())]

    def child(self, name: str) -> "Draw":
        """Return draws of their own, so that one part of a network does not shift another."""
        made: Any = object.__new__(Draw)
        made.split = self.split
        made.rng = np.random.default_rng(
            [zlib.crc32(name.encode()), *self.rng.integers(0, 2**32, 4).tolist()]
        )
        return made  # type: ignore[no-any-return]
