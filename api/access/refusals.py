"""Refused requests, counted into the audit: one entry a minute, however many there were.

An entry for each would let anybody fill a disk that must keep its entries for half a year; a log of its own
would not be chained. So the audit says how many were refused, of what kind, and from where.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from facts.instant import NS
from store.audit_chain import Entry
from store.audit_writer import AuditWriter

EVERY_S = 60
MAX_SOURCES = 10_000
"""Client addresses told apart within a minute."""
MAX_NAMED = 20
"""Of them named in the entry, the busiest first."""
ACTION = "refused"


class Refusals:
    """Counts; used from the event loop's thread."""

    def __init__(self, writer: AuditWriter, clock: Callable[[], int]) -> None:
        self._writer = writer
        self._clock = clock
        self._kinds: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._last_ns = -(1 << 62)
        self._waiting: asyncio.TimerHandle | None = None

    def count(self, kind: str, source: str) -> None:
        """Count one refusal: the kind of problem, and the client address or the account."""
        self._kinds[kind] += 1
        if source in self._sources or len(self._sources) < MAX_SOURCES:
            self._sources[source] += 1
        if self._clock() >= self._last_ns + EVERY_S * NS:
            self.write()  # the first one after a silence is told at once
        elif self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(EVERY_S, self.write)

    def write(self) -> None:
        """Hand what was counted to the audit; nobody waits for it."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if not self._kinds:
            return
        self._last_ns = self._clock()
        total = self._kinds.total()
        kinds = ", ".join(f"{kind} {count}" for kind, count in self._kinds.most_common())
        named = self._sources.most_common(MAX_NAMED)
        places = ", ".join(f"{source or 'unknown'} {count}" for source, count in named)
        rest = total - sum(count for _, count in named)
        subject = f"{kinds}; from {places}" + (f", others {rest}" if rest else "")
        self._kinds.clear()
        self._sources.clear()
        self._writer.write(Entry(self._last_ns, "", "", "", "", ACTION, subject, "", 401))
