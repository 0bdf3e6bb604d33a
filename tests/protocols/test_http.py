"""The parser of HTTP: what it takes, what it says nothing of, and how it hands streams over."""

import random
import string
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.http import Http
from protocols.parser import Event, Match, Parser, Side
from protocols.stratum import Stratum
from protocols.websocket import WebSocket
from tests.protocols.http_wire import C, S, call, observed, request, response, result, said
from tests.protocols.wire import Flights, drain, play

SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'
TOLD_SUBSCRIBE = "stratum-bitcoin pool.subscribe method='mining.subscribe' agent='cgminer/4.11.1'"
CONNECT = b"CONNECT Pool.Example.:3333 HTTP/1.1\r\nHost: pool.example:3333\r\n\r\n"
TARGET = "http proxy.target host='pool.example' port=3333"
ACCEPTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
UPGRADE = request(
    to="GET /proxy HTTP/1.1",
    upgrade="websocket",
    connection="Upgrade",
    sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==",
    sec_websocket_version="13",
)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s\r\n"


@pytest.mark.parametrize(
    ("client", "server", "answer"),
    [
        (b"POST / HTTP/1.1\r\n", b"", Match.YES),
        (b"\r\nGET /getheight HTTP/1.0\n", b"", Match.YES),
        (b"CONNECT a:1 HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", Match.YES),
        (b"POST / HTTP/1.1\r\n", b'{"id":1}\n', Match.YES),
        (b"", b"", Match.MORE),
        (b"POS", b"", Match.MORE),
        (b"POST /a/long/path", b"", Match.MORE),
        (b"", b"HTTP/1.", Match.MORE),
        (b"", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n<html>", Match.MORE),
        (b"", b"HTTP/1.1 200 OK\r\nX-Long-Polling: /lp\r\n\r\n", Match.YES),
        (b"", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", Match.YES),
        (SUBSCRIBE, b"HTTP/1.1 400 Bad Request\r\n\r\n", Match.NO),
        (SUBSCRIBE, b"", Match.NO),
        (b"GET / HTTP/2.0\r\n", b"", Match.NO),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"", Match.NO),
        (b"OPTIONS rtsp://camera/ RTSP/1.0\r\n", b"", Match.NO),
        (b"INVITE sip:a@b SIP/2.0\r\n", b"", Match.NO),
        (b"GETWORK now\r\n", b"", Match.NO),
        (b"POST " + b"x" * 4091, b"", Match.MORE),
        (b"\x16\x03\x01\x02\x00\x01", b"", Match.NO),
        (b"SSH-2.0-OpenSSH_9.6\r\n", b"", Match.NO),
        (b"", b"220 mail.example ESMTP\r\n", Match.NO),
    ],
)
def test_the_probe_takes_messages_of_http_only(client: bytes, server: bytes, answer: Match) -> None:
    assert Http.probe({C: client, S: server}) is answer


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_the_probe_answers_any_bytes(client: bytes, server: bytes) -> None:
    assert Http.probe({C: client, S: server}) in Match


def test_ordinary_browsing_says_nothing_and_is_let_go() -> None:
    page = [(C, request(to="GET /index.html HTTP/1.1")), (S, response(b"<html>" + b"x" * 5000, chunked=True))]
    parser = Http()
    for turn in range(200):
        for side, data in page:
            assert not parser.finished or turn > 100
            assert drain(parser, side, data) == []
    assert parser.finished


def test_a_node_s_busy_service_is_read_on_while_somebody_mines() -> None:
    dull = [(C, request(call("gettransaction", "00"))), (S, result({"amount": 1}))]
    work = [
        (C, request(call("getblocktemplate", {}))),
        (S, result(None, error={"code": -9, "message": "no peers"})),
    ]
    events = play(Http, [*dull * 90, *work] * 6)
    assert len(events) == 18 - 6


def test_json_behind_http_on_the_same_connection_is_read_as_what_it_is() -> None:
    flights = [
        (C, request({"method": "getwork", "params": [], "id": 0})),
        (S, response(b"", status="404 Not Found")),
        (C, SUBSCRIBE),
    ]
    for cuts in ((), (1,), (50,)):
        assert [event for *_, event in observed(flights, cuts)] == [
            "getwork pool.request method='getwork'",
            "getwork pool.refused method='getwork' code=404 message='Not Found'",
            TOLD_SUBSCRIBE,
        ]


@pytest.mark.parametrize("cuts", [(), (1,), (7, 31)])
def test_behind_connect_the_stream_begins_anew(cuts: Sequence[int]) -> None:
    flights: Flights = [(C, CONNECT), (S, ACCEPTED), (C, SUBSCRIBE)]
    assert observed(flights, cuts) == [(C, 0, TARGET), (C, len(CONNECT), TOLD_SUBSCRIBE)]
    early: Flights = [(C, CONNECT + SUBSCRIBE[:50]), (S, ACCEPTED), (C, SUBSCRIBE[50:])]
    assert observed(early, cuts) == [(C, 0, TARGET), (C, len(CONNECT), TOLD_SUBSCRIBE)]


def test_a_refused_connect_leaves_the_stream_to_http() -> None:
    again = request({"method": "getwork", "params": [], "id": 0})
    refused = response(b"", status="407 Proxy Authentication Required")
    flights: Flights = [(C, CONNECT + again[:30]), (S, refused), (C, again[30:])]
    for cuts in ((), (1,)):
        assert observed(flights, cuts) == [
            (C, 0, TARGET),
            (C, len(CONNECT), "getwork pool.request method='getwork'"),
        ]


def test_where_the_proxy_is_not_heard_its_consent_is_taken_from_what_follows() -> None:
    flights: Flights = [(C, CONNECT), (C, SUBSCRIBE[:30]), (C, SUBSCRIBE[30:])]
    assert [event for *_, event in observed(flights)] == [TARGET, TOLD_SUBSCRIBE]
    parser = Http()
    assert len(drain(parser, C, CONNECT)) == 1
    parser.gap(S, 39)
    assert handed(parser) is None
    assert drain(parser, C, SUBSCRIBE) == []
    assert handed(parser) == ((C, len(CONNECT), SUBSCRIBE),)


def handed(parser: Http) -> tuple[tuple[Side, int, bytes], ...] | None:
    """What is left of the stream, once it is handed over."""
    return parser.handover.rest if parser.handover is not None else None


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [("[2001:DB8:0::5]:80", "2001:db8::5", 80), ("192.0.2.7:443", "192.0.2.7", 443), ("a.B.:1", "a.b", 1)],
)
def test_the_target_of_connect_is_written_as_names_are(target: str, host: str, port: int) -> None:
    assert said([(C, f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())]) == [
        f"http proxy.target host={host!r} port={port}"
    ]


