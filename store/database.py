"""Opening a database: SQLite by default, PostgreSQL at scale; the schema is brought up to date on the way."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from facts.errors import StoreError

BUSY_S = 30
"""Seconds a writer waits for another one on SQLite, and any client for a connection to PostgreSQL."""
_TRIES_PER_S = 50
_POOL = 10  # connections kept; the API's threads, not its clients, are what needs them


class Database:
    """An open database with the schema of this version. Safe to share between threads, not across a fork."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._name = place(engine.url)
        self._at_close: list[Callable[[], None]] = []

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one connection with one consistent view. Raises StoreError where the database fails."""
        options: dict[str, Any] = {}
        if self.engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with stored(self._name), self.engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """Give one connection whose changes are kept together at the end, or not at all.

        On SQLite there is one writer at a time, and the next one waits; a power failure may take the last
        changes back that were not wanted `durable`. Raises StoreError where the database fails or stays busy.
        """
        with stored(self._name), self.engine.connect() as connection:
            connection.execution_options(minescope_writes=True)
            if self.engine.dialect.name != "sqlite" or not durable:
                with connection.begin():
                    yield connection
                return
            driver = connection.connection.cursor()
            driver.execute("PRAGMA synchronous = FULL")
            try:
                with connection.begin():
                    yield connection
            finally:
                driver.execute("PRAGMA synchronous = NORMAL")

    def at_close(self, end: Callable[[], None]) -> None:
        """Let something that holds a connection of its own end with the database."""
        self._at_close.append(end)

    def close(self) -> None:
        """Close all connections; the object cannot be used after."""
        for end in self._at_close:
            end()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(url: str, *, as_it_is: bool = False) -> Database:
    """Open the database at an SQLAlchemy URL and bring its schema up to date, unless wanted `as_it_is`.

    `sqlite:////var/lib/minescope/minescope.db` (the file and its folders are created) or
    `postgresql+psycopg://user@host/name` (`postgresql://` means the same). Raises StoreError where the
    database cannot be reached, or where its schema is newer than this version knows.
    """
    from store.schema import upgrade  # Alembic takes 0.2 s to import

    with ExitStack() as undo:
        database = undo.enter_context(Database(_engine(_parsed(url))))
        if not as_it_is:
            upgrade(database)
        undo.pop_all()  # it is sound: it stays open
    return database


def place(url: URL) -> str:
    """Return what names a database to a person: never with its password."""
    return url.render_as_string(hide_password=True)


@contextmanager
def stored(name: str) -> Iterator[None]:
    """Turn what the database refuses into a StoreError that names the database."""
    try:
        yield
    except DBAPIError as error:
        # The driver's own sentence; SQLAlchemy's adds the statement and its values, which may be personal.
        why = str(error.orig).strip().partition("\n")[0] if error.orig else "the connection was lost"
        raise StoreError(f"{name}: {why}") from error
    except (SQLAlchemyError, OverflowError) as error:  # the latter: a whole number beyond 64 bits on SQLite
        raise StoreError(f"{name}: {error}") from error


def lock(connection: Connection, topic: str) -> None:
    """Wait until no other transaction holds `topic`, and hold it until this one ends.

    Only PostgreSQL needs it: a writing transaction on SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key(topic)})


def lock_key(topic: str) -> int:
    """Return the number under which PostgreSQL locks a topic."""
    digest = hashlib.blake2b(f"minescope {topic}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            "the database's URL cannot be read; it begins with sqlite: or postgresql:"
        ) from error
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if parsed.database in (None, "", ":memory:") or parsed.query:
                raise StoreError(f"{place(parsed)}: an SQLite database needs a file, and takes no options")
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(f"{place(parsed)}: {other} is neither sqlite nor postgresql")


def _engine(url: URL) -> Engine:
    if url.drivername != "sqlite":
        arguments = {"connect_timeout": BUSY_S}
        return create_engine(url, pool_size=_POOL, pool_pre_ping=True, connect_args=arguments)
    folder = Path(url.database or "").expanduser().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{place(url)}: cannot create {folder}: {error.strerror}") from error
    path = str(Path(url.database or "").expanduser())
    engine = create_engine(
        url.set(database=path), pool_size=_POOL, connect_args={"timeout": BUSY_S}, pool_timeout=BUSY_S
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says
    connection.execute("PRAGMA foreign_keys = ON")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode safe against all but lost last commits


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch a new database to its write-ahead log; SQLite's own waiting does not cover this lock."""
    for _ in range(BUSY_S * _TRIES_PER_S):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            sleep(1 / _TRIES_PER_S)  # another one is switching it
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that reads first and then writes would fail, not wait.
    writes = connection.get_execution_options().get("minescope_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
