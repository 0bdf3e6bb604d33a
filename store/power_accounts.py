"""Electricity accounts as the registry holds them now: by number, by division, by the meters they have."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, or_

from registry.division_table import in_force
from registry.power_accounts import PowerAccount
from store.registry_rows import BATCH, POWER_ACCOUNTS
from store.registry_tables import PowerAccountRow


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