@pytest.mark.parametrize("target", ["pool.example", ":80", "a:0", "a:99999", "a:b", "/path"])
def test_a_connect_to_no_place_names_none(target: str) -> None:
    assert said([(C, f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())]) == []


def frame(text: bytes, key: bytes = b"") -> bytes:
    """A text frame of RFC 6455, at most 125 bytes, masked where a key is given."""
    masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(text)) if key else text
    return bytes([0x81, len(text) | (0x80 if key else 0)]) + key + masked


@pytest.mark.parametrize("cuts", [(), (1,), (13, 40)])
def test_an_upgrade_hands_the_stream_to_websocket(cuts: Sequence[int]) -> None:
    auth = frame(b'{"type":"auth","params":{"site_key":"k9","type":"anonymous"}}', b"\x11\x22\x33\x44")
    flights: Flights = [(C, UPGRADE), (S, SWITCHING % b""), (C, auth)]
    events = observed(flights, cuts)
    assert [(side, offset, event.split(" ")[0]) for side, offset, event in events] == [
        (C, len(UPGRADE), "browser-mining")
    ]


@pytest.mark.parametrize(
    "extension", [b"", b"permessage-deflate", b"permessage-deflate; server_no_context_takeover"]
)
def test_the_extension_agreed_on_goes_with_the_upgrade(
    extension: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []
    plain = WebSocket.__init__

    def note(self: WebSocket, **given: Any) -> None:
        made.append(given)
        plain(self, **given)

    monkeypatch.setattr(WebSocket, "__init__", note)
    field = b"Sec-WebSocket-Extensions: %s\r\n" % extension if extension else b""
    parser = Http()
    for side, data in ((C, UPGRADE), (S, SWITCHING % field + b"\x81\x02{}")):
        assert drain(parser, side, data) == []
    assert parser.handover is not None
    assert isinstance(parser.handover.parser, WebSocket)
    assert parser.handover.rest == ((S, len(SWITCHING % field), b"\x81\x02{}"),)
    assert made == [
        {
            "deflate": True,
            "opened": True,
            "client_no_takeover": False,
            "server_no_takeover": b"server_no" in extension,
        }
        if extension
        else {"deflate": False, "opened": True}
    ]


def test_an_upgrade_that_is_refused_stays_http() -> None:
    flights = [
        (C, UPGRADE),
        (S, response(b"no", status="400 Bad Request")),
        (C, UPGRADE),
        (S, SWITCHING % b""),
    ]
    parser = Http()
    for side, data in flights[:3]:
        drain(parser, side, data)
        assert parser.handover is None
    drain(parser, *flights[3])
    assert parser.handover is not None


def test_an_upgrade_to_another_protocol_is_probed() -> None:
    parser = Http()
    drain(parser, C, request(to="GET / HTTP/1.1", upgrade="h2c", connection="Upgrade"))
    drain(parser, S, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
    assert parser.handover is not None
    assert parser.handover.parser is None


def test_a_pool_that_answers_json_with_http_is_still_asked_in_json() -> None:
    flights: Flights = [
        (C, SUBSCRIBE),
        (S, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request"),
    ]
    for order in (flights, flights[::-1]):
        assert [event for *_, event in observed(order)] == [TOLD_SUBSCRIBE]


def test_the_web_quoting_messages_says_nothing() -> None:
    quoted = (
        request({"method": "getwork", "params": [], "id": 0})
        + result({"data": "ab" * 128, "target": "ff" * 32})
        + SUBSCRIBE
        + CONNECT
    )
    flights = [
        (C, request(to="GET /protocol.txt HTTP/1.1")),
        (S, response(quoted, content_type="text/plain")),
        (C, request(quoted, to="POST /paste HTTP/1.1", content_type="text/plain")),
        (S, b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nsee: " + quoted),
    ]
    assert said(flights) == []


def test_chunks_and_heads_without_end_are_held_within_bounds() -> None:
    for endless in (b"POST / HTTP/1.1\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        parser = Http()
        drain(parser, C, endless)
        for _ in range(300):
            drain(parser, C, b"5" * 1000)
        assert held(parser) < 100_000


def held(parser: Parser) -> int:
    """The bytes that a parser holds, counted through all that it refers to."""
    seen: set[int] = set()
    waiting: list[object] = [parser]
    size = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | int | str | None):
            continue
        seen.add(id(one))
        if isinstance(one, bytes | bytearray):
            size += len(one)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set):
            waiting += one
        else:
            waiting += vars(one).values() if hasattr(one, "__dict__") else []
            waiting += [getattr(one, name, None) for name in getattr(type(one), "__slots__", ())]
    return size


def test_requests_nobody_answers_are_held_within_bounds() -> None:
    parser = Http()
    for _ in range(3000):
        drain(parser, C, request(call("eth_getWork")))
    assert sum(len(waiting) for waiting in parser._pending.values()) <= 128


PIECES = [
    request(call("eth_getWork")),
    result(["0x" + "7" * 64, "0x" + "8" * 64, "0x0000" + "9" * 60]),
    request(to="GET /getheight HTTP/1.1"),
    CONNECT,
    ACCEPTED,
    UPGRADE,
    SWITCHING % b"",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    SUBSCRIBE,
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side),
            st.one_of(st.sampled_from(PIECES), st.binary(max_size=40), st.integers(1, 5000)),
        ),
        max_size=30,
    )
)
def test_any_bytes_and_gaps_give_events_or_parse_errors(fed: list[tuple[Side, bytes | int]]) -> None:
    parser = Http()
    for side, piece in fed:
        if isinstance(piece, int):
            parser.gap(side, piece)
            continue
        try:
            for event in parser.feed(side, piece):
                assert isinstance(event, Event)
        except ParseError:
            continue
        if parser.handover is not None or parser.finished:
            break


