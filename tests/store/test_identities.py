"""Identities of a provider, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from facts.errors import UsageError
from facts.instant import NS
from store import access_secrets
from store.access import UNSEEN_DAYS, AccessStore, Denied
from store.access_rules import WHOLE_COUNTRY, AccountRole, Department, Permission
from store.database import Database
from store.identities import LOG_IN_S, Identity, IdentityStore, Rights, account_name

PASSWORD = "correct horse battery"
ISSUER = "https://id.example.org"
LI = Identity(ISSUER, "00u1")
ANALYST = Rights(AccountRole.ANALYST, "330000", Department.CYBERSPACE)


class Clock:
    now = 1_772_352_000 * NS

    def __call__(self) -> int:
        return self.now


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_secrets, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(db: Database, clock: Clock) -> AccessStore:
    return AccessStore(db, clock)


@pytest.fixture
def identities(db: Database, clock: Clock) -> IdentityStore:
    return IdentityStore(db, clock)


def test_a_log_in_comes_back_once_to_its_own_browser_and_in_time(
    identities: IdentityStore, clock: Clock
) -> None:
    assert identities.begin("state", "browser", "/docs")
    assert identities.take("state", "browser") == "/docs"
    assert identities.take("state", "browser") is None
    assert identities.begin("state", "browser", "/docs")
    assert identities.take("state", "other") is None
    assert identities.take("state", "browser") is None  # tried once, it is used up
    assert identities.begin("state", "browser", "/docs")
    clock.now += (LOG_IN_S + 1) * NS
    assert identities.take("state", "browser") is None
    assert identities.take("never", "browser") is None


def test_of_many_at_once_one_takes_the_log_in(identities: IdentityStore) -> None:
    assert identities.begin("state", "browser", "/docs")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: identities.take("state", "browser"), range(8)))
    assert taken.count("/docs") == 1


def test_an_identity_without_rights_gets_none_and_leaves_no_account(
    identities: IdentityStore, access: AccessStore
) -> None:
    assert identities.log_in(LI, "li", None) is None
    assert access.users() == []


def test_rights_follow_the_claims_at_every_log_in(identities: IdentityStore, access: AccessStore) -> None:
    token = identities.log_in(LI, "Li Wei", ANALYST)
    assert token is not None
    account = access.by_session(token)
    assert account is not None
    assert (account.role, account.division) == (AccountRole.ANALYST, "330000")
    assert account.name == account_name(LI, "Li Wei")
    key = access.issue_key(account.name, [Permission.LOOKUP], 366, "")
    other = identities.log_in(LI, "renamed", Rights(AccountRole.OPERATOR, WHOLE_COUNTRY, Department.CARRIER))
    assert other is not None
    assert [user.role for user in access.users()] == [AccountRole.OPERATOR]
    assert access.by_key(key) is not None
    assert identities.log_in(LI, "li", None) is None
    assert access.by_session(token) is None
    assert access.by_session(other) is None
    assert access.by_key(key) is None


def test_keys_open_nothing_once_the_provider_was_silent_for_long(
    identities: IdentityStore, access: AccessStore, clock: Clock
) -> None:
    assert identities.log_in(LI, "li", ANALYST)
    key = access.issue_key(account_name(LI, "li"), [Permission.LOOKUP], 366, "")
    clock.now += (UNSEEN_DAYS - 1) * 86_400 * NS
    assert access.by_key(key) is not None
    clock.now += 2 * 86_400 * NS
    assert access.by_key(key) is None
    assert identities.log_in(LI, "li", ANALYST)
    assert access.by_key(key) is not None


def test_an_account_of_the_provider_has_no_password(identities: IdentityStore, access: AccessStore) -> None:
    assert identities.log_in(LI, "li", ANALYST)
    name = account_name(LI, "li")
    for password in ("", PASSWORD):
        assert access.log_in(name, password, None) is Denied.WRONG
    with pytest.raises(UsageError, match="OpenID"):
        access.set_password(name, PASSWORD)


def test_a_disabled_account_stays_closed_whatever_the_claims_say(
    identities: IdentityStore, access: AccessStore
) -> None:
    assert identities.log_in(LI, "li", ANALYST)
    access.set_disabled(account_name(LI, "li"), True)
    assert identities.log_in(LI, "li", ANALYST) is None


def test_a_linked_identity_has_the_rights_of_its_account(
    identities: IdentityStore, access: AccessStore
) -> None:
    access.add_user("li", AccountRole.AUDITOR, "330100", Department.OTHER, PASSWORD)
    identities.link("li", LI)
    for rights in (None, ANALYST):
        token = identities.log_in(LI, "other", rights)
        assert token is not None
        account = access.by_session(token)
        assert account is not None
        assert (account.name, account.role, account.division) == ("li", AccountRole.AUDITOR, "330100")
    with pytest.raises(UsageError, match="li already"):
        identities.link("li", LI)
    with pytest.raises(UsageError, match="no account"):
        identities.link("wang", Identity(ISSUER, "other"))
    [link] = identities.links()
    assert (link.account, link.managed) == ("li", False)
    identities.unlink(LI)
    assert access.by_session(token) is None
    with pytest.raises(UsageError):
        identities.unlink(LI)
    assert identities.log_in(LI, "li", None) is None


def test_the_same_subject_of_another_provider_is_somebody_else(
    identities: IdentityStore, access: AccessStore
) -> None:
    assert identities.log_in(LI, "li", ANALYST)
    assert identities.log_in(Identity("https://other.example", LI.subject), "li", ANALYST)
    assert len(access.users()) == 2


@pytest.mark.parametrize("name", ["li", "Li Wei", "李伟", "", "..", "x" * 300, "a/b\x00"])
def test_the_name_of_an_account_is_a_name_and_nobody_elses(name: str) -> None:
    made = account_name(LI, name)
    assert len(made) <= 32
    assert made[0].isalnum()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert made != account_name(Identity(ISSUER, "00u2"), name)
