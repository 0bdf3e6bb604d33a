"""Ceilings of the Stratum reader, what is refused, and what its probe says."""

import time

import pytest

from facts.errors import ParseError
from protocols.events import Difficulty, Login
from protocols.jsonrpc import MAX_DEPTH, MAX_PENDING, Pending, failure_of, messages, number, small
from protocols.lines import MAX_LINE, LineBuffer
from protocols.parser import Match, Side
from protocols.stratum import MAX_QUIET_LINES, Stratum
from tests.protocols.wire import drain

SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["a"]}\n'
C, S = Side.CLIENT, Side.SERVER


def nested(depth: int) -> bytes:
    return b'{"id":1,"method":"x","params":' + b"[" * depth + b"]" * depth + b"}"


REFUSED = {
    "deep": nested(1000),
    "deeper than allowed by one": nested(MAX_DEPTH),
    "not closed": b'{"a":' + b"[" * 30000,
    "brackets and escapes": b'{"a":"' + b'\\"' * 30000,
    "wide": b'{"a":[' + b"[]," * 20000 + b"]",
    "a number of 5,000 digits": b'{"id":' + b"9" * 5000 + b"}",
    "a key twice": b'{"id":1,"method":"mining.notify","id":2}',
    "NaN": b'{"id":1,"result":NaN}',
    "Infinity": b'{"id":1,"result":-Infinity}',
    "an array of numbers": b"[1,2,3]",
    "a string": b'{} "x"',
    "half an object": b'{"id":1,"method":"mining.subscribe"',
    "a key without quotes": b'{id:1,"method":"mining.subscribe"}',
}


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_message_is_refused_and_the_next_line_is_read(line: bytes) -> None:
    parser = Stratum()
    list(parser.feed(C, SUBSCRIBE))
    with pytest.raises(ParseError) as caught:
        list(parser.feed(C, line + b"\n"))
    assert len(SUBSCRIBE) <= caught.value.offset <= len(SUBSCRIBE) + len(line)
    assert [event.offset for event in parser.feed(C, SUBSCRIBE)] == [len(SUBSCRIBE) + len(line) + 1]


@pytest.mark.parametrize("name", ["rig", "r\u00edg", "\u6316\u77ff", "\U0001f4a5"])
def test_messages_of_one_line_carry_their_own_offsets(name: str) -> None:
    said = [f'{{"id":{n},"method":"{name * n}"}}'.encode() for n in range(6)]
    line = b"\xef\xbb\xbf " + b" ".join(said)
    places = [line.find(one) for one in said]
    assert [one.offset for one in messages(line, C, 1000)] == [1000 + place for place in places]


@pytest.mark.prove
def test_a_line_of_many_messages_costs_under_100_ms_in_any_alphabet() -> None:
    line = '{"note":"\u00e9"}'.encode() + b"{}" * 32_000

    def seconds() -> float:
        began = time.process_time()
        assert sum(1 for _ in messages(line, C, 0)) == 32_001
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 0.1


@pytest.mark.prove
@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_message_is_refused_within_5_ms(line: bytes) -> None:
    def seconds() -> float:
        parser = Stratum()
        began = time.process_time()
        with pytest.raises(ParseError):
            list(parser.feed(C, line + b"\n"))
        return time.process_time() - began

    assert min(seconds() for _ in range(20)) < 0.005


def test_nesting_within_the_limit_is_read() -> None:
    assert [message.method for message in messages(nested(MAX_DEPTH - 1), C, 0)] == ["x"]
    text = b'{"id":1,"method":"' + b"[" * 100 + b'"}'
    assert [message.id for message in messages(text, C, 0)] == [1]


