"""What the routes of projects, exits, warnings and cases share: days, actors, cursors, tables as files."""

import csv
import hashlib
import io
import json
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import IO, Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from api.access.gate import Asker, Gate
from api.faults import fault
from api.language import TAGS, Lang
from api.problems import Problem, ProblemError
from api.sheets import harmless, headed, writable
from facts.instant import instant
from pipeline.lookup import read_time
from registry import divisions
from registry.division_table import WHOLE_COUNTRY
from store.access_rules import EVERYTHING_FOUND, lies_in
from supervision.projects.events import day_in_china
from supervision.projects.inventory import end_of
from supervision.projects.words import moment
from supervision.warnings.acts import Actor

MAX_PAGE = 500
"""Records a page."""
MAX_LOOKED = 5_000
"""Records looked at for one page: where filters leave few of them, a page is short and `next` leads on."""
MAX_ROWS = 100_000
"""Rows of a file."""
_ROWS_AT_ONCE = 500
_CHUNK = 1 << 18

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
Day = Annotated[str, Field(pattern=DAY, examples=["2026-11-20"], description="A day in China (UTC+8).")]
Region = Annotated[
    str | None,
    Field(pattern="^[0-9]{6}$", description="Lies in this division or below it.", examples=["330000"]),
]


class Body(BaseModel):
    """A body: no other key, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asking(BaseModel):
    """Parameters: no other name."""

    model_config = ConfigDict(extra="forbid")


class TimeQuery(Asking):
    """Of when the answer speaks."""

    as_of: Day | None = Field(None, description="The day that is spoken of; default: today in China.")
    known: str | None = Field(
        None,
        description="As known at this RFC 3339 time (+ is %2B), or by the end of this day; default: now.",
        max_length=40,
        examples=["2026-11-22"],
    )


class FileFormat(StrEnum):
    """What file."""

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"


MEDIA_TYPES = {
    FileFormat.CSV: "text/csv",
    FileFormat.NDJSON: "application/x-ndjson",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILE = {
    "description": f"At most {MAX_ROWS:,} rows.",
    "content": {
        name: {"schema": {"type": "string"} | ({"format": "binary"} if kind is FileFormat.XLSX else {})}
        for kind, name in MEDIA_TYPES.items()
    },
}


def actor_of(asker: Asker) -> Actor:
    """Return who asks, as the rules of supervision know them."""
    account = asker.account
    return Actor(
        account.name,
        account.role.value,
        account.division,
        account.department.value,
        account.may >= EVERYTHING_FOUND,
    )


def read_day(text: str, lang: Lang, *place: str) -> date:
    """Read a day. Raises ProblemError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("day", lang, *place)]) from error


@dataclass(frozen=True, slots=True)
class When:
    """Of when an answer speaks."""

    as_of: date
    known: datetime
    asked: str | None
    """`known` as the answer tells it: null where it was not asked for, so that its ETag stays."""


def times(request: Request, query: TimeQuery, lang: Lang) -> When:
    """Return the day that is spoken of, and as known at what time. Raises ProblemError, AskError."""
    gate: Gate = request.app.state.gate
    now = instant(gate.clock())
    as_of = day_in_china(now) if query.as_of is None else read_day(query.as_of, lang, "query", "as_of")
    if query.known is None:
        return When(as_of, now, None)
    if len(query.known) == 10:
        known = end_of(read_day(query.known, lang, "query", "known"))
    else:
        known = instant(read_time(query.known, "known"))
    return When(as_of, known, moment(known))


def at_present(request: Request) -> When:
    """Return when an answer speaks of that was asked for no time."""
    gate: Gate = request.app.state.gate
    now = instant(gate.clock())
    return When(day_in_china(now), now, None)


def today(request: Request) -> date:
    """Return the day in China."""
    gate: Gate = request.app.state.gate
    return day_in_china(instant(gate.clock()))


def own_region(asker: Asker, region: str | None) -> str:
    """Return the division that is asked of: the account's, or one inside it.

    Raises ProblemError for one that lies elsewhere: it is answered as one that does not exist.
    """
    own = asker.account.division
    if region is None or region == own:
        return own
    if region == WHOLE_COUNTRY or divisions.fault(region) is not None or not lies_in(region, own):
        raise ProblemError(Problem.UNKNOWN_RECORD)
    return region


