"""The progress of an import, a line every few seconds in the language of the terminal."""

import pytest

from minescope import rows_read
from minescope.rows_read import RowsRead


def test_a_line_is_told_when_it_is_time_and_not_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(rows_read.time, "monotonic", lambda: now)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    told = RowsRead()
    told("a.csv", 1_000)
    assert capsys.readouterr().err == ""
    now += rows_read.LINE_EVERY_S
    told("a.csv", 250_000)
    told("a.csv", 250_001)
    assert capsys.readouterr().err == "minescope: a.csv: 250,000 rows read\n"
    now += rows_read.LINE_EVERY_S
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    told("b.csv", 7)
    assert capsys.readouterr().err == "minescope: b.csv：已读取 7 行\n"
