"""The run of `minescope replay`: what was asked for, what is read, and what is written when."""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from facts.errors import UsageError
from facts.names import MINING_ROLES, Role
from minescope.exits import EXIT_FOUND, EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen, worded

CYCLES = 100_000, 20, 50
"""How seldom Python looks for cycles (gc.set_threshold): observations live for microseconds and hold none,
and looking every 700 objects costs a third."""
FILE_CYCLES = 500_000, 20, 50
"""The same in files, where no ring fills up meanwhile: nearly all that is remembered stays."""
SWITCH_S = 0.000_5
"""Longest that a thread in Python keeps the others waiting; after the default of 5 ms a thread that reads
ahead, or the ring of a fast network, would have waited for several blocks."""
COMPILING = "compiling the packet kernels; this happens once and takes some seconds"

if TYPE_CHECKING:
    from classifier.operator_lists import OperatorLists
    from facts.evidence import Evidence
    from pipeline.clocks import Known
    from pipeline.keep_lake import Kept, LakeWish
    from registry.attribution import Attributor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks for; minescope/replay.py tells the meaning of each."""

    paths: Sequence[str]
    each: bool = False
    jobs: int = 1
    workers: int | None = None
    as_json: bool = False
    as_csv: bool = False
    roles: Sequence[Role] = ()
    everything: bool = False
    cap: int | None = None
    registry: Path | None = None
    store: bool = False
    probe: str = "replay"
    clocks: Sequence[Path] = ()
    lang: Lang | None = None
    quiet: bool = False

    def check(self) -> None:
        """Raise UsageError where what is asked for contradicts itself."""
        if self.as_json and self.as_csv:
            raise UsageError("--json and --csv exclude each other")
        if self.jobs > 1 and not self.each:
            raise UsageError("--jobs needs --each: files that are one network are read in the order of time")
        if self.jobs > 1 and (self.workers or 1) > 1:
            raise UsageError("--jobs and --workers exclude each other: processes, or threads of one")
        if self.everything and self.roles:
            raise UsageError("--all and --role exclude each other")


def run(wanted: Wanted) -> int:
    """Read the captures, write what is found, keep it where that is wanted; return the exit code."""
    wanted.check()
    lang = chosen(wanted.lang)
    from capture.compiled import announce_compilation
    from classifier.phrases import render
    from minescope.output import writer_of
    from minescope.progress import Progress
    from pipeline.contract import Hit, Totals

    def sentence(evidence: "Evidence") -> str:
        return render(evidence, lang.value)

    gc.set_threshold(*FILE_CYCLES)
    sys.setswitchinterval(SWITCH_S)
    roles = None if wanted.everything else frozenset(wanted.roles or MINING_ROLES)
    writer = writer_of(wanted.as_json, wanted.as_csv, roles, lang, sentence)
    found = unreadable = False
    kept: list[Hit] = []
    began = time.monotonic()
    with Progress(quiet=wanted.quiet) as progress:
        announce_compilation(lambda: progress.say(COMPILING))
        from pipeline.scan import Scan, Unreadable, is_found, shown

        gc.freeze()  # what was imported stays to the end
        lists = cache(lists_to_apply)  # asked for with the first verdict
        scan = Scan(
            wanted.paths,
            each=wanted.each,
            jobs=wanted.jobs,
            workers=wanted.workers,
            cap=wanted.cap,
            attributor=attributor_of(wanted.registry, progress.say),
            on_progress=progress,
            hold=wanted.store,
            lake=lake_wish(wanted.probe) if wanted.store else None,
            known=known_before(wanted.clocks, wanted.store),
        )
        for outcome in scan:
            if isinstance(outcome, Unreadable):
                unreadable = True
                complain(worded(outcome.error, lang))
                continue
            if isinstance(outcome, Hit):
                if wanted.store:
                    kept.append(outcome)  # as it was judged
                outcome = shown(outcome, lists())
                found |= is_found(outcome.verdict)
            writer.write(outcome)
        if wanted.store:
            from pipeline.keep import keep

            started_ns = time.time_ns()  # a door's clock: when this run was made, not when traffic flowed
            said = keep(
                *(kept, scan.sources, started_ns, sentence),
                *(scan.ties, scan.held, scan.clocks, scan.standings),
            )
            progress.say(said)
            unreadable |= not told_of_lake(scan.kept, progress.say)
    writer.finish(Totals(scan.totals, scan.files, time.monotonic() - began))
    if unreadable:
        return EXIT_UNREADABLE
    return EXIT_FOUND if found else EXIT_NOTHING


def complain(text: str) -> None:
    """Write one line on standard error, wanted or not."""
    print(f"minescope: {text}", file=sys.stderr, flush=True)


def known_before(files: Sequence[Path], store: bool) -> "Known | None":
    """Return the clocks of files, and with `store` what the database knows of clocks and sealed traffic."""
    if not files and not store:
        return None
    from pipeline.clocks import known_of

    if not store:
        return known_of(files)
    from pipeline.settings import load_settings

    return known_of(files, load_settings().database_url)


def lake_wish(probe: str) -> "LakeWish":
    """Return where the settings have flows kept."""
    from pipeline.keep_lake import LakeWish
    from pipeline.settings import load_settings
    from store.lake_writing import probe_name

    return LakeWish(load_settings().lake, probe_name(probe))


def told_of_lake(kept: "Kept", say: Callable[[str], None]) -> bool:
    """Say what the lake got, and on standard error in any case what it did not; return whether it got all."""
    if kept.flows:
        say(str(kept))
    for fault in kept.faults:
        complain(f"flows not kept: {fault}")
    return not kept.faults


def lists_to_apply() -> "OperatorLists":
    """Return the operator's lists; where they cannot be read, that is said and the captures are read on."""
    from classifier.operator_lists import OperatorLists
    from facts.errors import StoreError
    from pipeline.pool_list import operator_lists

    try:
        return operator_lists()
    except StoreError as error:
        complain(f"the operator's lists are not applied: {error}")
        return OperatorLists()


def attributor_of(folder: Path | None, say: Callable[[str], None]) -> "Attributor | None":
    """Read a registry folder, saying what of it was refused; None where there is none."""
    if folder is None:
        return None
    from registry.attribution import Attributor
    from registry.csv_import import load_folder

    imported = load_folder(folder)
    for notice in imported.notices:
        say(notice)
    for error in imported.errors:
        say(f"registry row refused: {error}")
    return Attributor(imported.data) if imported.data else None
