"""Rows for a person: titles first, then columns that line up; for a pipe one tab between cells."""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import typer

NOTHING = "-"
"""What stands where nothing is known."""
_GAP = 2


class Rows:
    """Rows under titles, (English, Chinese) each; where there is no row, standard error says so.

    `quiet` says nothing: where JSON is written instead, or rows of another sort came before.
    At a terminal they are written at the end, so that columns line up (a Chinese letter takes two places);
    through a pipe each as it comes.
    """

    def __init__(self, titles: Sequence[tuple[str, str]], lang: str, *, quiet: bool = False) -> None:
        self._nothing = "" if quiet else {"zh": "minescope: 无记录"}.get(lang, "minescope: nothing to show")
        self._titles = [title[1 if lang == "zh" else 0] for title in titles]
        self._aligned = sys.stdout.isatty()
        self._held: list[list[str]] = []
        self._begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for text in aligned(self._held):
            typer.echo(text)
        if self._nothing and not self._begun and error is None:
            typer.echo(self._nothing, err=True)

    def add(self, values: Iterable[Any]) -> None:
        """Add one row; what is None or empty is told as `-`."""
        row = [cell(value) for value in values]
        new = [row] if self._begun else [self._titles, row]
        self._begun = True
        if self._aligned:
            self._held += new
            return
        for one in new:
            typer.echo("\t".join(one))


def cell(value: Any) -> str:
    """Return a value as a cell of one line."""
    return NOTHING if value in (None, "") else " ".join(str(value).split())


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of equal length as lines whose columns begin at the same place."""
    if not rows:
        return []
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        "".join(
            text + " " * (most - width(text) + _GAP) for text, most in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def width(text: str) -> int:
    """Return the places that a text takes at a terminal."""
    return sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF") for one in text
    )
