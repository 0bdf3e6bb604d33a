"""discv4: how Ethereum-family nodes find each other, over UDP. Proof-of-stake chains speak it too.

Source: ethereum/devp2p discv4.md, EIP-8, EIP-778 and EIP-868 (records), EIP-2124 (fork ids);
docs/protocols/discv4.md.
"""

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

from facts.errors import ParseError
from protocols.events import NodeHello, NodeMessage
from protocols.fork_ids import coins_of
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.rlp import SHORT_LIST, Item, item, items, number

PROTOCOL = "ethereum-p2p"
MAX_PACKET = 1280  # bytes: the specification's limit
MAX_TOLD = 2  # of each side, beside its first ping; then only records are told
MAX_MESSAGES = 64  # two nodes repeat the same few messages to each other
MAX_FOREIGN = 16  # datagrams in a row that are not this: the port pair has other traffic

# The packet:
#   0       32           97      98
#   | hash  | signature  | type  | RLP list (what follows it is to be ignored, EIP-8) ...
# hash = keccak256 of all behind it
HASH_SIZE = 32
TYPE_AT = 97
BODY_AT = 98


class PacketType(IntEnum):
    """The type byte; its lower-case name is the command of the event."""

    PING = 1
    PONG = 2
    FINDNODE = 3
    NEIGHBORS = 4
    ENRREQUEST = 5
    ENRRESPONSE = 6


_SHAPES: dict[int, str] = {
    PacketType.PING: "slls",  # version, from, to, expiration
    PacketType.PONG: "lss",  # to, ping hash, expiration
    PacketType.FINDNODE: "ss",  # target, expiration
    PacketType.NEIGHBORS: "ls",  # nodes, expiration
    PacketType.ENRREQUEST: "s",  # expiration
    PacketType.ENRRESPONSE: "sl",  # request hash, record
}
"""The elements of each body, s for a string and l for a list; more may follow (EIP-8)."""
_EXPIRES: dict[int, int] = {
    PacketType.PING: 3,
    PacketType.PONG: 2,
    PacketType.FINDNODE: 1,
    PacketType.NEIGHBORS: 1,
    PacketType.ENRREQUEST: 0,
}
"""Which element is the time until which the packet counts, in seconds since 1970."""
_PING, _RECORD = int(PacketType.PING), int(PacketType.ENRRESPONSE)
_COMMANDS = {int(kind): kind.name.lower() for kind in PacketType}
_TALK = frozenset(PacketType) - {PacketType.ENRRESPONSE}
"""Packets that say of a node nothing but that it is one; its first ping names a port as well."""


class Discv4(Parser):
    """Reads the datagrams of two nodes; the hash in each makes it certain."""

    name: ClassVar[str] = "discv4"
    transport: ClassVar[str] = "udp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a whole packet with a right hash; never MORE, since a datagram is whole."""
        return Match.YES if any(_parts(bytes(head)) for head in heads.values()) else Match.NO

    def __init__(self) -> None:
        self._messages = 0
        self._foreign = 0
        self._told = [0, 0]
        self._pinged = [False, False]

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield a NodeHello for a ping or a record, a NodeMessage for another packet of right form and hash.

        Raises ParseError for what is none. Whether a packet has expired is not judged: here is no clock.
        """
        parts = _parts(data)
        if not parts:
            self._foreign += 1
            raise ParseError("no packet with a right hash", 0)
        self._foreign = 0
        self._messages += 1
        kind = data[TYPE_AT]
        self._told[side] += kind != _PING
        self._pinged[side] |= kind == _PING
        if kind == _RECORD:
            record = _record(data, parts[1])
            coins, network = _chain(data, record.get(b"eth"))
            port = _port(data, record.get(b"tcp"))
            yield NodeHello(protocol=PROTOCOL, side=side, offset=0, coins=coins, network=network, port=port)
        elif kind == _PING:  # it names the TCP port at which its sender takes RLPx
            sender = items(data, parts[1]) or []  # address, UDP port, TCP port
            port = _port(data, sender[2]) if len(sender) >= 3 else None
            yield NodeHello(protocol=PROTOCOL, side=side, offset=0, network="unknown", port=port)
        else:
            yield NodeMessage(protocol=PROTOCOL, side=side, offset=0, command=_COMMANDS[kind])

    def skim(self, side: Side, data: bytes) -> bool:
        """Pass over what a side that is known well says all the time; its hash is not worked out."""
        if not BODY_AT < len(data) <= MAX_PACKET:
            return False
        kind = data[TYPE_AT]
        known = self._pinged[side] if kind == _PING else kind in _TALK and self._told[side] >= MAX_TOLD
        if not known or data[BODY_AT] < SHORT_LIST:
            return False
        if self._messages >= MAX_MESSAGES - 1:
            return False
        self._messages += 1
        return True

    @property
    def finished(self) -> bool:
        """True when the two have said what they can, or have long said something else."""
        return self._messages >= MAX_MESSAGES or self._foreign >= MAX_FOREIGN


@lru_cache(16)  # what was probed is read next
def _parts(packet: bytes) -> list[Item]:
    """Return the elements of a packet's body, at least one; none where it is no discv4 packet.

    The cheapest tests come first.
    """
    if not BODY_AT < len(packet) <= MAX_PACKET or packet[BODY_AT] < SHORT_LIST:
        return []
    shape = _SHAPES.get(packet[TYPE_AT])
    body = item(packet, BODY_AT, len(packet)) if shape else None
    parts = (items(packet, body) if body else None) or []
    if shape is None or len(parts) < len(shape):
        return []
    if any(part.is_list is not (sort == "l") for part, sort in zip(parts, shape, strict=False)):
        return []
    expires = _EXPIRES.get(packet[TYPE_AT])
    if expires is not None and number(packet, parts[expires]) is None:
        return []
    from Crypto.Hash import keccak  # only a discv4 candidate pays for loading it

    right = keccak.new(digest_bits=256, data=packet[HASH_SIZE:]).digest()
    return parts if packet.startswith(right) else []


def _port(packet: bytes, one: Item | None) -> int | None:
    """Return a port; None where there is none, or zero."""
    port = number(packet, one) if one else None
    return port if port and port < 65536 else None


def _record(packet: bytes, one: Item) -> dict[bytes, Item]:
    """Return the pairs of a node record (EIP-778): keys and values in turn, behind signature and number."""
    parts = items(packet, one) or []
    names = parts[2::2]
    return {packet[name.begin : name.end]: value for name, value in zip(names, parts[3::2], strict=False)}


def _chain(packet: bytes, entry: Item | None) -> tuple[tuple[str, ...], str]:
    """Return the coins that the record's `eth` entry (a list with a fork id) allows, and the network."""
    parts = items(packet, entry) if entry else None
    pair = items(packet, parts[0]) if parts else None
    if not pair or len(pair) < 2:
        return (), "unknown"
    following = number(packet, pair[1])
    coins = coins_of(packet[pair[0].begin : pair[0].end], following or 0)
    return coins, "mainnet" if coins else "unknown"
