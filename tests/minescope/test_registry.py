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


def assignments(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "assignments-2026.csv"
    path.write_text("prefix,line,uscc,site,valid_from,valid_to\n" + "\n".join(rows) + "\n", "utf-8")
    return path


ROW = "192.0.2.0/24,line-9,91990101MADEUP0132,site-east-1,2026-01-01,"


def test_refused_rows_are_told_in_chinese_with_the_same_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINESCOPE_LANG", "zh")
    path = assignments(tmp_path, ["198.51.100.1/24,l,91990101MADEUP0132,site-east-1,2026-01-01,"])
    report = tmp_path / "refused.json"
    assert run(["registry", "import", str(path), "--report", str(report)]) == 3
    said = capsys.readouterr()
    assert "拒绝：" in said.err
    assert "第2行，列 prefix：'198.51.100.1/24' 含有主机位；包含它的前缀是 198.51.100.0/24" in said.err
    assert "未导入任何数据" in said.err
    assert "行 1，拒绝 1，新增 0" in said.out
    refused = json.loads(report.read_text("utf-8"))[0]
    assert (refused["code"], refused["reason"][:4]) == ("prefix-host-bits", "'198")


def test_an_import_adds_to_the_registry_reports_refused_rows_and_has_a_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["registry", "sample"]) == 0
    path = assignments(tmp_path, [ROW, "198.51.100.1/24,l,91990101MADEUP0132,site-east-1,2026-01-01,"])
    report = tmp_path / "refused.json"
    assert run(["registry", "import", str(path), "--report", str(report)]) == 3
    assert "nothing taken" in capsys.readouterr().err
    (refused,) = json.loads(report.read_text("utf-8"))
    assert (refused["row"], refused["column"]) == (3, "prefix")
    assert "host bits" in refused["reason"]
    table = tmp_path / "refused.csv"
    assert run(["registry", "import", str(path), "--accept-good", "--report", str(table)]) == 0
    assert table.read_text("utf-8-sig").splitlines()[0] == "file,row,column,reason,code"
    assert "1 added" in capsys.readouterr().out
    assignments(tmp_path, [ROW + "2026-06-01"])
    assert run(["registry", "import", str(path)]) == 0
    capsys.readouterr()
    assert run(["registry", "history", "192.0.2.0/24", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ours = [line for line in lines if line["record"]["source"] == path.name]
    assert [(line["valid_to"] is None, line["known_to"] is None) for line in ours] == [
        (False, True),
        (True, False),
    ]
    assert run(["registry", "history", "192.0.2.0/24", "--known-at", "2000-01-01T00:00:00Z"]) == 3
    assert run(["registry", "imports", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_validate_judges_without_a_database_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["registry", "validate", str(SAMPLE)]) == 0
    assert "16 added" in capsys.readouterr().out
    assert run(["registry", "validate", str(damaged(tmp_path))]) == 3
    assert not (tmp_path / "home" / "minescope.db").exists()
    assert run(["registry", "import", str(tmp_path / "nowhere.csv")]) == 2
    odd = tmp_path / "odd.csv"
    odd.write_text("a\n")
    assert run(["registry", "import", str(odd)]) == 3
    assert run(["registry", "import", str(odd), "--kind", "what"]) == 3


def test_a_port_block_and_a_private_address_lead_to_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["registry", "sample"]) == 0
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "assignments.csv").write_text(
        "prefix,line,uscc,site,valid_from,use,realm\n192.0.2.240/29,,,,2026-01-01,nat,\n"
        "100.64.0.0/30,line-1,91990101MADEUP021W,site-east-2,2026-01-01,,cgn\n"
    )
    (folder / "nat-log.txt").write_text(
        "2026-03-01T08:00:00Z gw event=assign private=100.64.0.1 public=192.0.2.241 ports=1024-1535\n"
    )
    assert run(["registry", "import", str(folder), "--realm", "cgn"]) == 0
    asked = ["lookup", "192.0.2.241", "--at", "2026-03-02T00:00:00Z", "--json"]
    capsys.readouterr()
    run([*asked, "--port", "1100"])
    told = json.loads(capsys.readouterr().out)["attribution"]
    assert (told["certain"], told["line"], told["uscc"]) == (True, "line-1", "91990101MADEUP021W")
    run(asked)
    assert json.loads(capsys.readouterr().out)["attribution"]["missing"] == ["port"]
    run([*asked, "--port", "9"])
    assert json.loads(capsys.readouterr().out)["attribution"]["missing"] == ["log"]


def test_the_store_is_backed_up_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "kept.backup")
    assert run(["registry", "sample"]) == 0
    assert run(["store", "backup", kept]) == 0
    assert run(["store", "verify", kept]) == 0
    assert run(["store", "restore", kept]) == 2  # it holds rows
    assert run(["store", "backup", kept]) == 2  # the file exists
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "other"))
    assert run(["store", "restore", kept]) == 0
    capsys.readouterr()
    run(["lookup", "192.0.2.21", "--at", "2026-03-02T02:00:00Z", "--json"])
    assert json.loads(capsys.readouterr().out)["attribution"]["uscc"] == "91990101MADEUP0132"
    assert run(["store", "downgrade", "0002"]) == 0
    assert run(["lookup", "192.0.2.21"]) == 0
    assert run(["store", "downgrade", "never"]) == 2


def test_coordinates_are_converted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["registry", "convert", "116.384047", "39.913345"]) == 0
    assert capsys.readouterr().out.startswith("116.37781")
    assert run(["registry", "convert", "116", "39", "--from", "BD-09"]) == 3
