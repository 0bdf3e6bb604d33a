"""Due against paid: by account, and by region with the rate of collection that a bulletin names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Connection

from registry.power_accounts import PowerAccount
from store.access_rules import lies_in
from store.power_accounts import read_accounts
from store.tariff_money import StoredEntry, read_entries, read_payments
from supervision.tariff.arrears import TERM, ZERO, Standing, standing_on
from supervision.tariff.rows import entry_of, payment_of


@dataclass(frozen=True, slots=True)
class Owed:
    """How an account stands, with who and where it is, as last charged or known."""

    standing: Standing
    uscc: str
    division: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What is due and paid in a region, CNY."""

    division: str
    """A code of the level asked for, filled up with zeros."""
    accounts: int
    due: Decimal
    """All charges less reversals, also those whose term has not passed."""
    paid: Decimal
    """Of what is due: credit is not counted."""
    credit: Decimal
    arrears: Decimal
    """What is due and unpaid beyond its term."""

    @property
    def rate(self) -> Decimal | None:
        """Paid of due, 0 to 1, four places; None where nothing is due."""
        if self.due <= 0:
            return None
        return (self.paid / self.due).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def owed_on(
    connection: Connection, on: date, division: str | None = None, term: timedelta = TERM
) -> list[Owed]:
    """Return how the accounts stand at the end of a day, by number; of what a right on `division` covers.

    An account lies where its last entry says, or, paid but never charged, where the registry does.
    """
    kept = read_entries(connection)
    payments = [payment_of(one) for one in read_payments(connection)]
    standings = standing_on(on, (entry_of(one) for one in kept), payments, term)
    places = _places(connection, kept, [one.account for one in standings])
    found = (Owed(one, *places.get(one.account, ("", ""))) for one in standings)
    return [one for one in found if division is None or lies_in(one.division or None, division)]


def by_region(owed: Iterable[Owed], digits: int) -> list[Collected]:
    """Return what regions collected, by code: of provinces (2 digits), prefectures (4) or counties (6)."""
    groups: dict[str, list[Owed]] = defaultdict(list)
    for one in owed:
        groups[one.division[:digits].ljust(6, "0") if one.division else ""].append(one)
    return [collected(code, groups[code]) for code in sorted(groups)]


def collected(division: str, owed: Sequence[Owed]) -> Collected:
    """Return the sums of some accounts."""
    standings = [one.standing for one in owed]
    return Collected(
        division,
        len(standings),
        sum((one.due for one in standings), ZERO),
        sum((one.paid - one.credit for one in standings), ZERO),
        sum((one.credit for one in standings), ZERO),
        sum((one.arrears for one in standings), ZERO),
    )


def _places(
    connection: Connection, entries: Sequence[StoredEntry], numbers: Sequence[str]
) -> dict[str, tuple[str, str]]:
    known: dict[str, PowerAccount] = {}
    for account in read_accounts(connection, numbers):
        before = known.get(account.number)
        if before is None or account.valid_from_ns > before.valid_from_ns:
            known[account.number] = account
    places = {number: (one.uscc, one.division) for number, one in known.items()}
    return places | {one.account: (one.uscc, one.division) for one in entries}
