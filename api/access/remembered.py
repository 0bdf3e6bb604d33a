"""What the database said a moment ago, so that hundreds of requests a second do not ask it hundreds of times.

Whoever asks while it is being asked waits for the same answer, and it is asked anew before what is known has
aged: where requests come one after another, only the first of them waits.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from api.threads import in_thread
from facts.instant import NS

AGE_NS = 2 * NS
"""So long something is taken as said: a revoked key may still open, which is what it costs to ask seldom."""
ANEW_NS = NS
"""Older than that it is asked anew, aside from who wants to know."""
MOST = 10_000
"""Things remembered at most."""

_T = TypeVar("_T")


class Remembered(Generic[_T]):
    """Remembers by key; used from the event loop's thread. None is an answer that is not remembered."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._known: dict[bytes, tuple[_T, int]] = {}
        self._asking: dict[bytes, asyncio.Task[_T | None]] = {}

    async def of(self, key: bytes, find: Callable[[], _T | None]) -> _T | None:
        """Return what `find`, run in a thread, says of a key. Raises what it raises."""
        known = self._known.get(key)
        if known is not None:
            age = self._clock() - known[1]
            if 0 <= age < AGE_NS:
                if age >= ANEW_NS:
                    self._asked(key, find).add_done_callback(_heard)
                return known[0]
        # Who hangs up meanwhile must not take the answer from the others.
        return await asyncio.shield(self._asked(key, find))

    def forget(self, key: bytes) -> None:
        """Remember a key no longer, nor what is being said of it now."""
        self._known.pop(key, None)
        self._asking.pop(key, None)

    def _asked(self, key: bytes, find: Callable[[], _T | None]) -> "asyncio.Task[_T | None]":
        """Return the question that is under way, asking it where none is."""
        loop = asyncio.get_running_loop()
        asking = self._asking.get(key)
        if asking is None or asking.get_loop() is not loop:  # one that has ended takes its questions along
            asking = self._asking[key] = loop.create_task(in_thread(find))
            asking.add_done_callback(partial(self._keep, key, self._clock()))
        return asking

    def _keep(self, key: bytes, asked_ns: int, answered: "asyncio.Task[_T | None]") -> None:
        if self._asking.get(key) is not answered:  # forgotten meanwhile
            return
        del self._asking[key]
        if answered.cancelled() or answered.exception() is not None:
            return  # what is known ages, and whoever asks then hears of it
        said = answered.result()
        if said is None:
            self._known.pop(key, None)
            return
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = said, asked_ns


def _heard(answered: "asyncio.Task[_T | None]") -> None:
    """Take note of a failure, of which asyncio would complain otherwise; the next to ask is told of it."""
    if not answered.cancelled():
        answered.exception()
