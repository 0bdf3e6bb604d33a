"""The tables of risk warnings: each with the log of its life, and the queue of what webhooks are told."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_CODE = String(6)


class WarningRow(Base):
    """One warning; what became of it is in `warning_events`."""

    __tablename__ = "warnings"
    __table_args__ = (
        Index("ix_warnings_rule_key_id", "rule", "key", "id"),
        Index("ix_warnings_division_id", "division", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    rule: Mapped[str] = mapped_column(String(64))
    key: Mapped[str]
    """What makes two signals of one rule the same: `project=pj-...`."""
    division: Mapped[str] = mapped_column(_CODE)
    project_id: Mapped[str | None] = mapped_column(_WORD, index=True)
    raised_ns: Mapped[int] = mapped_column(Instant)


class WarningEventRow(Base):
    """One event of one warning: raised, seen again, acknowledged, escalated ... Never changed."""

    __tablename__ = "warning_events"
    __table_args__ = (Index("ix_warning_events_warning_id", "warning_id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(RowId, primary_key=True)
    warning_id: Mapped[int] = mapped_column(ForeignKey(WarningRow.id))
    division: Mapped[str] = mapped_column(_CODE)
    kind: Mapped[str] = mapped_column(_WORD)
    at_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    department: Mapped[str] = mapped_column(_WORD)
    record: Mapped[Any] = mapped_column(JsonText)


class WarningDeliveryRow(Base):
    """One message to one webhook, waiting or done."""

    __tablename__ = "warning_deliveries"
    __table_args__ = (
        Index("ix_warning_deliveries_state_next_ns", "state", "next_ns"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    event_number: Mapped[int] = mapped_column(ForeignKey(WarningEventRow.number), index=True)
    division: Mapped[str] = mapped_column(_CODE)
    hook: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(_WORD)
    """`waiting`, `delivered` or `given-up`."""
    tries: Mapped[int]
    next_ns: Mapped[int] = mapped_column(Instant)
    """Not before; while one delivers it, a time by which that one would be done."""
    done_ns: Mapped[int | None] = mapped_column(Instant)
    error: Mapped[str]
    """Of the last try; empty where it went well."""


class WarningHookRow(Base):
    """How deliveries to one webhook go."""

    __tablename__ = "warning_hooks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    dropped: Mapped[int] = mapped_column(RowId)
    """Messages that found the queue full: the warnings themselves are kept."""
    last_ok_ns: Mapped[int | None] = mapped_column(Instant)
