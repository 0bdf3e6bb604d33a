"""Bulk look-ups: a JSON array in, one NDJSON line per entry out, a batch at a time."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.decoder import JSONDecoder
from typing import Any

from starlette.requests import Request

from api.access.view import View
from api.faults import fault
from api.language import Lang
from api.problems import Problem, ProblemError, problem_json
from facts.errors import StoreError
from pipeline.lookup import Ask, AskError, look_up, read_address, read_port, read_time
from pipeline.services import Services

MAX_ENTRIES = 100_000  # promised in the interface; more belong into several requests
MAX_BODY = 16 * 1024 * 1024  # bytes: 100,000 entries with address, time and port take under 12 MB
BODY_S = 60
"""Seconds in which a body must have come."""
BATCH = 500  # entries a thread works on at once: 20 to 90 ms, after which a lost client is noticed
MAX_SHOWN = 100  # characters of a bad entry that are shown back

_BLANK = " \t\n\r"


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry that is no question."""

    shown: str
    kind: str
    place: tuple[str | int, ...]


Entry = Ask | BadEntry


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """Return the body of a JSON request. Raises ProblemError for another media type and beyond the limit."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if media_type != "application/json" or encoding != "identity":
        raise ProblemError(Problem.UNSUPPORTED_MEDIA_TYPE, headers={"Accept": "application/json"})
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise ProblemError(Problem.BODY_TOO_LARGE, limit=limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):  # who sends slowly holds a slot that others wait for
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise ProblemError(Problem.BODY_TOO_LARGE, limit=limit)
    except TimeoutError as error:
        raise ProblemError(Problem.BODY_TOO_SLOW, seconds=BODY_S, headers={"Connection": "close"}) from error
    return bytes(body)


def parse_entries(raw: bytes, lang: Lang, limit: int = MAX_ENTRIES) -> list[Entry]:
    """Read a JSON array of addresses and questions; what is wrong inside an entry stays in its place.

    Raises ProblemError where the body is not JSON, not an array, or holds more than `limit` entries.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError(Problem.MALFORMED_JSON, offset=error.start, why="not UTF-8") from error
    # Entry by entry: decoding the array in one call would hold the interpreter for a quarter of a second.
    decoder = JSONDecoder(parse_constant=_refuse_constant)
    at = _after_blanks(text, 0)
    if text[at : at + 1] != "[":
        _decode(decoder, text, at)
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("array", lang, "body")])
    entries: list[Entry] = []
    at = _after_blanks(text, at + 1)
    more = text[at : at + 1] != "]"
    while more:
        value, at = _decode(decoder, text, at)
        if len(entries) == limit:
            raise ProblemError(Problem.TOO_MANY_ADDRESSES, limit=limit)
        entries.append(_entry(value, len(entries)))
        at = _after_blanks(text, at)
        more = text[at : at + 1] == ","
        if more:
            at = _after_blanks(text, at + 1)
        elif text[at : at + 1] != "]":
            raise _malformed(text, at, "expected , or ]")
    end = _after_blanks(text, at + 1)
    if end != len(text):
        raise _malformed(text, end, "more after the array")
    return entries


def batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries in order, BATCH at a time."""
    for start in range(0, len(entries), BATCH):
        yield entries[start : start + BATCH]


def answer_lines(
    services: Services, view: View, entries: Sequence[Entry], lang: Lang, instance: str
) -> bytes:
    """Return one NDJSON line per entry, as the view shows it. Raises StoreError where the database fails."""
    answers = map(view.answer, look_up(services, [entry for entry in entries if isinstance(entry, Ask)]))
    return b"".join(
        _line(
            view.answer_json(next(answers), lang)
            if isinstance(entry, Ask)
            else _error(
                entry.shown,
                problem_json(
                    Problem.INVALID_REQUEST, lang, instance, [fault(entry.kind, lang, *entry.place)]
                ),
            )
        )
        for entry in entries
    )


def failed_lines(entries: Sequence[Entry], lang: Lang, instance: str) -> bytes:
    """Return one error line per entry of a batch that the database did not answer."""
    problem = problem_json(Problem.STORE_UNAVAILABLE, lang, instance)
    return b"".join(
        _line(_error(str(entry.address) if isinstance(entry, Ask) else entry.shown, problem))
        for entry in entries
    )


def answer_lines_or_errors(
    services: Services, view: View, entries: Sequence[Entry], lang: Lang, instance: str
) -> bytes:
    """Return one NDJSON line per entry, whatever the database does: the status line has been sent."""
    try:
        return answer_lines(services, view, entries, lang, instance)
    except StoreError:
        return failed_lines(entries, lang, instance)


def _entry(value: Any, index: int) -> Entry:
    place: tuple[str | int, ...] = ("body", index)
    match value:
        case str():
            members: dict[str, Any] = {"address": value}
        case {"address": str()}:
            members = value
            place = (*place, "address")
        case _:
            return BadEntry(_shown(value), "entry", place)
    for name in members:
        if name not in ("address", "at", "port"):
            return BadEntry(_shown(value), "member", ("body", index, name[:MAX_SHOWN]))
    at, port = members.get("at"), members.get("port")
    try:
        address = read_address(members["address"])
        place = ("body", index, "at")
        if at is not None and not isinstance(at, str):
            return BadEntry(_shown(value), "time", place)
        at_ns = None if at is None else read_time(at)
        place = ("body", index, "port")
        if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
            return BadEntry(_shown(value), "port", place)
        return Ask(address, at_ns, None if port is None else read_port(port))
    except AskError as error:
        return BadEntry(_shown(value), error.kind, place)


def _shown(value: Any) -> str:
    text = value[:MAX_SHOWN] if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:MAX_SHOWN]
    return text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be sent back


def _error(shown: str, problem: dict[str, Any]) -> dict[str, Any]:
    return {"type": "error", "input": shown, "error": problem}


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _decode(decoder: JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, error.msg) from error
    except RecursionError as error:
        raise _malformed(text, at, "nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits, NaN
        raise _malformed(text, at, str(error)) from error


def _malformed(text: str, at: int, why: str) -> ProblemError:
    offset = len(text[:at].encode("utf-8"))
    return ProblemError(Problem.MALFORMED_JSON, offset=offset, why=why)


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
