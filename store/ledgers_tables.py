"""The tables of imported ledgers and of screenings; conventions as in store/tables.py.

All ledgers (supervision/ledgers/specs.py) lie in one table: what is asked by has columns, the rest is a JSON
record whose amounts are decimal texts, exact in both databases. A row is believed from `known_from_ns` until
`known_to_ns`: what a later import changed or ended stays readable as it was known then.
"""

from typing import Any

from sqlalchemy import Double, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from store.columns import Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_BELIEVED = text("known_to_ns IS NULL")


class LedgerImportRow(Base):
    """One import into one ledger: where it came from and what it changed."""

    __tablename__ = "ledger_imports"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    ledger: Mapped[str] = mapped_column(_WORD)
    name: Mapped[str]
    """The file's name."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the file in hexadecimal."""
    known_ns: Mapped[int] = mapped_column(Instant)
    """When it became known, by the door's clock."""
    rows: Mapped[int] = mapped_column(RowId)
    refused: Mapped[int] = mapped_column(RowId)
    added: Mapped[int] = mapped_column(RowId)
    changed: Mapped[int] = mapped_column(RowId)
    ended: Mapped[int] = mapped_column(RowId)


class LedgerRow(Base):
    """One row of one ledger, as it was believed for a while."""

    __tablename__ = "ledger_rows"
    __table_args__ = (
        Index(
            "uq_ledger_rows_believed",
            "ledger",
            "key_digest",
            unique=True,
            sqlite_where=_BELIEVED,
            postgresql_where=_BELIEVED,
        ),
        Index("ix_ledger_rows_ledger_key_digest", "ledger", "key_digest"),
        Index("ix_ledger_rows_uscc", "uscc"),
        Index("ix_ledger_rows_subject", "ledger", "subject"),
        Index("ix_ledger_rows_division", "division"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    ledger: Mapped[str] = mapped_column(_WORD)
    key_digest: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Of source and key: a key may be longer than an index entry of PostgreSQL."""
    key: Mapped[str]
    """What a person asks the row by: an id of the source, or its fields joined by ` | `."""
    subject: Mapped[str]
    """What events of the ledger are about: the id of a loan, of a penalty; empty where there is none."""
    uscc: Mapped[str] = mapped_column(String(18))
    """Credit code of whom it is about; empty where nobody is named."""
    division: Mapped[str] = mapped_column(String(6))
    """Whose it is to see."""
    record: Mapped[Any] = mapped_column(JsonText)
    """Field to text; dates as YYYY-MM-DD, amounts as decimals, what is unknown is null."""
    source: Mapped[str]
    known_from_ns: Mapped[int] = mapped_column(Instant)
    known_to_ns: Mapped[int | None] = mapped_column(Instant)
    import_id: Mapped[int] = mapped_column(RowId)
    """The import that brought it."""
    ended_by: Mapped[int | None] = mapped_column(RowId)
    """The import that changed or ended it."""


class ScreeningRow(Base):
    """One screening of all participants."""

    __tablename__ = "screenings"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    as_of: Mapped[str] = mapped_column(String(10))
    """The day that deadlines were judged by."""
    made_ns: Mapped[int] = mapped_column(Instant)
    rules: Mapped[str] = mapped_column(String(64))
    """Fingerprint of weights and market rules."""
    participants: Mapped[int] = mapped_column(RowId)
    mining: Mapped[int] = mapped_column(RowId)
    """Enterprises that were known to mine."""
    findings: Mapped[int] = mapped_column(RowId)


class FindingRow(Base):
    """What a screening found of one enterprise."""

    __tablename__ = "screening_findings"
    __table_args__ = (
        Index("ix_screening_findings_screening_id_score", "screening_id", "score"),
        Index("ix_screening_findings_uscc", "uscc"),
    )

    screening_id: Mapped[int] = mapped_column(
        RowId, ForeignKey(ScreeningRow.id, ondelete="CASCADE"), primary_key=True
    )
    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    division: Mapped[str] = mapped_column(String(6), primary_key=True)
    """Where it trades: one who trades in two provinces is told to both."""
    sort: Mapped[str] = mapped_column(_WORD)
    level: Mapped[str] = mapped_column(_WORD)
    score: Mapped[float] = mapped_column(Double)
    record: Mapped[Any] = mapped_column(JsonText)
    """The whole finding: way, ties, weights, deadlines."""
