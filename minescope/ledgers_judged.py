"""`minescope ledgers` support, trace, alarms: what the ledgers come to on a day."""

from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING
from minescope.ledgers_shared import (
    AsJson,
    AsOf,
    Code,
    Purpose,
    Tongue,
    book_of,
    day_of,
    keep,
    line,
    opened,
    speech,
)
from minescope.rows import Rows

SUPPORT = (
    ("id", "编号"), ("enterprise", "企业"), ("kind", "种类"), ("state", "状态"), ("amount", "金额(元)"),
    ("recovered", "已收回(元)"), ("outstanding", "余额(元)"), ("overdue", "逾期(元)"), ("days", "逾期天数"),
)  # fmt: skip
ALARMS = (("severity", "级别"), ("since", "日期"), ("because", "内容"))
"""Titles of support and of alarms."""
TOTAL = {
    "en": "{as_of}: {count:,} in all, {amount} CNY given, {outstanding} outstanding, {overdue} overdue",
    "zh": "{as_of}：共 {count:,} 项，发放 {amount} 元，余额 {outstanding} 元，逾期 {overdue} 元",
}


def support(
    as_of: AsOf = None, uscc: Code = None, as_json: AsJson = False, lang: Tongue = None, purpose: Purpose = ""
) -> int:
    """Show loans, guarantees, securities, subsidies and benefits as they stand on a day.

    Exits 0, 2 when the database cannot be read, 3 for wrong usage.
    """
    from supervision.ledgers.answers import support_json, totals_json
    from supervision.ledgers.standings import of_support_on
    from supervision.ledgers.support import totals

    language = speech(lang)
    with book_of(as_of, purpose, "showSupport", uscc) as held:
        found = [one for one in of_support_on(held) if uscc in (None, one.support.uscc)]
        sums = {"as_of": held.day.isoformat(), **totals_json(totals(found))}
        with Rows(SUPPORT, language, quiet=as_json) as rows:
            for one in found:
                told = support_json(one, held.day, held.names, language)
                if as_json:
                    line(told)
                    continue
                late = (told["overdue"], told["overdue_days"]) if one.overdue else (None, None)
                rows.add([
                    told["id"], told["name"] or told["uscc"], told["kind_says"], told["says"], told["amount"],
                    told["recovered"], told["outstanding"], *late,
                ])  # fmt: skip
    if as_json:
        line({"type": "total", **sums})
    else:
        typer.echo(f"minescope: {TOTAL[language].format(**sums)}")
    return EXIT_NOTHING


def trace(
    wallet: Annotated[
        str | None, typer.Option(help="Flows that begin at this wallet.", show_default=False)
    ] = None,
    uscc: Code = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
    lang: Tongue = None,
    purpose: Purpose = "",
) -> int:
    """Follow money from a payout address to accounts, or to the accounts of an enterprise.

    Exits 0, 2 when the database cannot be read or no flow begins there, 3 for wrong usage.
    """
    from facts.errors import NotHeldError, UsageError
    from store.clusters import ClusterStore
    from supervision.ledgers.answers import Nothing, chain_json
    from supervision.ledgers.flows import Flows
    from supervision.ledgers.gather import read_book
    from supervision.ledgers.model import NodeKind

    language = speech(lang)
    if (wallet is None) == (uscc is None):
        raise UsageError("one of --wallet and --uscc says where the money is followed from")
    with opened() as database:
        keep(database, purpose, "traceFlows", wallet or uscc or "")
        held = read_book(database, day_of(as_of))
        graph = Flows(held.flows)
        if wallet is not None and wallet not in graph.wallets():
            raise NotHeldError(f"no money flow begins at wallet {wallet}")
        if uscc is not None:
            chains = graph.reaching(uscc)
        else:
            chains = list(graph.onward((NodeKind.WALLET, wallet or "")))
        for chain in chains:
            clusters = ClusterStore(database).ids_naming(chain.begin[1])
            told = chain_json(chain, held.names, Nothing(), language, clusters)
            if as_json:
                line(told)
                continue
            typer.echo(" -> ".join([_end(told["from"]), *(_end(step["to"]) for step in told["steps"])]))
            for step in told["steps"]:
                where = step["institution_says"] or step["institution"] or ""
                typer.echo(f"    {_end(step['to'])} {where} | {step['authority']} | {step['document']}")
    return EXIT_NOTHING


def alarms(
    as_of: AsOf = None, uscc: Code = None, as_json: AsJson = False, lang: Tongue = None, purpose: Purpose = ""
) -> int:
    """Show what wants somebody to act: new support after the listing, what is overdue, who still trades.

    Who trades is judged by the latest `minescope screen run --store`.

    Exits 0, 2 when the database cannot be read, 3 for wrong usage.
    """
    from store.ledgers_screening import ScreeningStore
    from supervision.ledgers.answers import alarm_json
    from supervision.ledgers.gather import read_book, rulebook_in_use
    from supervision.ledgers.standings import alarms_on, traded_again
    from supervision.projects.words import said
    from supervision.warnings.words import SEVERITIES

    language = speech(lang)
    with opened() as database:
        keep(database, purpose, "showAlarms", uscc or "")
        store = ScreeningStore(database)
        latest = store.latest()
        kept = [] if latest is None else store.findings(latest.id)
        held = read_book(database, day_of(as_of))
        traded = traded_again(kept, held, rulebook_in_use(database))
    found = alarms_on(held, traded)
    with Rows(ALARMS, language, quiet=as_json) as rows:
        for one in found:
            if uscc not in (None, one.uscc):
                continue
            told = alarm_json(one, language)
            if as_json:
                line(told)
            else:
                severity = said(SEVERITIES, told["severity"], language)
                rows.add([severity, told["on"], told["because"]])
    return EXIT_NOTHING


def _end(end: dict[str, str]) -> str:
    return f"{end['kind']}:{end['id']}"
