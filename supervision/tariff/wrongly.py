"""What is to be paid back for connecting without leave to a line of a lower price, with its penalty."""

from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy import Connection

from store.power_accounts import read_accounts, valid_at
from store.tariff import read_rulebook
from store.tariff_money import StoredBackpay
from supervision.meters.days import HOUR_NS, day_start_ns
from supervision.tariff.billing import backpay
from supervision.tariff.facts import DAY
from supervision.tariff.rows import fen, rulebook_of


def work_out(
    connection: Connection,
    account: str,
    first: date,
    after: date,
    kwh: str,
    difference: str,
    why: str,
    made: date,
    known_ns: int,
    author: str,
) -> tuple[StoredBackpay, str]:
    """Return what is to be paid back by the rule of the account's place on the last day, and its document.

    Adds nothing. Raises ValueError for what is no amount, no period, an account or a rule nobody knows.
    """
    energy, price = _positive("kwh", kwh), _positive("difference", difference)
    if after <= first:
        raise ValueError("the period ends before it begins")
    held = valid_at(list(read_accounts(connection, [account])), day_start_ns(after - DAY) + 12 * HOUR_NS)
    if held is None:
        raise ValueError(f"the registry has no record of power account {account!r} on {after - DAY}")
    rule = rulebook_of(read_rulebook(connection)).on(held.division, after - DAY)
    if rule is None:
        raise ValueError(f"no rule is in force in {held.division} on {after - DAY}")
    back, penalty = backpay(energy, price, rule)
    kept = StoredBackpay(
        account,
        held.division,
        first.isoformat(),
        after.isoformat(),
        str(energy),
        str(price),
        rule.id,
        fen(back),
        fen(penalty),
        made.isoformat(),
        why.strip(),
        known_ns,
        author,
    )
    return kept, rule.document


def _positive(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name}: {text!r} is no number") from None
    if not value.is_finite() or not 0 < value < 10**12:
        raise ValueError(f"{name}: {text} is not more than 0")
    return value
