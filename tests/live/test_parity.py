"""What is found live is what a replay finds: the same packets, the same verdicts."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.wire import Frames, Wire
from pipeline.contract import Hit
from tests.live.listening import SAMPLES, listen, probed, replayed, taped, told

ENOUGH = [
    "btc_farm.pcap",
    "nodes.pcap.lz4",
    "tunnels.pcap.zst",
    "stratum_v2.pcap",
    "lossy.pcap",
    "quic_names.pcap",
]
WITHOUT_STAY = ["cryptonote_variants.pcap", "nodes.pcap.lz4", "other_coins.pcap.gz", "tunnels.pcap.zst"]
"""Samples of which no evidence rests on how long a conversation lasted: sending takes milliseconds."""
ALL = sorted(path.name for path in SAMPLES.iterdir() if ".pcap" in path.name)


def differs_by_time(verdict: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a verdict what rests on when its packets came, and how they are numbered."""
    timed = ("first_seen", "last_seen", "hashrate", "machines", "power_kw", "energy_kwh")
    kept = {key: value for key, value in verdict.items() if key not in timed}
    kept["evidence"] = sorted((e["kind"], e["count"], e["weight"]) for e in verdict["evidence"])
    return kept


def check_tape(wire: Wire, sample: str, folder: Path) -> None:
    tape = folder / "tape.pcap"
    frames = Frames(SAMPLES / sample)
    live = probed(wire, [taped(wire, tape)], frames)
    replay = replayed(tape)
    assert live.counts.packets == len(frames) == replay.counts.packets
    assert told(live.hits) == told(Hit(verdict, None) for verdict in replay.verdicts)
    for name in ("parsed", "flows", "bytes", "tagged_flows", "skipped", "released"):
        assert getattr(live.counts, name) == getattr(replay.counts, name), name
    assert [(skip.where.frame, skip.reason) for skip in live.skips] == [
        (skip.where.frame, skip.reason) for skip in replay.skips
    ]


@pytest.mark.parametrize("sample", ENOUGH)
def test_a_replay_of_what_was_heard_gives_the_same_verdicts(wire: Wire, sample: str, tmp_path: Path) -> None:
    check_tape(wire, sample, tmp_path)


@pytest.mark.prove
@pytest.mark.parametrize("sample", ALL)
def test_a_replay_of_every_sample_that_was_heard_gives_the_same_verdicts(
    wire: Wire, sample: str, tmp_path: Path
) -> None:
    check_tape(wire, sample, tmp_path)


@pytest.mark.parametrize("sample", WITHOUT_STAY)
def test_a_capture_put_on_the_wire_gives_the_verdicts_of_its_replay(wire: Wire, sample: str) -> None:
    frames = Frames(SAMPLES / sample)
    live = probed(wire, listen(wire), frames)
    replay = replayed(SAMPLES / sample)
    assert live.counts.packets == len(frames) == replay.counts.packets
    expected = told(Hit(verdict, None) for verdict in replay.verdicts)
    assert list(map(differs_by_time, told(live.hits))) == list(map(differs_by_time, expected))


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("sample", WITHOUT_STAY)
def test_workers_that_share_an_interface_find_what_one_finds(wire: Wire, sample: str, workers: int) -> None:
    frames = Frames(SAMPLES / sample)
    live = probed(wire, listen(wire, workers=workers), frames)
    replay = replayed(SAMPLES / sample)
    assert live.counts.packets == len(frames)
    expected = told(Hit(verdict, None) for verdict in replay.verdicts)
    assert list(map(differs_by_time, told(live.hits))) == list(map(differs_by_time, expected))
