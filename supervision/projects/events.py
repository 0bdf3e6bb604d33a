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
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

from supervision.projects.words import STEPS
from supervision.refusals import Refused

CHINA = timezone(timedelta(hours=8))
"""China's time; there is no other in the country, and no daylight saving."""


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


class NotAllowed(Refused):
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
        last = max(event.number for event in there)
        raise NotAllowed(
            f"event {new.number} is entered after event {last}", f"事件 {new.number} 晚于事件 {last} 登记"
        )
    if any(event.known > new.known for event in there):
        raise NotAllowed(
            "an event is not known before one that was entered earlier",
            "获知时间不得早于已登记事件的获知时间",
        )
    if new.on > day_in_china(new.known):
        raise NotAllowed(f"{new.step} on {new.on}, which is still to come", f"{new.on} 尚未到来")
    if new.step is Step.WITHDRAWN:
        _refuse_withdrawal(there, new)
    elif new.withdraws is not None:
        raise NotAllowed(f"only {Step.WITHDRAWN} withdraws an event", "只有“撤回”可以撤回事件")
    before: Step | None = None
    for event in life([*there, new], new.known, date.max):
        if event.step not in AFTER[before]:
            raise _cannot_follow(event, before)
        before = event.step


def next_steps(events: Iterable[Event], as_known: datetime, as_of: date) -> tuple[Step, ...]:
    """Return the steps that may follow what is there, in the order of Step."""
    could = AFTER[state(events, as_known, as_of)]
    return tuple(step for step in Step if step in could)


def day_in_china(at: datetime) -> date:
    """Return the day of a moment in China (UTC+8, without daylight saving)."""
    return at.astimezone(CHINA).date()


def _cannot_follow(event: Event, before: Step | None) -> NotAllowed:
    could = [step for step in Step if step in AFTER[before]]
    said = "、".join(STEPS[step][1] for step in could)
    return NotAllowed(
        f"{event.step} on {event.on} cannot follow {before or 'nothing'}; what can:"
        f" {', '.join(sorted(could))}",
        f"{event.on} 的“{STEPS[event.step][1]}”不能接在"
        f"“{STEPS[before][1] if before else '尚无事件'}”之后；可接：{said}",
    )


def _refuse_withdrawal(there: Iterable[Event], new: Event) -> None:
    stands = {event.number for event in life(there, new.known, date.max)}
    if new.withdraws not in stands:
        raise NotAllowed(
            f"no event {new.withdraws} of project {new.project} stands that could be withdrawn",
            f"项目 {new.project} 没有可撤回的事件 {new.withdraws}",
        )
