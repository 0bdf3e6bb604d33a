"""Reading ahead: a thread reads, decompresses and locates while the packets before are being looked at.

The kernels and the decompressors run free of the interpreter lock, so this costs one copy of each block and
no time of who takes them. Order, frames and the places of damage are those of the source: nothing is decided
here. A source's account (`records`, `skipped_counts`, `position`) is ahead of what was taken by the blocks
that wait, and exact at the end.
"""

import os
import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from capture.records import RECORD, Block
from capture.sources.reader import Reader

AHEAD: Final = 3
"""Blocks in memory: one that is looked at, one that waits, one that is being read."""


def readers(workers: int | None, packed: bool) -> threading.Semaphore | None:
    """Return the turns of threads that read ahead, None where none is to.

    `workers`: threads of the whole run, of which one takes the blocks; None: two where files are compressed
    and the program may use a second processor, else one. A plain file is read too quickly to be worth it.
    """
    if workers is None:
        many = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = 2 if packed and many > 1 else 1
    return threading.Semaphore(workers - 1) if workers > 1 else None


def read_ahead(source: Reader, workers: int | None) -> Iterator[Block]:
    """Yield the blocks of a source read alone, ahead of time where `readers` says that it is worth it."""
    turns = readers(workers, source.is_packed)
    return source.blocks() if turns is None else ahead(source.blocks(), turns)


@dataclass(slots=True)
class _Room:
    """Memory for one block; it grows to the largest one met."""

    data: npt.NDArray[np.uint8]
    records: npt.NDArray[Any]

    def copied(self, block: Block) -> Block:
        """Return a block's copy, which lasts until the next."""
        size, rows = len(block.data), len(block.records)
        if size > len(self.data):
            self.data = np.empty(size, np.uint8)
        if rows > len(self.records):
            self.records = np.empty(rows, RECORD)
        self.data[:size] = block.data
        self.records[:rows] = block.records
        return Block(self.data[:size], self.records[:rows])


class _Reader:
    """The thread and what passes between it and who takes the blocks."""

    def __init__(self, blocks: Iterable[Block], turns: threading.Semaphore) -> None:
        self._blocks = blocks
        self._turns = turns
        self._free: queue.SimpleQueue[_Room | None] = queue.SimpleQueue()
        self.ready: queue.SimpleQueue[tuple[_Room, Block] | BaseException | None] = queue.SimpleQueue()
        """Blocks in order, then the error that ended the source or None."""
        for _ in range(AHEAD):
            self._free.put(_Room(np.empty(0, np.uint8), np.empty(0, RECORD)))
        self.thread = threading.Thread(target=self._read, name="read ahead", daemon=True)
        self.thread.start()

    def give_back(self, room: _Room) -> None:
        """Let a block's memory be used again."""
        self._free.put(room)

    def stop(self) -> None:
        """End the thread, wherever it is, and wait for it."""
        with suppress(queue.Empty):
            while True:
                self._free.get_nowait()
        self._free.put(None)
        self.thread.join()

    def _read(self) -> None:
        try:
            blocks = iter(self._blocks)
            while (room := self._free.get()) is not None:
                with self._turns:
                    block = next(blocks, None)
                    if block is None:
                        break
                    self.ready.put((room, room.copied(block)))
            self.ready.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the blocks are taken
            self.ready.put(error)


def ahead(blocks: Iterable[Block], turns: threading.Semaphore | None = None) -> Generator[Block, None, None]:
    """Yield blocks that a thread of its own reads; each is valid until the next one is asked for.

    What the source raises is raised behind the blocks before. `turns` bounds how many threads work at the
    same time, where there are several. Closing the iterator ends the thread.
    """
    reader = _Reader(blocks, turns or threading.Semaphore())
    try:
        while (got := reader.ready.get()) is not None:
            if isinstance(got, BaseException):
                raise got
            room, block = got
            yield block
            reader.give_back(room)
    finally:
        reader.stop()
