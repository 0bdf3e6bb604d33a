"""Bills: for each reading period the days that mine, split by the rule in force, times energy and rate.

The energy of a part of a reading period is its daily average times the days (Zhejiang, Sichuan and Shaanxi
say so; no rule says otherwise). Everything is exact (fractions of decimals) up to the amount of a line,
which is rounded to the fen, half up; a bill is the sum of its lines. What cannot be billed is said in a
refusal, never left out.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Literal

from supervision.tariff.facts import DAY, Account, Mining, Reading
from supervision.tariff.rules import Rule, Rulebook

VAT = Decimal("0.13")
"""Value added tax on electricity; a setting, since it has changed before."""

Reason = Literal["no-rate", "start-unknown", "not-told", "no-rule"]


class ReadingsOverlap(ValueError):
    """Two reading periods of one account cover the same day."""


@dataclass(frozen=True, slots=True)
class Line:
    """Days of one reading period that one rule bills."""

    rule: str
    first: date
    last: date
    """Inclusive."""
    days: int
    """Days that mine from `first` to `last`."""
    share: Decimal
    kwh: Decimal
    """Billed energy, rounded to 0.0001 kWh for show; the amount comes from the exact value."""
    rate: Decimal
    amount: Decimal
    """CNY, exact to the fen."""
    net: Decimal | None
    """The amount without tax, where the rate includes it; None where the rule does not say or excludes it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Days that mine and that nothing was billed for, and why."""

    reason: Reason
    rule: str | None
    first: date
    last: date
    days: int


@dataclass(frozen=True, slots=True)
class Bill:
    """The surcharge of one account for one reading period."""

    account: str
    month: str
    reading: Reading
    lines: tuple[Line, ...]
    refusals: tuple[Refusal, ...]
    drafts: tuple[str, ...]
    """Rules that would bill these days had they been enacted."""

    @property
    def amount(self) -> Decimal:
        """CNY, exact to the fen."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Billing:
    """All bills of an account, and the days that mine without a reading."""

    bills: tuple[Bill, ...]
    unmetered: tuple[tuple[date, date], ...]
    """Runs of days, both ends inclusive, between the first and the last reading."""


def bill(
    account: Account, readings: Iterable[Reading], rulebook: Rulebook, as_of: date, vat: Decimal = VAT
) -> Billing:
    """Bill an account for its readings; mining that goes on is taken as going on up to `as_of`, inclusive.

    Raises ReadingsOverlap.
    """
    ordered = sorted(readings, key=lambda reading: reading.first)
    for before, after in pairwise(ordered):
        if after.first < before.after:
            raise ReadingsOverlap(
                f"account {account.number}: the readings from {before.first} and {after.first} overlap"
            )
    bills = (_bill(account, reading, rulebook, as_of, vat) for reading in ordered)
    return Billing(
        tuple(found for found in bills if _says_something(found)), _unmetered(account, ordered, as_of)
    )


def backpay(kwh: Decimal, difference: Decimal, rule: Rule) -> tuple[Decimal, Decimal]:
    """Return price difference to be paid back and the penalty on it, CNY, for connecting without leave.

    `difference` is the ordinary price due less the price paid, CNY/kWh; the surcharge is billed apart. The
    penalty is 0.00 where the rule has none.
    """
    back = _fen(Fraction(kwh) * Fraction(difference))
    return back, back * (rule.backpay_penalty or 0)


def _says_something(found: Bill) -> bool:
    return bool(found.lines or found.refusals or found.drafts)


@dataclass(frozen=True, slots=True)
class _Day:
    """What one day comes to: billed by a rule at a share, or refused."""

    rule: Rule | None
    share: Decimal
    reason: Reason | None


