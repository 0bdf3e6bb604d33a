"""The run of `minescope probe`: signals, the clock, the status line, and what is written when."""

import gc
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

import typer

from facts.endpoint import Address
from facts.errors import StoreError, UsageError
from facts.names import MINING_ROLES, Role
from minescope.exits import EXIT_FOUND, EXIT_NOTHING
from minescope.language import Lang
from minescope.replaying import (
    COMPILING,
    CYCLES,
    SWITCH_S,
    attributor_of,
    known_before,
    lake_wish,
    lists_to_apply,
    told_of_lake,
)

if TYPE_CHECKING:
    from capture.sources.source import LiveSource
    from capture.timeouts import Timeouts
    from facts.evidence import Evidence
    from pipeline.contract import Hit
    from pipeline.keep_lake import LiveKeeping
    from pipeline.keep_live import Keeper
    from pipeline.probe import Probe

TICK_S = 0.2
"""Longest wait for something to happen: how late a signal, a tick or the end of --duration may be seen."""
STATUS_S, LINE_S = 1.0, 60.0
"""Between two states of the status line; between two lines where standard error is no terminal."""
TIES_S = 600.0
"""Between two times at which who belongs together is kept, and clusters are made anew."""
JUDGING_SHARE = 100
"""A judgement that took t seconds is followed by none for 100 t: a large casebook is judged less often, and
judging takes a hundredth of a processor."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; minescope/probe.py tells the meaning of each."""

    interfaces: tuple[str, ...]
    workers: int
    filter: str | None
    ring_mb: int
    cap: int
    timeouts: "Timeouts"
    cpus: tuple[int, ...]
    snap_length: int
    promiscuous: bool
    duration_s: float | None
    every_s: float
    source: Literal["ring", "scapy"] | None
    registry: Path | None
    store: bool
    quiet: bool
    clocks: tuple[Path, ...] = ()


class Watch:
    """One run of the command."""

    def __init__(self, wanted: Wanted, lang: Lang, as_json: bool) -> None:
        self._wanted = wanted
        self._lang = lang
        self._json = as_json
        self._stopping = False
        self._hits: set[tuple[Address, Role]] = set()
        self._lake: LiveKeeping | None = None

    def run(self) -> int:
        """Listen until told to stop; return the exit code."""
        from capture.compiled import announce_compilation
        from classifier.phrases import render
        from minescope.output import writer_of
        from pipeline.contract import Totals

        wanted = self._wanted

        def sentence(evidence: "Evidence") -> str:
            return render(evidence, self._lang.value)

        gc.set_threshold(*CYCLES)
        sys.setswitchinterval(SWITCH_S)
        announce_compilation(lambda: self._say(COMPILING))
        attributor = attributor_of(wanted.registry, self._say)
        from pipeline.probe import Probe
        from pipeline.scan import is_found, shown

        name = ", ".join(wanted.interfaces)
        sources = _open(wanted)
        writer = writer_of(self._json, False, frozenset(MINING_ROLES), self._lang, sentence)
        probe = Probe(
            name,
            sources,
            cap=wanted.cap,
            timeouts=wanted.timeouts,
            cpus=wanted.cpus,
            attributor=attributor,
            hold=wanted.store,
            records=wanted.store,
            known=known_before(wanted.clocks, wanted.store),
        )
        keeper = _keeper(name, sentence) if wanted.store else None
        ties_at = time.monotonic() + TIES_S
        self._lake = _lake_keeper(name) if wanted.store else None
        began = time.monotonic()
        try:
            with self._signals():
                probe.start()
                self._say(f"listening on {name}")
                for changed in self._changes(probe, began, keeper):
                    gone = probe.withdrawn()
                    self._hits -= gone
                    if keeper is not None:
                        self._keep(keeper, changed, probe, gone)
                        if (now := time.monotonic()) >= ties_at:
                            ties_at = now + TIES_S
                            self._keep_ties(keeper, probe)
                    lists = lists_to_apply()
                    for hit in (shown(hit, lists) for hit in changed):
                        if is_found(hit.verdict):
                            self._hits.add((hit.verdict.address, hit.verdict.role))
                        if self._json:
                            writer.write(hit)
                        elif is_found(hit.verdict):
                            self._say(
                                f"{hit.verdict.level.value}: {hit.verdict.address} {hit.verdict.role.value}"
                            )
                    sys.stdout.flush()
            self._keep_windows(probe, keeper)
            ended = probe.end()
        finally:
            probe.close()
        seconds = time.monotonic() - began
        lists = lists_to_apply()
        final = [shown(hit, lists) for hit in ended.hits]
        for skipped in ended.skips:
            writer.write(skipped)
        for hit in final:
            writer.write(hit)
        if keeper is not None:
            keeper.keep_all(ended.hits, probe.packets)
            keeper.keep_ties(probe.ties())
            self._say(f"kept {keeper.kept:,} verdicts and {keeper.packets:,} packets of their evidence")
        writer.finish(Totals(ended.counts, len(wanted.interfaces), seconds))
        return EXIT_FOUND if any(is_found(hit.verdict) for hit in final) else EXIT_NOTHING

    def _keep(
        self,
        keeper: "Keeper",
        changed: list["Hit"],
        probe: "Probe",
        withdrawn: set[tuple[Address, Role]],
    ) -> None:
        """Save what changed; a database that is away for a while ends no probe: all is saved at the end."""
        try:
            keeper.keep(changed, probe.packets, withdrawn)
        except StoreError as error:
            self._say(f"not kept yet: {error}")

    def _keep_ties(self, keeper: "Keeper", probe: "Probe") -> None:
        """Save who belongs together, as far as it is known; the end does it once more."""
        try:
            keeper.keep_ties(probe.ties())
        except StoreError as error:
            self._say(f"not kept yet: {error}")

    def _keep_windows(self, probe: "Probe", keeper: "Keeper | None") -> None:
        """Keep the flows of windows that have ended, and what was learned in them; a disk that is full, or a
        database that is away, ends no probe."""
        windows = probe.windows()
        if windows and self._lake is not None:
            told_of_lake(self._lake.add(windows), self._say)
        if keeper is not None and any(len(window.candidates.flows) or window.last for window in windows):
            try:
                keeper.keep_rhythms(probe.clocks, probe.standings)
            except StoreError as error:
                self._say(f"not kept yet: {error}")

    def _changes(self, probe: "Probe", began: float, keeper: "Keeper | None") -> Iterator[list["Hit"]]:
        """Yield verdicts that changed, until the probe has read all that it took."""
        wanted = self._wanted
        judge_at = began + wanted.every_s
        status = _Status(wanted.quiet, began)
        stopped = False
        while probe.take(TICK_S):
            self._keep_windows(probe, keeper)
            now = time.monotonic()
            if wanted.duration_s is not None and now - began >= wanted.duration_s:
                self._stopping = True
            if self._stopping and not stopped:
                stopped = True
                probe.stop()
            if now >= judge_at:
                changed = probe.new()
                if changed or probe.has_withdrawn:
                    status.clear()
                    yield changed
                taken = time.monotonic() - now
                judge_at = now + max(wanted.every_s, JUDGING_SHARE * taken)
            status.show(now, probe, len(self._hits))
        status.clear()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as the wish to stop cleanly; a second one ends the program as usual."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def stop(number: int, frame: FrameType | None) -> None:
            self._stopping = True
            for each, handler in before.items():
                signal.signal(each, handler)

        for number in before:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _say(self, text: str) -> None:
        if not self._wanted.quiet:
            typer.echo(f"minescope: {text}", err=True)


