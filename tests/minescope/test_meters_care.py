"""`minescope meters imports|withdraw|compact|purge`, as a person types them."""

from pathlib import Path

import pytest

from minescope.main import run
from tests.minescope.test_tariff_and_meters import FORM, curves
from tests.minescope.test_tariff_and_meters import home as home  # the fixture


def test_a_wrong_file_is_withdrawn_and_the_right_one_taken(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = str(curves(home / "wrong.csv", kw=40.0))
    assert run(["meters", "import", wrong, *FORM]) == 0
    capsys.readouterr()
    assert run(["meters", "imports"]) == 0
    batch, _, month, name, _ = capsys.readouterr().out.rstrip("\n").split("\t")
    assert (month, name) == ("2025-01", "wrong.csv")
    assert run(["meters", "withdraw", batch, "--why", "  "]) == 3
    assert run(["meters", "withdraw", batch, "--why", "multiplied twice"]) == 0
    assert "0 days say again what they said before, of 31 nothing is known" in capsys.readouterr().out
    assert run(["meters", "withdraw", batch, "--why", "multiplied twice"]) == 3
    assert run(["meters", "compact"]) == 0
    assert "2 files merged into 1" in capsys.readouterr().out
    assert (
        run(["meters", "import", str(curves(home / "m.csv")), *FORM]) == 0
    )  # says another thing: not refused
    assert "31 days with 2,976 points" in capsys.readouterr().out
    assert run(["meters", "export", "ZJ1", "--since", "2025-01-01", "--until", "2025-01-01"]) == 0
    assert "ZJ1,2025-01-01,4,4,4" in capsys.readouterr().out
    for _ in range(2):  # the withdrawn file may come again, once
        run(["meters", "import", wrong, *FORM, "--replace"])
    said = capsys.readouterr()
    assert "31 days with" in said.out
    assert "taken before" in said.err
    assert run(["meters", "imports"]) == 0
    assert [line.split("\t")[4][:9] for line in capsys.readouterr().out.splitlines()] == [
        *("withdrawn", "withdraws", "", "")
    ]
    assert run(["meters", "purge", "--before", "2025"]) == 3
    assert run(["meters", "purge", "--before", "2025-02"]) == 0
    capsys.readouterr()
    assert run(["meters", "imports"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["audit", "verify"]) == 0
