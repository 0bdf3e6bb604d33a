"""What the commands `minescope ledgers` and `minescope screen` share."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from store.database import Database
    from supervision.ledgers.gather import Book
    from supervision.ledgers.specs import Ledger

AsOf = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM-DD", help="The day that is spoken of. Default: today in China."),
]
Code = Annotated[
    str | None, typer.Option("--uscc", help="Only this enterprise's, by its credit code.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
Tongue = Annotated[
    Lang | None,
    typer.Option("--lang", help="Language of sentences: en or zh. Default: from LANG.", show_default=False),
]
Purpose = Annotated[
    str, typer.Option(help="Why it is asked; the audit keeps it. Needed where there are accounts.")
]


@contextmanager
def opened() -> "Iterator[Database]":
    """Give the database of the settings."""
    from pipeline.settings import load_settings
    from store.database import open_database

    with open_database(load_settings().database_url) as database:
        yield database


@contextmanager
def book_of(as_of: str | None, purpose: str, action: str, what: str | None) -> "Iterator[Book]":
    """Give the ledgers of a day, once the audit has kept who asked."""
    from supervision.ledgers.gather import read_book

    with opened() as database:
        keep(database, purpose, action, what or "")
        yield read_book(database, day_of(as_of))


def day_of(text: str | None) -> date:
    """Return a day, by default that of China's clock. Raises UsageError."""
    from facts.errors import UsageError
    from facts.instant import instant
    from supervision.ledgers.values import parse_day
    from supervision.projects.events import day_in_china

    if text is None:
        return day_in_china(instant(time.time_ns()))
    try:
        return parse_day(text)
    except ValueError as error:
        raise UsageError(f"--as-of: {error}") from error


def instant_of(text: str) -> int:
    """Return a time in nanoseconds; of a day its end in China. Raises UsageError."""
    from facts.errors import UsageError
    from facts.instant import nanoseconds
    from registry.cells import parse_instant
    from supervision.projects.inventory import end_of

    try:
        return nanoseconds(end_of(date.fromisoformat(text))) if len(text) == 10 else parse_instant(text)
    except ValueError as error:
        raise UsageError(f"--known-at: {error}") from error


def ledger_named(name: str) -> "Ledger":
    """Return a ledger by its name. Raises UsageError."""
    from facts.errors import UsageError
    from supervision.ledgers.specs import Ledger

    try:
        return Ledger(name)
    except ValueError:
        known = ", ".join(one.value for one in Ledger)
        raise UsageError(f"{name!r} is none of {known}") from None


def speech(given: Lang | None) -> Literal["en", "zh"]:
    """Return the language of sentences."""
    return "zh" if chosen(given) is Lang.ZH else "en"


def line(value: object) -> None:
    """Write one JSON object."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def keep(database: "Database", purpose: str, action: str, what: str) -> None:
    """Keep in the audit what is asked, before it is answered. Raises UsageError, StoreError."""
    from minescope.trail import Trail

    Trail(database, purpose).keep_named(action, what.strip())
