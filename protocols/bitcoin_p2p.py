"""Bitcoin-family P2P: binary messages over TCP between the nodes and light clients of one chain.

Source: Bitcoin's protocol.h and net_processing.cpp, BIP 37, BIP 152, BIP 157, BIP 159;
docs/protocols/bitcoin_p2p.md.
"""

import re
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from hashlib import sha256
from struct import Struct
from typing import Any, ClassVar

from facts.errors import ParseError
from protocols.events import NodeEvent, NodeHello, NodeMessage
from protocols.magics import BY_MAGIC, Network, narrow
from protocols.parser import Event, Heads, Match, Parser, Side

MAX_PAYLOAD = 0x02000000  # bytes: MAX_SIZE of every client's serialize.h; a longer claim is no header
MAX_HELD = 64 * 1024  # bytes a side that one message may wait in memory; longer ones are hashed as they pass
MAX_AGENT = 256  # bytes: MAX_SUBVERSION_LENGTH, beyond which clients refuse a version message
MAX_MESSAGES = 512  # a light client shows itself in its first dozens; further messages say nothing new
MAX_BYTES = 32 * 1024 * 1024  # a session that fetches blocks is let go after some twenty of them
MAX_LOST = (
    8 * 1024 * 1024
)  # bytes without a header: twice the largest usual block, so it is not this any more

# The message header, little-endian:
#   0        4                       16       20         24
#   | magic  | command, zero-padded  | length | checksum | payload ...
# Clients before 2012 sent `version` and `verack` without the checksum ("bare"): 20 bytes.
HEADER_SIZE = 24
BARE_SIZE = 20
PREFIX_SIZE = 16  # magic and command: what the search for a header looks at
UINT32 = Struct("<I")
EMPTY_CHECKSUM = bytes.fromhex("5df6e0e2")  # of a payload of no bytes
BARE_VERSIONS = range(100, 60_001)  # protocol versions of the clients that left the checksum out
BARE_TIMES = range(1_230_768_000, 1_388_534_400)  # 2009 to 2013: when those clients ran

# The payload of `version`: version i32, services u64, time i64, addr_recv, addr_from, nonce u64,
# agent (length-prefixed), height i32; an address is services u64, IPv6 16 bytes, port u16 (big-endian).
VERSION_HEAD = Struct("<iQq")
ADDR_RECV_PORT = 44
ADDR_FROM_PORT = 70
AGENT_LENGTH = 80
FIRST_VERSION_SIZE = 46  # up to addr_recv: all that clients before protocol 106 sent

_COMMANDS = (
    "version verack addr addrv2 sendaddrv2 inv getdata merkleblock getblocks getheaders tx headers block"
    " getaddr mempool ping pong notfound filterload filteradd filterclear sendheaders feefilter sendcmpct"
    " cmpctblock getblocktxn blocktxn getcfilters cfilter getcfheaders cfheaders getcfcheckpt cfcheckpt"
    " wtxidrelay sendtxrcncl reject alert"
)
COMMANDS = frozenset(_COMMANDS.split())
"""What Bitcoin Core and its light clients send or have sent; forks add their own."""
LIGHT_COMMANDS = frozenset(
    {"filterload", "filteradd", "filterclear", "getcfilters", "getcfheaders", "getcfcheckpt"}
)
"""Requests of BIP 37 and BIP 157, for which a node with blocks of its own has no use."""


class Service(IntFlag):
    """The service bits of a version message that promise blocks."""

    NETWORK = 1
    NETWORK_LIMITED = 1 << 10
    """A pruned node (BIP 159): a full node too, which serves the last 288 blocks."""


class Inventory(IntEnum):
    """Type of an inventory entry, its witness flag taken off."""

    FILTERED_BLOCK = 3
    """A merkleblock: only BIP 37 light clients ask for it."""


WITNESS_FLAG = 0x40000000

_PADDED = {command.encode().ljust(12, b"\0"): command for command in COMMANDS}
_OWN_COMMAND = re.compile(rb"[a-z][a-z0-9_]{1,11}\0*")  # coins add commands: mnb, dsq, sendheaders2


def _any_of(words: list[bytes]) -> bytes:
    return b"(?:" + b"|".join(re.escape(word) for word in sorted(words)) + b")"


_ANY_COMMAND = _any_of(list(_PADDED))
_ANY_HEADER = re.compile(_any_of(list(BY_MAGIC)) + _ANY_COMMAND)

_Outcome = NodeEvent | ParseError | None


