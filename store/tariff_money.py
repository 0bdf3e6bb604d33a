"""The book of charges and what was paid, kept: entries and payments are only added."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from store.registry_rows import BATCH
from store.tariff_tables import BackpayRow, EntryRow, PaymentRow, RunRow


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A billing run that was posted. A row of `tariff_runs`."""

    as_of: str
    made_day: str
    rulebook_id: int | None
    known_ns: int
    author: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry. A row of `tariff_entries`; `line` holds decimals and days as text."""

    number: int
    run_id: int
    kind: str
    account: str
    division: str
    uscc: str
    month: str
    first_day: str
    after_day: str
    line: dict[str, Any]
    amount_fen: int
    basis: str
    made_day: str
    reverses: int | None
    why: str


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """Money received. A row of `tariff_payments`."""

    account: str
    division: str
    on_day: str
    amount_fen: int
    reference: str
    source: str
    known_ns: int
    author: str


@dataclass(frozen=True, slots=True)
class StoredBackpay:
    """A price difference to be paid back. A row of `tariff_backpay`."""

    account: str
    division: str
    first_day: str
    after_day: str
    kwh: str
    difference: str
    rule: str
    back_fen: int
    penalty_fen: int
    made_day: str
    why: str
    known_ns: int
    author: str


def add_run(connection: Connection, run: StoredRun) -> int:
    """Note a run; return its number."""
    key = connection.execute(insert(RunRow).values(**asdict(run))).inserted_primary_key
    assert key is not None
    return int(key[0])


def last_number(connection: Connection) -> int:
    """Return the number of the last entry; 0 where there is none."""
    return connection.scalar(select(func.max(EntryRow.number))) or 0


def add_entries(connection: Connection, entries: Sequence[StoredEntry]) -> None:
    """Add entries. Raises what the database does where a number or a reversal is there already."""
    for begin in range(0, len(entries), BATCH):
        connection.execute(insert(EntryRow), [asdict(one) for one in entries[begin : begin + BATCH]])


def read_entries(connection: Connection, accounts: Iterable[str] | None = None) -> list[StoredEntry]:
    """Return the entries of these accounts, or all, by number."""
    return _read(connection, StoredEntry, EntryRow, EntryRow.number, accounts)


def add_payments(connection: Connection, payments: Sequence[StoredPayment]) -> None:
    """Add payments whose references are new."""
    for begin in range(0, len(payments), BATCH):
        connection.execute(insert(PaymentRow), [asdict(one) for one in payments[begin : begin + BATCH]])


def read_payments(connection: Connection, accounts: Iterable[str] | None = None) -> list[StoredPayment]:
    """Return the payments of these accounts, or all, in the order in which they became known."""
    return _read(connection, StoredPayment, PaymentRow, PaymentRow.id, accounts)


def add_backpay(connection: Connection, backpay: StoredBackpay) -> int:
    """Add one; return its number."""
    key = connection.execute(insert(BackpayRow).values(**asdict(backpay))).inserted_primary_key
    assert key is not None
    return int(key[0])


def read_backpay(connection: Connection, accounts: Iterable[str] | None = None) -> list[StoredBackpay]:
    """Return what is to be paid back, in the order in which it was decided."""
    return _read(connection, StoredBackpay, BackpayRow, BackpayRow.id, accounts)


def _read(
    connection: Connection, kind: Any, table: Any, order: Any, accounts: Iterable[str] | None
) -> list[Any]:
    columns = [table.__table__.c[name] for name in kind.__dataclass_fields__]
    query = select(*columns).order_by(order)
    if accounts is None:
        return [kind(*row) for row in connection.execute(query)]
    wanted = list(dict.fromkeys(accounts))
    found = []
    for begin in range(0, len(wanted), BATCH):
        some = query.where(table.account.in_(wanted[begin : begin + BATCH]))
        found += [kind(*row) for row in connection.execute(some)]
    return found
