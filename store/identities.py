"""Who an account is at an OpenID provider: log-ins under way, links, and the rights that claims give."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from facts.errors import NotHeldError, UsageError
from facts.instant import NS
from store.access import begin_session
from store.access_rules import AccountRole, Department
from store.access_secrets import token_digest
from store.access_tables import IdentityRow, LogInRow, SessionRow, UserRow
from store.database import Database, lock

LOG_IN_S = 600
"""Seconds that a log-in at the provider may take."""
MAX_UNDER_WAY = 10_000
"""Log-ins under way at once: anybody can begin one."""
_ODD = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Rights:
    """What the claims of an identity give."""

    role: AccountRole
    division: str
    department: Department


@dataclass(frozen=True, slots=True)
class Identity:
    """One person at one provider."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is listed."""

    account: str
    issuer: str
    subject: str
    managed: bool
    seen_ns: int | None


class IdentityStore:
    """Keeps identities; `clock` gives nanoseconds since 1970 UTC."""

    def __init__(self, db: Database, clock: Callable[[], int]) -> None:
        self._db = db
        self._clock = clock

    def begin(self, state: str, browser: str, leads_to: str) -> bool:
        """Keep a log-in that is sent to the provider; False where too many are under way."""
        now, row = self._clock(), LogInRow
        with self._db.writing() as connection:
            connection.execute(delete(row).where(row.created_ns < now - LOG_IN_S * NS))
            if (connection.scalar(select(func.count()).select_from(row)) or 0) >= MAX_UNDER_WAY:
                return False
            connection.execute(
                insert(row).values(
                    state=token_digest(state),
                    browser=token_digest(browser),
                    leads_to=leads_to,
                    created_ns=now,
                )
            )
        return True

    def take(self, state: str, browser: str) -> str | None:
        """Return where a log-in leads that came back; None where none was sent so, or it came before."""
        now, row = self._clock(), LogInRow
        with self._db.writing() as connection:
            lock(connection, "log-ins")
            one = row.state == token_digest(state)
            found = connection.execute(select(row.browser, row.leads_to, row.created_ns).where(one)).first()
            connection.execute(delete(row).where(one))
        if found is None or found.created_ns < now - LOG_IN_S * NS or found.browser != token_digest(browser):
            return None
        leads_to: str = found.leads_to
        return leads_to

    def log_in(self, who: Identity, name: str, rights: Rights | None) -> str | None:
        """Return the token of a new session, or None where the identity has no rights here.

        A linked account keeps its own rights. Any other identity has those that its claims give, and only
        those: its account is made at the first log-in, changed with them, and closed where they give none.
        """
        now, row = self._clock(), UserRow
        with self._db.writing() as connection:
            lock(connection, "users")
            known = connection.execute(
                select(IdentityRow.id, IdentityRow.user_id, IdentityRow.managed, row.disabled)
                .join(row, row.id == IdentityRow.user_id)
                .where(IdentityRow.issuer == who.issuer, IdentityRow.subject == who.subject)
            ).first()
            if known is None:
                if rights is None:
                    return None
                user_id = self._add(connection, who, name, rights, now)
            else:
                user_id = known.user_id
                if known.managed and not self._follow(connection, user_id, rights):
                    return None
                if known.disabled:
                    return None
                seen = update(IdentityRow).where(IdentityRow.id == known.id)
                connection.execute(seen.values(seen_ns=now))
            return begin_session(connection, user_id, now)

    def link(self, account: str, who: Identity) -> None:
        """Let an identity log in as an account, with the account's rights. Raises UsageError."""
        with self._db.writing() as connection:
            lock(connection, "users")
            user_id = connection.scalar(select(UserRow.id).where(UserRow.name == account))
            if user_id is None:
                raise NotHeldError(f"there is no account {account}")
            held = select(UserRow.name).join(IdentityRow, IdentityRow.user_id == UserRow.id)
            same = (IdentityRow.issuer == who.issuer, IdentityRow.subject == who.subject)
            if (holder := connection.scalar(held.where(*same))) is not None:
                raise UsageError(f"this identity is {holder} already")
            connection.execute(
                insert(IdentityRow).values(
                    issuer=who.issuer,
                    subject=who.subject,
                    user_id=user_id,
                    managed=False,
                    created_ns=self._clock(),
                )
            )

    def unlink(self, who: Identity) -> None:
        """Take a link away; its account's sessions end. Raises UsageError where there is none."""
        same = (IdentityRow.issuer == who.issuer, IdentityRow.subject == who.subject)
        with self._db.writing() as connection:
            lock(connection, "users")
            found = connection.execute(select(IdentityRow.user_id, IdentityRow.managed).where(*same)).first()
            if found is None:
                raise UsageError("there is no such identity")
            if found.managed:
                raise UsageError("this account is its provider's: disable it instead")
            connection.execute(delete(IdentityRow).where(*same))
            connection.execute(delete(SessionRow).where(SessionRow.user_id == found.user_id))

    def links(self) -> list[Link]:
        """Return all links by account."""
        row = IdentityRow
        query = select(UserRow.name, row.issuer, row.subject, row.managed, row.seen_ns)
        with self._db.reading() as connection:
            found = connection.execute(
                query.join(UserRow, UserRow.id == row.user_id).order_by(UserRow.name, row.id)
            )
            return [Link(*fields) for fields in found]

    def _add(self, connection: Connection, who: Identity, name: str, rights: Rights, now: int) -> int:
        user = insert(UserRow).values(
            name=account_name(who, name),
            role=rights.role.value,
            division=rights.division,
            department=rights.department.value,
            password_hash="",  # none fits
            failures=0,
            disabled=False,
            created_ns=now,
        )
        user_id = connection.scalars(user.returning(UserRow.id)).one()
        connection.execute(
            insert(IdentityRow).values(
                issuer=who.issuer,
                subject=who.subject,
                user_id=user_id,
                managed=True,
                created_ns=now,
                seen_ns=now,
            )
        )
        return user_id

    def _follow(self, connection: Connection, user_id: int, rights: Rights | None) -> bool:
        """Give an account the rights of its claims; with none its sessions end and its keys open nothing."""
        if rights is None:
            connection.execute(update(IdentityRow).where(IdentityRow.user_id == user_id).values(seen_ns=None))
            connection.execute(delete(SessionRow).where(SessionRow.user_id == user_id))
            return False
        values = {
            "role": rights.role.value,
            "division": rights.division,
            "department": rights.department.value,
        }
        connection.execute(update(UserRow).where(UserRow.id == user_id).values(values))
        return True


def account_name(who: Identity, name: str) -> str:
    """Return the name of the account of an identity: what it calls itself, and what nobody else can be.

    The digits of issuer and subject keep it from ever being the name of another account.
    """
    told = _ODD.sub("-", name.lower()).strip("._-")[:20] or "person"
    digest = hashlib.sha256(f"{len(who.issuer)} {who.issuer}{who.subject}".encode("utf-8", "replace"))
    return f"{told}.{digest.hexdigest()[:10]}"
