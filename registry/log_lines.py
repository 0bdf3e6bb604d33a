"""Lines of logs with the instant that each was written at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from facts.errors import ReadError
from facts.instant import nanoseconds
from facts.where import Where

MAX_LINE = 64 * 1024
"""Bytes; what is longer is no log line and is cut."""

_STAMP = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
_NAMED = re.compile(
    r"(?:(\d{4}) )?([A-Z][a-z]{2})[a-z]{0,6} +(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?: (Z|UTC|GMT|[+-]\d\d:?\d\d))?(?: (\d{4}))?"
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


@dataclass(frozen=True, slots=True)
class LogClock:
    """What the lines of a log leave out of their times."""

    zone: timezone | None = None
    """Zone of times without one; None refuses them."""
    year: int | None = None
    """Year of times without one, as RFC 3164 writes them; None refuses them."""


def log_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, text); bytes that are not UTF-8 become replacement characters.

    Raises ReadError where the file cannot be read.
    """
    try:
        with file.open("rb") as stream:
            number = 0
            while raw := stream.readline(MAX_LINE):
                number += 1
                yield number, raw.decode("utf-8", "replace").rstrip("\r\n")
                while len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                    raw = stream.readline(MAX_LINE)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(file))) from error


def parse_zone(text: str) -> timezone:
    """Return the zone of `Z` or an offset such as +08:00. Raises ValueError."""
    if text in ("Z", "UTC", "GMT"):
        return UTC
    if (match := _OFFSET.fullmatch(text)) is None:
        raise ValueError(f"{text!r} is no zone: Z, or an offset such as +08:00")
    minutes = int(match[2]) * 60 + int(match[3])
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))


def stamp_of(text: str, clock: LogClock) -> int:
    """Return the first time in a line, nanoseconds since 1970 UTC.

    Raises ValueError where there is none, or where its zone or its year is not known.
    """
    if (match := _STAMP.search(text)) is not None:
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        fraction, zone = match[7], match[8]
    elif (match := _NAMED.search(text)) is not None and match[2] in _MONTHS:
        named = match[1] or match[4] or match[10] or clock.year
        if named is None:
            raise ValueError("the time has no year: give --log-year, or have the collector write RFC 5424")
        year, month, day = int(named), _MONTHS[match[2]], int(match[3])
        hour, minute, second = int(match[5]), int(match[6]), int(match[7])
        fraction, zone = match[8], match[9]
    else:
        raise ValueError("no time is found in this line")
    at_zone = parse_zone(zone) if zone else clock.zone
    if at_zone is None:
        raise ValueError("the time has no zone: give --log-zone, such as +08:00")
    at = datetime(year, month, day, hour, minute, second, tzinfo=at_zone)
    if not 1970 <= at.year <= 2261:
        raise ValueError(f"{year} is not between 1970 and 2261")
    return nanoseconds(at) + int((fraction or "0").ljust(9, "0"))
