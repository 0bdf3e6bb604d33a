"""`minescope lake`: what the flow lake holds, what goes, and its rows for other programs."""

import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facts.errors import StoreError, UsageError
from minescope.exits import EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.lake import Damaged, Lake, Wanted

lake = typer.Typer(
    name="lake",
    no_args_is_help=True,
    help="Look at the flow lake, take rows out, merge files, let old days go.",
)

_WORDS = {
    Lang.EN: ("table", "days", "files", "rows", "megabytes", "left out"),
    Lang.ZH: ("表", "日期", "文件", "行数", "兆字节", "未读取"),
}
_AGE = re.compile(r"(\d+)\s*(d|w)")
_DAYS = {"d": 1, "w": 7}

Since = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="First day, UTC.", show_default=False)
]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, UTC.", show_default=False)
]
Probe = Annotated[str | None, typer.Option("--probe", help="Of this probe only.", show_default=False)]


@lake.command()
def info(
    since: Since = None,
    until: Until = None,
    probe: Probe = None,
    lang: Annotated[Lang | None, typer.Option(help="en or zh.", show_default=False)] = None,
) -> int:
    """Say how many files, rows and megabytes each table holds, and which files are damaged.

    Exits 0, or 2 where a file is damaged.
    """
    import polars as pl

    from store.lake_columns import TABLES

    here, wanted = _lake(), _wanted(since, until, probe)
    words = _WORDS[chosen(lang)]
    typer.echo(f"{words[0]:<10} {words[1]:<24} {words[2]:>8} {words[3]:>14} {words[4]:>12}")
    damaged: list[Damaged] = []
    for table in TABLES:
        files, unsound = here.sound(table, wanted)
        damaged += unsound
        lazy, _ = here.scan(table, wanted)
        rows = int(lazy.select(pl.len()).collect().item())
        days = f"{files[0].day} .. {files[-1].day}" if files else "-"
        size = sum(file.size for file in files) / 1e6
        typer.echo(f"{table:<10} {days:<24} {len(files):>8,} {rows:>14,} {size:>12,.1f}")
    return _said(damaged, words[5])


@lake.command()
def export(
    file: Annotated[
        Path, typer.Argument(help="What to write: .parquet, .csv or .jsonl.", show_default=False)
    ],
    table: Annotated[str, typer.Option("--table", help="flows or packets.")] = "flows",
    latest_only: Annotated[
        bool, typer.Option("--latest", help="Of each flow its last record alone.")
    ] = False,
    since: Since = None,
    until: Until = None,
    probe: Probe = None,
) -> int:
    """Write rows of the lake to FILE, which must not exist. Columns: docs/lake.md.

    Exits 0; 2 where FILE cannot be written, or a file of the lake is damaged and was left out.
    """
    import polars as pl

    from store.lake import latest
    from store.lake_columns import FLOWS, TABLES

    if table not in TABLES:
        raise UsageError(f"--table {table}: there are {' and '.join(TABLES)}")
    if latest_only and table != FLOWS:
        raise UsageError("--latest is for flows")
    if file.exists():
        raise StoreError(f"{file}: is there already")
    lazy, damaged = _lake().scan(table, _wanted(since, until, probe))
    lazy = latest(lazy) if latest_only else lazy
    making = file.with_name(f".{file.name}.part")
    try:
        match file.suffix:
            case ".parquet":
                lazy.sink_parquet(making)
            case ".csv":
                lazy.sink_csv(making)
            case ".jsonl":
                lazy.sink_ndjson(making)
            case other:
                raise UsageError(f"{file}: {other or 'no suffix'} is none of .parquet, .csv, .jsonl")
        making.replace(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{file}: not written: {error}") from error
    finally:
        making.unlink(missing_ok=True)
    return _said(damaged, _WORDS[chosen(None)][5])


@lake.command()
def purge(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="e.g. 90d or 26w.", show_default=False)
    ],
) -> int:
    """Remove what is older than AGE, by whole days of UTC, and what dead writers left.

    Exits 0, or 2 where somebody else is merging or purging.
    """
    from store.lake_care import purge as purged

    done = purged(_lake(), _today() - _age(older_than))
    typer.echo(f"minescope: {done.removed:,} files removed, {done.size / 1e6:,.1f} MB")
    return EXIT_NOTHING


@lake.command()
def compact(since: Since = None, until: Until = None, probe: Probe = None) -> int:
    """Merge the small files of each day and probe. Others may read and write meanwhile.

    Exits 0; 2 where somebody else is merging or purging, or a file is damaged and was left out.
    """
    from store.lake_care import compact as compacted

    done = compacted(_lake(), _wanted(since, until, probe))
    typer.echo(f"minescope: {done.removed:,} files merged into {done.made:,}")
    return _said(done.damaged, _WORDS[chosen(None)][5])


def _lake() -> "Lake":
    from pipeline.settings import load_settings
    from store.lake import Lake

    return Lake(load_settings().lake)


def _wanted(since: datetime | None, until: datetime | None, probe: str | None) -> "Wanted":
    from facts.errors import NotHeldError
    from store.lake import Wanted
    from store.lake_columns import TABLES

    if probe is not None:
        here = _lake()
        probes = sorted({file.probe for table in TABLES for file in here.files(table)})
        if probe not in probes:
            raise NotHeldError(
                f"--probe: the lake holds nothing of {probe!r}; of {', '.join(probes) or 'nobody'}"
            )
    return Wanted(since.date() if since else None, until.date() if until else None, probe)


def _today() -> date:
    return datetime.now(UTC).date()  # noqa: TID251 - a door's clock: how old a day is


def _age(text: str) -> timedelta:
    """Read 90d or 26w. Raises UsageError for anything else."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None or not int(found[1]) or len(found[1]) > _LONGEST:
        raise UsageError(f"--older-than {text}: not an age such as 90d or 26w")
    return timedelta(days=int(found[1]) * _DAYS[found[2]])


_LONGEST = 5
"""Digits of an age."""


def _said(damaged: "Sequence[Damaged]", word: str) -> int:
    for each in damaged:
        print(f"minescope: {word}: {each.path}: {each.why}", file=sys.stderr)
    return EXIT_UNREADABLE if damaged else EXIT_NOTHING
