"""`minescope warmup`: what it leaves behind for the next start."""

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
