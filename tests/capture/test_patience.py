"""Packets that wait for one another to be read at once do not wait for long."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from capture.records import Block
from capture.sources.opening import open_source
from capture.worker import Worker
from protocols.observe import Observation

PCAP = Path(__file__).parents[2] / "pcaps" / "btc_farm.pcap"
MANY = 1 << 20
PATIENCE_NS = 250_000_000


def _told(patience_ns: int | None, blocks: list[Block]) -> list[int]:
    """How many observations there were when each block had been read, and at the end."""
    told: list[int] = []
    said: list[Observation] = []
    with open_source(str(PCAP), 0) as source:
        worker = Worker((), together=MANY, patience_ns=patience_ns)
        for one in worker.run(blocks, [source], lambda _: told.append(len(said))):
            if isinstance(one, Observation):
                said.append(one)  # noqa: PERF401 - how many there are is asked meanwhile
    return [*told, len(said)]


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    """The packets of a sample, each in a block of its own."""
    return list(_one_by_one())


def _one_by_one() -> Iterator[Block]:
    with open_source(str(PCAP), 0) as source:
        for block in source.blocks():
            data, records = block.data.copy(), block.records.copy()
            yield from (Block(data, records[row : row + 1]) for row in range(len(records)))


def test_without_patience_everything_waits_for_the_end(blocks: list[Block]) -> None:
    *before, last = _told(None, blocks)
    assert not any(before)
    assert last > 10


def test_nothing_waits_longer_than_was_agreed(blocks: list[Block]) -> None:
    alone = _told(0, blocks)
    told = _told(PATIENCE_NS, blocks)
    assert told[-1] == alone[-1]
    times = [int(block.records["time_ns"][0]) for block in blocks]
    late = 0
    for place, now in enumerate(times):
        long_ago = sum(time <= now - PATIENCE_NS for time in times[: place + 1])
        if long_ago:
            late += told[place] < alone[long_ago - 1]
    assert late == 0
    assert any(told[place] < alone[place] for place in range(len(times)))  # some did wait


def test_nothing_waits_where_no_packets_come(blocks: list[Block]) -> None:
    idle = Block(blocks[0].data[:0], blocks[0].records[:0])
    some = blocks[:40]
    *_, after, _ = _told(10**18, [*some, idle])
    *_, alone, _ = _told(0, some)
    assert after == alone > 0


def test_a_clock_that_is_set_back_ends_the_waiting(blocks: list[Block]) -> None:
    back = blocks[40].records.copy()
    hour_ns = 3_600_000_000_000  # more than the whole sample lasts
    back["time_ns"] -= np.array(2 * hour_ns, back["time_ns"].dtype)
    some = [*blocks[:40], Block(blocks[40].data, back)]
    *waited, after, _ = _told(hour_ns, some)
    *_, alone, _ = _told(0, some)
    assert not any(waited)
    assert after == alone > 0
