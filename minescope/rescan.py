"""`minescope rescan`: past traffic of the flow lake, judged with the clocks and the model of today."""

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_FOUND, EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from facts.evidence import Evidence


def rescan(
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="First day, UTC.", show_default=False),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, UTC.", show_default=False),
    ] = None,
    probe: Annotated[
        str | None, typer.Option("--probe", help="Of this probe only.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was scanned with the same clocks and model before.")
    ] = False,
    reduced: Annotated[
        bool,
        typer.Option(
            "--reduced",
            help="Judge by counts alone, also on days with rhythms, what has none: docs/reduced.md.",
        ),
    ] = False,
    sampling: Annotated[
        float, typer.Option(min=1, help="Flow records count one packet in so many.", show_default=True)
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a verdict.")] = False,
    lang: Annotated[
        Lang | None,
        typer.Option(help="Language of sentences: en or zh. Default: from LANG.", show_default=False),
    ] = None,
) -> int:
    """Hold past traffic against what is known today: clocks that were learned since, and the present model.

    **Reads** the flow lake that `replay --store` and `probe --store` write, day by day and probe by probe.
    A day is judged where its files, the clocks that tell of it or the model are new. A day of which flow
    records were kept but no packets is judged by counts alone, which makes no more than a suspicion.

    **Saves** the verdicts as a replay with --store does, under the source `lake:date=.../probe=...`, each day
    when it is done: a rescan that was broken off goes on where it was.

    **Exit codes**: 0 nothing found; 1 a mining role at likely or more; 2 files of the lake are damaged and
    were left out, or the store could not be read.
    """
    from classifier.phrases import render
    from classifier.shape import loaded
    from minescope.output import writer_of
    from pipeline.contract import Hit
    from pipeline.rescan import Rescan
    from pipeline.scan import is_found
    from pipeline.settings import load_settings
    from pipeline.shape import scored
    from store.database import open_database
    from store.lake import Lake, Wanted

    language = chosen(lang)

    def sentence(evidence: "Evidence") -> str:
        return render(evidence, language.value)

    settings = load_settings()
    wanted = Wanted(since.date() if since else None, until.date() if until else None, probe)
    found = damaged = False
    days = flows = counted = verdicts = 0
    with open_database(settings.database_url) as database:
        run = Rescan(
            database,
            Lake(settings.lake),
            time.time_ns(),  # a door's clock: it names the run
            sentence,
            wanted=wanted,
            shape=scored,
            model=loaded().identity,
            everything=everything,
            reduced=reduced,
            sampling=sampling,
        )
        writer = writer_of(as_json, False, None, language, sentence) if as_json else None
        for done in run:
            days += done.fresh
            flows += done.flows
            counted += done.reduced
            verdicts += len(done.verdicts)
            for each in done.damaged:
                damaged = True
                print(f"minescope: left out: {each.path}: {each.why}", file=sys.stderr)
            for verdict in done.verdicts:
                found |= is_found(verdict)
                if writer is not None:
                    writer.write(Hit(verdict, None))
                elif is_found(verdict):
                    typer.echo(
                        f"{verdict.level.value}\t{verdict.address}\t{verdict.role.value}\t{verdict.source}"
                    )
    by_counts = f", {counted:,} dependencies by counts alone" if counted else ""
    typer.echo(
        f"minescope: {days:,} days of probes scanned, {flows:,} flows{by_counts}, {verdicts:,} verdicts kept",
        err=True,
    )
    if damaged:
        return EXIT_UNREADABLE
    return EXIT_FOUND if found else EXIT_NOTHING
