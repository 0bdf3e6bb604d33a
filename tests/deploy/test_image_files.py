"""What the image is built from: nothing forgotten, nothing of a machine written down."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "deploy").glob("*.sh"))
WRITTEN = [
    *SCRIPTS,
    ROOT / "Dockerfile",
    ROOT / ".dockerignore",
    *sorted((ROOT / "requirements").glob("*.txt")),
]


def _project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def test_the_build_context_holds_every_room_and_nothing_else() -> None:
    project: dict = _project()  # type: ignore[type-arg]
    rooms = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == rooms | {"requirements/runtime.txt", "pyproject.toml", "README.md", "LICENSE"}


def test_the_image_runs_as_a_user_with_a_number_and_listens_where_it_can_be_published() -> None:
    last = (ROOT / "Dockerfile").read_text().rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert last.index("USER") > last.index("useradd")
    assert 'CMD ["serve", "--host", "0.0.0.0"]' in last
    assert "/healthz" in last


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_no_index_mirror_or_proxy_is_written_down(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?://(?!127\.0\.0\.1)", text)
    assert "index-url =" not in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_plain_sh(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    checked = subprocess.run(["/bin/sh", "-n", str(script)], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
