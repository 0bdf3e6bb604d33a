import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.sources.opening import open_source
from capture.sources.pcap import HEADER, REFUSED
from capture.sources.source import MAX_NOTES, MAX_PACKET, SourceError
from facts.errors import ReadError
from facts.where import Where
from tests.capture.sources.captures import Packet, numbered, packets, pcap, read_file

MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D
ROWS = packets(20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pcap")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [MICRO, NANO])
def test_both_byte_orders_and_both_units_of_time_are_read(order: str, magic: int, tmp_path: Path) -> None:
    rows = packets(500, step_ns=1_000_001 if magic == NANO else 1_000_000)
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(rows, order, magic))
    source, seen = read_file(path)
    assert seen == numbered(rows)
    assert source.size == source.position == path.stat().st_size
    assert not source.skipped
    assert not source.untimed


@pytest.mark.parametrize("window", [64, 4096, 1 << 20])
def test_packets_of_every_size_come_through_a_window_of_any_size(window: int, tmp_path: Path) -> None:
    sizes = [0, 1, 59, 1500, 9000, 65_535, MAX_PACKET, 0, 40, 100_000]
    rows = [Packet(1000 * i, bytes([i]) * size, size) for i, size in enumerate(sizes)]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(rows))
    assert read_file(path, window)[1] == numbered(rows)


def test_more_packets_than_one_block_has_rows_are_all_delivered(tmp_path: Path) -> None:
    rows = [Packet(0, b"", 0)] * 70_000
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(rows))
    source, seen = read_file(path)
    assert [row.frame for row in seen] == list(range(1, 70_001))
    assert source.wire_bytes == 0


@pytest.mark.parametrize(("minor", "swapped"), [(2, True), (3, True), (3, False), (4, False)])
def test_the_lengths_are_told_apart_in_files_of_every_minor_version(
    minor: int, swapped: bool, tmp_path: Path
) -> None:
    rows = [Packet(1000, b"abcd", 60), Packet(2000, b"x" * 60, 60)]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(rows, version=(2, minor), swap_lengths=swapped))
    assert read_file(path)[1] == numbered(rows)


def test_a_frame_check_sequence_named_in_the_header_is_no_part_of_the_link_type(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(ROWS, network=1 | 0x04000000 | 2 << 28))
    assert {row.link for row in read_file(path)[1]} == {1}


def test_a_link_type_that_is_not_supported_is_still_delivered_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(ROWS, network=105))
    assert {row.link for row in read_file(path)[1]} == {105}


def refusal(path: Path, data: bytes) -> SourceError:
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        open_source(str(path))
    assert isinstance(caught.value, ReadError)
    assert str(path) in str(caught.value)
    assert caught.value.skipped().reason == caught.value.reason
    return caught.value


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", REFUSED)
def test_a_modified_pcap_is_refused_by_its_name(magic: int, order: str, tmp_path: Path) -> None:
    error = refusal(tmp_path / "a", pcap(ROWS, order, magic))
    assert error.reason == "refused-variant"
    assert REFUSED[magic] in error.why
    assert f"{magic:#010x}" in error.why


def test_the_refusal_of_kuznetzovs_format_says_what_to_do(tmp_path: Path) -> None:
    error = refusal(tmp_path / "a", pcap(ROWS, magic=0xA1B2CD34))
    assert "Kuznetzov" in error.why
    assert "editcap" in error.why


@pytest.mark.parametrize("version", [(1, 0), (2, 5), (3, 0), (543, 0)])
def test_a_version_that_is_not_known_is_refused(version: tuple[int, int], tmp_path: Path) -> None:
    error = refusal(tmp_path / "a", pcap(ROWS, version=version))
    assert error.reason == "unknown-version"
    assert f"{version[0]}.{version[1]}" in error.why


def test_a_link_type_field_with_reserved_bits_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a", pcap(ROWS, network=0x00010001)).reason == "damaged-header"


