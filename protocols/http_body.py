"""The body of one HTTP message, kept within bounds: content codings undone, long bodies by both their ends.

A block template holds all transactions of a block, some megabytes, and says at its two ends what it is; so of
a long body the beginning and the end are kept. Sources: RFC 9110 section 8.4, RFC 1950 to 1952.
"""

import re
import zlib
from dataclasses import dataclass

MAX_BODY = 64 * 1024
"""Bytes kept from the beginning; every mining message but templates and blocks is below 4 KiB."""
MAX_TAIL = 4 * 1024
"""Bytes kept from the end of a longer body: what follows the transactions of a template has some hundreds."""
MAX_INFLATED = 4 * 1024 * 1024
"""Bytes that one compressed body may grow to, a full block in hexadecimal digits; beyond it is not read."""
MAX_UNTOLD = 1024 * 1024
"""Bytes of a body without length in which the end of its JSON text is looked for."""
MAX_OPEN = 32
"""Brackets open at once before the end of a JSON text is no longer looked for; messages have 5."""

MAX_MARKS = 64 * 1024
"""Brackets, quotes and backslashes up to that end; a block template has some tens of thousands."""

_MARKS = re.compile(rb'["\\{}\[\]]')


@dataclass(frozen=True, slots=True)
class Body:
    """What a message carried."""

    data: bytes = b""
    """Decoded, from the beginning, at most MAX_BODY bytes."""
    tail: bytes = b""
    """Of a longer one the last bytes, at most MAX_TAIL, none of them in `data`; empty for a short one."""
    damaged: bool = False
    """True where bytes were lost or could not be decoded: `data` is then no contiguous text."""

    @property
    def whole(self) -> bool:
        """Whether `data` is all of it."""
        return not self.damaged and not self.tail


class BodyBuilder:
    """Takes the bytes of one body in any cut."""

    def __init__(self, coding: str) -> None:
        """`coding` is the value of Content-Encoding, empty for none."""
        coding = coding.strip().lower()
        self._inflate: zlib._Decompress | None = None
        self._deflate = coding == "deflate"
        self._start = b""
        """The first two bytes of a body in `deflate`: some servers leave the zlib header out."""
        self._size = 0
        self._data = bytearray()
        self._tail = b""
        self.damaged = False
        """Whether bytes were lost or cannot be decoded."""
        if coding in ("gzip", "x-gzip"):
            self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        elif coding not in ("", "identity", "deflate"):
            self.damaged = True

    def add(self, data: bytes | memoryview) -> bytes | memoryview:
        """Take the next bytes; return them decoded."""
        if self.damaged:
            return b""
        if self._deflate:
            data = self._start = self._start + bytes(data)
            if len(data) < 2:
                return b""
            self._deflate = False
            zlib_header = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)
        if self._inflate is not None:
            data = self._inflated(self._inflate, data)
        room = MAX_BODY - len(self._data)
        self._data += data[:room]
        beyond = data[room:]
        if beyond:
            self._tail = (self._tail + bytes(beyond[-MAX_TAIL:]))[-MAX_TAIL:]
        return data

    def lose(self) -> None:
        """Learn that bytes were lost here."""
        self.damaged = True

    def build(self) -> Body:
        """Return the body as far as it was taken."""
        if self.damaged:
            return Body(damaged=True)
        return Body(bytes(self._data), self._tail)

    def _inflated(self, inflate: "zlib._Decompress", data: bytes | memoryview) -> bytes:
        try:
            out = inflate.decompress(data, MAX_INFLATED + 1 - self._size)
        except zlib.error:
            self.damaged = True
            return b""
        self._size += len(out)
        if self._size > MAX_INFLATED:
            self.damaged = True
            return b""
        return out


class JsonEnd:
    """Finds where a JSON object or array ends, in a body that only the end of the connection would end."""

    def __init__(self) -> None:
        self._open = 0
        self._marks = 0
        self._seen = 0
        self._quoted = False
        self._escaped = False
        self.other = False
        """True once the text cannot be an object or array, or is beyond one of the limits above."""

    def push(self, data: bytes) -> bool:
        """Take the next bytes; return whether the text is complete."""
        self._seen += len(data)
        self.other |= self._seen > MAX_UNTOLD
        if not self._open and not self.other:
            data = data.lstrip()
            self.other = bool(data) and data[:1] not in (b"{", b"[")
        if self.other:
            return False
        at = 0
        if self._escaped and data:
            self._escaped = False
            at = 1
        while (found := _MARKS.search(data, at)) is not None:
            at = found.end()
            mark = found.group()
            self._marks += 1
            if self._marks > MAX_MARKS:
                self.other = True
                return False
            if self._quoted:
                if mark == b"\\":
                    self._escaped = at == len(data)
                    at += 1
                elif mark == b'"':
                    self._quoted = False
            elif mark == b'"':
                self._quoted = True
            elif mark in (b"{", b"["):
                self._open += 1
                if self._open > MAX_OPEN:
                    self.other = True
                    return False
            elif mark in (b"}", b"]"):
                self._open -= 1
                if self._open <= 0:
                    return True
        return False
