"""What the store tells of projects that had left: by traffic, and by meters where traffic shows nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline.services import Services
from supervision.exits.relapse import Relapse, relapses
from supervision.projects.events import Step
from supervision.projects.inventory import Standing
from supervision.projects.project import Particulars, Project
from supervision.projects.sightings import Sighting


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
