"""Clocks from outside a run: of files, and of the database with what it knows of sealed traffic."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifier.clocks import Clock, ClockFileError, clock_of, joined, loaded
from classifier.encrypted import Standing
from facts.errors import ReadError, RowError
from facts.instant import NS, nanoseconds
from facts.where import Where

if TYPE_CHECKING:
    from store.database import Database

MAX_BYTES = 256 << 20
"""Of a clock file: ten times what all clocks of a busy site take."""
COLUMNS = ("coin", "time")
"""Of a file of block times."""
EARLIEST = 1_230_768_000
"""2009-01-01, seconds since 1970: before it there was no block."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a run is told before it begins."""

    clocks: tuple[Clock, ...] = ()
    before: Callable[[int], list[Standing]] | None = None
    """Returns what earlier runs knew of sealed dependencies until a time."""


def read_clocks(path: Path) -> list[Clock]:
    """Read a clock file as `minescope clocks export` writes it, or a CSV of block times (coin, time).

    Times are RFC 3339 with their zone, or seconds since 1970. Raises ReadError, and RowError for a wrong row.
    """
    where = Where(str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError(f"larger than {MAX_BYTES // 2**20} MiB", where)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReadError(error.strerror or str(error), where) from error
    except UnicodeDecodeError as error:
        raise ReadError("not UTF-8", Where(str(path), offset=error.start)) from error
    if text.lstrip().startswith("{"):
        try:
            return loaded(text)
        except ClockFileError as error:
            raise ReadError(str(error), where) from error
    return _block_times(text, path.name)


def _block_times(text: str, name: str) -> list[Clock]:
    reader = csv.reader(text.splitlines())
    header = [column.strip().lower() for column in next(reader, [])]
    if not set(COLUMNS) <= set(header):
        raise RowError(f"the columns are not {' and '.join(COLUMNS)}", name, 1)
    coin_at, time_at = (header.index(column) for column in COLUMNS)
    times: dict[str, list[int]] = {}
    for number, row in enumerate(reader, 2):
        if not any(row):
            continue
        if len(row) <= max(coin_at, time_at):
            raise RowError(f"{len(row)} columns instead of {len(header)}", name, number)
        coin = row[coin_at].strip().upper()
        if not coin.isalnum() or len(coin) > 16:
            raise RowError(f"{row[coin_at]!r} is no ticker of a coin", name, number, "coin")
        times.setdefault(coin, []).append(_instant(row[time_at].strip(), name, number))
    return [clock_of(coin, coin, "file", np.asarray(at, np.int64)) for coin, at in sorted(times.items())]


def _instant(text: str, name: str, number: int) -> int:
    """Return nanoseconds since 1970."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            return nanoseconds(datetime.fromisoformat(text))
        except ValueError as error:
            raise RowError(f"{text!r} is no time: {error}", name, number, "time") from error
    if not EARLIEST <= seconds < 1e10:
        raise RowError(f"{text!r} is no time in seconds since 1970", name, number, "time")
    whole, _, part = text.partition(".")
    if not whole.isdigit():
        return round(seconds * NS)
    return int(whole) * NS + int((part + "000000000")[:9] or 0)


def known_of(files: Sequence[Path], url: str | None = None) -> Known | None:
    """Return what files and the database at an URL know; None where that is nothing."""
    clocks = [clock for path in files for clock in read_clocks(path)]
    if url is None:
        return Known(tuple(joined(clocks))) if clocks else None
    from store.clocks import ClockStore
    from store.database import open_database
    from store.rhythms import RhythmStore

    def before(at_ns: int) -> list[Standing]:
        with open_database(url) as database:
            return RhythmStore(database).before(at_ns)

    with open_database(url) as database:
        clocks += ClockStore(database).all()
    return Known(tuple(joined(clocks)), before)


def keep_rhythms(database: "Database", clocks: Sequence[Clock], standings: Sequence[Standing]) -> int:
    """Keep what a run learned and heard; return how many clocks changed."""
    from store.clocks import ClockStore
    from store.rhythms import RhythmStore

    RhythmStore(database).keep(standings)
    return ClockStore(database).add(clocks)
