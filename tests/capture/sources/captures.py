"""Captures made byte by byte, so that a test holds the truth it compares with."""

import bz2
import gzip
import io
import lzma
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import lz4.frame
import zstandard

from capture.sources.opening import open_source
from capture.sources.source import Source

ETHERNET = 1
START_NS = 1_700_000_000_000_000_000


class Packet(NamedTuple):
    """One packet as a test states it and as it reads it again."""

    time_ns: int
    data: bytes
    wirelen: int
    link: int = ETHERNET
    frame: int = 0


def packets(count: int, size: int = 60, start_ns: int = START_NS, step_ns: int = 1_000_000) -> list[Packet]:
    """Packets whose bytes tell them apart, at whole microseconds."""
    return [
        Packet(
            start_ns + i * step_ns, (struct.pack("<IQ", i, start_ns) * (size // 12 + 1))[:size], size + i % 3
        )
        for i in range(count)
    ]


def pcap(
    rows: Iterable[Packet],
    order: str = "<",
    magic: int = 0xA1B2C3D4,
    version: tuple[int, int] = (2, 4),
    network: int = ETHERNET,
    swap_lengths: bool = False,
) -> bytes:
    """A pcap of these packets; `magic` decides between micro- and nanoseconds."""
    unit = 1 if magic == 0xA1B23C4D else 1000
    made = bytearray(struct.pack(order + "IHHiIII", magic, *version, 0, 0, 65535, network))
    for row in rows:
        seconds, rest = divmod(row.time_ns, 1_000_000_000)
        lengths = (len(row.data), row.wirelen)
        if swap_lengths:
            lengths = lengths[::-1]
        made += struct.pack(order + "IIII", seconds, rest // unit, *lengths) + row.data
    return bytes(made)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block around a body, padded."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(
    order: str = "<", version: tuple[int, int] = (1, 0), length: int = -1, options: bytes = b""
) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, length) + options, order)


def interface(order: str = "<", link: int = ETHERNET, snap_length: int = 0, options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap_length) + options, order)


def enhanced(
    row: Packet, order: str = "<", face: int = 0, stamp: int | None = None, options: bytes = b""
) -> bytes:
    """An enhanced packet block; `stamp` is in the interface's units, microseconds if not given."""
    stamp = row.time_ns // 1000 if stamp is None else stamp
    body = struct.pack(order + "IIIII", face, stamp >> 32, stamp & 0xFFFFFFFF, len(row.data), row.wirelen)
    return block(6, body + row.data + bytes(-len(row.data) % 4) + options, order)


def obsolete(row: Packet, order: str = "<", face: int = 0) -> bytes:
    stamp = row.time_ns // 1000
    body = struct.pack(order + "HHIIII", face, 7, stamp >> 32, stamp & 0xFFFFFFFF, len(row.data), row.wirelen)
    return block(2, body + row.data, order)


def simple(row: Packet, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", row.wirelen) + row.data, order)


def pcapng(rows: Iterable[Packet], order: str = "<") -> bytes:
    return section(order) + interface(order) + b"".join(enhanced(row, order) for row in rows)


def lz4_frames(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data, content_checksum=True, block_size=lz4.frame.BLOCKSIZE_MAX64KB))


def zstd_frames(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(data)


PACKED = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "zst": zstd_frames,
    "lz4": lz4_frames,
    "bz2": lambda data: bz2.compress(data, 1),  # blocks of 100 kB
    "xz": lzma.compress,
}


def read(source: Source) -> list[Packet]:
    """Every packet of a source, with the promises of its blocks checked."""
    rows: list[Packet] = []
    with source:
        for part in source.blocks():
            assert len(part.records)
            assert part.data.flags.c_contiguous
            assert set(part.records["source"].tolist()) == {source.index}
            for start, caplen, wirelen, _, link, time_ns, frame in part.records.tolist():
                assert start + caplen <= len(part.data)
                data = part.data[start : start + caplen].tobytes()
                rows.append(Packet(time_ns, data, wirelen, link, frame))
    assert source.records == len(rows)
    assert source.wire_bytes == sum(row.wirelen for row in rows)
    return rows


def read_file(path: Path | str, window: int = 1 << 20) -> tuple[Source, list[Packet]]:
    source = open_source(str(path), 0, window)
    return source, read(source)


def numbered(rows: Sequence[Packet], first: int = 1) -> list[Packet]:
    """The packets as a source must tell them: with their frame numbers."""
    return [row._replace(frame=frame) for frame, row in enumerate(rows, first)]


class Pipe(io.RawIOBase):
    """Bytes that come in pieces of any size and cannot be sought in, like a pipe's."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._rest = data
        self._piece = piece
        self.buffer = self

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def fileno(self) -> int:
        return 0

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        length = min(len(room), self._piece, len(self._rest))
        room[:length] = self._rest[:length]
        self._rest = self._rest[length:]
        return length
