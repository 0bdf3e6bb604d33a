"""Levin: the P2P protocol of Monero and its forks, over TCP.

Source: monero docs/LEVIN_PROTOCOL.md, contrib/epee/include/net/levin_base.h, src/p2p/p2p_protocol_defs.h,
src/cryptonote_protocol/cryptonote_protocol_defs.h; docs/protocols/levin.md.
"""

from enum import IntEnum, IntFlag
from struct import Struct
from typing import ClassVar

from facts.errors import ParseError
from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.framed import Framed, Half, Outcome
from protocols.levin_networks import NETWORK_IDS
from protocols.monero_block import HASH_SIZE, read_block
from protocols.parser import Heads, Match, Side
from protocols.portable_storage import Value, read_storage

PROTOCOL = "monero-p2p"
MAX_PAYLOAD = 100_000_000  # bytes: LEVIN_DEFAULT_MAX_PACKET_SIZE; a longer claim is no header
MAX_HELD = 256 * 1024  # bytes: LEVIN_INITIAL_MAX_PACKET_SIZE, the most that a handshake may have
MAX_MESSAGES = 8192  # hours of a peer; what it is, its handshake has said
MAX_TOLD = 4  # of each side, those that are told one by one; then only introductions and blocks are
MAX_BLOCKS = 120  # blocks told of a connection: four hours of Monero's
MAX_LISTED = 8  # blocks told of one list of them: the newest
MAX_BYTES = 32 * 1024 * 1024  # a session that fetches the chain is let go after this much
MAX_LOST = 8 * 1024 * 1024  # bytes without a header: it is not this protocol any more

# The header, little-endian, 33 bytes:
#   0            8         16                17         21            25       29         33
#   | signature  | length  | expects answer  | command  | return code | flags  | version  | payload ...
HEADER = Struct("<8sQBIiII")
SIGNATURE = bytes.fromhex("0121010101010101")
VERSION = 1


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
_ALL_FLAGS = int(Flags.REQUEST | Flags.RESPONSE | Flags.BEGIN | Flags.END)
_READ = frozenset(
    {
        Command.HANDSHAKE,
        Command.TIMED_SYNC,
        Command.NEW_BLOCK,
        Command.NEW_FLUFFY_BLOCK,
        Command.RESPONSE_CHAIN_ENTRY,
    }
)
"""Commands whose payload is looked at; those of others are passed over."""
_PEER_LISTS = ("local_peerlist_new", "local_peerlist")