class _Half:
    """One direction: what waits for its end, and where in the stream that is."""

    __slots__ = (
        "bare",
        "begun",
        "checksum",
        "command",
        "digest",
        "held",
        "lost",
        "offset",
        "skip",
        "start",
        "unread",
    )

    def __init__(self) -> None:
        self.held = bytearray()
        self.offset = 0  # stream offset of held[0]
        self.begun = False  # a message was read
        self.bare = False  # this side leaves the checksum of version and verack out
        self.lost = False  # no message boundary is known
        self.unread = 0  # bytes passed over since it was lost
        self.skip = 0  # bytes to come of a payload too long to hold ...
        self.digest: Any = None  # ... and the SHA-256 of those that came; None after a gap
        self.command = ""
        self.checksum = b""
        self.start = 0


class BitcoinP2P(Parser):
    """Reads both sides of one connection; both speak with the same magic."""

    name: ClassVar[str] = "bitcoin_p2p"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a header with a known magic, or a whole message of an unknown coin with its checksum."""
        answers = {_probe(bytes(head)) for head in heads.values() if head}
        if Match.YES in answers:
            return Match.YES
        return Match.NO if answers == {Match.NO} else Match.MORE

    def __init__(self) -> None:
        self._halves = (_Half(), _Half())
        self._magic: bytes | None = None
        self._header = _ANY_HEADER
        self._networks: tuple[Network, ...] = ()
        self._coins: tuple[str, ...] = ()
        self._protocol = "bitcoin-p2p"
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
        if not (todo or half.lost) and len(half.held) >= HEADER_SIZE and half.begun:
            todo = HEADER_SIZE + UINT32.unpack_from(half.held, PREFIX_SIZE)[0] - len(half.held)
        half.offset += len(half.held) + missing
        half.held.clear()
        half.digest = None
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
            if half.skip:
                at, outcome = self._pass(half, side, at)
            elif half.lost:
                at, outcome = self._search(half, at), None
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
        if self._magic is not None and self._header is _ANY_HEADER:
            self._header = re.compile(re.escape(self._magic) + _ANY_COMMAND)
        found = self._header.search(half.held, at)
        half.lost = found is None
        to = found.start() if found else max(at, len(half.held) - PREFIX_SIZE + 1)
        half.unread += to - at
        return to

    def _message(self, half: _Half, side: Side, at: int) -> tuple[int, _Outcome]:
        """Read the message whose header is due at `at`; `at` comes back where it is not whole yet."""
        held = half.held
        left = len(held) - at
        if left < BARE_SIZE:
            return at, None
        magic = bytes(held[at : at + 4])
        padded = bytes(held[at + 4 : at + PREFIX_SIZE])
        length = UINT32.unpack_from(held, at + PREFIX_SIZE)[0]
        command = _PADDED.get(padded)
        known = magic == self._magic or (self._magic is None and magic in BY_MAGIC)
        if command is None and known and _OWN_COMMAND.fullmatch(padded):
            command = padded.rstrip(b"\0").decode()
        first = self._magic is None and not half.begun  # of a coin that the table does not know
        if command is None or length > (MAX_PAYLOAD if known else MAX_HELD) or not (known or first):
            half.lost = True
            due = half.begun
            half.begun = False  # one error for one loss
            return at + 1, self._error(half, at, "no message header where one is due") if due else None

        size = HEADER_SIZE
        if command in ("version", "verack"):
            size = _header_size(held, at, length, half.bare, magic)
        end = at + size + length
        if not size or (left < HEADER_SIZE and size == HEADER_SIZE):
            return at, None
        if length > MAX_HELD:
            half.command, half.start, half.skip = command, half.offset + at, length
            half.checksum = bytes(held[at + BARE_SIZE : at + HEADER_SIZE])
            half.digest = sha256()
            self._believe(half, magic)
            return at + HEADER_SIZE, None
        if end > len(held):
            return at, None
        payload = bytes(held[at + size : end])
        if size == BARE_SIZE:
            half.bare = True
        elif _checksum(payload) != held[at + BARE_SIZE : at + HEADER_SIZE]:
            if not known:
                half.lost = True
                return at + 1, None
            return end, self._error(half, at, f"the checksum of {command} is wrong")
        self._believe(half, magic)
        return end, self._event(command, payload, side, half.offset + at)

    def _pass(self, half: _Half, side: Side, at: int) -> tuple[int, _Outcome]:
        """Hash the next bytes of a payload too long to hold; its message is told at its end."""
        taken = min(half.skip, len(half.held) - at)
        half.skip -= taken
        if half.digest is None:  # incomplete: nothing can be said of it
            return at + taken, None
        half.digest.update(half.held[at : at + taken])
        if half.skip:
            return at + taken, None
        if sha256(half.digest.digest()).digest()[:4] != half.checksum:
            return at + taken, ParseError(f"the checksum of {half.command} is wrong", half.start)
        return at + taken, self._event(half.command, b"", side, half.start)

    def _error(self, half: _Half, at: int, why: str) -> ParseError:
        return ParseError(why, half.offset + at)

    def _believe(self, half: _Half, magic: bytes) -> None:
        half.begun = True
        half.unread = 0
        if self._magic is None:
            self._magic = magic
            self._know(BY_MAGIC.get(magic, ()))

    def _know(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self._coins = tuple(dict.fromkeys(row.coin for row in networks))
        only = self._coins[0].lower() if len(self._coins) == 1 else "btc"
        self._protocol = "bitcoin-p2p" if only == "btc" else f"{only}-p2p"

    def _event(self, command: str, payload: bytes, side: Side, offset: int) -> _Outcome:
        self._messages += 1
        if command == "version":
            return self._hello(payload, side, offset)
        return NodeMessage(
            protocol=self._protocol,
            side=side,
            offset=offset,
            command=command,
            coins=self._coins,
            spv=command in LIGHT_COMMANDS or (command == "getdata" and _asks_filtered(payload)),
        )

    def _hello(self, payload: bytes, side: Side, offset: int) -> _Outcome:
        if len(payload) < FIRST_VERSION_SIZE:
            return ParseError(f"a version message of {len(payload)} bytes", offset)
        services = VERSION_HEAD.unpack_from(payload)[1]
        ports = {int.from_bytes(payload[at : at + 2], "big") for at in (ADDR_RECV_PORT, ADDR_FROM_PORT)}
        agent, height = None, None
        if len(payload) > FIRST_VERSION_SIZE:
            length = payload[AGENT_LENGTH] if len(payload) > AGENT_LENGTH else MAX_AGENT
            begin = AGENT_LENGTH + 1
            if length == 0xFD and len(payload) > begin + 2:  # two bytes of length follow
                length = int.from_bytes(payload[begin : begin + 2], "little")
                begin += 2
            end = begin + length
            if length > MAX_AGENT or end + 4 > len(payload):
                return ParseError("a version message whose agent or height is cut off", offset)
            agent = _text(payload[begin:end]) or None
            number = int.from_bytes(payload[end : end + 4], "little", signed=True)
            height = number if number >= 0 else None
        self._know(narrow(self._networks, agent, ports))
        names = {row.name for row in self._networks}
        return NodeHello(
            protocol=self._protocol,
            side=side,
            offset=offset,
            coins=self._coins,
            agent=agent,
            height=height,
            services=services,
            network=names.pop() if len(names) == 1 else "unknown",
            full=bool(services & (Service.NETWORK | Service.NETWORK_LIMITED)),
        )


def _checksum(payload: bytes) -> bytes:
    return sha256(sha256(payload).digest()).digest()[:4] if payload else EMPTY_CHECKSUM


def _header_size(held: bytearray, at: int, length: int, bare: bool, magic: bytes) -> int:
    """Return the header size of a `version` or `verack` at `at`; 0 while that cannot be told."""
    body = at + BARE_SIZE
    following = held[body : body + 4]
    if length == 0:
        if bare:
            return BARE_SIZE
        if len(following) < 4:
            return 0
        return BARE_SIZE if following == magic else HEADER_SIZE
    if len(following) < 4:
        return 0
    if int.from_bytes(following, "little") not in BARE_VERSIONS or length < FIRST_VERSION_SIZE:
        return HEADER_SIZE
    if len(held) < body + VERSION_HEAD.size:
        return 0
    return BARE_SIZE if VERSION_HEAD.unpack_from(held, body)[2] in BARE_TIMES else HEADER_SIZE


def _asks_filtered(payload: bytes) -> bool:
    """Say whether a getdata asks for a filtered block; its first entry tells, clients do not mix types."""
    width = {0xFD: 3, 0xFE: 5}.get(payload[0], 1) if payload else 1
    kind = int.from_bytes(payload[width : width + 4], "little") & ~WITNESS_FLAG
    return len(payload) >= width + 36 and kind == Inventory.FILTERED_BLOCK


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _probe(head: bytes) -> Match:
    if _ANY_HEADER.search(head):
        return Match.YES
    if len(head) < BARE_SIZE:
        return Match.MORE
    command = _PADDED.get(head[4:PREFIX_SIZE])
    length = UINT32.unpack_from(head, PREFIX_SIZE)[0]
    if command is None or length > MAX_HELD:
        return Match.NO
    if len(head) < HEADER_SIZE + length:
        return Match.MORE
    right = _checksum(head[HEADER_SIZE : HEADER_SIZE + length]) == head[BARE_SIZE:HEADER_SIZE]
    return Match.YES if right else Match.NO
