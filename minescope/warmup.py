"""`minescope warmup`: compile the kernels ahead of time."""

import time

import typer

from minescope.exits import EXIT_NOTHING


def warmup() -> int:
    """Compile the packet kernels now, so that the first replay does not have to.

    The compiled code is cached where this user can write; doing it again is quick.
    """
    began = time.monotonic()
    from pipeline.scan import compile_kernels  # importing is what compiles

    compile_kernels()
    typer.echo(f"minescope: kernels ready ({time.monotonic() - began:.1f} s)")
    return EXIT_NOTHING
