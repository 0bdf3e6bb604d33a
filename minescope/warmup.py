"""`minescope warmup`: compile the kernels ahead of time."""

import compileall
import time
from importlib.util import find_spec

import typer

from minescope.exits import EXIT_NOTHING

ROOMS = ("facts", "protocols", "capture", "classifier", "registry", "store", "pipeline", "supervision", "api")
"""Packages whose sources are compiled, beside this one."""


def compile_sources() -> None:
    """Write the byte code of every file of the product beside it, where this user may.

    Python does so when it imports a file, but not where it is told to write none (PYTHONDONTWRITEBYTECODE, as
    in many an image): then every start would pay for it, a third of a small replay's.
    """
    for room in (*ROOMS, "minescope"):
        found = find_spec(room)
        for folder in (found.submodule_search_locations or ()) if found else ():
            compileall.compile_dir(folder, quiet=2)


def warmup() -> int:
    """Compile the packet kernels and the program itself now, so that the first replay does not have to.

    The compiled code is cached where this user can write; doing it again is quick.
    """
    began = time.monotonic()
    import pipeline.shape  # noqa: F401 - importing is what compiles: the loops over rhythms
    from pipeline.world import compile_kernels

    compile_kernels()
    compile_sources()
    typer.echo(f"minescope: kernels ready ({time.monotonic() - began:.1f} s)")
    return EXIT_NOTHING
