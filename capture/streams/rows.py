"""Rows that the sieve hands on: how they are read, and those that wait to be read together."""

from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.records import TAGGED, TaggedKind

_FRAGMENT = int(TaggedKind.FRAGMENT)
_CODES = {1: "B", 2: "H", 4: "I", 8: "q"}  # of integers, by their bytes


def _row() -> Struct:
    """Return how a row of TAGGED is read: every field that is wanted here, in its order."""
    sizes = {name: TAGGED[name].itemsize for name in TAGGED.names or ()}
    return Struct("<" + "".join(_CODES[n] if name in FIELDS else f"{n}x" for name, n in sizes.items()))


FIELDS = (
    "flow", "seq", "payload", "length", "missing", "source", "direction", "tcp_flags", "tag", "kind", "ip",
    "opposite", "opposite_known", "time_ns", "frame",
)  # fmt: skip
"""What is taken from a row."""
ROW = _row()
"""Reads rows as they lie: twice as fast as a column at a time, since a block holds but a few dozen."""


class Waiting:
    """Rows with copies of their payloads, which outlive the block that they point into.

    A block holds a few dozen rows among thousands of packets. Read block by block, every few dozen find the
    processor's caches full of the sieve's table; so those of many blocks are read at once.
    """

    def __init__(self, most: int) -> None:
        """`most`: rows to wait for; with 0 none do."""
        self._most = most
        self._rows: list[npt.NDArray[Any]] = []
        self._payloads: list[bytes] = []
        self._count = 0
        self._size = 0

    def __len__(self) -> int:
        """Return how many rows wait."""
        return self._count

    @property
    def full(self) -> bool:
        """Whether it is time to read them."""
        return self._count >= self._most

    def take(self, data: memoryview, rows: npt.NDArray[Any]) -> bool:
        """Have rows that point into `data` wait; False where they must not.

        A fragment's flow is watched only once its packet is whole: the sieve hands nothing of it on before.
        """
        if not self._most or (rows["kind"] == _FRAGMENT).any():
            return False
        rows = rows.copy()
        lengths = rows["length"]
        ends = zip(rows["payload"].tolist(), lengths.tolist(), strict=True)
        self._payloads += [bytes(data[at : at + length]) for at, length in ends]
        rows["payload"] = self._size + np.cumsum(lengths) - lengths
        self._size += int(lengths.sum())
        self._count += len(rows)
        self._rows.append(rows)
        return True

    def give(self) -> tuple[memoryview, npt.NDArray[Any]]:
        """Return all payloads and the rows that point into them; nothing waits any more."""
        given = memoryview(b"".join(self._payloads)), np.concatenate(self._rows)
        self._rows, self._payloads, self._count, self._size = [], [], 0, 0
        return given
