"""`minescope ledgers`: what other bodies tell of enterprises: imported, shown, judged as of a day."""

import csv
import json
import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minescope.exits import EXIT_NOTHING, EXIT_UNREADABLE
from minescope.ledgers_judged import alarms, support, trace
from minescope.ledgers_shared import (
    AsJson,
    Code,
    Purpose,
    Tongue,
    instant_of,
    keep,
    ledger_named,
    line,
    opened,
    speech,
)
from minescope.refused_rows import became, refusing
from minescope.rows import Rows

if TYPE_CHECKING:
    pass

ledgers = typer.Typer(
    name="ledgers",
    no_args_is_help=True,
    help="Power market, mining list, support, money flows, penalties, credit, points: import and standings.",
)

for _judges in (support, trace, alarms):
    ledgers.command()(_judges)

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Files named after their ledger (market.csv, support-2026.xlsx, money-flows.json), or folders.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(metavar="LEDGER", help="Name of a ledger.", show_default=False)]
Which = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        help="What the files are: market, mining-list, relations, support, recoveries, money-flows, "
        "penalties, credit, record-events, dual-control. Default: from the name.",
        show_default=False,
    ),
]


LEDGERS = (("ledger", "台账"), ("rows", "条数"), ("imported (UTC)", "最近导入(UTC)"), ("what", "内容"))
"""Titles of the list."""


class Format(StrEnum):
    """What file `export` writes."""

    CSV = "csv"
    JSON = "json"


@ledgers.command("import")
def import_(
    paths: Paths,
    ledger: Which = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row and say what is wrong; change nothing.")
    ] = False,
    accept_good: Annotated[
        bool,
        typer.Option(
            "--accept-good/--all-or-nothing",
            help="Take the good rows although others are refused; or none of them (the default).",
        ),
    ] = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="The files are all that their sources say: end what they leave out."),
    ] = False,
    source: Annotated[
        str,
        typer.Option(help="Source of rows that name none. Default: the file's name.", show_default=False),
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="Write every refused row here: .csv, or .json for one array.",
            show_default=False,
        ),
    ] = None,
    purpose: Purpose = "",
) -> int:
    """Import CSV, XLSX or JSON files into the ledgers; docs/ledgers.md tells their columns.

    All files are taken together or not at all. What a row changes stays readable as it was known before;
    taking a file again changes nothing. Every refused row is named with file, row, column and reason.

    Exits 0 when the rows were taken (or are sound, with --dry-run), 2 when a file or the database cannot be
    read, 3 when rows were refused and nothing was taken.
    """
    from minescope.trail import Trail
    from supervision.ledgers.importing import Options, files_of, import_files

    files = files_of(paths, None if ledger is None else ledger_named(ledger))
    options = Options(accept_good, dry_run, whole, source)
    with opened() as database, refusing(report) as (refuse, refused):
        trail = Trail(database, purpose)
        result = import_files(database, files, options, time.time_ns(), refuse)
        if result.taken:
            names = ", ".join(f"{path.name} ({one.value})" for path, one in files)
            trail.keep_named("importLedgers", names[:1000])
    return became(result, refused.count, report, dry_run=dry_run)


@ledgers.command("list")
def list_(as_json: AsJson = False, lang: Tongue = None) -> int:
    """List the ledgers: how many rows each holds, and when it was last imported into.

    Exits 0, or 2 when the database cannot be read.
    """
    from facts.instant import rfc3339
    from store.ledgers import LedgerStore
    from supervision.ledgers.specs import Ledger
    from supervision.ledgers.words import word

    language = speech(lang)
    with opened() as database:
        held = {one.ledger: one for one in LedgerStore(database).counts()}
    with Rows(LEDGERS, language, quiet=as_json) as table:
        for ledger in Ledger:
            one = held.get(ledger.value)
            rows = 0 if one is None else one.rows
            known = None if one is None or one.known_ns is None else rfc3339(one.known_ns)
            if as_json:
                line({"ledger": ledger.value, "rows": rows, "imported": known})
                continue
            told = word("ledger", ledger.value, language)
            table.add([ledger.value, f"{rows:,}", (known or "")[:19], told])
    return EXIT_NOTHING


@ledgers.command()
def show(
    ledger: Name,
    uscc: Code = None,
    subject: Annotated[
        str | None, typer.Option(help="Only what is about this id.", show_default=False)
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="As known at this time or day.", show_default=False),
    ] = None,
    purpose: Purpose = "",
) -> int:
    """Write the rows of a ledger, one JSON object a line.

    Exits 0, 2 when the database cannot be read, 3 for wrong usage.
    """
    from store.ledgers import Asked, LedgerStore
    from supervision.ledgers.answers import Nothing, row_json

    kind = ledger_named(ledger)
    with opened() as database:
        keep(database, purpose, "showLedger", f"{kind.value} {uscc or ''} {subject or ''}")
        asked = Asked(uscc, subject, None, None, None if known_at is None else instant_of(known_at))
        for one in LedgerStore(database).rows(kind.value, asked):
            line(row_json(one, Nothing()))
    return EXIT_NOTHING


@ledgers.command()
def history(
    key: Annotated[str, typer.Argument(help="A credit code, an id, or a whole key.", show_default=False)],
    purpose: Purpose = "",
) -> int:
    """Write all that was ever believed under a credit code, an id or a key; the latest first, as JSON lines.

    Exits 0, or 2 when there is nothing or the database cannot be read.
    """
    from store.ledgers import LedgerStore
    from supervision.ledgers.answers import Nothing, row_json

    with opened() as database:
        keep(database, purpose, "showLedgerHistory", key)
        found = LedgerStore(database).history(key)
    for one in found:
        line(row_json(one, Nothing()))
    if not found:
        typer.echo(f"minescope: nothing was ever known of {key}", err=True)
    return EXIT_NOTHING if found else EXIT_UNREADABLE


@ledgers.command()
def export(
    ledger: Name,
    out: Annotated[Path, typer.Option(help="File to write.", show_default=False)],
    format: Annotated[Format, typer.Option(help="csv, or json for one object a line.")] = Format.CSV,
    purpose: Purpose = "",
) -> int:
    """Write a ledger as a file that `import` reads again.

    Exits 0, 2 when the database cannot be read or the file cannot be written, 3 for wrong usage.
    """
    from store.ledgers import LedgerStore
    from supervision.ledgers.specs import SPECS

    kind = ledger_named(ledger)
    fields = [*SPECS[kind].required, *SPECS[kind].optional]
    with opened() as database:
        keep(database, purpose, "exportLedger", kind.value)
        rows = LedgerStore(database).rows(kind.value)
    told = ({**{name: one.record.get(name) or "" for name in fields}, "source": one.source} for one in rows)
    _write(out, format, fields, told)
    typer.echo(f"minescope: {len(rows):,} rows of {kind.value} in {out}")
    return EXIT_NOTHING


def _write(out: Path, kind: Format, fields: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    from facts.errors import ReadError
    from facts.where import Where

    making = out.with_name(f".{out.name}.part")
    try:
        with making.open("w", encoding="utf-8", newline="") as file:
            if kind is Format.CSV:
                writer = csv.DictWriter(file, fields, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        making.replace(out)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(out))) from error
    finally:
        making.unlink(missing_ok=True)
