"""`minescope power lines` and `power peers`: plants that deliver less, use that is high for what is made."""

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.power_shared import (
    Json,
    Keep,
    Language,
    accounts,
    days,
    keep,
    rules_of,
    say,
    tongue,
)

if TYPE_CHECKING:
    from supervision.power.output import Enterprise, Use
    from supervision.power.private_line import Load

Plants = Annotated[
    Path,
    typer.Argument(
        help="CSV: plant, date, kwh; resource, held_back, kind, division where known.", show_default=False
    ),
]
Loads = Annotated[
    Path | None,
    typer.Option(
        help="CSV: load, date, kw, division; without it the accounts of the lake and the sites on which "
        "mining was seen.",
        show_default=False,
    ),
]

Begin = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], help="First day of the figures.", show_default=False),
]
End = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="Last day of the figures.", show_default=False),
]


def lines(
    plants: Plants,
    loads: Loads = None,
    store: Keep = False,
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Watch for plants that deliver less, with neither dispatch nor resource to blame, and for the load that
    appears at the same time: a private line past the grid.

    The first 60 days tell what is usual. Exits 0 where no load answers a fall, 1 where one does, 2 where
    something cannot be read.
    """
    from store.power import LINE, Found
    from supervision.power.answers import LINES
    from supervision.power.found import finite, of_fall
    from supervision.power.plant_files import loads as read_loads
    from supervision.power.plant_files import plants as read_plants
    from supervision.power.private_line import watch

    first, told = read_plants(plants)
    count = told[0].delivered.size
    after = first + timedelta(days=count)
    beside = (
        read_loads(loads, first, count)
        if loads is not None
        else [*_of_lake(first, after, {one.place for one in told}), *_of_network(first, count)]
    )
    places = {one.name: one.place for one in told}
    speaks = tongue(lang)
    found: list[Found] = []
    suspected = False
    for one in watch(told, beside, first):
        suspected |= one.suspected
        kept = of_fall(one, places[one.plant])
        found.append(kept)
        word = LINES[kept.level][speaks == "zh"]
        row = {
            "type": "line",
            "plant": one.plant,
            "division": places[one.plant],
            "level": kept.level,
            "level_text": word,
            **{name: value for name, value in kept.record.items() if name != "reasons"},
            "reasons": [],
        }
        load = "" if one.load is None else f"  {one.load} {finite(one.load_kw or 0.0):,} kW"
        say(row, as_json, f"{finite(one.kw):>12,} kW  {one.day}  {one.plant}  {word}{load}")
    print(f"minescope: {len(told):,} plants, {len(beside):,} loads, {len(found):,} falls", file=sys.stderr)
    if store:
        rules = rules_of("supervision.power", "private_line.py")
        settings = {"loads": "lake and network" if loads is None else "file"}
        keep(LINE, (first, after), rules, settings, len(told), found)
    return EXIT_FOUND if suspected else EXIT_NOTHING


def peers(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: uscc, industry (GB/T 4754, e.g. C3216), output_cny, headcount, kwh.",
            show_default=False,
        ),
    ],
    since: Begin = None,
    until: End = None,
    every: Annotated[bool, typer.Option("--all", help="Those beside which nothing is high, too.")] = False,
    store: Keep = False,
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Hold the energy of enterprises for each yuan of output, or each head, against those of their trade.

    With --since and --until the energy that FILE leaves out is that of their accounts in the lake; --store
    needs them. Exits 0 where none is high, 1 where one is, 2 where something cannot be read.
    """
    from facts.errors import UsageError
    from supervision.power.output import beside_peers
    from supervision.power.plant_files import enterprises
    from supervision.power.uses import use_record, use_text

    if (since is None) != (until is None):
        raise UsageError("--since and --until belong together")
    period = None if since is None or until is None else days(since, until)
    if store and period is None:
        raise UsageError("--store: name the days that the figures are of, with --since and --until")
    told = enterprises(file, None if period is None else _energy(*period))
    uses, speaks = beside_peers(told), tongue(lang)
    for one in uses:
        if not one.high and not every:
            continue
        record = use_record(one)
        text = use_text(record, speaks)
        row = {"type": "use", "uscc": one.uscc, **record, "reasons": [], "text": text}
        say(row, as_json, f"{one.deviations:6.1f}  {one.uscc}  {text}")
    high = sum(one.high for one in uses)
    print(f"minescope: {len(told):,} enterprises, {len(uses):,} ratios, {high:,} high", file=sys.stderr)
    if store and period is not None:
        _keep_uses(told, uses, period)
    return EXIT_FOUND if high else EXIT_NOTHING


def _keep_uses(told: "list[Enterprise]", uses: "list[Use]", period: tuple[date, date]) -> None:
    """Keep what was found of enterprises over some days."""
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.power import USE, levels_of
    from supervision.power.places import company_places
    from supervision.power.uses import of_uses

    codes, hours = sorted({one.uscc for one in uses}), (period[1] - period[0]).days * 24
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        before, places = levels_of(connection, USE, codes), company_places(connection, codes)
    kw = {one.uscc: one.kwh / hours for one in told}
    rules = rules_of("supervision.power", "output.py")
    keep(USE, period, rules, {}, len(codes), of_uses(uses, places, kw, before))


def _of_lake(first: date, after: date, places: set[str]) -> "list[Load]":
    """Return the loads of the accounts in the plants' counties, all accounts where a county is unknown."""
    import numpy as np

    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.power.private_line import Load

    own = [one for one in accounts(first, after, None, None) if "" in places or one.division in places]
    series = {one.number: np.full((after - first).days, np.nan) for one in own}
    lake = CurveLake(load_settings().lake)
    for row in lake.energy(sorted(series), first, after).iter_rows(named=True):
        if row["missing"] <= row["bridged"] and row["meters"] >= row["of"]:
            series[row["account"]][(row["day"] - first).days] = row["kwh"] / 24
    return [
        Load(one.number, series[one.number], one.division)
        for one in own
        if np.isfinite(series[one.number]).any()
    ]


def _of_network(first: date, count: int) -> "list[Load]":
    """Return what mines at the sites of the store, since it was seen."""
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from supervision.power.network_loads import network_loads
    from supervision.projects.seen import sightings

    with build_services(load_settings()) as services:
        return network_loads(sightings(services), first, count)


def _energy(first: date, after: date) -> dict[str, float]:
    """Return kWh by credit code, of the accounts that the lake holds."""
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake

    holder = {one.number: one.uscc for one in accounts(first, after, None, None)}
    found: dict[str, float] = {}
    for row in CurveLake(load_settings().lake).energy(sorted(holder), first, after).iter_rows(named=True):
        code = holder[row["account"]]
        found[code] = found.get(code, 0.0) + row["kwh"]
    return found
