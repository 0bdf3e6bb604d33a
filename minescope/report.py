"""`minescope report`: reports as HTML, DOCX, XLSX and PDF, as known on a date."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from supervision.reports.document import Language

report = typer.Typer(
    name="report",
    no_args_is_help=True,
    help="Reports as known on a date: the same date gives the same bytes.",
)


class Tongue(StrEnum):
    """Languages of a report."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


class Format(StrEnum):
    """Formats of a report."""

    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"
    PDF = "pdf"


Region = Annotated[
    str, typer.Option(help="Division code (GB/T 2260), or 000000 for the whole country.", show_default=False)
]
Week = Annotated[
    str | None,
    typer.Option(help="ISO week, e.g. 2026-W47. Default: the last whole one.", show_default=False),
]
Month = Annotated[
    str | None, typer.Option(help="e.g. 2026-11. Default: that of the as-of date.", show_default=False)
]
Code = Annotated[str, typer.Argument(help="Unified social credit code.", show_default=False)]
Id = Annotated[str, typer.Argument(help="Id of the site in the registry.", show_default=False)]
Part = Annotated[str, typer.Option(help="Only what lies in this division.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        help="As known at the end of this day (UTC+8). Default: the end of the week or month, or today.",
        show_default=False,
    ),
]
Language_ = Annotated[
    Tongue | None, typer.Option("--lang", help="zh, en or both. Default: from LANG.", show_default=False)
]
Formats = Annotated[
    list[Format] | None,
    typer.Option("--format", help="Repeat for several. Default: all four.", show_default=False),
]
Out = Annotated[Path, typer.Option(help="Folder to write into; it is made where it is missing.")]
Publisher = Annotated[str, typer.Option(help="Who publishes it.")]
Purpose = Annotated[
    str, typer.Option(help="Why it is made; the audit keeps it. Needed where there are accounts.")
]
Particulars = dict[str, Any]
"""What a report is of: fields of `Asked`."""
COUNTRY = "000000"
HERE = Path("reports")
NAME = "MineScope"


@dataclass(frozen=True, slots=True)
class Written:
    """What all reports are asked alike: of when, in which languages and formats, where to, by whom, why."""

    as_of: str | None
    lang: Tongue | None
    format: list[Format] | None
    out: Path
    publisher: str
    purpose: str


def _written(
    as_of: AsOf = None,
    lang: Language_ = None,
    format: Formats = None,
    out: Out = HERE,
    publisher: Publisher = NAME,
    purpose: Purpose = "",
) -> Written:
    return Written(as_of, lang, format, out, publisher, purpose)


def _report(particulars: Callable[..., Particulars]) -> Callable[..., Particulars]:
    """Make a command of what a report is of: its own options, and after them those of `_written`."""
    own, shared = (dict(signature(one, eval_str=True).parameters) for one in (particulars, _written))

    def command(**given: Any) -> int:
        files = _written(**{name: given.pop(name) for name in shared})
        return _made(particulars.__name__, particulars(**given), files)

    asked = own | shared
    command.__doc__ = particulars.__doc__
    command.__signature__ = Signature([*asked.values()])  # type: ignore[attr-defined]
    command.__annotations__ = {name: one.annotation for name, one in asked.items()}
    report.command(particulars.__name__)(command)
    return particulars


@_report
def weekly(region: Region, week: Week = None) -> Particulars:
    """Write the weekly report: the inventory of projects, what changed, metered energy week on week.

    Exits 0, 2 when the database cannot be read or a file cannot be written, 3 for a wrong region or week.
    """
    return {"region": region, "week": week}


@_report
def bulletin(region: Region, month: Month = None) -> Particulars:
    """Write the monthly bulletin: regions ranked by progress, collection, slippage; those that lag are named.

    Exits 0, 2 when the database cannot be read or a file cannot be written, 3 for a wrong region or month.
    """
    return {"region": region, "month": month}


