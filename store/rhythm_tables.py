"""The tables of encrypted mining: clocks, what is known of sealed dependencies, and what was scanned anew."""

from typing import Any

from sqlalchemy import Double, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from facts.endpoint import Address
from store.columns import Instant, JsonText, RowId
from store.tables import Base


class ClockRow(Base):
    """A pool's or a coin's clock."""

    __tablename__ = "clocks"
    __table_args__ = (
        UniqueConstraint("name", "coin", "told", name="uq_clocks_name"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str]
    coin: Mapped[str]
    """Ticker; empty where none is known."""
    told: Mapped[str] = mapped_column(String(32))
    first_ns: Mapped[int] = mapped_column(Instant)
    last_ns: Mapped[int] = mapped_column(Instant)
    instants: Mapped[int] = mapped_column(RowId)
    at_ns: Mapped[bytes] = mapped_column(LargeBinary)
    """The instants: differences, little-endian int64, deflated."""


class RhythmRow(Base):
    """What is known of a client's sealed traffic with one service (classifier.encrypted.Standing)."""

    __tablename__ = "rhythms"
    __table_args__ = (Index("ix_rhythms_last_ns", "last_ns"),)

    client: Mapped[Address] = mapped_column(primary_key=True)
    server: Mapped[Address] = mapped_column(primary_key=True)
    port: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_ns: Mapped[int] = mapped_column(Instant)
    last_ns: Mapped[int] = mapped_column(Instant)
    begun_ns: Mapped[int] = mapped_column(Instant)
    windows: Mapped[int] = mapped_column(RowId)
    clock: Mapped[float] = mapped_column(Double)
    shape: Mapped[float] = mapped_column(Double)
    told: Mapped[Any] = mapped_column(JsonText)
    """The rest: the match, the measures, the latest window, the place."""


class RescanRow(Base):
    """A day of a probe in the flow lake that was scanned, and with what."""

    __tablename__ = "rescans"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    probe: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(64))
    """Digest of the model, of the clocks that tell of the day, and of the files."""
