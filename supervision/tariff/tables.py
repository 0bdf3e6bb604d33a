"""Files of readings, mining periods, notices and payments: judged row by row, taken whole or good rows only.

CSV, XLSX and JSON as the registry reads them (registry/rows.py). What a file says again changes nothing. A
reading or a notice that differs from what is held takes its place; a payment's reference must not be used for
another amount.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from facts.errors import RowError
from pipeline import importing
from registry.cells import Cells
from registry.power_accounts import PowerAccount
from registry.rows import Report, read_table
from store.database import Database
from store.power_accounts import Contradiction, read_accounts, valid_at
from store.registry_import import Changes
from store.tariff import (
    StoredMining,
    StoredNotice,
    StoredReading,
    add_facts,
    read_mining,
    read_notices,
    read_readings,
    read_rulebook,
)
from store.tariff_money import StoredPayment, add_payments, read_payments
from supervision.meters.days import HOUR_NS, day_start_ns, month_after, month_first
from supervision.tariff.book import TOPIC
from supervision.tariff.figures import iso, parse_amount, parse_energy, parse_share, period_id
from supervision.tariff.rows import CONFIRMED, rulebook_of
from supervision.tariff.shares import unshared

DAY = timedelta(days=1)
LONGEST_DAYS = 400
"""Of one reading period: more is a mistake in a date."""


class Table(StrEnum):
    """What a file holds."""

    READINGS = "readings"
    MINING = "mining"
    NOTICES = "notices"
    PAYMENTS = "payments"


COLUMNS: Final[Mapping[Table, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    Table.READINGS: (("account", "kwh"), ("month", "first", "last", "source")),
    Table.MINING: (("account",), ("first", "last", "found", "share", "because", "period", "source")),
    Table.NOTICES: (("account", "told"), ("document", "source")),
    Table.PAYMENTS: (("account", "on", "amount", "reference"), ("source",)),
}
"""Required and optional columns of each table."""


@dataclass(frozen=True, slots=True)
class Taking(importing.Options):
    """How a file is taken."""

    known_ns: int = 0
    author: str = ""
    confirmed: bool = False
    """Mining periods are confirmed by who imports them; else they are proposals."""


@dataclass(slots=True)
class Taken:
    """What became of the rows of a file."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


ImportResult = importing.ImportResult[Table]
"""What became of a file."""


def take_file(
    database: Database,
    path: Path,
    table: Table,
    taking: Taking,
    refuse: Callable[[Sequence[RowError]], None] = lambda errors: None,
) -> ImportResult:
    """Take a file; its refused rows go to `refuse`.

    Raises ReadError where it cannot be read, StoreError where the database fails.
    """

    def take(connection: Connection, result: ImportResult) -> None:
        done, report = Taken(), Report()
        rows = [Cells(str(path), row, taking.said_by) for row in read_table(path, *COLUMNS[table], report)]
        done.errors, done.notices = report.errors, report.notices
        _Taker(connection, taking, done).take(table, rows)
        refuse(done.errors)
        refused = len({error.row for error in done.errors})
        changes = Changes(done.added, done.changed, 0, done.unchanged)
        result.files.append(importing.FileResult(path.name, table, report.rows, refused, changes))
        result.notices += done.notices

    return importing.import_together(database, TOPIC, taking, take, durable=True)


