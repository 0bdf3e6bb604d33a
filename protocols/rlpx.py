"""RLPx: the encrypted TCP transport of Ethereum-family nodes, known by the key exchange that opens it.

Each side's first message holds an uncompressed point of the curve secp256k1 at a fixed place. That other
bytes are such a point happens once in 2^256, so the point proves the protocol; all that follows is encrypted,
and of it only sizes are told. The chain is not on the wire (discv4.py may tell it).

Source: ethereum/devp2p rlpx.md, EIP-8, SEC 2 (the curve); docs/protocols/rlpx.md.
"""

from collections.abc import Iterator
from typing import ClassVar

from facts.errors import ParseError
from protocols.events import NodeMessage
from protocols.parser import Event, Heads, Match, Parser, Side

PROTOCOL = "ethereum-p2p"

# The first message of each side, since EIP-8 (before it: without the size, and of one exact length):
#   0      2        67     83                    2+size
#   | size | point  | iv   | ciphertext ...| MAC 32 |
#          | 04 X Y |
SIZE = 2
UNCOMPRESSED = 0x04
POINT = 65  # bytes: 0x04 and two coordinates
OVERHEAD = POINT + 16 + 32  # bytes that ECIES adds: point, iv, MAC
LEAST = OVERHEAD + 100  # the shortest of both: an ack's list of a key (66), a nonce (33) and a version
MOST = 2048  # bytes: EIP-8 pads with 100 to 300, and lets later versions add elements
OLD = {Side.CLIENT: OVERHEAD + 194, Side.SERVER: OVERHEAD + 97}
"""Length of the first message before EIP-8: of the auth, 307, and of the ack, 210."""
FRAME = 64
"""Bytes of the smallest frame: header and its MAC, a body padded to 16 and its MAC."""

_PRIME = 2**256 - 2**32 - 977
_NAMES = {Side.CLIENT: "auth", Side.SERVER: "ack"}


class _Half:
    """One direction: its first bytes, then a count."""

    __slots__ = ("behind", "held", "lost", "offset", "over")

    def __init__(self) -> None:
        self.held = bytearray()  # at most the first message's size and point
        self.offset = 0  # stream offset behind what was fed
        self.behind = -1  # stream offset behind the first message, once its point is read
        self.lost = False  # bytes are missing, or it was no handshake
        self.over = False  # a frame's worth has followed


class Rlpx(Parser):
    """Reads the key exchange of two nodes, and tells whether frames followed it."""

    name: ClassVar[str] = "rlpx"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a side begins with a handshake message up to its point; its rest is encrypted."""
        answers = {_probe(side, bytes(head)) for side, head in heads.items() if head}
        if Match.YES in answers:
            return Match.YES
        return Match.NO if Match.NO in answers else Match.MORE

    def __init__(self) -> None:
        self._halves = (_Half(), _Half())

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield NodeMessage `auth` or `ack` once it is whole, `frame` once a frame's bytes followed."""
        half = self._halves[side]
        half.offset += len(data)
        if half.lost or half.over:
            return
        if half.behind < 0:
            half.held += data[: SIZE + POINT - len(half.held)]
            length = _length(side, bytes(half.held))
            if length < 0:
                half.lost = True
                raise ParseError("no RLPx handshake where one is due", 0)
            if not length:
                return
            half.behind = length
        if half.behind <= half.offset and half.held:
            half.held.clear()
            yield self._message(side, 0, _NAMES[side])
        if half.behind + FRAME <= half.offset:
            half.over = True
            yield self._message(side, half.behind, "frame")

    def gap(self, side: Side, missing: int) -> None:
        """Give the side up: neither a point nor a count with a hole in it is believed."""
        half = self._halves[side]
        half.offset += missing
        half.lost = True

    @property
    def finished(self) -> bool:
        """True when neither side can tell anything more."""
        return all(half.lost or half.over for half in self._halves)

    @staticmethod
    def _message(side: Side, offset: int, command: str) -> NodeMessage:
        return NodeMessage(protocol=PROTOCOL, side=side, offset=offset, command=command, sealed=True)


def _probe(side: Side, head: bytes) -> Match:
    length = _length(side, head[: SIZE + POINT])
    if length < 0:
        return Match.NO
    return Match.YES if length else Match.MORE


def _length(side: Side, head: bytes) -> int:
    """Return the length of the first message on the wire; 0 where more bytes are due, -1 where it is none."""
    if len(head) < SIZE + 1:
        old = head[:1] == b"\x04"
        return 0 if old or head[:1] in (b"", *_SIZES) else -1
    size = int.from_bytes(head[:SIZE], "big")
    if head[SIZE] == UNCOMPRESSED and LEAST <= size <= MOST:
        if len(head) < SIZE + POINT:
            return 0
        if is_point(head[SIZE : SIZE + POINT]):
            return SIZE + size
    if head[0] == UNCOMPRESSED:
        if len(head) < POINT:
            return 0
        if is_point(head[:POINT]):
            return OLD[side]
    return -1


def is_point(raw: bytes) -> bool:
    """Say whether 65 bytes are an uncompressed point of secp256k1: y² = x³ + 7 over its field."""
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:POINT], "big")
    return raw[0] == UNCOMPRESSED and x < _PRIME and y < _PRIME and (y * y - x * x * x - 7) % _PRIME == 0


_SIZES = tuple(bytes([high]) for high in range(LEAST >> 8, (MOST >> 8) + 1))
"""What a size may begin with."""
