import importlib
import pkgutil
from collections.abc import Iterator
from inspect import isabstract

import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocols
from facts.errors import ParseError
from protocols.events import Notice, Request
from protocols.observe import HEAD, MAX_ERRORS, MAX_PROBES, Observer, Read
from protocols.parser import Event, Handover, Heads, Match, Parser, Side
from protocols.stratum import Stratum
from protocols.table import PARSERS
from protocols.websocket import WebSocket
from tests.protocols.websocket_wire import Deflater, client, server
from tests.protocols.websocket_wire import said as text

CLIENT, SERVER = Side


class Words(Parser):
    """A line a message, of capitals only; `#END` ends it, `#POISON` is an error for each line."""

    name = "words"
    transport = "tcp"
    opening = b"HELLO"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        answers = {cls._probe(head) for head in heads.values()}
        return next(answer for answer in (Match.YES, Match.MORE, Match.NO) if answer in answers)

    @classmethod
    def _probe(cls, head: bytes) -> Match:
        if head.startswith(cls.opening):
            return Match.YES
        return Match.MORE if cls.opening.startswith(head) else Match.NO

    def __init__(self) -> None:
        self.rest = dict.fromkeys(Side, b"")
        self.at = dict.fromkeys(Side, 0)
        self.gaps: list[tuple[Side, int]] = []
        self.over = False

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        self.rest[side] += data
        while (end := self.rest[side].find(b"\n")) >= 0:
            line, self.rest[side] = self.rest[side][:end], self.rest[side][end + 1 :]
            offset = self.at[side]
            self.at[side] += end + 1
            if not line.isupper():
                raise ParseError("no capitals", offset)
            if line == b"#END":
                self.over = True
            yield Request(protocol=self.name, side=side, offset=offset, method=line.decode())

    def gap(self, side: Side, missing: int) -> None:
        self.gaps.append((side, missing))
        self.at[side] += len(self.rest[side]) + missing
        self.rest[side] = b""

    @property
    def finished(self) -> bool:
        return self.over


class Shy(Words):
    """Is sure only once it has seen 8 bytes."""

    name = "shy"

    @classmethod
    def _probe(cls, head: bytes) -> Match:
        return Match.MORE if len(head) < 8 else Match.YES if b"SHY" in head else Match.NO


class Pings(Words):
    """One datagram a message."""

    name = "pings"
    transport = "udp"

    @classmethod
    def _probe(cls, head: bytes) -> Match:
        return Match.YES if head == b"PING" else Match.NO

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        if data != b"PING":
            raise ParseError("no ping", 0)
        yield Notice(protocol=self.name, side=side, offset=0, method="ping")


class Doorkeeper(Parser):
    """Both sides say `DOOR` or `HALL`; behind the last of them stands another stream, of words if `HALL`."""

    name = "doorkeeper"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        known = {b"DOOR", b"HALL"}
        if not all(head[:4] in known or not head for head in heads.values()):
            return Match.NO
        return Match.YES if len(heads) == 2 else Match.MORE

    def __init__(self) -> None:
        self.held = dict.fromkeys(Side, b"")
        self.hall = False

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        self.held[side] += data
        yield from ()

    @property
    def handover(self) -> Handover | None:
        if any(len(held) < 4 for held in self.held.values()):
            return None
        inner = Words() if b"HALL" in (held[:4] for held in self.held.values()) else None
        return Handover(inner, tuple((side, 4, held[4:]) for side, held in self.held.items() if held[4:]))


def said(reads: list[Read]) -> list[tuple[int, str]]:
    return [(offset, event.method) for offset, event in reads if isinstance(event, Request | Notice)]


@given(st.lists(st.integers(1, 30), max_size=10))
def test_the_same_events_however_the_bytes_arrive(cuts: list[int]) -> None:
    stream = b"HELLO\nTWO\nTHREE\n#END\nREST\n"
    observer = Observer([Words])
    reads, at = [], 0
    for size in [*cuts, len(stream)]:
        reads += observer.feed(CLIENT, 100 + at, stream[at : at + size])
        at += size
        if at >= len(stream):
            break
    wanted = [(100, "HELLO"), (106, "TWO"), (110, "THREE"), (116, "#END")]
    assert said(reads)[:4] == wanted
    assert observer.reason == "finished"


