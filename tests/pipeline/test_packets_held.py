"""Packets of what is read but once: standard input keeps what a file keeps; what is held is bounded."""

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from capture.matched import Matched
from capture.records import RECORD, TAGGED, Block
from tests.conftest import ROOT

SAMPLES = ROOT / "pcaps"
QUERY = "SELECT frame, at_ns, link_type, wire_length, data, sha256 FROM evidence_packets ORDER BY frame"


def kept(
    home: Path, path: str, given: Path | None, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[object, ...]]:
    monkeypatch.setenv("MINESCOPE_HOME", str(home))
    command = [sys.executable, "-m", "minescope", "replay", path, "--store", "--quiet"]
    with (given or Path("/dev/null")).open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    with closing(sqlite3.connect(home / "minescope.db")) as database:
        return database.execute(QUERY).fetchall()


def test_standard_input_keeps_the_packets_that_a_file_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SAMPLES / "stratum_v2.pcap"
    from_file = kept(tmp_path / "file", str(sample), None, monkeypatch)
    assert from_file
    assert kept(tmp_path / "pipe", "-", sample, monkeypatch) == from_file
    other = SAMPLES / "ethereum_stratum.pcap"
    both = kept(tmp_path / "pipe", "-", other, monkeypatch)  # the same frames of another capture
    assert set(from_file) < set(both)
    assert all(hashlib.sha256(row[4]).digest() == row[5] for row in both)  # type: ignore[arg-type]


def block(frames: range, size: int = 100) -> tuple[Block, np.ndarray]:
    records = np.zeros(len(frames), RECORD)
    records["start"], records["caplen"], records["wirelen"] = np.arange(len(frames)) * size, size, size + 1
    records["frame"], records["time_ns"], records["link"] = frames, np.array(frames) * 10, 1
    rows = np.zeros(len(frames), TAGGED)
    rows["frame"], rows["time_ns"] = records["frame"], records["time_ns"]
    data = np.repeat(np.array(frames, np.uint8), size)
    return Block(data, records), rows


def test_the_latest_packets_are_held_up_to_the_limit_and_the_rest_is_counted() -> None:
    matched = Matched(10 * 300)  # a packet costs 200 bytes besides its own 100
    matched.names = ("eth0",)
    for begin in range(1, 101, 5):
        some, rows = block(range(begin, begin + 5))
        matched.take(some, rows[::2])  # frames 1, 3 and 5 of each five are those of inspected flows
    assert matched.given_up == 60 - 10
    assert matched.get("eth0", 1, 10) is None
    found = matched.get("eth0", 98, 980)
    assert found is not None
    assert (found.link, found.wire_length, found.data) == (1, 101, bytes([98]) * 100)
    assert matched.get("eth0", 97, 970) is None  # not of an inspected flow
    assert matched.get("eth0", 98, 981) is None
    assert matched.get("eth1", 98, 980) is None


def test_a_long_packet_is_cut_and_its_length_told() -> None:
    matched = Matched(1 << 20)
    matched.names = ("-",)
    matched.take(*block(range(1, 2), size=9000))
    found = matched.get("-", 1, 10)
    assert found is not None
    assert (len(found.data), found.wire_length) == (4096, 9001)
