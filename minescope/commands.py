"""The commands of the terminal door, as Typer reads them."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from minescope.exits import EXIT_USAGE, STOPPED

COMMANDS = {
    "replay": "replay",
    "probe": "probe",
    "rescan": "rescan",
    "lookup": "lookup",
    "serve": "serve",
    "inspect": "inspect",
    "check": "check",
    "warmup": "warmup",
    "train": "train",
    "registry": "registry",
    "pools": "pools",
    "owners": "owners",
    "ledgers": "ledgers",
    "screen": "screen",
    "projects": "projects",
    "exits": "exit_plans",
    "warnings": "risk_warnings",
    "cases": "cases",
    "meters": "meters",
    "tariff": "tariff",
    "report": "report",
    "store": "store",
    "lake": "lake",
    "clocks": "clocks",
    "power": "power",
    "users": "users",
    "audit": "audit",
}
"""Every command, in the order of the help, and the file of minescope/ whose object of the command's name it
is; these files import what is heavy only when they run."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"minescope {version('minescope')}")
        raise typer.Exit


def minescope(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Find cryptocurrency mining in traffic: who mines, how that is known, whose it is, where it stands."""


def app_of(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the program with these of its commands."""
    app = typer.Typer(
        name="minescope",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit codes: 0 nothing found, 1 a mining role at likely or more, 2 unreadable or no such id, "
        "3 wrong usage.",
    )
    app.callback()(minescope)
    for name in names:
        command = getattr(import_module(f"minescope.{COMMANDS[name]}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command)
        else:
            app.command()(command)
    return app


def by_typer(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what Typer raises is told as it tells it."""
    named = arguments[0] if arguments else ""
    # Typer makes what it needs of each option of each command that it has: all of them take 0.1 s.
    app = app_of([named] if named in COMMANDS else COMMANDS)
    try:
        return int(app(list(arguments), standalone_mode=False) or 0)
    except typer.TyperException as error:
        wrong = f"minescope: {error}"  # what has no form of its own to be shown in
        getattr(error, "show", lambda: typer.echo(wrong, err=True))()
        return EXIT_USAGE
    except typer.Abort:
        typer.echo("minescope: stopped", err=True)
        return STOPPED
