"""Bytes of a capture, from wherever they come, through one reused buffer.

Reading into a buffer that stays in the processor's cache is faster than mapping the file, takes a tenth of
the memory, and serves pipes and decompressors by the same code.
"""

import io
import os
import sys
from abc import ABC, abstractmethod
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from capture.sources.source import SourceError
from facts.where import Where

WINDOW: Final = 1 << 20
"""Bytes read at once: measured best; it stays in the second-level cache."""

STDIN: Final = "-"


class ByteStream(ABC):
    """The bytes of one capture, read once from front to end."""

    is_packed = False
    """Whether they are decompressed on the way."""

    def __init__(self) -> None:
        self._head = b""
        self.failure: tuple[str, str] | None = None
        """Reason and detail, where the stream ended because it is damaged and not because it was over."""

    @abstractmethod
    def _fill(self, room: memoryview) -> int:
        """Put the next bytes into `room` and return their number; 0 at the end."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Bytes of the file as it lies; None for a pipe."""

    @property
    @abstractmethod
    def position(self) -> int:
        """Bytes of the file as it lies that were read."""

    @abstractmethod
    def close(self) -> None:
        """Give the file back; may be called twice."""

    def park(self) -> None:
        """Give the file handle back until the next read, where that can be done."""
        return

    def peek(self, length: int) -> bytes:
        """Return the next bytes, at most `length`, without consuming them; fewer at the end."""
        while len(self._head) < length:
            room = bytearray(length - len(self._head))
            if not (got := self._fill(memoryview(room))):
                break
            self._head += room[:got]
        return self._head[:length]

    def readinto(self, room: memoryview) -> int:
        """Put the next bytes into `room` (not empty) and return their number; 0 at the end."""
        if not self._head:
            return self._fill(room)
        length = min(len(room), len(self._head))
        room[:length] = self._head[:length]
        self._head = self._head[length:]
        return length


class FileBytes(ByteStream):
    """A file as it lies, or standard input.

    Raises SourceError on opening a file that cannot be read. A parked file is opened again at its place
    by the next read. An error of the device while reading ends the stream as a failure.
    """

    def __init__(self, path: str, name: str) -> None:
        super().__init__()
        self._path = path
        self._position = 0
        self._file: io.RawIOBase | io.BufferedIOBase | None = None
        self._stdin = path == STDIN
        self._closed = False
        try:
            self._file = self._open()
            self._size = None if self._stdin else _regular_size(self._file)
        except OSError as error:
            self.close()
            raise SourceError(
                f"cannot be opened: {error.strerror or error}", Where(name), "unreadable"
            ) from error

    def _open(self) -> io.RawIOBase | io.BufferedIOBase:
        if not self._stdin:
            return io.FileIO(self._path)
        if sys.stdin is None:  # closed by whoever started the program
            raise OSError("standard input is closed")
        return cast(io.BufferedIOBase, sys.stdin.buffer)

    @property
    def size(self) -> int | None:
        """None where it is no regular file."""
        return self._size

    @property
    def position(self) -> int:
        """What was read of it."""
        return self._position

    def _fill(self, room: memoryview) -> int:
        if self._closed or self.failure:
            return 0
        try:
            if self._file is None:
                self._file = self._open()
                self._file.seek(self._position)
            # A pipe set to non-blocking gives None where nothing waits: there is nothing to wait with either.
            length = self._file.readinto(room) or 0
        except OSError as error:
            self.failure = "read-error", f"the file cannot be read on: {error.strerror or error}"
            return 0
        self._position += length
        return length

    def park(self) -> None:
        """Close a regular file until the next read."""
        if self._file is not None and self._size is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Close the file; standard input is left open."""
        self._closed = True
        if self._file is not None and not self._stdin:
            self._file.close()
        self._file = None


def _regular_size(file: io.RawIOBase | io.BufferedIOBase) -> int | None:
    """Size of a regular file, None for a pipe or a device."""
    return os.fstat(file.fileno()).st_size if file.seekable() else None


def overlapping_words(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """View (n,) bytes as (n - 3,) little-endian words, one at every offset.

    A kernel then reads a field of four bytes with one bounds check in place of four: six times faster.
    """
    return np.ndarray((len(data) - 3,), np.dtype("<u4"), buffer=data, strides=(1,))


class Window:
    """The stretch of a stream that lies in memory: `data[begin:end]`, at `base + begin` in the stream."""

    def __init__(self, stream: ByteStream, length: int, ceiling: int) -> None:
        """`length` bytes at first, growing up to `ceiling` where one record needs it."""
        self.stream = stream
        self.data = np.empty(length, np.uint8)
        self.words = overlapping_words(self.data)
        """The same bytes as four-byte words, one at every offset: `words[i]` is `data[i:i + 4]`."""
        self.begin = 0
        self.end = 0
        self.base = 0
        self._ceiling = ceiling

    @property
    def offset(self) -> int:
        """Byte offset, in the uncompressed stream, of the next byte to look at."""
        return self.base + self.begin

    @property
    def remaining(self) -> int:
        """Bytes that lie in memory and were not looked at."""
        return self.end - self.begin

    def fill(self) -> bool:
        """Carry what was not looked at to the front and read on behind it; False at the end.

        Invalidates every Block made of `data`.
        """
        left = self.remaining
        if self.begin:
            self.data[:left] = self.data[self.begin : self.end]
            self.base += self.begin
            self.begin, self.end = 0, left
        if left == len(self.data):
            if left >= self._ceiling:
                raise AssertionError("a record longer than the ceiling must be called damage before")
            grown = np.empty(min(2 * left, self._ceiling), np.uint8)
            grown[:left] = self.data
            self.data, self.words = grown, overlapping_words(grown)
        got = self.stream.readinto(self.data.data[left:])
        self.end += got
        return got > 0

    def need(self, length: int) -> bool:
        """Read until `length` bytes lie in memory; False where the stream has fewer left."""
        while self.remaining < length:
            if not self.fill():
                return False
        return True

    def skip_to(self, offset: int) -> bool:
        """Pass over everything before an offset of the stream; False where the stream ends before."""
        while self.base + self.end < offset:
            self.begin = self.end
            if not self.fill():
                return False
        self.begin = offset - self.base
        return True

    def take(self, length: int) -> bytes:
        """Return and consume bytes that lie in memory."""
        piece = self.data[self.begin : self.begin + length].tobytes()
        self.begin += len(piece)
        return piece
