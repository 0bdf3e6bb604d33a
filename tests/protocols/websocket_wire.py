"""WebSocket messages written from RFC 6455 and RFC 7692, without the parser's constants."""

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from facts.errors import ParseError
from protocols.parser import Event, Parser, Side

MASK = bytes.fromhex("37fa213d")
Flights = Sequence[tuple[Side, bytes]]


def frame(
    payload: bytes, *, mask: bytes = b"", opcode: int = 1, final: bool = True, rsv1: bool = False
) -> bytes:
    """One frame; masked with four bytes where there are any."""
    size, bit = len(payload), 0x80 if mask else 0
    head = bytes([final << 7 | rsv1 << 6 | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    if mask:
        payload = bytes(octet ^ mask[at % 4] for at, octet in enumerate(payload))
    return head + mask + payload


def said(body: dict[str, Any]) -> bytes:
    """A JSON text."""
    return json.dumps(body, separators=(",", ":")).encode()


def client(body: dict[str, Any]) -> tuple[Side, bytes]:
    """A text frame of the side that masks."""
    return Side.CLIENT, frame(said(body), mask=MASK)


def server(body: dict[str, Any]) -> tuple[Side, bytes]:
    """A text frame of the side that does not."""
    return Side.SERVER, frame(said(body))


class Deflater:
    """permessage-deflate as a sender does it (RFC 7692, 7.2.1)."""

    def __init__(self, takeover: bool = True) -> None:
        self._takeover = takeover
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -15)

    def payload(self, text: bytes) -> bytes:
        if not self._takeover:
            self._deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return (self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
            b"\x00\x00\xff\xff"
        )

    def frame(self, body: dict[str, Any], mask: bytes = b"") -> bytes:
        return frame(self.payload(said(body)), mask=mask, rsv1=True)


def drain(parser: Parser, side: Side, data: bytes) -> list[Event]:
    """Feed bytes; go on behind errors, as the observer does."""
    events: list[Event] = []
    while True:
        try:
            for event in parser.feed(side, data):
                events.append(event)  # noqa: PERF402 - what came before an error stays
            return events
        except ParseError:
            data = b""


def play(parser: Parser, flights: Flights, cuts: Sequence[int] = (1 << 20,)) -> list[Event]:
    """Feed every flight, cut at the lengths of `cuts` in turn."""
    events: list[Event] = []
    turn = 0
    for side, data in flights:
        at = 0
        while at < len(data):
            size = cuts[turn % len(cuts)]
            turn += 1
            events += drain(parser, side, data[at : at + size])
            at += size
    return events
