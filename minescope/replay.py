"""`minescope replay`: capture files in, verdicts out."""

import gc
import sys
import time
from collections.abc import Callable, Collection, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facts.names import MINING_ROLES, Role
from minescope.exits import EXIT_FOUND, EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen, worded
from minescope.run_options import ClockFiles, Keep, Language, RegistryFolder

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


def replay(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Capture files, folders (read recursively), glob patterns, or `-` for standard input.",
            show_default=False,
        ),
    ],
    each: Annotated[
        bool,
        typer.Option("--each", help="Judge every file alone: nothing learned in one is used in another."),
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, max=256, help="Processes that read files; needs --each.")
    ] = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            min=1,
            max=64,
            help="Threads that read ahead; with --each several files at once. Default: 2 for packed files.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write one JSON object a line: verdicts, skipped places, a summary."),
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write one row a verdict, with a header.")] = False,
    roles: Annotated[
        list[Role] | None,
        typer.Option("--role", help="Show only this role in the table; may be repeated.", show_default=False),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every role and what was cleared in the table.")
    ] = False,
    cap: Annotated[
        int | None,
        typer.Option(
            "--cap",
            min=1_024,
            max=1 << 26,
            envvar="MINESCOPE_CAP",
            show_envvar=True,
            show_default=False,
            help="Flows held at once, 144 bytes each; beyond it the least wanted are given up, and counted.",
        ),
    ] = None,
    registry: RegistryFolder = None,
    store: Keep = False,
    probe: Annotated[
        str, typer.Option("--probe", metavar="NAME", help="Where the captures are from: names their flows.")
    ] = "replay",
    clocks: ClockFiles = None,
    lang: Language = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> int:
    """Read captures and say who mines, how that is known, whose the address is and where it stands.

    **Reads** pcap and pcapng in every variant that libpcap writes, also as .gz, .zst, .lz4, .bz2 and .xz
    (told by content, not by name). Damaged files are read up to the damage. What is not read is counted by
    reason, and the summary adds up: packets = parsed + skipped.

    **Without --each** all files are one network, merged in the order of time: a connection may begin in one
    file and end in the next. **With --each** every file is a world of its own, and `--jobs` or `--workers`
    read several at once. What is found is the same with any number.

    **Writes** a table for a person, or with --json or --csv what other programs read (docs/output.md).
    Progress goes to standard error. Nothing is kept unless --store is given.

    **Levels** are confirmed (a mining exchange was read in both directions), likely, suspected and cleared.
    A node or a wallet of a blockchain network is shown as what it is: it does not mine. The table shows the
    mining roles; --json and --csv always hold everything, cleared endpoints with a mining witness included.
    What the operator allows or denies (`minescope pools`) is shown so; what --store keeps is what was judged.

    **Examples**

        minescope replay monday.pcap.gz

        minescope replay /captures --each --jobs 2 --json > verdicts.jsonl

        tcpdump -w - -r big.pcap tcp | minescope replay - --registry ./registry

    **Exit codes**: 0 nothing found; 1 a mining role at likely or more; 2 a PATH could not be read (unreadable
    files inside a folder are counted instead); 3 wrong usage or settings.
    """
    from facts.errors import UsageError

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    if jobs > 1 and not each:
        raise UsageError("--jobs needs --each: files that are one network are read in the order of time")
    if jobs > 1 and (workers or 1) > 1:
        raise UsageError("--jobs and --workers exclude each other: processes, or threads of one")
    if everything and roles:
        raise UsageError("--all and --role exclude each other")
    shown = None if everything else frozenset(roles or MINING_ROLES)
    wanted = _Replay(chosen(lang), as_json, as_csv, shown, quiet)
    return wanted.run(paths, each, jobs, workers, cap, registry, probe if store else None, clocks or ())


class _Replay:
    """One run of the command: what is wanted, and what was seen so far."""

    def __init__(
        self, lang: Lang, as_json: bool, as_csv: bool, roles: Collection[Role] | None, quiet: bool
    ) -> None:
        self._lang = lang
        self._json = as_json
        self._csv = as_csv
        self._roles = roles
        self._quiet = quiet

    def run(
        self,
        paths: list[str],
        each: bool,
        jobs: int,
        workers: int | None,
        cap: int | None,
        registry: Path | None,
        probe: str | None,
        clocks: Sequence[Path],
    ) -> int:
        """Read the captures; what is found is kept under the name of a probe where there is one."""
        from capture.compiled import announce_compilation
        from classifier.phrases import render
        from minescope.output import writer_of
        from minescope.progress import Progress
        from pipeline.contract import Hit, Totals

        def sentence(evidence: "Evidence") -> str:
            return render(evidence, self._lang.value)

        gc.set_threshold(*FILE_CYCLES)
        sys.setswitchinterval(SWITCH_S)
        writer = writer_of(self._json, self._csv, self._roles, self._lang, sentence)
        found = unreadable = False
        store = probe is not None
        kept: list[Hit] = []
        began = time.monotonic()
        with Progress(quiet=self._quiet) as progress:
            announce_compilation(lambda: progress.say(COMPILING))
            from pipeline.scan import Scan, Unreadable, is_found, shown

            gc.freeze()  # what was imported stays to the end
            lists = cache(lists_to_apply)  # asked for with the first verdict

            scan = Scan(
                paths,
                each=each,
                jobs=jobs,
                workers=workers,
                cap=cap,
                attributor=attributor_of(registry, progress.say),
                on_progress=progress,
                hold=store,
                lake=None if probe is None else lake_wish(probe),
                known=known_before(clocks, store),
            )
            for outcome in scan:
                if isinstance(outcome, Unreadable):
                    unreadable = True
                    typer.echo(f"minescope: {worded(outcome.error, self._lang)}", err=True)
                    continue
                if isinstance(outcome, Hit):
                    if store:
                        kept.append(outcome)  # as it was judged
                    outcome = shown(outcome, lists())
                    found |= is_found(outcome.verdict)
                writer.write(outcome)
            if store:
                from pipeline.keep import keep

                started_ns = time.time_ns()  # a door's clock: when this run was made, not when traffic flowed
                progress.say(
                    keep(
                        kept,
                        scan.sources,
                        started_ns,
                        sentence,
                        scan.ties,
                        scan.held,
                        scan.clocks,
                        scan.standings,
                    )
                )
                unreadable |= not told_of_lake(scan.kept, progress.say)
        writer.finish(Totals(scan.totals, scan.files, time.monotonic() - began))
        if unreadable:
            return EXIT_UNREADABLE
        return EXIT_FOUND if found else EXIT_NOTHING


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
        typer.echo(f"minescope: flows not kept: {fault}", err=True)
    return not kept.faults


def lists_to_apply() -> "OperatorLists":
    """Return the operator's lists; where they cannot be read, that is said and the captures are read on."""
    from classifier.operator_lists import OperatorLists
    from facts.errors import StoreError
    from pipeline.pool_list import operator_lists

    try:
        return operator_lists()
    except StoreError as error:
        typer.echo(f"minescope: the operator's lists are not applied: {error}", err=True)
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
