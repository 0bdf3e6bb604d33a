"""A report before it is written: what every format is made from.

A number never stands alone: a `Figure` carries its interval and unit, a table or chart its note on the
method, and the document the date as of which all of it was known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval."""

    value: Decimal | float | int
    low: Decimal | float | int | None = None
    """With `high` the interval; both None for what was counted, not estimated."""
    high: Decimal | float | int | None = None
    unit: str = ""
    digits: int = 0
    """Digits after the point."""


Cell = str | int | float | Decimal | date | Figure | None
Align = Literal["text", "number"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 (a chapter) or 2."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The few numbers that a reader looks for first."""

    items: tuple[tuple[str, Figure], ...]
    note: str
    """How they were come by, and what they rest on."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    align: Align = "text"
    blank: bool = False
    """It is filled in by hand: its cells are empty, wide and high."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Every row has a cell for each column."""

    name: str
    """What its sheet is called: 1 to 31 characters, none of []:*?/\\, once in a document."""
    title: str
    """Empty where the heading above says it."""
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""
    """How the figures were come by."""

    def __post_init__(self) -> None:
        """Raise ValueError for a row of another length or a name that no sheet can have."""
        if not 0 < len(self.name) <= 31 or set(self.name) & set("[]:*?/\\"):
            raise ValueError(f"no sheet can be called {self.name!r}")
        for place, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"{self.name}, row {place}: {len(row)} cells for {len(self.columns)} columns"
                )


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers of a chart; None leaves a gap."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over labels: bars beside each other, or lines."""

    name: str
    """Once in a document; as `Table.name`."""
    title: str
    shape: Literal["bars", "lines"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    note: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a series of another length, or a chart of nothing."""
        if not self.labels or not self.series:
            raise ValueError(f"chart {self.name}: nothing to draw")
        for series in self.series:
            if len(series.values) != len(self.labels):
                count = len(series.values)
                raise ValueError(
                    f"chart {self.name}: {count} values of {series.name} for {len(self.labels)} labels"
                )


Block = Heading | Paragraph | KeyFigures | Table | Chart


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    kind: str
    """What names its files: `weekly`, `bulletin`, `enterprise`, ..."""
    title: str
    subtitle: str
    language: Language
    as_of: date
    """All figures are as known at the end of this day."""
    made: datetime
    """The time written into the files, UTC: SOURCE_DATE_EPOCH where it is set."""
    publisher: str
    blocks: tuple[Block, ...]
    facts: tuple[tuple[str, str], ...] = ()
    """What it covers, shown below the title: region, week, number of the case."""
    unread: tuple[str, ...] = ()
    """What could not be read and is in no figure, each with its place and reason; the door says it too."""

    def __post_init__(self) -> None:
        """Raise ValueError where two tables or charts have the same name."""
        names = [block.name.lower() for block in self.blocks if isinstance(block, Table | Chart)]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two blocks are called {sorted(twice)[0]!r}")
