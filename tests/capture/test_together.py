"""Packets that are read together say what they say one by one."""

from pathlib import Path

import pytest

from capture.sieve.sieve import CAP
from capture.sources.opening import open_source
from capture.worker import Worker
from facts.conversation import Conversation
from protocols.observe import Observation

PCAPS = Path(__file__).parents[2] / "pcaps"
SAMPLES = sorted(path for path in PCAPS.iterdir() if ".pcap" in path.name)


@pytest.fixture(scope="module")
def workers() -> dict[int, Worker]:
    return {together: Worker((), CAP, together=together) for together in (0, 7, 1024)}


def said(worker: Worker, path: Path) -> tuple[dict[object, list[object]], object]:
    """Return what each stream says, in its order, and the counts of the run."""
    by_flow: dict[object, list[object]] = {}
    with open_source(str(path), 0) as source:
        for one in worker.run(source.blocks(), [source]):
            assert isinstance(one, Observation | Conversation)
            by_flow.setdefault(one.flow, []).append(one)
    return by_flow, worker.summary


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_says_the_same_read_together(path: Path, workers: dict[int, Worker]) -> None:
    alone = said(workers[0], path)
    assert said(workers[7], path) == alone
    assert said(workers[1024], path) == alone
