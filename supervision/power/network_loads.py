"""Loads that the network tells of: what mines at a site, since when; a private line passes meters."""

import math
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from facts.instant import instant
from supervision.power.private_line import WITHIN, Load
from supervision.projects.events import day_in_china
from supervision.projects.sightings import Sighting, size

WATCHED = timedelta(days=7)
"""From the first hit of all: who was seen by then may have mined all along, and came with the probe alone."""


def network_loads(sightings: Iterable[Sighting], first: date, days: int) -> list[Load]:
    """Return for each site that mines (days,) kW from the first day on which it was seen, by site.

    Left out are sites whose holder is not certain, victims of campaigns, those of unknown power, and those
    that were seen as soon as anything was.
    """
    sites: dict[tuple[str, str], list[Sighting]] = {}
    begin: date | None = None
    for one in sightings:
        seen = _first(one)
        begin = seen if begin is None else min(begin, seen)
        if one.mines and one.victim is None and one.held.certain and one.held.site:
            sites.setdefault((one.held.site, one.held.division or ""), []).append(one)
    made = []
    for (site, place), hits in sorted(sites.items()):
        since, kw = min(map(_first, hits)), size(hits).kw
        if begin is None or kw is None or since <= begin + WATCHED:
            continue
        drawn = np.zeros(days)
        drawn[max(0, (since - first).days) :] = kw.value
        # What is estimated answers any fall that its interval holds.
        least, most = (kw.value / one if one > 0 else math.inf for one in (kw.high, kw.low))
        made.append(Load(site, drawn, place, (min(WITHIN[0], least), max(WITHIN[1], most))))
    return made


def _first(one: Sighting) -> date:
    return day_in_china(instant(one.verdict.first_seen_ns))
