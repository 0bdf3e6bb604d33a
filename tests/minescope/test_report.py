"""`minescope report`: files, languages, exit codes, the same bytes; quick to start."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from minescope.main import run
from pipeline.registry_index import refresh
from registry.csv_import import load_sample
from store.access_tables import AuditRow
from store.database import open_database
from store.registry import RegistryStore

AS_OF = ("--as-of", "2026-03-15")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1773600000")
    monkeypatch.delenv("MINESCOPE_LANG", raising=False)
    with open_database(f"sqlite:///{tmp_path}/minescope.db") as database:
        RegistryStore(database).replace(load_sample(), 0)
        refresh(database, tmp_path / "index")
    return tmp_path


def test_a_report_is_written_in_both_languages(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "out"
    arguments = ["report", "weekly", "--region", "990000", *AS_OF, "--lang", "both", "--out", str(out)]
    assert run([*arguments, "--format", "html", "--format", "xlsx", "--publisher", "示例省专班"]) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        f"weekly-990000-2026-W11-2026-03-15-{language}.{kind}"
        for language in ("en", "zh")
        for kind in ("html", "json", "xlsx")
    ]
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run([*arguments, "--format", "html", "--format", "xlsx", "--publisher", "示例省专班"]) == 0
    assert first == {path.name: path.read_bytes() for path in out.iterdir()}
    assert "示例省专班" in first[names[3]].decode()
    said = capsys.readouterr()
    assert said.out.count("wrote") == 12
    with open_database(f"sqlite:///{home}/minescope.db") as database, database.reading() as connection:
        subjects = list(connection.scalars(select(AuditRow.subject)))
    assert "weekly 990000 2026-W11 2026-03-15" in subjects


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["bulletin", "--region", "990000", *AS_OF], 0),
        (["tariff", "--region", "990100", *AS_OF], 0),
        (["evaluation", "--region", "990000", *AS_OF], 0),
        (["site", "site-east-1", *AS_OF], 0),
        (["enterprise", "91990101MADEUP0132", *AS_OF], 0),
        (["site", "no-such-site", *AS_OF], 2),
        (["weekly", "--region", "123456"], 3),
        (["weekly", "--region", "990000", "--week", "2026-47"], 3),
        (["weekly", "--region", "990000", "--as-of", "yesterday"], 3),
        (["weekly", "--region", "990000", "--format", "odt"], 3),
        (["weekly"], 3),
    ],
)
def test_each_report_and_its_exit_code(home: Path, arguments: list[str], code: int) -> None:
    assert run(["report", *arguments, *(["--format", "html"] if code == 0 else [])][:99]) == code


def test_a_folder_that_cannot_be_written_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "taken").write_text("a file")
    arguments = ["report", "tariff", "--region", "990000", *AS_OF, "--out", str(home / "taken")]
    assert run(arguments) == 2
    assert "taken" in capsys.readouterr().err


def test_a_refusal_is_said_in_the_language_of_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINESCOPE_LANG", "zh")
    assert run(["report", "site", "no-such-site"]) == 2
    assert "没有以 no-such-site 为标识的记录" in capsys.readouterr().err


def test_the_command_costs_the_start_nothing() -> None:
    code = (
        "import sys, minescope.main\n"
        "heavy = {'jinja2', 'typst', 'docx', 'xlsxwriter', 'sqlalchemy', 'supervision.reports.document'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
