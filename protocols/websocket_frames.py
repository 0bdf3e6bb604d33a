"""The messages of one side of a WebSocket connection: frames, masks, fragments, permessage-deflate.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-------+-+-------------+-------------------------------+
    |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
    |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
    |N|V|V|V|       |S|             |   (if payload len==126/127)   |
    | |1|2|3|       |K|             |                               |
    +-+-+-+-+-------+-+-------------+-------------------------------+
    |          Masking-key, if MASK set (32 bits), then payload     |

Frames have no marker, so a lost header loses the boundary; it is found again at a frame that holds one whole
JSON object. Sources: RFC 6455 (5 and 7), RFC 7692; docs/protocols/websocket.md.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from facts.errors import ParseError
from protocols.websocket_inflate import MAX_MESSAGE, Inflater

SURE = 16
"""Characters of a JSON object that must be seen before a frame is believed in mid-stream."""
LOOK = 256
"""Bytes of it that must be UTF-8 without control characters."""

_WHOLE_TEXT = 0x80 | 1
"""First byte of a frame that is a whole text message in clear."""
_SPACE = b" \t\r\n"
_OPENING = frozenset(b'"} \t\r\n')
"""What may follow the first brace of a JSON object."""
_CONTROLS = bytes(set(range(32)) - set(_SPACE))


class Opcode(IntEnum):
    """What a frame carries (RFC 6455, 11.8)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_DATA = frozenset((0, 1, 2))
_CONTROL = frozenset((8, 9, 10))


class Header(NamedTuple):
    """A frame's header."""

    final: bool
    compressed: bool
    """RSV1, the first frame of a compressed message (RFC 7692)."""
    opcode: int
    masked: bool
    size: int
    """Bytes of the header, key included."""
    length: int
    """Bytes of the payload."""


def header_of(data: bytes | bytearray, at: int = 0) -> Header | None:
    """Read the header that begins at `at`; None where it is not all there.

    Raises ValueError where there is none.
    """
    have = len(data) - at
    if have < 1:
        return None
    first = data[at]
    opcode = first & 15
    if first & 0x30:
        raise ValueError("a reserved bit of a frame is set")
    if opcode not in _DATA:
        if opcode not in _CONTROL:
            raise ValueError("an opcode that is not assigned")
        if first & 0xC0 != 0x80:
            raise ValueError("a control frame in fragments or compressed")
    elif first & 0x40 and not opcode:
        raise ValueError("a continuation frame compressed on its own")
    if have < 2:
        return None
    second = data[at + 1]
    length, size = second & 127, 2
    if length > 125:
        if opcode > 7:
            raise ValueError("a control frame of more than 125 bytes")
        size = 4 if length == 126 else 10
        if have < size:
            return None
        length = int.from_bytes(data[at + 2 : at + size], "big")
        if length < (126 if size == 4 else 0x1_0000) or length >> 63:
            raise ValueError("a length in more bytes than it needs, or of 64 bits")
    masked = second > 127
    if masked:
        size += 4
        if have < size:
            return None
    return Header(first > 127, first & 0x40 != 0, opcode, masked, size, length)


