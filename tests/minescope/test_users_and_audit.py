"""`minescope users` and `minescope audit`, as a person calls them."""

import io
import json
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from facts.instant import NS
from minescope import users as users_command
from minescope.main import run
from pipeline.settings import Settings
from store import access_secrets
from store.access import AccessStore, Denied
from store.access_rules import AccountRole, Department, Permission
from store.audit import AuditStore
from store.audit_chain import Entry
from store.database import Database, open_database

PASSWORD = "correct horse battery"
DAY = 86_400 * NS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    monkeypatch.setattr(access_secrets, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr("sys.stdin", io.StringIO((PASSWORD + "\n") * 9))
    return tmp_path


def opened(home: Path) -> Database:
    return open_database(Settings(home=home).database_url)


def test_an_account_is_added_changed_and_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add = ["users", "add", "li", "--role", "analyst", "--division", "330000", "--department", "cyberspace"]
    assert run([*add, "--second-factor"]) == 0
    assert "otpauth://totp/MineScope:li?secret=" in capsys.readouterr().out
    assert run(add) == 3
    assert run(["users", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["division"], told["second_factor"]) == ("li", "330000", True)
    assert run(["users", "factor", "li", "--off"]) == 0
    with opened(home) as database:
        access = AccessStore(database, time.time_ns)
        assert not isinstance(access.log_in("li", PASSWORD, None), Denied)
    assert run(["users", "disable", "li"]) == 0
    with opened(home) as database:
        assert AccessStore(database, time.time_ns).log_in("li", PASSWORD, None) is Denied.WRONG
    assert run(["users", "enable", "li"]) == 0
    assert run(["users", "password", "li"]) == 0
    assert run(["users", "disable", "wang"]) == 2
    with opened(home) as database:
        said = [one["subject"] for one in AuditStore(database).newest(100)]
    assert said[::-1] == [
        "users add li analyst 330000 cyberspace",
        "users factor li --off",
        "users disable li",
        "users enable li",
        "users password li",
    ]


def test_a_key_is_shown_once_and_revoked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["users", "add", "li", "--role", "analyst"]) == 0
    capsys.readouterr()
    issue = ["users", "key", "issue", "li", "--scope", "lookup", "--scope", "hits", "--label", "nightly"]
    assert run(issue) == 0
    token = capsys.readouterr().out.strip()
    with opened(home) as database:
        account = AccessStore(database, time.time_ns).by_key(token)
        assert account is not None
        assert account.may == {Permission.LOOKUP, Permission.HITS}
    assert run(["users", "key", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert token.startswith(told["prefix"])
    assert run(["users", "key", "revoke", told["prefix"]]) == 0
    assert run(["users", "key", "revoke", told["prefix"]]) == 3
    assert run(["users", "key", "issue", "li", "--scope", "everything"]) == 3
    assert "lookup" in capsys.readouterr().err


def test_the_words_of_the_command_are_those_of_the_rules() -> None:
    assert [one.value for one in users_command.Role] == [one.value for one in AccountRole]
    assert [one.value for one in users_command.Body] == [one.value for one in Department]


def test_a_short_password_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run(["users", "add", "li", "--role", "analyst"]) == 3


def entry(number: int, days: int = 0) -> Entry:
    at_ns = time.time_ns() - days * DAY
    return Entry(
        at_ns, "li", "analyst", "000000", "192.0.2.1", "getAddress", f"/v1/ips/{number}", "case", 200
    )


def test_the_audit_is_verified_exported_and_its_head_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(home) as database:
        AuditStore(database).append([entry(n) for n in range(50)])
    assert run(["audit", "head"]) == 0
    head = home / "head.json"
    head.write_text(capsys.readouterr().out)
    assert run(["audit", "verify", "--head", str(head)]) == 0
    assert "50 entries hold" in capsys.readouterr().out
    assert run(["audit", "export"]) == 0
    export = home / "export.ndjson"
    export.write_text(capsys.readouterr().out)
    assert run(["audit", "verify", "--archive", str(export)]) == 0
    with opened(home) as database, database.writing() as connection:
        connection.execute(text("DROP TRIGGER audit_entries_no_delete"))
        connection.execute(text("DELETE FROM audit_entries WHERE seq > 48"))
    assert run(["audit", "verify"]) == 0
    assert run(["audit", "verify", "--head", str(head)]) == 1
    assert "entry 49" in capsys.readouterr().err
    lines = export.read_text().splitlines()
    export.write_text("\n".join([*lines[:20], lines[20].replace("case", "cose"), *lines[21:]]))
    assert run(["audit", "verify", "--archive", str(export)]) == 1
    assert "entry 21" in capsys.readouterr().err
    assert run(["audit", "verify", "--head", str(export)]) == 3
    assert run(["audit", "verify", "--archive", str(home / "none")]) == 2


def test_a_purge_archives_proves_itself_and_keeps_six_months(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(home) as database:
        AuditStore(database).append([entry(n, 400) for n in range(30)] + [entry(n, 100) for n in range(5)])
    archive = home / "old.gz"
    assert run(["audit", "purge", "--archive", str(archive), "--days", "30"]) == 3
    assert run(["audit", "purge"]) == 3
    assert not archive.exists()
    capsys.readouterr()
    assert run(["audit", "purge", "--archive", str(archive), "--packet-days", "30"]) == 0
    told = capsys.readouterr().out
    assert "entries 1 to 30" in told
    assert "the 5 entries left hold" in told
    assert "0 of them overdue" in told
    assert run(["audit", "verify", "--archive", str(archive)]) == 0
    assert run(["audit", "verify"]) == 0
    assert run(["audit", "purge", "--archive", str(home / "other.gz")]) == 0
    assert not (home / "other.gz").exists()


def test_a_person_of_a_provider_is_linked_and_the_key_of_second_factors_changes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["users", "add", "li", "--role", "analyst", "--second-factor"]) == 0
    key = (home / "secrets.key").read_text()
    who = ["--issuer", "https://id.example.org", "--subject", "00u1"]
    assert run(["users", "link", "li", *who]) == 0
    assert run(["users", "link", "li", *who]) == 3
    assert run(["users", "link", "wang", "--issuer", "https://id.example.org", "--subject", "x"]) == 2
    capsys.readouterr()
    assert run(["users", "links", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["account"], told["subject"], told["rights"]) == ("li", "00u1", "of the account")
    assert run(["users", "unlink", *who]) == 0
    assert run(["users", "unlink", *who]) == 3
    assert run(["users", "rotate-key"]) == 0
    assert "1 second factors are sealed with a new key, 1 old ones forgotten" in capsys.readouterr().out
    after = (home / "secrets.key").read_text()
    assert len(after.splitlines()) == 1
    assert after != key
    with opened(home) as database:
        said = [one["subject"] for one in AuditStore(database).newest(3)]
    assert said == [
        "users rotate-key",
        "users unlink https://id.example.org 00u1",
        "users link li https://id.example.org 00u1",
    ]
