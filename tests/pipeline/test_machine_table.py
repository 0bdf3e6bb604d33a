"""The operator's own machines in the home folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from classifier.power_table import shipped
from facts.errors import ReadError, RowError
from minescope.main import run
from pipeline.machine_table import FILE, machine_table

ROW = (
    '{ name = "Own 1", algorithm = "cn/r", kind = "cpu", maker = "own", hashes = 500, watts = 60, '
    'released = "2019-03", source = "measured", as_of = "2026-01", mark = "V" }'
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    return tmp_path


def test_without_a_file_the_shipped_table_is_in_force(home: Path) -> None:
    assert machine_table() is shipped()


def test_an_operators_machine_is_known_from_then_on(home: Path) -> None:
    (home / FILE).write_text(f"[machines]\nrows = [ {ROW} ]\n", "utf-8")
    assert [one.name for one in machine_table().of("cn/r")] == ["Own 1"]
    assert machine_table() is machine_table()
    (home / FILE).write_text(f"[machines]\nrows = [ {ROW.replace('Own 1', 'Own 22')} ]\n", "utf-8")
    assert [one.name for one in machine_table().of("cn/r")] == ["Own 22"]


def test_a_wrong_file_stops_a_run_before_it_begins(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = Path(__file__).parents[2] / "pcaps" / "xmr_rig.pcapng"
    (home / FILE).write_text("[site]\noverhead = [9, 1]\n", "utf-8")
    assert run(["replay", "--json", "-q", str(sample)]) in (2, 3)
    told = capsys.readouterr()
    assert told.out == ""
    assert "machines.toml, row 1, column overhead" in told.err
    assert run(["check"]) == 3
    assert "column overhead" in capsys.readouterr().out


def test_an_operators_overhead_and_machines_are_in_the_verdicts(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(__file__).parents[2] / "pcaps" / "btcagent_farm.pcap.gz"

    def kilowatts() -> dict[str, Any]:
        run(["replay", "--json", "-q", str(sample)])
        lines = map(json.loads, capsys.readouterr().out.splitlines())
        found: dict[str, Any] = next(one["power_kw"] for one in lines if one.get("role") == "proxy")
        return found

    before = kilowatts()
    assert before["overhead"] == [1.02, 1.15]
    (home / FILE).write_text("[site]\noverhead = [1.5, 1.5]\n", "utf-8")
    after = kilowatts()
    assert after["overhead"] == [1.5, 1.5]
    assert after["value"] / before["value"] == pytest.approx(1.5 / 1.085, rel=1e-4)


def test_a_wrong_file_is_named_with_its_row(home: Path) -> None:
    (home / FILE).write_text(f"[machines]\nrows = [ {ROW.replace('60', '0')} ]\n", "utf-8")
    with pytest.raises(RowError, match=r"machines\.toml, row 1, column watts"):
        machine_table()
    (home / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ReadError, match=r"machines\.toml"):
        machine_table()
