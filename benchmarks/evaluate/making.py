"""The long part of an evaluation: all its shards, made one by one, with progress; several processes share it.

Each shard is written whole or not at all, so a run may be ended at any time and goes on where it stood.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

SAID_EVERY = 20
"""Files between lines of progress."""


class Planned(Protocol):
    """What is made into one file."""

    @property
    def name(self) -> str:
        """The file's name without its ending, .npz."""


P = TypeVar("P", bound=Planned)


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the shards one process makes."""

    number: int = 1
    """From 1."""
    of: int = 1

    @classmethod
    def read(cls, text: str) -> "Share":
        """Read "2/3". Raises ValueError for anything that names no share."""
        number, _, of = text.partition("/")
        share = cls(int(number), int(of or 1))
        if not 1 <= share.number <= share.of:
            raise ValueError(f"{text}: the shares of 3 processes are 1/3, 2/3 and 3/3")
        return share

    def part(self, plans: Sequence[P]) -> list[P]:
        """Return every `of`-th plan; the parts of all shares are disjoint and make the whole."""
        return list(plans[self.number - 1 :: self.of])


def make_all(
    folder: Path, plans: Sequence[P], make: Callable[[Path, P], object], share: Share | None = None
) -> int:
    """Make what is not there of a share of the plans; return how many were made. Progress on standard
    error."""
    lacking = [plan for plan in (share or Share()).part(plans) if not (folder / f"{plan.name}.npz").exists()]
    begun = time.process_time()
    for place, plan in enumerate(lacking, 1):
        make(folder, plan)
        if place % SAID_EVERY == 0 or place == len(lacking):
            took = (time.process_time() - begun) / place
            left = (len(lacking) - place) * took / 60
            print(
                f"{place:,} of {len(lacking):,} made, the last {plan.name}: "
                f"{took:.2f} s of the processor each, {left:.0f} min of it left",
                file=sys.stderr,
                flush=True,
            )
    return len(lacking)
