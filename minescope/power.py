"""`minescope power`: loads judged by their curves, network and meter reconciled, farms told from data
centres."""

import json
import math
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from facts.site import NetworkSide
    from registry.power_accounts import PowerAccount

power = typer.Typer(
    name="power",
    no_args_is_help=True,
    help="Judge loads: which meters feed mining, whether network and meter agree, farm or data centre.",
)

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
Json = Annotated[bool, typer.Option("--json", help="One object a line.")]
Language = Annotated[Lang | None, typer.Option(help="en or zh.", show_default=False)]


@power.command()
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
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Score the accounts whose curves are in the lake, the most probable first.

    Exits 0 where none is likely to mine, 1 where one is, 2 where something cannot be read.
    """
    from facts.errors import UsageError
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.power.features import features
    from supervision.power.model import score as scored
    from supervision.power.model import shipped
    from supervision.power.reading import groups
    from supervision.power.words import level_text, reasons

    if not 0 < base_rate < 1:
        raise UsageError(f"--base-rate {base_rate:g}: not between 0 and 1")
    first, after = _days(since, until)
    accounts, model, speaks = _accounts(first, after, division, account), shipped(), _tongue(lang)
    lake = CurveLake(load_settings().lake)
    found: list[dict[str, Any]] = []
    files = {"weather_file": weather, "outages_file": outages, "holidays_file": holidays}
    for some, curves in groups(lake, accounts, first, after, **files):
        rows = features(curves)
        judged = scored(rows, model, base_rate)
        for i, one in enumerate(some):
            level = judged.level(i)
            if level in ("none", "unknown") and not every:
                continue
            told = reasons(rows[i], judged.parts[i]) if level != "unknown" else ()
            found.append(
                {
                    "type": "power",
                    "account": one.number,
                    "uscc": one.uscc,
                    "site": one.site,
                    "division": one.division,
                    "level": level,
                    "level_text": level_text(level, speaks),
                    "probability": _finite(judged.probability[i]),
                    "log_odds": _finite(judged.log_odds[i]),
                    "unusual": _finite(judged.unusual[i]),
                    "reasons": [
                        {
                            "feature": each.feature,
                            "value": _finite(each.value),
                            "log_odds": _finite(each.log_odds),
                            "text": each.text(speaks),
                        }
                        for each in told
                    ],
                    "model": model.version,
                }
            )
    found.sort(key=lambda row: (-(row["probability"] or 0.0), row["unusual"] or 1.0, row["account"]))
    for row in found:
        _say(row, as_json, f"{row['probability'] or 0:8.4f}  {row['account']:<20} {row['level_text']}")
    print(f"minescope: {len(accounts):,} accounts, {len(found):,} told of", file=sys.stderr)
    return EXIT_FOUND if any(row["level"] == "likely" for row in found) else EXIT_NOTHING


@power.command()
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
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Hold the kilowatts that the network tells of against the metered ones, a site and hour.

    Exits 0 where all agree, 1 where one does not, 2 where something cannot be read.
    """
    import numpy as np

    from facts.errors import UsageError
    from pipeline.machine_table import machine_table
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

        first, after = _days(since, until)
        grid, held = grid_of(first, after), stored(first, after)
        told, known_more = network_hours(held.verdicts, grid, algorithm), held.more
    speaks = _tongue(lang)
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
            "network_kw": dict(zip(("value", "low", "high"), map(_finite, one.network_kw), strict=True)),
            "metered_kw": _finite(one.metered_kw),
            "ratio": _finite(one.ratio),
            "follows": {"part": _finite(one.follows.part), "error": _finite(one.follows.error)},
            "joules_per_th": None if one.joules_per_th is None else [_finite(x) for x in one.joules_per_th],
            "alarm": None if alarm is None else alarm.kind,
            "better_site": one.better_site,
            "hours_inside": {
                name: int((one.inside == code).sum())
                for name, code in (("inside", 0), ("above", 1), ("below", -1), ("unknown", -2))
            },
            "first_hour": grid.first.isoformat().replace("+00:00", "Z"),
            "reasons": [{"kind": each.kind, "text": reason_text(each, speaks)} for each in grounds],
        }
        _say(row, as_json, f"{one.site:<24} {row['finding_text']}")
    return EXIT_FOUND if apart else EXIT_NOTHING


