"""What of the flow table leaves a worker while it runs, for the flow lake and for whoever judges rhythms."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from capture.rhythm import Candidates
from capture.sieve.sieve import Sieve
from facts.flow import FLOW, LIVE
from facts.rhythm import PACKET

TOGETHER: Final = 1 << 17
"""Records in one window at most: 16 MiB."""

Rows = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """When windows end, and what they hold beside the candidates."""

    every_ns: int | None = None
    """Time of the packets between two windows; None: one window, the whole run."""
    records: bool = False
    """Whether the records of all flows are wanted."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen in one window, or a part of it."""

    flows: Rows
    """(n,) FLOW: each flow that sent something in the window, as it stands; those that the table gave up too.
    Empty where records are not wanted."""
    candidates: Candidates
    """The flows that may be judged by their rhythm, with their packets of this window; in its last part."""
    until_ns: int
    """The latest time seen, nanoseconds since 1970 UTC."""
    last: bool
    """Whether the run has ended."""


class Windows:
    """Makes the windows of one run."""

    def __init__(self, sieve: Sieve, settings: WindowSettings) -> None:
        self._sieve = sieve
        self._settings = settings
        self._gone: list[Rows] = []
        self._gone_count = 0
        self._begun_ns: int | None = None
        self._written_ns: int | None = None

    def gone(self, flows: npt.NDArray[np.uint32]) -> Iterator[Window]:
        """Take the records of flows that were given up, while they stand."""
        if self._settings.records:
            self._gone.append(self._sieve.flows[flows])
            self._gone_count += len(flows)
            if self._gone_count >= TOGETHER:
                yield self._part(self._forget_gone())

    def due(self) -> Iterator[Window]:
        """Yield a window in its parts if it is time."""
        every, now = self._settings.every_ns, self._sieve.newest
        if every is None or not now:
            return
        if self._begun_ns is None:
            self._begun_ns = now
        elif now - self._begun_ns >= every:
            yield from self._whole(last=False)
            self._begun_ns = self._written_ns = now

    def end(self) -> Iterator[Window]:
        """Yield the last window in its parts."""
        yield from self._whole(last=True)

    def _whole(self, last: bool) -> Iterator[Window]:
        if self._settings.records:
            flows = self._sieve.flows
            wanted = flows["state"] & LIVE != 0
            if self._written_ns is not None:
                wanted &= flows["last_ns"] >= self._written_ns
            found = np.flatnonzero(wanted)
            if self._gone:
                yield self._part(self._forget_gone())
            for first in range(0, len(found), TOGETHER):
                yield self._part(flows[found[first : first + TOGETHER]])
        candidates = self._sieve.candidates() if last else self._sieve.take_candidates()
        yield Window(np.empty(0, FLOW), candidates, self._sieve.newest, last)

    def _part(self, flows: Rows) -> Window:
        none = Candidates(np.empty(0, FLOW), np.empty(0, PACKET))
        return Window(flows, none, self._sieve.newest, False)

    def _forget_gone(self) -> Rows:
        rows = np.concatenate(self._gone)
        self._gone, self._gone_count = [], 0
        return rows
