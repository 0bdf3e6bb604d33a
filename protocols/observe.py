"""From the bytes of one stream to its events: which parser reads it, and what happens when it cannot.

No I/O and no time: `Observer` is handed bytes with their stream offsets, and gives events with theirs.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from facts.conversation import Flow
from facts.errors import ParseError
from facts.where import Where
from protocols.events import DnsAnswer, DnsQuery, PoolEvent, ProxyTarget, TlsCertificate, TlsHello
from protocols.parser import Event, Handover, Match, Parser, Side

HEAD = 4096  # bytes of a side that a probe sees: the longest first messages of all protocols here fit
MAX_PROBES = (
    16  # places at which a stream is tried: preambles (SOCKS, CONNECT) and lost starts need two or three
)
MAX_ERRORS = 8  # parse errors with no event between them: the stream has stopped being this protocol

Read = tuple[int, Event]
"""An event and the stream offset, on its side, of the first byte of its message."""


class Observation(NamedTuple):  # one is made for each thing that is said: a third of a frozen dataclass
    """What the capture half of the pipeline hands to the classifier."""

    event: Event
    flow: Flow
    where: Where
    """The packet that holds the first byte of the message."""
    at_ns: int
    """When that packet was captured."""


def client_side(event: Event) -> Side | None:
    """Return the side that must be the client for a party to say this; None where either may say it.

    A mining request, a DNS question, a ClientHello and what is asked of a proxy come from clients, whatever
    the capture says about who opened the connection; their answers come from servers.
    """
    match event:
        case PoolEvent():
            return event.side if event.sender == "miner" else event.side.other
        case DnsQuery() | TlsHello() | ProxyTarget():
            return event.side
        case DnsAnswer() | TlsCertificate():
            return event.side.other
    return None


_RECORD = b"\x16\x03"
"""How a TLS handshake begins, which is what most proxies carry: its parser is asked first there."""


@cache
def _first(parsers: tuple[type[Parser], ...], name: str) -> tuple[type[Parser], ...]:
    """Return the parsers, the one of that name first."""
    return tuple(sorted(parsers, key=lambda parser: parser.name != name))


class Observer:
    """Finds the parser of one stream and feeds it.

    While no parser is found, the first bytes of both sides are kept (at most 4 KiB and one segment a side)
    and probed as they grow. When every parser has said NO, the newest bytes are tried as a new start, and so
    are the next ones: so a mining session is found behind a proxy's preamble or a line begun before the
    capture. A stream that gave its parser up by errors is probed again in the same way.
    """

    __slots__ = (
        "_base",
        "_candidates",
        "_errors",
        "_heads",
        "_kept",
        "_parsers",
        "_probes",
        "broken",
        "errors",
        "parser",
        "reason",
    )

    def __init__(self, parsers: Sequence[type[Parser]]) -> None:
        """`parsers` are those of the stream's transport, in the order of the table."""
        self.errors = 0
        """Parse errors so far."""
        self.broken = 0
        """Sides of which a message could not be read, as bits."""
        self.reason = ""
        """`finished`, `unrecognised` or `parse-errors` once nothing more is read here; empty before."""
        self.parser: Parser | None = None
        """The parser that reads the stream; None while none is found."""
        self._parsers = tuple(parsers)
        self._base: list[int] = [-1, -1]  # stream offset of the first byte each side fed to the parser
        self._errors = 0  # since the last event
        self._probes = 0
        self._candidates: Sequence[type[Parser]] = self._parsers
        self._heads: dict[Side, bytes] = {}
        self._kept: list[tuple[Side, int, bytes]] = []

    def feed(self, side: Side, offset: int, data: bytes) -> list[Read]:
        """Take the next bytes of one side, from stream offset `offset` on; return what they complete."""
        parser = self.parser
        if parser is not None:
            return self.read(parser, side, offset, data)
        if self.reason:
            return []
        return self._probe(side, offset, data)

    def datagram(self, side: Side, data: bytes) -> list[Read]:
        """Take one datagram; each is a message of its own, so it is probed alone."""
        if self.parser is None:
            self._restart()
        return self.feed(side, 0, data)

    def gap(self, side: Side, offset: int, missing: int) -> list[Read]:
        """Learn that `missing` bytes are lost from stream offset `offset` of one side on."""
        if self.parser is None:
            out = self.end()  # what stands before the gap is all that there is of it
            if self.parser is None:
                self._restart()
                return out
        else:
            out = []
        if self._base[side] < 0:
            self._base[side] = offset
        self.parser.gap(side, missing)
        return out

    def end(self) -> list[Read]:
        """Learn that no more bytes come: the first parser that is sure reads what is kept."""
        if self.parser is not None or self.reason:
            return []
        for candidate in self._candidates:
            if self._kept and candidate.probe(self._heads) is Match.YES:
                return self._choose(candidate)
        return []

    def _probe(self, side: Side, offset: int, data: bytes) -> list[Read]:
        self._keep(side, offset, data)
        while True:
            if self._candidates is self._parsers and data[:2] == _RECORD:
                self._candidates = _first(self._parsers, "tls")
            chosen = self._ask()
            if chosen is not None:
                return self._choose(chosen)
            if self._candidates:
                return []
            self._probes += 1
            if self._probes >= MAX_PROBES:
                self._restart()
                self.reason = "unrecognised"
                return []
            if len(self._kept) == 1:
                line = data.find(b"\n") + 1
                if not 0 < line < len(data):
                    self._restart()
                    return []
                offset, data = offset + line, data[line:]  # the rest of a line that began before the capture
            self._restart()
            self._keep(side, offset, data)  # once more, as the start of a stream

    def _keep(self, side: Side, offset: int, data: bytes) -> None:
        self._kept.append((side, offset, data))
        head = self._heads.get(side, b"")
        if len(head) < HEAD:
            self._heads[side] = (head + data)[:HEAD]

    def _ask(self) -> type[Parser] | None:
        """Ask the candidates in order; the first YES counts once all before it have said NO."""
        full = max(map(len, self._heads.values())) >= HEAD
        doubtful: list[type[Parser]] = []
        for candidate in self._candidates:
            answer = candidate.probe(self._heads)
            if answer is Match.YES:
                if not doubtful:
                    return candidate
                doubtful.append(candidate)
            elif answer is Match.MORE and not full:
                doubtful.append(candidate)
        self._candidates = doubtful
        return None

    def _choose(self, chosen: type[Parser]) -> list[Read]:
        self.parser = parser = chosen()
        self._base = [-1, -1]
        self._errors = 0
        kept = self._kept
        self._heads, self._kept = {}, []
        out: list[Read] = []
        for place, (side, offset, data) in enumerate(kept):
            if self.parser is parser:
                out += self.read(parser, side, offset, data)
            elif not self.reason:  # it was the wrong one: go on with what it has not seen
                for rest in kept[place:]:
                    out += self.feed(*rest)
                break
        return out

    def read(self, parser: Parser, side: Side, offset: int, data: bytes) -> list[Read]:
        """Have the next bytes of one side read by the stream's own parser, which is handed in."""
        base = self._base[side]
        if base < 0:
            base = self._base[side] = offset
        out: list[Read] = []
        while True:
            try:
                for event in parser.feed(side, data):
                    start = base if event.side is side else self._base[event.side]
                    out.append((start + event.offset, event))
                    self._errors = 0
                break
            except ParseError:
                self.errors += 1
                self.broken |= 1 << side
                self._errors += 1
                if self._errors >= MAX_ERRORS:
                    self._give_up()
                    return out
                if parser.transport != "tcp":
                    break
                data = b""  # go on with the messages behind the broken one
        handover = parser.handover
        if handover is not None:
            return out + self._hand_over(handover)
        if parser.finished:
            self.parser = None
            self.reason = "finished"
        return out

    def _hand_over(self, handover: Handover) -> list[Read]:
        """Go on with the stream that begins within this one; its offsets stay those of the whole stream."""
        bases = self._base
        self.parser = handover.parser
        self._base = [-1, -1]
        self._errors = 0
        if handover.parser is None:
            self._probes += 1
            if self._probes >= MAX_PROBES:
                self.reason = "unrecognised"
                return []
            self._restart()
        out: list[Read] = []
        for side, offset, data in handover.rest:
            out += self.feed(side, max(bases[side], 0) + offset, data)
        return out

    def _give_up(self) -> None:
        self.parser = None
        self._probes += 1
        self._restart()
        if self._probes >= MAX_PROBES:
            self.reason = "parse-errors"

    def _restart(self) -> None:
        self._candidates = self._parsers
        self._heads, self._kept = {}, []
