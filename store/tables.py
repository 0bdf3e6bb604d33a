"""The tables, as SQLAlchemy 2 typed models. Their history is in migrations/versions/.

Conventions: addresses are 16 bytes with IPv4 mapped into IPv6, times are BIGINT nanoseconds since 1970 UTC
(exact and the same in both databases), lists that nobody searches are JSON texts. A verdict is current while
`superseded_by` is NULL; of one source, address and role there is one current verdict at most.
"""

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, MetaData, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from facts.endpoint import Address
from facts.names import Level
from store.columns import AddressColumn, AnyText, Instant, JsonText, LevelColumn, RowId

_CURRENT = text("superseded_by IS NULL")
_WORD = String(32)
"""The words of the output contract: roles, states, data."""


class Base(DeclarativeBase):
    """Metadata with named constraints, so that later migrations can name what they change."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: AnyText(), Address: AddressColumn()}


class RunRow(Base):
    """One run of the engine: a name and the time it was started, both given by the door."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("name", "started_ns"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str]
    started_ns: Mapped[int] = mapped_column(Instant)


class VerdictRow(Base):
    """One verdict of one run."""

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("run_id", "source_key", "address", "role"),
        Index(
            "uq_verdicts_current",
            "source_key",
            "address",
            "role",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        Index("ix_verdicts_address_current", "address", sqlite_where=_CURRENT, postgresql_where=_CURRENT),
        Index(
            "ix_verdicts_last_seen_current",
            "last_seen_ns",
            "id",
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        {"sqlite_autoincrement": True},  # a cursor may name an id that is gone: it must not come again
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey(RunRow.id, ondelete="CASCADE"))
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey(RunRow.id), index=True)
    """The run that said something newer of the same source, address and role; NULL while current."""
    source: Mapped[str]
    source_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Digest of the source: a path may be longer than an index entry of PostgreSQL."""
    address: Mapped[Address]
    role: Mapped[str] = mapped_column(_WORD)
    level: Mapped[Level] = mapped_column(LevelColumn)
    score: Mapped[float]
    protocols: Mapped[Any] = mapped_column(JsonText)
    coins: Mapped[Any] = mapped_column(JsonText)
    algorithms: Mapped[Any] = mapped_column(JsonText)
    encrypted: Mapped[bool]
    first_seen_ns: Mapped[int] = mapped_column(Instant)
    last_seen_ns: Mapped[int] = mapped_column(Instant)
    agents: Mapped[Any] = mapped_column(JsonText)
    wallets: Mapped[Any] = mapped_column(JsonText)
    workers: Mapped[int | None] = mapped_column(RowId)
    pools: Mapped[Any] = mapped_column(JsonText)
    hashrate: Mapped[Any] = mapped_column(JsonText)
    """All that says how much (store/quantity_rows.py): hashrates, machines, power, names of rigs."""


class VerdictCoinRow(Base):
    """A coin of a verdict once more, so that hits can be asked by coin."""

    __tablename__ = "verdict_coins"
    __table_args__ = (Index("ix_verdict_coins_coin_verdict_id", "coin", "verdict_id"),)

    verdict_id: Mapped[int] = mapped_column(ForeignKey(VerdictRow.id, ondelete="CASCADE"), primary_key=True)
    coin: Mapped[str] = mapped_column(primary_key=True)


class VerdictPeerRow(Base):
    """A conversation partner of a verdict's address."""

    __tablename__ = "verdict_peers"

    verdict_id: Mapped[int] = mapped_column(ForeignKey(VerdictRow.id, ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    """Place in the verdict's own order, from 0."""
    address: Mapped[Address] = mapped_column(index=True)
    port: Mapped[int]
    role: Mapped[str | None] = mapped_column(_WORD)
    protocol: Mapped[str]
    state: Mapped[str] = mapped_column(_WORD)


class EvidenceRow(Base):
    """A piece of evidence with its weight in one verdict."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_source_key_frame", "source_key", "frame"),)

    verdict_id: Mapped[int] = mapped_column(ForeignKey(VerdictRow.id, ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    """Place in the verdict's own order, heaviest first, from 0."""
    address: Mapped[Address]
    role: Mapped[str] = mapped_column(_WORD)
    kind: Mapped[str]
    because: Mapped[str]
    """The sentence as worded when it was saved; empty where none was."""
    params: Mapped[Any] = mapped_column(JsonText)
    source: Mapped[str]
    frame: Mapped[int | None] = mapped_column(RowId)
    byte_offset: Mapped[int | None] = mapped_column(RowId)
    at_ns: Mapped[int] = mapped_column(Instant)
    count: Mapped[int] = mapped_column(RowId)
    weight: Mapped[float]
    source_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Digest of `source`, as in `verdicts` and `evidence_packets`."""


class OperatorEntryRow(Base):
    """An entry of the operator's allow or deny list: a prefix by its ends, or a host name."""

    __tablename__ = "operator_entries"
    __table_args__ = (
        UniqueConstraint("subject"),
        Index("ix_operator_entries_first_address_last_address", "first_address", "last_address"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    list: Mapped[str] = mapped_column(_WORD)
    """`allow` or `deny`."""
    subject: Mapped[str]
    """As it is written; one subject is in one list at most."""
    first_address: Mapped[Address | None]
    last_address: Mapped[Address | None]
    """Inclusive; NULL for a host name."""
    reason: Mapped[str]
    added_ns: Mapped[int] = mapped_column(Instant)
