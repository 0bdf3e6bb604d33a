"""Readings summed from the curves of meters, for accounts whose bill of a month is not at hand.

A bill counts before the curves; where both are there, they are compared. A month with a gap whose energy no
register tells gives no reading: nothing is filled in for money. A reading whose curves were withdrawn or
corrected since goes with them (`recounted`); what retention removed from the lake says nothing against it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from registry.power_accounts import PowerAccount
from store.power_accounts import Contradiction, read_accounts, valid_at
from store.tariff import StoredReading, add_facts, read_mining, read_readings
from supervision.meters.days import HOUR_NS, POINTS, day_start_ns, month_after
from supervision.tariff.facts import DAY, Fault

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

APART: Final = Decimal("0.01")
"""Part of a bill by which the curves may differ before it is told: meters are of class 1 and better."""


CURVES: Final = "curves"
"""How a reading that was summed from curves came about (`StoredReading.way`)."""


@dataclass(frozen=True, slots=True)
class Summed:
    """What the curves of a month come to."""

    readings: tuple[StoredReading, ...]
    """New ones, or with another energy than what was summed before; without energy where the curves that a
    reading was summed from do not tell it any more."""
    unchanged: int
    faults: tuple[Fault, ...]
    """Accounts whose curves have gaps."""
    apart: tuple[Fault, ...]
    """Accounts whose bill says another energy than their curves."""


def summed(
    connection: Connection,
    lake: "CurveLake",
    month: date,
    accounts: Iterable[str] | None,
    known_ns: int,
    author: str,
) -> Summed:
    """Return readings of a calendar month; None: of all accounts with a mining period. Adds nothing."""
    after = month_after(month)
    days = (after - month).days
    numbers = sorted(set(accounts) if accounts is not None else {m.account for m in read_mining(connection)})
    periods: dict[str, list[PowerAccount]] = defaultdict(list)
    for one in read_accounts(connection, numbers):
        periods[one.number].append(one)
    held: dict[str, list[StoredReading]] = defaultdict(list)
    for kept in read_readings(connection, numbers):
        if kept.first_day < after.isoformat() and month.isoformat() < kept.after_day:
            held[kept.account].append(kept)
    told_ns = _told_ns(lake, month)
    energy = {number: frame for (number,), frame in lake.energy(numbers, month, after).group_by("account")}
    made, faults, apart, unchanged = [], [], [], 0
    for number in numbers:
        frame = energy.get(number)
        lost_reading = _withdrawn(held[number], month, after, told_ns, known_ns, author)
        if frame is None:
            faults.append(Fault(number, f"no curve in {month:%Y-%m}"))
            made += lost_reading
            continue
        whole = (frame["missing"] == frame["bridged"]) & (frame["meters"] == frame["of"])
        if len(frame) < days or not whole.all():
            lost = days - int(whole.sum())
            points = int((frame["missing"] - frame["bridged"]).sum()) + (days - len(frame)) * POINTS
            faults.append(Fault(number, f"gaps on {lost} of {days} days ({points} points) in {month:%Y-%m}"))
            made += lost_reading
            continue
        kwh = sum((Decimal(f"{value:.4f}") for value in frame["kwh"].to_list()), Decimal(0))
        text = f"{kwh.normalize():f}"
        bills = [kept for kept in held[number] if kept.way == "bill"]
        if bills:
            same = bills[0].first_day == month.isoformat() and bills[0].after_day == after.isoformat()
            billed = Decimal(bills[0].kwh or "0")
            if same and abs(billed - kwh) > APART * max(billed, Decimal(1)):
                apart.append(Fault(number, f"billed {billed:f} kWh, the curves say {text} in {month:%Y-%m}"))
            unchanged += 1
            continue
        if held[number] and held[number][0].kwh == text:
            unchanged += 1
            continue
        try:
            account = valid_at(periods[number], day_start_ns(after - DAY) + 12 * HOUR_NS)
        except Contradiction as error:
            faults.append(Fault(number, str(error)))
            continue
        if account is None:
            faults.append(Fault(number, f"the registry has no record of it on {after - DAY}"))
            continue
        made.append(
            StoredReading(
                number,
                account.division,
                month.isoformat(),
                after.isoformat(),
                text,
                CURVES,
                f"curves {month:%Y-%m}",
                known_ns,
                author,
            )
        )
    return Summed(tuple(made), unchanged, tuple(faults), tuple(apart))


def keep(connection: Connection, found: Summed) -> None:
    """Add the readings."""
    if found.readings:
        add_facts(connection, found.readings)


def recounted(
    connection: Connection, lake: "CurveLake", accounts: Iterable[str], known_ns: int, author: str
) -> Summed:
    """Return the readings from curves that the lake, told of more since, does not bear out any more.

    Months of which nothing was imported or withdrawn since are not read. Adds nothing.
    """
    months: dict[date, list[StoredReading]] = defaultdict(list)
    for kept in read_readings(connection, sorted(set(accounts))):
        if kept.way == CURVES:
            months[date.fromisoformat(kept.first_day)].append(kept)
    readings: list[StoredReading] = []
    faults: list[Fault] = []
    unchanged = 0
    for month, held in sorted(months.items()):
        told_ns = _told_ns(lake, month)
        numbers = [one.account for one in held if one.known_ns < told_ns]
        if numbers:
            found = summed(connection, lake, month, numbers, known_ns, author)
            readings += found.readings
            unchanged += found.unchanged
            faults += found.faults
    return Summed(tuple(readings), unchanged, tuple(faults), ())


def _told_ns(lake: "CurveLake", month: date) -> int:
    """Return when the lake was last told of a month, imports and withdrawals alike; 0 for never."""
    return max((file.known_ns for file in lake.files(f"{month:%Y-%m}")), default=0)


def _withdrawn(
    held: Iterable[StoredReading], month: date, after: date, told_ns: int, known_ns: int, author: str
) -> list[StoredReading]:
    """Return the word that takes back the reading of a month that its curves do not tell any more.

    Only where the lake was told of the month since: of months that retention removed nothing is taken back.
    """
    return [
        replace(one, kwh=None, known_ns=known_ns, author=author)
        for one in held
        if one.way == CURVES
        and (one.first_day, one.after_day) == (month.isoformat(), after.isoformat())
        and one.known_ns < told_ns
    ]
