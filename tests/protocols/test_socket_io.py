"""Socket.IO on WebSocket: events and acknowledgements of mining are read, and those of others say nothing."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from pcaps.makers.making import monero_address
from protocols.events import Login, LoginResult, ShareResult, Submit, Subscribe, Subscribed, Work
from protocols.jsonrpc import Message
from protocols.parser import Event, Side
from protocols.socket_io import SocketIo
from protocols.websocket import WebSocket
from tests.protocols.websocket_wire import MASK, frame, play

C, S = Side.CLIENT, Side.SERVER
OPEN = '0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000,"pingTimeout":5000}'
LOGIN = {"login": monero_address(), "pass": "x", "agent": "web/1"}
JOB = {"blob": "0a" * 76, "job_id": "j1", "target": "b88d0600", "algo": "cn/r"}
SHARE = {"id": "s", "job_id": "j1", "nonce": "5ef9910b", "result": "ab" * 32}
NOTIFY = ["7", "0" * 64, "01" * 40, "ff" * 40, [], "20000000", "170331db", "66a50081", True]


def said(side: Side, text: str) -> tuple[Side, bytes]:
    return side, frame(text.encode(), mask=MASK if side is C else b"")


def told(*turns: tuple[Side, str]) -> list[Event]:
    flights = [said(*turn) for turn in turns]
    events = play(WebSocket(False), flights)
    assert play(WebSocket(False), flights, [1]) == events
    return events


def event(name: str, *arguments: Any, head: str = "42") -> str:
    return head + json.dumps([name, *arguments], separators=(",", ":"))


HELLO = [(S, OPEN), (S, "40"), (S, "2"), (C, "3")]
CRYPTONOTE = [Login, Work, Submit, ShareResult]


def test_events_named_by_cryptonotes_methods_are_a_session_of_it() -> None:
    events = told(
        *HELLO,
        (C, event("login", LOGIN)),
        (S, event("job", JOB)),
        (C, event("submit", SHARE, head="420")),
        (S, '430[{"status":"OK"}]'),
    )
    assert [type(one) for one in events] == CRYPTONOTE
    assert {one.protocol for one in events} == {"stratum-cryptonote"}
    assert events[-1].accepted  # type: ignore[attr-defined]


def test_an_acknowledgement_of_two_arguments_has_the_error_first() -> None:
    events = told(
        (C, event("login", LOGIN)),
        (S, event("job", JOB)),
        (C, event("submit", SHARE, head="427")),
        (S, '437[{"code":-1,"message":"Low difficulty share"},null]'),
        (C, event("submit", SHARE, head="428")),
        (S, '438[null,{"status":"OK"}]'),
    )
    assert [type(one) for one in events] == [Login, Work, Submit, ShareResult, Submit, ShareResult]
    assert [one.accepted for one in events if isinstance(one, ShareResult)] == [False, True]


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: json.dumps(one)], ids=["object", "text"])
@pytest.mark.parametrize("head", ["42", "42/mining,", "4217", "42/m,17"])
def test_whole_messages_in_events_are_read_as_they_stand(wrap: Any, head: str) -> None:
    turns: list[tuple[Side, dict[str, Any]]] = [
        (C, {"id": 1, "method": "mining.subscribe", "params": ["web/1"]}),
        (S, {"id": 1, "result": [[["mining.notify", "ab"]], "a3b1c266", 8], "error": None}),
        (S, {"id": None, "method": "mining.notify", "params": NOTIFY}),
    ]
    events = told(*((side, event("message", wrap(body), head=head)) for side, body in turns))
    assert [type(one) for one in events] == [Subscribe, Subscribed, Work]
    assert {one.protocol for one in events} == {"stratum-bitcoin"}


def test_methods_as_names_of_events_take_a_list_or_arguments() -> None:
    events = told(
        (C, event("mining.subscribe", "web/1", head="421")),
        (S, '431[[[["mining.notify","ab"]],"a3b1c266",8]]'),
        (S, event("mining.notify", NOTIFY)),
        (S, event("mining.notify", *NOTIFY)),
    )
    assert [type(one) for one in events] == [Subscribe, Subscribed, Work, Work]


def test_both_vocabularies_of_browser_miners_may_name_the_events() -> None:
    auth = {"version": 7, "site_key": "K" * 32, "type": "anonymous", "user": None, "goal": 0}
    events = told(
        (C, event("auth", auth)),
        (S, event("authed", {"token": "", "hashes": 0})),
        (S, event("job", JOB)),
        (C, event("submit", SHARE)),
        (S, event("hash_accepted", {"hashes": 256})),
    )
    assert [type(one) for one in events] == [Login, LoginResult, Work, Submit, ShareResult]
    shake = {"pool": "p.example", "login": monero_address(), "password": "", "userid": "u", "version": 8}
    other = told(
        (C, event("handshake", shake)),
        (S, event("job", JOB)),
        (C, event("solved", SHARE)),
        (S, event("hashsolved", {})),
    )
    assert [type(one) for one in other] == [Subscribe, Login, Work, Submit, ShareResult]
    assert {one.protocol for one in [*events, *other]} == {"browser-mining"}


@pytest.mark.parametrize(
    "text",
    [
        event("login", {"login": "alice", "password": "secret"}),
        event("login", "alice", "secret"),
        event("job", {"job_id": "7", "title": "paint the fence", "target": "friday"}),
        event("submit", {"id": 1, "job_id": "7", "result": "done"}),
        event("submit", [1, 2, 3]),
        event("message", {"type": "chat", "text": "mining.subscribe"}),
        event("message", "hello"),
        event("error", {"error": "no such room"}),
        event("handshake", {"version": 1}),
        event("status", {"status": "OK", "id": 7}),
        "42[]",
        "42[7]",
        "420",
        "42{}",
        "430[]",
        '43["no number"]',
        '451-["file",{"_placeholder":true,"num":0}]',
        '44{"message":"unauthorised"}',
        "2probe",
        "3probe",
        "5",
        "6",
        "41",
        "4hello",
        "42" + "9" * 19 + '["login",{}]',
    ],
)
def test_what_others_say_tells_nothing(text: str) -> None:
    assert told(*HELLO, (C, text), (S, text)) == []


def test_broken_json_costs_its_message_alone() -> None:
    bad = ['42["login",{"login":}]', '42["login",{}]]', "42" + "[" * 40 + "]" * 40, '42["a",{"b":1,"b":2}]']
    for text in bad:
        with pytest.raises(ParseError):
            list(SocketIo().read(text.encode(), C, 9))
        events = told((C, text), (C, event("login", LOGIN)), (S, event("job", JOB)))
        assert [type(one) for one in events] == [Login, Work]


@given(st.text(max_size=80), st.booleans())
def test_any_text_is_read_or_refused(text: str, named: bool) -> None:
    whole = f'42["{"login" if named else "job"}",{text}]' if named else f"42{text}"
    with suppress(ParseError):
        for message in SocketIo().read(whole.encode("utf-8", "surrogatepass"), C, 0):
            assert isinstance(message, Message)
