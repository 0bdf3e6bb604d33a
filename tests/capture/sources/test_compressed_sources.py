import gzip
import struct
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.sources.compressed import CODECS, decompressed
from capture.sources.opening import open_source
from capture.sources.source import SourceError
from tests.capture.sources.captures import (
    PACKED,
    Packet,
    Pipe,
    numbered,
    packets,
    pcap,
    pcapng,
    read,
    read_file,
)

ROWS = packets(400)
PLAIN = {
    "pcap": pcap(ROWS),
    "pcap-big": pcap(ROWS, ">"),
    "pcap-nano": pcap(ROWS, magic=0xA1B23C4D),
    "pcap-nano-big": pcap(ROWS, ">", 0xA1B23C4D),
    "pcapng": pcapng(ROWS),
    "pcapng-big": pcapng(ROWS, ">"),
}
KINDS = pytest.mark.parametrize("kind", PACKED)
FORMATS = pytest.mark.parametrize("form", PLAIN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packed")


def noise(seed: int) -> bytes:
    words = []
    state = seed + 1
    for _ in range(25):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        words.append(state)
    return struct.pack("<25Q", *words)


@FORMATS
@KINDS
def test_every_format_in_every_compression_is_read_by_what_it_holds(
    kind: str, form: str, tmp_path: Path
) -> None:
    path = tmp_path / "no-name-that-tells"
    path.write_bytes(PACKED[kind](PLAIN[form]))
    source, seen = read_file(path)
    assert seen == numbered(ROWS)
    assert not source.skipped
    assert source.position == source.size == path.stat().st_size


@FORMATS
@pytest.mark.parametrize("kind", ["plain", *PACKED])
@pytest.mark.parametrize("piece", [1 << 20, 7])
def test_standard_input_is_read_in_whatever_pieces_it_comes(
    kind: str, form: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = PACKED.get(kind, bytes)(PLAIN[form])
    monkeypatch.setattr(sys, "stdin", Pipe(data, piece))
    source = open_source("-")
    assert read(source) == numbered(ROWS)
    assert (source.name, source.size, source.position) == ("-", None, len(data))


@KINDS
def test_members_one_after_another_and_padding_between_them_are_one_stream(kind: str, tmp_path: Path) -> None:
    data, pack = PLAIN["pcap"], PACKED[kind]
    padding = b"" if kind == "zst" else bytes(8)
    path = tmp_path / "a"
    path.write_bytes(pack(data[:5000]) + pack(data[5000:5001]) + padding + pack(data[5001:]) + padding)
    source, seen = read_file(path)
    assert seen == numbered(ROWS)
    assert not source.skipped


@pytest.mark.parametrize("kind", ["zst", "lz4"])
def test_skippable_frames_are_passed_over_wherever_they_stand(kind: str, tmp_path: Path) -> None:
    skippable = struct.pack("<II", 0x184D2A50, 4) + b"\x0c\0\0\0"
    data, pack = PLAIN["pcap"], PACKED[kind]
    path = tmp_path / "a"
    path.write_bytes(skippable + pack(data[:5000]) + skippable + pack(data[5000:]) + skippable)
    source, seen = read_file(path)
    assert seen == numbered(ROWS)
    assert not source.skipped


@KINDS
def test_what_follows_a_stream_and_is_none_is_noted(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKED[kind](PLAIN["pcap"]) + b"something else")
    source, seen = read_file(path)
    assert seen == numbered(ROWS)
    assert source.damage_counts == {"trailing-bytes": 1}


# A capture that does not compress, so that cuts lie everywhere in its packets.
NOISY = [Packet(i * 1000, noise(i), 200) for i in range(1500)]
NOISE = pcap(NOISY)
NOISE_PACKED = {kind: pack(NOISE) for kind, pack in PACKED.items()}


@KINDS
@settings(max_examples=15, deadline=None)
@given(part=st.floats(0.0, 0.999))
def test_a_cut_stream_gives_what_it_holds_and_says_that_it_is_cut(
    kind: str, part: float, folder: Path
) -> None:
    data = NOISE_PACKED[kind]
    path = folder / f"cut.{kind}"
    path.write_bytes(data[: int(len(data) * part)])
    try:
        source, seen = read_file(path)
    except SourceError:
        assert part < 0.5  # not even the file header came out: bzip2 gives nothing before its first block
        return
    assert seen == numbered(NOISY[: len(seen)])
    assert source.damage_counts == {"truncated-compression": 1}
    (skip,) = source.skipped
    assert skip.where.frame == len(seen) + 1
    assert skip.where.offset is not None
    assert 24 + 216 * len(seen) <= skip.where.offset < 24 + 216 * (len(seen) + 1)
    assert len(seen) >= int(1500 * part) - 700  # a block of the codec is lost, and no more


@KINDS
def test_damage_in_the_middle_costs_nothing_that_was_read_before_it(kind: str, tmp_path: Path) -> None:
    data = bytearray(NOISE_PACKED[kind])
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(byte ^ 0x55 for byte in data[middle : middle + 64])
    path = tmp_path / "a"
    path.write_bytes(data)
    source, seen = read_file(path)
    sound = min(len(seen), 740)  # where damage lies in stored bytes, only the checksum at the end tells
    assert seen[:sound] == numbered(NOISY[:sound])
    assert sound > 50
    assert source.damage_counts


@KINDS
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_changed_bytes_in_a_stream_raise_nothing_else(kind: str, data: st.DataObject, folder: Path) -> None:
    packed = bytearray(PACKED[kind](PLAIN["pcap"]))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    path = folder / f"changed.{kind}"
    path.write_bytes(packed)
    with suppress(SourceError):
        read_file(path)


@settings(deadline=None)
@given(data=st.binary(max_size=200), codec=st.sampled_from(CODECS))
def test_any_bytes_behind_a_magic_number_are_read_or_refused(
    data: bytes, codec: object, folder: Path
) -> None:
    path = folder / "any"
    path.write_bytes(codec.magic + data)  # type: ignore[attr-defined]
    with suppress(SourceError):
        read_file(path)


@pytest.mark.parametrize("kind", ["gz", "zst", "bz2", "xz"])
def test_a_decompression_bomb_takes_no_memory(kind: str, tmp_path: Path) -> None:
    size = 100 << 20
    path = tmp_path / "bomb"
    path.write_bytes(bomb(kind, pcap([]), size))
    assert path.stat().st_size < size // 500
    tracemalloc.start()
    try:
        source, seen = read_file_counting(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == size // 16
    assert not source.skipped
    assert peak < 24 << 20


def read_file_counting(path: Path) -> tuple[object, int]:
    with open_source(str(path)) as source:
        for _ in source.blocks():
            pass
        return source, source.records


def bomb(kind: str, head: bytes, size: int) -> bytes:
    """A header and zeros, which are packets of no bytes."""
    makers: dict[str, Callable[[], object]] = {
        "gz": lambda: __import__("zlib").compressobj(9, wbits=31),
        "zst": lambda: zstandard.ZstdCompressor().compressobj(),
        "bz2": lambda: __import__("bz2").BZ2Compressor(),
        "xz": lambda: __import__("lzma").LZMACompressor(preset=0),
    }
    packer = makers[kind]()
    out = [packer.compress(head)]  # type: ignore[attr-defined]
    zeros = bytes(1 << 20)
    out += [packer.compress(zeros) for _ in range(size >> 20)]  # type: ignore[attr-defined]
    return b"".join(out) + packer.flush()  # type: ignore[attr-defined,no-any-return]


@KINDS
def test_a_stream_of_something_else_is_refused_with_what_it_is(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    for inside, told in ((b"hello, world", "neither pcap nor pcapng"), (b"", "is empty")):
        path.write_bytes(PACKED[kind](inside))
        with pytest.raises(SourceError, match=told) as caught:
            open_source(str(path))
        assert caught.value.reason == "not-a-capture"


def test_a_capture_compressed_twice_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(PACKED["xz"](PLAIN["pcap"])))
    with pytest.raises(SourceError, match=r"compressed again \(xz\)"):
        open_source(str(path))


@pytest.mark.parametrize("kind", ["plain", *PACKED])
def test_a_parked_file_goes_on_where_it_was(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKED.get(kind, bytes)(NOISE))
    seen = []
    with open_source(str(path), 0, 4096) as source:
        for part in source.blocks():
            seen += part.records["frame"].tolist()
            source.park()
    assert seen == list(range(1, 1501))


@KINDS
def test_small_files_are_decompressed_whole(kind: str) -> None:
    assert decompressed(PACKED[kind](PLAIN["pcapng"])) == PLAIN["pcapng"]
    assert decompressed(PLAIN["pcapng"]) == PLAIN["pcapng"]
