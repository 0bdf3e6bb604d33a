"""The billing run: facts of the store, bills of the engine, entries for the book.

`plan` says what a run would add and changes nothing; `post` adds it, in one transaction that no other run
shares. What stands after it equals a bill computed afresh from the facts as they are known then.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from registry.power_accounts import PowerAccount
from store.access_rules import lies_in
from store.database import Database, lock
from store.power_accounts import Contradiction, read_accounts, valid_at
from store.tariff import StoredReading, add_facts, read_mining, read_notices, read_readings, read_rulebook
from store.tariff_money import StoredRun, add_entries, add_run, last_number, read_entries
from supervision.meters.days import HOUR_NS, day_start_ns
from supervision.refusals import Refused
from supervision.tariff.billing import VAT, Bill, ReadingsOverlap, bill
from supervision.tariff.facts import DAY, Account, Fault, digest
from supervision.tariff.ledger import Entry, corrections, standing
from supervision.tariff.metered import recounted
from supervision.tariff.rows import CONFIRMED, day, entry_of, kept_entry, mining_of, reading_of, rulebook_of
from supervision.tariff.rules import Rulebook

if TYPE_CHECKING:  # whoever brings a lake has loaded polars; the API starts without it
    from store.curve_lake import CurveLake

TOPIC = "tariff"
"""What transactions that change the facts or the book hold (store/database.py, `lock`)."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a billing run is asked."""

    as_of: date
    """Mining that goes on is billed up to this day, inclusive."""
    made: date
    """The day that the entries bear."""
    accounts: tuple[str, ...] | None = None
    """Numbers; None: every account with a mining period or an entry."""
    division: str | None = None
    """Only accounts of what a right on this division covers."""
    why: str = ""
    vat: Decimal = VAT


@dataclass(frozen=True, slots=True)
class Plan:
    """What a billing run comes to."""

    entries: tuple[Entry, ...]
    """To be added, in their order."""
    bills: tuple[Bill, ...]
    """By account and period, also those that changed nothing, with their refusals and drafts."""
    unmetered: tuple[tuple[str, date, date], ...]
    """Account, first and last day of mining days without a reading between readings."""
    faults: tuple[Fault, ...]
    """Accounts that could not be billed at all; what was charged on them before stands."""
    accounts: int
    """Accounts looked at."""
    recounted: tuple[StoredReading, ...] = ()
    """Readings from curves that the lake tells otherwise by now, as they are to be; without energy those
    whose curves were withdrawn or have gaps now."""

    @property
    def amount(self) -> Decimal:
        """CNY that the entries add up to."""
        return sum((entry.line.amount for entry in self.entries), Decimal("0.00"))


def plan(
    connection: Connection, run: Run, lake: "CurveLake | None" = None, known_ns: int = 0, author: str = ""
) -> Plan:
    """Say what a run would add.

    With a lake, readings from curves that were withdrawn or corrected since count as the lake tells them now;
    `known_ns` and `author` are whose word that is. Raises RuleError where the operator's rules contradict the
    shipped ones, StoreError where the lake is damaged.
    """
    rulebook = rulebook_of(read_rulebook(connection))
    entries = [entry_of(kept) for kept in read_entries(connection, run.accounts)]
    mining = defaultdict(list)
    for kept in read_mining(connection, run.accounts):
        mining[kept.account].append(kept)
    numbers = sorted({*mining, *(entry.account for entry in standing(entries))})
    if run.accounts is not None:
        numbers = [number for number in numbers if number in set(run.accounts)]
    periods = defaultdict(list)
    for account in read_accounts(connection, numbers):
        periods[account.number].append(account)
    if run.division is not None:
        numbers = [number for number in numbers if _within(periods[number], run.division)]
    told = {number: day(kept.told_day) for number, kept in read_notices(connection, numbers).items()}
    anew = () if lake is None else recounted(connection, lake, numbers, known_ns, author).readings
    changed = {(one.account, one.first_day): one for one in anew}
    readings = defaultdict(list)
    for held in read_readings(connection, numbers):
        reading = changed.get((held.account, held.first_day), held)
        if reading.kwh is not None:
            readings[reading.account].append(reading)
    made = _Made()
    for number in numbers:
        confirmed = tuple(mining_of(kept) for kept in mining[number] if kept.state == CONFIRMED)
        known = Account(number, "", confirmed, told.get(number))
        try:
            made.bill(known, readings[number], periods[number], rulebook, run)
        except (Contradiction, ReadingsOverlap, _Unplaced) as error:
            made.faults.append(Fault(number, str(error)))
    lost = {fault.account for fault in made.faults}
    billed = [number for number in numbers if number not in lost]
    new = corrections(
        entries,
        made.bills,
        billed,
        run.made,
        run.why,
        after=last_number(connection),
        holders=made.holders,
    )
    return Plan(
        tuple(new),
        tuple(one for one, _ in made.bills),
        tuple(made.unmetered),
        tuple(made.faults),
        len(numbers),
        anew,
    )


