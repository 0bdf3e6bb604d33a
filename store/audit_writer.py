"""Writing the audit while many ask at once: what waits together is appended in one transaction.

An entry waits for the one before it to be on the disk, and all that come meanwhile go together: so an answer
is never sent before its entry would survive a power failure, and the disk bounds the wait, not the rate.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from facts.errors import StoreError
from facts.quick import quick
from store.audit import AuditStore
from store.audit_chain import Entry
from store.sweeper import Sweeper

MOST = 500
"""Entries appended together at most."""
_log = logging.getLogger("minescope.audit")

Done = Callable[[StoreError | None], None]
"""Hears that an entry is kept, or why it is not."""


@quick
@dataclass(frozen=True, slots=True)
class _Handed:
    """An entry, and who waits for it."""

    entry: Entry
    told: Done
    loop: asyncio.AbstractEventLoop | None
    """Whose thread hears it; None for the writer's own."""


class AuditWriter:
    """A thread that appends entries in the order in which they were handed over."""

    def __init__(self, store: AuditStore) -> None:
        self._pen = store.pen()
        self._sweeper = store.sweeper()
        self._waiting: SimpleQueue[_Handed | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def write(self, entry: Entry) -> "Future[None]":
        """Hand an entry over; the future is done once it is kept, or has the StoreError that kept it out."""
        done: Future[None] = Future()
        self._waiting.put(_Handed(entry, partial(_settle, done), None))
        return done

    async def keep(self, entry: Entry) -> None:
        """Return once an entry is kept. Raises StoreError."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()
        self._waiting.put(_Handed(entry, partial(_settle, kept), loop))
        await kept

    def close(self) -> None:
        """Append what waits, then end."""
        self._waiting.put(None)
        self._thread.join()
        if self._sweeper is not None:
            self._sweeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch: list[_Handed] = []
            next_one = self._waiting.get()
            while next_one is not None:
                batch.append(next_one)
                if len(batch) == MOST:
                    break
                if self._waiting.empty():  # only this thread takes
                    break
                next_one = self._waiting.get_nowait()
            else:
                ended = True
            if batch:
                self._append(batch)
        self._pen.close()

    def _append(self, batch: list[_Handed]) -> None:
        failed: StoreError | None = None
        try:
            self._pen.append([one.entry for one in batch])
        except StoreError as error:
            _log.error("the audit cannot be written: %s", error)
            failed = error
        waiting: dict[asyncio.AbstractEventLoop, list[Done]] = {}
        for one in batch:
            if one.loop is None:
                one.told(failed)
            else:
                waiting.setdefault(one.loop, []).append(one.told)
        for loop, done in waiting.items():  # one call for all: each would wake the loop
            try:
                loop.call_soon_threadsafe(_tell, done, failed)
            except RuntimeError:
                _log.info("%d entries were kept after their server had ended", len(done))
        if self._sweeper is not None:
            self._tidy(self._sweeper)

    def _tidy(self, sweeper: Sweeper) -> None:
        """Have the log moved, now that everybody knows."""
        sweeper.written()
        if sweeper.moved():
            try:
                self._pen.checkpoint()
            except StoreError as error:
                _log.warning("the write-ahead log stays: %s", error)


def _tell(done: list[Done], failed: StoreError | None) -> None:
    for told in done:
        told(failed)


def _settle(waiting: "Future[None] | asyncio.Future[None]", failed: StoreError | None) -> None:
    if waiting.done():  # nobody waits any more
        return
    if failed is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(failed)
