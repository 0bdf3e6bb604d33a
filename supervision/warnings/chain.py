"""Signals of the other books: surcharges that are not paid, market participants that mine or are attached."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from store.ledgers_screening import KeptFinding
from supervision.tariff.collection import Owed
from supervision.warnings.gather import PLACELESS
from supervision.warnings.signals import Signal

LEAST = 0.5
"""Probability from which on a participant is warned of: below it the screening itself only lists."""


def unpaid(owed: Iterable[Owed], today: date, now: datetime) -> Iterator[Signal]:
    """Yield accounts with months that are owed beyond their term; each month is evidence of its own."""
    for one in owed:
        late = [month for month in one.standing.months if month.owed > 0 and month.due_on < today]
        if not late:
            continue
        first = min(month.due_on for month in late)
        yield Signal(
            "surcharge",
            one.division or PLACELESS,
            now,
            {"account": one.standing.account, "uscc": one.uscc},
            {"cny": float(sum(month.owed for month in late)), "days_overdue": float((today - first).days)},
            tuple(f"bill:{one.standing.account}/{month.month}" for month in late),
        )


def trading(findings: Iterable[KeptFinding], now: datetime) -> Iterator[Signal]:
    """Yield participants of the power market that the latest screening found."""
    for one in findings:
        if one.score < LEAST:
            continue
        name = one.record.get("name") or ""
        texts = {"uscc": one.uscc, "enterprise": str(name), "why": one.sort}
        # The same finding of a later screening says nothing new.
        evidence = (f"screening:{one.uscc}/{one.sort}/{one.level}",)
        yield Signal("market", one.division or PLACELESS, now, texts, {"probability": one.score}, evidence)
