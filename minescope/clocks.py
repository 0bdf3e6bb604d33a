"""`minescope clocks`: when pools told their clients of work, as it was learned, and as sites share it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facts.errors import StoreError
from facts.instant import rfc3339
from minescope.exits import EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from store.database import Database

clocks = typer.Typer(
    name="clocks",
    no_args_is_help=True,
    help="Look at the clocks of pools, take them to other sites, bring block times in.",
)

_WORDS = {
    Lang.EN: ("clock", "coin", "told by", "instants", "from", "to"),
    Lang.ZH: ("时钟", "币种", "来源", "时刻数", "起", "止"),
}
_TOLD = {
    Lang.EN: {"jobs": "jobs", "blocks": "new blocks", "file": "file"},
    Lang.ZH: {"jobs": "任务", "blocks": "新区块", "file": "文件"},
}
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)]


@clocks.command("list")
def list_clocks(
    lang: Annotated[Lang | None, typer.Option(help="en or zh.", show_default=False)] = None,
) -> int:
    """Show what clocks there are: the pool or coin, what told them, how many instants, from when to when."""
    from store.clocks import ClockStore

    language = chosen(lang)
    with _database() as database:
        found = ClockStore(database).summaries()
    typer.echo("\t".join(_WORDS[language]))
    for one in found:
        told = _TOLD[language][one.told]
        row = (
            one.name,
            one.coin or "-",
            told,
            f"{one.instants:,}",
            rfc3339(one.first_ns),
            rfc3339(one.last_ns),
        )
        typer.echo("\t".join(row))
    return EXIT_NOTHING


@clocks.command()
def export(
    file: Annotated[Path, typer.Argument(help="What to write; it must not exist.", show_default=False)],
    addresses: Annotated[
        bool,
        typer.Option(
            "--addresses",
            help="Also clocks that have no name but a server's address, which may be a customer's own.",
        ),
    ] = False,
) -> int:
    """Write the clocks to FILE, for another site: names, coins and times, nothing of who was told.

    Exits 0, or 2 where FILE cannot be written.
    """
    from classifier.clocks import dumped
    from classifier.encrypted_evidence import is_endpoint
    from store.clocks import ClockStore

    with _database() as database:
        found = ClockStore(database).all()
    shared = [clock for clock in found if addresses or not is_endpoint(clock.name)]
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(dumped(shared))
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror or error}") from error
    left = len(found) - len(shared)
    typer.echo(f"minescope: {len(shared):,} clocks written to {file}; {left:,} without a name left out")
    return EXIT_NOTHING


@clocks.command("import")
def import_clocks(files: Files) -> int:
    """Take clocks in from FILEs: what `export` wrote, or CSV of block times with the columns coin and time.

    Times are RFC 3339 with their zone, or seconds since 1970. A file with a wrong row is refused whole, with
    its place; the others are taken. Run `minescope rescan` to hold past traffic against them.

    Exits 0, or 2 where a file was refused.
    """
    from facts.errors import MineScopeError
    from pipeline.clocks import read_clocks
    from store.clocks import ClockStore

    refused = False
    with _database() as database:
        for file in files:
            try:
                read = read_clocks(file)
            except MineScopeError as error:
                refused = True
                print(f"minescope: {error}", file=sys.stderr)
                continue
            changed = ClockStore(database).add(read)
            typer.echo(f"minescope: {file}: {len(read):,} clocks, {changed:,} of them new or longer now")
    return EXIT_UNREADABLE if refused else EXIT_NOTHING


@clocks.command()
def forget(names: Annotated[list[str], typer.Argument(metavar="NAME...", show_default=False)]) -> int:
    """Remove clocks by their names, as `list` shows them. Exits 0, or 2 where there was none of a name."""
    from store.clocks import ClockStore

    with _database() as database:
        gone = ClockStore(database).forget(names)
    typer.echo(f"minescope: {gone:,} clocks removed")
    return EXIT_NOTHING if gone else EXIT_UNREADABLE


def _database() -> "Database":
    from pipeline.settings import load_settings
    from store.database import open_database

    return open_database(load_settings().database_url)
