"""Compressed captures: told by their first bytes, not by their names, and decompressed as they are read.

A decompression bomb costs time but no memory: at most one window is decompressed at a time, and the decoders'
own memory has a ceiling. What a cut or damaged stream gives before the damage is delivered.
"""

import bz2
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Protocol

from capture.sources.window import ByteStream
from capture.sources.zstd_frames import FrameWalk

CHUNK: Final = 64 * 1024
"""Compressed bytes handed to a decoder at once."""

STEP: Final = 128 * 1024
"""Bytes asked of a decoder at once: a decoder that meets damage keeps back what it has of its step."""

MAX_XZ_MEMORY: Final = 256 << 20
"""Bytes that an .xz may make its decoder take: four times what `xz -9` needs; more is refused as damage."""

MAX_ZSTD_WINDOW: Final = 128 << 20
"""Bytes of zstd's window: its own default ceiling, `--long=27`; more is refused as damage."""

_SKIPPABLE: Final = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of the magic number of a skippable frame, with which zstd and lz4 files may begin."""


class Decoder(Protocol):
    """What the decoders of bz2, lzma, lz4 and isal have in common."""

    @property
    def eof(self) -> bool:
        """Whether the member's end was reached."""

    @property
    def unused_data(self) -> bytes | None:
        """Bytes given that lie behind that end."""

    @property
    def needs_input(self) -> bool:
        """Whether more bytes must be given before there is more to return."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes; raises the codec's own error."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One kind of compression."""

    name: str
    magic: bytes
    open: Callable[[ByteStream], ByteStream]


class Members(ByteStream):
    """A stream of one or more compressed members, one after another, as gzip -c a b > c.gz makes them."""

    is_packed = True

    def __init__(
        self, packed: ByteStream, name: str, magic: bytes, new: Callable[[], Decoder], errors: tuple[Any, ...]
    ) -> None:
        super().__init__()
        self._packed = packed
        self._name = name
        self._magic = magic
        self._new = new
        self._errors = errors
        self._decoder: Decoder | None = None
        self._waiting = b""
        self._chunk = memoryview(bytearray(CHUNK))

    @property
    def size(self) -> int | None:
        """Of the compressed file."""
        return self._packed.size

    @property
    def position(self) -> int:
        """In the compressed file."""
        return self._packed.position

    def park(self) -> None:
        """Keep the decoder, give back the file handle."""
        self._packed.park()

    def close(self) -> None:
        """Close the compressed file too."""
        self._packed.close()

    def _fill(self, room: memoryview) -> int:
        filled = 0
        while filled < len(room) and not self.failure:
            if self._decoder is None and not self._begin():
                break
            piece = self._step(min(STEP, len(room) - filled))
            room[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _step(self, length: int) -> bytes:
        """Return the next bytes of the member at hand, at most `length`; none is no sign of its end."""
        decoder, given = self._decoder, b""
        assert decoder is not None
        if decoder.needs_input:
            given, self._waiting = self._waiting or self._read(), b""
            if not given:
                why = f"the {self._name} stream ends before its end"
                self.failure = self._packed.failure or ("truncated-compression", why)
                return b""
        try:
            piece = decoder.decompress(given, length)
        except self._errors as error:
            self.failure = "damaged-compression", f"the {self._name} stream is damaged: {error}"
            return b""
        if decoder.eof:
            self._waiting, self._decoder = decoder.unused_data or b"", None
        return piece

    def _begin(self) -> bool:
        """Begin the next member; False where there is none. Zeros between members are padding."""
        self._waiting = self._waiting.lstrip(b"\0")
        while len(self._waiting) < len(self._magic) and (more := self._read()):
            self._waiting = (self._waiting + more).lstrip(b"\0")
        if self._waiting.startswith(self._magic) or self._waiting[1:4] == _SKIPPABLE:
            self._decoder = self._new()
            return True
        if self._waiting:
            self.failure = "trailing-bytes", f"what follows the end of the {self._name} stream is none"
        else:
            self.failure = self._packed.failure
        return False

    def _read(self) -> bytes:
        return bytes(self._chunk[: self._packed.readinto(self._chunk)])


class Zstd(ByteStream):
    """A .zst of one or more frames."""

    is_packed = True

    def __init__(self, packed: ByteStream) -> None:
        super().__init__()
        import zstandard

        self._packed = packed
        self._walk = FrameWalk()
        self._chunk = memoryview(bytearray(CHUNK))
        self._error = zstandard.ZstdError
        decoder = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
        source: Any = self  # the library calls nothing but read()
        self._reader = decoder.stream_reader(source, read_size=CHUNK, read_across_frames=True)

    @property
    def size(self) -> int | None:
        """Of the compressed file."""
        return self._packed.size

    @property
    def position(self) -> int:
        """In the compressed file."""
        return self._packed.position

    def park(self) -> None:
        """Keep the decoder, give back the file handle."""
        self._packed.park()

    def close(self) -> None:
        """Close the compressed file too."""
        self._packed.close()

    def read(self, length: int) -> bytes:
        """Hand compressed bytes to the decoder, which calls this, as long as they are frames."""
        chunk = bytes(self._chunk[: self._packed.readinto(self._chunk[:length])])
        return chunk[: self._walk.feed(chunk)]

    def _fill(self, room: memoryview) -> int:
        filled = 0
        while filled < len(room) and not self.failure:
            try:
                got = self._reader.readinto(room[filled : filled + STEP])
            except self._error as error:
                self.failure = "damaged-compression", f"the zstd stream is damaged: {error}"
                break
            if not got:
                self.failure = self._packed.failure or self._unfinished()
                break
            filled += got
        return filled

    def _unfinished(self) -> tuple[str, str] | None:
        """Say what is wrong at the end: the library ends a cut stream like a whole one."""
        if self._walk.strayed:
            return "trailing-bytes", "what follows the end of the zstd stream is none"
        if not self._walk.between_frames:
            return "truncated-compression", "the zstd stream ends before its end"
        return None


def _gzip(packed: ByteStream) -> ByteStream:
    from isal import igzip_lib

    def new() -> Decoder:
        decoder: Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        return decoder

    return Members(packed, "gzip", GZIP, new, (igzip_lib.IsalError, ValueError, EOFError))


def _bz2(packed: ByteStream) -> ByteStream:
    return Members(packed, "bzip2", BZIP2, bz2.BZ2Decompressor, (OSError, ValueError, EOFError))


def _xz(packed: ByteStream) -> ByteStream:
    def new() -> Decoder:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY)

    return Members(packed, "xz", XZ, new, (lzma.LZMAError, EOFError))