def test_a_bad_line_costs_only_itself_and_the_error_comes_last() -> None:
    parser = Stratum()
    data = SUBSCRIBE + b"{bad}\n" + SUBSCRIBE + b"{worse}\n" + SUBSCRIBE
    events = drain(parser, C, data)
    with pytest.raises(ParseError, match="and 1 lines more"):
        list(Stratum().feed(C, data))
    assert [event.offset for event in events] == [0, len(SUBSCRIBE) + 6, 2 * len(SUBSCRIBE) + 14]


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_line_over_the_ceiling_is_passed_over_once_and_holds_no_memory(size: int) -> None:
    lines = LineBuffer(MAX_LINE)
    found = []
    for _ in range((64 << 20) // size if size > 1000 else 300):
        found += lines.push(b"x" * size)
    found += lines.push(b"\nnext\n")
    assert [line for _, line, _ in found] == [None, b"next"]


def test_a_line_of_the_ceiling_is_read_whole_and_in_pieces() -> None:
    for cut in (1 << 20, 999):
        lines = LineBuffer(1000)
        data = b"a" * 1000 + b"\n" + b"b" * 1001 + b"\nc\n"
        found = [one for at in range(0, len(data), cut) for one in lines.push(data[at : at + cut])]
        assert [(offset, line) for offset, line, _ in found] == [(0, b"a" * 1000), (1001, None), (2003, b"c")]


def test_lines_know_their_offsets_across_gaps() -> None:
    lines = LineBuffer()
    assert lines.push(b"one\ntw") == [(0, b"one", True)]
    lines.gap(10)
    assert lines.push(b"lf\nfour\n") == [(16, b"lf", True), (19, b"four", False)]


def test_open_requests_are_bounded_and_the_oldest_is_forgotten() -> None:
    pending: Pending[int] = Pending()
    for request in range(MAX_PENDING + 5):
        pending.ask(request, request)
    assert pending.answer(4) is None
    assert pending.answer(5) == 5
    assert pending.answer(5) is None


def test_one_id_for_many_requests_is_answered_in_their_order_and_bounded() -> None:
    pending: Pending[int] = Pending()
    for request in range(MAX_PENDING + 2):
        pending.ask(4, request)
    assert [pending.peek(4), pending.answer(4), pending.answer(4)] == [2, 2, 3]
    pending.clear()
    assert pending.answer(4) is None


@pytest.mark.parametrize("odd", [10**30, "x" * 200, [1], {"a": 1}, True, 1.5])
def test_an_id_that_no_one_uses_is_not_matched(odd: object) -> None:
    pending: Pending[int] = Pending()
    pending.ask(odd, 1)
    assert pending.answer(odd) is None


def test_errors_are_read_in_all_their_shapes() -> None:
    shapes: list[tuple[object, object]] = [
        ([21, "Job not found", None], (21, "Job not found")),
        ([21, "Job not found"], (21, "Job not found")),
        (["x"], (None, "x")),
        ({"code": -1, "message": "Low difficulty share"}, (-1, "Low difficulty share")),
        ({"message": "Stale share"}, (None, "Stale share")),
        ("text", (None, "text")),
        (True, (None, None)),
        (23, (23, None)),
        ([[]], (None, None)),
    ]
    for error, expected in shapes:
        failure = failure_of(error)
        assert failure is not None
        assert (failure.code, failure.message) == expected
    for error in (None, False, "", [], {}, 0):
        assert failure_of(error) is None


def test_numbers_are_finite_and_small_or_none() -> None:
    assert [number(value) for value in (1, 0.5, "1024", "0.5")] == [1.0, 0.5, 1024.0, 0.5]
    assert [number(value) for value in (10**400, float("inf"), "1e5", "x", None, True, [1])] == [None] * 7
    assert [small(value) for value in (7, -7, True, 2**64, 1.0, "7")] == [7, -7, None, None, None, None]


def test_a_stream_without_mining_is_finished_after_some_lines() -> None:
    parser = Stratum()
    line = b'{"id":1,"method":"eth_blockNumber","params":[]}\n'
    list(parser.feed(C, line * (MAX_QUIET_LINES - 1)))
    assert not parser.finished
    list(parser.feed(C, SUBSCRIBE + line * (MAX_QUIET_LINES - 1)))
    assert not parser.finished
    list(parser.feed(C, line))
    assert parser.finished


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        (b"", b"", Match.MORE),
        (b"{", b"", Match.MORE),
        (SUBSCRIBE[:20], b"", Match.MORE),
        (SUBSCRIBE[:30], b"", Match.YES),
        (SUBSCRIBE, b"", Match.YES),
        (b"  \r\n" + SUBSCRIBE, b"", Match.YES),
        (b'[{"id":1,"method":"mining.subscribe"}]', b"", Match.YES),
        (b'"params":["x"]}\n' + SUBSCRIBE, b"", Match.YES),
        (b"", b'{"id":null,"method":"mining.set_difficulty","params":[16]}\n', Match.YES),
        (b"", b'{"id":0,"jsonrpc":"2.0","result":["0x00', Match.YES),
        (b'{"method": "login", "params": {"login": "x"', b"", Match.YES),
        (b"", b'{"jsonrpc":"2.0","method":"job","params":{"blob"', Match.YES),
        (b'{"id":1,"method":"m\\u0069ning.subscribe"', b"", Match.YES),
        (b'{"id":1,"method":"server.version","params":[]}\n', b"", Match.MORE),
        (b'the word "mining.notify" in a text\n', b"", Match.MORE),
        (SUBSCRIBE, b"HTTP/1.1 400 Bad Request\r\n\r\n", Match.YES),
        (b'POST / HTTP/1.1\r\n\r\n{"method":"mining.subscribe"}', b"", Match.NO),
        (b"", b"HTTP/1.1 200 OK\r\n\r\n" + SUBSCRIBE, Match.NO),
        (b"\x16\x03\x01\x02\x00\x01", b"", Match.NO),
        (b"\x01!\x01\x01\x01\x01", b"", Match.NO),
        (SUBSCRIBE, b"\x16\x03\x03", Match.NO),
    ],
)
def test_the_probe_tells_lines_of_mining_from_the_first_bytes(
    client: bytes, server: bytes, expected: Match
) -> None:
    assert Stratum.probe({C: client, S: server}) is expected


def test_a_raw_control_character_in_a_name_is_read_and_replaced() -> None:
    line = b'{"id":1,"method":"mining.authorize","params":["farm.rig\t7","x"]}\n'
    (login,) = Stratum().feed(C, line)
    assert isinstance(login, Login)
    assert login.worker == "rig\ufffd7"


def test_shares_with_a_key_named_twice_are_passed_over_and_the_pool_is_read_on() -> None:
    parser = Stratum()
    list(parser.feed(C, SUBSCRIBE))
    share = b'{"id":4,"id":4,"method":"mining.submit","params":["a.b","1","00","665f0001","00112233"]}\n'
    for _ in range(20):
        with pytest.raises(ParseError):
            list(parser.feed(C, share))
        told = parser.feed(S, b'{"id":null,"method":"mining.set_difficulty","params":[1]}\n')
        assert [type(event) for event in told] == [Difficulty]


def test_a_stream_that_says_nothing_more_is_not_read_to_the_end() -> None:
    parser = Stratum()
    list(parser.feed(C, SUBSCRIBE))
    assert list(parser.feed(C, b"{}\n" * 20_000)) == []
    assert parser.finished
