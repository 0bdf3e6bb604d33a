"""Support and its recovery: what was given, what came back, what is overdue; and support given too late.

What is lent (loans, guarantees, securities) is due on `recover_by`, or by its plan where instalments are
entered; a benefit ends on `stop_by`, and is recovered where a day to recover it is set. Amounts
are exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from supervision.ledgers.model import (
    FINANCIAL,
    LENT,
    InstitutionKind,
    Listed,
    Recovery,
    RecoveryStep,
    Support,
    SupportKind,
)

ZERO = Decimal("0.00")


class SupportState(StrEnum):
    """Where support stands."""

    RUNNING = "running"
    OVERDUE = "overdue"
    """What is due has not come back."""
    STILL_GIVEN = "still-given"
    """A benefit goes on after the day it had to stop by."""
    STOPPED = "stopped"
    SETTLED = "settled"
    """All came back, or what did not was written off."""


@dataclass(frozen=True, slots=True)
class SupportStanding:
    """One support on a day."""

    support: Support
    state: SupportState
    recovered: Decimal
    """Came back so far, less what was booked by mistake."""
    written_off: Decimal
    outstanding: Decimal
    """Not back yet; 0.00 of a benefit that nobody is to recover."""
    due: Decimal
    """Should have come back by the day."""
    overdue: Decimal
    """Due and not back."""
    overdue_since: date | None
    """The day after the first due day that was missed."""
    stopped: date | None
    excess: Decimal
    """Came back beyond what was given: interest, or a mistake to look into."""

    def overdue_days(self, day: date) -> int:
        """Return for how many days it has been overdue, 0 where it is not."""
        return 0 if self.overdue_since is None else (day - self.overdue_since).days + 1


def standing_on(day: date, support: Support, steps: Iterable[Recovery]) -> SupportStanding | None:
    """Return how support stands at the end of a day; None before it was given.

    Steps of other support are passed over. Planned instalments are known beforehand; all other steps count
    from their day on.
    """
    if support.granted > day:
        return None
    own = [step for step in steps if step.support == support.id]
    done = [step for step in own if step.on <= day and step.step is not RecoveryStep.PLANNED]
    came = max(ZERO, sum_of(done, RecoveryStep.RECOVERED) - sum_of(done, RecoveryStep.REVERSED))
    written = sum_of(done, RecoveryStep.WRITTEN_OFF)
    stopped = min((step.on for step in done if step.step is RecoveryStep.STOPPED), default=None)
    plan = sorted((step.on, step.amount) for step in own if step.step is RecoveryStep.PLANNED)
    to_recover = support.kind in LENT or support.recover_by is not None or bool(plan)
    outstanding = max(ZERO, support.amount - came - written) if to_recover else ZERO
    dues = _dues(support, plan)
    due = min(support.amount, sum((amount for on, amount in dues if on < day), ZERO))
    overdue = max(ZERO, min(due - came - written, outstanding))
    since = _missed(dues, came + written, day, support.amount) if overdue else None
    if overdue:
        state = SupportState.OVERDUE
    elif (
        support.stop_by is not None
        and support.stop_by < day
        and stopped is None
        and not _done(support, to_recover, outstanding)
    ):
        state = SupportState.STILL_GIVEN
    elif to_recover and not outstanding:
        state = SupportState.SETTLED
    else:
        state = SupportState.STOPPED if stopped is not None else SupportState.RUNNING
    excess = max(ZERO, came + written - support.amount)
    return SupportStanding(support, state, came, written, outstanding, due, overdue, since, stopped, excess)


def fault(support: str, steps: Iterable[Recovery]) -> str | None:
    """Return why the steps of support cannot be: more is taken back than came; None where they can."""
    came = ZERO
    for step in sorted(steps, key=lambda step: (step.on, step.step is RecoveryStep.REVERSED)):
        if step.step is RecoveryStep.RECOVERED:
            came += step.amount
        elif step.step is RecoveryStep.REVERSED:
            came -= step.amount
        if came < 0:
            return f"support {support}: by {step.on} more is reversed than was recovered, {-came} CNY"
    return None


def _done(support: Support, to_recover: bool, outstanding: Decimal) -> bool:
    """Say whether what was lent is back: then nothing is left that could stop."""
    return support.kind in LENT and to_recover and not outstanding


def _dues(support: Support, plan: list[tuple[date, Decimal]]) -> list[tuple[date, Decimal]]:
    """Return what is due when: the plan, and what it leaves open on the day to recover by."""
    planned = sum((amount for _, amount in plan), ZERO)
    if support.recover_by is not None and planned < support.amount:
        return sorted([*plan, (support.recover_by, support.amount - planned)])
    return plan


def _missed(dues: list[tuple[date, Decimal]], came: Decimal, day: date, whole: Decimal) -> date | None:
    """Return the day after the first due day whose sum was not reached."""
    total = ZERO
    for on, amount in dues:
        total = min(whole, total + amount)
        if on < day and total > came:
            return date.fromordinal(on.toordinal() + 1)
    return None


def sum_of(steps: Iterable[Recovery], kind: RecoveryStep) -> Decimal:
    """Return the sum of the steps of a kind, CNY."""
    return sum((step.amount for step in steps if step.step is kind), ZERO)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over support, CNY."""

    count: int
    amount: Decimal
    recovered: Decimal
    outstanding: Decimal
    due: Decimal
    overdue: Decimal
    written_off: Decimal


def totals(standings: Iterable[SupportStanding]) -> Totals:
    """Return the sums."""
    found = list(standings)
    return Totals(
        len(found),
        sum((one.support.amount for one in found), ZERO),
        sum((one.recovered for one in found), ZERO),
        sum((one.outstanding for one in found), ZERO),
        sum((one.due for one in found), ZERO),
        sum((one.overdue for one in found), ZERO),
        sum((one.written_off for one in found), ZERO),
    )


def by_kind(standings: Iterable[SupportStanding]) -> dict[SupportKind, Totals]:
    """Return the sums by kind of support, those that occur."""
    groups: dict[SupportKind, list[SupportStanding]] = {}
    for one in standings:
        groups.setdefault(one.support.kind, []).append(one)
    return {kind: totals(groups[kind]) for kind in SupportKind if kind in groups}


def by_body(standings: Iterable[SupportStanding]) -> dict[InstitutionKind, Totals]:
    """Return the sums by kind of body, those that occur."""
    groups: dict[InstitutionKind, list[SupportStanding]] = {}
    for one in standings:
        groups.setdefault(one.support.body_kind, []).append(one)
    return {kind: totals(groups[kind]) for kind in InstitutionKind if kind in groups}


def financial(standings: Iterable[SupportStanding]) -> list[SupportStanding]:
    """Return what financial bodies gave, non-bank payment institutions among them."""
    return [one for one in standings if one.support.body_kind in FINANCIAL]


@dataclass(frozen=True, slots=True)
class Late:
    """Support that was given to an enterprise while it stood on the mining list."""

    support: Support
    listed: Listed


def given_while_listed(given: Iterable[Support], lists: Mapping[str, Iterable[Listed]]) -> list[Late]:
    """Return support given after the day on which its enterprise was listed (`lists`: by credit code).

    The day of the listing itself is not after it; what was given after the enterprise was struck off is new.
    """
    found = []
    for one in given:
        for entry in sorted(lists.get(one.uscc, ()), key=lambda entry: entry.listed):
            if entry.listed < one.granted and entry.on_list(one.granted):
                found.append(Late(one, entry))
                break
    return found
