"""`minescope probe`: live packets in, verdicts out as they firm up."""

from typing import Annotated, Literal

import typer

from minescope.language import chosen
from minescope.run_options import ClockFiles, Keep, Language, RegistryFolder


def probe(
    interfaces: Annotated[
        list[str],
        typer.Argument(metavar="INTERFACE...", help="Network interfaces to listen on.", show_default=False),
    ],
    workers: Annotated[
        int,
        typer.Option("--workers", "-w", min=1, max=64, help="Rings and threads that share each interface."),
    ] = 1,
    expression: Annotated[
        str | None,
        typer.Option(
            "--filter", "-f", help="Take only what a filter of tcpdump's language names.", show_default=False
        ),
    ] = None,
    ring_mb: Annotated[
        int, typer.Option("--ring-mb", min=2, max=16_384, help="Megabytes of each ring.")
    ] = 64,
    cap: Annotated[
        int,
        typer.Option(
            "--cap",
            min=1_024,
            max=1 << 26,
            envvar="MINESCOPE_CAP",
            show_envvar=True,
            help="Flows that each worker holds at once.",
        ),
    ] = 1 << 20,
    idle: Annotated[
        str | None,
        typer.Option(
            metavar="KIND=S,...",
            help="Seconds of silence after which flows leave the table: closed, unanswered, udp, tcp.",
            show_default="closed=30,unanswered=120,udp=300,tcp=1800",
        ),
    ] = None,
    pin: Annotated[
        str | None,
        typer.Option(
            metavar="CPUS",
            help="Processors that the workers are held to, e.g. 2,3 or 2-5.",
            show_default=False,
        ),
    ] = None,
    snaplen: Annotated[
        int, typer.Option(min=64, max=262_144, help="Bytes captured of one packet; less reads less.")
    ] = 262_144,
    promiscuous: Annotated[
        bool,
        typer.Option("--promiscuous/--no-promiscuous", help="Ask for packets to other machines as well."),
    ] = True,
    duration: Annotated[
        float | None,
        typer.Option(min=0.1, help="Seconds to listen; without it until stopped.", show_default=False),
    ] = None,
    every: Annotated[
        float, typer.Option("--every", min=0.1, max=3600, help="Seconds between two judgements at least.")
    ] = 5.0,
    source: Annotated[
        Literal["ring", "scapy"] | None,
        typer.Option(
            help="How packets are taken: `ring` on Linux, `scapy` (slow) elsewhere.", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write one JSON object a line: verdicts as they firm up, a summary."),
    ] = False,
    registry: RegistryFolder = None,
    store: Keep = False,
    clocks: ClockFiles = None,
    lang: Language = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No status on standard error.")] = False,
) -> int:
    """Listen on interfaces and say who mines, while it happens.

    **Needs** CAP_NET_RAW and gives everything else up before it opens an interface. Packets are read in place
    from a ring that Linux fills; where the ring overflows they are lost, counted and shown: with a larger
    --ring-mb it holds out longer, and more --workers read faster.

    **Writes** with --json a verdict whenever one is new or its level changes, every final verdict at the end,
    and a summary that adds up: packets = parsed + skipped, with `dropped-by-kernel` among what was skipped.
    Without --json what changes is told on standard error, and a table follows at the end. On a terminal a
    line shows rate, loss, flows, memory and hits.

    **Ends** at SIGINT or SIGTERM, or after --duration: no more packets are taken, and those in the ring are
    still read.

    **Examples**

        minescope probe eth1 --json --store

        minescope probe eth1 eth2 --workers 2 --ring-mb 512 --pin 2-5

        minescope probe eth1 --filter 'tcp or udp port 53' --duration 3600

    **Exit codes**: 0 nothing found; 1 a mining role at likely or more; 2 an interface could not be opened;
    3 wrong usage or settings.
    """
    from capture.sources.ring_rights import keep_only_raw_access

    keep_only_raw_access()  # before anything is imported that starts a thread

    from minescope.watching import Wanted, Watch, cpus_of, idle_timeouts

    wanted = Wanted(
        interfaces=tuple(interfaces),
        workers=workers,
        filter=expression,
        ring_mb=ring_mb,
        cap=cap,
        timeouts=idle_timeouts(idle),
        cpus=cpus_of(pin),
        snap_length=snaplen,
        promiscuous=promiscuous,
        duration_s=duration,
        every_s=every,
        source=source,
        registry=registry,
        store=store,
        quiet=quiet,
        clocks=tuple(clocks or ()),
    )
    return Watch(wanted, chosen(lang), as_json).run()
