"""Live traffic: one worker a ring, each a thread; what they observe comes to one place.

The kernels run free of the interpreter lock, and what is left in Python is little
(docs/decisions/0006-live-workers.md). A reader that judges for a while holds nobody up: what is observed
waits in a queue, and when that is full the rings do; what overflows there is counted by the system.
"""

import os
import queue
import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from capture.matched import LIVE_BYTES, Matched
from capture.sources.source import LiveSource
from capture.timeouts import Timeouts
from capture.windows import Window, WindowSettings
from capture.worker import Summary, Worker
from facts.conversation import Conversation
from protocols.observe import Observation

Seen = Observation | Conversation | Window

DEFAULT: Final = Timeouts()
WAITING: Final = 256
"""Lists of observations that wait for their reader: 65,536 observations at most, usually far fewer."""
TOGETHER: Final = 2048
"""Packets of inspected flows that are read at once: one by one each would find the processor's caches full of
other flows, which costs half as much again."""
PATIENCE_NS: Final = 250_000_000
"""Longest that they wait for one another, by their own clock."""
HANDED: Final = 256
"""Observations handed over at once at most."""
BLOCKS: Final = 8
"""Blocks after which what there is goes over: the reader need not be woken for each."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a worker, or all of them together, are."""

    packets: int = 0
    """Read so far."""
    lost: int = 0
    """Packets that the system could not keep for us."""
    flows: int = 0
    """In the flow table now."""
    idle: int = 0
    """Flows that left it because they were idle."""

    def __add__(self, other: "Standing") -> "Standing":
        return Standing(
            self.packets + other.packets,
            self.lost + other.lost,
            self.flows + other.flows,
            self.idle + other.idle,
        )


class Live:
    """Workers on live sources. Start it, `take` until that says None, then `summaries` are complete."""

    def __init__(
        self,
        sources: Sequence[LiveSource],
        domains: Iterable[str],
        cap: int,
        cpus: Sequence[int] = (),
        *,
        hold: bool = False,
        timeouts: Timeouts = DEFAULT,
        windows: WindowSettings | None = None,
    ) -> None:
        """`cap`: flows held by each worker; `cpus`: the processors that the workers are held to, in turn;
        `windows`: those of each worker.

        With `hold`, the packets of inspected flows are held for a while (`matched`). Flows that are idle for
        their timeout end before the run does, so that their table has room for weeks.
        """
        domains = list(domains)
        self._seen: queue.Queue[list[Seen] | None] = queue.Queue(WAITING)
        self._left = len(sources)
        self._readers = [
            _Reader(
                source,
                Worker(domains, cap, timeouts, TOGETHER, PATIENCE_NS),
                self._seen,
                [cpus[i % len(cpus)]] if cpus else (),
                Matched(LIVE_BYTES) if hold else None,
                windows,
            )
            for i, source in enumerate(sources)
        ]

    def start(self) -> None:
        """Take packets from now on: all sources together."""
        for reader in self._readers:
            reader.thread.start()
        for reader in self._readers:
            reader.source.start()

    def stop(self) -> None:
        """Take no more packets; what was taken is still handed over by `take`. May be called twice."""
        for reader in self._readers:
            reader.source.stop()

    def take(self, seconds: float) -> list[Seen] | None:
        """Return what was observed next, waiting at most `seconds` for it; None once all workers have ended.

        Raises what ended a worker before its time.
        """
        while self._left:
            try:
                seen = self._seen.get(timeout=seconds)
            except queue.Empty:
                return []
            if seen is not None:
                return seen
            self._left -= 1
            for reader in self._readers:
                if reader.fault is not None:
                    raise reader.fault
        return None

    @property
    def standing(self) -> Standing:
        """Where the workers were at the end of their last blocks."""
        return sum((reader.standing for reader in self._readers), Standing())

    @property
    def matched(self) -> list[Matched]:
        """The packets held by each worker; none without `hold`."""
        return [reader.matched for reader in self._readers if reader.matched is not None]

    @property
    def summaries(self) -> list[Summary]:
        """The counts of each worker; complete once `take` has said None."""
        return [reader.worker.summary for reader in self._readers]

    def close(self) -> None:
        """Stop, wait for the workers and give the sources back; what they still observe is lost."""
        self.stop()
        for reader in self._readers:
            while reader.thread.is_alive():
                with suppress(queue.Empty):
                    self._seen.get(timeout=0.05)  # a worker may be waiting for room
            reader.source.close()


class _Reader:
    """One worker with its thread."""

    def __init__(
        self,
        source: LiveSource,
        worker: Worker,
        seen: "queue.Queue[list[Seen] | None]",
        cpus: Collection[int],
        matched: Matched | None,
        windows: WindowSettings | None,
    ) -> None:
        self.source = source
        self.matched = matched
        self.worker = worker
        self.standing = Standing()
        self.fault: BaseException | None = None
        self.thread = threading.Thread(target=self._read, name=f"read {source.name}", daemon=True)
        self._cpus = cpus
        self._windows = windows
        self._seen = seen
        self._held: list[Seen] = []
        self._blocks = 0

    def _read(self) -> None:
        try:
            if self._cpus:
                os.sched_setaffinity(0, self._cpus)  # of this thread alone
            blocks = self.source.blocks()
            for seen in self.worker.run(blocks, [self.source], self._block_done, self.matched, self._windows):
                self._held.append(seen)
                if len(self._held) >= HANDED:
                    self._hand_over()
            self._hand_over()
            self._block_done(self.source.records)
        except BaseException as fault:  # noqa: BLE001 - raised again where it is waited for
            self.fault = fault
        finally:
            self._seen.put(None)

    def _block_done(self, packets: int) -> None:
        lost = self.source.skipped_counts.total()
        idle = packets == self.standing.packets
        self.standing = Standing(packets, lost, self.worker.flows, self.worker.idle)
        self._blocks += 1
        if idle or self._blocks % BLOCKS == 0:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._held:
            self._seen.put(self._held)
            self._held = []
