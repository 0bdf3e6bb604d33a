"""What a person reads at the terminal: rows under titles, refused rows without repetition."""

import subprocess
import sys

import pytest

from facts.errors import RowError
from minescope.refused_rows import folded
from minescope.rows import Rows, aligned, width


def test_chinese_takes_two_places_and_columns_line_up() -> None:
    assert [width(text) for text in ("ab", "区划", "e\u0301", "（甲）")] == [2, 4, 1, 6]
    assert aligned([["编号", "name"], ["17", "x"]]) == ["编号  name", "17    x"]


def test_rows_have_titles_and_no_rows_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    titles = (("No.", "编号"), ("name", "名称"))
    with Rows(titles, "zh") as rows:
        rows.add([1, None])
        rows.add([2, "two\tlines\nof text"])
    assert capsys.readouterr().out.splitlines() == ["编号\t名称", "1\t-", "2\ttwo lines of text"]
    with Rows(titles, "en"):
        pass
    out, err = capsys.readouterr()
    assert (out, err) == ("", "minescope: nothing to show\n")
    with Rows(titles, "en", quiet=True):
        pass
    assert capsys.readouterr() == ("", "")


def test_columns_that_lack_the_same_thing_are_one_line() -> None:
    errors = [RowError("the header lacks this column", "a.csv", 1, name) for name in ("id", "kind")]
    errors += [RowError("empty", "a.csv", 2, "kind"), RowError("empty", "a.csv", 3, "kind")]
    assert folded(errors) == [
        "a.csv, row 1, columns id, kind: the header lacks this column",
        "a.csv, row 2, column kind: empty",
        "a.csv, row 3, column kind: empty",
    ]


def test_the_module_of_the_program_runs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "minescope.main", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("minescope ")