class Levin(Framed[Half]):
    """Reads both sides of one connection. Levin has no checksum: the header's fixed fields vouch for it."""

    name: ClassVar[str] = "levin"
    max_messages = MAX_MESSAGES
    max_bytes = MAX_BYTES
    max_lost = MAX_LOST

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
        super().__init__(Half(), Half())
        self._coins: tuple[str, ...] = ()
        self._protocol = PROTOCOL
        self._blocks = 0
        self._told_of = [0, 0]
        self._tops = ["", ""]

    def skim(self, side: Side, data: bytes) -> bool:
        """Pass over whole messages, and the rest of one, whose payload is not looked at anyway."""
        half = self._halves[side]
        if self._told_of[side] < MAX_TOLD or half.held or half.lost:
            return False
        if self._messages >= MAX_MESSAGES or self._bytes >= MAX_BYTES:
            return False
        at, size, count = half.skip, len(data), 0
        while at < size:
            header = _header(data, at) if size - at >= HEADER.size else None
            if header is None or header[1] in _READ:
                return False
            at += HEADER.size + header[0]
            count += 1
        half.skip = at - size
        half.offset += size
        self._bytes += size
        self._messages += count
        return True

    @property
    def finished(self) -> bool:
        """True when the session has said what it can, or has not looked like this protocol for long."""
        return self._blocks >= MAX_BLOCKS or super().finished

    def _due(self, half: Half) -> int:
        if len(half.held) < HEADER.size:
            return 0
        return int(HEADER.size + HEADER.unpack_from(half.held)[1]) - len(half.held)

    def _search(self, half: Half, at: int) -> int:
        found = half.held.find(SIGNATURE, at)
        half.lost = found < 0
        to = found if found >= 0 else max(at, len(half.held) - len(SIGNATURE) + 1)
        half.unread += to - at
        return to

    def _message(self, half: Half, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        held = half.held
        if len(held) - at < HEADER.size:
            return at, ()
        offset = half.offset + at
        header = _header(held, at)
        if header is None:
            half.lost = True
            due = half.begun
            half.begun = False  # one error for one loss
            return at + 1, (ParseError("no Levin header where one is due", offset),) if due else ()
        length, command = header
        body = at + HEADER.size
        end = body + length
        read = command in _READ and 0 < length <= MAX_HELD
        if read and len(held) < end:
            return at, ()
        half.begun = True
        half.unread = 0
        self._messages += 1
        if not read:
            half.skip = length
            return body, (self._plain(command, side, offset),)
        return end, self._told(command, bytes(held[body:end]), side, offset)

    def _plain(self, command: int, side: Side, offset: int) -> Outcome:
        self._told_of[side] += 1
        if self._told_of[side] > MAX_TOLD:
            return None
        name = _NAMES.get(command, f"command {command}")
        return NodeMessage(protocol=self._protocol, side=side, offset=offset, command=name, coins=self._coins)

    def _told(self, command: int, payload: bytes, side: Side, offset: int) -> tuple[Outcome, ...]:
        """Return what a message says: itself, and the blocks that it tells of."""
        try:
            storage = read_storage(payload)
        except ParseError as error:
            problem = ParseError(error.why, offset + HEADER.size + error.offset)
            return (
                (problem,) if command == Command.HANDSHAKE else (self._plain(command, side, offset), problem)
            )
        if command == Command.HANDSHAKE:
            return (self._hello(storage, side, offset), *self._top(command, storage, side, offset))
        message = self._plain(command, side, offset)
        if command == Command.TIMED_SYNC:
            return (message, *self._top(command, storage, side, offset))
        if command == Command.RESPONSE_CHAIN_ENTRY:
            return (message, *self._chain(storage, side, offset))
        blob = _section(storage, "b").get("block")
        block = read_block(blob) if isinstance(blob, bytes) else None
        if block is None:
            return (message,)
        return (message, self._block(command, block.name, block.height, side, offset, asked=False))

    def _hello(self, storage: dict[str, Value], side: Side, offset: int) -> Outcome:
        """Read a handshake, request or answer alike."""
        node = _section(storage, "node_data")
        network_id = node.get("network_id")
        coin, network = None, "unknown"
        if isinstance(network_id, bytes):
            coin, network = NETWORK_IDS.get(network_id, (None, "unknown"))
        if coin is not None:
            self._coins = (coin,)
            self._protocol = PROTOCOL if coin == "XMR" else f"{coin.lower()}-p2p"
        listed = next((storage[name] for name in _PEER_LISTS if name in storage), None)
        return NodeHello(
            protocol=self._protocol,
            side=side,
            offset=offset,
            coins=self._coins,
            height=_number(_section(storage, "payload_data").get("current_height")),
            services=_number(node.get("support_flags")),
            network=network,
            port=_number(node.get("my_port")) or None,
            peer_id=_number(node.get("peer_id")),
            peers=len(listed) if isinstance(listed, list) else None,
        )

    def _top(self, command: int, storage: dict[str, Value], side: Side, offset: int) -> tuple[Outcome, ...]:
        """Return the newest block of a peer, where it says so for the first time."""
        told = _section(storage, "payload_data")
        top, height = told.get("top_id"), _number(told.get("current_height"))
        if not isinstance(top, bytes) or len(top) != HASH_SIZE or self._tops[side] == top.hex():
            return ()
        self._tops[side] = top.hex()
        return (self._block(command, top.hex(), height - 1 if height else None, side, offset, asked=True),)

    def _chain(self, storage: dict[str, Value], side: Side, offset: int) -> list[Outcome]:
        """Return the newest blocks of a list of names."""
        names, start = storage.get("m_block_ids"), _number(storage.get("start_height"))
        if not isinstance(names, bytes) or len(names) % HASH_SIZE:
            return []
        count = len(names) // HASH_SIZE
        return [
            self._block(
                Command.RESPONSE_CHAIN_ENTRY,
                names[n * HASH_SIZE : (n + 1) * HASH_SIZE].hex(),
                None if start is None else start + n,
                side,
                offset,
                asked=True,
            )
            for n in range(max(count - MAX_LISTED, 0), count)
        ]

    def _block(
        self, command: int, name: str, height: int | None, side: Side, offset: int, *, asked: bool
    ) -> Outcome:
        self._blocks += 1
        return NodeBlock(
            protocol=self._protocol,
            side=side,
            offset=offset,
            command=_NAMES[command],
            block=name,
            height=height,
            coins=self._coins,
            asked=asked,
        )


def _section(storage: dict[str, Value], name: str) -> dict[str, Value]:
    section = storage.get(name)
    return section if isinstance(section, dict) else {}


def _number(value: Value) -> int | None:
    return value if type(value) is int else None


def _header(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Return payload length and command of the header at `at`, None where there is none."""
    signature, length, expects, command, _code, flags, version = HEADER.unpack_from(data, at)
    whole = signature == SIGNATURE and version == VERSION and expects <= 1 and length <= MAX_PAYLOAD
    if not whole or not 0 < flags <= _ALL_FLAGS:
        return None
    return length, command
