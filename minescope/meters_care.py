"""`minescope meters imports|withdraw|compact|purge`: what the lake of curves was told, and its care."""

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_NOTHING

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def imports() -> int:
    """List what was imported and withdrawn, the earliest known first. Exits 0."""
    from facts.instant import rfc3339
    from store.curve_care import imports as listed

    found = listed(_lake())
    gone = {one.withdraws for one in found}
    for one in found:
        word = f"withdraws {one.withdraws}" if one.withdraws else "withdrawn" if one.batch in gone else ""
        months = one.months[0] if len(one.months) == 1 else f"{one.months[0]}..{one.months[-1]}"
        typer.echo("\t".join((one.batch, rfc3339(one.known_ns), months, one.source, word)))
    return EXIT_NOTHING


def withdraw(
    batch: Annotated[str, typer.Argument(help="Name of an import: `meters imports`.", show_default=False)],
    why: Annotated[str, typer.Option(help="Why: kept with it, and in the audit.", show_default=False)],
) -> int:
    """Take a wrong import back: its days say again what stood before, or that nothing is known.

    Nothing is deleted: as known before, the import still says what it said. Days that a later import
    completed or corrected must be freed of that one first.

    Exits 0, 2 where the lake cannot be read, 3 where there is nothing to withdraw.
    """
    from facts.errors import UsageError
    from store.curve_care import withdraw as taken_back

    if not why.strip():
        raise UsageError("--why: say why")
    done = taken_back(_lake(), batch, time.time_ns(), why.strip())  # a door's clock
    _audit("meters withdraw", f"{batch}: {why.strip()}")
    typer.echo(
        f"minescope: {batch} withdrawn by {done.batch}: {done.restored:,} days say again what they said "
        f"before, of {done.gone:,} nothing is known"
    )
    return EXIT_NOTHING


def compact() -> int:
    """Merge the files of each month into one, by account: years are scored faster so.

    Others may read and write meanwhile. What is merged is removed when this is called next.
    Exits 0, or 2 where somebody else is at it or a file is damaged.
    """
    from store.curve_care import compact as merged

    done = merged(_lake())
    typer.echo(
        f"minescope: {done.files:,} files merged into {done.made:,}, {done.removed:,} merged before removed"
    )
    return EXIT_NOTHING


def purge(
    before: Annotated[
        str, typer.Option(help="The first month that stays, e.g. 2024-01.", show_default=False)
    ],
) -> int:
    """Remove whole months: what retention no longer allows. Exits 0, or 2 where somebody else is at it."""
    from facts.errors import UsageError
    from store.curve_care import purge as purged

    if not _MONTH.fullmatch(before):
        raise UsageError(f"--before: {before!r} is no month such as 2024-01")
    count, size = purged(_lake(), before)
    _audit("meters purge", f"before {before}: {count} files")
    typer.echo(f"minescope: {count:,} files removed, {size / 1e6:,.1f} MB")
    return EXIT_NOTHING


def _lake() -> "CurveLake":
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake

    return CurveLake(load_settings().lake)


def _audit(action: str, what: str) -> None:
    from minescope.trail import terminal
    from pipeline.settings import load_settings
    from store.audit import AuditStore
    from store.audit_chain import Entry
    from store.database import open_database

    with open_database(load_settings().database_url) as database:
        entry = Entry(time.time_ns(), terminal(), "", "", "", action, what[:2000], "administration", 0)
        AuditStore(database).append([entry])
