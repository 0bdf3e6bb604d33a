"""`minescope replay`: capture files in, verdicts out."""

from typing import Annotated

import typer

from facts.names import Role
from minescope.replaying import Wanted, run
from minescope.run_options import ClockFiles, Keep, Language, RegistryFolder


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
    return run(
        Wanted(
            paths=paths,
            each=each,
            jobs=jobs,
            workers=workers,
            as_json=as_json,
            as_csv=as_csv,
            roles=roles or (),
            everything=everything,
            cap=cap,
            registry=registry,
            store=store,
            probe=probe,
            clocks=clocks or (),
            lang=lang,
            quiet=quiet,
        )
    )