def see(asker: Asker, division: str) -> None:
    """Raise ProblemError where a record of a division is another region's."""
    if not lies_in(division, asker.account.division):
        raise ProblemError(Problem.UNKNOWN_RECORD)


def cursor_of(place: str | int | None) -> str | None:
    """Return the cursor of what comes after a place in the order."""
    return None if place is None else urlsafe_b64encode(f"r{place}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> str | None:
    """Return the place of a cursor. Raises ProblemError for one that this service did not give."""
    if cursor is None:
        return None
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as error:
        raise ProblemError(Problem.INVALID_CURSOR) from error
    if not place.startswith("r") or cursor_of(place[1:]) != cursor:
        raise ProblemError(Problem.INVALID_CURSOR)
    return place[1:]


def number_of(cursor: str | None) -> int | None:
    """Return the number that a cursor names. Raises ProblemError."""
    place = place_of(cursor)
    if place is None:
        return None
    if not place.isdigit() or len(place) > 18:
        raise ProblemError(Problem.INVALID_CURSOR)
    return int(place)


def page_of(
    records: Iterable[dict[str, Any]], wants: Callable[[dict[str, Any]], bool], limit: int, key: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the records of a page, and the cursor of the rest; None at the end."""
    found: list[dict[str, Any]] = []
    for looked, one in enumerate(records, 1):
        if wants(one):
            found.append(one)
        if len(found) == limit or looked >= MAX_LOOKED:
            return found, cursor_of(one[key])
    return found, None


def digest(what: str, body: Body) -> bytes:
    """Return what tells one write from another: the call and its body."""
    return hashlib.sha256(f"{what} {body.model_dump_json()}".encode("utf-8", "surrogatepass")).digest()


def as_file(
    name: str,
    kind: FileFormat,
    columns: Sequence[str],
    records: Iterable[dict[str, Any]],
    row: Callable[[dict[str, Any]], list[Any]],
    lang: Lang,
) -> Response:
    """Return records as a file: rows of `columns`, or the records themselves a line."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{kind.value}"',
        "Content-Language": TAGS[lang],
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    media_type = MEDIA_TYPES[kind]
    match kind:
        case FileFormat.NDJSON:
            return StreamingResponse(_lines(records), headers=headers, media_type=media_type)
        case FileFormat.CSV:
            parts = _csv(columns, (row(one) for one in records))
            return StreamingResponse(parts, headers=headers, media_type=media_type)
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer has been sent
    _xlsx(name, columns, (row(one) for one in records), file)
    file.seek(0)
    return StreamingResponse(
        iter(lambda: file.read(_CHUNK), b""),
        headers=headers,
        media_type=media_type,
        background=BackgroundTask(file.close),
    )


def _lines(records: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for one in records:
        yield json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _csv(columns: Sequence[str], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    held = io.StringIO()
    held.write("\ufeff")  # spreadsheets need it to show Chinese
    writer = csv.writer(held)
    writer.writerow(columns)
    for number, cells in enumerate(rows, 1):
        writer.writerow([harmless(_joined(cell)) for cell in cells])
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(held)
    yield _taken(held)


def _xlsx(name: str, columns: Sequence[str], rows: Iterable[list[Any]], file: IO[bytes]) -> None:
    from xlsxwriter import Workbook

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        sheet = headed(book, name, columns)
        line = 0
        for line, cells in enumerate(rows, 1):
            for column, cell in enumerate(map(_joined, cells)):
                if isinstance(cell, bool):
                    sheet.write_boolean(line, column, cell)
                elif isinstance(cell, int | float):
                    sheet.write_number(line, column, cell)
                elif cell is not None:
                    sheet.write_string(line, column, writable(str(cell)))
        sheet.autofilter(0, 0, line, len(columns) - 1)


def _joined(value: Any) -> Any:
    return ";".join(map(str, value)) if isinstance(value, list) else value


def _taken(held: io.StringIO) -> bytes:
    text = held.getvalue()
    held.seek(0)
    held.truncate()
    return text.encode("utf-8", "replace")
