"""`minescope power reconcile`: network against meter, site by site."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.power_shared import (
    FromDay,
    Json,
    Keep,
    Language,
    More,
    Network,
    ToDay,
    accounts,
    days,
    keep,
    places_of,
    rules_of,
    say,
    tongue,
)

DAY = timedelta(days=1)
SHOWN = 10
"""Sites that are named of those left out."""
_LEFT_OUT = (
    "{count} sites with mining are left out: no hour of them was seen for five minutes, or their power is "
    "unknown: {named}",
    "{count} 个存在挖矿的场所未参与比对：没有任何一小时被观测满五分钟，或功率未知：{named}",
)


def reconcile(
    network: Network = None,
    since: FromDay = None,
    until: ToDay = None,
    meters: Annotated[
        Path | None,
        typer.Option(help="CSV: site, at, kw; without it the curves of the lake.", show_default=False),
    ] = None,
    feeders: Annotated[
        Path | None,
        typer.Option(help="CSV: site, at, kw that the feeder has beyond its meters.", show_default=False),
    ] = None,
    more: More = None,
    algorithm: Annotated[
        str | None,
        typer.Option(help="Of the column hashrate in NETWORK: J/TH is held against it.", show_default=False),
    ] = None,
    store: Keep = False,
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Hold the kilowatts that the network tells of against the metered ones, a site and hour.

    Exits 0 where all agree, 1 where one does not, 2 where something cannot be read.
    """
    import numpy as np

    from facts.errors import UsageError
    from pipeline.machine_table import machine_table
    from store.power import RECONCILIATION, Found
    from supervision.power.found import finite, of_reconciled
    from supervision.power.imports import LOCAL
    from supervision.power.places import NOWHERE
    from supervision.reconcile import Finding, band_alarm, place_wrong
    from supervision.reconcile import reconcile as reconciled
    from supervision.reconcile_words import band, finding_text, reason_text
    from supervision.site_files import hourly, more_of_sites, site_hours

    table = machine_table()
    if algorithm is not None and not table.of(algorithm):
        known = ", ".join(sorted({one.algorithm for one in table.machines}))
        raise UsageError(f"--algorithm: {algorithm!r} is none of {known}")
    columns = ("kw", "low", "high", *(("hashrate",) if algorithm else ()))
    known_more: Mapping[str, Mapping[str, float]] = {}
    if network is not None:
        grid, told = hourly(network, columns)
    elif since is None or until is None:
        raise UsageError("without NETWORK the store is asked: name its days with --since and --until")
    else:
        from minescope.power_stored import stored
        from supervision.site_network import grid_of, network_hours

        first, after = days(since, until)
        grid, held = grid_of(first, after), stored(first, after)
        told, known_more = network_hours(held.verdicts, grid, algorithm), held.more
        _left_out(
            [site for site, one in held.verdicts.items() if one.mining and site not in told], tongue(lang)
        )
    speaks = tongue(lang)
    metered = (
        {site: one["kw"] for site, one in hourly(meters, ("kw",), grid)[1].items()}
        if meters is not None
        else _metered(grid, sorted(told))
    )
    lost = (
        {}
        if feeders is None
        else {site: one["kw"] for site, one in hourly(feeders, ("kw",), grid)[1].items()}
    )
    extra = {**known_more, **({} if more is None else more_of_sites(more))}
    nothing = np.full(grid.hours, np.nan)
    sites = [
        site_hours(site, grid, told[site], metered.get(site, nothing), extra.get(site, {}), lost.get(site))
        for site in sorted(told)
    ]
    year = grid.first.year - 1970 + (grid.first.month - 1) / 12
    least_most = band(table, algorithm, year) if algorithm else None
    apart = False
    found: list[Found] = []
    places = places_of(told) if store else {}
    first_hour = grid.first.isoformat().replace("+00:00", "Z")
    for one in place_wrong(sites, [reconciled(site) for site in sites]):
        alarm = None if least_most is None else band_alarm(one.joules_per_th, least_most)
        grounds = (*one.reasons, *(() if alarm is None else (alarm,)))
        apart |= one.finding not in (Finding.AGREE, Finding.UNKNOWN) or alarm is not None
        row = {
            "type": "reconciled",
            "site": one.site,
            "finding": one.finding.value,
            "finding_text": finding_text(one.finding, speaks),
            "hours": one.hours,
            "network_kw": dict(zip(("value", "low", "high"), map(finite, one.network_kw), strict=True)),
            "metered_kw": finite(one.metered_kw),
            "ratio": finite(one.ratio),
            "follows": {"part": finite(one.follows.part), "error": finite(one.follows.error)},
            "joules_per_th": None if one.joules_per_th is None else [finite(x) for x in one.joules_per_th],
            "alarm": None if alarm is None else alarm.kind,
            "better_site": one.better_site,
            "hours_inside": {
                name: int((one.inside == code).sum())
                for name, code in (("inside", 0), ("above", 1), ("below", -1), ("unknown", -2))
            },
            "first_hour": first_hour,
            "reasons": [{"kind": each.kind, "text": reason_text(each, speaks)} for each in grounds],
        }
        say(row, as_json, f"{one.site:<24} {row['finding_text']}")
        if store:
            found.append(of_reconciled(one, places.get(one.site, NOWHERE), alarm, first_hour))
    if store:
        after_hour = grid.first + timedelta(hours=grid.hours - 1)
        held_days = grid.first.astimezone(LOCAL).date(), after_hour.astimezone(LOCAL).date() + DAY
        rules = rules_of("supervision", "reconcile.py", "reconcile_shape.py")
        keep(RECONCILIATION, held_days, rules, {"algorithm": algorithm}, len(found), found)
    return EXIT_FOUND if apart else EXIT_NOTHING


def _left_out(sites: list[str], lang: str) -> None:
    """Name the sites on which mining was seen and that cannot be held against their meters."""
    if not sites:
        return
    named = ", ".join(sorted(sites)[:SHOWN]) + (" ..." if len(sites) > SHOWN else "")
    typer.echo(f"minescope: {_LEFT_OUT[lang == 'zh'].format(count=f'{len(sites):,}', named=named)}", err=True)


def _metered(grid: Any, sites: list[str]) -> Mapping[str, Any]:
    """Return (hours,) kW a site: the sum of its accounts in the lake, NaN where one of them has a gap."""
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.power.imports import LOCAL
    from supervision.site_files import of_curves

    local = grid.first.astimezone(LOCAL)
    first = local.date()
    after = (grid.first + timedelta(hours=grid.hours)).astimezone(LOCAL).date() + timedelta(days=1)
    begin = datetime(first.year, first.month, first.day, tzinfo=LOCAL)
    own = [one for one in accounts(first, after, None, None) if one.site in set(sites)]
    curves = CurveLake(load_settings().lake).curves([one.number for one in own], first, after)
    made: dict[str, Any] = {}
    for i, one in enumerate(own):
        hours = of_curves(curves[i], begin, grid)
        made[one.site] = hours if one.site not in made else made[one.site] + hours
    return made