class _Status:
    """Rate, loss, flows, memory and hits: one line that stays on a terminal, seldom lines elsewhere."""

    def __init__(self, quiet: bool, began: float) -> None:
        self._terminal = sys.stderr.isatty()
        self._every_s = STATUS_S if self._terminal else LINE_S
        self._quiet = quiet
        self._shown_at = began
        self._packets = 0
        self._is_shown = False

    def show(self, now: float, probe: "Probe", hits: int) -> None:
        """Show where the probe is, when it is time."""
        if self._quiet or now - self._shown_at < self._every_s:
            return
        standing = probe.standing
        met = standing.packets + standing.lost
        rate = (met - self._packets) / (now - self._shown_at)
        self._shown_at, self._packets = now, met
        share = standing.lost / met if met else 0.0
        text = (
            f"{rate:,.0f} packets/s, {share:.2%} lost, {standing.flows:,} flows "
            f"({standing.idle:,} gone idle), "
            f"{_memory_mb():,.0f} MB, {hits:,} hits"
        )
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
            self._is_shown = True
        else:
            sys.stderr.write(f"minescope: {text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be written."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            self._is_shown = False


def _keeper(name: str, sentence: Callable[["Evidence"], str]) -> "Keeper":
    from pipeline.keep_live import Keeper

    return Keeper(name, time.time_ns(), sentence)  # a door's clock: it names the run


def _lake_keeper(name: str) -> "LiveKeeping":
    from pipeline.keep_lake import LiveKeeping

    return LiveKeeping(lake_wish(name), name)


def _memory_mb() -> float:
    """Resident memory now, rings included where they were written to."""
    import resource

    try:
        with open("/proc/self/statm", encoding="ascii") as pages:
            return int(pages.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:  # not Linux: the largest it was
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _open(wanted: Wanted) -> "list[LiveSource]":
    """Open the interfaces, each as many times as there are workers."""
    if (wanted.source or ("ring" if sys.platform == "linux" else "scapy")) == "scapy":
        from minescope.sniffer import Sniffer

        if wanted.workers > 1:
            raise UsageError("--workers needs the rings of Linux; scapy's sniffer is one thread")
        return [Sniffer(name, wanted.filter, wanted.promiscuous) for name in wanted.interfaces]
    from capture.sources.ring import RingSettings, open_rings
    from capture.sources.ring_filter import compile_filter

    program = None
    if wanted.filter:
        program = compile_filter(wanted.filter, wanted.interfaces[0], wanted.snap_length)
    settings = RingSettings(wanted.ring_mb, wanted.snap_length, wanted.promiscuous, program)
    return list(open_rings(wanted.interfaces, wanted.workers, settings))


def idle_timeouts(given: str | None) -> "Timeouts":
    """Return the timeouts of idle flows: the option's, else those of the settings. Raises SettingsError."""
    from capture.timeouts import timeouts_of
    from pipeline.settings import load_settings

    return timeouts_of(load_settings(idle=given).idle)


def cpus_of(text: str | None) -> tuple[int, ...]:
    """Read a list of processors as taskset does: 2,3 or 2-5. Raises UsageError for what is none."""
    if text is None:
        return ()
    cpus: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UsageError(f"--pin {text}: not a list of processors such as 2,3 or 2-5")
        cpus += range(int(first), int(last or first) + 1)
    import os

    there = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(cpus)
    if missing := [cpu for cpu in cpus if cpu not in there]:
        raise UsageError(f"--pin {text}: processor {missing[0]} is not there, or not for this program")
    return tuple(cpus)
