"""What the commands of `power` share: options, days, accounts of the registry, lines, results kept."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from registry.power_accounts import PowerAccount
    from store.power import Found

Since = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day, local.", show_default=False)]
Until = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, local.", show_default=False)]
Weather = Annotated[
    Path | None, typer.Option(help="CSV: division, date, celsius (mean of the day).", show_default=False)
]
Outages = Annotated[
    Path | None,
    typer.Option(help="CSV: account (empty for all), from, to: pools or network away.", show_default=False),
]
Holidays = Annotated[Path | None, typer.Option(help="CSV: date.", show_default=False)]
Division = Annotated[str | None, typer.Option(help="Of this division only.", show_default=False)]
Network = Annotated[
    Path | None,
    typer.Argument(
        help="CSV: site, at, kw, low, high; without it the verdicts of the store.", show_default=False
    ),
]
FromDay = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], help="First day, without NETWORK.", show_default=False),
]
ToDay = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, without NETWORK.", show_default=False),
]
More = Annotated[
    Path | None,
    typer.Option(help="CSV, a row a site: what else is known of it (docs/reconcile.md).", show_default=False),
]
Keep = Annotated[bool, typer.Option("--store", help="Keep what is found, for the API, warnings and reports.")]
Json = Annotated[bool, typer.Option("--json", help="One object a line.")]
Language = Annotated[Lang | None, typer.Option(help="en or zh.", show_default=False)]


def tongue(lang: Lang | None) -> Literal["en", "zh"]:
    """Return the language of sentences."""
    return "zh" if chosen(lang) is Lang.ZH else "en"


def days(since: datetime, until: datetime) -> tuple[date, date]:
    """Return the first day and the one after the last. Raises UsageError."""
    from facts.errors import UsageError

    if until < since:
        raise UsageError(f"--until {until:%Y-%m-%d} is before --since {since:%Y-%m-%d}")
    return since.date(), until.date() + timedelta(days=1)


def accounts(
    first: date, after: date, division: str | None, numbers: list[str] | None
) -> "list[PowerAccount]":
    """Return what the registry has of each account on the last day, by number.

    Raises NotHeldError where it has none of a number that is asked for, UsageError for no division.
    """
    from facts.errors import NotHeldError
    from facts.instant import NS
    from minescope.supervising import checked_region
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.power_accounts import read_accounts
    from supervision.power.imports import LOCAL

    last = datetime(after.year, after.month, after.day, tzinfo=LOCAL) - timedelta(hours=12)
    begin = datetime(first.year, first.month, first.day, tzinfo=LOCAL)
    least, most = (int(at.astimezone(UTC).timestamp()) * NS for at in (begin, last))
    held: dict[str, PowerAccount] = {}
    if division is not None:
        checked_region(division, "--division")
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        for one in read_accounts(connection, numbers, division):
            ended = one.valid_to_ns is not None and one.valid_to_ns <= least
            later = held.get(one.number)
            if (
                not ended
                and one.valid_from_ns <= most
                and (later is None or later.valid_from_ns <= one.valid_from_ns)
            ):
                held[one.number] = one
    if lost := sorted(set(numbers or ()) - set(held)):
        raise NotHeldError(f"--account: the registry has no account {', '.join(lost)} then")
    return [held[number] for number in sorted(held)]


def say(row: Mapping[str, Any], as_json: bool, line: str) -> None:
    """Write one finding: as JSON, or a line with its reasons below."""
    if as_json:
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    typer.echo(line)
    for reason in row["reasons"]:
        odds = reason.get("log_odds")
        typer.echo(f"          {'' if odds is None else f'{odds:+6.2f}  '}{reason['text']}")


def rules_of(package: str, *names: str) -> str:
    """Return the beginning of the hash of the files that a judgement is made by."""
    from importlib.resources import files

    digest = hashlib.sha256()
    for name in names:
        digest.update(files(package).joinpath(name).read_bytes())
    return digest.hexdigest()[:12]


def places_of(sites: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the credit code and the division of sites: of their accounts, else of the site itself."""
    from pipeline.settings import load_settings
    from store.database import open_database
    from supervision.power.places import site_places

    with open_database(load_settings().database_url) as database, database.reading() as connection:
        return site_places(connection, set(sites))


def keep(
    kind: str,
    days: tuple[date, date],
    model: str,
    settings: Mapping[str, Any],
    judged: int,
    found: "Iterable[Found]",
) -> int:
    """Keep a run with what it found, and in the audit that it was; return its number."""
    from minescope.trail import terminal
    from pipeline.settings import load_settings
    from store.audit import AuditStore
    from store.audit_chain import Entry
    from store.database import open_database
    from store.power import Run
    from store.power import keep as kept

    first, after = days
    now_ns = time.time_ns()  # a door's clock
    last = after - timedelta(days=1)
    run = Run(kind, first.isoformat(), last.isoformat(), model, settings, judged, now_ns, terminal())
    with open_database(load_settings().database_url) as database:
        with database.writing() as connection:
            number = kept(connection, run, found)
        what = f"{kind} {first} {last}: run {number}, {judged} judged"
        entry = Entry(now_ns, terminal(), "", "", "", "power", what, "administration", 0)
        AuditStore(database).append([entry])
    return number
