"""`minescope tariff`: the differential price: rules, facts, bills, payments, arrears.

What changes money (`bill`, `pay`, `backpay`) only says what it would do, until it is told to with --post.
"""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from minescope.exits import EXIT_NOTHING
from minescope.language import chosen
from minescope.supervising import Language, one_of
from minescope.tariff_bill import bill
from minescope.tariff_facts import decide, import_, mining, propose, readings, rules
from minescope.tariff_shared import (
    Day,
    Post,
    Region,
    Why,
    as_date,
    audited,
    author,
    division_of,
    dry,
    opened,
    take,
    taking_of,
    today,
)

tariff = typer.Typer(
    name="tariff",
    no_args_is_help=True,
    help="The differential price: rules, readings, mining periods, bills, payments, arrears.",
)
for _name, _command in (
    ("rules", rules),
    ("import", import_),
    ("readings", readings),
    ("propose", propose),
    ("mining", mining),
    ("decide", decide),
    ("bill", bill),
):
    tariff.command(_name)(_command)


@tariff.command()
def pay(
    file: Annotated[
        Path, typer.Argument(help="CSV, XLSX or JSON: account, on, amount, reference.", show_default=False)
    ],
    post: Post = False,
    accept_good: Annotated[
        bool,
        typer.Option("--accept-good/--all-or-nothing", help="Take good rows although others are refused."),
    ] = False,
) -> int:
    """Take payments from a file; the same reference is never counted twice. Without --post: only say so.

    Exits 0 when it was taken (or is sound), 2 when it cannot be read, 3 when rows were refused.
    """
    from supervision.tariff.tables import Table

    return take(file, Table.PAYMENTS, taking_of(not post, accept_good, False, ""), dry_run=not post)


@tariff.command()
def arrears(as_of: Day = None, region: Region = None, lang: Language = None) -> int:
    """Say as CSV how each account stands on a day: due, paid, overdue by age. Exits 0; 1 with arrears."""
    from supervision.tariff.collection import owed_on
    from supervision.tariff.sheets import ARREARS, as_csv, owed_row, titles

    division = division_of(region)
    with opened() as database, database.reading() as connection:
        found = owed_on(connection, as_date(as_of) or today(), division)
    typer.echo(as_csv(titles(ARREARS, chosen(lang).value), map(owed_row, found)), nl=False)
    return 1 if any(one.standing.arrears > 0 for one in found) else EXIT_NOTHING


@tariff.command()
def backpay(
    account: Annotated[str, typer.Argument(help="Number of the account.", show_default=False)],
    first: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.", show_default=False)],
    last: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day.", show_default=False)],
    kwh: Annotated[str, typer.Option(help="Energy used without leave.", show_default=False)],
    difference: Annotated[
        str, typer.Option(help="CNY/kWh: the price due less the price paid.", show_default=False)
    ],
    why: Why = "",
    post: Post = False,
    lang: Language = None,
) -> int:
    """Work out what is to be paid back, and the penalty, for connecting without leave to a cheaper line.

    Exits 0.
    """
    from facts.errors import UsageError
    from store.tariff_money import add_backpay
    from supervision.tariff.wrongly import work_out

    if post and not why.strip():
        raise UsageError("--why: say why it is to be paid back")
    period = first.date(), last.date() + timedelta(days=1)
    with opened() as database:
        with database.writing(durable=True) as connection:
            try:
                made, document = work_out(
                    connection, account, *period, kwh, difference, why, today(), time.time_ns(), author()
                )
            except ValueError as error:
                raise UsageError(str(error)) from error
            if post:
                add_backpay(connection, made)
        if post:
            audited(database, f"tariff backpay {account}: {made.back_fen + made.penalty_fen} fen")
    speaks = chosen(lang).value
    text = {
        "en": "{account}: {back:.2f} CNY back and {penalty:.2f} CNY penalty ({document})",
        "zh": "{account}：应补交 {back:.2f} 元，另计 {penalty:.2f} 元（{document}）",
    }[speaks]
    figures = {"back": made.back_fen / 100, "penalty": made.penalty_fen / 100}
    typer.echo(text.format(account=account, document=document, **figures) + dry(post, speaks))
    return EXIT_NOTHING


@tariff.command()
def export(
    what: Annotated[str, typer.Argument(help="entries, arrears or collection.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx file to write.", show_default=False)],
    as_of: Day = None,
    region: Region = None,
    level: Annotated[str, typer.Option(help="Of collection: province, prefecture or county.")] = "prefecture",
    lang: Language = None,
) -> int:
    """Write the book of charges, the arrears of accounts, or the collection of regions to a file. Exits 0."""
    from facts.errors import UsageError
    from supervision.tariff.answers import LEVELS, sheet
    from supervision.tariff.sheets import as_csv, write_xlsx

    one_of(what, ("entries", "arrears", "collection"), "WHAT")
    one_of(level, LEVELS, "--level")
    division = division_of(region)
    if file.suffix not in (".csv", ".xlsx"):
        raise UsageError(f"{file}: give it the name of a .csv or an .xlsx file")
    with opened() as database, database.reading() as connection:
        heads, rows = sheet(connection, what, as_date(as_of) or today(), division, level, chosen(lang).value)
    if file.suffix == ".csv":
        file.write_text(as_csv(heads, rows), "utf-8", newline="")
    else:
        with file.open("wb") as stream:
            write_xlsx(heads, rows, stream, what)
    typer.echo(f"minescope: {len(rows):,} rows in {file}", err=True)
    return EXIT_NOTHING
