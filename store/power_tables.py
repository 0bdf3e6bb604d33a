"""The tables of what loads were judged to be: runs, and what each found. Rows are added and never changed."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_DAY = String(10)


class PowerRunRow(Base):
    """One judgement of many loads: by what, over which days."""

    __tablename__ = "power_runs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(_WORD)
    """`score`, `site`, `reconciliation`, `line` or `use`."""
    first_day: Mapped[str] = mapped_column(_DAY)
    as_of: Mapped[str] = mapped_column(_DAY)
    """The last day that was looked at, in China."""
    model: Mapped[str] = mapped_column(String(64))
    """Beginning of the hash of what judged."""
    settings: Mapped[Any] = mapped_column(JsonText)
    judged: Mapped[int]
    """Subjects that were looked at."""
    known_ns: Mapped[int] = mapped_column(Instant)
    author: Mapped[str]


class PowerFindingRow(Base):
    """What one run found of one account, site or plant."""

    __tablename__ = "power_findings"
    __table_args__ = (
        Index("ix_power_findings_kind_subject", "kind", "subject", "as_of", "id"),
        Index("ix_power_findings_run_id", "run_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey(PowerRunRow.id))
    kind: Mapped[str] = mapped_column(_WORD)
    subject: Mapped[str]
    """Account number, site, plant or credit code."""
    as_of: Mapped[str] = mapped_column(_DAY)
    uscc: Mapped[str] = mapped_column(String(18))
    site: Mapped[str]
    division: Mapped[str] = mapped_column(String(6))
    """Empty where nobody knows the place: only who sees the whole country sees it."""
    level: Mapped[str] = mapped_column(_WORD)
    """The word of the judgement: a level, a kind of site, a finding."""
    weight: Mapped[float]
    """What lists are ordered by, the largest first: a probability, kilowatts, deviations."""
    kw: Mapped[float | None]
    """Metered, mean."""
    record: Mapped[Any] = mapped_column(JsonText)
    """The rest: figures, and reasons as kinds with parameters."""