class _Taker:
    """Judges and keeps the rows of one file, within a transaction."""

    def __init__(self, connection: Connection, taking: Taking, done: Taken) -> None:
        self._connection = connection
        self._taking = taking
        self._done = done
        self._accounts: dict[str, list[PowerAccount]] = defaultdict(list)

    def take(self, table: Table, rows: Sequence[Cells]) -> None:
        """Take rows of a table."""
        numbers = {cells.or_empty("account") for cells in rows}
        for account in read_accounts(self._connection, numbers):
            self._accounts[account.number].append(account)
        take: Callable[[Sequence[Cells], Iterable[str]], None] = {
            Table.READINGS: self._readings,
            Table.MINING: self._mining,
            Table.NOTICES: self._notices,
            Table.PAYMENTS: self._payments,
        }[table]
        take(rows, numbers)

    def _readings(self, rows: Sequence[Cells], numbers: Iterable[str]) -> None:
        held: dict[str, dict[str, StoredReading]] = defaultdict(dict)
        for kept in read_readings(self._connection, numbers):
            held[kept.account][kept.first_day] = kept
        new: list[StoredReading] = []
        seen: dict[tuple[str, str], tuple[StoredReading, Cells]] = {}
        for cells in rows:
            first, after = self._period(cells)
            account, division = self._account(cells, after and after - DAY)
            kwh = cells.parsed("kwh", parse_energy) if cells.text("kwh") else None
            if not self._good(cells) or first is None or after is None or kwh is None:
                continue
            source = cells.said_by()
            made = StoredReading(
                account, division, first.isoformat(), after.isoformat(), str(kwh), "bill", source,
                self._taking.known_ns, self._taking.author,
            )  # fmt: skip
            key = account, made.first_day
            if key in seen:
                self._again(cells, "kwh", seen[key][0], made)
                continue
            before = held[account].get(made.first_day)
            if (over := _overlapping(made, held[account].values())) is not None:
                cells.refuse(
                    "first", f"overlaps the reading from {over.first_day} to before {over.after_day}"
                )
                self._good(cells)
                continue
            seen[key] = made, cells
            held[account][made.first_day] = made
            if before is not None and _said(before) == _said(made):
                self._done.unchanged += 1
                continue
            self._count(before)
            new.append(made)
        self._keep(new)

    def _mining(self, rows: Sequence[Cells], numbers: Iterable[str]) -> None:
        held = {kept.period: kept for kept in read_mining(self._connection)}
        rulebook = rulebook_of(read_rulebook(self._connection))
        new: list[StoredMining] = []
        seen: dict[str, StoredMining] = {}
        for cells in rows:
            first, last, found = (
                cells.parsed(column, date.fromisoformat) for column in ("first", "last", "found")
            )
            account, division = self._account(cells, first or found or last)
            share = cells.parsed("share", parse_share) or Decimal(1)
            if first is not None and last is not None and last < first:
                cells.refuse("last", "mining stopped before it began")
            if first is None and last is None and found is None:
                cells.refuse("first", "neither the first, nor the last day, nor that of the finding is told")
            if not self._good(cells):
                continue
            state = CONFIRMED if self._taking.confirmed else "proposed"
            period = cells.or_empty("period") or period_id(account, first, found, cells.said_by())
            made = StoredMining(
                period, account, division, state, iso(first), iso(last), iso(found), str(share),
                cells.or_empty("because"), {"source": cells.said_by()},
                self._taking.known_ns, self._taking.author,
            )  # fmt: skip
            if period in seen:
                self._again(cells, "first", seen[period], made)
                continue
            before = held.get(period)
            if before is not None and before.account != account:
                cells.refuse("period", f"is one of account {before.account}")
                self._good(cells)
                continue
            if Decimal(made.share) < 1 and (rules := unshared(rulebook, made)):
                self._done.notices.append(
                    f"account {account}: its share changes nothing: {', '.join(rules)} charges all of it"
                )
            seen[period] = made
            if before is not None and _facts(before) == _facts(made) and before.state in (state, CONFIRMED):
                self._done.unchanged += 1
                continue
            self._count(before)
            new.append(made)
        self._keep(new)

    def _notices(self, rows: Sequence[Cells], numbers: Iterable[str]) -> None:
        held = read_notices(self._connection, numbers)
        new: list[StoredNotice] = []
        seen: dict[str, StoredNotice] = {}
        for cells in rows:
            told = cells.parsed("told", date.fromisoformat) if cells.text("told") else None
            account, division = self._account(cells, told)
            if not self._good(cells):
                continue
            document = cells.or_empty("document")
            made = StoredNotice(
                account, division, iso(told), document, self._taking.known_ns, self._taking.author
            )
            if account in seen:
                self._again(cells, "told", seen[account], made)
                continue
            seen[account] = made
            before = held.get(account)
            if before is not None and (before.told_day, before.document) == (made.told_day, document):
                self._done.unchanged += 1
                continue
            self._count(before)
            new.append(made)
        self._keep(new)

    def _payments(self, rows: Sequence[Cells], numbers: Iterable[str]) -> None:
        held = {(kept.account, kept.reference): kept for kept in read_payments(self._connection, numbers)}
        new: list[StoredPayment] = []
        for cells in rows:
            on = cells.parsed("on", date.fromisoformat) if cells.text("on") else None
            account, division = self._account(cells, None)
            amount = cells.parsed("amount", parse_amount) if cells.text("amount") else None
            reference = cells.identifier("reference")
            if not self._good(cells) or on is None or amount is None:
                continue
            made = StoredPayment(
                account, division, on.isoformat(), amount, reference, cells.said_by(),
                self._taking.known_ns, self._taking.author,
            )  # fmt: skip
            before = held.get((account, reference))
            if before is not None:
                if (before.on_day, before.amount_fen) == (made.on_day, made.amount_fen):
                    self._done.unchanged += 1
                else:
                    was = f"{before.amount_fen / 100:.2f} CNY on {before.on_day}"
                    cells.refuse("reference", f"was used for another payment: {was}")
                    self._good(cells)
                continue
            held[account, reference] = made
            self._done.added += 1
            new.append(made)
        if new:
            add_payments(self._connection, new)

    def _account(self, cells: Cells, on: date | None) -> tuple[str, str]:
        """Return an account's number and its division on a day, or last known."""
        number = cells.identifier("account")
        periods = self._accounts.get(number)
        if not periods:
            if number:
                cells.refuse("account", f"the registry has no power account {number!r}; import it first")
            return number, ""
        try:
            at = max(one.valid_from_ns for one in periods) if on is None else day_start_ns(on) + 12 * HOUR_NS
            held = valid_at(periods, at)
        except Contradiction as error:
            cells.refuse("account", str(error))
            return number, ""
        if held is None:
            cells.refuse("account", f"the registry has no record of power account {number!r} on {on}")
            return number, ""
        return number, held.division

    def _period(self, cells: Cells) -> tuple[date | None, date | None]:
        """Return the first day of a reading period and the day after its last."""
        month = cells.parsed("month", month_first)
        first, last = (cells.parsed(column, date.fromisoformat) for column in ("first", "last"))
        if month is not None:
            if cells.or_empty("first") or cells.or_empty("last"):
                cells.refuse("month", "is given beside first and last: either a month or two days")
            return month, month_after(month)
        if first is None or last is None:
            if not any(cells.or_empty(name) for name in ("month", "first", "last")):
                cells.refuse("first", "the row names neither a month nor first and last day")
            elif not cells.or_empty("month"):
                cells.refuse("first" if not cells.or_empty("first") else "last", "first and last go together")
            return None, None
        if not 0 <= (last - first).days < LONGEST_DAYS:
            cells.refuse("last", f"a reading period has 1 to {LONGEST_DAYS} days; `last` is its last day")
            return None, None
        return first, last + DAY

    def _again(self, cells: Cells, column: str, before: Any, made: Any) -> None:
        """Count a row that repeats one of the file, or refuse it where it says something else."""
        if before == made:
            self._done.unchanged += 1
            return
        cells.refuse(column, "contradicts a row before it")
        self._good(cells)

    def _good(self, cells: Cells) -> bool:
        """Say whether nothing is wrong with a row; note what is."""
        self._done.errors += cells.errors
        return not cells.errors

    def _count(self, before: object) -> None:
        if before is None:
            self._done.added += 1
        else:
            self._done.changed += 1

    def _keep(self, new: Sequence[Any]) -> None:
        if new:
            add_facts(self._connection, new)


def _said(kept: StoredReading) -> tuple[str, Decimal]:
    return kept.after_day, Decimal(kept.kwh or "0")


def _facts(kept: StoredMining) -> tuple[Any, ...]:
    return kept.first_day, kept.last_day, kept.found_day, Decimal(kept.share)


def _overlapping(made: StoredReading, held: Iterable[StoredReading]) -> StoredReading | None:
    """Return a reading of another beginning that covers a day of this one."""
    for other in held:
        apart = other.after_day <= made.first_day or made.after_day <= other.first_day
        if other.first_day != made.first_day and not apart:
            return other
    return None
