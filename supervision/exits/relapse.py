"""Sites that had left and mine again: found from hits at `likely` or more, for a person to confirm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from facts.instant import instant, nanoseconds
from registry.division_table import WHOLE_COUNTRY
from supervision.projects.events import Step, day_in_china
from supervision.projects.inventory import Standing, end_of
from supervision.projects.project import Particulars, Project
from supervision.projects.sightings import Sighting, Size, size

Kind = Literal["returned", "reoccupied", "moved", "power-stays", "power-back"]
"""The last two are told by meters (load.py), the others by traffic."""


@dataclass(frozen=True, slots=True)
class Relapse:
    """Mining after the exit of a project."""

    project: str
    division: str
    """The smallest one that holds the project and where it mines now: who covers less sees but a part."""
    kind: Kind
    exited: date
    seen: date
    """The first day after the exit on which mining was seen, in China's time; a hit tells its last day only
    where it began before the exit."""
    uscc: str
    """Who holds the address now."""
    site: str
    """Where it is now."""
    size: Size
    evidence: tuple[str, ...]


def relapses(
    projects: Iterable[Project],
    particulars: Mapping[str, Particulars],
    standings: Mapping[str, Standing],
    sightings: Iterable[Sighting],
) -> tuple[Relapse, ...]:
    """Return what mines again of projects that stand at `exited`, by project and kind.

    A hit counts where mining was seen after the end of the day of the exit: at the project's site or on one
    of its lines (whoever holds it), or, as `moved`, of its enterprise anywhere else.
    """
    mining = [one for one in sightings if one.mines and one.held.certain]
    found = []
    for project in projects:
        standing = standings.get(project.id)
        if standing is None or standing.step is not Step.EXITED:
            continue
        after_ns = nanoseconds(end_of(standing.since))
        groups: dict[Kind, list[Sighting]] = {}
        for one in mining:
            if one.verdict.last_seen_ns > after_ns and (kind := _kind(project, particulars, one)):
                groups.setdefault(kind, []).append(one)
        for kind, hits in sorted(groups.items()):
            latest = max(hits, key=lambda one: one.verdict.last_seen_ns)
            seen = min(_seen(one, after_ns) for one in hits)
            found.append(
                Relapse(
                    project.id,
                    _common([project.division, *(one.held.division or "" for one in hits)]),
                    kind,
                    standing.since,
                    day_in_china(instant(seen)),
                    latest.held.uscc or "",
                    latest.held.site or "",
                    size(hits),
                    tuple(one.evidence for one in sorted(hits, key=lambda one: one.number)),
                )
            )
    return tuple(found)


def _kind(project: Project, particulars: Mapping[str, Particulars], one: Sighting) -> Kind | None:
    known = particulars.get(project.id)
    sites = {project.site, *(known.sites if known else ())} - {""}
    lines = set(known.lines if known else ())
    same = bool(project.uscc) and one.held.uscc == project.uscc
    if one.held.site in sites or one.held.line in lines:
        return "returned" if same or not project.uscc else "reoccupied"
    return "moved" if same else None


def _seen(one: Sighting, after_ns: int) -> int:
    first = one.verdict.first_seen_ns
    return first if first > after_ns else one.verdict.last_seen_ns


def _common(codes: Iterable[str]) -> str:
    """Return the smallest division that all codes lie in."""
    held = list(codes)
    if len(set(held)) == 1:
        return held[0]
    for width in (4, 2):
        if len(parts := {code[:width] for code in held}) == 1 and "" not in parts:
            return parts.pop().ljust(6, "0")
    return WHOLE_COUNTRY
