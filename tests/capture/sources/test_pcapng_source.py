import struct
import subprocess
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.sources.opening import open_source
from capture.sources.pcapng import PcapngSource
from capture.sources.source import MAX_PACKET, SourceError
from facts.where import Where
from tests.capture.sources.captures import (
    Packet,
    block,
    enhanced,
    interface,
    numbered,
    obsolete,
    option,
    packets,
    pcapng,
    read,
    read_file,
    section,
    simple,
)

ROWS = packets(12)
EPB = 32 + 60
ORDERS = pytest.mark.parametrize("order", ["<", ">"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pcapng")


def read_bytes(path: Path, data: bytes, window: int = 1 << 20) -> tuple[PcapngSource, list[Packet]]:
    path.write_bytes(data)
    source = open_source(str(path), 0, window)
    assert isinstance(source, PcapngSource)
    return source, read(source)


@ORDERS
@pytest.mark.parametrize("window", [64, 1 << 20])
def test_enhanced_packets_are_read_in_both_byte_orders(order: str, window: int, tmp_path: Path) -> None:
    source, seen = read_bytes(tmp_path / "a", pcapng(ROWS, order), window)
    assert seen == numbered(ROWS)
    assert not source.skipped
    assert source.position == source.size


@ORDERS
def test_simple_and_obsolete_packets_are_read(order: str, tmp_path: Path) -> None:
    data = section(order) + interface(order) + obsolete(ROWS[0], order) + simple(ROWS[1], order)
    data += obsolete(ROWS[2], order)
    row = Packet(0, ROWS[1].data, 60)
    source, seen = read_bytes(tmp_path / "a", data.replace(simple(ROWS[1], order), simple(row, order)))
    assert seen[0] == ROWS[0]._replace(frame=1)
    assert seen[1] == Packet(ROWS[0].time_ns, row.data, 60, 1, 2)  # it has no time: that of the one before
    assert seen[2] == ROWS[2]._replace(frame=3)
    assert source.untimed == 1


def test_a_simple_packet_is_as_long_as_the_snap_length_lets_it_be(tmp_path: Path) -> None:
    row = Packet(0, b"x" * 40, 1500)
    _, seen = read_bytes(tmp_path / "a", section() + interface(snap_length=40) + simple(row))
    assert (seen[0].data, seen[0].wirelen) == (row.data, 1500)


def test_the_snap_length_of_the_interface_takes_the_padding_off_a_simple_packet(tmp_path: Path) -> None:
    row = Packet(0, b"x" * 38, 1500)
    _, seen = read_bytes(tmp_path / "a", section() + interface(snap_length=38) + simple(row))
    assert seen[0].data == row.data


def test_sections_have_their_own_byte_order_and_interfaces_and_frames_count_through(tmp_path: Path) -> None:
    data = (
        pcapng(ROWS[:3], "<")
        + section(">")
        + interface(">", link=101)
        + interface(">", link=113)
        + enhanced(ROWS[3], ">", face=1)
        + enhanced(ROWS[4], ">", face=0)
        + section("<")
        + interface("<", link=0)
        + enhanced(ROWS[5], "<")
    )
    for window in (64, 1 << 20):
        _, seen = read_bytes(tmp_path / "a", data, window)
        links = [1, 1, 1, 113, 101, 0]
        assert seen == [row._replace(link=link) for row, link in zip(numbered(ROWS[:6]), links, strict=True)]


def test_more_interfaces_than_the_table_begins_with_are_known(tmp_path: Path) -> None:
    data = section() + b"".join(interface(link=i) for i in range(300))
    data += b"".join(enhanced(ROWS[0], face=face) for face in (299, 0, 8))
    assert [row.link for row in read_bytes(tmp_path / "a", data)[1]] == [299, 0, 8]


@ORDERS
@pytest.mark.parametrize("resolution", [0, 3, 6, 9, 12, 18, 19, 20, 27, 28, 29, 127])
@pytest.mark.parametrize("two", [False, True])
def test_times_are_exact_in_every_resolution(resolution: int, two: bool, order: str, tmp_path: Path) -> None:
    stamps = [0, 1, 999_999, 2**31 + 12345, 1_700_000_000, 1_700_000_000_123_456, 2**53 + 1, 2**63, 2**64 - 1]
    value = bytes([resolution | (0x80 if two else 0)])
    data = section(order) + interface(order, options=option(9, value, order))
    data += b"".join(enhanced(ROWS[0], order, stamp=stamp) for stamp in stamps)
    source, seen = read_bytes(tmp_path / "a", data)
    last, untimed = 0, 0
    for stamp, row in zip(stamps, seen, strict=True):
        exact = Fraction(stamp * 10**9, 2**resolution if two else 10**resolution)
        if int(exact) < 2**63 - 10**9:
            last = int(exact)
        else:
            untimed += 1
        assert row.time_ns == last
    assert source.untimed == untimed


@settings(deadline=None)
@given(stamp=st.integers(0, 2**64 - 1), resolution=st.integers(0, 127), two=st.booleans())
def test_any_stamp_in_any_resolution_is_the_fraction_rounded_down(
    stamp: int, resolution: int, two: bool, folder: Path
) -> None:
    value = bytes([resolution | (0x80 if two else 0)])
    data = section() + interface(options=option(9, value)) + enhanced(ROWS[0], stamp=stamp)
    source, seen = read_bytes(folder / "stamp", data)
    exact = stamp * 10**9 // (2**resolution if two else 10**resolution)
    if source.untimed:
        assert exact >= 2**63 - 2 * 10**9
    else:
        assert seen[0].time_ns == exact


@ORDERS
@pytest.mark.parametrize("offset_s", [0, 3600, -3600, 1_700_000_000, -4_000_000_000])
def test_the_interfaces_offset_is_added_in_seconds(offset_s: int, order: str, tmp_path: Path) -> None:
    options = option(14, struct.pack(order + "q", offset_s), order) + option(0, b"", order)
    data = section(order) + interface(order, options=options) + enhanced(ROWS[0], order, stamp=5_000_001)
    assert read_bytes(tmp_path / "a", data)[1][0].time_ns == 5_000_001_000 + offset_s * 10**9


@pytest.mark.parametrize("offset_s", [2**62, -(2**62), 9_223_372_036])
def test_an_offset_beyond_all_times_leaves_packets_without_a_time_of_their_own(
    offset_s: int, tmp_path: Path
) -> None:
    data = section() + interface(options=option(14, struct.pack("<q", offset_s))) + enhanced(ROWS[0])
    source, seen = read_bytes(tmp_path / "a", data)
    assert (seen[0].time_ns, source.untimed) == (0, 1)


def test_blocks_that_are_no_packets_are_counted_as_blocks(tmp_path: Path) -> None:
    others = block(4, bytes(4)) + block(5, bytes(12)) + block(10, bytes(8)) + block(0x7777, b"x" * 333)
    data = section() + interface() + enhanced(ROWS[0]) + others + enhanced(ROWS[1])
    source, seen = read_bytes(tmp_path / "a", data)
    assert seen == numbered(ROWS[:2])
    assert source.ignored == 4
    assert not source.skipped


def test_frames_are_numbered_as_tshark_numbers_them(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    sysdig = struct.pack("<HQQIH", 0, 0, 0, 22, 0)
    newer = struct.pack("<HQQIHI", 0, 0, 0, 26, 0, 0)
    others = {
        0x4: bytes(4),
        0x5: bytes(12),
        0x9: b"__REALTIME_TIMESTAMP=1\n\n",
        0xBAD: struct.pack("<I4s", 12345, b"abcd"),
        0x40000BAD: struct.pack("<I4s", 12345, b"abcd"),
        0x204: sysdig,
        0x208: sysdig,
        0x216: newer,
        0x217: newer,
        0x221: newer,
        0x222: newer,
        0x1234: bytes(8),
    }
    data = section() + interface()
    for row, (kind, body) in zip(packets(len(others)), others.items(), strict=True):
        data += enhanced(row) + block(kind, body)
    _, seen = read_bytes(path, data + enhanced(ROWS[0]))
    told = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.cap_len"],
        capture_output=True,
        text=True,
        check=True,
    )
    frames = [line.split() for line in told.stdout.splitlines()]
    assert [row.frame for row in seen] == [int(frame) for frame, length in frames if length == "60"]


def test_options_behind_a_packet_are_no_part_of_it(tmp_path: Path) -> None:
    data = section() + interface() + enhanced(ROWS[0], options=option(1, b"a comment") + option(0, b""))
    assert read_bytes(tmp_path / "a", data)[1] == numbered(ROWS[:1])


def test_a_length_without_its_padding_is_read_as_wireshark_reads_it(tmp_path: Path) -> None:
    row = Packet(0, b"x" * 61, 61)
    body = struct.pack("<IIIII", 0, 0, 0, 61, 61) + row.data
    length = struct.pack("<I", 12 + len(body))
    odd = struct.pack("<I", 6) + length + body + bytes(3) + length
    _, seen = read_bytes(tmp_path / "a", section() + interface() + odd + enhanced(ROWS[1]))
    assert seen == [row._replace(frame=1), ROWS[1]._replace(frame=2)]


def test_a_packet_of_an_interface_that_nobody_described_is_counted_and_passed_over(tmp_path: Path) -> None:
    head = section() + interface()
    source, seen = read_bytes(tmp_path / "a", head + enhanced(ROWS[0], face=3) + enhanced(ROWS[1]))
    assert seen == [ROWS[1]._replace(frame=2)]
    assert source.skipped_counts == {"unknown-interface": 1}
    (skip,) = source.skipped
    assert skip.where == Where(source.name, 1, len(head))
    assert "interface 3 is not described" in skip.detail


@pytest.mark.parametrize("make", [enhanced, simple, obsolete])
def test_packets_before_any_interface_are_counted(make: object, tmp_path: Path) -> None:
    assert callable(make)
    source, seen = read_bytes(tmp_path / "a", section() + make(ROWS[0]) + interface() + enhanced(ROWS[1]))
    assert seen == [ROWS[1]._replace(frame=2)]
    assert source.skipped_counts == {"unknown-interface": 1}


@pytest.mark.parametrize("claimed", [61, 64, MAX_PACKET + 1, 0xFFFFFFFF])
@pytest.mark.parametrize("kind", [2, 6])
def test_a_packet_longer_than_its_block_is_counted_and_passed_over(
    claimed: int, kind: int, tmp_path: Path
) -> None:
    head = section() + interface()
    lying = bytearray(enhanced(ROWS[0]))
    struct.pack_into("<I", lying, 0, kind)
    struct.pack_into("<I", lying, 20, claimed)
    source, seen = read_bytes(tmp_path / "a", head + bytes(lying) + enhanced(ROWS[1]))
    assert seen == [ROWS[1]._replace(frame=2)]
    assert source.skipped_counts == {"damaged-packet": 1}
    assert source.skipped[0].where == Where(source.name, 1, len(head))
    assert f"{claimed:,}" in source.skipped[0].detail


@pytest.mark.parametrize("kind", [2, 3, 6])
def test_a_packet_block_too_short_for_its_fields_is_counted(kind: int, tmp_path: Path) -> None:
    source, seen = read_bytes(tmp_path / "a", section() + interface() + block(kind, b"") + enhanced(ROWS[1]))
    assert seen == [ROWS[1]._replace(frame=2)]
    assert source.skipped_counts == {"damaged-packet": 1}


@pytest.mark.parametrize("length", [0, 8, 11, 0x0FFFFFFF, 0xFFFFFFFF])
def test_a_block_of_an_impossible_length_ends_the_reading(length: int, tmp_path: Path) -> None:
    data = bytearray(pcapng(ROWS))
    place = len(section() + interface()) + 5 * EPB
    struct.pack_into("<I", data, place + 4, length)
    source, seen = read_bytes(tmp_path / "a", bytes(data))
    assert seen == numbered(ROWS)[:5]
    (skip,) = source.skipped
    assert skip.where == Where(source.name, 6, place)
    assert skip.reason == "damaged-block"
    assert f"{length:,}" in skip.detail
    assert source.damage_counts == {"damaged-block": 1}


def test_a_block_that_ends_with_another_length_ends_the_reading(tmp_path: Path) -> None:
    data = bytearray(pcapng(ROWS))
    place = len(section() + interface()) + 5 * EPB
    struct.pack_into("<I", data, place + EPB - 4, 1234)
    source, seen = read_bytes(tmp_path / "a", bytes(data))
    assert seen == numbered(ROWS)[:5]
    (skip,) = source.skipped
    assert (skip.where.frame, skip.where.offset) == (6, place)
    assert "92 bytes at its begin and 1,234 at its end" in skip.detail


@pytest.mark.parametrize("window", [64, 1 << 20])
def test_reading_resumes_behind_a_section_that_tells_its_length(window: int, tmp_path: Path) -> None:
    body = bytearray(interface() + b"".join(map(enhanced, ROWS)))
    struct.pack_into("<I", body, 20 + 3 * EPB + 4, 3)
    data = section(length=len(body)) + bytes(body) + pcapng(ROWS[:2], ">")
    source, seen = read_bytes(tmp_path / "a", data, window)
    assert seen == numbered(ROWS[:3] + ROWS[:2])
    (skip,) = source.skipped
    assert f"resumes with the section at offset {28 + len(body)}" in skip.detail


def test_a_section_length_that_leads_nowhere_does_not_mislead(tmp_path: Path) -> None:
    for length in (0, 4, 100, 10**6, 2**62):
        body = bytearray(interface() + b"".join(map(enhanced, ROWS)))
        struct.pack_into("<I", body, 20 + 3 * EPB + 4, 3)
        source, seen = read_bytes(tmp_path / "a", section(length=length) + bytes(body))
        assert seen == numbered(ROWS[:3])
        assert source.damage_counts == {"damaged-block": 1}
        assert "the rest is not read" in source.skipped[0].detail


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (section(version=(2, 0)), "unknown-version"),
        (section()[:8] + b"\0\1\2\3" + section()[12:], "damaged-header"),
        (section()[:4] + struct.pack("<I", 20) + section()[8:], "damaged-header"),
        (section()[:-4] + struct.pack("<I", 32), "damaged-header"),
        (section()[:20], "truncated-header"),
        (section()[:27], "truncated-header"),
    ],
)
def test_a_damaged_first_section_is_refused_and_a_later_one_ends_the_reading(
    head: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(head)
    with pytest.raises(SourceError) as caught:
        open_source(str(path))
    assert caught.value.reason == reason
    source, seen = read_bytes(path, pcapng(ROWS) + head)
    assert seen == numbered(ROWS)
    later = "truncated-record" if reason == "truncated-header" else reason
    assert source.damage_counts == {later: 1}
    assert source.skipped[0].where == Where(source.name, len(ROWS) + 1, len(pcapng(ROWS)))


def test_a_long_section_header_is_read_through_a_small_window(tmp_path: Path) -> None:
    data = section(options=option(4, b"x" * 5000) + option(0, b"")) + interface() + enhanced(ROWS[0])
    assert read_bytes(tmp_path / "a", data, 64)[1] == numbered(ROWS[:1])


def test_an_option_that_claims_too_much_is_noted_and_the_interface_stays(tmp_path: Path) -> None:
    options = option(9, b"\x09") + struct.pack("<HH", 2, 500) + b"eth0"
    data = section() + interface(options=options) + enhanced(ROWS[0], stamp=77)
    source, seen = read_bytes(tmp_path / "a", data)
    assert seen[0].time_ns == 77
    assert source.damage_counts == {"damaged-option": 1}


def test_a_short_interface_description_ends_the_reading(tmp_path: Path) -> None:
    source, seen = read_bytes(tmp_path / "a", section() + block(1, b"\1\0\0\0") + enhanced(ROWS[0]))
    assert not seen
    assert source.damage_counts == {"damaged-block": 1}


def test_a_hostile_file_of_packets_without_interface_keeps_a_hundred_places(tmp_path: Path) -> None:
    source, seen = read_bytes(tmp_path / "a", section() + enhanced(ROWS[0]) * 3000)
    assert not seen
    assert source.skipped_counts == {"unknown-interface": 3000}
    assert len(source.skipped) == 100


WHOLE = section() + interface() + b"".join(map(enhanced, ROWS))
FIRST = len(section() + interface())
EDGES = {len(section()), *(FIRST + i * EPB for i in range(len(ROWS) + 1))}


@settings(deadline=None)
@given(cut=st.integers(28, len(WHOLE)), window=st.sampled_from([64, 300, 1 << 20]))
def test_a_file_cut_anywhere_is_read_up_to_the_cut(cut: int, window: int, folder: Path) -> None:
    source, seen = read_bytes(folder / "cut", WHOLE[:cut], window)
    whole = max(0, (cut - FIRST) // EPB)
    assert seen == numbered(ROWS)[:whole]
    if cut in EDGES:
        assert not source.skipped
        return
    (skip,) = source.skipped
    assert skip.where == Where(source.name, whole + 1, max(edge for edge in EDGES if edge < cut))
    assert skip.reason == "truncated-record"
    assert f"{cut - skip.where.offset} remain" in skip.detail if skip.where.offset else False


@settings(deadline=None)
@given(data=st.binary(max_size=300), head=st.sampled_from([b"", section(), section(">") + interface(">")]))
def test_any_bytes_are_read_or_refused_and_raise_nothing_else(data: bytes, head: bytes, folder: Path) -> None:
    path = folder / "any"
    path.write_bytes(head + data)
    with suppress(SourceError):
        read_file(path, 64)


@settings(deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8),
    window=st.sampled_from([64, 1 << 20]),
)
def test_changed_bytes_raise_nothing_and_the_window_does_not_matter(
    changes: list[tuple[int, int]], window: int, folder: Path
) -> None:
    data = bytearray(WHOLE + pcapng(ROWS[:3], ">"))
    for at, value in changes:
        data[at] = value
    path = folder / "changed"
    path.write_bytes(data)
    with suppress(SourceError):
        source, seen = read_file(path, window)
        other, same = read_file(path, 1000)
        assert (seen, source.skipped) == (same, other.skipped)
