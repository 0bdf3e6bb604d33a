"""What `power reconcile` and `power sites` take from the store where no file is given."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facts.site import NetworkSide
    from pipeline.site_verdicts import SiteVerdicts


@dataclass(frozen=True, slots=True)
class Stored:
    """What the network tells of sites in some days."""

    verdicts: "Mapping[str, SiteVerdicts]"
    """Of every site on which there is one, whether the lake holds its flows or not."""
    sides: "Mapping[str, NetworkSide]"
    """Of every site that a flow of the lake belongs to."""
    more: Mapping[str, Mapping[str, float]]
    """As a file of `--more` would tell."""


def stored(first: date, after: date) -> Stored:
    """Read it: flows of the lake, verdicts and the registry of the store; files left out are named.

    Raises UsageError for days that are none or too many, StoreError where something cannot be read.
    """
    from pipeline.network_side import network_sides
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from pipeline.site_verdicts import Span, site_verdicts
    from store.curve_lake import CurveLake
    from store.lake import Lake
    from supervision.site_network import more_of_store

    settings, span = load_settings(), Span.of_days(first, after)
    with build_services(settings) as services:
        database, attributor = services.database, services.attributor
        verdicts = site_verdicts(database, attributor, span)
        lake, curves = Lake(settings.lake), CurveLake(settings.lake)
        found = network_sides(database, attributor, lake, curves, span, verdicts)
    for one in found.damaged:
        print(f"minescope: left out: {one.path}: {one.why}", file=sys.stderr)
    return Stored(verdicts, {one.site: one.side for one in found.sites}, more_of_store(found.sites))
