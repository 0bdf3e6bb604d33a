"""`minescope tariff bill`: what the facts of today come to, said or added to the book."""

import json
import time
from typing import TYPE_CHECKING

import typer

from minescope.exits import EXIT_NOTHING
from minescope.language import chosen
from minescope.rows import Rows
from minescope.supervising import AsJson, Language
from minescope.tariff_shared import (
    Accounts,
    Day,
    Post,
    Region,
    Why,
    as_date,
    audited,
    author,
    division_of,
    dry,
    known_accounts,
    opened,
    today,
)

if TYPE_CHECKING:
    from supervision.tariff.book import Plan

TITLES = (
    ("kind", "类别"), ("account", "户号"), ("month", "电费月份"), ("first", "起日"), ("last", "止日"),
    ("kWh", "电量(kWh)"), ("CNY/kWh", "加价(元/kWh)"), ("CNY", "金额(元)"), ("rule", "依据"),
)  # fmt: skip
_LEFT = ("{account}: {first} .. {last} not billed: {why}", "{account}：{first} 至 {last} 未计：{why}")
_UNREAD = ("{account}: no reading from {first} to {last}", "{account}：{first} 至 {last} 无电量读数")
_GONE = (
    "{account}: the curves of {month} were withdrawn or have gaps by now: its reading counts no more",
    "{account}：{month} 的曲线已撤回或存在缺口，相应电量读数不再计入",
)
_ANEW = (
    "{account}: the curves of {month} say {kwh} kWh by now",
    "{account}：{month} 的曲线现为 {kwh} 千瓦时",
)
_SUM = ("{accounts} accounts, {entries} entries, {amount} CNY", "{accounts} 户，{entries} 笔，{amount} 元")


def bill(
    as_of: Day = None,
    account: Accounts = None,
    region: Region = None,
    why: Why = "",
    post: Post = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> int:
    """Bill what the facts of today come to; what they make wrong in the book is reversed and charged anew.

    A run that reverses says --why. Exits 0; 1 where days could not be billed: each with its reason; 2 where
    nobody knows an account; 3 for wrong usage.
    """
    from facts.errors import UsageError
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.refusals import Refused
    from supervision.tariff.book import Run, plan
    from supervision.tariff.book import post as posted

    now, speaks, division = today(), chosen(lang).value, division_of(region)
    lake = CurveLake(load_settings().lake)
    with opened() as database:
        with database.reading() as connection:
            numbers = known_accounts(connection, account)
        run = Run(as_date(as_of) or now, now, numbers, division, why)
        if post:
            try:
                found = posted(database, run, time.time_ns(), author(), lake)
            except Refused as error:
                raise UsageError(error.told(speaks)) from error
            if found.entries or found.recounted:
                audited(database, f"tariff bill: {len(found.entries)} entries, {found.amount} CNY")
        else:
            with database.reading() as connection:
                found = plan(connection, run, lake, time.time_ns(), author())
    _entries(found, speaks, as_json=as_json)
    whole = _left_out(found, speaks)
    counts = {"accounts": f"{found.accounts:,}", "entries": f"{len(found.entries):,}"}
    text = _SUM[speaks == "zh"].format(**counts, amount=f"{found.amount:,}")
    typer.echo(f"minescope: {text}{dry(post, speaks)}", err=True)
    return EXIT_NOTHING if whole else 1


def _entries(found: "Plan", lang: str, *, as_json: bool) -> None:
    from supervision.tariff.rows import line_told
    from supervision.tariff.words import KINDS, word

    with Rows(TITLES, lang, quiet=True) as rows:
        for entry in found.entries:
            line = entry.line
            if as_json:
                told = {"kind": entry.kind, "account": entry.account, "month": entry.month, **line_told(line)}
                typer.echo(json.dumps(told, ensure_ascii=False))
                continue
            rows.add([
                word(KINDS, entry.kind, lang), entry.account, entry.month, line.first, line.last,
                f"{line.kwh:,}", line.rate, f"{line.amount:,}", line.rule,
            ])  # fmt: skip


def _left_out(found: "Plan", lang: str) -> bool:
    """Say what could not be billed and why; return whether nothing was left out."""
    from supervision.tariff.words import REASONS, word

    zh, whole = lang == "zh", True
    for one in found.bills:
        for refusal in one.refusals:
            why = word(REASONS, refusal.reason, lang) + (f" ({refusal.rule})" if refusal.rule else "")
            text = _LEFT[zh].format(account=one.account, first=refusal.first, last=refusal.last, why=why)
            typer.echo(f"minescope: {text}", err=True)
            whole = False
    for reading in found.recounted:
        told = (_GONE if reading.kwh is None else _ANEW)[zh]
        month = reading.first_day[:7]
        typer.echo(
            f"minescope: {told.format(account=reading.account, month=month, kwh=reading.kwh)}", err=True
        )
        whole = whole and reading.kwh is not None
    for number, first, last in found.unmetered:
        typer.echo(f"minescope: {_UNREAD[zh].format(account=number, first=first, last=last)}", err=True)
        whole = False
    for fault in found.faults:
        typer.echo(f"minescope: {fault.account}: {fault.why}", err=True)
        whole = False
    return whole
