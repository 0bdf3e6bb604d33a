"""SOCKS 4, 4a and 5: preambles from the specifications, what is refused, and what stands behind them."""

import struct
from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.events import ProxyTarget
from protocols.observe import Observer
from protocols.parser import Match, Parser, Side
from protocols.socks import MAX_HELD, MAX_UNANSWERED, Socks
from protocols.stratum import Stratum
from protocols.table import PARSERS
from protocols.tls import Tls
from tests.protocols.wire import client_hello, record, server_hello, server_name

C, S = Side.CLIENT, Side.SERVER
TCP = [parser for parser in PARSERS if parser.transport == "tcp"]

LOGIN = b'{"id":1,"method":"mining.subscribe","params":["miner/1.0"]}\n'
TARGET = b'{"id":null,"method":"mining.set_difficulty","params":[16]}\n'
HOST = b"pool.example.org"
Flights = Sequence[tuple[Side, bytes]]


def named(host: bytes, port: int, command: int = 1) -> bytes:
    return struct.pack(">BBBBB", 5, command, 0, 3, len(host)) + host + struct.pack(">H", port)


def numbered(address: str, port: int) -> bytes:
    raw = ip_address(address).packed
    return struct.pack(">BBBB", 5, 1, 0, 1 if len(raw) == 4 else 4) + raw + struct.pack(">H", port)


def socks4(address: str, port: int, user: bytes = b"", host: bytes | None = None) -> bytes:
    head = struct.pack(">BBH", 4, 1, port) + ip_address(address).packed + user + b"\0"
    return head if host is None else head + host + b"\0"


GREETING, METHOD, GRANTED = b"\x05\x01\x00", b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)
ACCOUNT = b"\x01\x03bob\x06secret"
DONE4 = b"\x00\x5a" + bytes(6)

PREAMBLES: dict[str, tuple[Flights, str, int]] = {
    "a name": ([(C, GREETING), (S, METHOD), (C, named(HOST, 3333)), (S, GRANTED)], "pool.example.org", 3333),
    "a name in capitals with a dot": (
        [(C, GREETING), (S, METHOD), (C, named(b"Pool.Example.ORG.", 443)), (S, GRANTED)],
        "pool.example.org",
        443,
    ),
    "an address as a name": (
        [(C, GREETING), (S, METHOD), (C, named(b"192.0.2.7", 1)), (S, GRANTED)],
        "192.0.2.7",
        1,
    ),
    "IPv4": ([(C, GREETING), (S, METHOD), (C, numbered("192.0.2.7", 3333)), (S, GRANTED)], "192.0.2.7", 3333),
    "IPv6": (
        [(C, GREETING), (S, METHOD), (C, numbered("2001:db8::7", 9)), (S, b"\x05\0\0\x04" + bytes(18))],
        "2001:db8::7",
        9,
    ),
    "user and password": (
        [
            (C, b"\x05\x02\x00\x02"),
            (S, b"\x05\x02"),
            (C, ACCOUNT),
            (S, b"\x01\x00"),
            (C, named(HOST, 1)),
            (S, GRANTED),
        ],
        "pool.example.org",
        1,
    ),
    "a reply with a name": (
        [(C, GREETING), (S, METHOD), (C, named(HOST, 1)), (S, b"\x05\0\0\x03\x04name\0\0")],
        "pool.example.org",
        1,
    ),
    "all at once": ([(C, GREETING + named(HOST, 1)), (S, METHOD + GRANTED)], "pool.example.org", 1),
    "all at once with a password": (
        [(C, b"\x05\x01\x02" + ACCOUNT + named(HOST, 1)), (S, b"\x05\x02\x01\x00" + GRANTED)],
        "pool.example.org",
        1,
    ),
    "begun behind the greeting": ([(C, named(HOST, 1)), (S, GRANTED)], "pool.example.org", 1),
    "begun behind the greeting, by address": ([(C, numbered("192.0.2.7", 1)), (S, GRANTED)], "192.0.2.7", 1),
    "SOCKS4": ([(C, socks4("192.0.2.7", 3333, b"bob")), (S, DONE4)], "192.0.2.7", 3333),
    "SOCKS4 without user": ([(C, socks4("192.0.2.7", 3333)), (S, DONE4)], "192.0.2.7", 3333),
    "SOCKS4a": ([(C, socks4("0.0.0.1", 3333, b"", HOST)), (S, DONE4)], "pool.example.org", 3333),
}


def watch(
    flights: Flights, octets: int = 1 << 20, parsers: list[type[Parser]] = TCP
) -> tuple[list[str], Observer]:
    """Observe a stream; each event as its kind with its place."""
    observer, at, said = Observer(parsers), {C: 0, S: 0}, []
    for side, data in flights:
        for begin in range(0, len(data), octets):
            piece = data[begin : begin + octets]
            for offset, event in observer.feed(side, at[side], piece):
                said.append(f"{event.kind}@{event.side.name[0]}{offset}")
            at[side] += len(piece)
    return said, observer


