"""Keeping flows and rhythms: what a replay or a probe writes to the flow lake with --store.

What cannot be kept ends no run: it is said at its end.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from capture.records import Block
from capture.windows import Window
from facts.errors import StoreError

if TYPE_CHECKING:
    from store.lake_writing import Batch

WINDOW_NS = 900_000_000_000
"""A live window: 15 minutes of traffic, the time in which sealed mining is to be found."""


@dataclass(frozen=True, slots=True)
class LakeWish:
    """Where flows are to be kept. It goes to other processes."""

    folder: Path
    probe: str
    """Names the partition."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept; it can be added up."""

    flows: int = 0
    rhythms: int = 0
    """Flows whose packets were kept."""
    files: int = 0
    """New ones; 0 where the same capture was kept before."""
    faults: tuple[str, ...] = ()
    """Why something was not kept."""

    def __add__(self, other: "Kept") -> "Kept":
        return Kept(
            self.flows + other.flows,
            self.rhythms + other.rhythms,
            self.files + other.files,
            self.faults + other.faults,
        )

    def __str__(self) -> str:
        kept = f"{self.flows:,} flows and the rhythms of {self.rhythms:,}"
        return f"kept {kept} in the flow lake" if self.files else f"the flow lake held all {kept}"


class Keeping:
    """Takes the windows of one run. Use it as a context: without `commit` nothing is kept."""

    def __init__(self, wish: LakeWish, sources: Sequence[str]) -> None:
        """`sources`: the names that `source` of the flows counts."""
        self._wish = wish
        self._sources = sources
        self._batch: Batch | None = None
        self._digest = hashlib.sha256()
        self._kept = Kept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._batch is not None:
            self._batch.close()

    def counted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Yield blocks, from whose packets' times and lengths the capture is known when it is read again.

        Files of other formats or compression that hold the same packets are the same capture.
        """
        for block in blocks:
            known = block.records[["time_ns", "caplen", "wirelen"]]
            self._digest.update(known.astype(_KNOWN).tobytes())
            yield block

    def add(self, window: Window) -> None:
        """Take a window, or a part of one."""
        some = window.candidates
        if self._kept.faults or not (len(window.flows) or len(some.flows)):
            return
        try:
            if self._batch is None:
                from store.lake import Lake  # and with it polars

                self._batch = Lake(self._wish.folder).begin(self._wish.probe, self._sources)
            self._batch.add(window.flows, some.flows, some.packets)
            self._kept += Kept(len(window.flows), len(some.flows))
        except StoreError as error:
            self._kept = Kept(faults=(str(error),))

    def commit(self, *, whole: bool) -> Kept:
        """Put what was added into the lake; `whole`: it is a capture, of which all blocks were counted."""
        if self._batch is None or self._kept.faults:
            return self._kept
        try:
            files = self._batch.commit(self._digest.hexdigest() if whole else None)
        except StoreError as error:
            return Kept(faults=(str(error),))
        return self._kept + Kept(files=files)


_KNOWN = [("time_ns", "<i8"), ("caplen", "<u4"), ("wirelen", "<u4")]


class LiveKeeping:
    """Takes the windows of a probe as they come; each is a batch of its own."""

    def __init__(self, wish: LakeWish, name: str) -> None:
        """`name` is the source of all flows."""
        self._wish = wish
        self._name = name
        self.kept = Kept()

    def add(self, windows: Sequence[Window]) -> Kept:
        """Keep windows, and return what became of them."""
        with Keeping(self._wish, [self._name]) as keeping:
            for window in windows:
                keeping.add(window)
            now = keeping.commit(whole=False)
        self.kept += now
        return now
