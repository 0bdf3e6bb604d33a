"""Loading a registry by the terminal, and checking the settings."""

import json
import shutil
from pathlib import Path

import pytest

from minescope.main import run

SAMPLE = Path(__file__).parents[2] / "registry" / "sample"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MINESCOPE_REGISTRY", raising=False)


def damaged(tmp_path: Path) -> Path:
    folder = tmp_path / "registry"
    shutil.copytree(SAMPLE, folder)
    enterprises = folder / "enterprises.csv"
    enterprises.write_text(enterprises.read_text("utf-8").replace("MADEUP0132", "MADEUP0133"), "utf-8")
    return folder


def test_the_sample_is_loaded_and_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["registry", "sample"]) == 0
    assert "6 enterprises, 5 sites, 16 assignments" in capsys.readouterr().out
    assert run(["lookup", "192.0.2.21", "--at", "2026-03-02T02:00:00Z", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["attribution"]["uscc"] == "91990101MADEUP0132"


def test_a_dry_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["registry", str(SAMPLE), "--dry-run"]) == 0
    assert not (tmp_path / "home").exists()
    assert "sound" in capsys.readouterr().out


def test_a_refused_row_is_named_and_keeps_the_registry_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["registry", str(damaged(tmp_path))]) == 3
    said = capsys.readouterr().err
    assert "enterprises.csv, row 2, column uscc" in said
    assert not (tmp_path / "home").exists()


def test_the_good_rows_are_taken_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["registry", str(damaged(tmp_path)), "--accept-good"]) == 0
    captured = capsys.readouterr()
    assert "loaded 5 enterprises" in captured.out
    assert "row 2" in captured.err


def test_a_folder_that_is_not_there_exits_2(tmp_path: Path) -> None:
    assert run(["registry", str(tmp_path / "nowhere")]) == 2


def test_check_shows_every_setting_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "minescope.toml").write_text("port = 9000\n")
    monkeypatch.setenv("MINESCOPE_DATABASE_URL", "postgresql+psycopg://minescope:secret@db.example/minescope")
    assert run(["check", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    origins = {row["name"]: (row["value"], row["from"]) for row in said["settings"]}
    assert origins["port"] == ("9000", "file")
    assert origins["home"] == (str(tmp_path / "home"), "environment")
    assert origins["host"] == ("127.0.0.1", "default")
    assert origins["database_url"] == (
        "postgresql+psycopg://minescope:***@db.example/minescope",
        "environment",
    )


def test_check_fails_where_a_setting_points_to_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_REGISTRY", "/nowhere/registry")
    assert run(["check"]) == 3
    assert "no such folder: /nowhere/registry" in capsys.readouterr().out


def test_check_names_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_PORT", "99999")
    assert run(["check"]) == 3
    assert "MINESCOPE_PORT" in capsys.readouterr().err
