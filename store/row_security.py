"""Which rows a transaction of the API may see: tells PostgreSQL the region of who asks.

The policies are those of store/migrations/regions.py. On SQLite, which knows none, nothing happens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, event, text

from registry.division_table import in_force
from store.database import Database

_NOTHING, _EVERYTHING = "!", "*"
_region: ContextVar[str] = ContextVar("minescope_region", default=_NOTHING)


def lock_rows(database: Database) -> None:
    """Let every later transaction see what the region of its context sees; that is nothing where none is set.

    A superuser is held to no policy by PostgreSQL and nothing is raised: ask `is_locked`.
    """
    if database.engine.dialect.name == "postgresql":
        event.listen(database.engine, "begin", _tell)


def is_locked(database: Database) -> bool:
    """Say whether the database holds this user to the policies."""
    if database.engine.dialect.name != "postgresql":
        return False
    with database.reading() as connection:
        free = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        return not connection.scalar(free)


def see_division(division: str) -> None:
    """From here on in this context, see what a right on a division covers."""
    _region.set(",".join(in_force().covers(division)) or _EVERYTHING)


@contextmanager
def seeing_everything() -> Iterator[None]:
    """See everything for a while: for counts, and for what no person asked for."""
    token = _region.set(_EVERYTHING)
    try:
        yield
    finally:
        _region.reset(token)


def _tell(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT set_config('minescope.region', %s, true)", (_region.get(),))
