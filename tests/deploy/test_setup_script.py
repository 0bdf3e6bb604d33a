"""deploy/setup.sh in a copy of what it reads; the installing itself is what `make demo` does."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ("cat", "cut", "dirname", "sha256sum", "sh")


def _copy(folder: Path) -> Path:
    for part in ("deploy", "requirements"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _tools(folder: Path) -> str:
    """Return a PATH with the tools that the script needs and no Python."""
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (folder / tool).symlink_to(found)
    return str(folder)


def _setup(folder: Path, *words: str, path: str, **more: str) -> "subprocess.CompletedProcess[str]":
    command = ["/bin/sh", str(folder / "deploy" / "setup.sh"), *words]
    return subprocess.run(command, env={"PATH": path, **more}, capture_output=True, text=True)


def test_a_lock_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    done = _setup(_copy(tmp_path / "house"), "everything", path=_tools(tmp_path / "bin"))
    assert done.returncode == 3
    assert "no such lock: requirements/everything.txt" in done.stderr


def test_without_a_fitting_python_it_says_which_are_needed_and_makes_nothing(tmp_path: Path) -> None:
    house = _copy(tmp_path / "house")
    done = _setup(house, "runtime", path=_tools(tmp_path / "bin"))
    assert done.returncode == 3
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert not (house / ".venv").exists()


def test_a_python_that_is_named_and_does_not_fit_is_not_used(tmp_path: Path) -> None:
    done = _setup(_copy(tmp_path / "house"), "runtime", path=_tools(tmp_path / "bin"), PYTHON="/bin/false")
    assert done.returncode == 3
