"""Portable storage: the key-value encoding inside Levin payloads.

Source: monero contrib/epee/include/storages/portable_storage*.h, docs/PORTABLE_STORAGE.md;
docs/protocols/levin.md.
"""

from enum import IntEnum

from facts.errors import ParseError

SIGNATURE = bytes.fromhex("011101010101020101")  # two signature words and the format version, 1
MAX_DEPTH = 16  # sections in sections; a handshake needs 2
MAX_ENTRIES = 20_000  # values in one payload; a handshake with its 250 peers has some 2,000

Value = int | bytes | bool | float | list["Value"] | dict[str, "Value"] | None


class Kind(IntEnum):
    """Type byte of an entry; ARRAY is a flag on the type of the elements."""

    INT64 = 1
    INT32 = 2
    INT16 = 3
    INT8 = 4
    UINT64 = 5
    UINT32 = 6
    UINT16 = 7
    UINT8 = 8
    DOUBLE = 9
    STRING = 10
    BOOL = 11
    OBJECT = 12
    ARRAY = 0x80


_WIDTHS: dict[int, int] = {
    Kind.INT64: 8,
    Kind.INT32: 4,
    Kind.INT16: 2,
    Kind.INT8: 1,
    Kind.UINT64: 8,
    Kind.UINT32: 4,
    Kind.UINT16: 2,
    Kind.UINT8: 1,
    Kind.DOUBLE: 8,
    Kind.BOOL: 1,
}


def read_storage(payload: bytes) -> dict[str, Value]:
    """Return the root section; numbers of arrays are passed over (None), doubles are left as None too.

    Raises ParseError (offset within `payload`) for anything malformed, too deep or too large.
    """
    if not payload.startswith(SIGNATURE):
        raise ParseError("no portable storage signature", 0)
    return _Reader(payload, len(SIGNATURE)).section(0)


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._entries = 0

    def section(self, depth: int) -> dict[str, Value]:
        if depth > MAX_DEPTH:
            raise ParseError(f"sections nested deeper than {MAX_DEPTH}", self._at)
        section: dict[str, Value] = {}
        for _ in range(self._count()):
            name = self._take(self._take(1)[0]).decode("latin-1")
            kind = self._take(1)[0]
            section[name] = (
                self._array(kind ^ Kind.ARRAY, depth) if kind & Kind.ARRAY else self._value(kind, depth)
            )
        return section

    def _value(self, kind: int, depth: int) -> Value:
        if kind == Kind.STRING:
            return self._take(self._varint())
        if kind == Kind.OBJECT:
            return self.section(depth + 1)
        width = _WIDTHS.get(kind)
        if width is None:
            raise ParseError(f"unknown type {kind}", self._at)
        raw = self._take(width)
        if kind == Kind.DOUBLE:
            return None
        return int.from_bytes(raw, "little", signed=kind <= Kind.INT8)

    def _array(self, kind: int, depth: int) -> Value:
        width = _WIDTHS.get(kind)
        if width is not None:
            self._take(self._varint() * width)
            return None
        return [self._value(kind, depth) for _ in range(self._count())]

    def _count(self) -> int:
        """Read how many entries follow; each takes at least two bytes, so a lie is seen at once."""
        count = self._varint()
        self._entries += count
        if self._entries > MAX_ENTRIES or count > len(self._data) - self._at:
            raise ParseError(f"{count} entries claimed, {len(self._data) - self._at} bytes remain", self._at)
        return count

    def _varint(self) -> int:
        """Read a number of 1, 2, 4 or 8 bytes: its two lowest bits say which."""
        width = 1 << (self._take(1)[0] & 3)
        self._at -= 1
        return int.from_bytes(self._take(width), "little") >> 2

    def _take(self, size: int) -> bytes:
        at = self._at
        if size > len(self._data) - at:
            raise ParseError(f"{size} bytes claimed, {len(self._data) - at} remain", at)
        self._at = at + size
        return self._data[at : at + size]
