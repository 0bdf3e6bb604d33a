"""Many files as one network, in the order of time.

Files that follow one another (a rotated capture) are handed through without copying. Where their times
overlap, packets are merged by time; at the same time the file named first comes first, and packets of one
file never change their order: one that is earlier than those before it in its file follows them at once,
which is what mergecap does too. A file is open only while its time is being read.
"""

import heapq
import os
from collections.abc import Iterator, Sequence
from threading import Semaphore
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, Block
from capture.sources import merge_kernel as kernel
from capture.sources.ahead import ahead, readers
from capture.sources.opening import open_source
from capture.sources.reader import MAX_ROWS, Reader
from capture.sources.source import Source, SourceError
from capture.sources.window import STDIN, WINDOW

MERGE_MEMORY: Final = 64 << 20
"""Bytes that the windows of files read at the same time share, as long as each has MIN_WINDOW."""
MIN_WINDOW: Final = 64 * 1024
"""Bytes that a file among very many reads at once: the price of a call is still small beside it."""
MAX_HANDLES: Final = 64
"""Files held open at a time: beyond it each is opened for every read, and no limit of the system is met."""

_PEEK: Final = 4096
"""Bytes read to look at a file's first packet."""
_NEVER: Final = (1 << 63) - 1
_ALWAYS: Final = -_NEVER


