"""Electricity accounts as the registry holds them now, or believed at a time: by number, holder, division."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from sqlalchemy import Connection, or_, select

from registry.division_table import in_force
from registry.power_accounts import FIELDS, PowerAccount, power_account
from registry.table_specs import Kind
from store.registry_rows import BATCH, POWER_ACCOUNTS
from store.registry_tables import HistoryRow, PowerAccountRow


def read_accounts(
    connection: Connection, numbers: Iterable[str] | None = None, division: str | None = None
) -> Iterator[PowerAccount]:
    """Yield the periods of accounts: of these numbers, or all; of what a right on a division covers, or all.

    Several periods of one number come in the order in which they were imported.
    """
    conditions = []
    if division is not None:
        covered = in_force().covers(division)
        conditions.append(or_(*(PowerAccountRow.division.startswith(head) for head in covered)))
    if numbers is None:
        yield from POWER_ACCOUNTS.read(connection, *conditions)
        return
    wanted = list(dict.fromkeys(numbers))
    for begin in range(0, len(wanted), BATCH):
        some = PowerAccountRow.number.in_(wanted[begin : begin + BATCH])
        yield from POWER_ACCOUNTS.read(connection, some, *conditions)


def read_believed(
    connection: Connection, column: Literal["number", "uscc"], values: Iterable[str], known_ns: int
) -> Iterator[PowerAccount]:
    """Yield the periods of accounts by number or holder, as they were believed at `known_ns`.

    What an import has changed since then is told as it was; in no order.
    """
    wanted, row, past = sorted(set(values)), PowerAccountRow, HistoryRow
    asked = row.number if column == "number" else row.uscc
    then = (
        past.kind == Kind.POWER_ACCOUNTS.value,
        past.known_from_ns <= known_ns,
        past.known_to_ns > known_ns,
    )
    for begin in range(0, len(wanted), BATCH):
        some = wanted[begin : begin + BATCH]
        yield from POWER_ACCOUNTS.read(connection, row.known_from_ns <= known_ns, asked.in_(some))
        named = (past.key.in_(some),) if column == "number" else ()  # the history's key is the number
        for record in connection.scalars(select(past.record).where(*then, *named).order_by(past.id)):
            if record[column] in some:
                yield power_account(*(record[name] for name in FIELDS))


class Contradiction(ValueError):
    """Sources say different things of one account at one time."""


def valid_at(periods: Sequence[PowerAccount], at_ns: int) -> PowerAccount | None:
    """Return what held of one account at a time; None where nothing did.

    Raises Contradiction where two sources differ in what is billed: enterprise, site or division.
    """
    held = [
        one
        for one in periods
        if one.valid_from_ns <= at_ns and (one.valid_to_ns is None or at_ns < one.valid_to_ns)
    ]
    if len({(one.uscc, one.site, one.division) for one in held}) > 1:
        sources = " and ".join(sorted({one.source for one in held}))
        raise Contradiction(f"{sources} contradict each other on account {held[0].number}")
    return held[-1] if held else None
