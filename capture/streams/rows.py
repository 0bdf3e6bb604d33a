"""Rows that the sieve hands on: how they are read, and those that wait to be read together."""

from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.records import TAGGED, TaggedKind

_FRAGMENT = int(TaggedKind.FRAGMENT)
MAX_WAITING = 4 * 1024 * 1024
"""Bytes of payload that wait at most, and those of one block."""
_CODES = {1: "B", 2: "H", 4: "I", 8: "q"}  # of integers, by their bytes


def _row() -> Struct:
    """Return how a row of TAGGED is read: every field that is wanted here, in its order."""
    sizes = {name: TAGGED[name].itemsize for name in TAGGED.names or ()}
    return Struct("<" + "".join(_CODES[n] if name in FIELDS else f"{n}x" for name, n in sizes.items()))


FIELDS = (
    "flow", "seq", "missing", "source", "direction", "tcp_flags", "tag", "kind", "opposite", "opposite_known",
    "time_ns", "frame",
)  # fmt: skip
"""What is taken from a row."""
ROW = _row()
"""Reads rows as they lie: twice as fast as a column at a time, since a block holds but a few dozen."""

Row = tuple[int, int, int, int, int, int, int, int, int, int, int, int]
"""One row as ROW reads it."""
Taken = tuple[Row, bytes, int]
"""A row, its payload, and its place among those that are read at once."""


class Waiting:
    """Rows with copies of their payloads, which outlive the block that they point into.

    A block holds a few dozen rows among thousands of packets. Read block by block, every few dozen find the
    processor's caches full of the sieve's table, and each row finds them full of other flows; so those of
    many blocks are read at once, flow by flow.
    """

    def __init__(self, most: int) -> None:
        """`most`: rows to wait for; with 0 none do."""
        self._most = most
        self._rows: list[bytes] = []
        self._payloads: list[bytes] = []
        self._size = 0

    def __bool__(self) -> bool:
        """Return whether any waits."""
        return bool(self._payloads)

    @property
    def full(self) -> bool:
        """Whether it is time to read them."""
        return len(self._payloads) >= self._most or self._size >= MAX_WAITING

    def take(self, data: memoryview, rows: npt.NDArray[Any]) -> bool:
        """Have rows that point into `data` wait; False where they must not.

        A fragment's flow is watched only once its packet is whole: the sieve hands nothing of it on before.
        """
        if not self._most or has_fragments(rows):
            return False
        copies = payloads(data, rows)
        self._payloads += copies
        self._size += sum(map(len, copies))
        self._rows.append(rows.tobytes())  # joining arrays of records costs more than all else here
        return True

    def give(self) -> tuple[npt.NDArray[Any], list[bytes]]:
        """Return the rows, of which there are some, and the payload of each; nothing waits any more."""
        given = np.frombuffer(b"".join(self._rows), TAGGED), self._payloads
        self._rows, self._payloads, self._size = [], [], 0
        return given


def has_fragments(rows: npt.NDArray[Any]) -> bool:
    """Say whether any of the rows is a fragment."""
    return _FRAGMENT in rows["kind"].tolist()


def payloads(data: memoryview, rows: npt.NDArray[Any]) -> list[bytes]:
    """Return the payload of each row, which is no fragment."""
    ends = zip(rows["payload"].tolist(), rows["length"].tolist(), strict=True)
    return [bytes(data[at : at + length]) for at, length in ends]
