"""The life of a project as events: each says when it was true and when it became known, and none is ever
changed.

    found -> verified -> notified -> limited -> cut_off -> exited -> relapsed
      |          |                                                       | +- rejected (no mining there)
      +-> notified, limited, cut_off, exited again

A step may be left out on the way down (a farm that leaves at once is verified and exited). A mistaken event
is withdrawn by a later one, so that what was believed before stays readable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Step(StrEnum):
    """What happened."""

    FOUND = "found"
    """Traffic, power or a report points to it."""
    VERIFIED = "verified"
    """Confirmed on site or by its records."""
    REJECTED = "rejected"
    """Looked into, and no mining."""
    NOTIFIED = "notified"
    """Told to leave."""
    LIMITED = "limited"
    """Power limited."""
    CUT_OFF = "cut_off"
    """Power cut off."""
    EXITED = "exited"
    """Left: nothing mines there any more."""
    RELAPSED = "relapsed"
    """Mines again after it had left."""
    WITHDRAWN = "withdrawn"
    """An earlier event was a mistake."""


AFTER: Mapping[Step | None, frozenset[Step]] = {
    None: frozenset({Step.FOUND}),
    Step.FOUND: frozenset({Step.VERIFIED, Step.REJECTED}),
    Step.VERIFIED: frozenset({Step.REJECTED, Step.NOTIFIED, Step.LIMITED, Step.CUT_OFF, Step.EXITED}),
    Step.REJECTED: frozenset({Step.FOUND}),
    Step.NOTIFIED: frozenset({Step.LIMITED, Step.CUT_OFF, Step.EXITED}),
    Step.LIMITED: frozenset({Step.CUT_OFF, Step.EXITED}),
    Step.CUT_OFF: frozenset({Step.EXITED}),
    Step.EXITED: frozenset({Step.RELAPSED}),
    Step.RELAPSED: frozenset({Step.NOTIFIED, Step.LIMITED, Step.CUT_OFF, Step.EXITED}),
}
"""The steps that may follow each: of one project, in the order in which they were true."""

GONE = frozenset({Step.REJECTED, Step.EXITED})
"""States in which a project is not counted as running."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one project."""

    number: int
    """From 1 over all projects, in the order in which events were entered."""
    project: str
    step: Step
    on: date
    """The day on which it was true."""
    known: datetime
    """When it was entered, UTC."""
    author: str
    department: str
    note: str = ""
    evidence: tuple[str, ...] = ()
    """What it rests on: `verdict:17`, `reading:...`, `file:<sha256>`."""
    withdraws: int | None = None
    """Of a WITHDRAWN event, the number of the mistaken one."""


class NotAllowed(ValueError):
    """An event that cannot follow what is there; the text says what could."""


def life(events: Iterable[Event], as_known: datetime, as_of: date) -> tuple[Event, ...]:
    """Return one project's events that were known by a time and true by a day, mistaken ones left out.

    In the order in which they were true; those of one day in the order in which they were entered.
    """
    known = [event for event in events if event.known <= as_known]
    mistaken = {event.withdraws for event in known if event.step is Step.WITHDRAWN}
    true = [
        event
        for event in known
        if event.on <= as_of and event.step is not Step.WITHDRAWN and event.number not in mistaken
    ]
    return tuple(sorted(true, key=lambda event: (event.on, event.number)))


def state(events: Iterable[Event], as_known: datetime, as_of: date) -> Step | None:
    """Return where a project stood on a day, as was known at a time; None before it was found."""
    found = life(events, as_known, as_of)
    return found[-1].step if found else None


def admit(events: Iterable[Event], new: Event) -> None:
    """Raise NotAllowed where `new` cannot be added to its project's events.

    It may be entered late: then what was true after it must still be able to follow it.
    """
    there = [event for event in events if event.project == new.project]
    if any(event.number >= new.number for event in there):
        raise NotAllowed(f"event {new.number} is entered after event {max(event.number for event in there)}")
    if any(event.known > new.known for event in there):
        raise NotAllowed("an event is not known before one that was entered earlier")
    if new.on > new.known.date():
        raise NotAllowed(f"{new.step} on {new.on}, which is still to come")
    if new.step is Step.WITHDRAWN:
        _refuse_withdrawal(there, new)
    elif new.withdraws is not None:
        raise NotAllowed(f"only {Step.WITHDRAWN} withdraws an event")
    before: Step | None = None
    for event in life([*there, new], new.known, date.max):
        if event.step not in AFTER[before]:
            could = ", ".join(sorted(AFTER[before]))
            raise NotAllowed(
                f"{event.step} on {event.on} cannot follow {before or 'nothing'}; what can: {could}"
            )
        before = event.step


def _refuse_withdrawal(there: Iterable[Event], new: Event) -> None:
    stands = {event.number for event in life(there, new.known, date.max)}
    if new.withdraws not in stands:
        raise NotAllowed(f"no event {new.withdraws} of project {new.project} stands that could be withdrawn")
