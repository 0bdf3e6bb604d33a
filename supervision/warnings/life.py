"""The life of a warning: what happened to it, and from that its state, severity, owner, level and deadline.

raised -> acknowledged -> resolved        open and acknowledged ones rise a level when their time is up:
   ^----------- reopened -----'           county -> city -> province -> central
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from supervision.exits.regions import LEVELS, level_of
from supervision.warnings.rules import SEVERITIES, Rule, Rulebook
from supervision.warnings.signals import Signal

State = Literal["open", "acknowledged", "resolved"]
RISING = LEVELS[::-1]
"""County, city, province, central."""
MAX_EVIDENCE = 200
"""Pieces of evidence that one event of a warning names; the count tells the rest."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a warning is; it never changes."""

    id: int
    rule: str
    key: str
    division: str
    project: str | None
    raised: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a warning. What `record` holds is said by the functions that make it."""

    number: int
    """From 1 over all warnings, in the order in which they were entered; 0 before."""
    warning: int
    kind: str
    at: datetime
    author: str
    department: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """One warning as its events have it."""

    head: Head
    state: State
    score: int
    severity: str
    owner: str
    """Department that answers for it."""
    assignee: str
    """Person; empty while there is none."""
    level: str
    """Of RISING: who has it now."""
    arrived: datetime
    """When it came to that level, or was opened again there."""
    acknowledged: datetime | None
    """At that level."""
    deadline: datetime
    """By when it is to be resolved."""
    count: int
    """How often its facts came."""
    last: datetime
    """When they came last."""
    evidence: tuple[str, ...]
    texts: Mapping[str, str]
    figures: Mapping[str, float]
    """As they came last."""
    window_days: int
    escalate_h: tuple[int, int, int]

    def overdue(self, now: datetime) -> bool:
        """Say whether it should have been resolved."""
        return self.state != "resolved" and now > self.deadline


def first(book: Rulebook, rule: Rule, signal: Signal, now: datetime) -> Entry:
    """Return the event that raises a warning; what the rule says now is kept with it."""
    score = rule.weigh(signal)
    record = _facts(book, signal, score) | {
        "owner": rule.owner,
        "level": level_of(signal.division),
        "deadline": (now + timedelta(days=rule.deadline_days)).isoformat(),
        "window_days": rule.window_days,
        "escalate_h": list(rule.escalate_h),
    }
    return Entry(0, 0, "raised", now, "minescope", "", record)


def again(
    book: Rulebook, rule: Rule, signal: Signal, held: Standing | None, now: datetime
) -> Entry | Literal["new"] | None:
    """Return what a signal means for the last warning of its key: an event, a new warning, or nothing.

    Nothing where all its evidence is known and it is no graver. Later than the window after the last time, a
    resolved one is raised as a new one; within it, it is counted, and opened again only where it is graver.
    """
    if held is None:
        return "new"
    if held.state == "resolved" and signal.at - held.last > timedelta(days=held.window_days):
        return "new"
    graver = SEVERITIES.index(book.severity_of(rule.weigh(signal))) > SEVERITIES.index(held.severity)
    if set(signal.evidence[:MAX_EVIDENCE]) <= set(held.evidence) and not graver:
        return None
    kind = "reopened" if held.state == "resolved" and graver else "repeated"
    score = max(rule.weigh(signal), held.score)
    return Entry(0, held.head.id, kind, now, "minescope", "", _facts(book, signal, score))


def stand(head: Head, entries: Iterable[Entry]) -> Standing:
    """Return where a warning stands after its events, in the order in which they were entered."""
    entries = iter(entries)
    opened = next(entries)
    record = opened.record
    hours = record["escalate_h"]
    now = Standing(
        head,
        "open",
        record["score"],
        record["severity"],
        record["owner"],
        "",
        record["level"],
        opened.at,
        None,
        datetime.fromisoformat(record["deadline"]),
        1,
        opened.at,
        tuple(record["evidence"]),
        record["texts"],
        record["figures"],
        record["window_days"],
        (hours[0], hours[1], hours[2]),
    )
    for entry in entries:
        now = _after(now, entry)
    return now


def escalations(held: Standing, now: datetime) -> tuple[Entry, ...]:
    """Return the events that lift a warning whose time at its level is up, as often as that was so by now.

    Not acknowledged: so many hours after it came. Acknowledged: at the deadline, or so many hours after the
    acknowledgement where that is later.
    """
    made: list[Entry] = []
    while (due := _due(held)) is not None and due <= now:
        up = RISING[RISING.index(held.level) + 1]
        why = "deadline" if held.acknowledged else "not-acknowledged"
        entry = Entry(0, held.head.id, "escalated", due, "minescope", "", {"level": up, "why": why})
        made.append(entry)
        held = _after(held, entry)
    return tuple(made)


def _after(held: Standing, entry: Entry) -> Standing:
    record = entry.record
    match entry.kind:
        case "reopened" if "score" not in record:  # by a person
            return _opened(held, entry.at)
        case "repeated" | "reopened":
            held = replace(
                held,
                score=record["score"],
                severity=record["severity"],
                count=held.count + 1,
                last=entry.at,
                evidence=(*held.evidence, *(one for one in record["evidence"] if one not in held.evidence)),
                texts=record["texts"],
                figures=record["figures"],
            )
            if entry.kind == "reopened":
                held = _opened(held, entry.at)
            return held
        case "acknowledged":
            return replace(
                held, state="acknowledged", acknowledged=entry.at, assignee=held.assignee or entry.author
            )
        case "assigned":
            deadline = record.get("deadline")
            return replace(
                held,
                owner=record.get("owner") or held.owner,
                assignee=record.get("assignee", ""),
                deadline=held.deadline if deadline is None else datetime.fromisoformat(deadline),
            )
        case "escalated":
            return replace(
                held, state="open", level=record["level"], arrived=entry.at, acknowledged=None, assignee=""
            )
        case "resolved":
            return replace(held, state="resolved")
        case _:
            return held


def _opened(held: Standing, at: datetime) -> Standing:
    """Open a resolved warning again; it has as long as it had at first."""
    span = held.deadline - held.head.raised
    return replace(held, state="open", arrived=at, acknowledged=None, deadline=max(held.deadline, at + span))


def _due(held: Standing) -> datetime | None:
    place = RISING.index(held.level)
    if held.state == "resolved" or place == len(RISING) - 1:
        return None
    hours = timedelta(hours=held.escalate_h[place])
    if held.acknowledged is None:
        return held.arrived + hours
    return max(held.deadline, held.acknowledged + hours)


def _facts(book: Rulebook, signal: Signal, score: int) -> dict[str, Any]:
    return {
        "score": score,
        "severity": book.severity_of(score),
        "texts": dict(signal.texts),
        "figures": dict(signal.figures),
        "evidence": list(signal.evidence[:MAX_EVIDENCE]),
        "seen": signal.at.isoformat(),
    }
