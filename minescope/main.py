"""The terminal door: one command a file, exit codes as the output contract says."""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from facts.errors import MineScopeError
from minescope.exits import EXIT_FAULT, EXIT_UNREADABLE, EXIT_USAGE

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


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"minescope {version('minescope')}")
        raise typer.Exit


@app.callback()
def minescope(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Find cryptocurrency mining in traffic: who mines, how that is known, whose it is, where it stands."""


def _register() -> None:
    """Hang every command on the app; their modules import what is heavy only when they run."""
    from minescope.audit import audit
    from minescope.cases import cases
    from minescope.check import check
    from minescope.clocks import clocks
    from minescope.exit_plans import exits
    from minescope.inspect import inspect
    from minescope.lake import lake
    from minescope.ledgers import ledgers
    from minescope.lookup import lookup
    from minescope.meters import meters
    from minescope.owners import owners
    from minescope.pools import pools
    from minescope.power import power
    from minescope.probe import probe
    from minescope.projects import projects
    from minescope.registry import registry
    from minescope.replay import replay
    from minescope.report import report
    from minescope.rescan import rescan
    from minescope.risk_warnings import warnings
    from minescope.screen import screen
    from minescope.serve import serve
    from minescope.store import store
    from minescope.tariff import tariff
    from minescope.train import train
    from minescope.users import users
    from minescope.warmup import warmup

    for command in (replay, probe, rescan, lookup, serve, inspect, check, warmup, train):
        app.command()(command)
    app.add_typer(registry)
    app.add_typer(pools)
    app.add_typer(owners)
    app.add_typer(ledgers)
    app.add_typer(screen)
    app.add_typer(projects)
    app.add_typer(exits)
    app.add_typer(warnings)
    app.add_typer(cases)
    app.add_typer(meters)
    app.add_typer(tariff)
    app.add_typer(report)
    app.add_typer(store)
    app.add_typer(lake)
    app.add_typer(clocks)
    app.add_typer(power)
    app.add_typer(users)
    app.add_typer(audit)


_register()


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error becomes one line on standard error."""
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
    from minescope.language import chosen

    told = getattr(error, "told", None)
    return str(error if told is None else told(chosen(None).value))


def main() -> None:
    """Entry point of the `minescope` program."""
    try:
        status = run(sys.argv[1:])
    except Exception:  # noqa: BLE001 - a fault must not end as Python's 1, which means that mining was found
        traceback.print_exc()
        status = EXIT_FAULT
    sys.exit(status)


if __name__ == "__main__":  # `python -m minescope` is the same; neither may do nothing and say nothing
    main()
