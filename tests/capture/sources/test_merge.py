import gzip
import random
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.sources import merge
from capture.sources.merge import MergeSource, merged
from capture.sources.source import MAX_PACKET, SourceError
from tests.capture.sources.captures import START_NS, Packet, Pipe, numbered, packets, pcap, pcapng, read_file

Row = tuple[int, int, int, bytes]
"""Time, source, frame and bytes of one merged packet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("merge")


def write(folder: Path, files: list[list[Packet]]) -> list[MergeSource]:
    sources = []
    for i, rows in enumerate(files):
        path = folder / f"{i:04}.pcap"
        path.write_bytes(pcap(rows, magic=0xA1B23C4D))
        sources.append(MergeSource(str(path), i))
    return sources


def together(sources: list[MergeSource]) -> list[Row]:
    """Every merged packet, with the promises of the blocks checked."""
    rows: list[Row] = []
    for part in merged(sources):
        assert len(part.records)
        for start, caplen, _, source, _, time_ns, frame in part.records.tolist():
            assert start + caplen <= len(part.data)
            rows.append((time_ns, source, frame, part.data[start : start + caplen].tobytes()))
    return rows


def expected(files: list[list[Packet]]) -> list[Row]:
    """Sorted by the latest time that the packet's file has shown, then by file, then by frame."""
    keyed = []
    for source, rows in enumerate(files):
        latest = -(2**63)
        for frame, row in enumerate(rows, 1):
            latest = max(latest, row.time_ns)
            keyed.append((latest, source, frame, row))
    return [(row.time_ns, source, frame, row.data) for _, source, frame, row in sorted(keyed)]


times = st.lists(st.integers(0, 40), max_size=30)


@settings(max_examples=150, deadline=None)
@given(given_times=st.lists(times, max_size=6), ordered=st.booleans())
def test_any_files_come_in_the_order_of_time_then_file_then_frame(
    given_times: list[list[int]], ordered: bool, folder: Path
) -> None:
    files = [
        [
            Packet(time_ns, bytes([i, j]) * (j % 9), 100)
            for j, time_ns in enumerate(sorted(row) if ordered else row)
        ]
        for i, row in enumerate(given_times)
    ]
    sources = write(folder, files)
    seen = together(sources)
    assert seen == expected(files)
    if ordered:
        assert [row[0] for row in seen] == sorted(row[0] for row in seen)
    assert [source.records for source in sources] == [len(rows) for rows in files]
    assert [source.wire_bytes for source in sources] == [100 * len(rows) for rows in files]
    assert all(source.position == source.size for source in sources)


@pytest.mark.parametrize("step_ns", [1, 1000])
def test_large_files_that_overlap_are_merged_through_many_pieces_and_blocks(
    step_ns: int, tmp_path: Path
) -> None:
    seed = random.Random(7)
    files = []
    for i in range(5):
        now, rows = i * 1000, []
        for j in range(6000):
            now += seed.randrange(3) * step_ns
            rows.append(Packet(now, bytes([i, j % 251]) * seed.choice([0, 20, 100, 700]), 1400))
        files.append(rows)
    assert together(write(tmp_path, files)) == expected(files)


def test_the_largest_packets_are_merged_too(tmp_path: Path) -> None:
    files = [
        [Packet(10 * j + i, bytes([16 * i + j]) * MAX_PACKET, MAX_PACKET) for j in range(6)] for i in range(3)
    ]
    assert together(write(tmp_path, files)) == expected(files)


def test_files_that_follow_one_another_are_handed_through_without_copying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("copied")

    files = [packets(3000, start_ns=START_NS + i * 10**12) for i in (2, 0, 1)]
    sources = write(tmp_path, files)
    monkeypatch.setattr(merge.kernel, "scatter", never)
    assert together(sources) == expected(files)


def test_one_file_is_handed_through_in_its_own_order(tmp_path: Path) -> None:
    rows = [Packet(time_ns, b"", 0) for time_ns in (5, 3, 9, 1)]
    assert [row[2] for row in together(write(tmp_path, [rows]))] == [1, 2, 3, 4]


def test_no_file_gives_no_packet() -> None:
    assert list(merged([])) == []