@power.command()
def sites(
    since: Since,
    until: Until,
    more: Annotated[
        Path | None,
        typer.Argument(
            help="CSV, a row a site: what the network tells of it; without it flows and verdicts of the "
            "store.",
            show_default=False,
        ),
    ] = None,
    weather: Weather = None,
    outages: Outages = None,
    as_json: Json = False,
    lang: Language = None,
) -> int:
    """Tell mining farms from data centres: what the store or a file has of each site's network, and its
    curves in the lake.

    Exits 0 where no site is a farm, 1 where one is, 2 where something cannot be read.
    """
    import numpy as np

    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.power.features import features
    from supervision.power.reading import groups
    from supervision.site_files import more_of_sites, side_of
    from supervision.site_kind import decide, witnesses

    first, after = _days(since, until)
    speaks = _tongue(lang)
    sides: Mapping[str, NetworkSide] = {}
    if more is not None:
        told = more_of_sites(more)
    else:
        from minescope.power_stored import stored

        held = stored(first, after)
        told, sides = held.more, held.sides
    accounts = [one for one in _accounts(first, after, None, None) if one.site in told]
    lake = CurveLake(load_settings().lake)
    largest: dict[str, tuple[float, Any]] = {}
    total: dict[str, float] = {}
    for some, curves in groups(lake, accounts, first, after, weather_file=weather, outages_file=outages):
        table = features(curves)
        for i, one in enumerate(some):
            known = curves.kw[i][np.isfinite(curves.kw[i])]
            mean = float(known.mean()) if known.size else 0.0
            total[one.site] = total.get(one.site, 0.0) + mean
            if mean > largest.get(one.site, (0.0, None))[0]:
                largest[one.site] = (mean, table[i])  # the shape of a site is that of its largest account
    farm = False
    for site in sorted(told):
        row_of = largest.get(site, (0.0, None))[1]
        side = sides.get(site) or side_of(told[site])
        found = decide(witnesses(side, row_of, total.get(site), told[site].get("pue")))
        farm |= found.kind == "mining_farm"
        row = {
            "type": "site",
            "site": site,
            "kind": found.kind,
            "kind_text": found.text(speaks),
            "probability": _finite(found.probability),
            "metered_kw": _finite(total.get(site, math.nan)),
            "reasons": [
                {"witness": each.witness, "log_odds": _finite(each.log_odds), "text": each.text(speaks)}
                for each in found.reasons[:6]
            ],
        }
        _say(row, as_json, f"{found.probability:6.3f}  {site:<24} {row['kind_text']}")
    return EXIT_FOUND if farm else EXIT_NOTHING


def _tongue(lang: Lang | None) -> Literal["en", "zh"]:
    return "zh" if chosen(lang) is Lang.ZH else "en"


def _days(since: datetime, until: datetime) -> tuple[date, date]:
    from facts.errors import UsageError

    if until < since:
        raise UsageError(f"--until {until:%Y-%m-%d} is before --since {since:%Y-%m-%d}")
    return since.date(), until.date() + timedelta(days=1)


def _accounts(
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
    own = [one for one in _accounts(first, after, None, None) if one.site in set(sites)]
    curves = CurveLake(load_settings().lake).curves([one.number for one in own], first, after)
    made: dict[str, Any] = {}
    for i, one in enumerate(own):
        hours = of_curves(curves[i], begin, grid)
        made[one.site] = hours if one.site not in made else made[one.site] + hours
    return made


def _finite(value: float) -> float | None:
    """Return a number fit for JSON, six digits."""
    return float(f"{float(value):.6g}") if math.isfinite(value) else None


def _say(row: Mapping[str, Any], as_json: bool, line: str) -> None:
    if as_json:
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    typer.echo(line)
    for reason in row["reasons"]:
        odds = reason.get("log_odds")
        typer.echo(f"          {'' if odds is None else f'{odds:+6.2f}  '}{reason['text']}")
