"""Stratum V2 in clear, over TCP: binary frames between a miner, a proxy, a pool, a template provider.

The handshake that hides them is optional on the local network only; behind it see protocols/sv2_noise.py.
Source: Stratum V2 specification, chapters 3 and 8; docs/protocols/stratum-v2.md.
"""

import re
from struct import Struct
from typing import ClassVar

from facts.errors import ParseError
from protocols.framed import Framed, Half, Outcome
from protocols.parser import Heads, Match, Side
from protocols.sv2_fields import Decoded
from protocols.sv2_messages import (
    CHANNEL_BIT,
    FORMS,
    HEADER_SIZE,
    Form,
    Type,
    channel_bit_fits,
    decode,
    form_of,
)
from protocols.sv2_session import Sv2Session

HEADER = Struct("<HB")
MAX_HELD = 192 * 1024  # bytes: an extended job with 255 hashes and the longest coinbase has 139 KiB
LONGEST_FIRST = 8 * 1024  # bytes: a probe waits for no longer message; heads have 4 KiB
MAX_FOREIGN = 64 * 1024  # bytes: a longer message of an unknown extension is no header
MAX_LOST = 4 * 1024 * 1024  # bytes without a frame: it is not this protocol any more
MAX_SOUGHT = 2_048  # bytes of a message that a boundary is found by: shares, jobs and targets are shorter
WINDOW = 2 * (HEADER_SIZE + MAX_SOUGHT)  # bytes that a search looks at behind a possible header
CHAIN = 2  # exact frames in a row that show a boundary after a loss
MIDSTREAM = 3  # exact frames of both sides that show the protocol where its beginning is missing
VERSION = 2  # the only one that there is

_TYPES = b"".join(re.escape(bytes([form.type])) for form in FORMS.values() if form.type < 0x100)
_ANY_HEADER = re.compile(rb"\x00[\x00\x80][" + _TYPES + rb"]..\x00|\x01\x00[\x00-\x02]..\x00", re.DOTALL)


