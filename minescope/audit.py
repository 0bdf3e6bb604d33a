"""`minescope audit`: is the audit whole, where does it end, and what may be deleted."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING

if TYPE_CHECKING:
    from store.audit_chain import Head

DAY_NS = 86_400_000_000_000

audit = typer.Typer(
    name="audit",
    no_args_is_help=True,
    help="The audit of every look-up: append-only, hash-chained, kept for 184 days at least.",
)


@audit.command()
def verify(
    head: Annotated[
        Path | None,
        typer.Option(
            help="Head that `audit head` printed before; shows a tail that was cut off.", show_default=False
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(help="Verify this archive or export instead of the database.", show_default=False),
    ] = None,
) -> int:
    """Follow the chain from its beginning, and name the first entry that was changed, deleted or inserted.

    **Exit codes**: 0 it holds; 1 it does not; 2 it cannot be read; 3 wrong usage.
    """
    from pipeline.settings import load_settings
    from store.audit import AuditStore, read_archive
    from store.database import open_database

    if archive is not None:
        walk = read_archive(archive)
        entries, end, broken = walk.entries, walk.head, walk.found
    else:
        expected = None if head is None else _read_head(head)
        with open_database(load_settings().database_url) as database:
            report = AuditStore(database).verify(expected)
        entries, end, broken = report.entries, report.head, report.broken
    if broken is not None:
        typer.echo(
            f"minescope: entry {broken.seq}: {broken.why} ({entries:,} entries before it hold)", err=True
        )
        return EXIT_FOUND
    typer.echo(f"minescope: {entries:,} entries hold; the last one is {end.seq}, {end.digest.hex()}")
    return EXIT_NOTHING


@audit.command()
def head() -> int:
    """Print the end of the chain as JSON. Keep it elsewhere, at best every day: see `audit verify --head`."""
    from facts.instant import rfc3339
    from pipeline.settings import load_settings
    from store.audit import AuditStore
    from store.database import open_database

    with open_database(load_settings().database_url) as database:
        end = AuditStore(database).head()
    typer.echo(json.dumps({"seq": end.seq, "digest": end.digest.hex(), "at": rfc3339(time.time_ns())}))
    return EXIT_NOTHING


@audit.command()
def export() -> int:
    """Write every entry held as one JSON object a line; `audit verify --archive` reads them."""
    from pipeline.settings import load_settings
    from store.audit import AuditStore
    from store.database import open_database

    with open_database(load_settings().database_url) as database:
        for told in AuditStore(database).export():
            sys.stdout.write(json.dumps(told) + "\n")
    return EXIT_NOTHING


@audit.command()
def purge(
    archive: Annotated[
        Path | None,
        typer.Option(help="New file that takes the entries older than --days (gzip).", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(min=184, help="Days for which entries stay in the database.")] = 184,
    packet_days: Annotated[
        int | None,
        typer.Option(min=0, help="Delete evidence packets kept for more days than this.", show_default=False),
    ] = None,
) -> int:
    """Delete what is kept too long, and prove it.

    Entries of the audit go into a file first, with their hashes; the file is read again and verified, and
    only then are they deleted; the rest is verified behind it. Evidence packets are counted anew.

    **Exit codes**: 0 done; 2 a file or the database cannot be read or the chain does not hold, and nothing
    was deleted; 3 wrong usage.
    """
    from facts.errors import StoreError, UsageError
    from facts.instant import rfc3339
    from pipeline.settings import load_settings
    from store.audit import AuditStore
    from store.database import open_database
    from store.packets import PacketStore

    if archive is None and packet_days is None:
        raise UsageError("nothing to purge: name --archive FILE, --packet-days N, or both")
    now = time.time_ns()
    with open_database(load_settings().database_url) as database:
        if packet_days is not None:
            done = PacketStore(database).purge(now - packet_days * DAY_NS)
            oldest = "none" if done.oldest_ns is None else rfc3339(done.oldest_ns)
            typer.echo(
                f"minescope: {done.deleted:,} packets deleted; {done.left:,} are held, {done.overdue:,} of "
                f"them overdue; the oldest was kept {oldest}"
            )
            if done.overdue:
                raise StoreError(f"{done.overdue} packets that should have gone are still held")
        if archive is not None:
            gone = AuditStore(database).archive(now - days * DAY_NS, now, archive)
            if gone is None:
                typer.echo(f"minescope: no entry is older than {days} days")
                return EXIT_NOTHING
            if gone.left.broken is not None:
                raise StoreError(f"entry {gone.left.broken.seq}: {gone.left.broken.why}")
            typer.echo(
                f"minescope: entries {gone.first_seq} to {gone.last_seq} are in {archive}, SHA-256 "
                f"{gone.sha256}, verified before deletion; the {gone.left.entries:,} entries left hold"
            )
    return EXIT_NOTHING


def _read_head(path: Path) -> "Head":
    from facts.errors import UsageError
    from store.audit_chain import Head

    try:
        told = json.loads(path.read_text("utf-8"))
        return Head(int(told["seq"]), bytes.fromhex(told["digest"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a head that `minescope audit head` printed: {error}") from error