def test_both_sides_are_kept_while_the_parser_is_sought_and_fed_in_the_order_of_arrival() -> None:
    observer = Observer([Words])
    assert not observer.feed(SERVER, 7, b"HEL")
    assert not observer.feed(CLIENT, 3, b"HE")
    reads = observer.feed(SERVER, 10, b"LO\n")
    assert said(reads) == [(7, "HELLO")]
    assert said(observer.feed(CLIENT, 5, b"LLO\n")) == [(3, "HELLO")]


def test_a_parser_that_is_sure_waits_for_those_before_it_in_the_table() -> None:
    observer = Observer([Shy, Words])
    assert not observer.feed(CLIENT, 0, b"HELLO\n")
    assert said(observer.feed(CLIENT, 6, b"SHY\n")) == [(0, "HELLO"), (6, "SHY")]
    assert isinstance(observer.parser, Shy)
    observer = Observer([Shy, Words])
    assert not observer.feed(CLIENT, 0, b"HELLO\n")
    assert said(observer.end()) == [(0, "HELLO")]
    assert type(observer.parser) is Words


def test_doubt_ends_at_four_kilobytes() -> None:
    class Doubting(Words):
        @classmethod
        def _probe(cls, head: bytes) -> Match:
            assert len(head) <= HEAD
            return Match.MORE

    observer = Observer([Doubting, Words])
    assert not observer.feed(CLIENT, 0, b"HELLO\n" + b"A" * 4000)
    assert said(observer.feed(CLIENT, 4006, b"A" * 100 + b"\n"))[0] == (0, "HELLO")


def test_a_stream_is_found_behind_a_preamble_of_another_protocol() -> None:
    observer = Observer([Words])
    assert not observer.feed(CLIENT, 0, b"\x05\x01\x00")
    assert not observer.feed(SERVER, 0, b"\x05\x00")
    assert not observer.feed(CLIENT, 3, b"CONNECT pool HTTP/1.1\r\n\r\n")
    assert said(observer.feed(CLIENT, 28, b"HELLO\nYOU\n")) == [(28, "HELLO"), (34, "YOU")]


def test_a_stream_that_begins_within_a_line_is_read_from_the_next_one() -> None:
    observer = Observer([Words])
    assert said(observer.feed(CLIENT, 50, b"ello\nHELLO\nYOU\n")) == [(55, "HELLO"), (61, "YOU")]


def test_a_stream_that_nobody_reads_is_let_go_after_a_bounded_number_of_tries() -> None:
    observer = Observer([Words])
    for n in range(MAX_PROBES):
        assert not observer.reason
        assert not observer.feed(Side(n % 2), n, b"?")
    assert observer.reason == "unrecognised"
    assert not observer.feed(CLIENT, 90, b"HELLO\n")


def test_an_error_costs_its_message_and_the_ones_behind_it_are_read() -> None:
    observer = Observer([Words])
    reads = observer.feed(CLIENT, 0, b"HELLO\nbad\nworse\nGOOD\n")
    assert said(reads) == [(0, "HELLO"), (16, "GOOD")]
    assert observer.errors == 2


def test_a_stream_that_changes_its_protocol_is_probed_again() -> None:
    class Other(Words):
        opening = b"OTHER"

    observer = Observer([Words, Other])
    observer.feed(CLIENT, 0, b"HELLO\n")
    for n in range(MAX_ERRORS):
        observer.feed(CLIENT, 6 + 2 * n, b"x\n")
    assert observer.parser is None
    at = 6 + 2 * MAX_ERRORS
    assert said(observer.feed(CLIENT, at, b"OTHER\n")) == [(at, "OTHER")]
    assert isinstance(observer.parser, Other)


def test_a_stream_of_errors_is_let_go() -> None:
    observer = Observer([Words])
    for n in range(1000):
        observer.feed(CLIENT, n, b"HELLO\n" if observer.parser is None else b"x\n")
    assert observer.reason == "parse-errors"
    assert observer.errors == (MAX_PROBES * MAX_ERRORS)


