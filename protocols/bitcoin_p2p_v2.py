"""Bitcoin-family P2P, version 2 (BIP 324): told by the structure of its opening, since all is encrypted.

Every byte is random to an onlooker, so nothing here is read: neither coin nor command. What can be seen is
that two sides exchange keys of 64 random bytes with garbage of any length behind them, then the end of the
handshake and an introduction each, whose sizes have a floor; and that packets follow which have exactly the
sizes of the messages that every node sends next. Other random-looking protocols can have that structure: a
judge believes it only at the port of a node network, and never far (docs/protocols/bitcoin_p2p_v2.md).
Source: BIP 324.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar

from facts.errors import ParseError
from protocols.events import NodeHello, NodeMessage
from protocols.parser import Event, Handover, Heads, Match, Parser, Side

PROTOCOL = "bitcoin-p2p-v2"

# The opening of each side, the initiator's first:
#   0                 64                   64 + n (n <= 4095)            + 16          + 20 and more
#   | EllSwift key    | garbage, n bytes   | garbage terminator, 16      | decoys ...  | version packet ...
# A packet: length, encrypted, 3 | header 1 | contents | tag 16: contents + 20 bytes.
KEY = 64
MAX_GARBAGE = 4095
TERMINATOR = 16
PACKET = 20
OPENED = KEY + TERMINATOR + PACKET  # bytes: the least that a side sends to finish the handshake
INTRODUCTION = PACKET + 13 + 86  # bytes: a `version` packet with an empty agent (its name takes 13)
LEAST = OPENED + INTRODUCTION
PING = PACKET + 1 + 8  # bytes of a ping, of its pong, and of a feefilter
NAMED = PACKET + 13  # of a message without a short name and without a payload: verack, wtxidrelay, sendaddrv2
SIGNS = frozenset({PING, PACKET + 1 + 9, PACKET + 1 + 37, NAMED, 2 * NAMED, 3 * NAMED})
"""Bytes of what nodes send once they are introduced, alone: those, a sendcmpct, an inv of one entry."""

SV2_ACTS = (64, 234)  # first flights of Stratum V2: not ours to claim
BOLT8_ACT = 50  # first flight of Lightning's transport, which begins with its version 0
RLPX_POINT = 0x04

MAX_PIECES = 256  # arrivals of bytes after both introductions: nothing new is told behind them
MAX_BYTES = 1024 * 1024
MAX_PONGS = 8
LOOKED_AT = 128  # bytes of each arrival that must look random

_TEXT = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_TLS_TYPES = range(0x14, 0x18)


class BitcoinP2PV2(Parser):
    """Follows the sizes of both sides from their first byte on; a stream begun before is not recognised."""

    name: ClassVar[str] = "bitcoin_p2p_v2"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where both sides have sent the least that a handshake takes, all of it random-looking."""
        client, server = bytes(heads.get(Side.CLIENT, b"")), bytes(heads.get(Side.SERVER, b""))
        if not client:
            return Match.NO if server else Match.MORE  # who connects speaks first
        if not _may_open(client) or (server and not _may_open(server)):
            return Match.NO
        if len(client) < OPENED or len(server) < OPENED:
            return Match.MORE
        if len(client) == SV2_ACTS[0] and len(server) <= SV2_ACTS[1]:
            return Match.MORE
        return Match.YES

    def __init__(self) -> None:
        self._sent = [0, 0]
        self._told = [False, False]
        self._flights = [0, 0]  # bytes of each side's first flight
        self._turns = 0  # flights that have begun
        self._last: Side | None = None
        self._ping: Side | None = None  # who sent a packet of a ping's size just now
        self._pieces = 0
        self._pongs = 0
        self._sign = False
        self._foreign = False
        self._rest: tuple[tuple[Side, int, bytes], ...] = ()

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield a sealed NodeHello of each side and a few sealed pongs.

        Raises ParseError, once, where the stream shows that it is something else.
        """
        start = self._sent[side]
        self._sent[side] += len(data)
        if not data:
            return
        if self._foreign:
            self._rest = ((side, start, data),)
            return
        self._pieces += all(self._told)
        if side is not self._last:
            self._turns += 1
            self._last = side
        if self._turns <= 2:
            self._flights[side] += len(data)
        fault = self._fault(data)
        if fault:
            self._foreign = True
            self._rest = ((side, start, data),)
            raise ParseError(fault, start)
        both = min(self._sent) >= LEAST and self._turns > 2
        self._sign |= both and len(data) in SIGNS
        if both and self._sign and not self._told[side]:
            self._told[side] = True
            yield NodeHello(protocol=PROTOCOL, side=side, offset=0, network="unknown", sealed=True)
        if len(data) == PING and all(self._told):
            if self._ping is side.other:
                self._pongs += 1
                yield NodeMessage(protocol=PROTOCOL, side=side, offset=start, command="pong", sealed=True)
                self._ping = None
            else:
                self._ping = side
        else:
            self._ping = None

    def gap(self, side: Side, missing: int) -> None:
        """Count what is lost; in the opening, it could have been anything."""
        self._sent[side] += missing
        self._ping = None
        if not all(self._told):
            self._foreign = True

    @property
    def handover(self) -> Handover | None:
        """Probe the stream anew where it shows that it is something else: that was a preamble."""
        return Handover(None, self._rest) if self._foreign else None

    @property
    def finished(self) -> bool:
        """True when it has been told often enough."""
        return self._pongs >= MAX_PONGS or self._pieces >= MAX_PIECES or sum(self._sent) >= MAX_BYTES

    def _fault(self, data: bytes) -> str:
        if not looks_drawn(data[:LOOKED_AT]):
            return "bytes that are not random"
        client, server = self._flights
        if self._turns == 1 and client > KEY + MAX_GARBAGE:
            return "a key with too much garbage"
        if self._turns == 3 and min(client, server) < KEY:
            return "a first flight shorter than a key"
        if self._turns == 3 and (client, server) == SV2_ACTS:
            return "the first flights of Stratum V2"
        return ""


def _may_open(head: bytes) -> bool:
    """Say whether these bytes may be a key with garbage: random, and not another protocol's random bytes."""
    if len(head) < TERMINATOR or not looks_drawn(head[:LOOKED_AT]):
        return False
    if head[0] in _TLS_TYPES and head[1] == 3:  # a record of TLS
        return False
    if len(head) == BOLT8_ACT and head[0] == 0:
        return False
    size = int.from_bytes(head[:2], "big")
    return not (head[2] == RLPX_POINT and size in (len(head) - 2, len(head)) and size > KEY)


def looks_drawn(piece: bytes) -> bool:
    """Say whether bytes look drawn at random; true of random ones but for about one time in 100,000.

    Counted are bits set, values that differ, printable characters and zeros; short pieces pass.
    """
    size = len(piece)
    if size < TERMINATOR:
        return True
    bits, text, distinct = _limits(size)
    if abs(int.from_bytes(piece, "little").bit_count() - 4 * size) > bits:
        return False
    if size - len(piece.translate(None, _TEXT)) > text:
        return False
    return len(set(piece)) >= distinct and piece.count(0) <= 5 + size // 64


@lru_cache(2048)  # one for each size that is met: datagrams of discv5 among them
def _limits(size: int) -> tuple[float, float, float]:
    """Return what random bytes, so many, do not pass: how far the bits set are from half of them, the most
    printable characters, the fewest different values."""
    expected = size * len(_TEXT) / 256
    distinct = 256 * (1 - (255 / 256) ** size)
    return (
        5.2 * (2 * size) ** 0.5,
        expected + 4.6 * (expected * (1 - len(_TEXT) / 256)) ** 0.5 + 1,
        distinct - 4.8 * (size * size / 512) ** 0.5 - 2,
    )
