"""The operator's own machines in the home folder."""

from pathlib import Path

import pytest

from classifier.power_table import shipped
from facts.errors import ReadError, RowError
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


def test_a_wrong_file_is_named_with_its_row(home: Path) -> None:
    (home / FILE).write_text(f"[machines]\nrows = [ {ROW.replace('60', '0')} ]\n", "utf-8")
    with pytest.raises(RowError, match=r"machines\.toml, row 1, column watts"):
        machine_table()
    (home / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ReadError, match=r"machines\.toml"):
        machine_table()
