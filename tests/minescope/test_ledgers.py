"""Ledgers and the screening by the terminal: in, judged, told in both languages, out again."""

import json
from pathlib import Path

import pytest

from minescope.main import run
from tests.supervision.ledgers_made import code, write

MINER, HONEST, SHELL = code(1), code(2), code(3)
SEAT = {"exchange": "示例交易中心", "entered": "2021-01-01", "division": "150100"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MINESCOPE_LANG", "en")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    write(
        made,
        "market",
        SEAT | {"participant": "P1", "uscc": MINER, "name": "矿企", "accounts": "15001;15002"},
        SEAT | {"participant": "P2", "uscc": HONEST, "name": "诚信企业", "address": "示例产业园1号"},
        SEAT | {"participant": "P3", "uscc": SHELL, "name": "壳公司", "accounts": "15002"},
    )
    write(
        made,
        "mining-list",
        {"uscc": MINER, "listed": "2022-01-30", "division": "150100", "document": "名单1"},
    )
    park = [{"uscc": code(n), "kind": "address", "value": "示例产业园 1号"} for n in (1, *range(10, 40))]
    write(made, "relations", *park)
    loan = {"kind": "loan", "amount": "1000", "body": "示例银行", "body_kind": "bank", "uscc": MINER}
    write(
        made,
        "support",
        loan | {"id": "L1", "granted": "2021-01-01", "recover_by": "2022-03-31"},
        loan | {"id": "L2", "granted": "2022-02-01", "body_kind": "non-bank-payment"},
    )
    write(made, "recoveries", {"support": "L1", "step": "recovered", "on": "2022-02-01", "amount": "250.50"})
    flow = {"authority": "公安", "document": "1号", "division": "150100"}
    write(
        made,
        "money-flows",
        flow
        | {"from_kind": "wallet", "from_id": "W1", "to_kind": "bank-account", "to_id": "B1", "holder": SHELL},
    )
    return made


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_files_are_imported_once_and_what_is_refused_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledgers", "import", str(folder), "--dry-run"]) == 0
    assert "nothing taken: a dry run" in capsys.readouterr().err
    assert run(["ledgers", "import", str(folder)]) == 0
    assert "market.csv (market): 3 rows, 0 refused, 3 added" in capsys.readouterr().out
    assert run(["ledgers", "import", str(folder)]) == 0
    assert "0 added, 0 changed, 0 ended, 3 unchanged" in capsys.readouterr().out
    bad = write(tmp_path, "penalties", {"id": "F", "uscc": MINER, "kind": "hat", "on": "x", "authority": ""})
    report = tmp_path / "refused.json"
    assert run(["ledgers", "import", str(bad), "--report", str(report)]) == 3
    assert [one["column"] for one in json.loads(report.read_text("utf-8"))] == ["kind", "on", "authority"]
    assert run(["ledgers", "import", str(tmp_path / "none.csv")]) == 2
    assert run(["ledgers", "import", str(report)]) == 3
    capsys.readouterr()
    assert run(["ledgers", "list", "--json"]) == 0
    assert {one["ledger"]: one["rows"] for one in lines(capsys)}["market"] == 3


