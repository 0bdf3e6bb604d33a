"""`minescope meters`: curves of electricity meters, from files of suppliers to the lake."""

import time
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_NOTHING, EXIT_USAGE
from minescope.language import chosen
from minescope.meters_care import compact, imports, purge, withdraw
from minescope.refused_rows import not_taken, noticed, refusing, unnamed
from minescope.rows_read import RowsRead

if TYPE_CHECKING:
    from supervision.meters.forms import Form
    from supervision.meters.intake import Taken


meters = typer.Typer(
    name="meters",
    no_args_is_help=True,
    help="Curves of electricity meters, 96 points a day: import, what is held, export, withdrawal.",
)
for command in (imports, withdraw, compact, purge):
    meters.command()(command)

File = Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet.", show_default=False)]


@meters.command("import")
def import_(
    file: File,
    layout: Annotated[
        str,
        typer.Option(
            help="wide: a day a row, 96 columns of points; long: a point a row.", show_default=False
        ),
    ],
    value: Annotated[
        str, typer.Option(help="power, energy (of a quarter of an hour) or register.", show_default=False)
    ],
    unit: Annotated[
        str, typer.Option(help="kw, w, mw; of energy and registers kwh, wh, mwh.", show_default=False)
    ],
    stamp: Annotated[
        str,
        typer.Option(
            help="Which end of its quarter of an hour a time is: begin (a day is 00:00 to 23:45) or end "
            "(00:15 to 24:00).",
            show_default=False,
        ),
    ],
    by: Annotated[str, typer.Option(help="account or meter: what a row names.", show_default=False)],
    side: Annotated[
        str,
        typer.Option(
            help="primary: as it flowed; secondary: as the meter counted, to be multiplied by the ratio that "
            "the registry has.",
            show_default=False,
        ),
    ],
    quantity: Annotated[
        str,
        typer.Option(
            help="active-import, active-export, reactive-import, reactive-export, phase-a, phase-b, phase-c; "
            "or `column`: a column says it.",
            show_default=False,
        ),
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="What the file calls account, meter, day, time, value, quantity or first-point.",
            show_default=False,
        ),
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Negative numbers are energy that goes back.")
    ] = False,
    digits: Annotated[
        int | None,
        typer.Option(
            help="Whole digits of a register, after which it begins at 0 again.", show_default=False
        ),
    ] = None,
    day_format: Annotated[str, typer.Option(help="Form of days.")] = "%Y-%m-%d",
    replace: Annotated[
        bool, typer.Option("--replace", help="Values that differ take the place of what is held.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge every row and change nothing.")] = False,
    accept_good: Annotated[
        bool,
        typer.Option(
            "--accept-good/--all-or-nothing",
            help="Take the good rows although others are refused; or none of them (the default).",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="Write every refused row here: .csv, or .json for one array.", show_default=False),
    ] = None,
) -> int:
    """Take a meter FILE into the lake. What its numbers mean is said by options and never guessed.

    Every refused row is named with its place and reason. docs/meters.md tells the forms.

    Exits 0 when the file was taken (or is sound, with --dry-run), 2 when it cannot be read, 3 when rows were
    refused and nothing was taken.
    """
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from store.database import open_database
    from store.power_accounts import read_accounts
    from supervision.meters.intake import Wanted, take_curves

    form = _form((layout, value, unit, stamp, by, side, quantity), column or [], signed, digits, day_format)
    settings = load_settings()
    with open_database(settings.database_url) as database, database.reading() as connection:
        accounts = list(read_accounts(connection))
    progress = partial(RowsRead(), file.name)
    wanted = Wanted(time.time_ns(), dry_run, accept_good, replace)
    with refusing(report) as (refuse, _):
        lake = CurveLake(settings.lake)
        done = take_curves(lake, file, form, accounts, wanted, lambda error: refuse([error]), progress)
    unnamed(done.refused, report)
    return _told(done, file.name, dry_run=dry_run)


