"""Moving SQLite's write-ahead log into the database, aside from who writes it.

A writer that has to do it itself holds up all who wait for it, some milliseconds each time. Left alone the
log grows, and to make a file grow takes the disk many times what it takes to write over what it holds.
"""

import logging
import threading

from facts.errors import StoreError
from store.database import Database
from store.held import Held

EVERY_S = 0.25
"""Seconds between two rounds while somebody writes: some hundred pages under load."""
TRIES = 8
"""Goes of one round. What was written during one is left for the next, which is quicker; the log begins anew
once a go has met no writer."""
_log = logging.getLogger("minescope.store")


class Sweeper:
    """A thread that empties the log of one database whenever it was told that something was written."""

    def __init__(self, db: Database) -> None:
        self._held = Held(db, "wal_autocheckpoint = 0")
        self._written = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def written(self) -> None:
        """Say that there is something to move."""
        self._written.set()

    def close(self) -> None:
        """End, having moved what can be moved."""
        self._ended.set()
        self._written.set()
        self._thread.join()
        self._held.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._written.wait()
            self._ended.wait(EVERY_S)
            self._written.clear()
            try:
                self._round()
            except StoreError as error:
                _log.warning("the write-ahead log stays: %s", error)  # a writer moves it once it is long

    def _round(self) -> None:
        for _ in range(TRIES):
            log, moved = self._held.checkpoint()
            if log == moved:
                return
