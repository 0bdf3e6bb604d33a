"""Electrum: wallets ask an index server about a chain, one JSON-RPC 2.0 message a line, over TCP.

Not mining, however much its lines look like Stratum's: the client is a wallet, the server a node's index.
Source: electrum-protocol documentation (protocol basics, methods); docs/protocols/electrum.md.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from facts.errors import ParseError
from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.jsonrpc import Message, Pending, messages, small, text
from protocols.lines import LineBuffer
from protocols.parser import SIDES, Event, Handover, Heads, Match, Parser, Side

PROTOCOL = "electrum"
MAX_LINE = 64 * 1024  # bytes: a longer answer (2,016 headers take 323 KB) is passed over unread
MAX_MESSAGES = 4096  # lines after which another one says nothing new
MAX_TOLD = 4  # of each side, those that are told one by one
HEADER_SIZE = 80
GENESIS = {
    "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f": ("BTC", "BCH", "XEC", "BSV"),
    "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943": ("BTC", "BCH", "XEC", "BSV"),
    "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2": ("LTC",),
    "1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691": ("DOGE",),
    "00040fe8ec8471911baa1db1266ea15dd06b4a8a5c453883c000b031973dce08": ("ZEC",),
    "00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6": ("DASH",),
}
"""First blocks of chains, by which `server.features` names its own; forks share theirs."""

_SPACES = ("server.", "blockchain.", "mempool.")
"""What every method begins with."""
_AWAITED = frozenset({"server.version", "server.features", "blockchain.headers.subscribe"})
"""Requests whose answers say something."""
_METHOD = re.compile(rb'"method"\s{0,8}:\s{0,8}"((?:server|blockchain|mempool)\.[a-z_.]{2,64})"')
_OTHER = re.compile(rb'"method"\s{0,8}:\s{0,8}"(?!(?:server|blockchain|mempool)\.)')
_TELLING = re.compile(rb"headers\.subscribe|server\.(?:version|features)|\\")
"""What makes a line worth reading whoever sends it: blocks, introductions, and words written in escapes."""
_HEX = re.compile(rf"[0-9a-f]{{{2 * HEADER_SIZE}}}\Z")


class Electrum(Parser):
    """Reads both sides of one connection; who asks is the wallet."""

    name = "electrum"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where one side begins with a request of this protocol and nobody asks for anything else."""
        answer = Match.NO if any(heads.values()) else Match.MORE
        for head in heads.values():
            if head and head.lstrip()[:1] not in (b"{", b"["):
                return Match.NO
            if _OTHER.search(head):
                return Match.NO
        for head in heads.values():
            if not head:
                continue
            first, ended, _ = head.partition(b"\n")
            if _METHOD.search(first):
                return Match.YES
            if not ended and b'"result"' not in first:
                answer = Match.MORE
        return answer

    def __init__(self) -> None:
        self._lines = {side: LineBuffer(MAX_LINE) for side in SIDES}
        self._asked: dict[Side, Pending[str]] = {side: Pending() for side in SIDES}
        self._coins: tuple[str, ...] = ()
        self._messages = 0
        self._told = [0, 0]
        self._other: list[tuple[Side, int, bytes]] = []

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield the events of every line that is complete, then raise the first ParseError there was."""
        problem: ParseError | None = None
        for offset, line, joined in self._lines[side].push(data):
            if self._other:
                self._other.append((side, offset, (line or b"") + b"\n"))
                continue
            self._messages += 1
            if line is None or (self._told[side] >= MAX_TOLD and self._idle(side, line, 1)):
                continue  # too long, or of no interest
            if joined and line.lstrip()[:1] not in (b"{", b"["):
                continue  # the tail of a line whose head was not captured
            try:
                for message in messages(line, side, offset):
                    if message.method is not None and not message.method.startswith(_SPACES):
                        self._other = [(side, offset, line + b"\n")]
                        break
                    yield from self._event(message)
            except ParseError as error:
                problem = problem or error
        if problem is not None:
            raise problem

    def skim(self, side: Side, data: bytes) -> bool:
        """Pass over whole lines of a side that is known, whose methods are all of this protocol.

        An answer is passed over as well where nothing is open that it could answer.
        """
        lines = self._lines[side]
        if self._told[side] < MAX_TOLD or self._other or self._messages >= MAX_MESSAGES:
            return False
        count = data.count(b"\n")
        if data[-1:] != b"\n" or not (lines.sure and lines.empty) or not self._idle(side, data, count):
            return False
        lines.skip(len(data))
        self._messages += count
        return True

    def _idle(self, side: Side, lines: bytes, count: int) -> bool:
        """Say whether so many lines hold nothing to tell, as far as can be seen without reading them."""
        if lines[:1] != b"{" or (count > 1 and lines.count(b"\n{") != count - 1):
            return False
        methods = lines.count(b'"method"')
        if methods < count and self._asked[side.other].open:
            return False
        if methods and len(_METHOD.findall(lines)) != methods:
            return False
        return _TELLING.search(lines) is None

    def gap(self, side: Side, missing: int) -> None:
        """Pass over the line around the hole, and forget which requests are open."""
        self._lines[side].gap(missing)
        for asked in self._asked.values():
            asked.clear()

    @property
    def handover(self) -> Handover | None:
        """Probe the stream anew from the first request on that is none of this protocol."""
        if not self._other:
            return None
        begun = [(side, *lines.unfinished) for side, lines in self._lines.items()]
        return Handover(None, (*self._other, *(piece for piece in begun if piece[2])))

    @property
    def finished(self) -> bool:
        """True when the session has said what it can."""
        return self._messages >= MAX_MESSAGES

    def _event(self, message: Message) -> Iterator[Event]:
        side, offset = message.side, message.offset
        if message.method is None:
            asked = self._asked[side.other].answer(message.id)
            if asked is not None:
                yield from self._answer(asked, message)
            return
        method = (text(message.method) or "")[:64]
        if message.id is None:  # a notification: it comes from the server
            yield from self._news(method, message.params, side, offset)
            return
        if method in _AWAITED or self._told[side.other] < MAX_TOLD:
            self._asked[side].ask(message.id, method)
        params = message.params
        if method == "server.version":
            agent = params[0] if isinstance(params, list) and params else None
            if isinstance(params, dict):
                agent = params.get("client_name")
            yield NodeHello(
                protocol=PROTOCOL, side=side, offset=offset, coins=self._coins, agent=text(agent) or None,
                network="unknown", full=False,
            )  # fmt: skip
        elif self._tell(side):
            yield NodeMessage(
                protocol=PROTOCOL, side=side, offset=offset, command=method, coins=self._coins, spv=True
            )

    def _answer(self, method: str, message: Message) -> Iterator[Event]:
        side, offset, result = message.side, message.offset, message.result
        if method == "server.features" and isinstance(result, dict):
            genesis = result.get("genesis_hash")
            self._coins = GENESIS.get(genesis, ()) if isinstance(genesis, str) else ()
        if method == "server.version":
            software = result[0] if isinstance(result, list) and result else None
            if isinstance(software, str):
                yield NodeHello(
                    protocol=PROTOCOL, side=side, offset=offset, coins=self._coins,
                    agent=text(software) or None, network="unknown", full=True,
                )  # fmt: skip
        elif message.body.get("error") is None and self._tell(side):
            yield NodeMessage(protocol=PROTOCOL, side=side, offset=offset, command=method, coins=self._coins)
        if method == "blockchain.headers.subscribe":
            yield from self._block(result, side, offset, asked=True)

    def _news(self, method: str, params: object, side: Side, offset: int) -> Iterator[Event]:
        if self._tell(side):
            yield NodeMessage(protocol=PROTOCOL, side=side, offset=offset, command=method, coins=self._coins)
        if method == "blockchain.headers.subscribe" and isinstance(params, list) and params:
            yield from self._block(params[0], side, offset, asked=False)

    def _tell(self, side: Side) -> bool:
        self._told[side] += 1
        return self._told[side] <= MAX_TOLD

    def _block(self, tip: object, side: Side, offset: int, *, asked: bool) -> Iterator[Event]:
        """Tell of the block whose header is given, where that has 80 bytes."""
        if not isinstance(tip, dict):
            return
        header = tip.get("hex")
        if isinstance(header, str) and _HEX.match(header):
            raw = bytes.fromhex(header)
            name = sha256(sha256(raw).digest()).hexdigest()
            yield NodeBlock(
                protocol=PROTOCOL, side=side, offset=offset, command="blockchain.headers.subscribe",
                block=name, height=small(tip.get("height")), coins=self._coins, asked=asked,
            )  # fmt: skip
