"""Tables of figures: as text for a terminal, as Markdown for docs/performance.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one section, the first of them the header."""

    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    """Lines below it."""

    def text(self) -> str:
        """Return it for a terminal."""
        widths = [max(len(row[column]) for row in self.rows) for column in range(len(self.rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in self.rows
        ]
        return "\n".join(
            [lines[0], "-" * max(map(len, lines)), *lines[1:], *(f"  {one}" for one in self.notes)]
        )

    def markdown(self) -> str:
        """Return it for a page."""
        lines = [f"| {' | '.join(row)} |" for row in self.rows]
        lines.insert(1, "|" + "---|" * len(self.rows[0]))
        notes = "".join(f"\n- {one}" for one in self.notes)
        return "\n".join(lines) + (f"\n{notes}" if notes else "")


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(median(values))


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return median and range: `1.00 (0.90-1.20)`, or `not measured`."""
    if not values:
        return "not measured"
    low, high = min(values), max(values)
    told = f"{middle(values):,.{digits}f}"
    return told if len(values) == 1 else f"{told} ({low:,.{digits}f}-{high:,.{digits}f})"
