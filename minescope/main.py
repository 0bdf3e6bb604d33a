"""The terminal door: one command a file, exit codes as the output contract says."""

import gc
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from facts.errors import MineScopeError
from minescope.exits import EXIT_FAULT, EXIT_UNREADABLE, EXIT_USAGE

SELDOM = 100_000, 20, 50
"""How seldom Python looks for cycles while a command is imported, all of which stays (gc.set_threshold)."""
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


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error becomes one line on standard error."""
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
        return 130  # 128 + SIGINT, as shells expect
    except KeyboardInterrupt:
        typer.echo("minescope: stopped", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away (`| head`): nothing is wrong and nobody listens
        return 0
    except MineScopeError as error:
        from facts.errors import NotHeldError, SettingsError, UsageError

        typer.echo(f"minescope: {_told(error)}", err=True)
        misused = isinstance(error, UsageError | SettingsError) and not isinstance(error, NotHeldError)
        return EXIT_USAGE if misused else EXIT_UNREADABLE


def _told(error: MineScopeError) -> str:
    """Return an error in the language of the terminal, where it has words in both."""
    from minescope.language import chosen, worded

    return worded(error, chosen(None))


def main() -> None:
    """Entry point of the `minescope` program."""
    gc.set_threshold(*SELDOM)
    try:
        status = run(sys.argv[1:])
    except Exception:  # noqa: BLE001 - a fault must not end as Python's 1, which means that mining was found
        traceback.print_exc()
        status = EXIT_FAULT
    gc.freeze()  # the process ends: nothing is gained by looking for cycles once more among all that it made
    sys.exit(status)


if __name__ == "__main__":  # `python -m minescope` is the same; neither may do nothing and say nothing
    main()