@_report
def enterprise(uscc: Code, region: Part = COUNTRY) -> Particulars:
    """Write the file of an enterprise: addresses, evidence, sites, projects, surcharge, ledgers, cases.

    Exits 0, 2 when nothing is held of it, the database cannot be read or a file cannot be written.
    """
    return {"subject": uscc, "region": region}


@_report
def site(id: Id, region: Part = COUNTRY) -> Particulars:
    """Write the inspection sheet of a site: machines expected, what to look for, a form to fill in.

    Exits 0, 2 when there is no such site, the database cannot be read or a file cannot be written.
    """
    return {"subject": id, "region": region}


@_report
def tariff(region: Region) -> Particulars:
    """Write the report on the differential price: due against paid, and what nobody could bill.

    Exits 0, 2 when the database cannot be read or a file cannot be written, 3 for a wrong region.
    """
    return {"region": region}


@_report
def evaluation(region: Region, week: Week = None) -> Particulars:
    """Write the data for a third-party evaluation: projects, events, milestones, collection, addresses.

    Exits 0, 2 when the database cannot be read or a file cannot be written, 3 for a wrong region.
    """
    return {"region": region, "week": week}


def _made(kind: str, particulars: Particulars, files: Written) -> int:
    from facts.errors import NotHeldError, ReadError, UsageError
    from facts.where import Where
    from minescope.trail import Trail
    from pipeline.settings import load_settings
    from registry.division_table import put_in_force
    from store.database import open_database
    from store.registry_rows import DIVISIONS
    from supervision.projects.events import day_in_china
    from supervision.refusals import Refused, Unknown
    from supervision.reports.asked import Asked, Kind, settled
    from supervision.reports.document import Table
    from supervision.reports.making import documents, made_at
    from supervision.reports.writing import FORMATS, write

    now = datetime.now(UTC)  # noqa: TID251 - a door
    made = made_at(dict(os.environ), now)
    wanted = [
        one for one in FORMATS if files.format is None or one in {given.value for given in files.format}
    ]
    missing = False
    settings = load_settings()
    with open_database(settings.database_url) as database:
        with database.reading() as connection:
            put_in_force(DIVISIONS.read(connection))
        try:
            languages, as_of = _languages(files.lang), _day(files.as_of)
            whole = Asked(Kind(kind), as_of=as_of, languages=languages, publisher=files.publisher)
            asked = settled(replace(whole, **particulars), day_in_china(now))
            Trail(database, files.purpose).keep_named("report", asked.what)
            for place, document in enumerate(documents(database, asked, made, settings.lake)):
                for one in document.unread if not place else ():
                    typer.echo(f"minescope: {one}", err=True)
                if not any(isinstance(block, Table) and block.rows for block in document.blocks):
                    hint = f"minescope: nothing was known of {asked.what} at the end of {asked.as_of}"
                    typer.echo(f"{hint}; --as-of names another day", err=True)
                try:
                    written, left_out = write(document, files.out, wanted)
                except OSError as error:
                    raise ReadError(error.strerror or str(error), Where(str(files.out))) from error
                for path in written:
                    typer.echo(f"minescope: wrote {path}")
                for one, why in left_out.items():
                    typer.echo(f"minescope: {one} was not written: {why}", err=True)
                    missing = True
        except Refused as error:
            wrong = NotHeldError if isinstance(error, Unknown) else UsageError
            raise wrong(error.told("zh" if chosen(None) is Lang.ZH else "en")) from error
    return EXIT_UNREADABLE if missing else EXIT_NOTHING


def _languages(lang: Tongue | None) -> "tuple[Language, ...]":
    if lang is Tongue.BOTH:
        return ("zh", "en")
    if lang is None:
        lang = Tongue.ZH if chosen(None) is Lang.ZH else Tongue.EN
    return ("zh",) if lang is Tongue.ZH else ("en",)


def _day(text: str | None) -> date | None:
    from facts.errors import UsageError

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of: a day is written 2026-11-22, not {text!r}") from None
