"""Rows of the store as the values of the engine, and back."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from store.tariff import StoredMining, StoredReading, StoredRulebook
from store.tariff_money import StoredEntry, StoredPayment
from supervision.tariff.arrears import Payment
from supervision.tariff.billing import Line
from supervision.tariff.facts import Mining, Reading
from supervision.tariff.ledger import Entry
from supervision.tariff.rules import Rulebook, merged, parse, shipped

CONFIRMED = "confirmed"
"""The state of a mining period that is billed."""


def rulebook_of(kept: StoredRulebook | None) -> Rulebook:
    """Return the shipped rules with the operator's own. Raises RuleError."""
    if kept is None:
        return Rulebook(shipped())
    own = parse(kept.text, "the operator's rules")
    return Rulebook(merged(shipped(), own), kept.enacted)


def mining_of(kept: StoredMining) -> Mining:
    """Return a mining period as the engine takes it."""
    return Mining(day(kept.first_day), day(kept.last_day), day(kept.found_day), Decimal(kept.share))


def reading_of(kept: StoredReading) -> Reading:
    """Return a reading that was not withdrawn."""
    assert kept.kwh is not None
    return Reading(date.fromisoformat(kept.first_day), date.fromisoformat(kept.after_day), Decimal(kept.kwh))


def payment_of(kept: StoredPayment) -> Payment:
    """Return a payment."""
    return Payment(kept.account, date.fromisoformat(kept.on_day), cny(kept.amount_fen))


def entry_of(kept: StoredEntry) -> Entry:
    """Return an entry."""
    return Entry(
        number=kept.number,
        kind="reversal" if kept.kind == "reversal" else "charge",
        account=kept.account,
        month=kept.month,
        period=(date.fromisoformat(kept.first_day), date.fromisoformat(kept.after_day)),
        line=_line_of(kept.line),
        basis=kept.basis,
        made=date.fromisoformat(kept.made_day),
        reverses=kept.reverses,
        why=kept.why,
        holder=f"{kept.uscc} {kept.division}",
    )


def kept_entry(entry: Entry, run_id: int) -> StoredEntry:
    """Return an entry as the store keeps it."""
    uscc, division = entry.holder.split(" ")
    return StoredEntry(
        number=entry.number,
        run_id=run_id,
        kind=entry.kind,
        account=entry.account,
        division=division,
        uscc=uscc,
        month=entry.month,
        first_day=entry.period[0].isoformat(),
        after_day=entry.period[1].isoformat(),
        line=line_told(entry.line),
        amount_fen=fen(entry.line.amount),
        basis=entry.basis,
        made_day=entry.made.isoformat(),
        reverses=entry.reverses,
        why=entry.why,
    )


def line_told(line: Line) -> dict[str, Any]:
    """Return a line as JSON: decimals as text, days in ISO form."""
    return {
        "rule": line.rule,
        "first": line.first.isoformat(),
        "last": line.last.isoformat(),
        "days": line.days,
        "share": str(line.share),
        "kwh": str(line.kwh),
        "rate": str(line.rate),
        "amount": str(line.amount),
        "net": None if line.net is None else str(line.net),
    }


def _line_of(told: Mapping[str, Any]) -> Line:
    return Line(
        told["rule"],
        date.fromisoformat(told["first"]),
        date.fromisoformat(told["last"]),
        told["days"],
        Decimal(told["share"]),
        Decimal(told["kwh"]),
        Decimal(told["rate"]),
        Decimal(told["amount"]),
        None if told["net"] is None else Decimal(told["net"]),
    )


def fen(amount: Decimal) -> int:
    """Return CNY as whole fen. Raises ValueError where there is a part of a fen."""
    whole = amount * 100
    if whole != whole.to_integral_value():
        raise ValueError(f"{amount} CNY is not whole fen")
    return int(whole)


def cny(amount_fen: int) -> Decimal:
    """Return whole fen as CNY with two places."""
    return Decimal(amount_fen).scaleb(-2)


def day(text: str | None) -> date | None:
    """Return a day of its ISO text."""
    return None if text is None else date.fromisoformat(text)