@pytest.mark.parametrize("octets", [1, 2, 5, 1000])
@pytest.mark.parametrize(("flights", "host", "port"), PREAMBLES.values(), ids=PREAMBLES.keys())
def test_what_a_client_asks_for_is_told_and_the_stream_behind_is_read(
    flights: Flights, host: str, port: int, octets: int
) -> None:
    parser, asked = Socks(), []
    for side, data in flights:
        for begin in range(0, len(data), octets):
            asked += list(parser.feed(side, data[begin : begin + octets]))
    (event,) = asked
    assert isinstance(event, ProxyTarget)
    assert (event.host, event.port, event.side) == (host, port, C)
    assert parser.handover is not None
    assert parser.handover.parser is None
    assert not parser.handover.rest
    up = sum(len(data) for side, data in flights if side is C)
    down = sum(len(data) for side, data in flights if side is S)
    said, observer = watch([*flights, (C, LOGIN), (S, TARGET)], octets)
    assert said[1:] == [f"pool.subscribe@C{up}", f"pool.difficulty@S{down}"]
    assert said[0].startswith("proxy.target@C")
    assert isinstance(observer.parser, Stratum)


def test_a_password_is_kept_nowhere() -> None:
    parser = Socks()
    for side, data in PREAMBLES["user and password"][0]:
        for event in parser.feed(side, data):
            assert "secret" not in repr(event)
    assert all(b"secret" not in held for held in parser._held.values())


def test_the_pool_may_speak_first_behind_a_proxy() -> None:
    flights = PREAMBLES["a name"][0]
    down = len(METHOD + GRANTED)
    assert watch([*flights[:3], (S, GRANTED + TARGET), (C, LOGIN)])[0][1:] == [
        f"pool.difficulty@S{down}",
        f"pool.subscribe@C{len(GREETING + named(HOST, 3333))}",
    ]


def test_a_client_may_send_on_without_waiting_for_the_answer() -> None:
    up = GREETING + named(HOST, 1)
    down = METHOD + GRANTED
    assert watch([(C, up + LOGIN), (S, down + TARGET)])[0] == [
        f"proxy.target@C{len(GREETING)}",
        f"pool.subscribe@C{len(up)}",
        f"pool.difficulty@S{len(down)}",
    ]


def test_tls_behind_a_proxy_is_read() -> None:
    hello = record(client_hello(extensions=server_name("pool.example.org")))
    flights = [*PREAMBLES["a name"][0], (C, hello), (S, record(server_hello()))]
    said, observer = watch(flights)
    assert [one.split("@")[0] for one in said] == ["proxy.target", "tls.client_hello"]
    assert isinstance(observer.parser, Tls) or observer.reason == "finished"


def test_a_proxy_behind_a_proxy_is_read() -> None:
    first, second = PREAMBLES["a name"][0], PREAMBLES["SOCKS4a"][0]
    said = watch([*first, *second, (C, LOGIN)])[0]
    assert [one.split("@")[0] for one in said] == ["proxy.target", "proxy.target", "pool.subscribe"]


