"""`probe --store` keeps the packets behind its verdicts: the frames that evidence names, as captured."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.wire import Frames, Wire
from tests.live.listening import send
from tests.live.test_probe_command import FARM, probing

QUERY = "SELECT frame, at_ns, wire_length, data FROM evidence_packets ORDER BY frame, at_ns"
NAMED = "SELECT DISTINCT frame, at_ns FROM evidence WHERE source = ? AND frame IS NOT NULL"


def test_a_probe_keeps_the_packets_of_its_evidence(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    frames = Frames(FARM)
    told = []
    for _ in range(2):  # the frames of a second run are counted anew, and are other packets
        with probing(wire, "--store", "--every", "0.1") as probe:
            send(wire, frames)
            told.append(probe.ended()[2])
    assert all("packets of their evidence" in said for said in told)
    with closing(sqlite3.connect(tmp_path / "minescope.db")) as database:
        kept = database.execute(QUERY).fetchall()
        named = set(database.execute(NAMED, (wire.far,)))
    assert kept
    assert {(frame, at_ns) for frame, at_ns, _, _ in kept} <= named
    assert len({at_ns for _, at_ns, _, _ in kept}) == len(kept)
    assert len({frame for frame, _, _, _ in kept}) * 2 == len(kept)
    sent = set(frames)
    assert all(bytes(data) in sent and wire_length == len(data) for _, _, wire_length, data in kept)
