"""The differential price as it was known at a time: who owes, what nobody could bill, what was read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, select

from registry.division_table import in_force
from registry.power_accounts import PowerAccount
from store.power_accounts import Contradiction, read_believed, valid_at
from store.tariff import StoredReading, read_mining, read_notices, read_readings, read_rulebook
from store.tariff_money import read_entries, read_payments
from store.tariff_tables import RunRow
from supervision.meters.days import DAY_NS, day_start_ns
from supervision.reports import believed
from supervision.reports.known import Metered, Owed, Refused
from supervision.tariff.arrears import Standing, standing_on
from supervision.tariff.billing import ReadingsOverlap, bill
from supervision.tariff.facts import Account, Reading
from supervision.tariff.ledger import Entry
from supervision.tariff.rows import CONFIRMED, day, entry_of, mining_of, payment_of, reading_of, rulebook_of
from supervision.tariff.rules import Rulebook

ZERO = Decimal("0.00")
NOON_NS = DAY_NS // 2


@dataclass(frozen=True, slots=True)
class Charged:
    """What was found, by account."""

    owed: tuple[Owed, ...] = ()
    refused: tuple[Refused, ...] = ()
    metered: tuple[Metered, ...] = ()


@dataclass(frozen=True, slots=True)
class Whose:
    """Which accounts are asked for: all of a region, or an enterprise's or a site's in it."""

    region: str
    uscc: str | None = None
    site: str | None = None

    def has(self, uscc: str, site: str, division: str) -> bool:
        """Say whether an account is among them."""
        return (
            division.startswith(in_force().covers(self.region))
            and (self.uscc is None or uscc == self.uscc)
            and (self.site is None or site == self.site)
        )


def charged(connection: Connection, whose: Whose, known_ns: int, on: date) -> Charged:
    """Return how accounts stand at the end of a day, as known at a time."""
    runs = set(connection.scalars(select(RunRow.id).where(RunRow.known_ns <= known_ns)))
    kept = [one for one in read_entries(connection) if one.run_id in runs]
    payments = [payment_of(one) for one in read_payments(connection) if one.known_ns <= known_ns]
    mining = defaultdict(list)
    for one in read_mining(connection, known_ns=known_ns):
        if one.state == CONFIRMED:
            mining[one.account].append(mining_of(one))
    numbers = {*mining, *(one.account for one in kept), *(one.account for one in payments)}
    periods: dict[str, list[PowerAccount]] = defaultdict(list)
    for account in read_believed(connection, "number", numbers, known_ns):
        periods[account.number].append(account)
    readings = defaultdict(list)
    for reading in read_readings(connection, sorted(numbers), known_ns):
        if reading.after_day <= on.isoformat():
            readings[reading.account].append(reading)
    entries = defaultdict(list)
    places: dict[str, tuple[str, str, str]] = {}
    for number, held in periods.items():
        latest = max(held, key=lambda one: one.valid_from_ns)
        places[number] = (latest.uscc, latest.site, latest.division)
    for entry in kept:
        entries[entry.account].append(entry_of(entry))
        site = places.get(entry.account, ("", "", ""))[1]
        places[entry.account] = (entry.uscc, site, entry.division)
    asked = {number for number in numbers if whose.has(*places.get(number, ("", "", "")))}
    codes = {places[number][0] for number in asked}
    names = {one.uscc: one.name for one in believed.of_companies(connection, codes, known_ns)}
    told = read_notices(connection, sorted(asked), known_ns)
    accounts = [
        Account(number, "", tuple(mining[number]), day(told[number].told_day) if number in told else None)
        for number in sorted(asked & set(mining))
    ]
    rulebook = rulebook_of(read_rulebook(connection, known_ns))
    payments = [one for one in payments if one.account in asked]
    every = [one for number in sorted(asked) for one in entries[number]]
    return Charged(
        tuple(_owed(standing_on(on, every, payments), entries, places, names)),
        tuple(_refused(accounts, readings, periods, rulebook, on)),
        tuple(
            Metered(one.account, places[one.account][1], reading_of(one).month, Decimal(one.kwh), one.way)
            for number in sorted(asked)
            for one in readings[number]
            if one.kwh is not None
        ),
    )


def _owed(
    standings: Iterable[Standing],
    entries: Mapping[str, list[Entry]],
    places: Mapping[str, tuple[str, str, str]],
    names: Mapping[str, str],
) -> Iterator[Owed]:
    for one in standings:
        own = entries.get(one.account, [])
        uscc, site, division = places.get(one.account, ("", "", ""))
        months: dict[str, tuple[Decimal, Decimal]] = {}
        for month in one.months:
            due, paid = months.get(month.month, (ZERO, ZERO))
            months[month.month] = (due + month.due, paid + month.paid)
        yield Owed(
            account=one.account,
            uscc=uscc,
            enterprise=names.get(uscc, ""),
            site=site,
            division=division,
            rules=tuple(sorted({entry.line.rule for entry in own})),
            kwh=sum((entry.line.kwh for entry in own), Decimal("0.0000")),
            due=one.due,
            paid=one.paid - one.credit,
            not_yet_due=one.not_yet_due,
            overdue=one.overdue,
            credit=one.credit,
            months=tuple((month, *months[month]) for month in sorted(months)),
        )


def _refused(
    accounts: Iterable[Account],
    readings: Mapping[str, Collection[StoredReading]],
    periods: Mapping[str, list[PowerAccount]],
    rulebook: Rulebook,
    on: date,
) -> Iterator[Refused]:
    """Yield the days that mine and that no bill can be made for, as bills of that day would say."""
    for account in accounts:
        placed: dict[str, list[Reading]] = defaultdict(list)
        for kept in readings[account.number]:
            reading = reading_of(kept)
            try:
                held = valid_at(periods[account.number], day_start_ns(reading.after) - NOON_NS)
            except Contradiction:
                held = None
            if held is not None:
                placed[held.division].append(reading)
        for division, here in placed.items():
            try:
                billing = bill(
                    Account(account.number, division, account.mining, account.told), here, rulebook, on
                )
            except ReadingsOverlap:
                continue  # the billing run names it; nothing was billed on it
            for one in billing.bills:
                for refusal in one.refusals:
                    yield Refused(
                        account.number,
                        refusal.reason,
                        refusal.rule or "",
                        refusal.first,
                        refusal.last,
                        refusal.days,
                    )
