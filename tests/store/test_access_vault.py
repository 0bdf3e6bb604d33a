"""Second factors at rest, on both databases."""

from base64 import b32decode
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from facts.errors import SettingsError, StoreError
from facts.instant import NS
from store import access_secrets
from store.access import AccessStore, Denied
from store.access_rules import WHOLE_COUNTRY, AccountRole, Department
from store.access_secrets import STEP_S, hotp, new_totp_secret
from store.access_tables import UserRow
from store.access_vault import Vault
from store.database import Database

PASSWORD = "correct horse battery"
NOW = 1_772_352_000 * NS


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_secrets, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def kept(db: Database) -> dict[str, str]:
    with db.reading() as connection:
        found = connection.execute(select(UserRow.name, UserRow.totp_secret))
        return dict(found.all())


def put(db: Database, name: str, secret: str) -> None:
    with db.writing() as connection:
        connection.execute(update(UserRow).where(UserRow.name == name).values(totp_secret=secret))


def stored(db: Database, file: Path, now: int = NOW) -> AccessStore:
    return AccessStore(db, lambda: now, Vault(file))


def opens(access: AccessStore, name: str, secret: str, now: int = NOW) -> bool:
    code = hotp(b32decode(secret), now // NS // STEP_S)
    return not isinstance(access.log_in(name, PASSWORD, code), Denied)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.key"


@pytest.fixture
def access(db: Database, file: Path) -> AccessStore:
    store = stored(db, file)
    for name in ("li", "wang"):
        store.add_user(name, AccountRole.ANALYST, WHOLE_COUNTRY, Department.OTHER, PASSWORD)
    return store


def test_the_secret_is_not_in_the_database_and_its_key_is_for_one_pair_of_eyes(
    access: AccessStore, db: Database, file: Path
) -> None:
    secret = access.set_second_factor("li", True)
    assert secret is not None
    assert secret not in kept(db)["li"]
    assert kept(db)["li"].startswith("sealed:")
    assert file.stat().st_mode & 0o777 == 0o600
    assert opens(access, "li", secret)


def test_what_lay_in_clear_still_opens_and_is_sealed_once(
    access: AccessStore, db: Database, file: Path
) -> None:
    secret = new_totp_secret()
    put(db, "li", secret)
    assert opens(access, "li", secret)
    assert access.seal_again() == 1
    assert access.seal_again() == 0
    assert kept(db)["li"].startswith("sealed:")
    assert opens(stored(db, file, NOW + 60 * NS), "li", secret, NOW + 60 * NS)


def test_the_factor_of_one_account_is_none_of_another(access: AccessStore, db: Database) -> None:
    secret = access.set_second_factor("li", True)
    assert secret is not None
    put(db, "wang", kept(db)["li"])
    with pytest.raises(StoreError, match="of wang is not what was sealed"):
        opens(access, "wang", secret)


def test_a_new_key_opens_what_it_sealed_again_and_the_old_one_nothing(
    access: AccessStore, db: Database, file: Path
) -> None:
    secret = access.set_second_factor("li", True)
    assert secret is not None
    before, old_file = kept(db)["li"], file.read_text()
    vault = Vault(file)
    vault.add_key()
    assert stored(db, file).seal_again(everything=True) == 1
    assert opens(access, "li", secret)  # a running server, which read the file before
    assert vault.drop_old_keys() == 1
    assert kept(db)["li"] != before
    assert opens(stored(db, file, NOW + 60 * NS), "li", secret, NOW + 60 * NS)
    put(db, "li", before)
    with pytest.raises(StoreError, match=r"secrets\.key does not hold"):
        opens(stored(db, file), "li", secret)
    assert file.read_text() != old_file


@pytest.mark.parametrize("text", ["", "rubbish", "3f9c01aa 00\n", "3f9c01aa zz\n", "a b c\n"])
def test_a_file_that_holds_no_keys_is_a_wrong_setting(access: AccessStore, file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="key"):
        access.set_second_factor("li", True)


def test_a_file_that_others_may_read_is_a_wrong_setting(access: AccessStore, file: Path) -> None:
    access.set_second_factor("li", True)
    file.chmod(0o640)
    with pytest.raises(SettingsError, match="others may read it"):
        Vault(file).seal("x", "li")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_for_its_owner_alone(
    tmp_path_factory: pytest.TempPathFactory, text: str, owner: str
) -> None:
    vault = Vault(tmp_path_factory.getbasetemp() / "vault" / "any.key")
    sealed = vault.seal(text, owner)
    assert vault.open(sealed, owner) == text
    with pytest.raises(StoreError):
        vault.open(sealed, owner + "x")
    head, _, tail = sealed.rpartition(":")
    flipped = ("A" if tail[0] != "A" else "B") + tail[1:]
    with pytest.raises(StoreError):
        vault.open(f"{head}:{flipped}", owner)
