"""What the commands of `minescope tariff` share: options, the database, the audit, taking a file."""

import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.refused_rows import became, refusing

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.database import Database

Post = Annotated[bool, typer.Option("--post", help="Do it; without this only say what would be done.")]
Why = Annotated[str, typer.Option(help="Why: kept with what is done.", show_default=False)]
Day = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", "--on", formats=["%Y-%m-%d"], help="A day in China. Default: today.", show_default=False
    ),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="Only this account; may be repeated.", show_default=False),
]
Region = Annotated[str | None, typer.Option(help="Division code: only what lies in it.", show_default=False)]


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

    return Taking(accept_good, dry_run, False, source, time.time_ns(), author(), confirmed)


def division_of(region: str | None) -> str | None:
    """Return the division that is asked of. Raises UsageError for what is none."""
    from minescope.supervising import COUNTRY, checked_region

    code = COUNTRY if region is None else checked_region(region)
    return None if code == COUNTRY else code


def known_accounts(connection: "Connection", numbers: list[str] | None) -> tuple[str, ...] | None:
    """Return numbers of accounts that the registry or the book has. Raises NotHeldError for another one."""
    from facts.errors import NotHeldError
    from store.power_accounts import read_accounts
    from store.tariff import read_mining
    from store.tariff_money import read_entries

    if not numbers:
        return None
    held = {one.number for one in read_accounts(connection, numbers)}
    held |= {one.account for one in read_mining(connection, numbers)}
    held |= {one.account for one in read_entries(connection, numbers)}
    if lost := [number for number in dict.fromkeys(numbers) if number not in held]:
        raise NotHeldError(f"--account: nobody knows an account {', '.join(lost)}")
    return tuple(numbers)


def take(file: Path, table: Any, taking: Any, *, dry_run: bool) -> int:
    """Take a file, say what became of it, and return the exit code."""
    from supervision.tariff.tables import take_file

    with opened() as database, refusing(None) as (refuse, refused):
        done = take_file(database, file, table, taking, refuse)
        did = done.files[0].changes
        if done.taken and (did.added or did.changed):
            audited(database, f"tariff {table.value} {file.name}: {did.added} + {did.changed}")
    return became(done, refused.count, None, dry_run=dry_run)


def dry(post: bool, lang: str = "en") -> str:
    """Return what a dry run is told with."""
    if post:
        return ""
    return "；试算，加 --post 才执行" if lang == "zh" else "; a dry run: --post does it"


def as_date(at: datetime | None) -> date | None:
    """Return the day of an option."""
    return None if at is None else at.date()


def today() -> date:
    """Return the day in China, by the door's clock."""
    from supervision.meters.days import day_of

    return day_of(time.time_ns())
