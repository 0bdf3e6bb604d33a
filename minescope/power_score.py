"""`minescope power score`: accounts judged by their load curves."""

import os
import sys
from typing import Annotated, Any

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.power_shared import (
    Division,
    Holidays,
    Json,
    Keep,
    Language,
    Outages,
    Since,
    Until,
    Weather,
    accounts,
    days,
    keep,
    say,
    tongue,
)


def score(
    since: Since,
    until: Until,
    division: Division = None,
    account: Annotated[
        list[str] | None, typer.Option(help="These accounts only.", show_default=False)
    ] = None,
    weather: Weather = None,
    outages: Outages = None,
    holidays: Holidays = None,
    base_rate: Annotated[float, typer.Option(help="Part of accounts that mine.")] = 1 / 4_000,
    every: Annotated[bool, typer.Option("--all", help="Those of which nothing was found, too.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, max=64, help="Default: one a processor.", show_default=False)
    ] = None,
    store: Keep = False,
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Score the accounts whose curves are in the lake, the most probable first.

    Exits 0 where none is likely to mine, 1 where one is, 2 where something cannot be read.
    """
    from facts.errors import UsageError
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from store.database import open_database
    from store.power import SCORE, levels_of
    from supervision.power.found import finite, of_scores
    from supervision.power.judging import NOTHING, judged
    from supervision.power.model import shipped
    from supervision.power.reading import groups, unmerged
    from supervision.power.words import level_text

    if not 0 < base_rate < 1:
        raise UsageError(f"--base-rate {base_rate:g}: not between 0 and 1")
    first, after = days(since, until)
    own, model, speaks = accounts(first, after, division, account), shipped(), tongue(lang)
    settings = load_settings()
    lake = CurveLake(settings.lake)
    files = {"weather_file": weather, "outages_file": outages, "holidays_file": holidays}
    before: dict[str, str] = {}
    if store:
        with open_database(settings.database_url) as database, database.reading() as connection:
            before = levels_of(connection, SCORE, [one.number for one in own])
    if loose := unmerged(lake, len(own), first, after):
        why = "lie in files as they came, which are read whole for every group of accounts"
        print(f"minescope: {loose} months {why}: `minescope meters compact` makes it faster", file=sys.stderr)
    found: list[dict[str, Any]] = []
    kept = []
    told_of = 0
    for one in judged(groups(lake, own, first, after, **files), model, base_rate, threads or _processors()):
        told_of += one.level != "unknown"
        if one.level not in NOTHING or (store and one.account.number in before):
            kept.append(one)
        if one.level in NOTHING and not every:
            continue
        row = {
            "type": "power",
            "account": one.account.number,
            "uscc": one.account.uscc,
            "site": one.account.site,
            "division": one.account.division,
            "level": one.level,
            "level_text": level_text(one.level, speaks),
            "probability": finite(one.probability),
            "log_odds": finite(one.log_odds),
            "unusual": finite(one.unusual),
            "kw": finite(one.kw),
            "reasons": [
                {
                    "feature": each.feature,
                    "value": finite(each.value),
                    "log_odds": finite(each.log_odds),
                    "text": each.text(speaks),
                }
                for each in one.reasons
            ],
            "model": model.version,
        }
        found.append(row)
    found.sort(key=lambda row: (-(row["probability"] or 0.0), row["unusual"] or 1.0, row["account"]))
    for row in found:
        say(row, as_json, f"{row['probability'] or 0:8.4f}  {row['account']:<20} {row['level_text']}")
    print(f"minescope: {len(own):,} accounts, {len(found):,} told of", file=sys.stderr)
    if store:
        told = {"base_rate": base_rate, **{name: file is not None for name, file in files.items()}}
        keep(SCORE, (first, after), model.version, told, told_of, of_scores(kept, before))
    return EXIT_FOUND if any(row["level"] == "likely" for row in found) else EXIT_NOTHING


def _processors() -> int:
    return max(1, min(8, len(os.sched_getaffinity(0))))
