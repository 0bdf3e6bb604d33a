"""Cells and rows of Markdown tables."""

from collections.abc import Mapping
from typing import Any


def many(name: str, row: Mapping[str, Any]) -> str:
    """Name a row with how many it counts."""
    return f"{name} ({row['of']:,})"


def line(*cells: str) -> str:
    """Join cells to a line of a table."""
    return f"| {' | '.join(cells)} |"


def share(row: Mapping[str, Any], digits: int = 2) -> str:
    """Write a rate in per cent, with its interval."""
    if row["value"] is None:
        return "-"
    part = f"{100 * row['value']:.{digits}f} %"
    return f"{part} ({100 * row['low']:.{digits}f} to {100 * row['high']:.{digits}f})"


def interval(row: Mapping[str, Any]) -> str:
    """Write a precision in per cent, with its interval."""
    if row["value"] is None:
        return "-"
    return f"{100 * row['value']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
