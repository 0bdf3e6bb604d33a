"""Levin: the P2P protocol of Monero and its forks, over TCP.

Source: monero docs/LEVIN_PROTOCOL.md, contrib/epee/include/net/levin_base.h, src/p2p/p2p_protocol_defs.h,
src/cryptonote_protocol/cryptonote_protocol_defs.h; docs/protocols/levin.md.
"""

from collections.abc import Iterator
from enum import IntEnum, IntFlag
from struct import Struct
from typing import ClassVar

from facts.errors import ParseError
from protocols.events import NodeEvent, NodeHello, NodeMessage
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.portable_storage import Value, read_storage

PROTOCOL = "monero-p2p"
MAX_PAYLOAD = 100_000_000  # bytes: LEVIN_DEFAULT_MAX_PACKET_SIZE; a longer claim is no header
MAX_HELD = 256 * 1024  # bytes: LEVIN_INITIAL_MAX_PACKET_SIZE, the most that a handshake may have
MAX_MESSAGES = 256  # both handshakes come first; further messages say nothing new
MAX_BYTES = 32 * 1024 * 1024  # a session that fetches the chain is let go after this much
MAX_LOST = 8 * 1024 * 1024  # bytes without a header: it is not this protocol any more

# The header, little-endian, 33 bytes:
#   0            8         16                17         21            25       29         33
#   | signature  | length  | expects answer  | command  | return code | flags  | version  | payload ...
HEADER = Struct("<8sQBIiII")
SIGNATURE = bytes.fromhex("0121010101010101")
VERSION = 1

NETWORK_IDS = {
    bytes.fromhex("1230f171610441611731008216a1a110"): ("XMR", "mainnet"),
    bytes.fromhex("1230f171610441611731008216a1a111"): ("XMR", "testnet"),
    bytes.fromhex("1230f171610441611731008216a1a112"): ("XMR", "stagenet"),
}
"""Forks use ids of their own: a coin that has no row here stays unknown."""


class Flags(IntFlag):
    """Header flags; BEGIN and END mark the fragments of a message padded against size analysis."""

    REQUEST = 1
    RESPONSE = 2
    BEGIN = 4
    END = 8


class Command(IntEnum):
    """Commands below 2000 are answered, those from 2001 on are notifications."""

    FRAGMENT = 0
    HANDSHAKE = 1001
    TIMED_SYNC = 1002
    PING = 1003
    REQUEST_STAT_INFO = 1004
    REQUEST_NETWORK_STATE = 1005
    REQUEST_PEER_ID = 1006
    REQUEST_SUPPORT_FLAGS = 1007
    NEW_BLOCK = 2001
    NEW_TRANSACTIONS = 2002
    REQUEST_GET_OBJECTS = 2003
    RESPONSE_GET_OBJECTS = 2004
    REQUEST_CHAIN = 2006
    RESPONSE_CHAIN_ENTRY = 2007
    NEW_FLUFFY_BLOCK = 2008
    REQUEST_FLUFFY_MISSING_TX = 2009
    GET_TXPOOL_COMPLEMENT = 2010


_NAMES = {int(command): command.name.lower() for command in Command}
_Outcome = NodeEvent | ParseError | None


class _Half:
    """One direction: what waits for its end, and where in the stream that is."""

    __slots__ = ("begun", "held", "lost", "offset", "skip", "unread")

    def __init__(self) -> None:
        self.held = bytearray()
        self.offset = 0  # stream offset of held[0]
        self.begun = False  # a header was read
        self.lost = False  # no message boundary is known
        self.unread = 0  # bytes passed over since it was lost
        self.skip = 0  # bytes to come of a payload that is not looked at


