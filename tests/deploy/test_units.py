"""The units that are shipped start commands that exist, with options that they take."""

from configparser import ConfigParser
from pathlib import Path

import pytest

from minescope.main import run
from pipeline.settings import load_settings
from store.alone import alone
from store.database import open_database

UNITS = Path(__file__).parents[2] / "deploy" / "units"


def read(name: str) -> ConfigParser:
    made = ConfigParser(strict=True, interpolation=None)
    made.optionxform = str  # type: ignore[assignment,method-assign]
    made.read_string((UNITS / name).read_text("utf-8"))
    return made


def test_each_timer_has_its_service_and_a_service_its_timer() -> None:
    names = {path.name for path in UNITS.iterdir()}
    assert names == {"minescope-warnings.service", "minescope-warnings.timer"}
    assert read("minescope-warnings.timer")["Install"]["WantedBy"] == "timers.target"


def test_the_command_of_the_unit_does_a_round_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    program, *arguments = read("minescope-warnings.service")["Service"]["ExecStart"].split()
    assert Path(program).name == "minescope"
    assert run(arguments) == 0
    assert '"raised":0' in capsys.readouterr().out
    with open_database(load_settings().database_url) as database, alone(database, "warnings"):
        assert run(arguments) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "another process does this round" in told.err
