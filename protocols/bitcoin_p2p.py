"""Bitcoin-family P2P: binary messages over TCP between the nodes and light clients of one chain.

Source: Bitcoin's protocol.h and net_processing.cpp, BIP 37, BIP 130, BIP 152, BIP 157;
docs/protocols/bitcoin_p2p.md. What the payloads say is in protocols/bitcoin_messages.py.
"""

import re
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Any, ClassVar

from facts.errors import ParseError
from protocols.bitcoin_messages import (
    BLOCK_COMMANDS,
    COMMANDS,
    FIRST_VERSION_SIZE,
    LIGHT_COMMANDS,
    MAX_ANNOUNCED,
    SERVED,
    VERSION_HEAD,
    announced,
    block_hash,
    header_hashes,
    height_of,
    lists_more,
    read_version,
    wanted,
)
from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.framed import Framed, Half, Outcome
from protocols.magics import BY_MAGIC, DOUBLE_SHA256, OWN_COMMANDS, Network, narrow
from protocols.parser import Heads, Match, Side

MAX_PAYLOAD = 0x02000000  # bytes: MAX_SIZE of every client's serialize.h; a longer claim is no header
MAX_HELD = 64 * 1024  # bytes a side that one message may wait in memory; longer ones are hashed as they pass
MAX_OPENING = 512  # bytes kept of a longer one: a block's header and the height in its coinbase
MAX_MESSAGES = 8192  # about an hour of a busy peer; what it is, it has said in its first dozens
MAX_TOLD = 4  # of each side, those that are told one by one; then only introductions and blocks are
MAX_BLOCKS = 120  # blocks told of a connection: twenty hours of Bitcoin's
MAX_WANTED = 64  # blocks remembered a side that it asked for and did not get yet
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

_PADDED = {command.encode().ljust(12, b"\0"): command for command in COMMANDS}
_LISTS = frozenset({"inv", "getdata"})
"""Commands that tell of nothing as long as they list transactions only."""
_READ = (
    BLOCK_COMMANDS | LIGHT_COMMANDS | OWN_COMMANDS.keys() | {"version", "verack", "getheaders", "getblocks"}
)
_TALK = (COMMANDS - _READ) | _LISTS
"""Commands that say nothing about blocks, nor about what a peer is that has told so before."""
_OWN_COMMAND = re.compile(rb"[a-z][a-z0-9_-]{1,11}\0*")  # coins add commands: mnb, dsq, dsproof-beta


def _any_of(words: list[bytes]) -> bytes:
    return b"(?:" + b"|".join(re.escape(word) for word in sorted(words)) + b")"


_ANY_COMMAND = _any_of(list(_PADDED))
_UNPADDED = tuple(padded for padded in _PADDED if b"\0" not in padded)
"""The commands that fill their field: every other header has a NUL, which text has not."""
_ANY_HEADER = re.compile(_any_of(list(BY_MAGIC)) + _ANY_COMMAND)


