"""ExMessages: the binary frames that BTCAgent and its pool put between the lines of JSON.

    0      1      2      4
    +------+------+------+------------------------------
    | 0x7F | type | size | body, little-endian
    +------+------+------+------------------------------

`size` counts the header as well. Sources: btcagent ExMessage.go, btcpool docs/AGENT.md (whose sizes of some
types differ from what is sent); docs/protocols/btcagent.md.
"""

import re
import struct
from enum import IntEnum

FRAME = b"\x7f"
"""No JSON text begins so."""
HEADER = struct.Struct("<BBH")
_OTHER_LINE = b"{"
MAX_NAMES = 1024
"""Bytes of a registration that is believed without knowing the stream."""
MAX_JOB = 64
"""Bytes of a job's id in Ethereum's frames."""
MIX = 32
"""Bytes of a mix hash."""


class Type(IntEnum):
    """The assigned types; those up to 0x04 and 0x12 to 0x14 come from the agent."""

    REGISTER = 0x01
    SUBMIT = 0x02
    SUBMIT_TIME = 0x03
    UNREGISTER = 0x04
    SET_DIFFICULTY = 0x05
    SUBMIT_RESPONSE = 0x10
    SUBMIT_VERSION = 0x12
    SUBMIT_TIME_VERSION = 0x13
    SUBMIT_MIX = 0x14
    SET_EXTRANONCE = 0x22


SIZES: dict[int, range] = {
    Type.REGISTER: range(8, 1 << 16),
    Type.SUBMIT: range(15, 14 + MAX_JOB + 1),
    Type.SUBMIT_TIME: range(19, 20),
    Type.UNREGISTER: range(6, 7),
    Type.SET_DIFFICULTY: range(7, 1 << 16, 2),
    Type.SUBMIT_RESPONSE: range(10, 11),
    Type.SUBMIT_VERSION: range(19, 20),
    Type.SUBMIT_TIME_VERSION: range(23, 24),
    Type.SUBMIT_MIX: range(15, 14 + MAX_JOB + MIX + 1),
    Type.SET_EXTRANONCE: range(10, 11),
}
"""Type -> the sizes that its frames may have."""
_BEGINNING = re.compile(FRAME + b"(?:[" + re.escape(bytes(SIZES)) + b"]|\\Z)", re.DOTALL)
"""The magic and an assigned type, or the end of the data."""
FROM_POOL = frozenset({Type.SET_DIFFICULTY, Type.SUBMIT_RESPONSE, Type.SET_EXTRANONCE})
_MAX_EXPONENT = 63
"""The agent computes the difficulty as 1 << exponent, in 64 bits."""


def size_of(data: bytes | bytearray, at: int = 0) -> int | None:
    """Return the size of the frame whose header begins here, or None where its type and size do not agree.

    A type that is not assigned is let pass with any size. `data` has the four bytes of the header.
    """
    _, kind, size = HEADER.unpack_from(data, at)
    sizes = SIZES.get(kind)
    if size < HEADER.size or (sizes is not None and size not in sizes):
        return None
    return int(size)


def is_exact(data: bytes | bytearray, at: int, size: int) -> bool:
    """Say whether a whole frame of an assigned type has the body that its type wants."""
    kind = data[at + 1]
    if kind == Type.REGISTER:
        end = at + size
        return data[end - 1] == 0 and data.count(b"\0", at + 6, end) == 2
    if kind == Type.SET_DIFFICULTY:
        exponent, count = struct.unpack_from("<BH", data, at + 4)
        return bool(exponent <= _MAX_EXPONENT and size == 7 + 2 * count)
    return kind in SIZES


def begins(data: bytes, at: int) -> bool | None:
    """Say whether the header of a frame stands here; None where the data ends within it."""
    if len(data) - at >= HEADER.size:
        kind, size = data[at + 1], size_of(data, at)
        return kind in SIZES and size is not None and (kind != Type.REGISTER or size <= MAX_NAMES)
    return None if at + 1 == len(data) or data[at + 1] in SIZES else False


def chain(data: bytes | bytearray, at: int, wanted: int) -> bool | None:
    """Say whether `wanted` exact messages follow each other from here on; None where the data ends before.

    Messages are frames of one party, none of them longer than needed; a line of JSON settles it alone.
    """
    party: bool | None = None
    for _ in range(wanted):
        if at >= len(data):
            return None
        if data[at : at + 1] == _OTHER_LINE:
            end = data.find(b"\n", at)
            return None if end < 0 else data[at:end].rstrip().endswith(b"}")
        if data[at : at + 1] != FRAME:
            return False
        if len(data) - at < HEADER.size:
            return None
        kind, size = data[at + 1], size_of(data, at)
        if size is None or kind not in SIZES or (kind == Type.REGISTER and size > MAX_NAMES):
            return False
        if party not in (None, kind in FROM_POOL):
            return False
        party = kind in FROM_POOL
        if len(data) - at < size:
            return None
        if not is_exact(data, at, size):
            return False
        at += size
    return True


def find_chain(data: bytes | bytearray, wanted: int) -> tuple[int, bool]:
    """Return where exact messages begin, and whether that is sure; else where they may begin, or the end.

    A line of JSON begins at the data's first byte or behind an LF. The first place that may yet prove right
    is waited for, so that more data is not searched twice.
    """
    line = 0 if data[:1] == _OTHER_LINE else _after(data.find(b"\n" + _OTHER_LINE))
    frame = _frame(data, 0)
    while line >= 0 or frame >= 0:
        at = min(place for place in (line, frame) if place >= 0)
        answer = chain(data, at, wanted)
        if answer is not False:
            return at, answer is True
        if at == line:
            line = _after(data.find(b"\n" + _OTHER_LINE, at))
        if at == frame:
            frame = _frame(data, at + 1)
    return len(data), False


def _frame(data: bytes | bytearray, at: int) -> int:
    found = _BEGINNING.search(data, at)
    return -1 if found is None else found.start()


def _after(found: int) -> int:
    return found + 1 if found >= 0 else -1