def test_one_direction_of_a_proxied_stream_is_read() -> None:
    up = GREETING + named(HOST, 1)
    lines = LOGIN * (MAX_UNANSWERED // len(LOGIN) + 1)
    assert [one.split("@")[0] for one in watch([(C, up), (C, lines)])[0]][:2] == [
        "proxy.target",
        "pool.subscribe",
    ]
    down = watch([(S, METHOD), (S, GRANTED), *[(S, TARGET)] * 40])[0]
    assert {one.split("@")[0] for one in down} == {"pool.difficulty"}  # once it is no DNS message either


REFUSALS: dict[str, Flights] = {
    "no method": [(C, GREETING), (S, b"\x05\xff")],
    "refused": [(C, GREETING), (S, METHOD), (C, named(HOST, 1)), (S, b"\x05\x05\x00\x01" + bytes(6))],
    "SOCKS4 refused": [(C, socks4("192.0.2.7", 3333)), (S, b"\x00\x5b" + bytes(6))],
    "a port to listen on": [(C, GREETING), (S, METHOD), (C, named(HOST, 1, command=2))],
    "datagrams": [(C, GREETING), (S, METHOD), (C, named(HOST, 1, command=3))],
}


@pytest.mark.parametrize("flights", REFUSALS.values(), ids=REFUSALS.keys())
def test_nothing_stands_behind_a_refusal(flights: Flights) -> None:
    for octets in (1, 1000):
        assert watch(flights, octets)[1].reason == "finished"


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_behind_a_gap_the_stream_is_probed(at: int) -> None:
    flights = PREAMBLES["a name"][0]
    observer, place, said = Observer(TCP), {C: 0, S: 0}, []
    for turn, (side, data) in enumerate([*flights, (C, LOGIN), (S, TARGET)]):
        if turn == at:
            observer.gap(side, place[side], len(data))
        else:
            said += [event.kind for _, event in observer.feed(side, place[side], data)]
        place[side] += len(data)
    assert said[-2:] == ["pool.subscribe", "pool.difficulty"]


BROKEN: list[Flights] = [
    [(C, GREETING), (S, METHOD), (C, b"\x05\x07\x00\x01")],
    [(C, GREETING), (S, METHOD), (C, b"\x05\x01\x00\x02")],
    [(C, GREETING), (S, METHOD), (C, named(b"no host", 1))],
    [(C, GREETING), (S, METHOD), (C, named(HOST, 1)), (S, b"\x05\x00\x00\x09\x00")],
    [(C, GREETING), (S, METHOD), (C, named(HOST, 1)), (S, b"{}\n")],
    [(C, b"\x04\x01\x00\x00\x01\x02\x03\x04\x00")],
    [(C, b"\x05\x02\x00\x00")],
]


@pytest.mark.parametrize("flights", BROKEN)
def test_what_is_no_socks_is_refused_and_handed_on(flights: Flights) -> None:
    parser = Socks()
    for side, data in flights[:-1]:
        list(parser.feed(side, data))
    with pytest.raises(ParseError):
        list(parser.feed(*flights[-1]))
    assert list(parser.feed(C, b"")) == []
    assert parser.handover is not None


def test_bytes_that_wait_are_bounded() -> None:
    parser = Socks()
    list(parser.feed(C, GREETING))
    list(parser.feed(S, METHOD))
    list(parser.feed(C, named(HOST, 1)))
    for _ in range(MAX_HELD // 1000 + 1):
        assert parser.handover is None
        list(parser.feed(C, b"x" * 1000))
    assert parser.handover is not None


PROBES = [
    (b"", b"", Match.MORE),
    (b"", b"\x05\x00", Match.MORE),
    (b"", b"\x05\x00\x05\x00\x00\x01" + bytes(6), Match.MORE),
    (b"", b"\x05\x00\x07", Match.NO),
    (b"", b"\x04\x00", Match.NO),
    (b"\x05", b"", Match.MORE),
    (GREETING, b"", Match.MORE),
    (GREETING, b"\x05", Match.MORE),
    (GREETING, METHOD, Match.YES),
    (GREETING, b"\x05\xff", Match.YES),
    (GREETING, b"\x05\x02", Match.NO),
    (GREETING, b"\x04\x00", Match.NO),
    (GREETING + b"x", METHOD, Match.NO),
    (GREETING + named(HOST, 1), b"", Match.YES),
    (named(HOST, 1), b"", Match.YES),
    (named(b"localhost", 1), b"", Match.MORE),
    (named(b"localhost", 1), GRANTED, Match.YES),
    (numbered("192.0.2.7", 1), b"", Match.MORE),
    (b"\x05\x00", b"", Match.NO),
    (b"\x05\x0b" + bytes(range(11)), b"", Match.NO),
    (b"\x05\x02\x00\x00", b"", Match.NO),
    (b"\x05\x02\x00\xff", b"", Match.NO),
    (b"\x04\x01\x0d\x05\xc0\x00\x02\x07\x00", b"", Match.MORE),
    (b"\x04\x01\x0d\x05\xc0\x00\x02\x07\x00", b"\x00\x5a", Match.YES),
    (b"\x04\x01\x0d\x05\xc0\x00\x02\x07\x00", b"\x00\x01", Match.NO),
    (b"\x04\x03\x0d\x05\xc0\x00\x02\x07\x00", b"", Match.NO),
    (b"\x04\x01\x00\x00\xc0\x00\x02\x07\x00", b"", Match.NO),
    (b"\x04\x01\x0d\x05\xc0\x00\x02\x07\x01\x02\x00", b"", Match.NO),
    (b"\x04\x01\x0d\x05\x00\x00\x00\x01\x00no host\x00", b"", Match.NO),
    (LOGIN, b"", Match.NO),
    (b"\x16\x03\x01\x00\x05", b"", Match.NO),
]


@pytest.mark.parametrize(("first", "second", "expected"), PROBES)
def test_the_probe_asks_for_two_things_that_agree(first: bytes, second: bytes, expected: Match) -> None:
    assert Socks.probe({C: first, S: second}) is expected


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=40)), max_size=8))
def test_any_bytes_are_read_or_refused(pieces: list[tuple[Side, bytes]]) -> None:
    for lead in (b"", GREETING, b"\x04\x01", named(HOST, 1)):
        parser = Socks()
        for side, data in [(C, lead), *pieces]:
            try:
                list(parser.feed(side, data))
            except ParseError:
                assert list(parser.feed(side, b"")) == []
        assert Socks.probe({C: lead + (pieces[0][1] if pieces else b"")}) in Match
