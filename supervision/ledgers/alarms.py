"""What of the ledgers wants somebody to act: stable kinds with parameters, worded by words.toml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from supervision.ledgers.market import Leaving
from supervision.ledgers.model import Listed, RecordStep
from supervision.ledgers.records import RecordStanding, State
from supervision.ledgers.screening import Finding, FindingSort
from supervision.ledgers.support import Late, SupportStanding, SupportState

Severity = Literal["high", "medium", "low"]
PUBLISH_WITHIN = timedelta(days=20)
"""From a decision to its publication; a setting of the door, since rules differ."""
SEVERELY_LATE = 90
"""Days overdue from which on support that has not come back is of high severity."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing to act on. The same state of things gives the same alarm: `kind` and `key` tell repeats."""

    kind: str
    """A key of words.toml."""
    severity: Severity
    uscc: str
    division: str
    key: str
    """What it is about within its kind: a participant, a loan, a record."""
    on: date
    """Since when it is so, as far as is known."""
    params: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Traded:
    """A finding with what the rules of the market make of it, for one participant."""

    participant: str
    name: str
    division: str
    finding: Finding
    leaving: Leaving
    trades: bool


def of_market(found: Iterable[Traded], day: date) -> list[Alarm]:
    """Return alarms of participants that mine, or may, and still trade."""
    alarms = []
    for one in found:
        if not one.trades:
            continue
        finding, by = one.finding, one.leaving.leave_by
        own = finding.sort in (FindingSort.LISTED, FindingSort.MINES)
        if own and one.leaving.overdue_days:
            alarms.append(
                _market("market.trades-after-deadline", "high", one, by or day, days=one.leaving.overdue_days)
            )
        elif finding.sort is FindingSort.MINES:
            alarms.append(_market("market.unlisted-miner", "high", one, finding.seed.since or day))
        elif not own and finding.level in ("strong", "suspected"):
            severity: Severity = "high" if finding.level == "strong" else "medium"
            alarms.append(_market("market.attached", severity, one, day))
        if own and by is None:
            alarms.append(_market("market.no-deadline", "medium", one, day))
    return alarms


def of_support(
    standings: Iterable[SupportStanding], late: Iterable[Late], names: Mapping[str, str], day: date
) -> list[Alarm]:
    """Return alarms of support: given after the listing, not recovered, not stopped."""
    alarms = []
    for one in late:
        support = one.support
        alarms.append(
            _alarm("support.after-listing", "high", support.uscc, support.division, support.id,
                   support.granted, names, id=support.id, kind=support.kind.value, amount=support.amount,
                   granted=support.granted, listed=one.listed.listed)
        )  # fmt: skip
    for standing in standings:
        support = standing.support
        if standing.state is SupportState.OVERDUE:
            days = standing.overdue_days(day)
            alarms.append(
                _alarm("support.overdue", "high" if days >= SEVERELY_LATE else "medium", support.uscc,
                       support.division, support.id, standing.overdue_since or day, names, id=support.id,
                       kind=support.kind.value, overdue=standing.overdue, days=days)
            )  # fmt: skip
        elif standing.state is SupportState.STILL_GIVEN and support.stop_by is not None:
            alarms.append(
                _alarm("support.still-given", "medium", support.uscc, support.division, support.id,
                       support.stop_by + timedelta(days=1), names, id=support.id, kind=support.kind.value,
                       stop_by=support.stop_by)
            )  # fmt: skip
    return alarms


def of_records(
    standings: Iterable[RecordStanding],
    lists: Mapping[str, Iterable[Listed]],
    names: Mapping[str, str],
    day: date,
    within: timedelta = PUBLISH_WITHIN,
) -> list[Alarm]:
    """Return alarms of decisions not published in time, and of repairs while an enterprise is listed."""
    alarms = []
    for one in standings:
        record = one.record
        if one.state is State.DECIDED and day > record.on + within:
            alarms.append(
                _alarm("record.not-published", "low", record.uscc, record.division, record.id,
                       record.on + within + timedelta(days=1), names, id=record.id, on=record.on)
            )  # fmt: skip
        entries = list(lists.get(record.uscc, ()))
        alarms += [
            _alarm("record.repaired-while-listed", "medium", record.uscc, record.division, record.id,
                   event.on, names, id=record.id, on=event.on)
            for event in one.events
            if event.step is RecordStep.REPAIRED and any(entry.on_list(event.on) for entry in entries)
        ]  # fmt: skip
    return alarms


def ordered(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return alarms, the most severe and then the oldest first."""
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(alarms, key=lambda one: (order[one.severity], one.on, one.kind, one.uscc, one.key))


def _market(kind: str, severity: Severity, one: Traded, on: date, **params: object) -> Alarm:
    finding, by = one.finding, one.leaving.leave_by
    told = {
        "level": finding.level,
        "score": f"{finding.score:.2f}",
        "sort": finding.sort.value,
        "leave_by": by or "",
        **params,
    }
    names = {finding.uscc: one.name}
    return _alarm(kind, severity, finding.uscc, one.division, one.participant, on, names, **told)


def _alarm(
    alarm: str, severity: Severity, code: str, division: str, about: str, on: date,
    names: Mapping[str, str], /, **params: object,
) -> Alarm:  # fmt: skip
    told = {"name": names.get(code) or code, **params}
    values = tuple((name, str(value)) for name, value in told.items())
    return Alarm(alarm, severity, code, division, about, on, values)
