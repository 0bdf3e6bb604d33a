"""The main job: captures in; verdicts with their owners, skipped places and exact counts out."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from capture.matched import PIPE_BYTES, Matched
from capture.records import Block
from capture.rhythm import Candidates
from capture.sieve.sieve import CAP
from capture.sources.ahead import read_ahead
from capture.sources.opening import CaptureFile, find, open_source
from capture.sources.source import Source, SourceError
from capture.sources.window import STDIN
from capture.windows import Window, WindowSettings
from capture.worker import Worker
from classifier.casebook import Casebook
from classifier.clocks import Clock
from classifier.encrypted import Standing
from classifier.logins import has_owner
from classifier.operator_lists import OperatorLists, overruled
from classifier.ownership_model import Tie
from classifier.poolnames import PoolNames
from classifier.resolvers import resolvers
from facts.conversation import Conversation
from facts.errors import ReadError
from facts.names import LEVEL_ORDER, MINING_ROLES, Level
from facts.verdict import Verdict
from facts.where import Skipped, Where
from pipeline.belongings import belongings
from pipeline.clocks import Known
from pipeline.contract import FileCounts, Hit
from pipeline.holders import holder
from pipeline.keep_lake import Keeping, Kept, LakeWish
from pipeline.machine_table import table_at_hand
from pipeline.pool_list import pool_names
from pipeline.rhythms import hear

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


@dataclass(frozen=True, slots=True)
class World:
    """What was read and judged together: one file, or all files of a run."""

    counts: FileCounts
    skips: tuple[Skipped, ...]
    verdicts: tuple[Verdict, ...]
    ties: tuple[Tie, ...] = ()
    """What ties the addresses that mine to names."""
    kept: Kept | None = None
    """What the flow lake got of it; None where nothing was to be kept."""
    rhythm: Candidates | None = None
    """The flows that may be judged by their rhythm; None where another process read them."""
    clocks: tuple[Clock, ...] = ()
    """What was learned of when pools and coins told of work."""
    standings: tuple[Standing, ...] = ()
    """What is known of sealed dependencies."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file of which nothing could be read."""

    skipped: Skipped


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
        self._sum = _Sum()
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
                _judge(
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


class _Sum:
    """Adds up counts."""

    def __init__(self) -> None:
        self.packets = 0
        self.parsed = 0
        self.flows = 0
        self.bytes = 0
        self.tagged_flows = 0
        self.skipped: Counter[str] = Counter()
        self.damage: Counter[str] = Counter()
        self.released: Counter[str] = Counter()

    def add(self, counts: FileCounts) -> None:
        for name in ("packets", "parsed", "flows", "bytes", "tagged_flows"):
            setattr(self, name, getattr(self, name) + getattr(counts, name))
        for name in ("skipped", "damage", "released"):
            getattr(self, name).update(getattr(counts, name))

    def counts(self) -> FileCounts:
        return FileCounts(
            source="",
            packets=self.packets,
            parsed=self.parsed,
            skipped=self.skipped,
            damage=self.damage,
            flows=self.flows,
            bytes=self.bytes,
            tagged_flows=self.tagged_flows,
            released=self.released,
        )


def scan_alone(
    path: str,
    on_progress: Callable[[int, Sequence[Source]], None] | None = None,
    cap: int | None = None,
    matched: Matched | None = None,
    lake: LakeWish | None = None,
    workers: int | None = 1,
    known: Known | None = None,
) -> World | Refused:
    """Read and judge one file as a world of its own; `workers` as in capture.sources.ahead.readers."""
    try:
        with open_source(path) as source:
            told = None if on_progress is None else (lambda packets: on_progress(packets, [source]))
            return _judge(path, read_ahead(source, workers), [source], told, cap, matched, lake, known)
    except SourceError as error:
        return Refused(error.skipped())


def scan_elsewhere(path: str, cap: int | None, lake: LakeWish | None, known: Known | None) -> World | Refused:
    """Do the same in another process, which sends back what was found, but no rows."""
    found = scan_alone(path, None, cap, None, lake, known=known)
    return replace(found, rhythm=None) if isinstance(found, World) else found


def _way_to_read(
    files: int, workers: int | None
) -> tuple[Callable[[str, int], Source], Callable[[list[Any]], Iterator[Block]]]:
    """Return how each file is opened, and how the blocks of all come in the order of time."""
    if files == 1:
        return open_source, lambda sources: read_ahead(sources[0], workers)
    from capture.sources.merge import MergeSource, merged  # its kernels take time to load

    return MergeSource, lambda sources: merged(sources, workers)


def _judge(
    name: str,
    blocks: Iterable[Block],
    sources: Sequence[Source],
    on_progress: Callable[[int], None] | None,
    cap: int | None,
    matched: Matched | None = None,
    lake: LakeWish | None = None,
    known: Known | None = None,
) -> World:
    """Read blocks to their end and judge what they held; keep its flows where a lake is wished."""
    if lake is None:
        return _judged(name, blocks, sources, on_progress, cap, matched, None, known)
    with Keeping(lake, [source.name for source in sources]) as keeping:
        world = _judged(name, keeping.counted(blocks), sources, on_progress, cap, matched, keeping, known)
        return replace(world, kept=keeping.commit(whole=True))


def _judged(
    name: str,
    blocks: Iterable[Block],
    sources: Sequence[Source],
    on_progress: Callable[[int], None] | None,
    cap: int | None,
    matched: Matched | None,
    keeping: Keeping | None,
    known: Known | None,
) -> World:
    pools = pool_names()
    casebook = Casebook(name, pools, machines=table_at_hand())
    worker = _worker(pools, cap)
    rhythm: Candidates | None = None
    windows = WindowSettings(records=keeping is not None)
    for seen in worker.run(blocks, sources, on_progress, matched, windows):
        if isinstance(seen, Conversation):
            casebook.conclude(seen)
        elif isinstance(seen, Window):
            rhythm = seen.candidates if seen.last else rhythm
            if keeping is not None:
                keeping.add(seen)
        else:
            casebook.observe(seen)
    summary = worker.summary
    if summary.packets != summary.parsed + sum(summary.skipped.values()):
        raise AssertionError(
            f"{name}: {summary.packets} packets are not {summary.parsed} + {summary.skipped}"
        )
    counts = FileCounts(
        source=name,
        packets=summary.packets,
        parsed=summary.parsed,
        skipped=summary.skipped,
        damage=summary.damage,
        flows=summary.flows,
        bytes=summary.bytes,
        tagged_flows=summary.tagged_flows,
        released=_limits({**summary.released, **summary.unlogged}, casebook.dropped, summary.evicted),
    )
    if rhythm is not None:
        hear(casebook, rhythm, [source.name for source in sources], known)
    verdicts = tuple(casebook.verdicts())
    return World(
        counts,
        summary.skips,
        verdicts,
        tuple(casebook.ties(verdicts)),
        rhythm=rhythm,
        clocks=tuple(casebook.clocks()),
        standings=tuple(casebook.standings()),
    )


def _limits(released: Mapping[str, int], dropped: Mapping[str, int], evicted: int) -> Mapping[str, int]:
    """Return what was let go by reason, ceilings that were reached included."""
    found = Counter(released)
    found.update({f"casebook-{name}": count for name, count in dropped.items()})
    if evicted:
        found["flow-table-full"] = evicted
    return found


def compile_kernels() -> None:
    """Import every kernel, which compiles what no cache holds."""
    import capture.sources.merge
    import capture.sources.pcapng
    import capture.sources.ring_kernel  # noqa: F401 - imported for their kernels

    _worker(pool_names(), None)


TOGETHER = 1024
"""Packets of inspected flows read at once: a replay judges at its end, so nobody waits for them."""


class _Mine(threading.local):
    """Each thread's worker: beginning another world with it is cheaper than making one."""

    worker: Worker | None = None
    made_for: tuple[PoolNames, int | None] | None = None


_mine = _Mine()


def _worker(pools: PoolNames, cap: int | None) -> Worker:
    if _mine.worker is None or _mine.made_for != (pools, cap):
        domains = pools.domains | resolvers()  # what they hide is worth knowing
        _mine.worker = Worker(domains, CAP if cap is None else cap, together=TOGETHER)
        _mine.made_for = pools, cap
    return _mine.worker


def shown(hit: Hit, lists: OperatorLists) -> Hit:
    """Return a hit as the operator's lists show it."""
    other = overruled(hit.verdict, lists)
    return hit if other is None else replace(hit, verdict=other)


def is_found(verdict: Verdict) -> bool:
    """Say whether a verdict makes a run exit with 1: a mining role at likely or more."""
    return verdict.role in MINING_ROLES and LEVEL_ORDER.index(verdict.level) >= LEVEL_ORDER.index(
        Level.LIKELY
    )