@pytest.mark.parametrize("length", range(4, HEADER))
def test_a_cut_file_header_is_refused(length: int, tmp_path: Path) -> None:
    error = refusal(tmp_path / "a", pcap(ROWS)[:length])
    assert error.reason == "truncated-header"
    assert f"{length} are there" in error.why


@pytest.mark.parametrize("data", [b"", b"\xa1\xb2", b"hello, world, this is no capture", bytes(100)])
def test_what_is_no_capture_is_said_to_be_none(data: bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path / "a", data).reason == "not-a-capture"


WHOLE = pcap(ROWS)
ENDS = [HEADER + i * 76 for i in range(len(ROWS) + 1)]


@settings(deadline=None)
@given(cut=st.integers(HEADER, len(WHOLE)), window=st.sampled_from([64, 200, 1 << 20]))
def test_a_file_cut_anywhere_is_read_up_to_the_cut(cut: int, window: int, folder: Path) -> None:
    path = folder / "cut.pcap"
    path.write_bytes(WHOLE[:cut])
    source, seen = read_file(path, window)
    whole = sum(end <= cut for end in ENDS) - 1
    assert seen == numbered(ROWS)[:whole]
    if cut in ENDS:
        assert not source.skipped
        return
    (skip,) = source.skipped
    assert skip.where == Where(str(path), whole + 1, ENDS[whole])
    assert skip.reason == "truncated-record"
    left = cut - ENDS[whole]
    expected = (
        f"record header needs 16 bytes, {left} remain"
        if left < 16
        else f"record claims 60 bytes, {left - 16} remain"
    )
    assert skip.detail == expected
    assert source.damage_counts == {"truncated-record": 1}
    assert not source.skipped_counts


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("claimed", [MAX_PACKET + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_an_absurd_length_ends_the_reading_there(claimed: int, order: str, tmp_path: Path) -> None:
    data = bytearray(pcap(ROWS, order))
    struct.pack_into(order + "I", data, ENDS[7] + 8, claimed)
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    source, seen = read_file(path)
    assert seen == numbered(ROWS)[:7]
    (skip,) = source.skipped
    assert (skip.where.frame, skip.where.offset, skip.reason) == (8, ENDS[7], "damaged-record")
    assert f"{claimed:,}" in skip.detail


@settings(deadline=None)
@given(data=st.binary(max_size=400), head=st.sampled_from([b"", WHOLE[:HEADER], pcap([], ">", NANO)]))
def test_any_bytes_are_read_or_refused_and_raise_nothing_else(data: bytes, head: bytes, folder: Path) -> None:
    path = folder / "any"
    path.write_bytes(head + data)
    with suppress(SourceError):
        source, seen = read_file(path, 64)
        known = sum(16 + len(row.data) for row in seen)
        assert bool(source.skipped) == (HEADER + known < len(head + data))


@settings(deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(HEADER, len(WHOLE) - 1), st.integers(0, 255)), max_size=6),
)
def test_changed_bytes_raise_nothing_and_cost_nothing_that_came_before(
    changes: list[tuple[int, int]], folder: Path
) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    path = folder / "changed.pcap"
    path.write_bytes(data)
    first = next((i for i, (a, b) in enumerate(zip(data, WHOLE, strict=True)) if a != b), len(WHOLE))
    _, seen = read_file(path)
    untouched = sum(end <= first for end in ENDS) - 1
    assert seen[:untouched] == numbered(ROWS)[:untouched]


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.pcap: cannot be opened: No such file") as caught:
        open_source(str(tmp_path / "gone.pcap"))
    assert caught.value.reason == "unreadable"


def test_a_source_keeps_a_hundred_places_of_a_kind_and_counts_them_all(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(WHOLE)
    with open_source(str(path)) as source:
        for i in range(MAX_NOTES + 50):
            source.note_packet(i, i, "one-reason", "")
        source.note_damage(1, 1, "another-reason", "")
    assert len(source.skipped) == MAX_NOTES + 1
    assert source.skipped_counts == {"one-reason": MAX_NOTES + 50}
    assert source.damage_counts == {"another-reason": 1}
