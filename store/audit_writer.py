"""Writing the audit while many ask at once: what waits together is appended in one transaction."""

import logging
import queue
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from facts.errors import StoreError
from store.audit import AuditStore
from store.audit_chain import Entry

MOST = 500
"""Entries appended together at most."""
_log = logging.getLogger("minescope.audit")


class AuditWriter:
    """A thread that appends entries in the order in which they were handed over."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[tuple[Entry, Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def write(self, entry: Entry) -> "Future[None]":
        """Hand an entry over; the future is done once it is kept, or has the StoreError that kept it out."""
        done: Future[None] = Future()
        self._waiting.put((entry, done))
        return done

    def close(self) -> None:
        """Append what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        ended = False
        while not ended:
            first = self._waiting.get()
            batch = [] if first is None else [first]
            ended = first is None
            while batch and len(batch) < MOST and not ended:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ended = True
                else:
                    batch.append(more)
            self._append(batch)

    def _append(self, batch: "list[tuple[Entry, Future[None]]]") -> None:
        if not batch:
            return
        try:
            self._store.append([entry for entry, _ in batch])
        except StoreError as error:
            _log.error("the audit cannot be written: %s", error)
            for _, done in batch:
                done.set_exception(error)
        else:
            for _, done in batch:
                done.set_result(None)
