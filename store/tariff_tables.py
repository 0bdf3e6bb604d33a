"""The tables of the differential price. Rows are added and never changed or removed: triggers see to it.

What replaces an earlier row says so by its key (`period`, `account`, `first_day`): the row with the highest
id counts, and among the rows known up to a time the highest of those. Days are ISO texts (`2026-03-01`),
amounts are whole fen, energy and shares are plain decimals as text: the same in both databases, and exact.
"""

from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.tables import Base

_DAY = String(10)
_CODE = String(6)
_WORD = String(32)


class RulebookRow(Base):
    """The operator's own rules from a time on, in the place of those before."""

    __tablename__ = "tariff_rulebooks"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    text: Mapped[str]
    """A rule file (supervision/tariff/rules.toml tells the form); it adds to the shipped rules."""
    enacted: Mapped[Any] = mapped_column(JsonText)
    """Ids of drafts that bill."""
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    why: Mapped[str]


class MiningRow(Base):
    """What is said of one period of mining on one account; the last word of a `period` counts."""

    __tablename__ = "tariff_mining"
    __table_args__ = (
        Index("ix_tariff_mining_account", "account"),
        Index("ix_tariff_mining_period", "period"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    period: Mapped[str] = mapped_column(_WORD)
    account: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    state: Mapped[str] = mapped_column(_WORD)
    """`proposed`, `confirmed` (only then it is billed), `rejected` or `withdrawn`."""
    first_day: Mapped[str | None] = mapped_column(_DAY)
    last_day: Mapped[str | None] = mapped_column(_DAY)
    """Inclusive."""
    found_day: Mapped[str | None] = mapped_column(_DAY)
    share: Mapped[str] = mapped_column(_WORD)
    because: Mapped[str]
    evidence: Mapped[Any] = mapped_column(JsonText)
    """What a proposal rests on: lines, addresses and verdicts."""
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]


class NoticeRow(Base):
    """The day on which a user was told of the surcharge; NULL takes it back."""

    __tablename__ = "tariff_notices"
    __table_args__ = (Index("ix_tariff_notices_account", "account"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    told_day: Mapped[str | None] = mapped_column(_DAY)
    document: Mapped[str]
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]


class ReadingRow(Base):
    """Energy of an account in one reading period; of one `account` and `first_day` the last word counts."""

    __tablename__ = "tariff_readings"
    __table_args__ = (
        Index("ix_tariff_readings_account_first_day", "account", "first_day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    first_day: Mapped[str] = mapped_column(_DAY)
    after_day: Mapped[str] = mapped_column(_DAY)
    """Exclusive."""
    kwh: Mapped[str | None] = mapped_column(String(40))
    """NULL withdraws the reading."""
    way: Mapped[str] = mapped_column(_WORD)
    """`bill`: as the supplier billed it; `curves`: summed from the curves of the meters."""
    source: Mapped[str]
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]


class RunRow(Base):
    """One billing run that was posted."""

    __tablename__ = "tariff_runs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    as_of: Mapped[str] = mapped_column(_DAY)
    made_day: Mapped[str] = mapped_column(_DAY)
    rulebook_id: Mapped[int | None] = mapped_column(RowId)
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    why: Mapped[str]


class EntryRow(Base):
    """One entry of the book of charges (supervision/tariff/ledger.py)."""

    __tablename__ = "tariff_entries"
    __table_args__ = (
        UniqueConstraint("reverses", name="uq_tariff_entries_reverses"),
        Index("ix_tariff_entries_account", "account"),
        Index("ix_tariff_entries_division", "division"),
    )

    number: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    """From 1, without gaps."""
    run_id: Mapped[int] = mapped_column(RowId)
    kind: Mapped[str] = mapped_column(_WORD)
    account: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    uscc: Mapped[str] = mapped_column(String(18))
    month: Mapped[str] = mapped_column(String(7))
    first_day: Mapped[str] = mapped_column(_DAY)
    after_day: Mapped[str] = mapped_column(_DAY)
    line: Mapped[Any] = mapped_column(JsonText)
    """rule, first, last, days, share, kwh, rate, amount, net: decimals as text."""
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    basis: Mapped[str] = mapped_column(_WORD)
    made_day: Mapped[str] = mapped_column(_DAY)
    reverses: Mapped[int | None] = mapped_column(RowId)
    why: Mapped[str]


class PaymentRow(Base):
    """Money received (or given back, negative) for the surcharge of an account."""

    __tablename__ = "tariff_payments"
    __table_args__ = (
        UniqueConstraint("account", "reference", name="uq_tariff_payments_key"),
        Index("ix_tariff_payments_division", "division"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    on_day: Mapped[str] = mapped_column(_DAY)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str]
    """What the payer or the bank calls it: the same one is never counted twice."""
    source: Mapped[str]
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]


class BackpayRow(Base):
    """A price difference to be paid back, with its penalty, for connecting without leave."""

    __tablename__ = "tariff_backpay"
    __table_args__ = (Index("ix_tariff_backpay_account", "account"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    first_day: Mapped[str] = mapped_column(_DAY)
    after_day: Mapped[str] = mapped_column(_DAY)
    kwh: Mapped[str] = mapped_column(String(40))
    difference: Mapped[str] = mapped_column(String(40))
    """CNY/kWh."""
    rule: Mapped[str]
    back_fen: Mapped[int] = mapped_column(BigInteger)
    penalty_fen: Mapped[int] = mapped_column(BigInteger)
    made_day: Mapped[str] = mapped_column(_DAY)
    why: Mapped[str]
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
