"""What the commands of `minescope tariff` share: options, the database, the audit, taking a file."""

import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING, EXIT_USAGE
from minescope.language import Lang

if TYPE_CHECKING:
    from store.database import Database
    from supervision.tariff.tables import Taken

MAX_SHOWN = 20
"""Refused rows that are named one by one."""

Post = Annotated[bool, typer.Option("--post", help="Do it; without this only say what would be done.")]
Why = Annotated[str, typer.Option(help="Why: kept with what is done.", show_default=False)]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="A day in China. Default: today.", show_default=False),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="Only this account; may be repeated.", show_default=False),
]
Region = Annotated[str | None, typer.Option(help="Division code: only what lies in it.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
Language = Annotated[Lang | None, typer.Option(help="en or zh.", show_default=False)]


def opened() -> "Database":
    """Open the database of the settings."""
    from pipeline.settings import load_settings
    from store.database import open_database

    return open_database(load_settings().database_url)


def author() -> str:
    """Return who sits at the terminal."""
    from minescope.trail import terminal

    return terminal()


def audited(database: "Database", change: str) -> None:
    """Keep one entry for a change."""
    from store.audit import AuditStore
    from store.audit_chain import Entry

    AuditStore(database).append([Entry(time.time_ns(), author(), "", "", "", change, "", "", 0)])


def taking_of(dry_run: bool, accept_good: bool, confirmed: bool, source: str) -> Any:
    """Return how a file is taken, from now on."""
    from supervision.tariff.tables import Taking

    return Taking(time.time_ns(), author(), dry_run, accept_good, confirmed, source)


def take(file: Path, table: Any, taking: Any, *, dry_run: bool) -> int:
    """Take a file, say what became of it, and return the exit code."""
    from supervision.tariff.tables import take_file

    with opened() as database:
        done: Taken = take_file(database, file, table, taking)
        if done.taken and (done.added or done.changed):
            audited(database, f"tariff {table.value} {file.name}: {done.added} + {done.changed}")
    for notice in done.notices:
        typer.echo(f"minescope: {notice}", err=True)
    for error in done.errors[:MAX_SHOWN]:
        typer.echo(f"minescope: refused: {error}", err=True)
    if len(done.errors) > MAX_SHOWN:
        typer.echo(f"minescope: {len(done.errors) - MAX_SHOWN:,} more reasons", err=True)
    typer.echo(
        f"minescope: {file.name}: {done.rows:,} rows, {done.refused:,} refused, {done.added:,} added, "
        f"{done.changed:,} changed, {done.unchanged:,} unchanged"
    )
    if done.taken:
        return EXIT_NOTHING
    typer.echo("minescope: nothing taken" + (": a dry run" if dry_run else ""), err=True)
    return EXIT_USAGE if done.errors else EXIT_NOTHING


def dry(post: bool) -> str:
    """Return what a dry run is told with."""
    return "" if post else "; a dry run: --post does it"


def as_date(at: datetime | None) -> date | None:
    """Return the day of an option."""
    return None if at is None else at.date()


def today() -> date:
    """Return the day in China, by the door's clock."""
    from supervision.meters.days import day_of

    return day_of(time.time_ns())
