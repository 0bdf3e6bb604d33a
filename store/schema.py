"""The schema's history: what revision a database has, and the way to the newest (migrations/versions/)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from facts.errors import StoreError
from store.database import Database, lock, place

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for commands on an open connection, inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision, all or nothing; several processes may do so at once.

    Raises StoreError where the schema has a revision that this version does not know.
    """
    with database.reading() as connection:
        if _is_newest(connection):
            return
    with database.writing() as connection:
        lock(connection, "schema")
        if not _is_newest(connection):  # another process may have been first
            command.upgrade(configuration(connection), "head")


def downgrade(database: Database, to: str) -> None:
    """Take the schema back to an older revision, all or nothing; what has no place there is dropped.

    For handing a database to an older version of minescope: this one brings it up to date again when it opens
    it. Raises StoreError where there is no such revision before the present one.
    """
    with database.writing() as connection:
        lock(connection, "schema")
        script = ScriptDirectory.from_config(configuration(connection))
        current = revision(connection)
        before = [one.revision for one in script.iterate_revisions(current, "base")][1:]
        if to not in before:
            raise StoreError(f"no revision {to!r} before {current}; there are {', '.join(before) or 'none'}")
        command.downgrade(configuration(connection), to)


def revision(connection: Connection) -> str:
    """Return the revision that the schema has; empty for a database without one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def _is_newest(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(configuration(connection))
    known = {revision.revision for revision in script.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_heads()
    if unknown := set(current) - known:
        revisions = ", ".join(sorted(unknown))
        raise StoreError(
            f"{place(connection.engine.url)}: its schema (revision {revisions}) is newer than this version of"
            " minescope knows; use the version that wrote it, or a later one"
        )
    return set(current) == set(script.get_heads())
