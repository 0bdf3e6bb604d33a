"""Captures of the laboratory, read by the product in this process."""

from pathlib import Path

from facts.verdict import Verdict
from pipeline.world import World, scan_alone


def verdicts(path: Path) -> tuple[Verdict, ...]:
    """Return the verdicts on all addresses of a capture file."""
    world = scan_alone(str(path))
    assert isinstance(world, World)
    return world.verdicts
