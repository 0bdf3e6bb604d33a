"""Options that `replay` and `probe` share; what they mean is the same in both."""

from pathlib import Path
from typing import Annotated

import typer

from minescope.language import Lang

RegistryFolder = Annotated[
    Path | None,
    typer.Option(
        help="Folder with enterprises.csv, sites.csv and assignments.csv that says whose addresses are.",
        envvar="MINESCOPE_REGISTRY",
        show_envvar=True,
        show_default=False,
    ),
]
Keep = Annotated[
    bool,
    typer.Option(
        "--store",
        help="Keep the verdicts in the database, for `lookup` and `serve`, and flows in the lake.",
    ),
]
ClockFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--clocks",
        metavar="FILE",
        help="Clocks of pools (`minescope clocks export`), or block times as CSV (coin,time).",
        show_default=False,
    ),
]
Language = Annotated[
    Lang | None,
    typer.Option(help="Language of sentences: en or zh. Default: from LANG.", show_default=False),
]
