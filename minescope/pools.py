"""`minescope pools`: the list of pool hosts, and the operator's own allow and deny lists."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING, EXIT_USAGE
from minescope.refused_rows import MAX_SHOWN, named

if TYPE_CHECKING:
    from store.database import Database


pools = typer.Typer(
    name="pools",
    no_args_is_help=True,
    help="The list of pool hosts, and the operator's own lists: who is allowed, who is denied.",
)
allow = typer.Typer(name="allow", no_args_is_help=True, help="What is shown cleared, whatever was read.")
deny = typer.Typer(name="deny", no_args_is_help=True, help="What is shown as mining, whatever was read.")
pools.add_typer(allow)
pools.add_typer(deny)

AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
Subject = Annotated[
    str,
    typer.Argument(
        help="An address, a prefix such as 203.0.113.0/24, or a host name with all below it.",
        show_default=False,
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", help="Why: it is shown with every verdict.", show_default=False)
]


@pools.command()
def update(
    file: Annotated[
        Path,
        typer.Argument(
            help="List of pool hosts: CSV with a header, text with a host a line, or JSON.",
            show_default=False,
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row and say what would change; change nothing.")
    ] = False,
    accept_good: Annotated[
        bool, typer.Option("--accept-good", help="Take the good rows although others are refused.")
    ] = False,
    day: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="Day on which the list was seen, e.g. 2026-03-01. Default: today.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Add pool hosts from a local FILE to the list in the home folder; the shipped list stays as it is.

    Every refused row is named with its number and reason. Unless --accept-good is given, one refused row
    keeps the whole list out. A host that was known keeps its first day and gets the new last one.
    docs/protocols/pool-names.md tells the forms.

    Exits 0 when the list was taken (or is sound, with --dry-run), 2 when FILE cannot be read, 3 when rows
    were refused and nothing was taken.
    """
    from classifier.pool_lists import is_day
    from facts.errors import UsageError
    from pipeline.pool_list import keep, read_file, updated

    if day is not None and not is_day(day):
        raise UsageError(f"--day: {day} is not a day such as 2026-03-01")
    today = datetime.fromtimestamp(time.time_ns() // 10**9, UTC).date().isoformat()  # a door's clock
    rows, errors = read_file(file, day or today)
    named(errors[:MAX_SHOWN])
    if len(errors) > MAX_SHOWN:
        typer.echo(f"minescope: {len(errors) - MAX_SHOWN:,} more rows refused", err=True)
    if errors and not accept_good:
        typer.echo(
            f"minescope: {len(errors):,} of {len(rows) + len(errors):,} rows refused; nothing taken", err=True
        )
        return EXIT_USAGE
    merged = updated(rows)
    counts = f"{merged.added:,} hosts added, {merged.seen_again:,} seen again, {len(merged.rows):,} held"
    if dry_run:
        typer.echo(f"minescope: sound: {counts} if it were taken")
    else:
        typer.echo(f"minescope: {counts} in {keep(merged)}")
    return EXIT_NOTHING


@pools.command("list")
def list_hosts(
    added: Annotated[
        bool, typer.Option("--added", help="Only what `pools update` added, not what is shipped.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Write the list in force as CSV (or JSON): source, first and last day, kind and the rest."""
    from classifier.pool_lists import write_csv
    from classifier.poolnames import COLUMNS, shipped_rows
    from pipeline.pool_list import own_rows

    rows: Sequence[Sequence[str]] = sorted([*([] if added else shipped_rows()), *own_rows()])
    if as_json:
        _write(dict(zip(COLUMNS, row, strict=True)) for row in rows)
    else:
        typer.echo(write_csv(rows), nl=False)
    return EXIT_NOTHING


@pools.command()
def show(
    name: Annotated[str, typer.Argument(help="A host name.", show_default=False)],
    as_json: AsJson = False,
) -> int:
    """Say what is known of a host NAME: whether it is a pool's, whose, since when, and the operator's word.

    Exits 0 in any case: a name is no proof of mining.
    """
    from classifier.poolnames import COLUMNS, shipped_rows
    from pipeline.pool_list import operator_lists, own_rows, pool_names

    asked = name.strip().lower().removesuffix(".")
    found = pool_names().match(asked, time.time_ns())  # a door's clock: is it listed today?
    entry = operator_lists().of_name(asked)
    listed = found.listed if found else asked
    rows = [
        dict(zip(COLUMNS, row, strict=True)) for row in (*shipped_rows(), *own_rows()) if row[0] == listed
    ]
    told: dict[str, Any] = {
        "name": asked,
        "likeness": found.likeness.value if found else None,
        "listed": found.listed if found else None,
        "operator": found.operator if found else None,
        "rows": rows,
        "list": entry.list.value if entry else None,
        "reason": entry.reason if entry else None,
    }
    if as_json:
        _write([told])
        return EXIT_NOTHING
    if found is None:
        typer.echo(f"{asked}: not listed")
    else:
        typer.echo(f"{asked}: {found.likeness.value} of {found.operator or 'an unnamed operator'}")
    for row in rows:
        cells = (f"{column}={row[column]}" for column in COLUMNS if row[column])
        typer.echo("  " + " ".join(cells))
    if entry is not None:
        typer.echo(f"  {entry.list.value}: {entry.text}: {entry.reason}")
    return EXIT_NOTHING


@allow.command("add")
def allow_add(subject: Subject, reason: Reason) -> int:
    """Show verdicts on SUBJECT as cleared from now on; the verdicts as they were judged are kept."""
    return _add("allow", subject, reason)


@allow.command("remove")
def allow_remove(subject: Subject) -> int:
    """Take SUBJECT off the allow list: its verdicts are shown as they were judged again."""
    return _remove("allow", subject)


@allow.command("list")
def allow_list(as_json: AsJson = False) -> int:
    """Show the allow list."""
    return _list("allow", as_json)


@deny.command("add")
def deny_add(subject: Subject, reason: Reason) -> int:
    """Show verdicts on SUBJECT as likely mining, at least; the verdicts as they were judged are kept."""
    return _add("deny", subject, reason)


@deny.command("remove")
def deny_remove(subject: Subject) -> int:
    """Take SUBJECT off the deny list: its verdicts are shown as they were judged again."""
    return _remove("deny", subject)


@deny.command("list")
def deny_list(as_json: AsJson = False) -> int:
    """Show the deny list."""
    return _list("deny", as_json)


def _add(which: str, subject: str, reason: str) -> int:
    from classifier.operator_lists import Entry, ListName, read_subject
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.operator_lists import OperatorListStore

    # a door's clock: when the operator said so
    entry = Entry(ListName(which), read_subject(subject), reason, time.time_ns())
    with open_database(load_settings().database_url) as database:
        old = OperatorListStore(database).add(entry)
        _audited(database, f"pools {which} add {entry.text}: {entry.reason}")
    instead = f", in the place of {old.list.value}: {old.reason}" if old else ""
    typer.echo(f"minescope: {which}: {entry.text}{instead}")
    return EXIT_NOTHING


def _remove(which: str, subject: str) -> int:
    from classifier.operator_lists import ListName
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.operator_lists import OperatorListStore

    with open_database(load_settings().database_url) as database:
        there = OperatorListStore(database).remove(ListName(which), subject)
        if there:
            _audited(database, f"pools {which} remove {subject}")
    if not there:
        typer.echo(f"minescope: {subject} is not on the list {which}", err=True)
        return EXIT_USAGE
    typer.echo(f"minescope: {subject} is off the list {which}")
    return EXIT_NOTHING


def _audited(database: "Database", change: str) -> None:
    from minescope.trail import terminal
    from store.audit import AuditStore
    from store.audit_chain import Entry

    entry = Entry(time.time_ns(), terminal(), "", "", "", "pools", change, "administration", 0)
    AuditStore(database).append([entry])


def _list(which: str, as_json: bool) -> int:
    from facts.instant import rfc3339
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.operator_lists import OperatorListStore

    with open_database(load_settings().database_url) as database:
        entries = [one for one in OperatorListStore(database).entries() if one.list == which]
    if as_json:
        _write(
            {"list": which, "entry": one.text, "reason": one.reason, "added": rfc3339(one.added_ns)}
            for one in entries
        )
    else:
        for one in entries:
            typer.echo(f"{one.text}\t{rfc3339(one.added_ns)}\t{one.reason}")
    return EXIT_NOTHING


def _write(objects: Iterable[Mapping[str, Any]]) -> None:
    for one in objects:
        typer.echo(json.dumps(one, ensure_ascii=False, separators=(",", ":")))
