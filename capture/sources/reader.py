"""What the readers of pcap and of pcapng share: a window over the stream, rows to fill, the stream's end."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, Block
from capture.sources.source import Source
from capture.sources.window import ByteStream, Window
from capture.words import array, int64

WORDS: Final = array("uint32", contiguous=False, aligned=False)
"""Kernel type of Window.words."""
ROWS: Final = array(RECORD)
"""Kernel type of the rows that a kernel fills."""
STATE: Final = int64[::1]
"""Kernel type of what a kernel keeps between two calls."""

MAX_ROWS: Final = 16_384
"""Most packets in one block: a window of packets of 48 bytes and more, in 512 KiB of rows."""


class Reader(Source):
    """Packets of one stream, located by a kernel that walks the window."""

    def __init__(
        self, stream: ByteStream, name: str, index: int, window: int, ceiling: int, fields: int
    ) -> None:
        """`window` bytes are read at once, growing up to `ceiling`; `fields` int64 are the kernel's state."""
        super().__init__(name, index)
        self._stream = stream
        self._window = Window(stream, window, max(window, ceiling))
        self._rows: npt.NDArray[Any] = np.zeros(min(MAX_ROWS, max(16, window // 64)), RECORD)
        self._state = np.zeros(fields, np.int64)

    @property
    def is_packed(self) -> bool:
        """Whether the file is compressed."""
        return self._stream.is_packed

    @property
    def size(self) -> int | None:
        """Of the file as it lies."""
        return self._stream.size

    @property
    def position(self) -> int:
        """In the file as it lies."""
        return self._stream.position

    def park(self) -> None:
        """Give the file handle back until the next block is asked for."""
        self._stream.park()

    def close(self) -> None:
        """Give the file back."""
        self._stream.close()

    def _block(self, rows: int) -> Block:
        """Make a block of the first `rows` rows."""
        return Block(self._window.data[: self._window.end], self._rows[:rows])

    def _end(self, frame: int, unfinished: str) -> None:
        """Note why the stream ended, if not where a record did; `unfinished` is the sentence for a cut."""
        window, failure = self._window, self._stream.failure
        if failure is not None:
            reason, detail = failure
            self.note_damage(frame, window.base + window.end, reason, detail)
        elif window.remaining:
            self.note_damage(frame, window.offset, "truncated-record", unfinished)
