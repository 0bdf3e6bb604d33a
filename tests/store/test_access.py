"""Accounts, keys and sessions, on both databases."""

from base64 import b32decode
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from facts.errors import UsageError
from facts.instant import NS
from store import access_secrets
from store.access import IDLE_S, LOCK_S, MAX_FAILURES, SESSION_S, AccessStore, Denied
from store.access_rules import (
    WHOLE_COUNTRY,
    AccountRole,
    Department,
    Permission,
    lies_in,
    permissions,
    subtree,
)
from store.access_secrets import STEP_S, hotp, is_password, new_totp_secret, totp_step
from store.access_tables import ApiKeyRow, SessionRow, UserRow
from store.access_vault import Vault
from store.database import Database

PASSWORD = "correct horse battery"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_772_352_000 * NS

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * NS)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real argon2id with the least work: how dear a hash is, no test here is about."""
    monkeypatch.setattr(access_secrets, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(db: Database, clock: Clock, tmp_path: Path) -> AccessStore:
    store = AccessStore(db, clock, Vault(tmp_path / "secrets.key"))
    assert not store.has_users()
    store.add_user("li", AccountRole.ANALYST, "330100", Department.CYBERSPACE, PASSWORD)
    return store


def test_an_account_logs_in_and_its_session_tells_who_it_is(access: AccessStore) -> None:
    token = access.log_in("li", PASSWORD, None)
    assert not isinstance(token, Denied)
    account = access.by_session(token)
    assert account is not None
    assert (account.name, account.role, account.division) == ("li", AccountRole.ANALYST, "330100")
    assert Permission.PERSONAL in account.may
    access.end_session(token)
    assert access.by_session(token) is None
    assert access.has_users()


@pytest.mark.parametrize(("name", "password"), [("li", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_is_denied(access: AccessStore, name: str, password: str) -> None:
    assert access.log_in(name, password, None) is Denied.WRONG


def test_an_account_is_locked_after_failures_and_longer_after_more(access: AccessStore, clock: Clock) -> None:
    for _ in range(MAX_FAILURES):
        assert access.log_in("li", "wrong", None) is Denied.WRONG
    assert access.log_in("li", PASSWORD, None) is Denied.LOCKED
    clock.wait(LOCK_S + 1)
    assert access.log_in("li", "wrong", None) is Denied.WRONG
    clock.wait(LOCK_S + 1)
    assert access.log_in("li", PASSWORD, None) is Denied.LOCKED
    clock.wait(LOCK_S)
    assert not isinstance(access.log_in("li", PASSWORD, None), Denied)


def test_a_second_factor_is_wanted_and_a_code_works_once(access: AccessStore, clock: Clock) -> None:
    secret = access.set_second_factor("li", True)
    assert secret is not None
    key = b32decode(secret)
    code = hotp(key, clock.now // NS // STEP_S)
    assert access.log_in("li", PASSWORD, None) is Denied.CODE
    assert access.log_in("li", PASSWORD, "000000" if code != "000000" else "111111") is Denied.WRONG
    assert not isinstance(access.log_in("li", PASSWORD, code), Denied)
    assert access.log_in("li", PASSWORD, code) is Denied.WRONG
    clock.wait(STEP_S)
    assert not isinstance(access.log_in("li", PASSWORD, hotp(key, clock.now // NS // STEP_S)), Denied)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert hotp(b"12345678901234567890", seconds // STEP_S, 8) == code


def test_a_code_of_a_neighbouring_step_is_taken_and_of_a_farther_one_not() -> None:
    secret = new_totp_secret()
    key = b32decode(secret)
    for away, taken in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        step = totp_step(secret, hotp(key, 1000 + away), 1000 * STEP_S, None)
        assert (step == 1000 + away) == taken
    assert totp_step(secret, "示例", 1000 * STEP_S, None) is None


def test_a_session_ends_when_idle_and_in_any_case(access: AccessStore, clock: Clock) -> None:
    token = access.log_in("li", PASSWORD, None)
    for _ in range(SESSION_S // (IDLE_S - 60)):
        clock.wait(IDLE_S - 60)
        assert access.by_session(token) is not None
    clock.wait(IDLE_S - 60)
    assert access.by_session(token) is None
    token = access.log_in("li", PASSWORD, None)
    clock.wait(IDLE_S + 1)
    assert access.by_session(token) is None


def test_a_key_opens_what_its_scopes_and_its_account_both_allow(access: AccessStore, clock: Clock) -> None:
    token = access.issue_key("li", [Permission.LOOKUP, Permission.ACCOUNTS], 30, "tests")
    account = access.by_key(token)
    assert account is not None
    assert account.may == {Permission.LOOKUP}
    assert account.actor == f"li/{account.key}"
    [key] = access.api_keys()
    assert token.startswith(key.prefix)
    assert access.by_key(token + "x") is None
    clock.wait(31 * 86_400)
    assert access.by_key(token) is None


def test_a_revoked_key_and_a_disabled_account_open_nothing(access: AccessStore) -> None:
    token = access.issue_key("li", [Permission.LOOKUP], 30, "")
    access.revoke_key(access.api_keys()[0].prefix)
    assert access.by_key(token) is None
    other = access.issue_key("li", [Permission.LOOKUP], 30, "")
    session = access.log_in("li", PASSWORD, None)
    access.set_disabled("li", True)
    assert access.by_key(other) is None
    assert access.by_session(session) is None
    assert access.log_in("li", PASSWORD, None) is Denied.WRONG
    assert not access.has_users()


def test_a_new_password_ends_the_sessions(access: AccessStore) -> None:
    session = access.log_in("li", PASSWORD, None)
    access.set_password("li", "another password")
    assert access.by_session(session) is None
    assert access.log_in("li", PASSWORD, None) is Denied.WRONG
    assert not isinstance(access.log_in("li", "another password", None), Denied)


def test_what_is_kept_opens_nothing(access: AccessStore, db: Database) -> None:
    token, key = access.log_in("li", PASSWORD, None), access.issue_key("li", [Permission.LOOKUP], 1, "")
    with db.reading() as connection:
        for table in (UserRow, ApiKeyRow, SessionRow):
            held = str(connection.execute(table.__table__.select()).all())
            for secret in (PASSWORD, token, key):
                assert str(secret) not in held


@pytest.mark.parametrize(
    ("name", "division", "password"),
    [
        ("Li", WHOLE_COUNTRY, PASSWORD),
        ("l", WHOLE_COUNTRY, PASSWORD),
        ("a/b", WHOLE_COUNTRY, PASSWORD),
        ("li", WHOLE_COUNTRY, PASSWORD),
        ("wang", "3301", PASSWORD),
        ("wang", WHOLE_COUNTRY, "short"),
        ("wang", WHOLE_COUNTRY, "x" * 257),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    access: AccessStore, name: str, division: str, password: str
) -> None:
    with pytest.raises(UsageError):
        access.add_user(name, AccountRole.ANALYST, division, Department.OTHER, password)
    assert len(access.users()) == 1


def test_an_account_that_is_not_there_cannot_be_changed(access: AccessStore) -> None:
    for change in (
        lambda: access.set_password("wang", PASSWORD),
        lambda: access.set_disabled("wang", True),
        lambda: access.issue_key("wang", [], 1, ""),
        lambda: access.issue_key("li", [], 400, ""),
        lambda: access.revoke_key("msk_none"),
    ):
        with pytest.raises(UsageError):
            change()


@pytest.mark.parametrize(
    ("division", "inside", "outside"),
    [
        ("000000", ["990101", "330000", None], []),
        ("330000", ["330000", "330100", "330199"], ["340000", "990101", None]),
        ("330100", ["330100", "330102"], ["330000", "330200", None]),
        ("330102", ["330102"], ["330100", "330103", None]),
    ],
)
def test_a_division_sees_its_subtree(division: str, inside: list, outside: list) -> None:
    assert all(lies_in(code, division) for code in inside)
    assert not any(lies_in(code, division) for code in outside)
    assert subtree("110000") == "11"


def test_the_three_administrators_are_kept_apart() -> None:
    admins = (AccountRole.SYSTEM_ADMIN, AccountRole.SECURITY_ADMIN, AccountRole.AUDIT_ADMIN)
    held = [permissions(role, Department.CYBERSPACE) for role in admins]
    assert all(not one & other for one in held for other in held if one is not other)
    findings = {Permission.LOOKUP, Permission.HITS, Permission.FILES, Permission.EVIDENCE, Permission.EXPORT}
    assert not any(one & findings for one in (*held, permissions(AccountRole.AUDITOR, Department.CYBERSPACE)))


def test_only_the_network_bodies_see_personal_fields_and_packets() -> None:
    for department in Department:
        may = permissions(AccountRole.ANALYST, department)
        network = department in (Department.CYBERSPACE, Department.INDUSTRY_IT, Department.PUBLIC_SECURITY)
        assert (Permission.PERSONAL in may) == (Permission.EVIDENCE in may) == network
        assert Permission.LOOKUP in may


def test_a_damaged_hash_is_no_password() -> None:
    assert not is_password("x", "rubbish")
    assert not is_password("x", None)
