"""Mining over HTTP/1.x: getwork, getblocktemplate, Chia's pool protocol; and the ways out of HTTP.

The parser pairs responses with requests in their order and hands JSON bodies to the dialects. It says nothing
of any other traffic. A WebSocket upgrade or an accepted CONNECT ends HTTP: the stream is handed over.
Sources: RFC 9110, RFC 9112, RFC 6455 section 4; docs/protocols/http.md.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice

from facts.errors import ParseError
from protocols import chia_pool, getblocktemplate, getwork
from protocols.events import ProxyTarget
from protocols.http1 import MessageReader
from protocols.http_body import Body
from protocols.http_calls import Asked, Call, Reply, Visit
from protocols.http_head import Head, is_start
from protocols.jsonrpc import Message, messages
from protocols.parser import SIDES, Event, Handover, Heads, Match, Parser, Side
from protocols.websocket import WebSocket

MAX_PENDING = 128
"""Requests without an answer yet; who pipelines more is not followed."""
MAX_BATCH = 256
"""Calls of one batch that are read."""
MAX_QUIET = 256
"""Messages in a row that say nothing of mining, after which a stream is let go: half as many requests."""
MAX_HELD = 64 * 1024
"""Bytes of a side that wait for the answer to its CONNECT or upgrade: a first window."""
UNHEARD = 64
"""Bytes that follow a CONNECT of which the other side is not in the capture, before it counts as accepted."""

_CALL = re.compile(
    rb'"method"\s*:\s*"(?:getwork|eth_(?:getWork|submitWork|submitHashrate|submitLogin)'
    rb"|get_?block_?template|submit_?block|(?:get|create|submit)auxblock|getminingcandidate"
    rb'|submitminingsolution|get_miner_data|[^"]{0,40}\\u00)'
)
"""A body with none of these is no mining request."""
_WORK = re.compile(
    rb'"data"\s*:\s*"[0-9a-fA-F]{256}"|"previousblockhash"\s*:|"curtime"\s*:|"blocktemplate_blob"\s*:'
)
"""A body with none of these is no work that could be told without its request."""
_SURE = re.compile(
    rb"(?i:\r\n(?:x-stratum|x-long-polling|x-roll-ntime|x-reject-reason):|\r\nupgrade: *websocket\r)"
    rb'|"data"\s*:\s*"[0-9a-fA-F]{256}"|"previousblockhash"\s*:.*"curtime"\s*:|"blocktemplate_blob"\s*:',
    re.DOTALL,
)
"""What marks a response of which no request is in the capture."""
_EMPTY = Message(Side.CLIENT, 0, None, None, None, None, None, {})


@dataclass(slots=True)
class Exchange:
    """A request that waits for its response."""

    head: Head
    calls: tuple[Call, ...] = ()
    quiet: bool = False
    """True where its body was read, and asked for nothing that mines."""


class Http(Parser):
    """Reads both sides of one stream; either may send the requests."""

    name = "http"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a request line; for a status line only where it answers no other protocol's request."""
        possible = False
        for side, head in heads.items():
            if not head:
                continue
            started = is_start(head)
            response = head.lstrip(b"\r\n")[:5] == b"HTTP/"
            if started and not response:
                return Match.YES
            if started and not heads.get(side.other) and _SURE.search(head):
                return Match.YES
            possible |= started is None or (bool(started) and not heads.get(side.other))
        return Match.MORE if possible or not any(heads.values()) else Match.NO

    def __init__(self) -> None:
        self._readers = {side: MessageReader() for side in SIDES}
        self._pending: dict[Side, deque[Exchange]] = {side: deque() for side in SIDES}
        """By the side that asked."""
        self._reading: dict[Side, tuple[Head, Exchange | None]] = {}
        """The message whose body is read, and its exchange."""
        self._visit = Visit()
        self._held: Side | None = None
        """The side that has asked to leave HTTP and is not read until it is answered."""
        self._heard: set[Side] = set()
        self._sure = True
        """False from a gap on, until an answer is seen that has the id of its request."""
        self._astray = False
        self._handover: Handover | None = None
        self._quiet = 0

    @property
    def handover(self) -> Handover | None:
        """What reads on after an upgrade, behind an accepted CONNECT, or where JSON follows bare."""
        return self._handover

    @property
    def finished(self) -> bool:
        """True after MAX_QUIET messages in a row that said nothing of mining."""
        return self._quiet >= MAX_QUIET

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield the events of every message that is complete; ParseError where no HTTP goes on."""
        self._heard.add(side)
        self._readers[side].push(data)
        if self._astray:
            self._leave(None)
            return
        yield from self._read(side)
        if self._held is not None and self._handover is None:
            self._wait(self._held)

    def gap(self, side: Side, missing: int) -> None:
        """Resynchronise, unless the hole lies within a body: then only that body is lost."""
        reader = self._readers[side]
        reader.gap(missing)
        if reader.lost:
            for waiting in self._pending.values():
                waiting.clear()
            self._sure = False
            self._astray = self._held is not None  # the answer to what it asked may be what was lost

    def _read(self, side: Side) -> Iterator[Event]:
        reader = self._readers[side]
        while self._held is not side and self._handover is None and not self.finished:
            if reader.foreign:
                self._leave(None)
                return
            item = reader.next()
            if item is None:
                return
            if isinstance(item, Head):
                yield from self._head(side, item)
                continue
            head, exchange = self._reading[side]
            self._quiet += 1
            told = self._request(side, head, exchange, item) if head.method else self._response(side, item)
            for event in told:
                self._quiet = 0
                yield event

    def _head(self, side: Side, head: Head) -> Iterator[Event]:
        if head.method:
            yield from self._ask(side, head)
            return
        waiting = self._pending[side.other]
        if head.status // 100 == 1 and head.status != 101:
            self._reading[side] = head, None
            return
        exchange = waiting.popleft() if waiting else None
        self._reading[side] = head, exchange
        method = exchange.head.method if exchange is not None else ""
        if method == "HEAD":
            self._readers[side].bodiless()
        elif head.status == 101:
            self._leave(_upgraded(head))
        elif method == "CONNECT" and head.status // 100 == 2:
            self._leave(None)
        if self._held is side.other and not waiting and self._handover is None:
            self._held = None
            yield from self._read(side.other)

    def _ask(self, side: Side, head: Head) -> Iterator[Event]:
        exchange = Exchange(head)
        waiting = self._pending[side]
        if len(waiting) >= MAX_PENDING:
            waiting.clear()
            self._sure = False
        waiting.append(exchange)
        self._reading[side] = head, exchange
        if head.method == "CONNECT":
            self._held = side
            host, _, port = head.target.rpartition(":")
            if host and port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536:
                yield ProxyTarget(
                    protocol="http", side=side, offset=head.offset, host=_host(host), port=int(port)
                )
        elif "websocket" in head.value("upgrade").lower():
            self._held = side

    def _request(self, side: Side, head: Head, exchange: Exchange | None, body: Body) -> Iterable[Event]:
        """Read a request whose body is complete."""
        events: list[Event] = []
        calls: list[Call] = []
        for told in self._asked(side, head, body):
            if told is not None:
                events += told[0]
                calls += [told[1]] if told[1] is not None else []
        if exchange is not None:
            exchange.calls = tuple(calls)
            exchange.quiet = not calls and head.method != "GET"
        return events

    def _asked(self, side: Side, head: Head, body: Body) -> Iterator[getwork.Told | None]:
        empty = Asked(head, side, replace(_EMPTY, side=side))
        path = chia_pool.path_of(head.target)
        if path in chia_pool.PATHS:
            for message in _texts(body, side) or [empty.message]:
                yield chia_pool.asked(self._visit, Asked(head, side, message))
        elif head.method == "GET" and not body.data:
            if getwork.speaks(head):
                yield getwork.long_poll(self._visit, empty)
            else:
                yield getblocktemplate.polled(self._visit, empty)
        elif not body.whole:
            yield getblocktemplate.long_submit(self._visit, empty, body)
        elif _CALL.search(body.data):
            for message in _texts(body, side):
                asked = Asked(head, side, message)
                yield getwork.asked(self._visit, asked) or getblocktemplate.asked(self._visit, asked)

    def _response(self, side: Side, body: Body) -> Iterable[Event]:
        """Read a response whose body is complete."""
        head, exchange = self._reading[side]
        if head.status // 100 == 1:
            return []
        if exchange is None or not exchange.calls:
            asked = exchange is not None and (exchange.quiet or exchange.head.method != "GET")
            return [] if asked or not _WORK.search(body.data) else _unasked(side, head, body)
        answers = _texts(body, side)
        if not answers:
            reply = Reply(head, side, body, None)
            events = [event for call in exchange.calls for event in call.answer(call, reply)]
        else:
            events = []
            for call, message in self._pairs(exchange.calls, answers):
                events += call.answer(call, Reply(head, side, body, message))
        first = exchange.calls[0]
        return [*getwork.notices(first, Reply(head, side, body, None)), *events]

    def _pairs(self, calls: tuple[Call, ...], answers: list[Message]) -> Iterator[tuple[Call, Message]]:
        """Match answers with what was asked: by id; a lone answer also by its place, while that is sure."""
        if len(calls) == 1 and len(answers) == 1:
            call, answer = calls[0], answers[0]
            same = type(call.id) is type(answer.id) and call.id == answer.id
            self._sure |= same and call.id is not None
            if same or self._sure:
                yield call, answer
            return
        for answer in answers:
            for call in calls:
                if type(call.id) is type(answer.id) and call.id == answer.id and call.id is not None:
                    yield call, answer
                    break

    def _wait(self, side: Side) -> None:
        """See how long the side that has asked to leave HTTP has waited."""
        unread = self._readers[side].unread
        if unread > MAX_HELD or (unread > UNHEARD and side.other not in self._heard):
            self._leave(None)

    def _leave(self, parser: Parser | None) -> None:
        """Hand over what was not read, the side first that asked."""
        first = self._held if self._held is not None else Side.CLIENT
        taken = [(side, *self._readers[side].take()) for side in (first, first.other)]
        self._handover = Handover(parser, tuple((side, at, data) for side, at, data in taken if data))


def _upgraded(head: Head) -> Parser | None:
    """Return the reader of what the stream was upgraded to; None where it has to be found."""
    if "websocket" not in head.value("upgrade").lower():
        return None
    for extension in head.value("sec-websocket-extensions").lower().split(","):
        name, *parameters = (part.strip() for part in extension.split(";"))
        if name == "permessage-deflate":
            return WebSocket(
                deflate=True,
                opened=True,
                client_no_takeover="client_no_context_takeover" in parameters,
                server_no_takeover="server_no_context_takeover" in parameters,
            )
    return WebSocket(deflate=False, opened=True)


def _host(host: str) -> str:
    """Return a host as names are written: lower case without trailing dot, addresses in canonical form."""
    host = host.removeprefix("[").removesuffix("]").lower().rstrip(".")[:256]
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _texts(body: Body, side: Side) -> list[Message]:
    """Return the JSON objects of a body; those before the first that is none."""
    found: list[Message] = []
    if body.whole and body.data:
        try:
            for message in islice(messages(body.data, side, 0), MAX_BATCH):
                found.append(message)  # noqa: PERF402 - what came before an error stays
        except ParseError:
            pass
    return found


def _unasked(side: Side, head: Head, body: Body) -> list[Event]:
    """Read work that came without a request that would explain it."""
    for message in _texts(body, side):
        reply = Reply(head, side, body, message)
        told = getwork.unasked(reply) or getblocktemplate.unasked(reply)
        if told:
            return list(told)
    return []
