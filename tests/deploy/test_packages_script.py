"""deploy/packages.sh as it stands, run by /bin/sh."""

import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "packages.sh"
NOBODY = 65534


def _run(*words: str, as_nobody: bool = False, path: str | None = None) -> "subprocess.CompletedProcess[str]":
    user = NOBODY if as_nobody and os.geteuid() == 0 else None
    environ = {"PATH": path or os.environ["PATH"]}
    text = SCRIPT.read_text()  # by standard input: nobody may not be able to read a checkout in /root
    return subprocess.run(
        ["/bin/sh", "-s", "--", *words],
        input=text,
        env=environ,
        user=user,
        cwd="/",
        capture_output=True,
        text=True,
    )


def test_packages_that_are_there_cost_nothing_and_say_nothing() -> None:
    done = _run("need", "sh=dash", "cat=coreutils")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_root_and_sudo_the_missing_packages_are_named_and_nothing_is_tried() -> None:
    with tempfile.TemporaryDirectory() as folder:  # nobody cannot look into pytest's own
        os.chmod(folder, 0o755)
        (Path(folder) / "id").symlink_to("/usr/bin/id")
        done = _run(
            "need", "here=one-package", "id=two-packages", "there=another", as_nobody=True, path=folder
        )
    assert done.returncode == 3
    assert "missing: one-package another." in done.stderr
    assert "apt-get install one-package another " in done.stderr


def test_wrong_usage_ends_with_3() -> None:
    assert _run().returncode == 3
    assert _run("fetch", "x").returncode == 3
