"""Shares by algorithm, worker and time: what a curve of the hashrate is drawn from, in bounded memory.

The buckets begin as minutes. When there are too many, all become wider at once, so that what is kept depends
on what was seen and not on the order in which it was told.
"""

from collections.abc import Iterable, Iterator

from facts.instant import NS

WIDTHS_S = (60, 600, 3_600, 21_600, 86_400, 604_800)
"""Seconds of a bucket, from the first to the last resort."""
STARTS = 32
"""Buckets of one conversation: half an hour of minutes, five hours of ten minutes, a month of days."""
CELLS = 16_384
"""Of all its workers together: 7 MB at the worst."""

Key = tuple[str, str | None, int]
"""Algorithm, worker, number of the bucket since 1970."""


class Cell:
    """Counts of one bucket."""

    __slots__ = ("hashes", "rejected", "shares", "squared", "stale", "stale_hashes")

    def __init__(self) -> None:
        self.shares = self.hashes = self.squared = self.rejected = self.stale = self.stale_hashes = 0

    def take(self, other: "Cell") -> None:
        """Add the counts of another bucket."""
        self.shares += other.shares
        self.hashes += other.hashes
        self.squared += other.squared
        self.rejected += other.rejected
        self.stale += other.stale
        self.stale_hashes += other.stale_hashes


class Series:
    """The buckets of one conversation, or of several."""

    __slots__ = ("_cells", "_level", "_starts", "width_ns")

    def __init__(self) -> None:
        self._level = 0
        self.width_ns = WIDTHS_S[0] * NS
        """How long a bucket is."""
        self._cells: dict[Key, Cell] = {}
        self._starts: set[int] = set()

    def cell(self, algorithm: str, worker: str | None, at_ns: int) -> Cell:
        """Return the bucket of a time, to be counted in at once: it may be another one later."""
        while True:
            start = at_ns // self.width_ns
            key = (algorithm, worker, start)
            found = self._cells.get(key)
            if found is not None:
                return found
            more = len(self._starts) + (start not in self._starts)
            if (more <= STARTS and len(self._cells) < CELLS) or self._level + 1 == len(WIDTHS_S):
                break
            self._widen()
        if len(self._cells) >= CELLS:  # weeks of thousands of workers: their names are kept elsewhere
            key = (algorithm, None, start if more <= STARTS else max(self._starts))
        elif more > STARTS:
            key = (algorithm, worker, max(self._starts))
        self._starts.add(key[2])
        return self._cells.setdefault(key, Cell())

    def cells(self) -> Iterator[tuple[str, str | None, int, Cell]]:
        """Yield (algorithm, worker, start in nanoseconds, counts), in no order."""
        width_ns = self.width_ns
        for (algorithm, worker, start), cell in self._cells.items():
            yield algorithm, worker, start * width_ns, cell

    def _widen(self) -> None:
        before = self.width_ns
        self._level += 1
        self.width_ns = WIDTHS_S[self._level] * NS
        old, self._cells, self._starts = self._cells, {}, set()
        for (algorithm, worker, start), cell in old.items():
            start = start * before // self.width_ns
            self._starts.add(start)
            self._cells.setdefault((algorithm, worker, start), Cell()).take(cell)


def merged(parts: Iterable[Series]) -> Series:
    """Return one series of several; its buckets are as wide as the widest, or wider."""
    ordered = sorted(parts, key=lambda one: -one.width_ns)
    if len(ordered) == 1:
        return ordered[0]
    both = Series()
    for part in ordered:
        while both.width_ns < part.width_ns:
            both._widen()
        for algorithm, worker, at_ns, cell in part.cells():
            both.cell(algorithm, worker, at_ns).take(cell)
    return both
