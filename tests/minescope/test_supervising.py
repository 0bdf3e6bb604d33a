"""The commands of projects, exits, warnings and cases, from a hit to a closed case."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from minescope.main import run
from tests.api.stored import filled
from tests.api.supervised import MINING, WEST


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    filled(tmp_path, MINING)
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    def asked(*arguments: str, status: int = 0) -> list[Any]:
        found = run(arguments)
        out, err = capsys.readouterr()
        assert found == status, (arguments, out, err)
        return [json.loads(one) for one in out.splitlines()] if "--json" in arguments else [out + err]

    return asked


def test_from_a_hit_to_a_closed_case(home: Path, said: Any) -> None:
    found = said("projects", "propose", "--json", status=1)
    assert [(one["project"] == WEST, one["kw"]["value"]) for one in found] == [(False, 900.0), (True, 120.0)]
    assert found[1]["evidence"] == ["verdict:1"]
    assert len(said("projects", "propose", "--region", "990102", "--json", status=1)) == 1

    said("projects", "confirm", WEST, "--department", "cyberspace")
    [again] = said("projects", "confirm", WEST, status=3)
    assert "is there already" in again
    [chinese] = said("projects", "event", WEST, "exited", "--on", "2026-03-05", "--lang", "zh", status=3)
    assert "不能接在“发现”之后；可接：核实、排除" in chinese
    said("projects", "event", WEST, "verified", "--on", "2026-03-05", "--evidence", "file:1")
    said("projects", "measure", WEST, "--basis", "inspection", "--on", "2026-03-06", "--kw", "90", status=3)
    said("projects", "measure", WEST, "--basis", "inspection", "--on", "2026-03-06", "--kw", "90,85,95",
         "--evidence", "file:1")  # fmt: skip
    [shown] = said("projects", "show", WEST, "--json")
    assert shown["measured"]["kw"] == {"value": 90.0, "low": 85.0, "high": 95.0, "evidence": ["file:1"]}
    assert [one["step"] for one in shown["events"]] == ["found", "verified"]
    # on 4 March it had been found (as is known now), and not verified
    [then] = said("projects", "list", "--as-of", "2026-03-04", "--json")
    assert (then["state"], then["measured"]["basis"]) == ("found", "traffic")
    assert said("projects", "list", "--known", "2026-03-04", "--json") == []

    said("exits", "plan", WEST, "--class", "immediate", "--body", "west", "--begin", "2026-03-06")
    [again] = said("exits", "plan", WEST, "--class", "immediate", "--body", "west", status=3)
    assert "says why it is made" in again
    [late] = said("exits", "list", "--late", "--as-of", "2026-03-19", "--json", status=1)
    assert (late["next"], late["due"], late["days_late"]) == ("notified", "2026-03-09", 10)
    progress = said("exits", "progress", "--region", "990000", "--json")
    assert [(one["division"], one["running"], one["planned"]) for one in progress] == [
        ("990000", 1, 1), ("990100", 1, 1),
    ]  # fmt: skip

    [done] = said("warnings", "run", "--json")
    assert done["raised"] == 4  # three steps late, and the hit of the east
    assert said("warnings", "run", "--json")[0]["raised"] == 0
    found = said("warnings", "list", "--region", "990101", "--json")
    assert [(one["rule"], one["severity"], one["owner"]) for one in found] == [
        ("new-mining", "high", "cyberspace")
    ]
    number = str(found[0]["id"])
    assert "preliminary" in said("warnings", "do", number, "note", "--note", "preliminary")[0]
    [never] = said("warnings", "do", number, "reopen", "--note", "x", status=3)
    assert "a warning that is open cannot be told to reopen" in never

    said("cases", "open", "hall in the west", "--project", WEST)
    document = home / "photo.jpg"
    document.write_bytes(b"picture")
    said("cases", "do", "1", "assign", "--assignee", "wang")
    said("cases", "do", "1", "inspect", "--note", "40 machines")
    said("cases", "do", "1", "attach", "--file", str(document))
    [early] = said("cases", "do", "1", "close", status=3)
    assert "what can: assign, hand-over, join, inspect, decide" in early
    said("cases", "do", "1", "decide", "--decision", "close-down", "--note", "to be cut off")
    said("cases", "do", "1", "order", "--due", "2099-01-01", "--note", "notice 12")
    said("cases", "do", "1", "reply", "--note", "left")
    said("cases", "do", "1", "recheck", "--passed", "--note", "empty")
    said("cases", "do", "1", "close")
    [case] = said("cases", "show", "1", "--json")
    assert (case["state"], len(case["log"])) == ("closed", 9)
    [attached] = case["attached"]
    assert (attached["sha256"], attached["size"]) == (hashlib.sha256(b"picture").hexdigest(), 7)


def test_signals_of_other_systems_become_warnings_and_bad_lines_are_named(home: Path, said: Any) -> None:
    good = {
        "signal": "surcharge", "division": "990102", "at": "2026-03-05T08:00:00Z",
        "texts": {"account": "3300001", "enterprise": "甲"},
        "figures": {"cny": 250000, "days_overdue": 61}, "evidence": ["bill:2026-02"],
    }  # fmt: skip
    wrong = {**good, "signal": "gossip"}
    file = home / "signals.ndjson"
    file.write_text("\n".join(map(json.dumps, (good, wrong, {**good, "division": "9"}))) + "\nnot json\n")
    out = said("warnings", "run", "--signals", str(file), status=2)[0]
    assert "signals.ndjson, row 2: signal is one of" in out
    assert "signals.ndjson, row 3: division: a division code is six digits" in out
    assert "signals.ndjson, row 4: not JSON" in out
    found = said("warnings", "list", "--lang", "zh", "--json", status=0)
    [one] = [one for one in found if one["rule"] == "surcharge-unpaid"]
    assert one["because"] == "差别电价未缴：户号 3300001，欠 250,000 元，逾期 61 天"
    assert (one["severity"], one["severity_word"], one["score"]) == ("high", "橙色", 70)


@pytest.mark.parametrize(
    "arguments",
    [
        ("projects", "list", "--region", "33"),
        ("projects", "list", "--state", "vanished"),
        ("projects", "week", "2026-W60"),
        ("projects", "event", WEST, "vanished"),
        ("exits", "plan", WEST, "--class", "sometime", "--body", "x"),
        ("cases", "open", "nowhere"),
        ("cases", "list", "--state", "foo"),
        ("warnings", "list", "--state", "foo"),
        ("warnings", "list", "--severity", "foo"),
        ("tariff", "rules", "123"),
        ("tariff", "bill", "--region", "12345"),
        ("tariff", "arrears", "--region", "330001"),
        ("tariff", "mining", "--state", "foo"),
        ("tariff", "export", "entries", "x.csv", "--level", "town"),
        ("ledgers", "trace"),
        ("ledgers", "show", "nosuch"),
    ],
)
def test_what_cannot_be_is_a_wrong_usage(home: Path, said: Any, arguments: tuple[str, ...]) -> None:
    assert said(*arguments, status=3)[0].startswith("minescope: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("projects", "show", "pj-0000000000000000"),
        ("projects", "confirm", "pj-0000000000000000"),
        ("exits", "plan", "pj-0000000000000000", "--class", "immediate", "--body", "x"),
        ("warnings", "show", "1"),
        ("cases", "show", "1"),
        ("cases", "open", "x", "--project", "pj-0000000000000000"),
        ("tariff", "bill", "--account", "nosuch"),
        ("tariff", "mining", "--account", "nosuch"),
        ("tariff", "decide", "nosuch", "confirmed", "--why", "seen"),
        ("ledgers", "trace", "--wallet", "nosuch"),
        ("lake", "info", "--probe", "nosuch"),
        ("power", "score", "--since", "2026-03-01", "--until", "2026-03-02", "--account", "nosuch"),
    ],
)
def test_what_is_not_held_is_told_by_the_code_of_what_cannot_be_read(
    home: Path, said: Any, arguments: tuple[str, ...]
) -> None:
    assert said(*arguments, status=2)[0].startswith("minescope: ")


def test_a_project_says_that_it_was_not_known_then(home: Path, said: Any) -> None:
    said("projects", "confirm", WEST, "--department", "cyberspace")
    [early] = said("projects", "show", WEST, "--known", "2026-03-04", status=2)
    assert early == f"minescope: {WEST} was not known then (2026-03-04)\n"
    [before] = said("projects", "show", WEST, "--as-of", "2020-01-01", "--lang", "zh", status=2)
    assert before == f"minescope: {WEST} 当时尚未掌握（2020-01-01）\n"


def test_a_case_shows_its_decision_and_what_the_re_check_found(home: Path, said: Any) -> None:
    said("cases", "open", "hall", "--division", "990101")
    for action, *more in (
        ("assign", "--assignee", "wang"),
        ("inspect", "--note", "40 machines"),
        ("decide", "--decision", "close-down", "--note", "cut off"),
        ("order", "--due", "2099-01-01", "--note", "notice 12"),
        ("reply", "--note", "left"),
        ("recheck", "--failed", "--note", "ten left"),
    ):
        said("cases", "do", "1", action, *more)
    [shown] = said("cases", "show", "1", "--lang", "zh")
    assert "责令关停\t2099-01-01\thall" in shown
    assert "复查不合格次数\t1" in shown
    assert "不合格\tten left" in shown
    [listed] = said("cases", "list")
    assert listed.startswith("No.\tstate\tdepartment")
    assert "to be closed down" in listed


def test_a_project_is_described_anew_and_what_was_known_stays(home: Path, said: Any) -> None:
    said("projects", "confirm", WEST, "--department", "cyberspace")
    [first] = said("projects", "show", WEST, "--json")
    said(
        "projects", "describe", WEST, "--account", "3300001", "--park", "示例园区", "--why", "by the supplier"
    )
    [now] = said("projects", "show", WEST, "--json")
    assert (now["accounts"], now["park"], now["name"]) == (["3300001"], "示例园区", first["name"])
    assert now["described"][1]["changed"] == ["accounts", "park"]
    assert now["described"][1]["why"] == "by the supplier"
    [same] = said(
        "projects", "describe", WEST, "--park", "示例园区", "--why", "again", "--lang", "zh", status=3
    )
    assert "内容没有变化" in same
    said("projects", "describe", WEST, "--park", "x", "--why", " ", status=3)
    said("projects", "describe", "pj-0000000000000000", "--park", "x", "--why", "y", status=2)


def test_an_operator_s_carbon_factors_take_the_place_of_the_shipped_ones(home: Path, said: Any) -> None:
    said("projects", "confirm", WEST, "--department", "cyberspace")
    own = (
        '[[{kind}]]\nid = "own-{kind}"\ndivisions = ["990000"]\nyear = 2026\nfrom = 2026-01-01\n'
        '{amount} = "{value}"\nmark = "G"\nsource = "示例"\n'
    )
    rows = own.format(kind="factor", amount="kg_per_kwh", value="0.4")
    rows += own.format(kind="household", amount="kwh_year", value="1000")
    (home / "carbon.toml").write_text(rows, "utf-8")
    [shown] = said("projects", "show", WEST, "--json")
    day = shown["measured"]["kwh_day"]["value"]
    assert (shown["carbon"]["factor"], shown["carbon"]["kg_day"]) == ("own-factor", int(day * 0.4))
    (home / "carbon.toml").write_text('[[factor]]\nid = "x"\n', "utf-8")
    [wrong] = said("projects", "show", WEST, status=3)
    assert "carbon.toml: factor 1 (x)" in wrong
