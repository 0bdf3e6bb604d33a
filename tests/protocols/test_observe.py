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
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.table import PARSERS

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
