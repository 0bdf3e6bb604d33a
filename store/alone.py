"""Doing something alone: of all processes that share a database, one at a time."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from facts.errors import StoreError
from store.database import Database, stored


@contextmanager
def alone(database: Database, topic: str) -> Iterator[bool]:
    """Say whether this process does `topic` now; where another one does, nothing is waited for.

    PostgreSQL holds the lock for whatever machine asks, SQLite a file beside the database; either lets go of
    it when the process ends, however it does. Raises StoreError where neither can be asked.
    """
    url = database.engine.url
    if database.engine.dialect.name == "postgresql":
        digest = hashlib.blake2b(f"minescope alone {topic}".encode(), digest_size=8).digest()
        key = {"key": int.from_bytes(digest, "big", signed=True)}
        with stored(url.render_as_string(hide_password=True)), database.engine.connect() as connection:
            free = connection.execution_options(isolation_level="AUTOCOMMIT")
            held = bool(free.scalar(text("SELECT pg_try_advisory_lock(:key)"), key))
            try:
                yield held
            finally:
                if held:
                    free.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        return
    path = Path(f"{url.database}.{topic}.lock")
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(handle)
