"""Electrum's lines: wallets and their servers, never miners."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.electrum import MAX_LINE, MAX_MESSAGES, Electrum
from protocols.events import NodeBlock, NodeHello, NodeMessage, PoolEvent
from protocols.observe import Observer
from protocols.parser import Event, Match, Side
from protocols.table import PARSERS
from tests.protocols import wire

C, S = Side.CLIENT, Side.SERVER
HEADER = bytes(range(80))


def line(**message: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


HELLO = line(id=0, method="server.version", params=["electrum 4.5.8", ["1.4", "1.4"]])
SESSION = [
    (C, HELLO),
    (S, line(id=0, result=["ElectrumX 1.16.0", "1.4"])),
    (C, line(id=1, method="server.features", params=[])),
    (
        S,
        line(
            id=1, result={"genesis_hash": "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2"}
        ),
    ),
    (C, line(id=2, method="blockchain.headers.subscribe", params=[])),
    (S, line(id=2, result={"hex": HEADER.hex(), "height": 2_700_000})),
    (C, line(id=3, method="blockchain.scripthash.get_balance", params=["00" * 32])),
    (S, line(id=3, error={"code": 1, "message": "unknown"})),
    (
        S,
        line(
            method="blockchain.headers.subscribe", params=[{"hex": HEADER[::-1].hex(), "height": 2_700_001}]
        ),
    ),
]


def block(raw: bytes) -> str:
    return sha256(sha256(raw).digest()).hexdigest()


@pytest.mark.parametrize("cuts", [(), (1,), (7, 300)])
def test_a_wallet_and_its_server(cuts: tuple[int, ...]) -> None:
    events = wire.play(Electrum, SESSION, cuts)
    assert events[0] == NodeHello(
        protocol="electrum", side=C, offset=0, agent="electrum 4.5.8", network="unknown", full=False
    )
    assert events[1] == NodeHello(
        protocol="electrum", side=S, offset=0, agent="ElectrumX 1.16.0", network="unknown", full=True
    )
    commands = [(event.command, event.side, event.spv) for event in events if isinstance(event, NodeMessage)]
    assert commands == [
        ("server.features", C, True),
        ("server.features", S, False),
        ("blockchain.headers.subscribe", C, True),
        ("blockchain.headers.subscribe", S, False),
        ("blockchain.scripthash.get_balance", C, True),
        ("blockchain.headers.subscribe", S, False),
    ]
    told = [event for event in events if isinstance(event, NodeBlock)]
    assert [(event.block, event.height, event.asked, event.coins) for event in told] == [
        (block(HEADER), 2_700_000, True, ("LTC",)),
        (block(HEADER[::-1]), 2_700_001, False, ("LTC",)),
    ]


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (HELLO, Match.YES),
        (HELLO[:60], Match.YES),
        (b"[" + HELLO.strip() + b"]\n", Match.YES),
        (HELLO[:20], Match.MORE),
        (b"", Match.MORE),
        (line(id=1, method="mining.subscribe", params=[]), Match.NO),
        (HELLO + line(id=1, method="mining.subscribe", params=[]), Match.NO),
        (line(id=1, method="login", params={"login": "server.version"}), Match.NO),
        (line(id=1, method="eth_blockNumber", params=["blockchain."]), Match.NO),
        (line(id=1, result=["server.version"]), Match.NO),
        (line(id=1, result={"job": {"blob": "00", "job_id": "1", "target": "ff"}})[:40], Match.NO),
        (b"GET /server.version HTTP/1.1\r\n", Match.NO),
        (b'see "method":"server.version"\n', Match.NO),
        (line(text='"method":"server.version" is what Electrum says'), Match.NO),
    ],
)
def test_the_probe_takes_requests_of_electrum_only(head: bytes, match: Match) -> None:
    assert Electrum.probe({C: head}) is match


def observed(flights: wire.Flights) -> list[Event]:
    observer = Observer([parser for parser in PARSERS if parser.transport == "tcp"])
    at = {C: 0, S: 0}
    out: list[Event] = []
    for side, data in flights:
        out += [event for _, event in observer.feed(side, at[side], data)]
        at[side] += len(data)
    return out + [event for _, event in observer.end()]


def test_electrum_is_read_at_once_and_never_as_mining() -> None:
    events = observed(SESSION)
    assert {event.protocol for event in events} == {"electrum"}
    assert observed([(C, HELLO)]) == observed(SESSION)[:1]


def test_mining_behind_a_greeting_of_electrum_is_read() -> None:
    login = {"login": "4" * 95, "pass": "x", "agent": "XMRig/6.21.0", "algo": ["rx/0"]}
    asked = line(id=1, method="login", params=login)
    job = {
        "blob": "10" * 76,
        "job_id": "a",
        "target": "b88d0600",
        "algo": "rx/0",
        "height": 1,
        "seed_hash": "0" * 64,
    }
    answer = line(id=1, result={"id": "s", "job": job, "status": "OK"})
    events = observed([(C, HELLO), (S, SESSION[1][1]), (C, asked), (S, answer)])
    assert {event.kind for event in events if isinstance(event, PoolEvent)} >= {"pool.login", "pool.work"}
    cut = observed([(C, HELLO + asked[:30]), (C, asked[30:]), (S, answer)])
    assert {event.kind for event in cut if isinstance(event, PoolEvent)} >= {"pool.login", "pool.work"}


def test_an_answer_without_its_question_says_nothing() -> None:
    parser = Electrum()
    wire.drain(parser, C, HELLO)
    parser.gap(C, 40)
    assert wire.drain(parser, S, SESSION[1][1]) == []
    assert wire.drain(parser, S, line(id=77, result=["ElectrumX 1.16.0", "1.4"])) == []


def test_a_long_line_is_passed_over_and_the_next_one_read() -> None:
    parser = Electrum()
    wire.drain(parser, C, HELLO)
    long = line(id=0, result="0" * (MAX_LINE + 9))
    assert wire.drain(parser, S, long) == []
    assert len(wire.drain(parser, S, SESSION[1][1])) == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side), st.one_of(st.binary(max_size=60), st.sampled_from([f[1] for f in SESSION]))
        )
    )
)
def test_rubbish_between_the_lines_is_an_error_or_nothing(pieces: list[tuple[Side, bytes]]) -> None:
    parser = Electrum()
    for side, data in pieces:
        assert Electrum.probe({side: data}) in Match
        wire.drain(parser, side, data)
        assert parser.handover is None or parser.handover.parser is None


@pytest.mark.parametrize(
    "result", [None, 5, [], [None], ["x", {}], {"genesis_hash": []}, {"hex": "zz", "height": 1}, {"hex": 7}]
)
@pytest.mark.parametrize("method", ["server.version", "server.features", "blockchain.headers.subscribe"])
def test_answers_of_wrong_types_do_no_harm(method: str, result: object) -> None:
    flights = [(C, line(id=1, method=method, params={"x": 1})), (S, line(id=1, result=result))]
    assert not any(isinstance(event, NodeBlock) for event in wire.play(Electrum, flights))


def test_a_block_is_told_however_its_words_are_written() -> None:
    """JSON may write any sign as an escape, in keys as well, and of a server that is known well too."""
    parser = Electrum()
    news = line(method="blockchain.scripthash.subscribe", params=["00", None])
    wire.drain(parser, S, news * 8)
    tip = line(method="blockchain.headers.subscribe", params=[{"hex": HEADER.hex(), "height": 9}])
    escaped = tip.replace(b'"method"', b'"m\\u0065thod"').replace(b"headers.sub", b"headers.s\\u0075b")
    assert not parser.skim(S, escaped)
    told = [event for event in wire.drain(parser, S, escaped) if isinstance(event, NodeBlock)]
    assert [(event.block, event.height) for event in told] == [(block(HEADER), 9)]


def test_a_session_ends_after_a_bounded_number_of_lines() -> None:
    parser = Electrum()
    wire.drain(parser, C, line(id=1, method="server.ping", params=[]) * MAX_MESSAGES)
    assert parser.finished
