"""gRPC over HTTP/2 in clear: the messages of one stream, in each direction.

Source: RFC 9113 (frames), grpc/grpc doc/PROTOCOL-HTTP2.md (messages); docs/protocols/kaspa_p2p.md.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from facts.errors import ParseError

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# A frame:                                      A message, in one or more DATA frames:
#   0        3      4       5           9       0            1        5
#   | length | type | flags | stream id | ...   | compressed | length | ...
FRAME_SIZE = 9
MESSAGE_SIZE = 5
DATA, SETTINGS = 0, 4
PADDED = 0x08
MAX_FRAME = 1 << 20  # bytes: the default is 16 KiB, and no node asks for more than this
KEPT = 64 * 1024  # bytes of a message that are kept, compressed or not: its beginning tells what it is
_GZIP = 31  # zlib's word for a gzip header


@dataclass(frozen=True, slots=True)
class Message:
    """One message, or the first KEPT bytes of a longer one."""

    offset: int
    """Of the frame in which it began."""
    data: bytes
    whole: bool


class Half:
    """One direction of a connection."""

    def __init__(self, *, preface: bool) -> None:
        self.lost = False
        """Bytes are missing: no frame can be found again."""
        self._held = bytearray()  # at most a frame's header, or the preface
        self._offset = 0  # stream offset of held[0]
        self._preface = preface
        self._settings = False
        self._left = 0  # bytes to come of the present frame
        self._data = False  # whether they are those of messages
        self._pad = 0  # of them, the last ones
        self._frame_at = 0
        self._stream = 0  # the stream whose messages are read
        self._message = bytearray()
        self._message_at = 0
        self._message_left = 0
        self._whole = 0  # bytes of the present message, its header not counted

    def push(self, data: bytes) -> Iterator[Message]:
        """Take the next bytes; yield the messages that they complete. Raises ParseError."""
        if self.lost:
            return
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                yield from self._take(piece)
                at += len(piece)
                self._left -= len(piece)
                self._offset += len(piece)
                continue
            wanted = len(PREFACE) if self._preface else FRAME_SIZE
            piece = data[at : at + wanted - len(self._held)]
            self._held += piece
            at += len(piece)
            if len(self._held) == wanted:
                self._begin(bytes(self._held))
                self._held.clear()

    def _begin(self, head: bytes) -> None:
        """Learn what the next bytes are; the padding's length is read with the payload."""
        self._frame_at = self._offset
        self._offset += len(head)
        if self._preface:
            if head != PREFACE:
                self._fail("no preface of HTTP/2")
            self._preface = False
            return
        size, kind = int.from_bytes(head[:3], "big"), head[3]
        stream = int.from_bytes(head[5:9], "big") & 0x7FFF_FFFF
        first, self._settings = not self._settings, True
        if size > MAX_FRAME or (first and (kind != SETTINGS or stream)):
            self._fail("no frame of HTTP/2 where one is due")
        if kind == DATA and not self._stream:
            self._stream = stream
        self._left = size
        self._data = kind == DATA and stream == self._stream
        self._pad = -1 if self._data and head[4] & PADDED else 0

    def _take(self, piece: bytes) -> Iterator[Message]:
        """Take bytes of the present frame."""
        if not self._data:
            return
        left = self._left  # the piece included
        if self._pad < 0:
            self._pad = min(piece[0], left - 1)
            piece, left = piece[1:], left - 1
        body = piece[: max(left - self._pad, 0)]
        while body:
            if not self._message:
                self._message_at = self._frame_at
            if len(self._message) < MESSAGE_SIZE:
                missing = MESSAGE_SIZE - len(self._message)
                self._message += body[:missing]
                body = body[missing:]
                if len(self._message) < MESSAGE_SIZE:
                    return
                self._whole = self._message_left = int.from_bytes(self._message[1:MESSAGE_SIZE], "big")
                if self._message[0] > 1:
                    self._fail("no message of gRPC where one is due")
            taken = body[: self._message_left]
            self._message += taken[: max(KEPT + MESSAGE_SIZE - len(self._message), 0)]
            self._message_left -= len(taken)
            body = body[len(taken) :]
            if not self._message_left:
                yield self._finish()

    def _finish(self) -> Message:
        compressed, data = self._message[0], bytes(self._message[MESSAGE_SIZE:])
        whole = self._whole == len(data)
        self._message.clear()
        if compressed:
            try:
                data = zlib.decompressobj(_GZIP).decompress(data, KEPT)
            except zlib.error:
                data = b""  # what it is cannot be told; the next message can
            whole = whole and len(data) < KEPT
        return Message(self._message_at, data, whole)

    def _fail(self, why: str) -> None:
        self.lost = True
        raise ParseError(why, self._frame_at)
