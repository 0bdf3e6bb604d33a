"""All ledgers of a day at once: standings of support and records, alarms; over what `gather` read."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from store.ledgers_screening import KeptFinding
from supervision.ledgers.alarms import Alarm, Traded, of_market, of_records, of_support, ordered
from supervision.ledgers.gather import Book
from supervision.ledgers.market import leaving, listing_on
from supervision.ledgers.model import Participant
from supervision.ledgers.records import RecordStanding
from supervision.ledgers.records import standing_on as record_on
from supervision.ledgers.screening import Finding, FindingSort, Level, Seed
from supervision.ledgers.support import SupportStanding, given_while_listed
from supervision.ledgers.support import standing_on as support_on
from supervision.tariff.rules import Rulebook

Here = Callable[[str], bool]
"""Says whether a division is asked of."""


def everywhere(division: str) -> bool:
    """Return True."""
    return True


def of_support_on(held: Book, here: Here = everywhere) -> list[SupportStanding]:
    """Return all support as it stands on the book's day, by id."""
    found = [
        standing
        for one in held.support
        if here(one.division)
        and (standing := support_on(held.day, one, held.recoveries.get(one.id, ()))) is not None
    ]
    return sorted(found, key=lambda one: one.support.id)


def of_records_on(held: Book, here: Here = everywhere) -> list[RecordStanding]:
    """Return all penalties and credit records as they stand on the book's day, by id."""
    found = [
        standing
        for one in held.records
        if here(one.division)
        and (standing := record_on(held.day, one, held.events.get(one.id, ()))) is not None
    ]
    return sorted(found, key=lambda one: one.record.id)


def alarms_on(held: Book, traded: Iterable[Traded] = (), here: Here = everywhere) -> list[Alarm]:
    """Return all that wants somebody to act on the book's day, the most severe first."""
    late = given_while_listed(held.support, held.lists)
    found: Sequence[Alarm] = (
        *of_market(traded, held.day),
        *of_support(of_support_on(held), late, held.names, held.day),
        *of_records(of_records_on(held), held.lists, held.names, held.day),
    )
    return [one for one in ordered(found) if here(one.division)]


def traded_again(kept: Iterable[KeptFinding], held: Book, rulebook: Rulebook) -> list[Traded]:
    """Return the participations of findings that were kept before, with deadlines as of the book's day."""
    of: dict[tuple[str, str], list[Participant]] = {}
    for one in held.participants:
        of.setdefault((one.uscc, one.division), []).append(one)
    return [
        Traded(
            f"{one.exchange} {one.participant}",
            one.name,
            one.division,
            _finding(found),
            leaving(one, listing_on(held.lists.get(one.uscc, ()), held.day), rulebook, held.day),
            one.trades(held.day),
        )
        for found in kept
        for one in of.get((found.uscc, found.division), ())
    ]


def _finding(found: KeptFinding) -> Finding:
    seed = found.record["seed"]
    since = None if seed["since"] is None else date.fromisoformat(seed["since"])
    begin = Seed(seed["uscc"], seed["probability"], seed["listed"], since, seed["because"])
    level: Level = found.record["level"]
    return Finding(found.uscc, FindingSort(found.sort), level, found.score, begin, ())
