"""The registry's tables: what is believed now, and in `registry_history` what was believed before.

Two times are kept (docs/registry.md). *Valid* time says when a fact was true: `valid_from_ns` inclusive,
`valid_to_ns` exclusive. *Known* time says when the registry learned it: a row here has been believed since
`known_from_ns`; a row that a later import changed or ended lies in `registry_history` with both its times.

`import_id` names the row of `registry_imports` that brought a row; NULL for what came before imports.
References between these tables are checked for each import as a whole (store/registry_checks.py), not row by
row: ten million assignments would ask twenty million times.
"""

from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from facts.endpoint import Address
from store.columns import AddressColumn, Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_USCC = String(18)


class ImportRow(Base):
    """One import: where it came from and what it changed."""

    __tablename__ = "registry_imports"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(_WORD)
    """The table: `enterprises`, `sites`, ...; `registry` where a whole registry was put in."""
    name: Mapped[str]
    """The file's name."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the file in hexadecimal; empty where there was none."""
    known_ns: Mapped[int] = mapped_column(Instant)
    """When it became known, by the door's clock."""
    rows: Mapped[int] = mapped_column(RowId)
    refused: Mapped[int] = mapped_column(RowId)
    added: Mapped[int] = mapped_column(RowId)
    changed: Mapped[int] = mapped_column(RowId)
    ended: Mapped[int] = mapped_column(RowId)
    """No longer believed, since the import was the whole of its source and did not repeat them."""