def payload_of(data: bytes | bytearray, at: int, header: Header) -> bytes:
    """Return the payload of the frame at `at`, unmasked, as much of it as is there."""
    start = at + header.size
    raw = bytes(data[start : start + header.length])
    if not header.masked:
        return raw
    size = len(raw)
    key = bytes(data[start - 4 : start]) * (size // 4 + 1)
    return (int.from_bytes(raw, "little") ^ int.from_bytes(key[:size], "little")).to_bytes(size, "little")


def begins_object(data: bytes | bytearray, at: int, header: Header) -> bool | None:
    """Say whether the frame at `at` begins with a JSON object in clear; None while that is not certain."""
    if not header.final or header.compressed or header.opcode != Opcode.TEXT:
        return False
    if not 2 <= header.length <= MAX_MESSAGE:
        return False
    text = payload_of(data[at : at + header.size + LOOK], 0, header)
    if text[:1] not in (b"", b"{") or (len(text) > 1 and text[1] not in _OPENING):
        return False
    if len(text.translate(None, _CONTROLS)) != len(text):
        return False
    try:
        text.decode()
    except UnicodeDecodeError as error:
        if error.start < len(text) - 3:  # later, it may be cut off
            return False
    return True if len(text) >= min(SURE, header.length) else None


class FrameReader:
    """Cuts one side into its data messages; holds at most MAX_MESSAGE bytes of one, and of the next frame."""

    def __init__(self, inflater: Inflater | None, synchronous: bool) -> None:
        """`inflater` is None where no extension was agreed; `synchronous`: the first byte begins a frame."""
        self.masked: bool | None = None
        """Whether this side masks its frames, as clients do; None before its first one."""
        self._inflater = inflater
        self._seeking = not synchronous
        self._held = bytearray()
        self._at = 0
        """Stream offset of the first byte of `_held`."""
        self._skip = 0
        """Bytes of a frame's payload still to come that are not wanted."""
        self._message = bytearray()
        """The fragments so far."""
        self._start = 0
        self._open = self._dropped = self._compressed = False
        """Of the message in fragments: whether there is one, whether it was given up, RSV1 of its start."""

    def push(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take the next bytes; yield what they complete: (stream offset of its first frame, message).

        Raises ParseError at bytes that begin no frame: pushed again, without bytes, it seeks the next one. A
        message that is too long or does not inflate raises it, too, and costs itself alone.
        """
        held = self._held
        held += data
        while True:
            if self._skip:
                cut = min(self._skip, len(held))
                self._skip -= cut
                self._pass(cut)
            if self._seeking and not self._found():
                return
            try:
                header = header_of(held)
                if header is not None:
                    self._check(header)
            except ValueError as error:
                self._lose()
                raise ParseError(str(error), self._at) from error
            if header is None:
                return
            if header.opcode > 7:
                self._pass(header.size)
                self._skip = header.length
                continue
            first = header.opcode != Opcode.CONTINUATION
            dropped = self._dropped and not first
            too_long = not dropped and len(self._message) + header.length > MAX_MESSAGE
            if not (dropped or too_long) and len(held) < header.size + header.length:
                return
            if first:
                self._start, self._open, self._dropped = self._at, not header.final, False
                self._compressed = header.compressed
            if dropped or too_long:
                self._give_up(header)
                if too_long:
                    raise ParseError(f"a message longer than {MAX_MESSAGE} bytes", self._start)
                continue
            payload = payload_of(held, 0, header)
            self._pass(header.size + header.length)
            if not (first and header.final):
                self._message += payload
                if not header.final:
                    continue
                payload = bytes(self._message)
                self._message.clear()
                self._open = False
            text = self._plain(payload)
            if text is not None:
                yield self._start, text

    def whole(self, data: bytes) -> bytes | None:
        """Return the text of `data`, where that is one whole message in clear and nothing waits; else None.

        Nothing is taken: `skip` does that.
        """
        if self._held or self._skip or self._seeking or self._open or len(data) < 2 or data[0] != _WHOLE_TEXT:
            return None
        masked, length, size = data[1] > 127, data[1] & 127, 2
        if length > 125:
            size, short = 4, length == 126
            length = int.from_bytes(data[2:4], "big")
            if not short or length < 126:
                return None
        size += 4 * masked
        if masked is not self.masked or len(data) != size + length:
            return None
        return payload_of(data, 0, Header(True, False, Opcode.TEXT, masked, size, length))

    def skip(self, size: int) -> None:
        """Pass over a message of so many bytes, frame included, that `whole` has shown."""
        self._at += size

    def gap(self, missing: int) -> None:
        """Learn that bytes were lost: within one payload they cost its message, else the boundary as well."""
        held = self._held
        if not self._seeking and not self._skip and held:
            try:
                header = header_of(held)
            except ValueError:
                header = None
            if header is not None:
                if header.opcode < 8:
                    if header.opcode:
                        self._open, self._compressed = not header.final, header.compressed
                    self._give_up(header)
                else:
                    self._pass(header.size)
                    self._skip = header.length
                cut = min(self._skip, len(held))
                self._skip -= cut
                self._pass(cut)
        if missing <= self._skip:
            self._skip -= missing
        else:
            self._lose()
            self._pass(len(held))
        self._at += missing

    def _check(self, header: Header) -> None:
        """Raise ValueError where a header cannot follow what came before."""
        if self.masked is None:
            self.masked = header.masked
        elif self.masked is not header.masked:
            raise ValueError("a mask on one frame of a side and not on another")
        if header.compressed and self._inflater is None:
            raise ValueError("a compressed message where none was agreed")
        if header.opcode == Opcode.CONTINUATION:
            if not self._open:
                raise ValueError("a continuation of nothing")
        elif header.opcode < 8 and self._open:
            raise ValueError("a new message within one in fragments")

    def _plain(self, payload: bytes) -> bytes | None:
        if not self._compressed or self._inflater is None:
            return payload
        try:
            return self._inflater.read(payload)
        except ValueError as error:
            raise ParseError(str(error), self._start) from error

    def _give_up(self, header: Header) -> None:
        """Pass over a data frame, and over the rest of its message."""
        self._message.clear()
        if self._compressed and self._inflater is not None:
            self._inflater.lose()
        self._dropped = not header.final
        if header.final:
            self._open = False
        self._pass(header.size)
        self._skip = header.length

    def _pass(self, count: int) -> None:
        del self._held[:count]
        self._at += count

    def _lose(self) -> None:
        """Believe nothing until a frame is found again."""
        self._seeking = True
        self._skip = 0
        self._message.clear()
        self._open = self._dropped = False
        if self._inflater is not None:
            self._inflater.lose()

    def _found(self) -> bool:
        """Seek a text frame that holds one whole JSON object; pass over what comes before it."""
        held = self._held
        place = 0
        while (place := held.find(0x80 | Opcode.TEXT, place)) >= 0:
            fits = self._fits(place)
            if fits is None:
                break
            if fits:
                self._pass(place)
                self._seeking = False
                return True
            place += 1
        self._pass(len(held) if place < 0 else place)
        return False

    def _fits(self, place: int) -> bool | None:
        """Say whether the frame wanted begins here; None while that is not certain."""
        held = self._held
        have = len(held) - place
        if have < 2:
            return None
        length, masked = held[place + 1] & 127, held[place + 1] > 127
        if length < 2 or length == 127 or (self.masked is not None and self.masked is not masked):
            return False
        first = place + (4 if length == 126 else 2) + 4 * masked
        if len(held) <= first:
            return None
        if held[first] ^ (held[first - 4] if masked else 0) != 0x7B:  # most places end here, at little cost
            return False
        try:
            header = header_of(held, place)
        except ValueError:
            return False
        begun = header is not None and begins_object(held, place, header)
        if not begun or header is None:
            return begun
        if len(held) < place + header.size + header.length:
            return None
        return payload_of(held, place, header).rstrip(_SPACE).endswith(b"}")