class _Half(Half):
    """One direction of a connection."""

    __slots__ = (
        "bare", "checksum", "command", "digest", "light", "open_questions", "opening", "start", "told",
        "wanted",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.bare = False  # this side leaves the checksum of version and verack out
        self.digest: Any = None  # SHA-256 of what came of a payload too long to hold; None after a gap
        self.opening = b""  # and its first bytes
        self.command = ""
        self.checksum = b""
        self.start = 0
        # What this side asked for and is still owed, by the command that answers it. Until it introduces
        # itself, and after a gap, one question of each kind may have been missed.
        self.open_questions = {"headers": 1, "inv": 1}
        self.wanted: dict[bytes, None] = {}  # hashes of blocks that it asked for
        self.told = 0  # messages read whole
        self.light = 0  # and those of them that only light clients send


class BitcoinP2P(Framed[_Half]):
    """Reads both sides of one connection; both speak with the same magic."""

    name: ClassVar[str] = "bitcoin_p2p"
    max_messages = MAX_MESSAGES
    max_bytes = MAX_BYTES
    max_lost = MAX_LOST

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a header with a known magic, or a whole message of an unknown coin with its checksum."""
        answers = {_probe(bytes(head)) for head in heads.values() if head}
        if Match.YES in answers:
            return Match.YES
        return Match.NO if answers == {Match.NO} else Match.MORE

    def __init__(self) -> None:
        super().__init__(_Half(), _Half())
        self._magic: bytes | None = None
        self._talk: dict[bytes, bool] = {}
        self._header = _ANY_HEADER
        self._networks: tuple[Network, ...] = ()
        self._coins: tuple[str, ...] = ()
        self._protocol = "bitcoin-p2p"
        self._blocks = 0

    def gap(self, side: Side, missing: int) -> None:
        """Stay aligned where the loss lies inside one payload, else search for the next header."""
        super().gap(side, missing)
        half = self._halves[side]
        half.digest = None
        half.open_questions = {"headers": 1, "inv": 1}

    def skim(self, side: Side, data: bytes) -> bool:
        """Pass over whole messages, and the rest of one, that tell of no block, once a side is known well.

        Their checksums are not looked at: what is believed rests on messages that were read.
        """
        half = self._halves[side]
        if half.told < MAX_TOLD or half.held or half.lost:
            return False
        if self._messages >= MAX_MESSAGES or self._bytes >= MAX_BYTES:
            return False
        at, size, count = half.skip, len(data), 0
        if at and half.digest is not None:  # a long one that is hashed
            return False
        while at < size:
            lists = self._talk.get(data[at : at + PREFIX_SIZE])
            if lists is None or size - at < HEADER_SIZE:
                return False
            begin = at + HEADER_SIZE
            at = begin + UINT32.unpack_from(data, at + PREFIX_SIZE)[0]
            if at - begin > MAX_PAYLOAD:
                return False
            if lists and (not begin < at <= size or lists_more(data, begin, at)):
                return False
            count += 1
        half.skip = at - size
        half.digest = None
        half.offset += size
        self._bytes += size
        self._messages += count
        return True

    @property
    def finished(self) -> bool:
        """True when the session has said what it can, or has not looked like this protocol for long."""
        return self._blocks >= MAX_BLOCKS or super().finished

    def _due(self, half: _Half) -> int:
        if not half.begun or len(half.held) < HEADER_SIZE:
            return 0
        return int(HEADER_SIZE + UINT32.unpack_from(half.held, PREFIX_SIZE)[0]) - len(half.held)

    def _search(self, half: _Half, at: int) -> int:
        if self._magic is not None and self._header is _ANY_HEADER:
            self._header = re.compile(re.escape(self._magic) + _ANY_COMMAND)
        found = self._header.search(half.held, at)
        half.lost = found is None
        to = found.start() if found else max(at, len(half.held) - PREFIX_SIZE + 1)
        half.unread += to - at
        return to

    def _message(self, half: _Half, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        held = half.held
        left = len(held) - at
        if left < BARE_SIZE:
            return at, ()
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
            return at + 1, (self._error(half, at, "no message header where one is due"),) if due else ()

        size = HEADER_SIZE
        if command in ("version", "verack"):
            size = _header_size(held, at, length, half.bare, magic)
        end = at + size + length
        if not size or (left < HEADER_SIZE and size == HEADER_SIZE):
            return at, ()
        if length > MAX_HELD:
            half.command, half.start, half.skip = command, half.offset + at, length
            half.checksum = bytes(held[at + BARE_SIZE : at + HEADER_SIZE])
            half.digest, half.opening = sha256(), b""
            self._believe(half, magic)
            return at + HEADER_SIZE, ()
        if end > len(held):
            return at, ()
        payload = bytes(held[at + size : end])
        if size == BARE_SIZE:
            half.bare = True
        elif _checksum(payload) != held[at + BARE_SIZE : at + HEADER_SIZE]:
            if not known:
                half.lost = True
                return at + 1, ()
            return end, (self._error(half, at, f"the checksum of {command} is wrong"),)
        self._believe(half, magic)
        return end, self._told(command, payload, side, half.offset + at)

    def _pass(self, half: _Half, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        """Hash the next bytes of a payload too long to hold; its message is told at its end."""
        to, _ = super()._pass(half, side, at)
        if half.digest is None:  # incomplete: nothing can be said of it
            return to, ()
        piece = half.held[at:to]
        half.digest.update(piece)
        if len(half.opening) < MAX_OPENING:
            half.opening += bytes(piece[: MAX_OPENING - len(half.opening)])
        if half.skip:
            return to, ()
        if sha256(half.digest.digest()).digest()[:4] != half.checksum:
            return to, (ParseError(f"the checksum of {half.command} is wrong", half.start),)
        opening = half.opening if half.command == "block" else b""  # a cut list would be misread
        return to, self._told(half.command, opening, side, half.start)

    def _error(self, half: _Half, at: int, why: str) -> ParseError:
        return ParseError(why, half.offset + at)

    def _believe(self, half: _Half, magic: bytes) -> None:
        half.begun = True
        half.unread = 0
        if self._magic is None:
            self._magic, self._talk = magic, _talk_of(magic)
            self._know(BY_MAGIC.get(magic, ()))

    def _know(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self._coins = tuple(dict.fromkeys(row.coin for row in networks))
        only = self._coins[0].lower() if len(self._coins) == 1 else "btc"
        self._protocol = "bitcoin-p2p" if only == "btc" else f"{only}-p2p"

    def _told(self, command: str, payload: bytes, side: Side, offset: int) -> tuple[Outcome, ...]:
        """Return what a message says: itself, and the blocks that it tells of."""
        self._messages += 1
        half = self._halves[side]
        half.told += 1
        known = self._coins
        if command == "version":
            half.open_questions = {"headers": 0, "inv": 0}  # nothing was asked before this
            return (self._hello(payload, side, offset),)
        if command in OWN_COMMANDS and len(self._networks) > 1:
            own = OWN_COMMANDS[command]
            self._know(tuple(row for row in self._networks if row.coin in own) or self._networks)
        filtered = False
        if command == "getdata":
            filtered, asked = wanted(payload)
            half.wanted |= dict.fromkeys(asked)
            while len(half.wanted) > MAX_WANTED:
                del half.wanted[next(iter(half.wanted))]
        elif command in ("getheaders", "getblocks"):
            half.open_questions["headers" if command == "getheaders" else "inv"] += 1
        spv = filtered or command in LIGHT_COMMANDS
        half.light += spv
        message: Outcome = None
        if (half.light if spv else half.told) <= MAX_TOLD or self._coins != known:
            message = NodeMessage(
                protocol=self._protocol, side=side, offset=offset, command=command, coins=self._coins, spv=spv
            )
        if command not in BLOCK_COMMANDS or not DOUBLE_SHA256.issuperset(self._coins):
            return (message,)
        return (message, *self._news(command, payload, side, offset))

    def _news(self, command: str, payload: bytes, side: Side, offset: int) -> list[Outcome]:
        """Return the blocks that a message tells of, the last few of many."""
        owed = self._halves[side.other]
        if command == "inv":
            count, hashes = announced(payload)
        elif command == "headers":
            count, hashes = header_hashes(payload)
        else:
            count, hashes = (1, (block_hash(payload),)) if len(payload) >= 80 else (0, ())
        asked = command in SERVED or count > MAX_ANNOUNCED
        if command == "headers" or (command == "inv" and count):
            asked |= owed.open_questions[command] > 0
            owed.open_questions[command] = max(owed.open_questions[command] - 1, 0)
        told: list[Outcome] = []
        for raw in hashes if self._coins else ():
            self._blocks += 1
            told.append(
                NodeBlock(
                    protocol=self._protocol,
                    side=side,
                    offset=offset,
                    command=command,
                    block=raw.hex(),
                    height=height_of(command, payload),
                    coins=self._coins,
                    asked=asked or raw in owed.wanted,
                )
            )
            owed.wanted.pop(raw, None)
        return told

    def _hello(self, payload: bytes, side: Side, offset: int) -> Outcome:
        try:
            version = read_version(payload)
        except ValueError as error:
            return ParseError(str(error), offset)
        networks = narrow(
            self._networks, version.agent, version.ports, version.protocol, version.height, version.time_s
        )
        self._know(networks)
        names = {row.name for row in self._networks}
        return NodeHello(
            protocol=self._protocol,
            side=side,
            offset=offset,
            coins=self._coins,
            agent=version.agent,
            height=version.height,
            services=version.services,
            network=names.pop() if len(names) == 1 else "unknown",
            full=version.full,
        )


@lru_cache(64)  # one for each network that is met
def _talk_of(magic: bytes) -> dict[bytes, bool]:
    """Return the first 16 bytes of messages that are passed over, and whether they list things."""
    return {magic + command.encode().ljust(12, b"\0"): command in _LISTS for command in _TALK}


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


def _probe(head: bytes) -> Match:
    if (b"\0" in head or any(word in head for word in _UNPADDED)) and _ANY_HEADER.search(head):
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
