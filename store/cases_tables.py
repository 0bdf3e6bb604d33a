"""The tables of cases: each with its append-only log."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_CODE = String(6)


class CaseRow(Base):
    """One case; where it stands follows from its entries (supervision/cases/life.py)."""

    __tablename__ = "cases"
    __table_args__ = (Index("ix_cases_division_id", "division", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    division: Mapped[str] = mapped_column(_CODE)
    title: Mapped[str]
    project_id: Mapped[str | None] = mapped_column(_WORD, index=True)
    warning_id: Mapped[int | None] = mapped_column(RowId)
    opened_ns: Mapped[int] = mapped_column(Instant)


class CaseEntryRow(Base):
    """One entry in the log of a case. Never changed."""

    __tablename__ = "case_entries"
    __table_args__ = (Index("ix_case_entries_case_id", "case_id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(CaseRow.id))
    division: Mapped[str] = mapped_column(_CODE)
    action: Mapped[str] = mapped_column(_WORD)
    at_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    role: Mapped[str] = mapped_column(_WORD)
    department: Mapped[str] = mapped_column(_WORD)
    record: Mapped[Any] = mapped_column(JsonText)
