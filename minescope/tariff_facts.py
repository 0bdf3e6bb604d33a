"""`minescope tariff` rules, import, readings, propose, mining, decide: the facts that bills rest on."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING
from minescope.language import chosen
from minescope.rows import Rows
from minescope.supervising import Language, checked_region, one_of
from minescope.tariff_shared import (
    Accounts,
    Post,
    Why,
    as_date,
    audited,
    author,
    dry,
    known_accounts,
    opened,
    take,
    taking_of,
)

PERIODS = (("period", "时段"), ("account", "户号"), ("first", "起日"), ("last", "止日"), ("because", "依据"))
"""Titles of proposed mining periods."""


def rules(
    division: Annotated[
        str | None, typer.Argument(help="Division code: the rules that concern it.", show_default=False)
    ] = None,
    set_: Annotated[
        Path | None,
        typer.Option("--set", help="Put this file in the place of your own rules.", show_default=False),
    ] = None,
    enact: Annotated[
        list[str] | None, typer.Option(help="Id of a draft that bills from now on.", show_default=False)
    ] = None,
    why: Why = "",
) -> int:
    """Say which rules are in use, or set your own: a file as docs/tariff.md describes, and enacted drafts.

    Exits 0; 3 where the rules contradict each other, or no reason is given.
    """
    from dataclasses import asdict

    from facts.errors import UsageError
    from store.tariff import StoredRulebook, add_rulebook, read_rulebook
    from supervision.tariff.rows import rulebook_of
    from supervision.tariff.rules import RuleError

    with opened() as database:
        with database.reading() as connection:
            kept = read_rulebook(connection)
        if set_ is not None or enact:
            if not why.strip():
                raise UsageError("--why: say why the rules change")
            text = _read(set_) if set_ is not None else kept.text if kept else ""
            drafts = sorted({*(enact or []), *(kept.enacted if kept else [])})
            kept = StoredRulebook(text, drafts, time.time_ns(), author(), why)
            try:
                rulebook_of(kept)
            except RuleError as error:
                raise UsageError(str(error)) from error
            with database.writing(durable=True) as connection:
                add_rulebook(connection, kept)
            audited(database, f"tariff rules set: {why}")
        if division is not None:
            checked_region(division, "DIVISION")
        book = rulebook_of(kept)
        shown = book.rules if division is None else book.of(division)
        for rule in shown:
            told = {name: value for name, value in asdict(rule).items() if value not in (None, "", ())}
            typer.echo(json.dumps(told | {"bills": book.applies(rule)}, default=str, ensure_ascii=False))
    return EXIT_NOTHING


def import_(
    kind: Annotated[str, typer.Argument(help="readings, mining or notices.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON.", show_default=False)],
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Mining periods are confirmed, not proposed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge every row and change nothing.")] = False,
    accept_good: Annotated[
        bool,
        typer.Option("--accept-good/--all-or-nothing", help="Take good rows although others are refused."),
    ] = False,
    source: Annotated[str, typer.Option(help="Source of rows that name none.", show_default=False)] = "",
) -> int:
    """Take readings (of bills), mining periods or notices to users from a file.

    Exits 0 when it was taken, 2 when it cannot be read, 3 when rows were refused and nothing was taken.
    """
    from facts.errors import UsageError
    from supervision.tariff.tables import Table

    tables = {one.value: one for one in Table if one is not Table.PAYMENTS}
    if kind not in tables:
        raise UsageError(f"KIND: {kind!r} is none of {', '.join(tables)}; `tariff pay` takes payments")
    taking = taking_of(dry_run, accept_good, confirmed, source)
    return take(file, tables[kind], taking, dry_run=dry_run)


def readings(
    month: Annotated[str, typer.Argument(help="YYYY-MM.", show_default=False)],
    account: Accounts = None,
    post: Post = False,
    lang: Language = None,
) -> int:
    """Sum the curves of a month to readings, for accounts with a mining period and no bill of it.

    Exits 0; 1 where an account has gaps or its bill says another energy.
    """
    from facts.errors import UsageError
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from store.database import lock
    from supervision.meters.days import month_first
    from supervision.tariff.book import TOPIC
    from supervision.tariff.metered import keep, summed

    try:
        first = month_first(month)
    except ValueError as error:
        raise UsageError(str(error)) from error
    lake = CurveLake(load_settings().lake)
    with opened() as database:
        with database.writing(durable=True) as connection:
            lock(connection, TOPIC)
            numbers = known_accounts(connection, account)
            found = summed(connection, lake, first, numbers, time.time_ns(), author())
            if post:
                keep(connection, found)
        if post:
            audited(database, f"tariff readings {month}: {len(found.readings)}")
    for reading in found.readings:
        typer.echo(f"{reading.account}: {reading.kwh} kWh")
    for fault in (*found.faults, *found.apart):
        typer.echo(f"minescope: {fault.account}: {fault.why}", err=True)
    speaks = chosen(lang).value
    counts = f"{len(found.readings):,}", f"{found.unchanged:,}"
    text = "{} 条读数，{} 条已有" if speaks == "zh" else "{} readings, {} held"
    typer.echo(f"minescope: {text.format(*counts)}{dry(post, speaks)}", err=True)
    return 1 if found.faults or found.apart else EXIT_NOTHING


def propose(
    post: Post = False,
    with_victims: Annotated[
        bool,
        typer.Option(
            "--with-victims", help="Propose periods from a campaign's victims, too: a person looked at them."
        ),
    ] = False,
    lang: Language = None,
) -> int:
    """Propose mining periods from confirmed hits on lines of an account's enterprise at its site.

    Who is probably the victim of a malware campaign is listed apart, with the reason. Exits 0.
    """
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from store.database import lock
    from store.tariff import add_facts
    from supervision.tariff.book import TOPIC
    from supervision.tariff.periods import propose as proposed
    from supervision.tariff.words import because_text
    from supervision.victims import TITLES, victim_text

    with build_services(load_settings()) as services, services.database.writing(durable=True) as connection:
        lock(connection, TOPIC)
        found = proposed(services, connection, time.time_ns(), author(), with_victims=with_victims)
        if post:
            add_facts(connection, found.periods)
    speaks = chosen(lang).value
    with Rows(PERIODS, speaks, quiet=True) as rows:
        for one in found.periods:
            rows.add([one.period, one.account, one.first_day, one.last_day, because_text(one, speaks)])
    text = "{} 个挖矿时段待确认" if speaks == "zh" else "{} periods proposed"
    with Rows(TITLES, speaks, quiet=True) as rows:
        for hit in found.victims:
            if hit.victim is not None:
                rows.add([hit.address, hit.uscc, hit.site, victim_text(hit.victim, speaks)])
    typer.echo(f"minescope: {text.format(f'{len(found.periods):,}')}{dry(post, speaks)}", err=True)
    return EXIT_NOTHING


def mining(
    state: Annotated[
        str | None, typer.Option(help="proposed, confirmed, rejected or withdrawn.", show_default=False)
    ] = None,
    account: Accounts = None,
) -> int:
    """List mining periods, one JSON object a line. Exits 0; 2 where nobody knows an account."""
    from dataclasses import asdict

    from store.tariff import read_mining
    from supervision.tariff.words import STATES

    if state is not None:
        one_of(state, STATES, "--state")
    with opened() as database, database.reading() as connection:
        for one in read_mining(connection, known_accounts(connection, account)):
            if state is None or one.state == state:
                typer.echo(json.dumps(asdict(one), ensure_ascii=False))
    return EXIT_NOTHING


def decide(
    period: Annotated[str, typer.Argument(help="Id of the period.", show_default=False)],
    state: Annotated[str, typer.Argument(help="confirmed, rejected or withdrawn.", show_default=False)],
    why: Why,
    first: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Another first day.", show_default=False)
    ] = None,
    last: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Another last day.", show_default=False)
    ] = None,
    going_on: Annotated[bool, typer.Option("--going-on", help="It has not stopped.")] = False,
    share: Annotated[
        str | None,
        typer.Option(
            help="Part that mines, e.g. 0.35; refused where the rule charges the whole account.",
            show_default=False,
        ),
    ] = None,
    lang: Language = None,
) -> int:
    """Confirm, reject or withdraw a mining period: only what is confirmed is billed.

    Exits 0; 2 where there is no such period; 3 for wrong usage.
    """
    from facts.errors import NotHeldError, UsageError
    from store.database import lock
    from supervision.refusals import Refused, Unknown
    from supervision.tariff.book import TOPIC
    from supervision.tariff.figures import parse_share
    from supervision.tariff.periods import decide as decided
    from supervision.tariff.words import STATES, word

    try:
        part = None if share is None else parse_share(share)
    except ValueError as error:
        raise UsageError(f"--share: {error}") from error
    speaks, days = chosen(lang).value, (as_date(first), as_date(last))
    with opened() as database:
        try:
            with database.writing(durable=True) as connection:
                lock(connection, TOPIC)
                made = decided(
                    connection, period, state, why, time.time_ns(), author(), *days, going_on, part
                )
        except Unknown as error:
            raise NotHeldError(error.told(speaks)) from error
        except Refused as error:
            raise UsageError(error.told(speaks)) from error
        audited(database, f"tariff decide {period} {state}: {why}")
    until = made.last_day or {"en": "going on", "zh": "仍在进行"}[speaks]
    typer.echo(f"{made.account}: {made.first_day or '?'} .. {until} {word(STATES, made.state, speaks)}")
    return EXIT_NOTHING


def _read(path: Path) -> str:
    """Return a rule file's text. Raises ReadError."""
    from facts.errors import ReadError
    from facts.where import Where

    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ReadError(why, Where(str(path))) from error