def _lz4(packed: ByteStream) -> ByteStream:
    from lz4 import frame

    def new() -> Decoder:
        decoder: Decoder = frame.LZ4FrameDecompressor()
        return decoder

    return Members(packed, "lz4", LZ4, new, (RuntimeError, ValueError, EOFError))


GZIP, BZIP2, XZ = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0"
ZSTD, LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"

CODECS: Final = (
    Codec("gzip", GZIP, _gzip),
    Codec("zstd", ZSTD, Zstd),
    Codec("lz4", LZ4, _lz4),
    Codec("bzip2", BZIP2, _bz2),
    Codec("xz", XZ, _xz),
)


def codec_of(stream: ByteStream) -> Codec | None:
    """Return the compression that a stream begins with, None where it begins with none that is read.

    Nothing is consumed. A skippable frame at the front (pzstd writes one) is looked behind.
    """
    head = stream.peek(64)
    while head[1:4] == _SKIPPABLE and head[0] & 0xF0 == 0x50:
        head = head[8 + int.from_bytes(head[4:8], "little") :]
    return next((codec for codec in CODECS if head.startswith(codec.magic)), None)


def decompressed(data: bytes) -> bytes:
    """Return bytes decompressed if they are compressed by a codec that is read, else as they are.

    For small files held whole, such as samples: what a damaged stream lacks is left out.
    """
    stream: ByteStream = _Memory(data)
    codec = codec_of(stream)
    if codec is None:
        return data
    opened = codec.open(stream)
    pieces = bytearray()
    room = memoryview(bytearray(CHUNK))
    while got := opened.readinto(room):
        pieces += room[:got]
    return bytes(pieces)


class _Memory(ByteStream):
    """Bytes held in memory."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = BytesIO(data)

    @property
    def size(self) -> int | None:
        return len(self._data.getbuffer())

    @property
    def position(self) -> int:
        return self._data.tell()

    def close(self) -> None:
        self._data.close()

    def _fill(self, room: memoryview) -> int:
        return self._data.readinto(room)
