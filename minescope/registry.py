"""`minescope registry`: put a registry of enterprises, sites and address assignments into the database."""

from pathlib import Path
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING, EXIT_USAGE


def registry(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder with enterprises.csv, sites.csv and assignments.csv; `sample` is the generated one.",
            show_default=False,
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row and say what is wrong; change nothing.")
    ] = False,
    accept_good: Annotated[
        bool, typer.Option("--accept-good", help="Take the good rows although others are refused.")
    ] = False,
) -> int:
    """Load a registry from CSV files into the database, in the place of the one held.

    Every refused row is named with file, row, column and reason. Unless --accept-good is given, one refused
    row keeps the whole registry out. docs/registry.md tells the columns.

    Exits 0 when the registry was taken (or is sound, with --dry-run), 2 when the folder or the database
    cannot be read, 3 when rows were refused and nothing was taken.
    """
    from registry.csv_import import load_folder, load_sample

    if str(folder) == "sample" and not folder.exists():
        data = load_sample()
    else:
        imported = load_folder(folder, all_or_nothing=not accept_good)
        for notice in imported.notices:
            typer.echo(f"minescope: {notice}", err=True)
        for error in imported.errors:
            typer.echo(f"minescope: refused: {error}", err=True)
        if imported.data is None or (dry_run and imported.errors):
            typer.echo(
                f"minescope: {len(imported.errors):,} of {imported.rows:,} rows refused; nothing taken",
                err=True,
            )
            return EXIT_USAGE
        data = imported.data
    held = f"{len(data.enterprises):,} enterprises, {len(data.sites):,} sites"
    held += f", {len(data.assignments):,} assignments"
    if dry_run:
        typer.echo(f"minescope: sound: {held}")
        return EXIT_NOTHING
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.registry import RegistryStore

    with open_database(load_settings().database_url) as database:
        RegistryStore(database).replace(data)
    typer.echo(f"minescope: loaded {held}")
    return EXIT_NOTHING
