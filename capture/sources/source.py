"""What every source is: packets located in blocks, and an account of what was not read."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from capture.records import Block
from facts.errors import ReadError
from facts.where import Skipped, Where

MAX_NOTES = 100
"""Skipped places kept per reason and source: enough to look at, and no file can fill the memory with them."""

MAX_PACKET = 262_144
"""Bytes captured of one packet: the largest snap length of tcpdump and of Wireshark; more is damage."""


class SourceError(ReadError):
    """Nothing can be read from a source; `reason` is the key under which a folder's summary counts it."""

    def __init__(self, why: str, where: Where, reason: str) -> None:
        super().__init__(why, where)
        self.reason = reason

    def skipped(self) -> Skipped:
        """Say the same as a value, for a file that was met inside a folder."""
        return Skipped(self.where, self.reason, self.why)


class Source(ABC):
    """Packets from one place, read once from front to end.

    After opening, damage raises nothing: it is noted, and reading goes on behind it or ends.
    Packets in the source = `records` + the sum of `skipped_counts`, exactly, at any time.
    """

    def __init__(self, name: str, index: int) -> None:
        self.name = name
        """The path as given, `-` for standard input."""
        self.index = index
        """Number of this source in the run: RECORD.source."""
        self.records = 0
        """Packets delivered in blocks so far."""
        self.wire_bytes = 0
        """Bytes on the wire of these packets."""
        self.untimed = 0
        """Packets delivered whose record tells no usable time; they carry the time of the packet before."""
        self.skipped: list[Skipped] = []
        """Places that were not read, in order; at most MAX_NOTES per reason."""
        self.skipped_counts: Counter[str] = Counter()
        """Packets that were met and not delivered, by reason."""
        self.damage_counts: Counter[str] = Counter()
        """Damaged places by reason; how many packets lay behind them cannot be known."""

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """Yield the packets in order; a block is valid until the next one is asked for. To be called once."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Bytes of the file as it lies (compressed, if it is); None where there is no end to see."""

    @property
    @abstractmethod
    def position(self) -> int:
        """Bytes of the file as it lies that were read so far: `position / size` is the progress."""

    @abstractmethod
    def close(self) -> None:
        """Give the file back; may be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def note_packet(self, frame: int, offset: int, reason: str, detail: str) -> None:
        """Count one packet that is not delivered."""
        self.skipped_counts[reason] += 1
        self._note(self.skipped_counts[reason], frame, offset, reason, detail)

    def note_damage(self, frame: int, offset: int, reason: str, detail: str) -> None:
        """Count one damaged place; `frame` is the number the packet there would have had."""
        self.damage_counts[reason] += 1
        self._note(self.damage_counts[reason], frame, offset, reason, detail)

    def _note(self, seen: int, frame: int, offset: int, reason: str, detail: str) -> None:
        if seen <= MAX_NOTES:
            self.skipped.append(Skipped(Where(self.name, frame, offset), reason, detail))


class LiveSource(Source):
    """Packets that come until they are no longer wanted: none before `start`, none after `stop`.

    `blocks` yields an empty block now and then while none come, and ends once what was taken has been read.
    """

    @abstractmethod
    def start(self) -> None:
        """Take packets from now on."""

    @abstractmethod
    def stop(self) -> None:
        """Take no more packets. For any thread, and more than once."""
