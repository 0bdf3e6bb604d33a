"""One world: what was read and judged together, be it one file or all files of a run."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from capture.matched import Matched
from capture.records import Block
from capture.rhythm import Candidates
from capture.sieve.sieve import CAP
from capture.sources.ahead import read_ahead
from capture.sources.opening import open_source
from capture.sources.source import Source, SourceError
from capture.windows import Window, WindowSettings
from capture.worker import Worker
from classifier.casebook import Casebook
from classifier.clocks import Clock
from classifier.encrypted import Standing
from classifier.ownership_model import Tie
from classifier.poolnames import PoolNames
from classifier.resolvers import resolvers
from facts.conversation import Conversation
from facts.verdict import Verdict
from facts.where import Skipped
from pipeline.clocks import Known
from pipeline.contract import FileCounts
from pipeline.keep_lake import Keeping, Kept, LakeWish
from pipeline.machine_table import table_at_hand
from pipeline.pool_list import pool_names
from pipeline.rhythms import hear

TOGETHER = 8192
"""Packets of inspected flows read at once: a replay judges at its end, so nobody waits for them."""


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
            return judged(path, read_ahead(source, workers), [source], told, cap, matched, lake, known)
    except SourceError as error:
        return Refused(error.skipped())


def scan_elsewhere(path: str, cap: int | None, lake: LakeWish | None, known: Known | None) -> World | Refused:
    """Do the same in another process, which sends back what was found, but no rows."""
    found = scan_alone(path, None, cap, None, lake, known=known)
    return replace(found, rhythm=None) if isinstance(found, World) else found


def judged(
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
        return _read(name, blocks, sources, on_progress, cap, matched, None, known)
    with Keeping(lake, [source.name for source in sources]) as keeping:
        world = _read(name, keeping.counted(blocks), sources, on_progress, cap, matched, keeping, known)
        return replace(world, kept=keeping.commit(whole=True))


def _read(
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
    if rhythm is not None:
        hear(casebook, rhythm, [source.name for source in sources], known)
    verdicts = tuple(casebook.verdicts())
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
