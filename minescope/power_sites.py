"""`minescope power sites`: mining farm or data centre, from both sides."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.power_shared import (
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
    places_of,
    rules_of,
    say,
    tongue,
)

if TYPE_CHECKING:
    from facts.site import NetworkSide


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
    store: Keep = False,
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
    from store.power import SITE, Found
    from supervision.power.features import features
    from supervision.power.found import finite, of_site
    from supervision.power.places import NOWHERE
    from supervision.power.reading import groups
    from supervision.site_files import more_of_sites, side_of
    from supervision.site_kind import decide, witnesses

    first, after = days(since, until)
    speaks = tongue(lang)
    sides: Mapping[str, NetworkSide] = {}
    if more is not None:
        told = more_of_sites(more)
    else:
        from minescope.power_stored import stored

        held = stored(first, after)
        told, sides = held.more, held.sides
    own = [one for one in accounts(first, after, None, None) if one.site in told]
    lake = CurveLake(load_settings().lake)
    largest: dict[str, tuple[float, Any]] = {}
    total: dict[str, float] = {}
    for some, curves in groups(lake, own, first, after, weather_file=weather, outages_file=outages):
        table = features(curves)
        for i, one in enumerate(some):
            known = curves.kw[i][np.isfinite(curves.kw[i])]
            mean = float(known.mean()) if known.size else 0.0
            total[one.site] = total.get(one.site, 0.0) + mean
            if mean > largest.get(one.site, (0.0, None))[0]:
                largest[one.site] = (mean, table[i])  # the shape of a site is that of its largest account
    farm = False
    kept: list[Found] = []
    places = places_of(told) if store else {}
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
            "probability": finite(found.probability),
            "metered_kw": finite(total.get(site, math.nan)),
            "reasons": [
                {"witness": each.witness, "log_odds": finite(each.log_odds), "text": each.text(speaks)}
                for each in found.reasons[:6]
            ],
        }
        say(row, as_json, f"{found.probability:6.3f}  {site:<24} {row['kind_text']}")
        kept.append(of_site(site, places.get(site, NOWHERE), found, total.get(site, math.nan)))
    if store:
        rules = rules_of("supervision", "site_kind.py", "site_kind_weights.toml")
        keep(SITE, (first, after), rules, {"network": "store" if more is None else "file"}, len(kept), kept)
    return EXIT_FOUND if farm else EXIT_NOTHING
