"""`minescope warmup`: what it leaves behind for the next start."""

import subprocess
import sys
from pathlib import Path

import pytest

from minescope import warmup


def test_the_byte_code_of_the_product_is_written_though_imports_write_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(warmup, "ROOMS", ("facts",))
    warmup.compile_sources()
    written = {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert {"evidence", "verdict", "replay", "warmup"} <= written


def test_every_loop_that_a_replay_may_need_is_compiled() -> None:
    code = """
import sys
from minescope import warmup
warmup.ROOMS = ("facts",)
warmup.warmup()
print("pipeline.shape" in sys.modules, "capture.sieve.kernel" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True"
