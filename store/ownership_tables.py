"""The tables of the ownership graph: what was seen (ties), and what was made of it (clusters, members).

Ties are facts of one source and go with its verdicts. Clusters and members can be made anew from them at any
time; `ownership_changes` and `ownership_names` are what lets that be done for a part of the graph alone.
"""

from typing import Any

from sqlalchemy import Double, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from facts.endpoint import Address
from store.columns import Instant, JsonText, RowId
from store.tables import Base


class TieRow(Base):
    """A party used a name."""

    __tablename__ = "ownership_ties"
    __table_args__ = (
        UniqueConstraint("source_key", "address", "party", "kind", "name", name="uq_ownership_ties_key"),
        Index("ix_ownership_ties_kind_name", "kind", "name", "address"),
        Index("ix_ownership_ties_address", "address"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    source_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Digest of the source that was judged; empty bytes for what the registry tells (lines, enterprises)."""
    address: Mapped[Address]
    party: Mapped[str]
    kind: Mapped[int] = mapped_column(SmallInteger)
    """Number of classifier.ownership_model.Kind."""
    name: Mapped[str]
    first_ns: Mapped[int] = mapped_column(Instant)
    last_ns: Mapped[int] = mapped_column(Instant)
    count: Mapped[int] = mapped_column(RowId)
    source: Mapped[str]
    """The capture that holds the frame."""
    frame: Mapped[int | None] = mapped_column(RowId)


class NameRow(Base):
    """How many addresses used a name when clusters were made last."""

    __tablename__ = "ownership_names"

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    spread: Mapped[int] = mapped_column(RowId)


class ChangeRow(Base):
    """A tie that came or went since clusters were made last."""

    __tablename__ = "ownership_changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    address: Mapped[Address]
    kind: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]


class ClusterRow(Base):
    """Parties that belong together."""

    __tablename__ = "ownership_clusters"
    __table_args__ = (Index("ix_ownership_clusters_addresses_id", "addresses", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sort: Mapped[str] = mapped_column(String(32))
    score: Mapped[float] = mapped_column(Double)
    certainty: Mapped[float] = mapped_column(Double)
    first_ns: Mapped[int] = mapped_column(Instant)
    last_ns: Mapped[int] = mapped_column(Instant)
    addresses: Mapped[int] = mapped_column(RowId)
    links: Mapped[Any] = mapped_column(JsonText)
    """[[kind, name, addresses, weight], ...]"""
    reasons: Mapped[Any] = mapped_column(JsonText)
    """[[kind, [[name, value], ...]], ...]"""


class MemberRow(Base):
    """A party of a cluster."""

    __tablename__ = "ownership_members"
    __table_args__ = (Index("ix_ownership_members_cluster_id", "cluster_id"),)

    address: Mapped[Address] = mapped_column(primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    cluster_id: Mapped[str] = mapped_column(String(32), ForeignKey(ClusterRow.id, ondelete="CASCADE"))
    score: Mapped[float] = mapped_column(Double)
    first_ns: Mapped[int] = mapped_column(Instant)
    last_ns: Mapped[int] = mapped_column(Instant)
    line: Mapped[str]
    enterprise: Mapped[str]


class RulesRow(Base):
    """By which rules clusters were made: other rules make all of them anew."""

    __tablename__ = "ownership_rules"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class StateRow(Base):
    """What the clusters of this installation rest on; one row."""

    __tablename__ = "ownership_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Secret of the clusters' ids: who knows an address and a wallet cannot tell the id, nor the reverse."""
    stamp: Mapped[str]
    """Stamp of the registry by which places and sizes were told; empty before."""