class StratumV2(Framed[Half]):
    """Reads both sides of one connection."""

    name: ClassVar[str] = "sv2"
    max_lost: ClassVar[int] = MAX_LOST

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES on a whole SetupConnection of either side, or on exact frames only, three and more."""
        exact, answer = 0, Match.MORE
        for head in heads.values():
            if not head:
                continue
            found, broken = _chain(bytes(head), 0, LONGEST_FIRST)
            if found and _is_setup(bytes(head)):
                return Match.YES
            if broken:
                answer = Match.NO
            exact += found
        return Match.YES if exact >= MIDSTREAM and answer is Match.MORE else answer

    def __init__(self) -> None:
        super().__init__(Half(), Half())
        self._session = Sv2Session()

    def gap(self, side: Side, missing: int) -> None:
        """Stay aligned where the loss lies inside one message, else search for two exact frames in a row."""
        super().gap(side, missing)
        self._session.forget(side)

    @property
    def finished(self) -> bool:
        """True when a side has spoken as miner and as pool, or nothing has been read for long."""
        return self._session.contradicted or any(half.unread > MAX_LOST for half in self._halves)

    def _message(self, half: Half, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        held = half.held
        if len(held) - at < HEADER_SIZE:
            return at, ()
        offset = half.offset + at
        form, length = _header(held, at)
        if form is None:
            if length <= MAX_FOREIGN and HEADER.unpack_from(held, at)[0] & ~CHANNEL_BIT:
                half.skip = length  # of an extension not known here: to be passed over (3.4)
                return at + HEADER_SIZE, ()
            return self._lose(half, at, ParseError("no Stratum V2 frame where one is due", offset))
        if length > MAX_HELD:
            half.skip = length
            return at + HEADER_SIZE, self._tell(half, form, None, side, offset)
        end = at + HEADER_SIZE + length
        if end > len(held):
            return at, ()
        values = decode(form, bytes(held[at + HEADER_SIZE : end]))
        if values is None:
            return self._lose(half, at, ParseError(f"not the fields of {form.name}", offset))
        return end, self._tell(half, form, values, side, offset)

    def _tell(
        self, half: Half, form: Form, values: Decoded | None, side: Side, offset: int
    ) -> tuple[Outcome, ...]:
        session = self._session
        if session.contradicted:
            return ()
        if offset == 0 and form.type in (Type.SETUP_CONNECTION, Type.SETUP_CONNECTION_SUCCESS):
            session.whole[side] = True
        half.begun = True
        half.unread = 0
        if values is None:  # too long to wait for: transactions, of which the name says all that matters
            return tuple(session.name_only(form, side, offset))
        return tuple(session.tell(form, values, side, offset))

    def _lose(self, half: Half, at: int, error: ParseError) -> tuple[int, tuple[Outcome, ...]]:
        half.lost = True
        due = half.begun
        half.begun = False  # one error for one loss
        self._session.forget(Side(self._halves.index(half)))
        return at + 1, (error,) if due else ()

    def _search(self, half: Half, at: int) -> int:
        """Return where two exact frames in a row begin; else where they may, once more bytes are there."""
        held, end = half.held, len(half.held)
        waits = max(at, end - HEADER_SIZE + 1)
        for found in _ANY_HEADER.finditer(held, at):
            begin = found.start()
            length = int.from_bytes(held[begin + 3 : begin + HEADER_SIZE], "little")
            behind = begin + HEADER_SIZE + length
            if length > MAX_SOUGHT or (behind + HEADER_SIZE <= end and not _ANY_HEADER.match(held, behind)):
                continue  # cheap, as hostile bytes may be full of them
            exact, broken = _chain(bytes(held[begin : begin + WINDOW]), 0, MAX_SOUGHT)
            if exact >= CHAIN:
                half.lost = False
                waits = begin
                break
            if not broken and begin >= end - WINDOW:
                waits = min(waits, begin)
        half.unread += waits - at
        return waits

    def _due(self, half: Half) -> int:
        if len(half.held) < HEADER_SIZE:
            return 0
        form, length = _header(half.held, 0)
        return 0 if form is None else HEADER_SIZE + length - len(half.held)


def _header(data: bytes | bytearray, at: int) -> tuple[Form | None, int]:
    """Return the message of the header at `at`, None where there is none, and the length it claims."""
    extension, kind = HEADER.unpack_from(data, at)
    length = int.from_bytes(data[at + 3 : at + HEADER_SIZE], "little")
    form = form_of(extension, kind)
    if form is None or not (channel_bit_fits(form, extension) and form.least <= length <= form.most):
        return None, length
    return form, length


def _chain(data: bytes, at: int, longest: int) -> tuple[int, bool]:
    """Count the exact frames from `at` on, none of more than `longest` bytes; and say whether one is wrong.

    A frame that is not whole ends the count, and is not wrong as far as it goes.
    """
    count = 0
    while at < len(data):
        if len(data) - at < HEADER_SIZE:
            return count, not _may_begin(data[at:])
        form, length = _header(data, at)
        end = at + HEADER_SIZE + length
        if form is None or length > longest:
            return count, True
        if end > len(data):
            return count, False
        if decode(form, data[at + HEADER_SIZE : end]) is None:
            return count, True
        count += 1
        at = end
    return count, False


def _may_begin(data: bytes) -> bool:
    """Say whether a few bytes may be the beginning of a header."""
    if data[0] > 1 or (len(data) > 1 and data[1] not in (0, 0x80)):
        return False
    return len(data) < 3 or form_of(int.from_bytes(data[:2], "little"), data[2]) is not None


def _is_setup(head: bytes) -> bool:
    """Say whether a SetupConnection stands first, for a version and a protocol that there are."""
    form, length = _header(head, 0)
    if form is None or form.type is not Type.SETUP_CONNECTION:
        return False
    values = decode(form, head[HEADER_SIZE : HEADER_SIZE + length])
    if values is None:
        return False
    protocol, least, most = values[:3]
    texts = [value for value in values if isinstance(value, str)]
    return (
        isinstance(protocol, int)
        and protocol <= 3
        and least == VERSION
        and isinstance(most, int)
        and VERSION <= most <= 0xFF
        and any(texts)
        and all("\N{REPLACEMENT CHARACTER}" not in text for text in texts)
    )
