"""JSON-RPC as pools speak it, read without trust: bytes of a line in, messages out.

Nothing here knows mining. Refused with ParseError: what is no JSON object (or batch of them), nests deeper
than MAX_DEPTH, names a key twice (readers differ on which counts), writes NaN or Infinity, or has a number
longer than Python reads. Invalid UTF-8 and raw control characters in strings are let through (a worker may be
named in any encoding, and many a reader takes a raw tab), and `text` replaces them in what is kept.
"""

import json
import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from facts.errors import ParseError
from protocols.parser import Side

MAX_DEPTH = 32
"""Brackets open at once; the deepest message of any dialect has 5."""
MAX_TEXT = 256
"""Characters kept of a string that an event carries; a wallet with worker and e-mail has about 150."""
MAX_PENDING = 1024
"""Unanswered requests remembered a side; a busy proxy has some hundreds in flight."""
MAX_ID = 128
"""Characters of a string id; a request with a longer one, or with a number over 64 bits, is not matched."""

_NO_KEY: Final = object()

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_CURLY_IS_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_RUN = b"[" * (MAX_DEPTH + 1)
_SPACE = " \t\r\n\0"
_BOM = b"\xef\xbb\xbf"
_DIGITS = re.compile(r"[0-9]{1,32}(?:\.[0-9]{1,32})?\Z", re.ASCII)


@dataclass(slots=True)
class Message:
    """One message; a request has a method, a response has none."""

    side: Side
    offset: int
    method: str | None
    id: object
    """As sent: anything JSON allows."""
    params: Any
    result: Any
    error: Any
    body: dict[str, Any]
    """The whole object, for dialects with keys of their own."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What an `error` says, whichever of its shapes it has."""

    code: int | None = None
    message: str | None = None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key is named twice")
    return body


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant, strict=False)
# The scanner in C that raw_decode calls.
_SCAN: Callable[[str, int], tuple[dict[str, Any], int]] = _DECODER.scan_once  # type: ignore[attr-defined]
_QUICK = json.JSONDecoder(parse_constant=_constant, strict=False)
_SCAN_QUICKLY: Callable[[str, int], tuple[dict[str, Any], int]] = _QUICK.scan_once  # type: ignore[attr-defined]
"""The same without a look at each object's keys, which costs more than all else of reading a line."""


def _too_deep(line: bytes) -> bool:
    if line.count(b"{") + line.count(b"[") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", line).translate(_CURLY_IS_SQUARE, _NO_BRACKET)
    for _ in range(MAX_DEPTH):  # each round peels the innermost pairs off
        if not brackets or _RUN in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def messages(line: bytes, side: Side, offset: int) -> Iterable[Message]:
    """Return the messages of one line: normally one; several where the sender left LF out, or for a batch.

    `offset` is where the line begins; a message after the first carries its own. Iterating raises ParseError
    at the first thing that is no message; messages before it stand.
    """
    objects = line.count(b"{")
    if line[:1] == b"{" and objects + line.count(b"[") <= MAX_DEPTH:
        text = line.decode("utf-8", "surrogateescape")
        try:
            body, end = _SCAN_QUICKLY(text, 0) if objects == 1 else _SCAN(text, 0)
            if objects == 1 and len(body) != text.count(":"):  # else each colon belongs to a key of its own
                body, end = _SCAN(text, 0)
        except (ValueError, RecursionError, StopIteration):
            return _each_message(line, side, offset)  # which says what is wrong with it
        if end == len(text) or not text[end:].strip(_SPACE):
            return (message_of(body, side, offset),)
    return _each_message(line, side, offset)


def _each_message(line: bytes, side: Side, offset: int) -> Iterator[Message]:
    """Yield the messages of any line."""
    if _too_deep(line):
        raise ParseError(f"brackets that do not close, or nest deeper than {MAX_DEPTH}", offset)
    if line.startswith(_BOM):
        line = line[len(_BOM) :]
        offset += len(_BOM)
    text = line.decode("utf-8", "surrogateescape")
    plain = len(text) == len(line)
    end, size = 0, len(text)
    measured, start = 0, offset  # characters before `measured` are counted in `start`
    while True:
        while end < size and text[end] in _SPACE:
            end += 1
        if end == size:
            return
        passed = text[measured:end]
        start += len(passed) if plain else len(passed.encode("utf-8", "surrogateescape"))
        measured = end
        try:
            value, end = _DECODER.raw_decode(text, end)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not a JSON message: {error}"[:200], start) from error
        for body in value if isinstance(value, list) else (value,):
            if not isinstance(body, dict):
                raise ParseError("a JSON value that is no object", start)
            yield message_of(body, side, start)


