"""What was asked or changed at a terminal, in the audit beside what was asked over HTTP."""

import getpass
import os
import time
import zlib
from collections.abc import Sequence

from facts.endpoint import packed16
from facts.errors import UsageError
from pipeline.lookup import Ask
from store.access import AccessStore
from store.audit import AuditStore
from store.audit_chain import Entry
from store.database import Database

MIN_PURPOSE, MAX_PURPOSE = 3, 200
"""Characters, as the API takes them."""
MAX_NAMED = 20
"""Addresses that the entry itself names; all of them are in its detail."""


def terminal() -> str:
    """Return who sits at the terminal, as the audit names them."""
    try:
        return f"terminal:{getpass.getuser()}"
    except (KeyError, OSError):  # a container runs under a number without a name
        return f"terminal:{os.getuid()}"


class Trail:
    """Keeps what is asked of a database. Raises UsageError for a purpose that says nothing.

    Where there are accounts a purpose must be stated; the person at a machine without any may leave it out.
    """

    def __init__(self, database: Database, purpose: str) -> None:
        self._audit = AuditStore(database)
        self._purpose = " ".join(purpose.split())
        if not self._purpose and not AccessStore(database, time.time_ns).has_users():
            return
        if not MIN_PURPOSE <= len(self._purpose) <= MAX_PURPOSE or not self._purpose.isprintable():
            raise UsageError(
                f"--purpose: say why you ask, in {MIN_PURPOSE} to {MAX_PURPOSE} letters: the audit keeps it"
            )

    def keep(self, action: str, asks: Sequence[Ask]) -> None:
        """Keep one entry for some questions. Raises StoreError, and then nothing may be answered."""
        named = " ".join(str(ask.address) for ask in asks[:MAX_NAMED])
        more = f" ({len(asks)} addresses)" if len(asks) > MAX_NAMED else ""
        detail = zlib.compress(b"".join(packed16(ask.address) for ask in asks))
        entry = Entry(time.time_ns(), terminal(), "", "", "", action, named + more, self._purpose, 0, detail)
        self._audit.append([entry])

    def keep_named(self, action: str, what: str) -> None:
        """Keep one entry for what is asked by another name than an address. Raises StoreError."""
        entry = Entry(time.time_ns(), terminal(), "", "", "", action, what, self._purpose, 0)
        self._audit.append([entry])
