"""What the store tells of projects that had left: by traffic, and by meters where traffic shows nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.services import Services
from store.access_rules import lies_in
from supervision.exits.relapse import Relapse, relapses
from supervision.projects.events import Step, day_in_china
from supervision.projects.inventory import Standing, inventory
from supervision.projects.kept import ProjectStore
from supervision.projects.project import Particulars, Project, latest
from supervision.projects.seen import See, everything, sightings
from supervision.projects.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Again:
    """What came back of the projects of a division."""

    found: tuple[Relapse, ...]
    """By project and kind, each once."""
    named: Mapping[str, Particulars]
    """By project."""


def came_back(services: Services, division: str, now: datetime, see: See = everything) -> Again:
    """Return what came back of the projects that had left, as far as all of it lies in a division.

    `see` leaves out what may not be shown. Raises StoreError where a file of curves is damaged.
    """
    held = ProjectStore(services.database).every(division)
    standings = inventory(held.events, held.measured, day_in_china(now), now)
    named = latest(held.particulars, now)
    seen = list(sightings(services, see=see))
    found = [
        *relapses(held.projects, named, standings, seen),
        *loads_of(services, held.projects, named, standings, now, seen),
    ]
    inside = [one for one in found if lies_in(one.division, division)]
    return Again(tuple(sorted(inside, key=lambda one: (one.project, one.kind))), named)


def loads_of(
    services: Services,
    projects: Sequence[Project],
    named: Mapping[str, Particulars],
    standings: Mapping[str, Standing],
    now: datetime,
    seen: Iterable[Sighting],
) -> tuple[Relapse, ...]:
    """Return what meters tell of projects that had left; nothing without curves. Raises StoreError."""
    if services.lake is None or not any(one.step is Step.EXITED for one in standings.values()):
        return ()
    from store.curve_lake import CurveLake  # polars is loaded where there is something to read
    from supervision.exits.load import by_meter

    by_traffic = relapses(projects, named, standings, seen)
    with services.database.reading() as connection:
        lake = CurveLake(services.lake)
        return by_meter(connection, lake, projects, named, standings, now, by_traffic)