class HistoryRow(Base):
    """A row that was believed before: its content as JSON, when it was true, when it was believed."""

    __tablename__ = "registry_history"
    __table_args__ = (
        Index("ix_registry_history_kind_key", "kind", "key"),
        Index("ix_registry_history_known_to_ns", "known_to_ns"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(_WORD)
    key: Mapped[str]
    """What a person asks by: a credit code, a site's id, a line, a prefix, an address with its ports."""
    record: Mapped[Any] = mapped_column(JsonText)
    valid_from_ns: Mapped[int | None] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    known_from_ns: Mapped[int] = mapped_column(Instant)
    known_to_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)
    """The import that changed or ended it."""


class EnterpriseRow(Base):
    """A legal body."""

    __tablename__ = "enterprises"

    uscc: Mapped[str] = mapped_column(_USCC, primary_key=True)
    name: Mapped[str]
    address: Mapped[str]
    source: Mapped[str]
    legal_form: Mapped[str]
    industry: Mapped[str]
    status: Mapped[str]
    valid_from_ns: Mapped[int | None] = mapped_column(Instant)
    """Since when these particulars are true; NULL where nobody said."""
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class SiteRow(Base):
    """A place where lines end."""

    __tablename__ = "sites"
    __table_args__ = (Index("ix_sites_division", "division"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    division: Mapped[str] = mapped_column(String(6))
    address: Mapped[str]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    datum: Mapped[str | None] = mapped_column(_WORD)
    source: Mapped[str]
    landlord: Mapped[str]
    """Credit code or name of who owns the place; empty where unknown."""
    meters: Mapped[Any] = mapped_column(JsonText)
    """Numbers of the electricity meters, a list of texts."""
    valid_from_ns: Mapped[int | None] = mapped_column(Instant)
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class DivisionRow(Base):
    """An administrative division code in the period in which it meant one division."""

    __tablename__ = "divisions"
    __table_args__ = (
        UniqueConstraint("code", "valid_from_ns", name="uq_divisions_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(6))
    name: Mapped[str]
    successor: Mapped[str]
    """The code that took its place; empty where none did."""
    valid_from_ns: Mapped[int] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    source: Mapped[str]
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class LineRow(Base):
    """A subscriber line: who has it and where it ends, for a period."""

    __tablename__ = "lines"
    __table_args__ = (
        UniqueConstraint("line", "valid_from_ns", "source", name="uq_lines_key"),
        Index("ix_lines_account", "account"),
        Index("ix_lines_uscc", "uscc"),
        Index("ix_lines_site_id", "site_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    line: Mapped[str]
    account: Mapped[str]
    """What access logs name the subscriber by; empty where unknown."""
    access_type: Mapped[str]
    uscc: Mapped[str] = mapped_column(_USCC)
    site_id: Mapped[str]
    valid_from_ns: Mapped[int] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    source: Mapped[str]
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class AssignmentRow(Base):
    """A prefix given to a line for a period; the prefix is its first and last address and its length.

    A lease of an access log is one too, with `use` = `lease`.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint(
            "first_address", "prefix_length", "valid_from_ns", "source", "realm", name="uq_assignments_key"
        ),
        Index("ix_assignments_uscc", "uscc"),
        Index("ix_assignments_site_id", "site_id"),
        Index("ix_assignments_line", "line"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    first_address: Mapped[Address]
    last_address: Mapped[Address]
    """Inclusive."""
    prefix_length: Mapped[int]
    """As written: 0 to 32 for IPv4, 0 to 128 for IPv6."""
    version: Mapped[int]
    """4 or 6."""
    line: Mapped[str]
    """The line, or what its access log calls the subscriber; empty for the operator's own pools."""
    uscc: Mapped[str | None] = mapped_column(_USCC)
    """NULL where the line tells who holds it."""
    site_id: Mapped[str | None]
    """NULL together with `uscc`."""
    valid_from_ns: Mapped[int] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    """Exclusive; NULL while it lasts."""
    source: Mapped[str]
    realm: Mapped[str]
    """The address space: empty for the public one, else the name of a network with private addresses."""
    use: Mapped[str] = mapped_column(_WORD)
    """`line`, `lease`, or a pool that many share: `nat`, `dynamic`."""
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class NatBlockRow(Base):
    """A block of ports of a public address, given to one private address or one line for a period."""

    __tablename__ = "nat_blocks"
    __table_args__ = (
        UniqueConstraint(
            "public_address", "first_port", "last_port", "valid_from_ns", "source", name="uq_nat_blocks_key"
        ),
        Index("ix_nat_blocks_valid_to_ns", "valid_to_ns"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_address: Mapped[Address]
    first_port: Mapped[int]
    last_port: Mapped[int]
    """Inclusive."""
    realm: Mapped[str]
    """The address space of the private address."""
    private_address: Mapped[Address | None] = mapped_column(AddressColumn)
    """NULL where the log names the line at once."""
    line: Mapped[str]
    """Empty where the private address tells it."""
    valid_from_ns: Mapped[int] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    source: Mapped[str]
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class HostingRow(Base):
    """A data centre in which one enterprise houses the machines of another, for a period."""

    __tablename__ = "hosting"
    __table_args__ = (
        UniqueConstraint("site_id", "operator", "tenant", "valid_from_ns", "source", name="uq_hosting_key"),
        Index("ix_hosting_tenant", "tenant"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    site_id: Mapped[str]
    operator: Mapped[str] = mapped_column(_USCC)
    tenant: Mapped[str] = mapped_column(_USCC)
    place: Mapped[str]
    """Room, cage or racks; empty where unknown."""
    valid_from_ns: Mapped[int] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    source: Mapped[str]
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)


class PowerAccountRow(Base):
    """An electricity account (户号) for a period: registry/power_accounts.py."""

    __tablename__ = "power_accounts"
    __table_args__ = (
        UniqueConstraint("number", "valid_from_ns", "source", name="uq_power_accounts_key"),
        Index("ix_power_accounts_uscc", "uscc"),
        Index("ix_power_accounts_site_id", "site_id"),
        Index("ix_power_accounts_division", "division"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    number: Mapped[str]
    uscc: Mapped[str] = mapped_column(_USCC)
    site_id: Mapped[str]
    division: Mapped[str] = mapped_column(String(6))
    customer_class: Mapped[str] = mapped_column(String(1))
    contracted_kva: Mapped[float | None]
    multiplier: Mapped[float]
    meters: Mapped[Any] = mapped_column(JsonText)
    """The meters that count, a list of pairs of number and ratio."""
    valid_from_ns: Mapped[int] = mapped_column(Instant)
    valid_to_ns: Mapped[int | None] = mapped_column(Instant)
    source: Mapped[str]
    known_from_ns: Mapped[int] = mapped_column(Instant)
    import_id: Mapped[int | None] = mapped_column(RowId)
