"""The data types of Stratum V2, and how a payload made of them is taken apart.

Source: Stratum V2 specification, chapter 3.1; docs/protocols/stratum-v2.md.
"""

import math
from enum import Enum
from struct import Struct

MAX_LENGTH = 0xFF_FFFF  # bytes: what the 24 bits of a frame's length can say

Value = int | float | str | bytes | None
"""A decoded field: numbers, text, bytes (U256 too: its byte order is the reader's business), None: unset."""
Decoded = list[Value]


class Field(Enum):
    """The data types of chapter 3."""

    U8 = "U8"
    U16 = "U16"
    U32 = "U32"
    U64 = "U64"
    F32 = "F32"
    U256 = "U256"
    STR = "STR0_255"
    B32 = "B0_32"
    B255 = "B0_255"
    B64K = "B0_64K"
    OPTION_U32 = "OPTION[U32]"
    U256S = "SEQ0_255[U256]"
    U256S_64K = "SEQ0_64K[U256]"
    U16S = "SEQ0_64K[U16]"
    U32S = "SEQ0_64K[U32]"
    TRANSACTIONS = "SEQ0_64K[B0_16M]"


Layout = tuple[Field, ...]

_FIXED = {
    Field.U8: Struct("<B"),
    Field.U16: Struct("<H"),
    Field.U32: Struct("<I"),
    Field.U64: Struct("<Q"),
    Field.F32: Struct("<f"),
    Field.U256: Struct("<32s"),
}
_PREFIXED = {Field.STR: (1, 255), Field.B32: (1, 32), Field.B255: (1, 255), Field.B64K: (2, 0xFFFF)}
"""Bytes of the length, and the most that it may say."""
_ITEMS = {Field.U256S: (1, 32), Field.U256S_64K: (2, 32), Field.U16S: (2, 2), Field.U32S: (2, 4)}
"""Bytes of the count, and of an item."""


def span_of(layout: Layout) -> tuple[int, int]:
    """Return the least and the most bytes of a layout."""
    least = most = 0
    for field in layout:
        if field in _FIXED:
            least += _FIXED[field].size
            most += _FIXED[field].size
        elif field in _PREFIXED:
            width, longest = _PREFIXED[field]
            least += width
            most += width + longest
        elif field in _ITEMS:
            width, size = _ITEMS[field]
            least += width
            most += width + size * (256**width - 1)
        elif field is Field.OPTION_U32:
            least += 1
            most += 5
        else:
            least += 2
            most = MAX_LENGTH
    return least, min(most, MAX_LENGTH)


def read_layout(layout: Layout, payload: bytes, values: Decoded) -> int | None:
    """Append the values of a layout; return where they end, None where the payload ends before."""
    at = 0
    for field in layout:
        fixed = _FIXED.get(field)
        if fixed is not None:
            if at + fixed.size > len(payload):
                return None
            value: Value = fixed.unpack_from(payload, at)[0]
            if field is Field.F32 and not (isinstance(value, float) and math.isfinite(value) and value >= 0):
                return None
            values.append(value)
            at += fixed.size
            continue
        step = _variable(field, payload, at, values)
        if step is None or step > len(payload):
            return None
        at = step
    return at


def _variable(field: Field, payload: bytes, at: int, values: Decoded) -> int | None:
    if field in _PREFIXED:
        width, longest = _PREFIXED[field]
        length = int.from_bytes(payload[at : at + width], "little")
        at += width
        if length > longest or at + length > len(payload):
            return None
        raw = payload[at : at + length]
        values.append(text_of(raw) if field is Field.STR else raw)
        return at + length
    if field in _ITEMS:
        width, size = _ITEMS[field]
        count = int.from_bytes(payload[at : at + width], "little")
        end = at + width + count * size
        values.append(payload[at + width : end] if field is Field.U32S else count)
        return end
    if field is Field.OPTION_U32:
        if at >= len(payload) or payload[at] > 1:
            return None
        values.append(int.from_bytes(payload[at + 1 : at + 5], "little") if payload[at] else None)
        return at + 1 + 4 * payload[at]
    return _transactions(payload, at, values)


def _transactions(payload: bytes, at: int, values: Decoded) -> int | None:
    count = int.from_bytes(payload[at : at + 2], "little")
    at += 2
    for _ in range(count):
        if at + 3 > len(payload):
            return None
        at += 3 + int.from_bytes(payload[at : at + 3], "little")
    values.append(count)
    return at


def text_of(raw: bytes) -> str:
    """Return a string of the wire; what cannot be decoded or printed is replaced."""
    text = raw.decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
