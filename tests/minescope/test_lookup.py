"""`minescope lookup`: the store and the registry from a terminal."""

import csv
import io
import json
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
from sqlalchemy import text

from api.models import AddressModel
from facts.endpoint import packed16, parse_address
from minescope.main import run
from pipeline.settings import Settings
from store.access import AccessStore
from store.access_rules import AccountRole, Department
from store.audit import AuditStore
from store.database import open_database
from tests.api.stored import CLEARED, MINER, NODE, POOL, filled


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("lookup")
    filled(folder)
    return folder


@pytest.fixture(autouse=True)
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(home))
    for name in ("MINESCOPE_REGISTRY", "MINESCOPE_DATABASE_URL", "MINESCOPE_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("address", "code"),
    [(MINER, 1), (POOL, 1), (NODE, 0), (CLEARED, 0), ("8.8.8.8", 0), (f"::ffff:{MINER}", 1)],
)
def test_the_exit_code_tells_whether_it_mines(
    address: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lookup", address]) == code
    assert capsys.readouterr().out


def test_a_person_reads_who_mines_how_it_is_known_and_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lookup", MINER])
    said = capsys.readouterr().out
    assert MINER in said
    assert "confirmed" in said
    assert "captures/office.pcap" in said
    assert "118" in said
    assert "91990101MADEUP048L" in said


def test_nothing_known_is_said_and_not_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lookup", "8.8.8.8", "192.0.2.10"])
    unknown, registered = capsys.readouterr().out.splitlines()
    assert unknown == "8.8.8.8: no capture has shown it, and the registry has never held it"
    assert registered.startswith("192.0.2.10: no capture has shown it; ")


def test_the_answer_is_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lookup", "8.8.8.8", "--lang", "zh"])
    assert "登记库中也没有" in capsys.readouterr().out


def test_json_is_what_the_api_answers_one_line_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lookup", MINER, "192.0.2.70", "--at", "2020-01-01T00:00:00Z", "--port", "7", "--json"]) == 1
    told = [AddressModel.model_validate_json(line) for line in capsys.readouterr().out.splitlines()]
    assert [t.address for t in told] == [MINER, "192.0.2.70"]
    assert told[1].attribution.line == "line-1002"
    assert told[1].port == 7


def test_csv_has_one_row_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lookup", MINER, "8.8.8.8", "--csv"])
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (first["address"], first["role"], first["level"]) == (MINER, "miner", "confirmed")
    assert (first["line"], first["frame"]) == ("line-1004", "118")
    assert (second["known"], second["role"]) == ("False", "")


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.api.stored import verdict

    filled(tmp_path, [verdict(MINER, pools=("=1+1",))])
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    run(["lookup", MINER, "--csv"])
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["pools"] == "'=1+1"


def test_addresses_come_from_standard_input_in_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, f"# people write comments\n{POOL}\n\n  {NODE}  # and blanks\r\n".encode())
    assert run(["lookup", MINER, "-", CLEARED, "--json"]) == 1
    told = [json.loads(line)["address"] for line in capsys.readouterr().out.splitlines()]
    assert told == [MINER, POOL, NODE, CLEARED]


def test_a_bad_line_is_named_and_costs_no_other_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, f"{NODE}\nrubbish\xff\n{MINER}\n".encode("latin-1"))
    assert run(["lookup", "-", "--json"]) == 3
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert "standard input, line 2" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["rubbish"],
        [MINER, "192.0.2.1/24"],
        [MINER, "--at", "yesterday"],
        [MINER, "--port", "70000"],
        [MINER, "--json", "--csv"],
        ["-", "-"],
        [MINER, "--lang", "fr"],
    ],
)
def test_wrong_usage_exits_3_and_answers_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lookup", *arguments]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_a_database_that_cannot_be_read_exits_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rubbish = tmp_path / "rubbish.db"
    rubbish.write_bytes(b"this is no database, whatever its name says" * 100)
    monkeypatch.setenv("MINESCOPE_DATABASE_URL", f"sqlite:///{rubbish}")
    assert run(["lookup", MINER]) == 2
    assert capsys.readouterr().err.startswith("minescope: ")


def test_the_help_tells_every_option_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lookup", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("ADDRESS", "--at", "--port", "--json", "--csv", "--lang", "Exit codes"):
        assert word in said


def entries(home: Path) -> list[dict]:
    with open_database(Settings(home=home).database_url) as database:
        return list(AuditStore(database).export())


def test_what_is_asked_is_in_the_audit_with_its_purpose_before_it_is_answered(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(entries(home))
    assert run(["lookup", MINER, "8.8.8.8", "--purpose", "  case   17 "]) == 1
    [entry] = entries(home)[before:]
    assert (entry["action"], entry["subject"], entry["purpose"]) == (
        "lookup",
        f"{MINER} 8.8.8.8",
        "case 17",
    )
    assert entry["actor"].startswith("terminal:")
    asked = zlib.decompress(b64decode(entry["detail"]))
    assert asked == packed16(parse_address(MINER)) + packed16(parse_address("8.8.8.8"))
    assert run(["lookup", MINER, "--purpose", "x"]) == 3
    assert "--purpose" in capsys.readouterr().err
    assert len(entries(home)) == before + 1


def test_where_there_are_accounts_a_purpose_is_wanted_and_without_audit_there_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    filled(tmp_path)
    assert run(["lookup", MINER]) == 1
    with open_database(Settings(home=tmp_path).database_url) as database:
        access = AccessStore(database, lambda: 0)
        access.add_user("li", AccountRole.ANALYST, "000000", Department.OTHER, "correct horse battery")
    capsys.readouterr()
    assert run(["lookup", MINER]) == 3
    assert run(["lookup", MINER, "--purpose", "case 17"]) == 1
    with open_database(Settings(home=tmp_path).database_url) as database, database.writing() as connection:
        connection.execute(text("DROP TABLE audit_entries"))
    capsys.readouterr()
    assert run(["lookup", MINER, "--purpose", "case 17"]) == 2
    assert capsys.readouterr().out == ""
