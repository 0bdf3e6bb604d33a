"""Refused rows at the terminal: the first are named, one line for columns that lack the same thing."""

from collections.abc import Iterable
from itertools import groupby

from facts.errors import RowError

MAX_SHOWN = 20
"""Reasons that are named one by one; a report file holds all."""


def folded(errors: Iterable[RowError]) -> list[str]:
    """Return what is wrong, in order; reasons of one row that differ in the column alone are one line."""
    lines = []
    for (source, row, why), same in groupby(errors, key=lambda one: (one.source, one.row, one.why)):
        columns = list(dict.fromkeys(one.column for one in same if one.column))
        named = f", column{'s' if len(columns) > 1 else ''} {', '.join(columns)}" if columns else ""
        lines.append(f"{source}, row {row}{named}: {why}")
    return lines