def _bill(account: Account, reading: Reading, rulebook: Rulebook, as_of: date, vat: Decimal) -> Bill:
    days = [(day, _judge(account, day, rulebook, as_of)) for day in _days(reading.first, reading.after)]
    lines: list[Line] = []
    refusals: list[Refusal] = []
    for judged, run in groupby(days, key=lambda pair: pair[1]):
        if judged is None:
            continue
        span = [day for day, _ in run]
        rule_id = judged.rule.id if judged.rule else None
        if judged.reason is not None:
            refusals.append(Refusal(judged.reason, rule_id, span[0], span[-1], len(span)))
        elif judged.rule is not None and judged.rule.rate is not None:
            lines.append(_line(reading, span, judged.rule, judged.rule.rate, judged.share, vat))
    drafts = {
        draft.id
        for day, judged in days
        if judged is not None
        for draft in rulebook.drafts(account.division, day)
    }
    return Bill(account.number, reading.month, reading, tuple(lines), tuple(refusals), tuple(sorted(drafts)))


def _line(
    reading: Reading, span: Sequence[date], rule: Rule, rate: Decimal, share: Decimal, vat: Decimal
) -> Line:
    energy = Fraction(reading.kwh) * len(span) / reading.days * Fraction(share)
    amount = _fen(energy * Fraction(rate))
    net = _fen(Fraction(amount) / (1 + Fraction(vat))) if rule.tax == "included" else None
    return Line(rule.id, span[0], span[-1], len(span), share, _rounded(energy, 4), rate, amount, net)


def _judge(account: Account, day: date, rulebook: Rulebook, as_of: date) -> _Day | None:
    """Say what a day comes to; None where the account does not mine, or a rule leaves the day free."""
    rule = rulebook.on(account.division, day)
    share, unknown = Decimal(0), False
    for mining in account.mining:
        known = _mines(mining, day, rule, as_of)
        if known is None:
            unknown = True
        elif known:
            share += mining.share
    if not share:
        return _Day(rule, Decimal(0), "start-unknown") if unknown and rule else None
    if rule is None:
        free = any(
            other.start == "issue" and day < other.valid_from for other in rulebook.of(account.division)
        )
        return None if free else _Day(None, Decimal(0), "no-rule")
    if rule.rate is None:
        return _Day(rule, Decimal(0), "no-rate")
    if rule.start == "told" and account.told is None:
        return _Day(rule, Decimal(0), "not-told")
    if rule.start == "told" and account.told is not None and day < account.told:
        return None
    return _Day(rule, Decimal(1) if rule.scope == "account" else min(share, Decimal(1)), None)


def _mines(mining: Mining, day: date, rule: Rule | None, as_of: date) -> bool | None:
    """Say whether a period covers a day; None where that cannot be known.

    A beginning that nobody knows is counted back by the rule's months from the end, or from the finding.
    """
    last = mining.last or as_of
    if day > last:
        return False
    if mining.first is not None:
        return day >= mining.first
    known_from = mining.found or last
    if day >= known_from:
        return True
    if rule is None or rule.unknown_months is None:
        return None
    return day >= months_before(known_from, rule.unknown_months)


def months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _unmetered(account: Account, readings: Sequence[Reading], as_of: date) -> tuple[tuple[date, date], ...]:
    """Return the runs of mining days inside gaps between readings."""
    gaps = [(before.after, after.first) for before, after in pairwise(readings) if before.after < after.first]
    runs = []
    for first, after in gaps:
        mined = [
            day
            for day in _days(first, after)
            if any(_mines(mining, day, None, as_of) for mining in account.mining)
        ]
        if mined:
            runs.append((mined[0], mined[-1]))
    return tuple(runs)


def _days(first: date, after: date) -> Iterator[date]:
    return (first + DAY * n for n in range((after - first).days))


def _fen(value: Fraction) -> Decimal:
    return _rounded(value, 2)


def _rounded(value: Fraction, places: int) -> Decimal:
    """Return a value that is not negative as a decimal, rounded half up; exact before that."""
    scaled = value * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    return Decimal(whole).scaleb(-places)