def test_random_cuts_of_a_long_conversation_with_rubbish_give_the_same() -> None:
    chance = random.Random(3)
    rubbish = "".join(chance.choice(string.printable) for _ in range(300)).encode() + b"\n"
    flights = [
        (C, request(call("eth_getWork"))),
        (S, PIECES[1]),
        (C, rubbish),
        (C, request(call("eth_getWork", id=2))),
        (S, result(["0x" + "7" * 64, "0x" + "8" * 64, "0x0000" + "9" * 60], id=2)),
    ]
    assert [event.split(" ")[1] for event in said(flights)] == ["pool.request", "pool.work"] * 2


def test_stratum_leaves_http_to_this_parser() -> None:
    heads = {C: request(call("eth_getWork")), S: b""}
    assert Stratum.probe(heads) is Match.NO
    assert Http.probe(heads) is Match.YES


@pytest.mark.parametrize("size", [1, 7, 50, 1460])
def test_a_stream_joined_within_a_body_is_http_from_its_next_message_on(size: int) -> None:
    hashes = ["0x" + digit * 64 for digit in "78"]
    ask = request(call("eth_getWork"))
    share = request(call("eth_submitWork", "0x" + "5" * 16, *hashes))
    work = result([*hashes, "0x0000" + "9" * 60])
    body = share[share.index(b"\r\n\r\n") + 4 :]
    flights: Flights = [
        (C, body + b"\n"),
        (S, result(True)),
        *[(C, ask), (S, work), (C, share), (S, result(True))] * 3,
    ]
    events = [event.split(" ")[:2] for *_, event in observed(flights, (size,))]
    assert events[0] == ["stratum-ethproxy", "pool.submit"]
    kinds = ["pool.request", "pool.work", "pool.submit", "pool.share_result"]
    assert events[1:] == [["getwork", kind] for kind in kinds] * 3
