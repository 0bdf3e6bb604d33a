"""Protocol Buffers: the fields of one message, without its schema.

Source: protobuf.dev, "Encoding".
"""

from collections.abc import Iterator
from typing import NamedTuple

MAX_FIELDS = 256  # fields of one message that are walked: those that matter come first


class Field(NamedTuple):
    """One field: a number, or where its bytes lie."""

    number: int
    value: int
    """Of a varint; -1 for any other."""
    begin: int
    end: int
    """Of a length-delimited field; both 0 for any other."""


def fields(data: bytes, begin: int, end: int) -> Iterator[Field]:
    """Yield the fields in data[begin:end]; a last one that is cut off is yielded with the end it claims.

    Raises ValueError where it is no message.
    """
    at = begin
    for _ in range(MAX_FIELDS):
        if at >= end:
            return
        key, at = varint(data, at, end)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field without a number")
        if kind == 0:
            value, at = varint(data, at, end)
            yield Field(number, value, 0, 0)
        elif kind == 2:
            size, at = varint(data, at, end)
            yield Field(number, -1, at, at + size)
            at += size
        elif kind in (1, 5):
            yield Field(number, -1, 0, 0)
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a number of at most ten bytes and the offset behind it. Raises ValueError."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise ValueError("a number that is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number that does not end")