def post(database: Database, run: Run, known_ns: int, author: str, lake: "CurveLake | None" = None) -> Plan:
    """Add what a run comes to; a run that adds nothing leaves no trace. Raises Refused as `post_within`."""
    with database.writing(durable=True) as connection:
        return post_within(connection, run, known_ns, author, lake)


def post_within(
    connection: Connection, run: Run, known_ns: int, author: str, lake: "CurveLake | None" = None
) -> Plan:
    """Do what `post` does inside a transaction that is open.

    Raises Refused where charges are to be reversed and nobody says why.
    """
    lock(connection, TOPIC)
    found = plan(connection, run, lake, known_ns, author)
    if not run.why.strip() and any(entry.kind == "reversal" for entry in found.entries):
        raise Refused(
            "charges are reversed: say why (--why, `why`), it is kept with them",
            "本次将冲销已入账金额：请说明理由（--why、why），理由随账保存",
        )
    if found.recounted:
        add_facts(connection, found.recounted)
    if found.entries:
        kept = read_rulebook(connection)
        as_of, made_day = run.as_of.isoformat(), run.made.isoformat()
        number = None if kept is None else kept.id
        run_id = add_run(connection, StoredRun(as_of, made_day, number, known_ns, author, run.why))
        add_entries(connection, [kept_entry(entry, run_id) for entry in found.entries])
    return found


def standing_entries(connection: Connection, accounts: Iterable[str] | None = None) -> list[Entry]:
    """Return the charges that stand."""
    return standing(entry_of(kept) for kept in read_entries(connection, accounts))


class _Unplaced(ValueError):
    """The registry does not say where an account was."""


class _Made:
    """Bills gathered account by account."""

    def __init__(self) -> None:
        self.bills: list[tuple[Bill, str]] = []
        self.holders: dict[tuple[str, tuple[date, date]], str] = {}
        self.unmetered: list[tuple[str, date, date]] = []
        self.faults: list[Fault] = []

    def bill(
        self,
        account: Account,
        readings: Sequence[StoredReading],
        periods: Sequence[PowerAccount],
        rulebook: Rulebook,
        run: Run,
    ) -> None:
        """Bill one account; a reading falls to where, and on whom, the account was on its last day."""
        places = defaultdict(list)
        holders = {}
        for kept in readings:
            reading = reading_of(kept)
            held = valid_at(periods, day_start_ns(reading.after - DAY) + 12 * HOUR_NS)
            if held is None:
                raise _Unplaced(f"no record of account {account.number} on {reading.after - DAY}")
            places[held.division].append(reading)
            holders[account.number, (reading.first, reading.after)] = f"{held.uscc} {held.division}"
        bills, unmetered = [], []
        for division, here in places.items():
            placed = Account(account.number, division, account.mining, account.told)
            found = bill(placed, here, rulebook, run.as_of, run.vat)
            bills += [(one, digest(placed, one.reading)) for one in found.bills]
            unmetered += [(account.number, first, last) for first, last in found.unmetered]
        if len(places) > 1:  # a gap between readings of two places is one of neither
            unmetered = []
        self.bills += sorted(bills, key=lambda pair: pair[0].reading.first)
        self.holders |= holders
        self.unmetered += unmetered


def _within(periods: Sequence[PowerAccount], division: str) -> bool:
    return any(lies_in(one.division, division) for one in periods)
