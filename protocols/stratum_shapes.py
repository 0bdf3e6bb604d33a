"""Small tests that the dialects share: what a value on the wire looks like."""

import re
from typing import Any

from protocols.jsonrpc import small, text

_HEX = re.compile(r"[0-9a-fA-F]+\Z", re.ASCII)
_NONCE = re.compile(r"(?:0[xX])?[0-9a-fA-F]{4,}\Z", re.ASCII)
_HEX0X = re.compile(r"0[xX][0-9a-fA-F]+\Z", re.ASCII)
LEAST_NONCE = 2**16
"""A nonce or time sent as a number is this large, but for one of 65,536."""
LEAST_PROOF = 32
"""Characters of a nonce or proof in other letters than hex (Aleo); accounts have a place of their own."""
MAX_HEIGHT = 2**40
"""No chain has a block number near it: what is above is no height."""


def is_hex(value: object, digits: int) -> bool:
    """Say whether a value is a string of exactly so many hex digits."""
    return isinstance(value, str) and len(value) == digits and _HEX.match(value) is not None


def is_any_hex(value: object) -> bool:
    """Say whether a value is a string of hex digits, one at least."""
    return isinstance(value, str) and _HEX.match(value) is not None


def is_0x(value: object, digits: int) -> bool:
    """Say whether a value is `0x` and exactly so many hex digits."""
    return isinstance(value, str) and len(value) == digits + 2 and _HEX0X.match(value) is not None


def may_be_nonce(value: object) -> bool:
    """Say whether a part of a share can be what a machine computed: hex digits, a large number, a proof."""
    if isinstance(value, str):
        return _NONCE.match(value) is not None or (len(value) >= LEAST_PROOF and " " not in value)
    return type(value) is int and value >= LEAST_NONCE


def label(value: object) -> str | None:
    """Return a job id as text: most dialects send strings, some numbers."""
    if isinstance(value, str):
        return text(value)
    number = small(value)
    return None if number is None else str(number)


def height(value: object) -> int | None:
    """Return a block number, or None for what cannot be one."""
    number = small(value)
    return number if number is not None and 0 <= number < MAX_HEIGHT else None


def flag(value: object) -> bool | None:
    """Return True or False as sent, None for anything else."""
    return value if isinstance(value, bool) else None


def texts(values: Any, most: int) -> tuple[str, ...]:
    """Return the strings of an array, at most so many."""
    if not isinstance(values, list):
        return ()
    return tuple(said for value in values[:most] if (said := text(value)))