class MergeSource(Source):
    """A capture that is looked at when it is made, and opened to be read when its time has come.

    Raises SourceError where nothing of it can be read. A pipe stays open, and its first time is not known.
    """

    def __init__(self, path: str, index: int) -> None:
        super().__init__(path, index)
        self.first_ns: int | None = None
        """Time of its first packet; None where it has none, or where that cannot be known without reading."""
        self._reader: Reader | None = None
        self._size: int | None = None
        self._position = 0
        self.is_packed = False
        """Whether the file is compressed."""
        if path == STDIN or not os.path.isfile(path):
            self._reader = open_source(path, index)
            self.is_packed = self._reader.is_packed
            return
        with open_source(path, index, _PEEK) as reader:
            self._size = reader.size
            self.is_packed = reader.is_packed
            for block in reader.blocks():
                self.first_ns = int(block.records[0]["time_ns"])
                break

    @property
    def size(self) -> int | None:
        """Of the file as it lies."""
        return self._size

    @property
    def position(self) -> int:
        """In the file as it lies."""
        return self._position

    def blocks(self) -> Iterator[Block]:
        """Yield the packets in order; a block is valid until the next one is asked for. To be called once."""
        return self.read(WINDOW)

    def read(self, window: int, turns: Semaphore | None = None) -> Iterator[Block]:
        """Yield the packets, opening the file, `window` bytes at once; ahead of time with `turns`."""
        if self._reader is None:
            try:
                self._reader = open_source(self.name, self.index, window)
            except SourceError as error:  # it was there when the run began
                self.note_damage(1, 0, error.reason, error.why)
                return
        reader = self._reader
        # One account for both: what the reader notes is noted here.
        self.skipped, self.skipped_counts = reader.skipped, reader.skipped_counts
        self.damage_counts = reader.damage_counts
        for block in reader.blocks() if turns is None else ahead(reader.blocks(), turns):
            self._take_over(reader)
            yield block
        self._take_over(reader)
        self.close()

    def park(self) -> None:
        """Give the file handle back until the next block is asked for."""
        if self._reader is not None:
            self._reader.park()

    def close(self) -> None:
        """Give the file and the window back."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _take_over(self, reader: Reader) -> None:
        self.records, self.wire_bytes = reader.records, reader.wire_bytes
        self.untimed, self._position = reader.untimed, reader.position


def merged(sources: Sequence[MergeSource], workers: int | None = 1) -> Iterator[Block]:
    """Yield the packets of all sources in the order of time; each source's account is kept by itself.

    A block is valid until the next one is asked for. With several `workers` (see ahead.readers) the sources
    whose time has come are read ahead, side by side; the order is the same.
    """
    turns = readers(workers, any(source.is_packed for source in sources))
    if len(sources) > MAX_HANDLES:  # files are opened for every read then, by whoever merges
        turns = None
    return _Merge(sources, turns).blocks()


class _Input:
    """One source that is being merged: its present block, handed to the kernel piece by piece."""

    def __init__(self, source: MergeSource, window: int, turns: Semaphore | None) -> None:
        self.source = source
        self.block: Block | None = None
        self.taken = 0
        """Rows of the block that were handed to the kernel."""
        self.copied = 0
        """Rows of the present piece whose packets were copied to the output."""
        self._blocks = source.read(window, turns)

    def advance(self) -> bool:
        """Go to the next block; False at the end."""
        self.taken = 0
        self.block = next(self._blocks, None)
        return self.block is not None


class _Merge:
    """The merge at work. An input lives in a slot; the kernel's columns have an element for each slot."""

    def __init__(self, sources: Sequence[MergeSource], turns: Semaphore | None) -> None:
        self._turns = turns
        self._window = min(WINDOW, max(MIN_WINDOW, MERGE_MEMORY // max(1, len(sources))))
        self._pending = [(_first(source), source.index, source) for source in sources]
        heapq.heapify(self._pending)
        self._inputs: dict[int, _Input] = {}
        self._free: list[int] = []
        self._table: npt.NDArray[Any] = np.zeros((0, kernel.PIECE), RECORD)
        self._places = np.zeros((0, kernel.PIECE), np.int64)
        self._counts, self._heads, self._tops, self._ranks, self._heap = (
            np.zeros(0, np.int64) for _ in range(5)
        )
        self._state = np.zeros(kernel.FIELDS, np.int64)
        self._out = np.empty(WINDOW, np.uint8)
        self._out_words = _double_words(self._out)
        self._rows: npt.NDArray[Any] = np.zeros(MAX_ROWS, RECORD)

    def blocks(self) -> Iterator[Block]:
        """Merge until every source is exhausted."""
        state = self._state
        while True:
            self._open_what_is_due()
            if not self._inputs:
                yield from self._collected()
                return
            if (alone := self._alone()) is not None:
                yield from self._collected()
                slot, block = alone
                yield block
                self._refill(slot)
                continue
            limit, rank = self._pending[0][:2] if self._pending else (_NEVER, 0)
            reason = kernel.merge(
                self._table,
                self._counts,
                self._heads,
                self._tops,
                self._ranks,
                self._heap,
                self._places,
                self._rows,
                len(self._out),
                limit,
                rank,
                state,
            )
            if reason == kernel.EXHAUSTED:
                slot = int(state[kernel.SLOT])
                self._copy(slot)
                self._next_piece(slot)
            elif reason == kernel.FULL:
                yield from self._collected()

    def _open_what_is_due(self) -> None:
        """Open the sources that begin no later than the earliest head of the open ones."""
        while self._pending:
            first, rank, source = self._pending[0]
            if self._inputs:
                root = self._heap[0]
                if (first, rank) > (int(self._tops[root]), int(self._ranks[root])):
                    return
            heapq.heappop(self._pending)
            slot = self._slot()
            self._tops[slot], self._ranks[slot] = _ALWAYS, rank
            self._inputs[slot] = _Input(source, self._window if self._inputs else WINDOW, self._turns)
            self._refill(slot)

    def _alone(self) -> tuple[int, Block] | None:
        """Return the only open input and a block that lies before all that is not open, if so it is."""
        if len(self._inputs) != 1:
            return None
        slot, only = next(iter(self._inputs.items()))
        # The piece at hand must be the block's first, and nothing of it taken.
        if only.block is None or only.taken > int(self._counts[slot]) or self._heads[slot]:
            return None
        last = max(int(self._tops[slot]), int(only.block.records["time_ns"].max()))
        if self._pending and (last, int(self._ranks[slot])) > self._pending[0][:2]:
            return None
        self._tops[slot] = last
        self._state[kernel.INPUTS] = 0
        return slot, only.block

    def _collected(self) -> Iterator[Block]:
        """Hand out what the kernel has put in order, if anything."""
        state = self._state
        if not (count := int(state[kernel.COUNT])):
            return
        for slot in self._inputs:
            self._copy(slot)
        yield Block(self._out[: int(state[kernel.BYTES])], self._rows[:count])
        state[kernel.COUNT] = state[kernel.BYTES] = 0

    def _copy(self, slot: int) -> None:
        """Copy an input's packets that were put in order and not yet copied."""
        source, end = self._inputs[slot], int(self._heads[slot])
        if source.copied == end or source.block is None:
            return
        rows, places = self._table[slot], self._places[slot]
        data = source.block.data
        kernel.scatter(
            data,
            _double_words(data),
            rows[source.copied : end],
            places[source.copied : end],
            self._out,
            self._out_words,
        )
        source.copied = end

    def _next_piece(self, slot: int) -> None:
        """Give the kernel the next rows of an input's block, and of the next block where there are none."""
        source = self._inputs[slot]
        assert source.block is not None
        rows = source.block.records[source.taken : source.taken + kernel.PIECE]
        if not len(rows):
            self._refill(slot)
            return
        self._table[slot, : len(rows)] = rows
        source.taken += len(rows)
        source.copied = 0
        self._counts[slot], self._heads[slot] = len(rows), 0
        self._tops[slot] = max(int(self._tops[slot]), int(rows[0]["time_ns"]))
        kernel.push(self._heap, self._tops, self._ranks, self._state, slot)

    def _refill(self, slot: int) -> None:
        """Go to an input's next block, or take leave of it at its end."""
        source = self._inputs[slot]
        if source.advance():
            if len(self._inputs) > MAX_HANDLES:
                source.source.park()
            self._next_piece(slot)
        else:
            del self._inputs[slot]
            self._free.append(slot)

    def _slot(self) -> int:
        """Return a free slot, making more where none is."""
        if not self._free:
            old = len(self._counts)
            more = max(4, old)
            self._table = np.concatenate([self._table, np.zeros((more, kernel.PIECE), RECORD)])
            self._places = np.concatenate([self._places, np.zeros((more, kernel.PIECE), np.int64)])
            self._counts, self._heads, self._tops, self._ranks, self._heap = (
                np.concatenate([column, np.zeros(more, np.int64)])
                for column in (self._counts, self._heads, self._tops, self._ranks, self._heap)
            )
            self._free.extend(reversed(range(old, old + more)))
        return self._free.pop()


def _first(source: MergeSource) -> int:
    """Time at which a source must be open: one without a known time at once."""
    return _ALWAYS if source.first_ns is None else source.first_ns


def _double_words(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """View (n,) bytes as (n - 7,) eight-byte words, one at every offset."""
    return np.ndarray((max(0, len(data) - 7),), np.dtype("<u8"), buffer=data.data, strides=(1,))
