"""Plain command lines: `minescope replay` with paths and switches alone, which need no parser.

Importing Typer and what it checks values with takes longer than all that a replay of a small capture does.
Whatever is not plain (a value of an option, help, a mistake) is read by Typer, from what replay.py declares.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from minescope.replaying import Wanted

SWITCHES = {
    "--each": "each", "--json": "as_json", "--csv": "as_csv", "--all": "everything", "--store": "store",
    "--quiet": "quiet", "-q": "quiet",
}  # fmt: skip
"""Options without a value, and what each turns on."""
VALUES = ("MINESCOPE_CAP", "MINESCOPE_REGISTRY", "_MINESCOPE_COMPLETE")
"""Variables of the environment that give options a value, or ask for what a shell completes."""


def plain(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Wanted | None:
    """Return what a plain command line asks for; None where it is not plain."""
    if not arguments or arguments[0] != "replay" or any(name in environ for name in VALUES):
        return None
    paths: list[str] = []
    on: dict[str, Any] = {}
    for word in arguments[1:]:
        if word in SWITCHES:
            on[SWITCHES[word]] = True
        elif word == "-" or not word.startswith("-"):  # - is standard input
            paths.append(word)
        else:
            return None
    return Wanted(paths=paths, **on) if paths else None
