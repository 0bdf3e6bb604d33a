"""The form that every section has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.bench import Bench, Found
from benchmarks.tables import Table


@dataclass(frozen=True, slots=True)
class Section:
    """One thing that is measured, and how it is shown."""

    name: str
    title: str
    measure: Callable[[Bench], Found]
    tables: Callable[[Found], Iterator[Table]]
    quick: bool = False
    """Whether --quick runs it, too."""