def test_a_fault_in_a_parser_is_not_hidden() -> None:
    class Faulty(Words):
        def feed(self, side: Side, data: bytes) -> Iterator[Event]:
            raise KeyError(data)

    with pytest.raises(KeyError):
        Observer([Faulty]).feed(CLIENT, 0, b"HELLO\n")


def test_a_gap_is_told_to_the_parser_and_counts_in_later_offsets() -> None:
    observer = Observer([Words])
    observer.feed(CLIENT, 0, b"HELLO\nTOR")
    assert not observer.gap(CLIENT, 9, 11)
    assert not observer.gap(SERVER, 0, 4)
    assert said(observer.feed(CLIENT, 20, b"AGAIN\n")) == [(20, "AGAIN")]
    assert said(observer.feed(SERVER, 4, b"ALSO\n")) == [(4, "ALSO")]
    assert isinstance(observer.parser, Words)
    assert observer.parser.gaps == [(CLIENT, 11), (SERVER, 4)]


def test_a_gap_before_a_parser_is_found_makes_a_new_start() -> None:
    observer = Observer([Words])
    assert not observer.feed(CLIENT, 0, b"HEL")
    assert not observer.gap(CLIENT, 3, 10)
    assert not observer.feed(CLIENT, 13, b"LO\n")
    assert said(observer.feed(CLIENT, 16, b"HELLO\n")) == [(16, "HELLO")]


@pytest.mark.parametrize("door", [b"DOOR", b"HALL"])
def test_a_stream_within_a_stream_keeps_the_offsets_of_the_whole(door: bytes) -> None:
    observer = Observer([Doorkeeper, Words])
    assert not observer.feed(CLIENT, 10, door + b"HELLO\nTH")  # sent on without waiting
    assert said(observer.feed(SERVER, 500, door)) == [(14, "HELLO")]
    assert type(observer.parser) is Words
    assert said(observer.feed(CLIENT, 22, b"ERE\n")) == [(20, "THERE")]
    assert said(observer.feed(SERVER, 504, b"HELLO\n")) == [(504, "HELLO")]


@pytest.mark.parametrize("door", [b"DOOR", b"HALL"])
def test_the_other_side_may_begin_the_stream_within(door: bytes) -> None:
    observer = Observer([Doorkeeper, Words])
    assert not observer.feed(CLIENT, 0, door)
    assert said(observer.feed(SERVER, 0, door + b"HELLO\n")) == [(4, "HELLO")]
    assert said(observer.feed(CLIENT, 4, b"HELLO\n")) == [(4, "HELLO")]
    assert not observer.gap(SERVER, 10, 5)
    assert said(observer.feed(SERVER, 15, b"AGAIN\n")) == [(15, "AGAIN")]


def test_what_was_kept_while_probing_goes_to_the_stream_within() -> None:
    class Slow(Doorkeeper):
        @classmethod
        def probe(cls, heads: Heads) -> Match:
            answer = super().probe(heads)
            return Match.MORE if answer is Match.YES and sum(map(len, heads.values())) < 20 else answer

    observer = Observer([Slow, Words])
    for side, at, data in (
        (CLIENT, 0, b"DOOR"),
        (SERVER, 0, b"DOOR"),
        (CLIENT, 4, b"HEL"),
        (CLIENT, 7, b"LO\n"),
    ):
        assert not observer.feed(side, at, data)
    reads = observer.feed(SERVER, 4, b"HELLO\nYOU\n")
    assert said(reads) == [(4, "HELLO"), (4, "HELLO"), (10, "YOU")]


def test_streams_within_streams_end_somewhere() -> None:
    observer = Observer([Doorkeeper, Words])
    place = 0
    for _ in range(MAX_PROBES):
        assert not observer.reason
        observer.feed(CLIENT, place, b"DOOR")
        observer.feed(SERVER, place, b"DOOR")
        place += 4
    assert observer.reason == "unrecognised"
    observer = Observer([Doorkeeper, Words])
    observer.feed(CLIENT, 0, b"DOOR" * 1000)
    observer.feed(SERVER, 0, b"DOOR" * 1000)
    assert observer.reason == "unrecognised"
    assert not observer.feed(CLIENT, 4000, b"HELLO\n")


