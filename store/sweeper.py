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
_log = logging.getLogger("minescope.store")


class Sweeper:
    """A thread that moves the log of one database whenever it was told that something was written.

    What was written meanwhile is little, and left to the writer: only when nothing at all is left does SQLite
    begin the log anew, and only the writer knows that nobody writes.
    """

    def __init__(self, db: Database) -> None:
        self._held = Held(db, "wal_autocheckpoint = 0")
        self._written = threading.Event()
        self._moved = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def written(self) -> None:
        """Say that there is something to move."""
        if not self._written.is_set():  # to set it again would take a lock, and the time of an answer
            self._written.set()

    def moved(self) -> bool:
        """Say, once for each round, that the log was moved but for the last few pages."""
        if not self._moved.is_set():
            return False
        self._moved.clear()
        return True

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
                self._held.checkpoint()
                self._moved.set()
            except StoreError as error:
                _log.warning("the write-ahead log stays: %s", error)  # a writer moves it once it is long
