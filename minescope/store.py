"""`minescope store`: backup and restore of the database, and its schema."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING

store = typer.Typer(
    name="store", no_args_is_help=True, help="Back the database up, restore it, take its schema back."
)

File = Annotated[Path, typer.Argument(help="The backup file.", show_default=False)]


@store.command()
def backup(file: File) -> int:
    """Write all that the database holds to FILE, as it stands at one moment; others may read and write on.

    FILE must not exist. It is the same for SQLite and PostgreSQL and holds the hash of every table: `verify`
    checks them. It is as confidential as the database.

    Exits 0, or 2 when the database cannot be read or FILE cannot be written.
    """
    from pipeline.settings import load_settings
    from store.backup import back_up
    from store.database import open_database

    with open_database(load_settings().database_url) as database:
        count = back_up(database, file, _told)
    typer.echo(f"minescope: {count:,} rows kept in {file}")
    return EXIT_NOTHING


@store.command()
def restore(file: File) -> int:
    """Put the backup FILE into the database that the settings name, which must hold no rows yet.

    All of it is restored, or nothing where a hash does not match.

    Exits 0, or 2 when FILE is damaged, the database holds rows, or one of them cannot be read.
    """
    from pipeline.registry_index import index_folder, refresh
    from pipeline.settings import load_settings
    from store.backup import restore as restored
    from store.database import open_database

    settings = load_settings()
    with open_database(settings.database_url) as database:
        count = restored(database, file, _told)
        refresh(database, index_folder(settings))
    typer.echo(f"minescope: {count:,} rows restored from {file}")
    return EXIT_NOTHING


@store.command()
def verify(file: File) -> int:
    """Read the backup FILE and check every hash in it; change nothing.

    Exits 0, or 2 when FILE is damaged or cannot be read.
    """
    from store.backup import verify as verified

    typer.echo(f"minescope: sound: {verified(file):,} rows in {file}")
    return EXIT_NOTHING


@store.command()
def downgrade(
    to: Annotated[str, typer.Argument(metavar="REVISION", help="The older revision, e.g. 0002.")],
) -> int:
    """Take the schema back to REVISION, for an older version of minescope; back the database up first.

    What the older tables have no place for is dropped. This version brings the schema up to date again as
    soon as it opens the database.

    Exits 0, or 2 when the database cannot be read or there is no such revision before the present one.
    """
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.schema import downgrade as taken_back

    with open_database(load_settings().database_url, as_it_is=True) as database:
        taken_back(database, to)
    typer.echo(f"minescope: the schema is at revision {to}")
    return EXIT_NOTHING


def _told(table: str, rows: int) -> None:
    print(f"minescope: {table}: {rows:,} rows", file=sys.stderr, flush=True)
