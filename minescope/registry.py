"""`minescope registry`: who held an address, and where it stands: loading, importing, asking what changed."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from minescope.exits import EXIT_NOTHING, EXIT_USAGE
from minescope.language import chosen
from minescope.refused_rows import became, named, noticed, refusing
from minescope.registry_show import convert, divisions, history, imports
from minescope.rows_read import RowsRead

if TYPE_CHECKING:
    from pipeline.registry_import import Form, ImportResult, Options
    from store.database import Database


class _Group(TyperGroup):
    """`minescope registry FOLDER` means `minescope registry load FOLDER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name before what is none and no option of the group."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["load", *args]
        return super().parse_args(ctx, args)


registry = typer.Typer(
    name="registry",
    cls=_Group,
    no_args_is_help=True,
    help="Who held an address, and where it stands: load, import, validate, history.",
)
for _shows in (history, imports, divisions, convert):
    registry.command()(_shows)

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check every row and say what is wrong; change nothing.")
]
AcceptGood = Annotated[
    bool,
    typer.Option(
        "--accept-good/--all-or-nothing",
        help="Take the good rows although others are refused; or none of them (the default).",
    ),
]
Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Files named after what they are (enterprises.csv, lines.xlsx, nat-2026.json), or folders.",
        show_default=False,
    ),
]
KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind",
        help="What the files are: divisions, enterprises, sites, lines, hosting, power-accounts, "
        "assignments, leases, nat; "
        "or a log: nat-log, radius, dhcpd. Default: from the name.",
        show_default=False,
    ),
]
Source = Annotated[
    str,
    typer.Option(help="Source of rows that name none. Default: the file's name.", show_default=False),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report", help="Write every refused row here: .csv, or .json for one array.", show_default=False
    ),
]
Realm = Annotated[
    str,
    typer.Option(help="Address space of the private addresses in the logs.", show_default=False),
]
LogZone = Annotated[
    str | None,
    typer.Option(metavar="OFFSET", help="Zone of times in logs without one: +08:00.", show_default=False),
]
LogYear = Annotated[
    int | None,
    typer.Option(min=1970, max=2261, help="Year of times in logs without one.", show_default=False),
]


@registry.command()
def load(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder with enterprises.csv, sites.csv and assignments.csv; `sample` is the generated one.",
            show_default=False,
        ),
    ],
    dry_run: DryRun = False,
    accept_good: AcceptGood = False,
) -> int:
    """Load a whole registry from three CSV files, in the place of the one held and of its history.

    Every refused row is named with file, row, column and reason. Unless --accept-good is given, one refused
    row keeps the whole registry out. docs/registry.md tells the columns. `import` adds to a registry instead.

    Exits 0 when the registry was taken (or is sound, with --dry-run), 2 when the folder or the database
    cannot be read, 3 when rows were refused and nothing was taken.
    """
    from registry.csv_import import load_folder, load_sample

    if str(folder) == "sample" and not folder.exists():
        data = load_sample()
    else:
        imported = load_folder(folder, all_or_nothing=not accept_good)
        noticed(imported.notices)
        named(imported.errors)
        if imported.data is None or (dry_run and imported.errors):
            typer.echo(
                f"minescope: {len(imported.errors):,} of {imported.rows:,} rows refused; nothing taken",
                err=True,
            )
            return EXIT_USAGE
        data = imported.data
    held = f"{len(data.enterprises):,} enterprises, {len(data.sites):,} sites"
    held += f", {len(data.assignments):,} assignments"
    if dry_run:
        typer.echo(f"minescope: sound: {held}")
        return EXIT_NOTHING
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.registry import RegistryStore

    settings = load_settings()
    with open_database(settings.database_url) as database:
        RegistryStore(database).replace(data, time.time_ns())
        _publish(database)
    typer.echo(f"minescope: loaded {held}")
    return EXIT_NOTHING


@registry.command("import")
def import_(
    paths: Paths,
    kind: KindOption = None,
    dry_run: DryRun = False,
    accept_good: AcceptGood = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="The files are all that their sources say: end what they leave out."),
    ] = False,
    source: Source = "",
    report: ReportFile = None,
    realm: Realm = "",
    log_zone: LogZone = None,
    log_year: LogYear = None,
) -> int:
    """Import tables and logs into the registry: CSV, XLSX, JSON, CGNAT syslog, RADIUS and DHCP logs.

    All files are taken together or not at all. What a row changes goes to the history; taking a file again
    changes nothing. Every refused row is named with file, row, column and reason. docs/registry.md tells the
    columns and the forms of logs.

    Exits 0 when the rows were taken (or are sound, with --dry-run), 2 when a file or the database cannot be
    read, 3 when rows were refused and nothing was taken.
    """
    from store.database import open_database

    options = _options(accept_good, dry_run, whole, source, realm, log_zone, log_year)
    with open_database(_settings().database_url) as database:
        result, reasons = _run(database, paths, kind, options, report)
        if result.taken:
            _publish(database)
            _follow(database)
    return became(result, reasons, report, dry_run=dry_run)


@registry.command()
def validate(
    paths: Paths,
    kind: KindOption = None,
    source: Source = "",
    report: ReportFile = None,
    realm: Realm = "",
    log_zone: LogZone = None,
    log_year: LogYear = None,
) -> int:
    """Judge every row as `import` would and change nothing; without a database, by the files alone.

    Exits 0 when every row is sound, 2 when a file or the database cannot be read, 3 when rows were refused.
    """
    from tempfile import TemporaryDirectory

    from pipeline.home import has_database
    from store.database import open_database

    options = _options(False, True, False, source, realm, log_zone, log_year)
    with TemporaryDirectory(prefix="minescope-") as folder:
        url = _settings().database_url if has_database() else f"sqlite:///{folder}/empty.db"
        with open_database(url) as database:
            result, reasons = _run(database, paths, kind, options, report)
    return became(result, reasons, report, dry_run=True)


def _follow(database: "Database") -> None:
    """Make clusters anew by what the registry says now, where any are kept."""
    from pipeline.ownership import follow_registry

    done = follow_registry(database, _settings())
    if done is not None and done.addresses:
        told = f"who belongs together: {done.clusters:,} clusters of {done.addresses:,} addresses made anew"
        if chosen(None).value == "zh":
            told = f"关联主体：{done.clusters:,} 个团伙（{done.addresses:,} 个地址）已重新计算"
        print(f"minescope: {told}", file=sys.stderr)


def _settings() -> Any:
    from pipeline.settings import load_settings

    return load_settings()


def _publish(database: "Database") -> None:
    """Make the index anew, so that running servers answer from what was just taken."""
    from pipeline.registry_index import index_folder, refresh

    refresh(database, index_folder(_settings()))


def _options(
    accept_good: bool,
    dry_run: bool,
    whole: bool,
    source: str,
    realm: str,
    log_zone: str | None,
    log_year: int | None,
) -> "Options":
    from facts.errors import UsageError
    from pipeline.registry_import import Options
    from registry.log_lines import parse_zone

    try:
        zone = None if log_zone is None else parse_zone(log_zone)
    except ValueError as error:
        raise UsageError(f"--log-zone: {error}") from error
    return Options(accept_good, dry_run, whole, source, realm, zone, log_year)


def _run(
    database: "Database", paths: Sequence[Path], kind: str | None, options: "Options", report: Path | None
) -> "tuple[ImportResult, int]":
    """Import files; return what became of them, and how many reasons there were to refuse rows."""
    from pipeline.registry_import import files_of, import_files

    form = _form(kind)
    with refusing(report) as (refuse, refused):
        result = import_files(database, files_of(paths, form), options, time.time_ns(), refuse, RowsRead())
    return result, refused.count


def _form(kind: str | None) -> "Form | None":
    from facts.errors import UsageError
    from pipeline.registry_import import Form

    try:
        return None if kind is None else Form(kind)
    except ValueError:
        raise UsageError(f"--kind: {kind!r} is none of {', '.join(one.value for one in Form)}") from None
