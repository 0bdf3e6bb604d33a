"""Lines of a stream whose messages are gzip members, one after another (EIP-1571 `encoding: gzip`).

A member may hold one message or many, with or without LF, and may go on for as long as the stream.
"""

import zlib

from facts.errors import ParseError
from protocols.lines import MAX_LINE, LineBuffer

MAGIC = b"\x1f\x8b\x08"
"""RFC 1952: the two bytes of gzip, and its only method."""
MAX_UNPACKED = 128 * 1024
"""Bytes that one push may unpack to: twice the longest line, from a segment of at most 64 KiB."""
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_BETWEEN = b"\r\n\0"
"""What is let pass between two members."""


class PackedLines:
    """One side of a stream, from the first member on."""

    def __init__(self, start: int) -> None:
        """`start` is the stream offset of the first byte that will be pushed."""
        self._at = start
        self._member = start
        """Where the present member begins: the offset of every line in it."""
        self._inflate: zlib._Decompress | None = None
        self._lines = LineBuffer(MAX_LINE)
        self._searching = False
        """True after an error or a gap, up to the next member's first bytes."""
        self._tail = b""

    def push(self, data: bytes) -> list[tuple[int, bytes | None, bool]]:
        """Take the next bytes; return the lines they complete, as LineBuffer.push does.

        Raises ParseError, with nothing returned, where they are no gzip or unpack to too much; from there on
        they are passed over up to the next member.
        """
        lines: list[tuple[int, bytes | None, bool]] = []
        room = MAX_UNPACKED
        if self._searching:
            data = self._search(data)
        while data:
            if self._inflate is None:
                begun = data.lstrip(_BETWEEN)
                self._at += len(data) - len(begun)
                data = begun
                if not data:
                    break
                self._member = self._at
                self._inflate = zlib.decompressobj(_GZIP_WINDOW)
            try:
                text = self._inflate.decompress(data, room)
            except zlib.error as error:
                raise self._lost(len(data), f"not gzip: {error}") from error
            room -= len(text)
            if self._inflate.unconsumed_tail or room <= 0:
                raise self._lost(len(data), f"more than {MAX_UNPACKED} bytes in a segment")
            rest = self._inflate.unused_data
            self._at += len(data) - len(rest)
            if self._inflate.eof:
                self._inflate = None
                text += b"\n"
            lines += ((self._member, line, False) for _, line, _ in self._lines.push(text) if line != b"")
            data = rest
        return lines

    def gap(self, missing: int) -> None:
        """Learn that `missing` bytes were lost here: nothing is read up to the next member."""
        self._at += len(self._tail) + missing
        self._forget()

    def _forget(self) -> None:
        self._inflate = None
        self._lines = LineBuffer(MAX_LINE)
        self._searching = True
        self._tail = b""

    def _lost(self, passed: int, why: str) -> ParseError:
        error = ParseError(why, self._at)
        self._at += passed
        self._forget()
        return error

    def _search(self, data: bytes) -> bytes:
        """Return what begins with a member; keep the last bytes, where its first may be cut."""
        data = self._tail + data
        found = data.find(MAGIC)
        if found < 0:
            keep = min(len(data), len(MAGIC) - 1)
            self._at += len(data) - keep
            self._tail = data[len(data) - keep :]
            return b""
        self._at += found
        self._searching = False
        self._tail = b""
        return data[found:]
