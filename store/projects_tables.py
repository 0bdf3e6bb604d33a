"""The tables of the project inventory: who it is, what happened when, how large it is, how it is to leave.

Nothing here is ever changed: rows are added, and triggers of the database refuse the rest. Each says when it
became known (`known_ns`), events and measures also when they were true (`on_day`, `YYYY-MM-DD`). `division`
is repeated in each, since the row-level security of PostgreSQL asks every table alone.
"""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_CODE = String(6)
_DAY = String(10)


class ProjectRow(Base):
    """One project: an enterprise at a site, or where nobody is registered a cluster of addresses."""

    __tablename__ = "projects"
    __table_args__ = (Index("ix_projects_division_id", "division", "id"), Index("ix_projects_uscc", "uscc"))

    id: Mapped[str] = mapped_column(_WORD, primary_key=True)
    """Made of enterprise, site and cluster: the same project is never opened twice."""
    kind: Mapped[str] = mapped_column(_WORD)
    """`running` or `planned`, as it was opened."""
    uscc: Mapped[str]
    site: Mapped[str]
    cluster: Mapped[str]
    division: Mapped[str] = mapped_column(_CODE)
    opened_ns: Mapped[int] = mapped_column(Instant)
    by_name: Mapped[str]
    department: Mapped[str] = mapped_column(_WORD)


class ParticularsRow(Base):
    """What is known of a project beside its events; the latest that was known counts."""

    __tablename__ = "project_particulars"
    __table_args__ = (
        Index("ix_project_particulars_project_id", "project_id"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(RowId, primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey(ProjectRow.id))
    division: Mapped[str] = mapped_column(_CODE)
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    record: Mapped[Any] = mapped_column(JsonText)


class ProjectEventRow(Base):
    """One event in the life of a project (supervision/projects/events.py)."""

    __tablename__ = "project_events"
    __table_args__ = (Index("ix_project_events_project_id", "project_id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(RowId, primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey(ProjectRow.id))
    division: Mapped[str] = mapped_column(_CODE)
    step: Mapped[str] = mapped_column(_WORD)
    on_day: Mapped[str] = mapped_column(_DAY)
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    department: Mapped[str] = mapped_column(_WORD)
    note: Mapped[str]
    evidence: Mapped[Any] = mapped_column(JsonText)
    """A list of texts: `verdict:17`, `reading:...`, `file:<sha256>`."""
    withdraws: Mapped[int | None] = mapped_column(RowId)


class ProjectMeasureRow(Base):
    """How large a project was on a day: machines, hashes a second by algorithm, power, energy."""

    __tablename__ = "project_measures"
    __table_args__ = (Index("ix_project_measures_project_id", "project_id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(RowId, primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey(ProjectRow.id))
    division: Mapped[str] = mapped_column(_CODE)
    on_day: Mapped[str] = mapped_column(_DAY)
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]
    record: Mapped[Any] = mapped_column(JsonText)
