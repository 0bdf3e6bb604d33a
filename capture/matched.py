"""The packets of inspected flows, held for a while: what cannot be read once more, a live ring or a pipe.

Evidence names frames, and which ones is known only when it is judged. So the packets that the sieve hands on
are held, the latest of them up to a limit of bytes; whoever judges takes those that evidence names.
"""

import threading
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from capture.records import Block

MAX_BYTES = 4096
"""Bytes held of one packet; its length on the wire is told."""
LIVE_BYTES = 32 << 20
"""Bytes held for each worker of a probe: minutes of mining, and longer than between two judgements."""
PIPE_BYTES = 128 << 20
"""Bytes held for standard input, which is judged at its end only."""
_COST = 200  # bytes that one packet costs besides its own


class Held(NamedTuple):
    """One packet as it was captured."""

    link: int
    wire_length: int
    data: bytes


class Matched:
    """Holds the packets of one worker's run. `take` is the worker's; any thread may ask `get`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[tuple[int, int, int], Held] = {}
        self._bytes = 0
        self._turn = threading.Lock()
        self.names: tuple[str, ...] = ()
        """Names of the run's sources, in the order of their numbers."""
        self.given_up = 0
        """Packets that had to make room for later ones."""

    def take(self, block: Block, rows: npt.NDArray[Any]) -> None:
        """Hold the packets of TAGGED rows, which lie in `block`."""
        records, data = block.records, block.data
        with self._turn:
            for at in np.flatnonzero(np.isin(records["frame"], rows["frame"])).tolist():
                start, caplen, wire, source, link, time_ns, frame = records[at].item()
                key = source, frame, time_ns
                if key not in self._held:
                    packet = bytes(data[start : start + min(caplen, MAX_BYTES)])
                    self._held[key] = Held(link, wire, packet)
                    self._bytes += len(packet) + _COST
            while self._bytes > self._limit:
                oldest = self._held.pop(next(iter(self._held)))
                self._bytes -= len(oldest.data) + _COST
                self.given_up += 1

    def get(self, source: str, frame: int, time_ns: int) -> Held | None:
        """Return a packet that is still held."""
        with self._turn:
            for number, name in enumerate(self.names):
                if name == source and (found := self._held.get((number, frame, time_ns))) is not None:
                    return found
        return None
