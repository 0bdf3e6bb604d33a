"""Penalties and credit records (信用监管): publication and repair (信用修复), a state by events.

    decided -> published -> repair-requested -> repaired
       |           |   ^          |
       |           |   +-- repair-refused
       |           +-> publication-ended
       +-> revoked (from anywhere but there)

A record whose day of `until` has passed is published no more even where nobody has entered it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from supervision.ledgers.model import Penalty, RecordEvent, RecordStep

S = RecordStep
ZERO = Decimal("0.00")
AFTER: Mapping[RecordStep | None, frozenset[RecordStep]] = {
    None: frozenset({S.PUBLISHED, S.REVOKED}),
    S.PUBLISHED: frozenset({S.REPAIR_ASKED, S.ENDED, S.REVOKED}),
    S.REPAIR_ASKED: frozenset({S.REPAIRED, S.REPAIR_REFUSED, S.REVOKED}),
    S.REPAIR_REFUSED: frozenset({S.REPAIR_ASKED, S.ENDED, S.REVOKED}),
    S.REPAIRED: frozenset({S.REVOKED}),
    S.ENDED: frozenset({S.REVOKED}),
    S.REVOKED: frozenset(),
}
"""The events that may follow each, in the order in which they were true; None: the decision alone."""
PUBLIC = frozenset({S.PUBLISHED, S.REPAIR_ASKED, S.REPAIR_REFUSED})
"""States in which a record is shown to the public."""


class State(StrEnum):
    """Where a record stands."""

    DECIDED = "decided"
    """Not published yet."""
    PUBLISHED = "published"
    REPAIR_ASKED = "repair-requested"
    REPAIR_REFUSED = "repair-refused"
    REPAIRED = "repaired"
    ENDED = "publication-ended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """One record on a day."""

    record: Penalty
    state: State
    since: date
    events: tuple[RecordEvent, ...]
    """Up to the day, in the order in which they were true."""

    @property
    def public(self) -> bool:
        """Whether it is shown to the public."""
        return self.state.value in {step.value for step in PUBLIC}

    @property
    def stands(self) -> bool:
        """Whether the decision was not taken back."""
        return self.state is not State.REVOKED


def standing_on(day: date, record: Penalty, events: Iterable[RecordEvent]) -> RecordStanding | None:
    """Return where a record stands at the end of a day; None before it was decided."""
    if record.on > day:
        return None
    own = tuple(ordered(event for event in events if event.record == record.id and event.on <= day))
    state, since = (State.DECIDED, record.on) if not own else (State(own[-1].step.value), own[-1].on)
    standing = RecordStanding(record, state, since, own)
    if standing.public and record.until is not None and record.until < day:
        return RecordStanding(record, State.ENDED, record.until, own)
    return standing


def fault(decided: date, events: Iterable[RecordEvent]) -> tuple[RecordEvent, str] | None:
    """Return the first event that cannot follow those before it, and why; None where all can."""
    before: RecordStep | None = None
    for event in ordered(events):
        if event.on < decided:
            return event, f"{event.step.value} on {event.on}, before the decision of {decided}"
        if event.step not in AFTER[before]:
            could = ", ".join(sorted(AFTER[before])) or "nothing"
            stood = before.value if before else "the decision"
            return event, f"{event.step.value} on {event.on} cannot follow {stood}; what can: {could}"
        before = event.step
    return None


_ORDER = {step: place for place, step in enumerate(RecordStep)}


def ordered(events: Iterable[RecordEvent]) -> list[RecordEvent]:
    """Return events in the order in which they were true; those of one day as a record goes."""
    return sorted(events, key=lambda event: (event.on, _ORDER[event.step]))


def fined(standings: Iterable[RecordStanding]) -> Decimal:
    """Return the sum of the amounts of decisions that stand, CNY."""
    return sum((one.record.amount or ZERO for one in standings if one.stands), ZERO)