@meters.command()
def info() -> int:
    """Say by month what is held: files, days of meters, gaps, megabytes. Exits 0."""
    import polars as pl

    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake

    lake = CurveLake(load_settings().lake)
    typer.echo(f"{'month':<8} {'files':>6} {'days':>14} {'gaps':>14} {'bridged':>12} {'MB':>10}")
    for month in lake.months():
        paths = [file.path for file in lake.files(month)]
        counts = pl.scan_parquet(paths, hive_partitioning=False).select(
            pl.len(), pl.col("missing").cast(pl.Int64).sum(), pl.col("bridged").cast(pl.Int64).sum()
        )
        days, gaps, bridged = counts.collect().row(0)
        size = sum(path.stat().st_size for path in paths) / 1e6
        typer.echo(f"{month:<8} {len(paths):>6,} {days:>14,} {gaps:>14,} {bridged:>12,} {size:>10,.1f}")
    return EXIT_NOTHING


@meters.command()
def export(
    account: Annotated[str, typer.Argument(help="Number of the account.", show_default=False)],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.", show_default=False)],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day.", show_default=False)],
    quantity: Annotated[str, typer.Option(help="active-import, active-export, ...")] = "active-import",
) -> int:
    """Write the curve of an account as CSV: a day a row, 96 points of kW; gaps are empty. Exits 0."""
    import numpy as np

    from facts.errors import UsageError
    from pipeline.settings import load_settings
    from store.curve_lake import CurveLake
    from supervision.meters.forms import QUANTITIES

    if quantity not in QUANTITIES:
        raise UsageError(f"--quantity: {quantity!r} is none of {', '.join(QUANTITIES)}")
    first, after = since.date(), until.date() + timedelta(days=1)
    lake = CurveLake(load_settings().lake)
    [curve] = lake.curves([account], first, after, int(QUANTITIES[quantity]))
    typer.echo("account,day," + ",".join(f"p{n}" for n in range(1, 97)))
    for place, points in enumerate(curve):
        day: date = first + timedelta(days=place)
        typer.echo(f"{account},{day}," + ",".join("" if np.isnan(p) else f"{p:.7g}" for p in points))
    return EXIT_NOTHING


def _form(
    words: tuple[str, ...], columns: list[str], signed: bool, digits: int | None, day_format: str
) -> "Form":
    from facts.errors import UsageError
    from supervision.meters.forms import QUANTITIES, By, Form, Layout, Side, Stamp, Value

    layout, value, unit, stamp, by, side, quantity = (word.lower() for word in words)
    named: dict[str, str] = {}
    for pair in columns:
        name, equals, column = pair.partition("=")
        if not equals or not column:
            raise UsageError(f"--column: {pair!r} is not of the form account=户号")
        named[name] = column
    for option, kind, word in (
        ("--layout", Layout, layout),
        ("--value", Value, value),
        ("--stamp", Stamp, stamp),
        ("--by", By, by),
        ("--side", Side, side),
    ):
        if word not in list(kind):
            raise UsageError(f"{option}: {word!r} is none of {', '.join(kind)}")
    if quantity != "column" and quantity not in QUANTITIES:
        raise UsageError(f"--quantity: {quantity!r} is none of {', '.join(QUANTITIES)}, column")
    return Form(
        Layout(layout),
        Value(value),
        unit,
        Stamp(stamp),
        By(by),
        Side(side),
        QUANTITIES.get(quantity),
        signed,
        digits,
        day_format,
        named,
    )


def _told(done: "Taken", name: str, *, dry_run: bool) -> int:
    noticed(done.notices)
    if done.known:
        return EXIT_NOTHING
    line = _BECAME_ZH if chosen(None).value == "zh" else _BECAME
    typer.echo("minescope: " + line.format(name=name, done=done))
    if done.taken:
        return EXIT_NOTHING
    not_taken(dry_run=dry_run)
    return EXIT_USAGE if done.refused else EXIT_NOTHING


_BECAME = (
    "{name}: {done.rows:,} rows, {done.refused:,} reasons to refuse, {done.days:,} days with "
    "{done.points:,} points and {done.gaps:,} gaps ({done.bridged:,} bridged), {done.repeated:,} points "
    "repeated, {done.replaced:,} replaced, {done.rollovers:,} rollovers, {done.resets:,} resets"
)
_BECAME_ZH = (
    "{name}：{done.rows:,} 行，{done.refused:,} 条拒绝原因，{done.days:,} 天共 "
    "{done.points:,} 个点、{done.gaps:,} 个缺口（{done.bridged:,} 个可由示数补足总量），"
    "重复 {done.repeated:,} 个点，替换 {done.replaced:,} 个，"
    "示数翻转 {done.rollovers:,} 次，清零 {done.resets:,} 次"
)
