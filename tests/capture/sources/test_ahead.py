"""What a thread reads ahead is what would have been read without it."""

import gzip
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.records import RECORD, Block
from capture.sources.ahead import AHEAD, ahead, read_ahead, readers
from capture.sources.merge import MergeSource, merged
from capture.sources.opening import open_source
from capture.sources.source import Source
from tests.capture.sources.captures import START_NS, Packet, pcap

Seen = list[tuple[bytes, tuple[int, ...]]]


def packets(blocks: Iterator[Block]) -> Seen:
    return [
        (block.data[row["start"] : row["start"] + row["caplen"]].tobytes(), tuple(row.tolist())[2:])
        for block in blocks
        for row in block.records
    ]


def made(sizes: list[int]) -> Iterator[Block]:
    """Yield blocks in one reused buffer, as sources do."""
    data, records = np.zeros(5_000, np.uint8), np.zeros(1, RECORD)
    for number, size in enumerate(sizes):
        data[:] = number % 251
        records["caplen"], records["frame"] = size, number + 1
        yield Block(data[: size + 1], records)


def account(source: Source) -> tuple[object, ...]:
    skipped = [(str(skip.where), skip.reason, skip.detail) for skip in source.skipped]
    return source.records, source.wire_bytes, skipped, source.skipped_counts, source.damage_counts


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4_000), max_size=40))
def test_blocks_in_a_reused_buffer_come_out_as_they_were(sizes: list[int]) -> None:
    assert packets(ahead(made(sizes))) == packets(made(sizes))


def test_no_more_than_a_few_blocks_are_read_before_they_are_wanted() -> None:
    read = []

    def counted() -> Iterator[Block]:
        for number, block in enumerate(made([10] * 50)):
            read.append(number)
            yield block

    taken = ahead(counted())
    next(taken)
    for _ in range(200):
        time.sleep(0.001)  # were it to read on, it would have by now
    assert len(read) <= AHEAD
    taken.close()


def test_an_error_comes_behind_what_was_read_before_it() -> None:
    def failing() -> Iterator[Block]:
        yield from made([1, 2, 3])
        raise OSError("the cable is out")

    taken = ahead(failing())
    assert len([next(taken) for _ in range(3)]) == 3
    with pytest.raises(OSError, match="the cable is out"):
        next(taken)


def test_a_thread_ends_with_who_takes_its_blocks() -> None:
    before = threading.active_count()
    taken = ahead(made([5] * 1_000))
    next(taken)
    assert threading.active_count() == before + 1
    taken.close()
    assert threading.active_count() == before


LONG = pcap([Packet(START_NS + n * 1_000, bytes([n % 251]) * (n % 1_400), 1_500) for n in range(9_000)])


@pytest.mark.parametrize("cut", [0, 1, 700, 5_000])
@pytest.mark.parametrize("kind", ["plain", "gzip", "zstd"])
def test_damage_keeps_its_place(tmp_path: Path, kind: str, cut: int) -> None:
    packed = {
        "plain": lambda: LONG,
        "gzip": lambda: gzip.compress(LONG, 1),
        "zstd": lambda: zstandard.compress(LONG, 1),
    }
    data = packed[kind]()
    path = tmp_path / "capture"
    path.write_bytes(data[: len(data) - cut])
    with open_source(str(path), 0) as plain, open_source(str(path), 0) as threaded:
        assert packets(plain.blocks()) == packets(read_ahead(threaded, 2))
        assert account(plain) == account(threaded)
        assert plain.records > 8_000
        assert bool(plain.damage_counts) == (cut > 0)


def test_files_whose_times_overlap_are_merged_the_same(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    paths = []
    for number in range(7):
        times = np.sort(draw.integers(0, 10**9, 3_000)) + START_NS
        data = pcap([Packet(int(at), bytes([number]) * int(draw.integers(20, 900)), 900) for at in times])
        path = tmp_path / f"{number}.pcap{'.gz' if number % 2 else ''}"
        path.write_bytes(gzip.compress(data, 1) if number % 2 else data)
        paths.append(str(path))
    results = []
    for workers in (1, None, 2, 5):
        sources = [MergeSource(path, index) for index, path in enumerate(paths)]
        results.append((packets(merged(sources, workers)), [account(source) for source in sources]))
        for source in sources:
            source.close()
    assert len(results[0][0]) == 21_000
    assert all(result == results[0] for result in results)


def test_without_being_asked_only_compressed_files_are_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1}, raising=False)
    assert readers(None, packed=True) is not None
    assert readers(None, packed=False) is None
    assert readers(1, packed=True) is None
    assert readers(2, packed=False) is not None
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0}, raising=False)
    assert readers(None, packed=True) is None
