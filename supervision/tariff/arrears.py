"""Due against paid: payments settle the oldest month first, and what is left is arrears by age."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from supervision.tariff.ledger import Entry

ZERO = Decimal("0.00")
TERM = timedelta(days=15)
"""From the end of a reading period to the day on which its bill is due; a setting."""
AGES = (0, 30, 90)
"""Days overdue at which a class of arrears begins; not yet due is a class of its own."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received for the surcharge of an account; a refund is negative."""

    account: str
    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one account."""

    month: str
    due_on: date
    due: Decimal
    paid: Decimal

    @property
    def owed(self) -> Decimal:
        """What is still to be paid, CNY."""
        return self.due - self.paid


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands on a day."""

    account: str
    months: tuple[Month, ...]
    due: Decimal
    paid: Decimal
    credit: Decimal
    """Paid beyond what is due."""
    not_yet_due: Decimal
    overdue: tuple[Decimal, ...]
    """Arrears by the classes of AGES, youngest first."""

    @property
    def arrears(self) -> Decimal:
        """All that is overdue, CNY."""
        return sum(self.overdue, ZERO)

    @property
    def collected(self) -> Decimal | None:
        """The part of what is due that was paid, 0 to 1; None where nothing is due."""
        return None if not self.due else (self.paid - self.credit) / self.due


def standing_on(
    day: date, entries: Iterable[Entry], payments: Iterable[Payment], term: timedelta = TERM
) -> list[Standing]:
    """Return how each account stands at the end of a day, by account number.

    Entries and payments made later do not count.
    """
    months: dict[str, dict[tuple[date, str], Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for entry in entries:
        if entry.made <= day:
            months[entry.account][entry.period[1] + term, entry.month] += entry.line.amount
    paid: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for payment in payments:
        if payment.on <= day:
            paid[payment.account] += payment.amount
    return [_account(name, months[name], paid[name], day) for name in sorted({*months, *paid})]


def _account(name: str, due: dict[tuple[date, str], Decimal], paid: Decimal, day: date) -> Standing:
    left, settled = paid, []
    for (due_on, month), amount in sorted(due.items()):
        part = max(ZERO, min(left, amount))
        left -= part
        settled.append(Month(month, due_on, amount, part))
    overdue = [ZERO] * len(AGES)
    not_yet = ZERO
    for found in settled:
        age = (day - found.due_on).days
        if age <= 0:
            not_yet += found.owed
        else:
            overdue[max(place for place, begin in enumerate(AGES) if age > begin)] += found.owed
    total = sum(due.values(), ZERO)
    return Standing(name, tuple(settled), total, paid, max(ZERO, left), not_yet, tuple(overdue))