@pytest.mark.parametrize("suffix", ["pcap", "pcapng"])
def test_the_order_is_that_of_mergecap(suffix: str, tmp_path: Path) -> None:
    seed = random.Random(11)
    paths = []
    for i in range(6):
        now, rows = START_NS + i * 1000, []
        for j in range(300):
            now += seed.randrange(1, 700) * 6000  # no time twice: mergecap's order of ties is its own
            early = 1_998_000 * (j % 50 == 49)  # packets that are earlier than those before them
            rows.append(Packet(now - early, bytes([i, j % 256]) * 20, 40))
        path = tmp_path / f"{i}.{suffix}"
        path.write_bytes(pcapng(rows) if suffix == "pcapng" else pcap(rows))
        paths.append(path)
    subprocess.run(["mergecap", "-F", "pcap", "-w", tmp_path / "all.pcap", *paths], check=True)
    theirs = [(row.time_ns, row.data) for row in read_file(tmp_path / "all.pcap")[1]]
    ours = [(row[0], row[3]) for row in together([MergeSource(str(path), i) for i, path in enumerate(paths)])]
    assert ours == theirs


def test_hundreds_of_overlapping_files_need_few_handles_and_bounded_memory(tmp_path: Path) -> None:
    files = [
        [Packet(START_NS + 1000 * (400 * j + i), bytes([i % 256]) * 400, 400) for j in range(100)]
        for i in range(400)
    ]
    sources = write(tmp_path, files)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    tracemalloc.start()
    try:
        seen = 0
        last = 0
        for part in merged(sources):
            times_ns = part.records["time_ns"]
            assert (np.diff(times_ns) >= 0).all()
            assert int(times_ns[0]) >= last
            last = int(times_ns[-1])
            seen += len(part.records)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert seen == 40_000
    assert peak < 128 << 20


def test_compressed_files_of_several_formats_are_merged(tmp_path: Path) -> None:
    files = [packets(200, start_ns=START_NS + i * 500_000) for i in range(2)]
    (tmp_path / "a").write_bytes(gzip.compress(pcap(files[0])))
    (tmp_path / "b").write_bytes(pcapng(files[1], ">"))
    assert together([MergeSource(str(tmp_path / name), i) for i, name in enumerate("ab")]) == expected(files)


def test_standard_input_is_merged_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [packets(200, start_ns=START_NS + i * 500_000) for i in range(2)]
    (tmp_path / "a").write_bytes(pcap(files[0]))
    monkeypatch.setattr(sys, "stdin", Pipe(pcap(files[1]), 1000))
    sources = [MergeSource(str(tmp_path / "a"), 0), MergeSource("-", 1)]
    assert together(sources) == expected(files)


def test_damage_stays_with_its_file_and_costs_the_others_nothing(tmp_path: Path) -> None:
    files = [packets(200, start_ns=START_NS + i * 500_000) for i in range(3)]
    sources = write(tmp_path, files)
    data = (tmp_path / "0001.pcap").read_bytes()
    (tmp_path / "0001.pcap").write_bytes(data[: 24 + 76 * 50 + 30])
    files[1] = files[1][:50]
    assert together(sources) == expected(files)
    assert [source.damage_counts.total() for source in sources] == [0, 1, 0]
    (skip,) = sources[1].skipped
    assert (skip.where.source, skip.where.frame) == (str(tmp_path / "0001.pcap"), 51)


def test_a_file_that_is_gone_when_its_time_comes_is_noted(tmp_path: Path) -> None:
    files = [packets(20, start_ns=START_NS + i * 10**12) for i in range(2)]
    sources = write(tmp_path, files)
    (tmp_path / "0001.pcap").unlink()
    assert together(sources) == expected(files[:1])
    assert sources[1].damage_counts == {"unreadable": 1}


def test_a_file_without_packets_and_one_cut_in_its_first_are_read_to_their_ends(tmp_path: Path) -> None:
    files = [[], packets(20), []]
    sources = write(tmp_path, files)
    (tmp_path / "0002.pcap").write_bytes(pcap(packets(1))[:50])
    assert together(sources) == expected(files)
    assert sources[2].damage_counts == {"truncated-record": 1}


def test_what_cannot_be_read_is_refused_before_the_run_begins(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no capture")
    with pytest.raises(SourceError, match="neither pcap nor pcapng"):
        MergeSource(str(tmp_path / "a"), 0)


def test_a_source_of_a_merge_can_be_read_alone(tmp_path: Path) -> None:
    rows = packets(50)
    (source,) = write(tmp_path, [rows])
    with source:
        frames = [frame for part in source.blocks() for frame in part.records["frame"].tolist()]
    assert frames == [row.frame for row in numbered(rows)]