TCP = [parser for parser in PARSERS if parser.transport == "tcp"]
UPGRADE = (
    b"GET /proxy HTTP/1.1\r\nHost: ws.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
SUBSCRIBE = {"id": 1, "method": "mining.subscribe", "params": ["miner/1.0"]}
TARGET = {"id": None, "method": "mining.set_difficulty", "params": [16]}


def watch(flights: list[tuple[Side, bytes]], octets: int) -> tuple[list[tuple[Side, int, str]], Observer]:
    observer, at, told = Observer(TCP), dict.fromkeys(Side, 0), []
    for side, data in flights:
        for begin in range(0, len(data), octets):
            piece = data[begin : begin + octets]
            reads = observer.feed(side, at[side], piece)
            told += [(event.side, offset, f"{event.protocol} {event.kind}") for offset, event in reads]
            at[side] += len(piece)
    return told, observer


@pytest.mark.parametrize("octets", [1, 3, 1 << 20])
@pytest.mark.parametrize("deflate", [True, False])
def test_a_websocket_is_read_behind_its_upgrade(deflate: bool, octets: int) -> None:
    answer = SWITCHED + b"Sec-WebSocket-Extensions: permessage-deflate\r\n" * deflate + b"\r\n"
    up, down = Deflater(), Deflater()
    inner = [
        (CLIENT, up.frame(SUBSCRIBE, b"\x01\x02\x03\x04") if deflate else client(SUBSCRIBE)[1]),
        (SERVER, down.frame(TARGET) if deflate else server(TARGET)[1]),
    ]
    wanted = [
        (CLIENT, len(UPGRADE), "stratum-bitcoin pool.subscribe"),
        (SERVER, len(answer), "stratum-bitcoin pool.difficulty"),
    ]
    told, observer = watch([(CLIENT, UPGRADE), (SERVER, answer), *inner], octets)
    assert told == wanted
    assert isinstance(observer.parser, WebSocket)
    told, _ = watch([(CLIENT, UPGRADE), (SERVER, answer + inner[1][1]), inner[0]], octets)
    assert told == wanted[::-1]


def test_a_websocket_is_read_behind_a_proxy() -> None:
    asked = b"\x05\x01\x00\x03\x0ews.example.org\x00\x50"
    granted = b"\x05\x00\x00\x01" + bytes(6)
    socks = [(CLIENT, b"\x05\x01\x00"), (SERVER, b"\x05\x00"), (CLIENT, asked), (SERVER, granted)]
    told, _ = watch([*socks, (CLIENT, UPGRADE), (SERVER, SWITCHED + b"\r\n"), client(SUBSCRIBE)], 7)
    assert told == [
        (CLIENT, 3, "socks proxy.target"),
        (CLIENT, 3 + len(asked) + len(UPGRADE), "stratum-bitcoin pool.subscribe"),
    ]


@pytest.mark.parametrize("octets", [1, 1 << 20])
def test_a_stream_behind_connect_is_read_whoever_speaks_first(octets: int) -> None:
    ask = b"CONNECT Pool.Example.org:3333 HTTP/1.1\r\nHost: pool.example.org:3333\r\n\r\n"
    grant = b"HTTP/1.1 200 Connection established\r\n\r\n"
    miner, pool = text(SUBSCRIBE) + b"\n", text(TARGET) + b"\n"
    asked = (CLIENT, 0, "http proxy.target")
    subscribed = (CLIENT, len(ask), "stratum-bitcoin pool.subscribe")
    set_target = (SERVER, len(grant), "stratum-bitcoin pool.difficulty")
    told, observer = watch([(CLIENT, ask), (SERVER, grant), (CLIENT, miner), (SERVER, pool)], octets)
    assert told == [asked, subscribed, set_target]
    assert isinstance(observer.parser, Stratum)
    told, _ = watch([(CLIENT, ask), (SERVER, grant + pool), (CLIENT, miner)], octets)
    assert told == [asked, set_target, subscribed]
    socks = [
        (CLIENT, b"\x05\x01\x00"),
        (SERVER, b"\x05\x00"),
        (CLIENT, b"\x05\x01\x00\x01\xc0\x00\x02\x07\x0d\x05"),
    ]
    told, _ = watch(
        [*socks, (SERVER, b"\x05\x00\x00\x01" + bytes(6)), (CLIENT, ask), (SERVER, grant), (CLIENT, miner)],
        octets,
    )
    assert [kind for _, _, kind in told] == [
        "socks proxy.target",
        "http proxy.target",
        "stratum-bitcoin pool.subscribe",
    ]


ETHPROXY = {"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": ["0x" + "d1" * 20, "x"]}
LOGIN = {
    "id": 3,
    "jsonrpc": "2.0",
    "method": "login",
    "params": {"login": "account", "pass": "x", "agent": "miner/1.0", "algo": ["rx/0"]},
}
JOB = {"blob": "0a" * 76, "job_id": "1", "target": "b88d0600", "algo": "rx/0", "seed_hash": "ab" * 32}


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("octets", [1, 1 << 20])
def test_each_of_several_dialects_tried_in_a_row_goes_under_its_name(answered: bool, octets: int) -> None:
    flights = []
    for body in (ETHPROXY, {**SUBSCRIBE, "id": 2}, LOGIN):
        flights.append((CLIENT, text(body) + b"\n"))
        if answered and body is not LOGIN:
            refusal = {
                "id": body["id"],
                "result": None,
                "error": {"code": -32601, "message": "Method not found"},
            }
            flights.append((SERVER, text(refusal) + b"\n"))
    result = {"id": 3, "jsonrpc": "2.0", "error": None, "result": {"id": "s", "job": JOB, "status": "OK"}}
    told, observer = watch([*flights, (SERVER, text(result) + b"\n")], octets)
    assert [kind for side, _, kind in told if side is CLIENT] == [
        "stratum-ethproxy pool.login",
        "stratum-bitcoin pool.subscribe",
        "stratum-cryptonote pool.login",
    ]
    assert [kind for side, _, kind in told if side is SERVER][-2:] == [
        "stratum-cryptonote pool.login_result",
        "stratum-cryptonote pool.work",
    ]
    assert isinstance(observer.parser, Stratum)


def test_dialects_tried_in_a_row_over_websocket_go_under_their_names() -> None:
    told, _ = watch([client(ETHPROXY), client({**SUBSCRIBE, "id": 2}), client(LOGIN)], 1 << 20)
    assert [kind.split()[0] for _, _, kind in told] == [
        "stratum-ethproxy",
        "stratum-bitcoin",
        "stratum-cryptonote",
    ]


def test_datagrams_are_probed_each_alone_and_an_error_costs_one() -> None:
    observer = Observer([Pings])
    assert not observer.datagram(CLIENT, b"PI")
    assert not observer.datagram(CLIENT, b"NG")
    assert said(observer.datagram(SERVER, b"PING")) == [(0, "ping")]
    assert not observer.datagram(CLIENT, b"PONG")
    assert said(observer.datagram(CLIENT, b"PING")) == [(0, "ping")]
    assert observer.errors == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side), st.one_of(st.binary(max_size=80), st.just(b'{"id":1,"method":"mining.'))
        )
    )
)
def test_no_parser_of_the_table_fails_on_any_bytes(pieces: list[tuple[Side, bytes]]) -> None:
    for transport in ("tcp", "udp"):
        observer = Observer([parser for parser in PARSERS if parser.transport == transport])
        at = dict.fromkeys(Side, 0)
        for side, data in pieces:
            if data:
                observer.feed(side, at[side], data) if transport == "tcp" else observer.datagram(side, data)
            else:
                observer.gap(side, at[side], 1)
            at[side] += len(data) or 1
        observer.end()


def test_the_table_holds_every_parser_of_this_room_once() -> None:
    for module in pkgutil.iter_modules(protocols.__path__):
        importlib.import_module(f"protocols.{module.name}")
    found: set[type[Parser]] = set()
    waiting: list[type[Parser]] = [Parser]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("protocols.") and not isabstract(kind):
            found.add(kind)
    assert set(PARSERS) == found
    assert len(PARSERS) == len(found)
    assert len({parser.name for parser in PARSERS}) == len(PARSERS)
    assert {parser.transport for parser in PARSERS} <= {"tcp", "udp"}
