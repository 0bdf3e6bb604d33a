"""The main job: captures in; verdicts with their owners, skipped places and exact counts out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from capture.matched import PIPE_BYTES, Matched
from capture.records import Block
from capture.sources.ahead import read_ahead
from capture.sources.opening import CaptureFile, find, open_source
from capture.sources.source import Source, SourceError
from capture.sources.window import STDIN
from classifier.clocks import Clock
from classifier.encrypted import Standing
from classifier.logins import has_owner
from classifier.operator_lists import OperatorLists, overruled
from classifier.ownership_model import Tie
from facts.errors import ReadError
from facts.names import LEVEL_ORDER, MINING_ROLES, Level
from facts.verdict import Verdict
from facts.where import Skipped, Where
from pipeline.belongings import belongings
from pipeline.clocks import Known
from pipeline.contract import FileCounts, Hit
from pipeline.counting import Sum
from pipeline.holders import holder
from pipeline.keep_lake import Kept, LakeWish
from pipeline.world import Refused, World, judged, scan_alone, scan_elsewhere

if TYPE_CHECKING:
    from registry.attribution import Attributor


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a run is."""

    files: int
    files_done: int
    packets: int
    bytes_read: int
    bytes_total: int | None
    """Of the files as they lie; None where a pipe is among them."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A path named on the command line that could not be read at all."""

    error: ReadError


Outcome = Hit | Skipped | FileCounts | Unreadable
OnProgress = Callable[[Reading], None]