def test_standings_traces_and_history_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledgers", "import", str(folder)]) == 0
    capsys.readouterr()
    assert run(["ledgers", "support", "--as-of", "2022-04-30", "--json"]) == 0
    first, second, total = lines(capsys)
    assert (first["state"], first["overdue"], first["overdue_days"]) == ("overdue", "749.50", 30)
    assert (second["financial"], second["body_kind"]) == (True, "non-bank-payment")
    assert (total["amount"], total["recovered"], total["overdue"]) == ("2000.00", "250.50", "749.50")
    assert run(["ledgers", "trace", "--uscc", SHELL, "--json"]) == 0
    [chain] = lines(capsys)
    assert (chain["from"]["id"], chain["to"]["id"], chain["holder_name"]) == ("W1", "B1", "壳公司")
    assert run(["ledgers", "trace", "--wallet", "W1"]) == 0
    assert "wallet:W1 -> bank-account:B1" in capsys.readouterr().out
    assert run(["ledgers", "show", "support", "--uscc", MINER]) == 0
    assert len(lines(capsys)) == 2
    assert run(["ledgers", "show", "support", "--known-at", "2000-01-01"]) == 0
    assert lines(capsys) == []
    assert run(["ledgers", "history", "L1"]) == 0
    assert {one["ledger"] for one in lines(capsys)} == {"support", "recoveries"}
    assert run(["ledgers", "history", "nothing"]) == 2
    assert run(["ledgers", "show", "hats"]) == 3
    assert run(["ledgers", "support", "--as-of", "yesterday"]) == 3
    capsys.readouterr()
    assert run(["ledgers", "support", "--as-of", "2022-04-30", "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("编号\t企业\t种类")
    assert "-0.00" not in shown
    assert "minescope: 2022-04-30：共 2 项" in shown


def test_the_screening_tells_who_and_why_and_who_not(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledgers", "import", str(folder)]) == 0
    capsys.readouterr()
    out = tmp_path / "found.csv"
    assert run(["screen", "run", "--as-of", "2022-04-30", "--store", "--json", "--out", str(out)]) == 0
    found = {one["uscc"]: one for one in lines(capsys)}
    assert {code: one["sort"] for code, one in found.items()} == {MINER: "listed", SHELL: "attached"}
    assert found[SHELL]["steps"][0]["ties"][0]["because"] == (
        "the electricity account 15002, shared by 2 enterprises (+10.0)"
    )
    leaving = found[MINER]["participations"][0]["leaving"]
    assert (leaving["basis"], leaving["leave_by"], leaving["overdue_days"]) == (
        "on-listing",
        "2022-01-30",
        90,
    )
    assert out.read_text("utf-8-sig").splitlines()[0].startswith("uscc,name,division")
    assert run(["screen", "show", HONEST, "--as-of", "2022-04-30"]) == 0
    told = capsys.readouterr().out
    assert "nothing was found" in told
    assert "shared by 32 enterprises: says nothing" in told
    assert run(["screen", "show", SHELL, "--lang", "zh"]) == 0
    assert "疑似挂靠" in capsys.readouterr().out
    assert run(["screen", "show", code(99)]) == 2
    assert run(["ledgers", "alarms", "--as-of", "2022-04-30", "--json"]) == 0
    kinds = [one["kind"] for one in lines(capsys)]
    assert sorted(kinds) == [
        "market.attached",
        "market.trades-after-deadline",
        "support.after-listing",
        "support.overdue",
    ]
    assert run(["ledgers", "alarms", "--as-of", "2022-04-30", "--lang", "zh"]) == 0
    assert "矿企 超过退出期限（2022-01-30）90 天仍参与市场交易" in capsys.readouterr().out


def test_weights_of_ones_own_are_taken_and_wrong_ones_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledgers", "import", str(folder)]) == 0
    own = tmp_path / "own.toml"
    own.write_text("[tie.account]\nweight = 6\n")
    capsys.readouterr()
    assert run(["screen", "run", "--as-of", "2022-04-30", "--json", "--weights", str(own)]) == 0
    assert {one["uscc"] for one in lines(capsys)} == {MINER}
    own.write_text("[tie.account]\nweight = 60\n")
    assert run(["screen", "run", "--weights", str(own)]) == 3
    assert "tie.account" in capsys.readouterr().err
    assert run(["screen", "run", "--weights", str(tmp_path / "none.toml")]) == 2


def test_what_is_exported_comes_in_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledgers", "import", str(folder)]) == 0
    again = tmp_path / "again"
    again.mkdir()
    for name in ("market", "mining-list", "relations", "support", "recoveries", "money-flows"):
        assert run(["ledgers", "export", name, "--out", str(again / f"{name}.csv")]) == 0
    capsys.readouterr()
    assert run(["ledgers", "import", str(again)]) == 0
    assert capsys.readouterr().out.count("0 added, 0 changed, 0 ended") == 6
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "other"))
    assert run(["ledgers", "import", str(again)]) == 0
    assert "31 added" in capsys.readouterr().out


def test_what_is_asked_is_in_the_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledgers", "import", str(folder), "--purpose", "case 2026-017"]) == 0
    assert run(["ledgers", "show", "market", "--purpose", "case 2026-017"]) == 0
    from pipeline.settings import load_settings
    from store.audit import AuditStore
    from store.database import open_database

    with open_database(load_settings().database_url) as database:
        entries = list(AuditStore(database).export())
    told = [(one["action"], one["purpose"]) for one in entries]
    assert ("importLedgers", "case 2026-017") in told
    assert ("showLedger", "case 2026-017") in told
