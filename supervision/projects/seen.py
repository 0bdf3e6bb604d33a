"""Hits of the store as sightings: each with who held its address, as an account's region lets it be seen."""

from collections.abc import Callable, Iterator, Sequence

from facts.names import Level
from pipeline.lookup import attributed
from pipeline.services import Services
from registry.answers import Attribution
from store.verdicts import HitFilter, StoredVerdict
from supervision.projects.sightings import Sighting
from supervision.victims import among

PAGE = 500
See = Callable[[Sequence[StoredVerdict], Sequence[Attribution]], Sequence[tuple[StoredVerdict, Attribution]]]
"""Leaves out what may not be shown."""


def everything(
    found: Sequence[StoredVerdict], held: Sequence[Attribution]
) -> Sequence[tuple[StoredVerdict, Attribution]]:
    """Leave nothing out: for the terminal."""
    return list(zip(found, held, strict=True))


def sightings(
    services: Services, since_ns: int | None = None, see: See = everything, least: Level = Level.LIKELY
) -> Iterator[Sighting]:
    """Yield current hits of a level and more, last seen first."""
    wanted = HitFilter(level_at_least=least, since_ns=since_ns)
    cursor: str | None = None
    while True:
        page = services.verdicts.hits(wanted, cursor, PAGE)
        shown = see(page.hits, attributed(services, page.hits))
        victims = among(services, [stored for stored, _ in shown])
        for stored, held in shown:
            cluster = stored.cluster.id if stored.cluster else ""
            victim = victims.get(stored.verdict.address)
            yield Sighting(stored.id, stored.verdict, held, cluster, victim)
        cursor = page.next_cursor
        if cursor is None:
            return
