"""Writing the audit while many ask at once: what waits together is appended in one transaction.

An entry waits for the one before it to be on the disk, and all that come meanwhile go together: so an answer
is never sent before its entry would survive a power failure, and the disk bounds the wait, not the rate.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from facts.errors import StoreError
from store.audit import AuditStore
from store.audit_chain import Entry

MOST = 500
"""Entries appended together at most."""
_log = logging.getLogger("minescope.audit")

Told = Callable[[StoreError | None], None]
"""Hears on the writer's thread that an entry is kept, or why it is not."""


class AuditWriter:
    """A thread that appends entries in the order in which they were handed over."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store
        self._waiting: list[tuple[Entry, Told]] = []
        self._turn = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def write(self, entry: Entry) -> "Future[None]":
        """Hand an entry over; the future is done once it is kept, or has the StoreError that kept it out."""
        done: Future[None] = Future()

        def told(error: StoreError | None) -> None:
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        self._put(entry, told)
        return done

    async def keep(self, entry: Entry) -> None:
        """Return once an entry is kept. Raises StoreError."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()

        def tell(error: StoreError | None) -> None:
            if kept.done():  # nobody waits any more
                return
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)

        self._put(entry, lambda error: _call(loop, tell, error))
        await kept

    def close(self) -> None:
        """Append what waits, then end."""
        with self._turn:
            self._ended = True
            self._turn.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, entry: Entry, told: Told) -> None:
        with self._turn:
            self._waiting.append((entry, told))
            self._turn.notify()

    def _run(self) -> None:
        while True:
            with self._turn:
                while not self._waiting and not self._ended:
                    self._turn.wait()
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if not batch:
                return
            self._append(batch)

    def _append(self, batch: list[tuple[Entry, Told]]) -> None:
        failed: StoreError | None = None
        try:
            self._store.append([entry for entry, _ in batch])
        except StoreError as error:
            _log.error("the audit cannot be written: %s", error)
            failed = error
        for _, told in batch:
            told(failed)


def _call(loop: asyncio.AbstractEventLoop, tell: Told, error: StoreError | None) -> None:
    try:
        loop.call_soon_threadsafe(tell, error)
    except RuntimeError:
        _log.info("an entry was kept after its server had ended")
