"""The terminal door: one command a file, exit codes as the output contract says."""

import gc
import sys
from collections.abc import Sequence

from facts.errors import MineScopeError
from minescope.commands import by_typer
from minescope.exits import EXIT_FAULT, EXIT_UNREADABLE, EXIT_USAGE, STOPPED
from minescope.replaying import complain

SELDOM = 100_000, 20, 50
"""How seldom Python looks for cycles while a command is imported, all of which stays (gc.set_threshold)."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error becomes one line on standard error."""
    try:
        return by_typer(arguments)
    except KeyboardInterrupt:
        complain("stopped")
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away (`| head`): nothing is wrong and nobody listens
        return 0
    except MineScopeError as error:
        from facts.errors import NotHeldError, SettingsError, UsageError

        complain(_told(error))
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
        from traceback import print_exc

        print_exc()
        status = EXIT_FAULT
    gc.freeze()  # the process ends: nothing is gained by looking for cycles once more among all that it made
    sys.exit(status)


if __name__ == "__main__":  # `python -m minescope` is the same; neither may do nothing and say nothing
    main()
