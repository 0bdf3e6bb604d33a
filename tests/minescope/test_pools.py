"""The list of pools and the operator's lists, by the terminal: on stored results and on replay."""

import json
from pathlib import Path

import pytest

from minescope.main import run

PCAPS = Path(__file__).parents[2] / "pcaps"
RIG = str(PCAPS / "xmr_rig.pcapng")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MINESCOPE_REGISTRY", raising=False)


Out = pytest.CaptureFixture[str]


def replayed(capsys: Out, *options: str) -> tuple[int, dict[tuple[str, str], dict[str, object]]]:
    status = run(["replay", RIG, "--json", "--quiet", "--lang", "en", *options])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return status, {(one["address"], one["role"]): one for one in lines if one["type"] == "verdict"}


def looked_up(capsys: Out, address: str) -> dict[str, object]:
    run(["lookup", address, "--json", "--lang", "zh"])
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_an_allowed_miner_is_cleared_in_replay_and_look_up_until_it_is_removed(capsys: Out) -> None:
    status, verdicts = replayed(capsys, "--store")
    assert status == 1
    miner = next(address for address, role in verdicts if role == "miner")
    pool = next(address for address, role in verdicts if role == "pool")
    for address in (miner, pool):
        assert run(["pools", "allow", "add", address, "--reason", "our laboratory"]) == 0
    capsys.readouterr()
    status, after = replayed(capsys, "--store")
    assert status == 0
    assert after[miner, "miner"]["level"] == "cleared"
    assert "the operator allows" in str(after[miner, "miner"]["evidence"])
    answer = looked_up(capsys, miner)
    assert answer["verdict"]["level"] == "cleared"  # type: ignore[index]
    assert "运营方已将" in str(answer["verdicts"])
    assert run(["pools", "allow", "remove", miner]) == 0
    capsys.readouterr()
    # the replay above stored what was judged, not what was shown
    assert looked_up(capsys, miner)["verdict"]["level"] == "confirmed"  # type: ignore[index]


def test_a_denied_look_up_is_raised(capsys: Out) -> None:
    names = str(PCAPS / "pool_names.pcap")
    assert run(["replay", names, "--json", "--quiet", "--store"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    cleared = next(one for one in lines if one["type"] == "verdict" and one["level"] == "cleared")
    assert run(["pools", "deny", "add", cleared["address"], "--reason", "known from a visit"]) == 0
    capsys.readouterr()
    assert looked_up(capsys, cleared["address"])["verdict"]["level"] == "likely"  # type: ignore[index]
    assert run(["replay", names, "--json", "--quiet"]) == 1


def test_lists_are_shown_and_removals_of_what_is_not_there_are_refused(capsys: Out) -> None:
    assert run(["pools", "deny", "add", "*.Evil.example", "--reason", "malware"]) == 0
    assert run(["pools", "deny", "add", "203.0.113.0/24", "--reason", "seized"]) == 0
    capsys.readouterr()
    assert run(["pools", "deny", "list", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["entry"], one["reason"]) for one in listed] == [
        ("evil.example", "malware"),
        ("203.0.113.0/24", "seized"),
    ]
    assert run(["pools", "allow", "list"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["pools", "allow", "remove", "evil.example"]) == 3
    assert run(["pools", "allow", "add", "203.0.113.1/24", "--reason", "x"]) == 3
    assert "no address" in capsys.readouterr().err
    assert run(["pools", "allow", "add", "203.0.113.1"]) == 3


def test_a_dry_run_and_a_refused_row_change_nothing(tmp_path: Path, capsys: Out) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.csv"
    good.write_text("new.pool.example:3333\n")
    bad.write_text("domain,port\nnew.pool.example,3333\nother.pool.example,0\n")
    assert run(["pools", "update", str(good), "--dry-run"]) == 0
    assert "1 hosts added" in capsys.readouterr().out
    assert run(["pools", "update", str(bad)]) == 3
    assert "bad.csv, row 3" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
    assert run(["pools", "update", str(tmp_path / "none.txt")]) == 2


def test_an_added_host_is_known_to_show_and_to_replay_and_keeps_its_first_day(
    tmp_path: Path, capsys: Out
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("stratum+tcp://eu.newpool.example:3333\n")
    assert run(["pools", "show", "eu.newpool.example", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["likeness"] is None
    for day in ("2026-01-05", "2026-02-01"):
        assert run(["pools", "update", str(listed), "--day", day]) == 0
    capsys.readouterr()
    assert run(["pools", "show", "us.newpool.example", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["likeness"] == "pattern"
    (row,) = told["rows"]
    assert (row["valid_from"], row["last_seen"], row["source"]) == ("2026-01-05", "2026-02-01", "list.txt")
    assert run(["pools", "list", "--added"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run(["pools", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 1500
    assert run(["pools", "update", str(listed), "--day", "soon"]) == 3


def test_good_rows_are_taken_where_that_is_asked_for(tmp_path: Path, capsys: Out) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("a.pool.example\n192.0.2.1\n")
    assert run(["pools", "update", str(listed), "--accept-good"]) == 0
    said = capsys.readouterr()
    assert "list.txt, row 2" in said.err
    assert "1 hosts added" in said.out


def test_a_replay_goes_on_where_the_lists_cannot_be_read_and_says_so(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "minescope.db").write_bytes(b"this is no database" * 100)
    assert run(["replay", RIG, "--json", "--lang", "en"]) == 1
    assert "the operator's lists are not applied" in capsys.readouterr().err


def test_an_added_list_that_cannot_be_read_is_named(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "home" / "pools.csv").mkdir(parents=True)
    assert run(["pools", "list"]) == 2
    assert "pools.csv" in capsys.readouterr().err