class Levin(Parser):
    """Reads both sides of one connection. Levin has no checksum: the header's fixed fields vouch for it."""

    name: ClassVar[str] = "levin"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a side holds a header; its eight signature bytes are enough to search for."""
        answer = Match.NO if any(heads.values()) else Match.MORE
        for head in heads.values():
            at = bytes(head).find(SIGNATURE)
            if at >= 0 and len(head) - at >= HEADER.size:
                if _header(bytes(head), at) is not None:
                    return Match.YES
            elif at >= 0 or (head and SIGNATURE.startswith(bytes(head[:8]))):
                answer = Match.MORE
        return answer

    def __init__(self) -> None:
        self._halves = (_Half(), _Half())
        self._coins: tuple[str, ...] = ()
        self._messages = 0
        self._bytes = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield NodeHello and NodeMessage; what follows an error in `data` is read before it is raised."""
        half = self._halves[side]
        half.held += data
        self._bytes += len(data)
        events, problem = self._read(half, side)
        yield from events
        if problem is not None:
            raise problem

    def gap(self, side: Side, missing: int) -> None:
        """Stay aligned where the loss lies inside one payload, else search for the next header."""
        half = self._halves[side]
        todo = half.skip
        if not (todo or half.lost) and len(half.held) >= HEADER.size:
            todo = HEADER.size + HEADER.unpack_from(half.held)[1] - len(half.held)
        half.offset += len(half.held) + missing
        half.held.clear()
        half.lost = half.lost or todo < missing
        half.skip = max(todo - missing, 0)

    @property
    def finished(self) -> bool:
        """True when the session has said what it can, or has not looked like this protocol for long."""
        return (
            self._messages >= MAX_MESSAGES
            or self._bytes >= MAX_BYTES
            or any(half.unread > MAX_LOST for half in self._halves)
        )

    def _read(self, half: _Half, side: Side) -> tuple[list[NodeEvent], ParseError | None]:
        """Take every whole message out of `half.held`; the first error is returned, not raised."""
        held, at = half.held, 0
        events: list[NodeEvent] = []
        problem: ParseError | None = None
        while at < len(held):
            before = (at, half.lost)
            outcome: _Outcome = None
            if half.skip:
                taken = min(half.skip, len(held) - at)
                half.skip -= taken
                at += taken
            elif half.lost:
                at = self._search(half, at)
            else:
                at, outcome = self._message(half, side, at)
            if isinstance(outcome, ParseError):
                problem = problem or outcome
            elif outcome is not None:
                events.append(outcome)
            if (at, half.lost) == before:
                break  # the rest is not whole yet
        del held[:at]
        half.offset += at
        return events, problem

    def _search(self, half: _Half, at: int) -> int:
        """Return where a header may start, or from where to search on when more bytes are there."""
        found = half.held.find(SIGNATURE, at)
        half.lost = found < 0
        to = found if found >= 0 else max(at, len(half.held) - len(SIGNATURE) + 1)
        half.unread += to - at
        return to

    def _message(self, half: _Half, side: Side, at: int) -> tuple[int, _Outcome]:
        """Read the message whose header is due at `at`; `at` comes back where it is not whole yet."""
        held = half.held
        if len(held) - at < HEADER.size:
            return at, None
        offset = half.offset + at
        header = _header(held, at)
        if header is None:
            half.lost = True
            due = half.begun
            half.begun = False  # one error for one loss
            return at + 1, ParseError("no Levin header where one is due", offset) if due else None
        length, command = header
        body = at + HEADER.size
        name = _NAMES.get(command, f"command {command}")
        if command != Command.HANDSHAKE or length > MAX_HELD:
            half.skip = length
            self._count(half)
            return body, NodeMessage(
                protocol=PROTOCOL, side=side, offset=offset, command=name, coins=self._coins
            )
        if len(held) < body + length:
            return at, None
        self._count(half)
        return body + length, self._hello(bytes(held[body : body + length]), side, offset)

    def _count(self, half: _Half) -> None:
        half.begun = True
        half.unread = 0
        self._messages += 1

    def _hello(self, payload: bytes, side: Side, offset: int) -> NodeEvent | ParseError:
        """Read a handshake, request or answer alike; a refused one has no payload and is a plain message."""
        if not payload:
            return NodeMessage(
                protocol=PROTOCOL, side=side, offset=offset, command="handshake", coins=self._coins
            )
        try:
            storage = read_storage(payload)
        except ParseError as error:
            return ParseError(error.why, offset + HEADER.size + error.offset)
        network_id = _section(storage, "node_data").get("network_id")
        coin, network = None, "unknown"
        if isinstance(network_id, bytes):
            coin, network = NETWORK_IDS.get(network_id, (None, "unknown"))
        if coin is not None:
            self._coins = (coin,)
        height = _section(storage, "payload_data").get("current_height")
        return NodeHello(
            protocol=PROTOCOL,
            side=side,
            offset=offset,
            coins=self._coins,
            height=height if isinstance(height, int) else None,
            network=network,
        )


def _section(storage: dict[str, Value], name: str) -> dict[str, Value]:
    section = storage.get(name)
    return section if isinstance(section, dict) else {}


def _header(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Return payload length and command of the header at `at`, None where there is none."""
    signature, length, expects, command, _code, flags, version = HEADER.unpack_from(data, at)
    whole = signature == SIGNATURE and version == VERSION and expects <= 1 and length <= MAX_PAYLOAD
    if not whole or not 0 < flags <= Flags.REQUEST | Flags.RESPONSE | Flags.BEGIN | Flags.END:
        return None
    return length, command