class Scan:
    """One run over captures. Iterate it once; `totals`, `files` and `sources` stand when it is exhausted."""

    def __init__(
        self,
        paths: Sequence[str],
        *,
        each: bool = False,
        jobs: int = 1,
        workers: int | None = None,
        cap: int | None = None,
        attributor: "Attributor | None" = None,
        on_progress: OnProgress | None = None,
        hold: bool = False,
        lake: LakeWish | None = None,
        known: Known | None = None,
    ) -> None:
        """`workers`: threads of this process; `jobs`: processes; either reads several files with `each`.

        With `hold`, packets of standard input are held for a while (`held`): it is read but once. `known`:
        clocks and sealed traffic from before; with `each` its clocks alone count.
        """
        self._paths = paths
        self.held: list[Matched] = [Matched(PIPE_BYTES)] if hold and STDIN in paths else []
        self._each = each
        self._jobs = jobs
        self._workers = workers
        self._cap = cap
        self._attributor = attributor
        self._on_progress = on_progress
        self._lake = lake
        self._known = known
        if known is not None and each:
            self._known = Known(known.clocks)
        self._sum = Sum()
        self._read = 0
        self._total: int | None = None
        self._planned = 0
        self.files = 0
        """Captures read."""
        self.kept = Kept()
        """What the flow lake got."""
        self.sources: list[str] = []
        """The sources that were judged whole: of these, a store may replace what older runs said."""
        self.clocks: list[Clock] = []
        """What was learned in all of them."""
        self.standings: list[Standing] = []
        """What is known of sealed dependencies."""
        self.ties: dict[str, tuple[Tie, ...]] = {}
        """What was seen in each of them of who belongs together."""

    @property
    def totals(self) -> FileCounts:
        """Counts of the whole run so far."""
        return self._sum.counts()

    def __iter__(self) -> Iterator[Outcome]:
        """Yield outcomes as they come: verdicts of a file before its counts."""
        found = find(self._paths)
        yield from map(Unreadable, found.errors)
        for skipped in found.skipped:
            yield self._refused(Refused(skipped), named=False)
        sizes = [file.size for file in found.files]
        self._total = None if None in sizes else sum(size for size in sizes if size is not None)
        self._planned = len(sizes)
        yield from self._each_alone(found.files) if self._each else self._together(found.files)

    def _each_alone(self, files: Sequence[CaptureFile]) -> Iterator[Outcome]:
        from capture.workers import Crash, each_file, each_file_in_threads  # and with it multiprocessing

        paths = [file.path for file in files]
        if self._jobs > 1:
            alone = partial(scan_elsewhere, cap=self._cap, lake=self._lake, known=self._known)
            results = each_file(alone, paths, self._jobs)
        elif (self._workers or 1) > 1:
            results = each_file_in_threads(self._alone, paths, self._workers or 1)
        else:
            results = (
                scan_alone(
                    file.path,
                    self._within,
                    self._cap,
                    self._held_of(file.path),
                    self._lake,
                    self._workers,
                    self._known,
                )
                for file in files
            )
        for file, result in zip(files, results, strict=True):
            self._read += file.size or 0
            if isinstance(result, World):
                self.files += 1
                yield from self._told(result)
                yield result.counts
            else:
                if isinstance(result, Crash):
                    result = Refused(Skipped(Where(result.path), "reader-died", result.why))
                yield self._refused(result, file.named)
            self._tell(self._sum.packets, 0)

    def _alone(self, path: str) -> World | Refused:
        """Do what one of several threads does, each with a worker of its own."""
        return scan_alone(path, None, self._cap, self._held_of(path), self._lake, 1, self._known)

    def _together(self, files: Sequence[CaptureFile]) -> Iterator[Outcome]:
        opened, in_order = _way_to_read(len(files), self._workers)
        with ExitStack() as stack:
            sources: list[Any] = []
            for file in files:
                try:
                    sources.append(stack.enter_context(opened(file.path, len(sources))))
                except SourceError as error:
                    yield self._refused(Refused(error.skipped()), file.named)
            if not sources:
                return
            self.files = len(sources)
            name = ", ".join(self._paths)
            yield from self._told(
                judged(
                    name,
                    in_order(sources),
                    sources,
                    lambda n: self._within(n, sources),
                    self._cap,
                    self.held[0] if self.held else None,
                    self._lake,
                    self._known,
                )
            )

    def _held_of(self, path: str) -> Matched | None:
        return self.held[0] if self.held and path == STDIN else None

    def _told(self, world: World) -> Iterator[Outcome]:
        self._sum.add(world.counts)
        self.sources.append(world.counts.source)
        self.kept += world.kept or Kept()
        yield from world.skips
        self.ties[world.counts.source] = world.ties
        self.clocks += world.clocks
        self.standings += world.standings
        clusters = belongings(world.ties)
        for verdict in world.verdicts:
            held = holder(self._attributor, verdict) if self._attributor else None
            yield Hit(verdict, held, clusters.get(verdict.address) if has_owner(verdict) else None)

    def _refused(self, refused: Refused, named: bool) -> Skipped | Unreadable:
        skipped = refused.skipped
        self._sum.damage[skipped.reason] += 1
        return Unreadable(ReadError(skipped.detail, skipped.where)) if named else skipped

    def _within(self, packets: int, sources: Sequence[Source]) -> None:
        """Tell the progress inside a file, or inside all files read together."""
        self._tell(self._sum.packets + packets, sum(source.position for source in sources))

    def _tell(self, packets: int, within: int) -> None:
        if self._on_progress is not None:
            done = self.files if self._each else 0
            read = self._read + within
            self._on_progress(Reading(self._planned, done, packets, read, self._total))


def _way_to_read(
    files: int, workers: int | None
) -> tuple[Callable[[str, int], Source], Callable[[list[Any]], Iterator[Block]]]:
    """Return how each file is opened, and how the blocks of all come in the order of time."""
    if files == 1:
        return open_source, lambda sources: read_ahead(sources[0], workers)
    from capture.sources.merge import MergeSource, merged  # its kernels take time to load

    return MergeSource, lambda sources: merged(sources, workers)


def shown(hit: Hit, lists: OperatorLists) -> Hit:
    """Return a hit as the operator's lists show it."""
    other = overruled(hit.verdict, lists)
    return hit if other is None else replace(hit, verdict=other)


def is_found(verdict: Verdict) -> bool:
    """Say whether a verdict makes a run exit with 1: a mining role at likely or more."""
    return verdict.role in MINING_ROLES and LEVEL_ORDER.index(verdict.level) >= LEVEL_ORDER.index(
        Level.LIKELY
    )
