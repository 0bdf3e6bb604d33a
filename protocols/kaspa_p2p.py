"""Kaspa's node network: a stream of KaspadMessage in each direction, by gRPC over HTTP/2 in clear.

Source: kaspanet/rusty-kaspa protocol/p2p/proto/messages.proto and p2p.proto; docs/protocols/kaspa_p2p.md.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar

from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.grpc import PREFACE, Half, Message
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.protobuf import Field, fields

PROTOCOL = "kaspa-p2p"
COINS = ("KAS",)
NETWORK = "kaspa-"
"""What the name of every network of Kaspa begins with."""
MAX_TEXT = 256  # bytes of an agent that are kept
MAX_ANNOUNCEMENT = 256  # bytes of the message that announces a block: its hash takes 36
MAX_FOREIGN = 4  # messages in a row that are not of this protocol: another service's
MAX_MESSAGES = 1024  # messages after which another one changes nothing


class Payload(IntEnum):
    """Which message it is: the number of the field that holds it; its lower-case name is the command."""

    ADDRESSES = 1
    BLOCK = 2
    TRANSACTION = 3
    BLOCK_LOCATOR = 5
    REQUEST_ADDRESSES = 6
    REQUEST_RELAY_BLOCKS = 10
    REQUEST_TRANSACTIONS = 12
    IBD_BLOCK = 13
    INV_RELAY_BLOCK = 14
    INV_TRANSACTIONS = 15
    PING = 16
    PONG = 17
    VERACK = 19
    VERSION = 20
    TRANSACTION_NOT_FOUND = 21
    REJECT = 22
    READY = 50


LAST_PAYLOAD = 64  # numbers above stand beside the message, or belong to another one
RESPONSE_ID, REQUEST_ID = 101, 102
VERSION_AGENT, VERSION_NETWORK = 6, 10


class KaspaP2P(Parser):
    """Reads both directions; nothing is told before one of them has introduced itself."""

    name: ClassVar[str] = "kaspa_p2p"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for the preface of HTTP/2 in clear; which service it is, the first messages tell."""
        told = [bytes(head) for head in heads.values() if head]
        if any(head.startswith(PREFACE) for head in told):
            return Match.YES
        return Match.MORE if all(map(_may_open, told)) else Match.NO

    def __init__(self) -> None:
        self._halves: tuple[Half, Half] | None = None
        self._known = False
        self._foreign = 0
        self._messages = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield NodeHello for `version`, NodeBlock for an announced block, NodeMessage for the others."""
        if self._halves is None:
            opener = side if data[:1] == PREFACE[:1] else side.other
            self._halves = (Half(preface=opener is Side.CLIENT), Half(preface=opener is Side.SERVER))
        for message in self._halves[side].push(data):
            self._messages += 1
            try:
                event = _read(message, side)
            except (ValueError, IndexError):
                event = None
            if isinstance(event, NodeHello):
                self._known = True
            self._foreign = self._foreign + 1 if event is None else 0
            if event is not None and self._known:
                yield event
            if self.finished:
                return

    def gap(self, side: Side, missing: int) -> None:
        """Give the side up: frames have no mark by which to find one again."""
        if self._halves is None:
            self._halves = (Half(preface=False), Half(preface=False))
        self._halves[side].lost = True

    @property
    def finished(self) -> bool:
        """True when it is another service, has said plenty, or neither side can be read."""
        halves = self._halves
        lost = halves is not None and all(half.lost for half in halves)
        return lost or self._foreign >= MAX_FOREIGN or self._messages >= MAX_MESSAGES


def _may_open(head: bytes) -> bool:
    """Say whether bytes may begin a side: with the preface, or with the settings of who answers it."""
    settings = all(head[at : at + 1] in (b"", byte) for at, byte in _SETTINGS)
    return PREFACE.startswith(head) or settings


_SETTINGS = ((0, b"\0"), (1, b"\0"), (3, b"\4"), (5, b"\0"), (6, b"\0"), (7, b"\0"), (8, b"\0"))
"""Bytes of the header of a short SETTINGS frame on stream 0, and where they stand."""


def _read(message: Message, side: Side) -> Event | None:
    """Read one message; None where it is none of this protocol. Raises ValueError where it is malformed."""
    data = message.data
    payload: Field | None = None
    for field in fields(data, 0, len(data)):
        if field.number in (RESPONSE_ID, REQUEST_ID) and field.value >= 0:
            continue
        if payload is not None or not field.begin or field.number > LAST_PAYLOAD:
            return None
        payload = field
        if field.end > len(data):
            break
    if payload is None or (message.whole and payload.end > len(data)):
        return None
    if payload.number == Payload.VERSION:
        return _hello(message, payload, side)
    try:
        command = Payload(payload.number).name.lower()
    except ValueError:
        command = f"message {payload.number}"
    if payload.number == Payload.INV_RELAY_BLOCK:
        block = _hash(data, payload)
        return NodeBlock(
            protocol=PROTOCOL, side=side, offset=message.offset, command=command, block=block, coins=COINS
        )
    return NodeMessage(protocol=PROTOCOL, side=side, offset=message.offset, command=command, coins=COINS)


def _hello(message: Message, payload: Field, side: Side) -> NodeHello | None:
    data = message.data
    texts = {
        field.number: data[field.begin : min(field.end, field.begin + MAX_TEXT)].decode("utf-8", "replace")
        for field in fields(data, payload.begin, payload.end)
        if field.begin and field.number in (VERSION_AGENT, VERSION_NETWORK)
    }
    network = texts.get(VERSION_NETWORK, "")
    if not network.startswith(NETWORK):
        return None
    name = network.removeprefix(NETWORK)
    agent = texts.get(VERSION_AGENT, "")
    return NodeHello(
        protocol=PROTOCOL,
        side=side,
        offset=message.offset,
        coins=COINS,
        agent=agent if agent.isprintable() else ascii(agent),
        network="mainnet" if name == "mainnet" else name if name.isprintable() else "unknown",
    )


def _hash(data: bytes, payload: Field) -> str:
    """Return the hash that a message holds: a message of one field of 32 bytes. Raises ValueError.

    A longer one is not searched: fields within fields of 64 KiB would take a tenth of a second a message.
    """
    if payload.end - payload.begin > MAX_ANNOUNCEMENT:
        raise ValueError("an announcement of more than a hash")
    for outer in fields(data, payload.begin, payload.end):
        for inner in fields(data, outer.begin, outer.end):
            if inner.number == 1 and inner.end - inner.begin == 32:
                return data[inner.begin : inner.end].hex()
    raise ValueError("no hash of 32 bytes")
