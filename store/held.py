"""A connection held from one transaction to the next, for what is done hundreds of times a second.

Taking a connection from the pool, and a transaction through SQLAlchemy, costs more than a look-up or an entry
of the audit takes in the database. Statements run on it by way of store/prepared.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import cast

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from facts.errors import StoreError
from store.database import Database, lock_key, place


class Held:
    """One connection, opened when it is first needed and again after a failure; for one thread at a time.

    `pragmas` are SQLite's and set when it is opened. It ends with the database, or by `close`.
    """

    def __init__(self, db: Database, *pragmas: str) -> None:
        self.engine = db.engine
        self.dialect = db.engine.dialect
        self._pragmas = pragmas
        self._driver: PoolProxiedConnection | None = None
        self._bare: PoolProxiedConnection | None = None
        self._sqlite = self.dialect.name == "sqlite"
        self._errors = self.dialect.loaded_dbapi.Error
        db.at_close(self.close)

    @property
    def connection(self) -> PoolProxiedConnection:
        """The driver's connection. Raises the driver's error, or SQLAlchemy's, where it cannot be opened."""
        if self._bare is None:
            driver = self.engine.raw_connection()
            # What the pool hands out wraps the driver's own, and each call through it costs a call more.
            bare = cast(PoolProxiedConnection, driver.driver_connection)
            driver.detach()  # not the pool's any more: its settings are its own
            if self._sqlite:
                for pragma in self._pragmas:
                    self._run(driver, f"PRAGMA {pragma}")
            self._driver, self._bare = driver, bare
        return self._bare

    @contextmanager
    def reading(self) -> Iterator["Held"]:
        """Give one consistent view, on SQLite. Raises StoreError where the database fails."""
        with self._told():
            self._run(self.connection, "BEGIN")
            yield self
            self._run(self.connection, "COMMIT")

    @contextmanager
    def writing(self, topic: str) -> Iterator["Held"]:
        """Keep what is done at the end, or nothing of it; no other transaction holds `topic` meanwhile.

        Raises StoreError where the database fails.
        """
        with self._told():
            self._begin(topic)
            yield self
            self.connection.commit()

    def change(self, statement: str, parameters: Sequence[object]) -> int:
        """Run one statement of SQLite that is a transaction of its own; return how many rows it changed.

        A call of the driver gives other threads the interpreter and has to wait for it again: a transaction
        that is one call waits once. Raises StoreError where the database fails.
        """
        with self._told():
            cursor = self.connection.cursor()
            try:
                cursor.execute(statement, parameters)
                return cursor.rowcount
            finally:
                cursor.close()

    def checkpoint(self) -> None:
        """Move what can be moved of SQLite's write-ahead log into the database; nobody waits for it.

        Raises StoreError.
        """
        with self._told():
            self._run(self.connection, "PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""
        driver, self._driver, self._bare = self._driver, None, None
        if driver is not None:
            with suppress(self._errors):
                driver.close()

    def _begin(self, topic: str) -> None:
        if self._sqlite:
            self._run(self.connection, "BEGIN IMMEDIATE")  # a writer is alone
            return
        reused = self._driver is not None
        try:
            self._run(self.connection, "SELECT pg_advisory_xact_lock(%s)", (lock_key(topic),))
        except self._errors:
            if not reused:
                raise
            self.close()  # the server was restarted since: nothing is lost by asking again
            self._run(self.connection, "SELECT pg_advisory_xact_lock(%s)", (lock_key(topic),))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """After a failure the connection is closed, so that nothing half done stays."""
        try:
            yield
        except (
            self._errors,
            SQLAlchemyError,
            OverflowError,
        ) as error:  # the last: no whole number of 64 bits
            self.close()
            why = str(error).strip().partition("\n")[0]
            raise StoreError(f"{place(self.engine.url)}: {why}") from error
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _run(driver: PoolProxiedConnection, statement: str, parameters: tuple[object, ...] = ()) -> None:
        cursor = driver.cursor()
        try:
            cursor.execute(statement, parameters)
        finally:
            cursor.close()
