"""Column types: what Python holds, as both SQLite and PostgreSQL keep it."""

import json
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.types import TypeDecorator

from facts.endpoint import Address, packed16, unpacked16
from facts.names import LEVEL_ORDER, Level

RowId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows in INTEGER keys only
_MAX_BIGINT = (1 << 63) - 1

_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_UNSTORABLE = re.compile("[\x00\\\\\ud800-\udfff]")
_ESCAPE = re.compile(r"\\([0-9a-f]{4})")


def _read(text: str) -> Any:
    """Return the value of what `json.dumps` wrote, in a quarter of the time of `json.loads`."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else json.loads(text)  # which tells what is wrong with it


def stored_text(value: str) -> str:
    """Return a text as AnyText keeps it."""
    return _UNSTORABLE.sub(lambda m: f"\\{ord(m[0]):04x}", value)


class AddressColumn(TypeDecorator[Address]):
    """16 bytes, IPv4 mapped into IPv6; bytes compare as the addresses do, so ranges can be asked for."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: Address | None, dialect: Dialect) -> bytes | None:
        """Return the bytes of an address."""
        return None if value is None else packed16(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Address | None:
        """Return the address of the bytes; mapped IPv4 as IPv4."""
        return None if value is None else unpacked16(value)


class Instant(TypeDecorator[int]):
    """Nanoseconds since 1970 UTC as BIGINT: exact, unlike either database's own times.

    A damaged capture may claim times that 64 bits do not hold: those are kept as the nearest that they do.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Return the time, clamped to what the column holds."""
        return None if value is None else min(max(value, -_MAX_BIGINT), _MAX_BIGINT)


class LevelColumn(TypeDecorator[Level]):
    """A level by its place in LEVEL_ORDER, so that "at least" is a comparison."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Level | None, dialect: Dialect) -> int | None:
        """Return the place of a level."""
        return None if value is None else LEVEL_ORDER.index(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Level | None:
        """Return the level at a place."""
        return None if value is None else LEVEL_ORDER[value]


class AnyText(TypeDecorator[str]):
    r"""Any Python text, for what comes from traffic and file names.

    PostgreSQL refuses U+0000, and no database takes a lone surrogate (which stands for a byte of a file name
    that is not UTF-8). Both, and the backslash, are kept as a backslash and four hexadecimal digits.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text with what cannot be kept escaped."""
        return None if value is None else stored_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it was."""
        if value is None or "\\" not in value:
            return value
        return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), value)


class JsonText(TypeDecorator[Any]):
    """A JSON value as ASCII text: the same in both databases, whatever characters and floats are in it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the value as JSON."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the value of the JSON."""
        return None if value is None else _read(value)
