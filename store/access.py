"""Accounts, API keys and sessions, kept: only digests of what opens them."""

import re
from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from facts.errors import NotHeldError, StoreError, UsageError
from facts.instant import NS
from registry.divisions import fault as division_fault
from store.access_nouns import Account as Account  # these are part of this file's interface
from store.access_nouns import Denied as Denied
from store.access_nouns import Key as Key
from store.access_nouns import User as User
from store.access_rules import WHOLE_COUNTRY, AccountRole, Department, Permission, permissions
from store.access_secrets import (
    hash_password,
    is_password,
    new_key,
    new_token,
    new_totp_secret,
    token_digest,
    totp_step,
)
from store.access_tables import ApiKeyRow, IdentityRow, SessionRow, UserRow
from store.access_vault import Vault
from store.database import Database, lock

MAX_FAILURES = 5
"""Failed log-ins after which an account is locked."""
LOCK_S = 15 * 60
"""Seconds of the first lock; each further failure doubles it, up to a day."""
_LONGEST_LOCK_S = 86_400
IDLE_S, SESSION_S = 30 * 60, 8 * 3600
"""Seconds after which a session ends: without a request, and in any case."""
MAX_KEY_DAYS = 366
UNSEEN_DAYS = 30
"""Days without a log-in after which keys open nothing, where an OpenID provider gives the rights."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}", re.ASCII)
_HASHING = BoundedSemaphore(2)  # at once: each takes 64 MiB and a core for some 0.1 s


class AccessStore:
    """Keeps accounts; `clock` gives nanoseconds since 1970 UTC, `vault` is needed for second factors."""

    def __init__(self, db: Database, clock: Callable[[], int], vault: Vault | None = None) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    def has_users(self) -> bool:
        """Say whether any account that can log in exists."""
        with self._db.reading() as connection:
            found = select(UserRow.id).where(UserRow.disabled.is_(False)).limit(1)
            return connection.scalar(found) is not None

    def add_user(
        self, name: str, role: AccountRole, division: str, department: Department, password: str
    ) -> None:
        """Add an account. Raises UsageError for an odd name, division or password, and for a name held."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                "a name has 2 to 32 of a-z, 0-9, dot, dash and underscore, and begins with a-z or 0-9"
            )
        if division != WHOLE_COUNTRY and (why := division_fault(division)) is not None:
            raise UsageError(why)
        hashed = hash_password(password)
        with self._db.writing() as connection:
            lock(connection, "users")
            if connection.scalar(select(UserRow.id).where(UserRow.name == name)) is not None:
                raise UsageError(f"there is an account {name} already")
            connection.execute(
                insert(UserRow).values(
                    name=name,
                    role=role.value,
                    division=division,
                    department=department.value,
                    password_hash=hashed,
                    failures=0,
                    disabled=False,
                    created_ns=self._clock(),
                )
            )

    def users(self) -> list[User]:
        """Return all accounts by name."""
        row = UserRow
        query = select(
            row.name, row.role, row.division, row.department, row.totp_secret.is_not(None), row.disabled,
            row.locked_until_ns, row.created_ns,
        )  # fmt: skip
        with self._db.reading() as connection:
            return [
                User(name, AccountRole(role), division, Department(department), factor, disabled, until, made)
                for name, role, division, department, factor, disabled, until, made in connection.execute(
                    query.order_by(row.name)
                )
            ]

    def set_password(self, name: str, password: str) -> None:
        """Set a password, unlock the account and end its sessions.

        Raises UsageError, also for an account that an OpenID provider made.
        """
        with self._db.reading() as connection:
            managed = IdentityRow.user_id == UserRow.id, IdentityRow.managed.is_(True)
            if connection.scalar(
                select(UserRow.id).join(IdentityRow, and_(*managed)).where(UserRow.name == name)
            ):
                raise UsageError(f"{name} logs in at its OpenID provider and has no password here")
        self._change(name, password_hash=hash_password(password), failures=0, locked_until_ns=None)

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Disable or enable an account; its sessions end. Raises UsageError where it does not exist."""
        self._change(name, disabled=disabled)

    def set_second_factor(self, name: str, wanted: bool) -> str | None:
        """Give an account a new second factor and return its secret, or take it away. Raises UsageError."""
        secret = new_totp_secret() if wanted else None
        sealed = None if secret is None else self._opened_vault.seal(secret, name)
        self._change(name, totp_secret=sealed, totp_step=None)
        return secret

    def seal_again(self, everything: bool = False) -> int:
        """Seal second factors that were kept in clear, or all with the newest key; return how many."""
        row, count = UserRow, 0
        with self._db.writing() as connection:
            lock(connection, "users")
            held = connection.execute(
                select(row.id, row.name, row.totp_secret).where(row.totp_secret.is_not(None))
            )
            for user_id, name, kept in held.all():
                assert kept is not None
                if everything or not Vault.is_sealed(kept):
                    sealed = self._opened_vault.seal(self._opened_vault.open(kept, name), name)
                    connection.execute(update(row).where(row.id == user_id).values(totp_secret=sealed))
                    count += 1
        return count

    def log_in(self, name: str, password: str, code: str | None) -> str | Denied:
        """Return the token of a new session, or why there is none.

        After MAX_FAILURES failures the account is locked. An unknown name takes as long as a known one.
        """
        now = self._clock()
        row = UserRow
        with self._db.reading() as connection:
            query = select(row.id, row.name, row.password_hash, row.totp_secret, row.disabled)
            found = connection.execute(query.where(row.name == name[:64])).first()
        hashed = None if found is None or found.disabled else found.password_hash
        with _HASHING:
            right = is_password(password, hashed)
        if found is None or found.disabled:
            return Denied.WRONG
        with self._db.writing() as connection:
            lock(connection, "users")
            state = connection.execute(
                select(row.totp_step, row.locked_until_ns).where(row.id == found.id)
            ).one()
            if state.locked_until_ns is not None and state.locked_until_ns > now:
                return Denied.LOCKED
            if not right:
                return self._failed(connection, found.id, now)
            step = state.totp_step
            if found.totp_secret is not None:
                if not code:
                    return Denied.CODE
                secret = self._opened_vault.open(found.totp_secret, found.name)
                step = totp_step(secret, code, now // NS, state.totp_step)
                if step is None:
                    return self._failed(connection, found.id, now)
            good = update(row).where(row.id == found.id)
            connection.execute(good.values(failures=0, locked_until_ns=None, totp_step=step))
            return begin_session(connection, found.id, now)

    def by_session(self, token: str) -> Account | None:
        """Return whose session it is, and keep it from idling; None where it has ended."""
        now, row = self._clock(), SessionRow
        digest = token_digest(token)
        living = (
            row.digest == digest,
            row.seen_ns > now - IDLE_S * NS,
            row.created_ns > now - SESSION_S * NS,
        )
        with self._db.reading() as connection:
            query = _account(row.seen_ns).join(row, row.user_id == UserRow.id).where(*living)
            found = connection.execute(query).first()
        if found is None:
            return None
        if found.seen_ns < now - 60 * NS:  # not with every request
            with self._db.writing() as connection:
                connection.execute(update(row).where(row.digest == digest).values(seen_ns=now))
        return _read(found[:4])

    def end_session(self, token: str) -> None:
        """End a session; nothing happens where there is none."""
        with self._db.writing() as connection:
            connection.execute(delete(SessionRow).where(SessionRow.digest == token_digest(token)))

    def issue_key(self, name: str, scopes: Iterable[Permission], days: int, label: str) -> str:
        """Give an account an API key and return its token, which is not kept. Raises UsageError."""
        if not 1 <= days <= MAX_KEY_DAYS:
            raise UsageError(f"a key is valid for 1 to {MAX_KEY_DAYS} days")
        key, now = new_key(), self._clock()
        with self._db.writing() as connection:
            connection.execute(
                insert(ApiKeyRow).values(
                    user_id=_id_of(connection, name),
                    prefix=key.prefix,
                    digest=key.digest,
                    scopes=sorted(set(scopes)),
                    label=label,
                    created_ns=now,
                    expires_ns=now + days * 86_400 * NS,
                )
            )
        return key.token

    def by_key(self, token: str) -> Account | None:
        """Return whose key it is with what it may do; None where it is unknown, revoked or has expired."""
        now, row = self._clock(), ApiKeyRow
        valid = (row.digest == token_digest(token), row.revoked_ns.is_(None), row.expires_ns > now)
        with self._db.reading() as connection:
            query = _account(row.prefix, row.scopes).join(row, row.user_id == UserRow.id)
            query = query.where(*valid, ~_unseen(now))
            found = connection.execute(query).first()
        return None if found is None else _read(found[:4], found[4], found[5])

    def api_keys(self) -> list[Key]:
        """Return all keys, as they were issued."""
        row = ApiKeyRow
        query = select(UserRow.name, row.prefix, row.scopes, row.label, row.expires_ns, row.revoked_ns)
        with self._db.reading() as connection:
            return [
                Key(name, prefix, tuple(map(Permission, scopes)), label, expires, revoked is not None)
                for name, prefix, scopes, label, expires, revoked in connection.execute(
                    query.join(UserRow, UserRow.id == row.user_id).order_by(row.id)
                )
            ]

    def revoke_key(self, prefix: str) -> None:
        """Revoke a key. Raises UsageError where there is none with this prefix."""
        row = ApiKeyRow
        with self._db.writing() as connection:
            done = update(row).where(row.prefix == prefix, row.revoked_ns.is_(None))
            if connection.execute(done.values(revoked_ns=self._clock())).rowcount == 0:
                raise UsageError(f"there is no valid key {prefix}")

    @property
    def _opened_vault(self) -> Vault:
        if self._vault is None:
            raise StoreError("the key of the second factors is not at hand")
        return self._vault

    def _change(self, name: str, **values: object) -> None:
        with self._db.writing() as connection:
            user_id = _id_of(connection, name)
            connection.execute(update(UserRow).where(UserRow.id == user_id).values(**values))
            connection.execute(delete(SessionRow).where(SessionRow.user_id == user_id))

    def _failed(self, connection: Connection, user_id: int, now: int) -> Denied:
        row = UserRow
        failures = (connection.scalar(select(row.failures).where(row.id == user_id)) or 0) + 1
        beyond = failures - MAX_FAILURES
        seconds = min(LOCK_S << min(beyond, 10), _LONGEST_LOCK_S) if beyond >= 0 else None
        until = None if seconds is None else now + seconds * NS
        connection.execute(
            update(row).where(row.id == user_id).values(failures=failures, locked_until_ns=until)
        )
        return Denied.WRONG


def begin_session(connection: Connection, user_id: int, now: int) -> str:
    """Begin a session on an open connection and return its token; sessions that have ended go."""
    connection.execute(delete(SessionRow).where(SessionRow.created_ns < now - SESSION_S * NS))
    token = new_token()
    connection.execute(
        insert(SessionRow).values(digest=token_digest(token), user_id=user_id, created_ns=now, seen_ns=now)
    )
    return token


def _account(*more: Any) -> Select[Any]:
    row = UserRow
    chosen = select(row.name, row.role, row.division, row.department, *more)
    return chosen.where(row.disabled.is_(False))


def _unseen(now: int) -> ColumnElement[bool]:
    """Hold for accounts whose rights come from an OpenID provider that has not confirmed them for long."""
    row = IdentityRow
    long_ago = or_(row.seen_ns.is_(None), row.seen_ns < now - UNSEEN_DAYS * 86_400 * NS)
    return exists().where(row.user_id == UserRow.id, row.managed.is_(True), long_ago)


def _read(fields: Iterable[str], key: str | None = None, scopes: Iterable[str] | None = None) -> Account:
    name, role_name, division, department_name = fields
    role, department = AccountRole(role_name), Department(department_name)
    may = permissions(role, department, None if scopes is None else map(Permission, scopes), division)
    return Account(name, role, division, department, may, key)


def _id_of(connection: Connection, name: str) -> int:
    found = connection.scalar(select(UserRow.id).where(UserRow.name == name))
    if found is None:
        raise NotHeldError(f"there is no account {name}")
    return found
