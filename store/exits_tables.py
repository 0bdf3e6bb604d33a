"""The table of exit plans: each new edition is added, the ones before stay."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.projects_tables import ProjectRow
from store.tables import Base


class ExitPlanRow(Base):
    """One edition of one project's plan (supervision/exits/plan.py)."""

    __tablename__ = "exit_plans"
    __table_args__ = (Index("ix_exit_plans_project_id", "project_id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(RowId, primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey(ProjectRow.id))
    division: Mapped[str] = mapped_column(String(6))
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    department: Mapped[str] = mapped_column(String(32))
    record: Mapped[Any] = mapped_column(JsonText)