def value_of(line: bytes, offset: int) -> Any:
    """Return the one JSON value that a text is. Raises ParseError as `messages` does."""
    if _too_deep(line):
        raise ParseError(f"brackets that do not close, or nest deeper than {MAX_DEPTH}", offset)
    text = line.decode("utf-8", "surrogateescape").strip(_SPACE)
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a JSON value: {error}"[:200], offset) from error
    if end != len(text):
        raise ParseError("something follows a JSON value", offset)
    return value


def message_of(body: dict[str, Any], side: Side, offset: int) -> Message:
    """Tell a request from a response: some servers echo the method, some requests carry `error: null`."""
    get = body.get
    method = get("method")
    result, error = get("result"), get("error")
    if not isinstance(method, str) or ("params" not in body and ("result" in body or error is not None)):
        method = None
    return Message(side, offset, method, get("id"), get("params"), result, error, body)


def failure_of(error: object) -> Failure | None:
    """Read an `error`: [code, text, ...], {code, message}, a string, whatever else is true; None for none."""
    if not error:
        return None
    match error:
        case str():
            return Failure(None, text(error))
        case dict():
            return Failure(small(error.get("code")), text(error.get("message")))
        case list():
            return Failure(
                small(error[0]), next((text(part) for part in error if isinstance(part, str)), None)
            )
        case int():
            return Failure(small(error), None)
        case _:
            return Failure()


def text(value: object, limit: int = MAX_TEXT) -> str | None:
    """Return a string fit to keep and to print: cut at `limit`, unprintable signs replaced; else None."""
    if not isinstance(value, str):
        return None
    value = value[:limit]
    if value.isprintable():
        return value
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in value)


def small(value: object) -> int | None:
    """Return an int of at most 64 bits; None for anything else, True and False included."""
    return value if type(value) is int and value.bit_length() < 64 else None


def number(value: object) -> float | None:
    """Return a finite number, also one written as a string of digits; None for anything else."""
    if isinstance(value, str):
        return float(value) if _DIGITS.match(value) else None
    if type(value) is int and value.bit_length() <= 1000:  # a float holds 1023
        return float(value)
    return value if isinstance(value, float) and math.isfinite(value) else None


T = TypeVar("T")


class Pending(Generic[T]):
    """Requests of one side without an answer yet: at most MAX_PENDING, the oldest forgotten first.

    Ids may be reused while one is open: answers are taken to come in the order of their requests.
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, list[T]] = {}  # of each id nearly always one
        self._count = 0

    def ask(self, request_id: object, request: T) -> None:
        """Remember a request."""
        key = _key(request_id)
        if key is _NO_KEY:
            return
        if self._count >= MAX_PENDING:
            self._forget(next(iter(self._open)))
        waiting = self._open.get(key)
        if waiting is None:
            self._open[key] = [request]
        else:
            waiting.append(request)
        self._count += 1

    def peek(self, request_id: object) -> T | None:
        """Return the oldest open request of this id and leave it open."""
        waiting = self._open.get(_key(request_id))
        return waiting[0] if waiting else None

    def answer(self, request_id: object) -> T | None:
        """Return the oldest open request of this id and close it."""
        key = _key(request_id)
        return self._forget(key) if key in self._open else None

    @property
    def open(self) -> int:
        """Requests without an answer."""
        return self._count

    def clear(self) -> None:
        """Forget everything."""
        self._open.clear()
        self._count = 0

    def _forget(self, key: Hashable) -> T:
        waiting = self._open[key]
        request = waiting.pop(0)
        if not waiting:
            del self._open[key]
        self._count -= 1
        return request


def _key(request_id: object) -> Hashable:
    """Return what an id is remembered under; 1, "1" and true are three ids."""
    if type(request_id) is int and request_id.bit_length() < 64:
        return request_id
    if request_id is None or (isinstance(request_id, str) and len(request_id) <= MAX_ID):
        return request_id
    return _NO_KEY
