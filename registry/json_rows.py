"""JSON to rows: an array of objects, or one object a line; read as a stream."""

import json
from collections.abc import Iterator
from typing import IO, Any

from facts.errors import ReadError
from facts.where import Where

MAX_OBJECT = 64 * 1024
"""Characters of one object."""
_CHUNK = 1 << 16
_BLANK = " \t\r\n\ufeff"


def objects(file: IO[str], source: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield (number counting from 1, object), or the reason where what stands there is no object.

    Raises ReadError where the text is no JSON from some place on.
    """
    reader = _Reader(file, source)
    bracket = reader.peek() == "["
    if bracket:
        reader.skip(1)
    number = 0
    while (following := reader.peek()) and not (bracket and following == "]"):
        if bracket and number:
            if following != ",":
                raise ReadError(f"no comma after object {number}", Where(source))
            reader.skip(1)
        number += 1
        value = reader.value(number)
        yield number, (value if isinstance(value, dict) else "no JSON object")
    if bracket and reader.peek() != "]":
        raise ReadError(f"the array ends within or after object {number}", Where(source))


def text_of(value: object) -> str | None:
    """Return a cell's text of a JSON value: null is empty, a list joins with `;`; None where it has none."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return None
        case int() | float():
            return json.dumps(value)
        case list() if all(isinstance(part, str | int) and not isinstance(part, bool) for part in value):
            return ";".join(map(str, value))
        case _:
            return None


class _Reader:
    """A text file as a buffer that slides along."""

    def __init__(self, file: IO[str], source: str) -> None:
        self._file = file
        self._source = source
        self._decoder = json.JSONDecoder()
        self._buffer = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _BLANK:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self, count: int) -> None:
        self._at += count

    def value(self, number: int) -> Any:
        """Return the next value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._buffer) - self._at <= MAX_OBJECT and self._more():
                    continue
                raise ReadError(f"object {number} is no JSON: {error}", Where(self._source)) from error
            if end == len(self._buffer) and self._more():
                continue  # a number may go on
            if end - self._at > MAX_OBJECT:
                raise ReadError(f"object {number} is longer than {MAX_OBJECT}", Where(self._source))
            self._at = end
            return value

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = self._file.read(_CHUNK)
        self._ended = not chunk
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)
