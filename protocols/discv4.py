"""discv4: how Ethereum-family nodes find each other, over UDP. Proof-of-stake chains speak it too.

Source: ethereum/devp2p discv4.md, EIP-8, EIP-868; docs/protocols/discv4.md.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar

from facts.errors import ParseError
from protocols.events import NodeMessage
from protocols.parser import Event, Heads, Match, Parser, Side

PROTOCOL = "ethereum-p2p"
MAX_PACKET = 1280  # bytes: the specification's limit
MAX_MESSAGES = 64  # two nodes repeat the same few messages to each other
MAX_FOREIGN = 16  # datagrams in a row that are not this: the port pair has other traffic

# The packet:
#   0       32           97      98
#   | hash  | signature  | type  | RLP list (what follows it is to be ignored, EIP-8) ...
# hash = keccak256 of all behind it
HASH_SIZE = 32
TYPE_AT = 97
BODY_AT = 98
RLP_SHORT_STRING = 0x80
RLP_LONG_STRING = 0xB7
RLP_SHORT_LIST = 0xC0
RLP_LONG_LIST = 0xF7


class PacketType(IntEnum):
    """The type byte; its lower-case name is the command of the event."""

    PING = 1
    PONG = 2
    FINDNODE = 3
    NEIGHBORS = 4
    ENRREQUEST = 5
    ENRRESPONSE = 6


_SHAPES = {
    PacketType.PING: "slls",  # version, from, to, expiration
    PacketType.PONG: "lss",  # to, ping hash, expiration
    PacketType.FINDNODE: "ss",  # target, expiration
    PacketType.NEIGHBORS: "ls",  # nodes, expiration
    PacketType.ENRREQUEST: "s",  # expiration
    PacketType.ENRRESPONSE: "sl",  # request hash, record
}
"""The elements of each body, s for a string and l for a list; more may follow (EIP-8)."""


class Discv4(Parser):
    """Reads the datagrams of two nodes; the hash in each makes it certain."""

    name: ClassVar[str] = "discv4"
    transport: ClassVar[str] = "udp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a whole packet with a right hash; never MORE, since a datagram is whole."""
        return Match.YES if any(not _fault(bytes(head)) for head in heads.values()) else Match.NO

    def __init__(self) -> None:
        self._messages = 0
        self._foreign = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield a NodeMessage for a packet whose form and hash are right; raise ParseError for another."""
        fault = _fault(data)
        if fault:
            self._foreign += 1
            raise ParseError(fault, 0)
        self._foreign = 0
        self._messages += 1
        command = PacketType(data[TYPE_AT]).name.lower()
        yield NodeMessage(protocol=PROTOCOL, side=side, offset=0, command=command)

    @property
    def finished(self) -> bool:
        """True when the two have said what they can, or have long said something else."""
        return self._messages >= MAX_MESSAGES or self._foreign >= MAX_FOREIGN


def _fault(packet: bytes) -> str:
    """Return why this is no discv4 packet, or an empty string; the cheapest tests come first."""
    if not BODY_AT < len(packet) <= MAX_PACKET:
        return f"a packet of {len(packet)} bytes"
    kind = packet[TYPE_AT]
    if kind not in _SHAPES or packet[BODY_AT] < RLP_SHORT_LIST:
        return "no packet type and list where they are due"
    if not _elements(packet).startswith(_SHAPES[PacketType(kind)]):
        return "the list has not the elements of its packet type"
    from Crypto.Hash import keccak  # only a discv4 candidate pays for loading it

    right = keccak.new(digest_bits=256, data=packet[HASH_SIZE:]).digest()
    return "" if packet.startswith(right) else "the hash is wrong"


def _elements(packet: bytes) -> str:
    """Return the kinds of the body's elements (s or l), empty where it is not well-formed RLP."""
    begin, end = _item(packet, BODY_AT, len(packet))
    kinds = ""
    while 0 <= begin < end:
        kinds += "l" if packet[begin] >= RLP_SHORT_LIST else "s"
        begin = _item(packet, begin, end)[1]
    return kinds if begin == end > 0 else ""


def _item(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """Return begin and end of the content of the RLP item at `at`; (-1, -1) where it passes `limit`."""
    first = data[at]
    if first < RLP_SHORT_STRING:
        return at, at + 1
    base = RLP_SHORT_LIST if first >= RLP_SHORT_LIST else RLP_SHORT_STRING
    long = RLP_LONG_LIST if first >= RLP_SHORT_LIST else RLP_LONG_STRING
    if first <= long:
        begin, size = at + 1, first - base
    else:
        begin = at + 1 + first - long
        size = int.from_bytes(data[at + 1 : begin], "big")
    end = begin + size
    return (begin, end) if end <= limit else (-1, -1)
