"""The book of charges: entries are only added; what changed facts make wrong is reversed and charged anew.

After any number of corrections the entries that stand, of every account and reading period, are those of a
bill computed afresh from the facts as they are known now.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from supervision.tariff.billing import Bill, Line

Kind = Literal["charge", "reversal"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. A reversal repeats the charge that it takes back, with the amounts negative."""

    number: int
    """From 1, in the order in which entries were made, without gaps."""
    kind: Kind
    account: str
    month: str
    """`YYYY-MM`."""
    period: tuple[date, date]
    """The reading period, end exclusive."""
    line: Line
    basis: str
    """Fingerprint of the facts it rests on (`facts.digest`)."""
    made: date
    reverses: int | None = None
    """The number of the charge that a reversal takes back."""
    why: str = ""
    """The reason of a correction, as its author gave it."""
    holder: str = ""
    """Whom the charge is on and where: a charge on another one is another charge."""


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """Return the charges that no reversal took back, in the order in which they were made."""
    entries = list(entries)
    gone = {entry.reverses for entry in entries}
    return [entry for entry in entries if entry.kind == "charge" and entry.number not in gone]


def corrections(
    entries: Sequence[Entry],
    bills: Iterable[tuple[Bill, str]],
    accounts: Iterable[str],
    made: date,
    why: str = "",
    after: int | None = None,
    holders: Mapping[tuple[str, tuple[date, date]], str] | None = None,
) -> list[Entry]:
    """Return the entries to add so that what stands of `accounts` equals `bills`.

    `bills` come with the fingerprint of their facts. Charges that came out the same stay, even where the
    facts behind them changed in what has no bearing. Entries of other accounts are left alone. New numbers
    follow the highest of `entries`, or `after`. `holders` tells by account and period whom a bill is on.
    """
    holders = holders or {}
    wanted = set(accounts)
    before: dict[tuple[str, tuple[date, date]], list[Entry]] = defaultdict(list)
    for entry in standing(entries):
        if entry.account in wanted:
            before[entry.account, entry.period].append(entry)
    number = max((entry.number for entry in entries), default=0) if after is None else after
    added: list[Entry] = []

    def take_back(gone: Iterable[Entry]) -> None:
        for entry in gone:
            added.append(
                replace(
                    entry,
                    number=number + len(added) + 1,
                    kind="reversal",
                    line=_negative(entry.line),
                    made=made,
                    reverses=entry.number,
                    why=why,
                )
            )

    for bill, basis in bills:
        if bill.account not in wanted:
            raise ValueError(f"a bill of account {bill.account}, which is not among those billed")
        period = (bill.reading.first, bill.reading.after)
        stood = before.pop((bill.account, period), [])
        holder = holders.get((bill.account, period), "")
        same = all(entry.holder == holder for entry in stood)
        if same and tuple(entry.line for entry in stood) == bill.lines:
            continue
        take_back(stood)
        for line in bill.lines:
            new = number + len(added) + 1
            added.append(
                Entry(
                    new, "charge", bill.account, bill.month, period, line, basis, made, why=why, holder=holder
                )
            )
    for stood in before.values():  # periods that owe nothing any more
        take_back(stood)
    return added


def balance(entries: Iterable[Entry]) -> Decimal:
    """Return the sum of all amounts, reversals included, CNY."""
    return sum((entry.line.amount for entry in entries), Decimal("0.00"))


def _negative(line: Line) -> Line:
    nothing = Decimal(0)  # taken from nothing: -0.00 would be another text for 0.00
    net = None if line.net is None else nothing - line.net
    return replace(line, kwh=nothing - line.kwh, amount=nothing - line.amount, net=net)
