"""Tables of access, audit, decisions, jobs and evidence packets; conventions as in store/tables.py."""

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from facts.endpoint import Address
from store.columns import Instant, JsonText, RowId
from store.tables import Base

_WORD = String(32)
_DIGEST = LargeBinary(32)
"""SHA-256."""


class UserRow(Base):
    """A local account. It is never deleted: the audit names it."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(_WORD)
    division: Mapped[str] = mapped_column(String(6))
    department: Mapped[str] = mapped_column(_WORD)
    password_hash: Mapped[str]
    totp_secret: Mapped[str | None]
    """Base32; NULL while the account has no second factor."""
    totp_step: Mapped[int | None] = mapped_column(RowId)
    """Step of the last one-time code taken."""
    failures: Mapped[int]
    """Failed log-ins since the last good one."""
    locked_until_ns: Mapped[int | None] = mapped_column(Instant)
    disabled: Mapped[bool]
    created_ns: Mapped[int] = mapped_column(Instant)


class ApiKeyRow(Base):
    """An API key of an account."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("prefix"),
        Index("ix_api_keys_digest", "digest", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id), index=True)
    prefix: Mapped[str] = mapped_column(String(32))
    digest: Mapped[bytes] = mapped_column(_DIGEST)
    scopes: Mapped[Any] = mapped_column(JsonText)
    label: Mapped[str]
    created_ns: Mapped[int] = mapped_column(Instant)
    expires_ns: Mapped[int] = mapped_column(Instant)
    revoked_ns: Mapped[int | None] = mapped_column(Instant)


class SessionRow(Base):
    """A session of a browser, by the digest of its token."""

    __tablename__ = "sessions"

    digest: Mapped[bytes] = mapped_column(_DIGEST, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id), index=True)
    created_ns: Mapped[int] = mapped_column(Instant)
    seen_ns: Mapped[int] = mapped_column(Instant)


class IdentityRow(Base):
    """Who an account is at an OpenID provider."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    """The provider's `sub`: unlike a name or an e-mail address it is never given to another person."""
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id), index=True)
    managed: Mapped[bool]
    """Role, division and department follow the provider's claims; else the account's own stand."""
    created_ns: Mapped[int] = mapped_column(Instant)
    seen_ns: Mapped[int | None] = mapped_column(Instant)
    """Last log-in."""


class LogInRow(Base):
    """A log-in that was sent to an OpenID provider and has not come back; holds digests only."""

    __tablename__ = "log_ins"

    state: Mapped[bytes] = mapped_column(_DIGEST, primary_key=True)
    browser: Mapped[bytes] = mapped_column(_DIGEST)
    """Of the cookie of the browser that began it."""
    leads_to: Mapped[str]
    """Path that the browser goes to afterwards."""
    created_ns: Mapped[int] = mapped_column(Instant, index=True)


class VersionRow(Base):
    """A number that is another one after each change of a topic: what a server remembers holds until then."""

    __tablename__ = "versions"

    topic: Mapped[str] = mapped_column(_WORD, primary_key=True)
    version: Mapped[int] = mapped_column(RowId)


class DecisionRow(Base):
    """What a person decided about an address; the latest counts, the others are its history."""

    __tablename__ = "decisions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    address: Mapped[Address] = mapped_column(index=True)
    decision: Mapped[str] = mapped_column(_WORD)
    """`confirm` or `reject`."""
    reason: Mapped[str]
    by_name: Mapped[str]
    at_ns: Mapped[int] = mapped_column(Instant)


class IdempotencyRow(Base):
    """The answer to a write, given again where the same write is asked for again."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_at_ns", "at_ns"),)

    actor: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request: Mapped[bytes] = mapped_column(_DIGEST)
    """Of method, path and body."""
    status: Mapped[int]
    headers: Mapped[Any] = mapped_column(JsonText)
    body: Mapped[str]
    at_ns: Mapped[int] = mapped_column(Instant)


class JobRow(Base):
    """A bulk look-up that runs on its own; its lines lie in a file beside the database."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    actor: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(_WORD)
    entries: Mapped[int]
    invalid: Mapped[int]
    done: Mapped[int]
    created_ns: Mapped[int] = mapped_column(Instant)
    finished_ns: Mapped[int | None] = mapped_column(Instant)


class PacketRow(Base):
    """A packet that is evidence, as it was captured: nothing else of a capture is kept."""

    __tablename__ = "evidence_packets"
    __table_args__ = (Index("ix_evidence_packets_kept_ns", "kept_ns"),)

    source_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    frame: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    link_type: Mapped[int]
    """LINKTYPE_ value (tcpdump.org/linktypes)."""
    at_ns: Mapped[int] = mapped_column(Instant, primary_key=True, autoincrement=False)
    """A live capture or standard input counts its frames anew in every run: the time tells them apart."""
    wire_length: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(_DIGEST)
    kept_ns: Mapped[int] = mapped_column(Instant)
    """When it was kept: retention counts from here."""


class AuditRow(Base):
    """One entry of the audit. Triggers refuse every change, and every deletion of what is not archived."""

    __tablename__ = "audit_entries"

    seq: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    """1, 2, 3, ... without gaps."""
    at_ns: Mapped[int] = mapped_column(Instant)
    actor: Mapped[str]
    role: Mapped[str]
    division: Mapped[str]
    client: Mapped[str]
    """Address that the request came from."""
    action: Mapped[str]
    subject: Mapped[str]
    purpose: Mapped[str]
    status: Mapped[int]
    detail: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The addresses of a bulk look-up, 16 bytes each, deflated."""
    previous: Mapped[bytes] = mapped_column(_DIGEST)
    digest: Mapped[bytes] = mapped_column(_DIGEST)


class AuditArchiveRow(Base):
    """A beginning of the audit that was written to a file, checked, and then deleted."""

    __tablename__ = "audit_archives"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    first_seq: Mapped[int] = mapped_column(RowId)
    last_seq: Mapped[int] = mapped_column(RowId)
    last_digest: Mapped[bytes] = mapped_column(_DIGEST)
    file: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(_DIGEST)
    at_ns: Mapped[int] = mapped_column(Instant)
