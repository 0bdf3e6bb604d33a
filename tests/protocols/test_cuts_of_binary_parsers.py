"""Every parser of binary protocols is fed whole, byte by byte, in random cuts and with rubbish."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.bitcoin_p2p import BitcoinP2P
from protocols.bitcoin_p2p_v2 import BitcoinP2PV2
from protocols.discv4 import Discv4
from protocols.dns import Dns, DnsTcp
from protocols.levin import Levin
from protocols.parser import Match, Parser, Side
from protocols.tls import Tls
from tests.protocols import wire

BITCOIN = [
    (Side.CLIENT, wire.bitcoin("version", wire.version())),
    (Side.SERVER, wire.bitcoin("version", wire.version("/Satoshi:0.21/")) + wire.bitcoin("verack")),
    (
        Side.CLIENT,
        wire.bitcoin("verack") + wire.bitcoin("tx", bytes(70_000)) + wire.bitcoin("ping", bytes(8)),
    ),
    (Side.SERVER, b"lost and found" * 9 + wire.bitcoin("inv", wire.inventory(1, 3))),
]
LEVIN = [
    (Side.CLIENT, wire.levin(1001, wire.handshake())),
    (Side.SERVER, wire.levin(1001, wire.handshake(peers=50), flags=2, code=1, expects=0)),
    (Side.CLIENT, wire.levin(2002, bytes(9000)) + b"rubbish" + wire.levin(1003)),
]
TLS = [
    (Side.CLIENT, wire.record(wire.client_hello(extensions=wire.server_name("pool.example.org"))[:40])),
    (Side.CLIENT, wire.record(wire.client_hello(extensions=wire.server_name("pool.example.org"))[40:])),
    (
        Side.SERVER,
        wire.record(wire.server_hello(wire.extension(43, b"\x03\x04"))) + wire.record(bytes(9), 23),
    ),
]
DNS = [
    (Side.CLIENT, wire.prefixed(wire.dns_query("pool.example.org")) * 2),
    (
        Side.SERVER,
        wire.prefixed(wire.dns_answer("a.example", wire.dns_record(b"\xc0\x0c", 1, b"\x01\x02\x03\x04"))),
    ),
]
STREAMS = [(BitcoinP2P, BITCOIN, 7), (Levin, LEVIN, 4), (Tls, TLS, 1), (DnsTcp, DNS, 3)]
ALL: list[type[Parser]] = [BitcoinP2PV2, BitcoinP2P, Levin, Tls, DnsTcp, Dns, Discv4]


@pytest.mark.parametrize(("kind", "flights", "count"), STREAMS)
def test_a_stream_says_the_same_whole_and_byte_by_byte(
    kind: type[Parser], flights: wire.Flights, count: int
) -> None:
    whole = wire.play(kind, flights)
    assert len(whole) == count
    assert wire.play(kind, flights, [1]) == whole


@pytest.mark.parametrize(("kind", "flights"), [row[:2] for row in STREAMS])
@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_stream_says_the_same_in_random_cuts(
    kind: type[Parser], flights: wire.Flights, cuts: Sequence[int]
) -> None:
    assert wire.play(kind, flights, cuts) == wire.play(kind, flights)


@pytest.mark.parametrize("kind", ALL)
@given(data=st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=300)), max_size=8))
@settings(max_examples=150, deadline=None)
def test_rubbish_is_an_error_or_nothing(kind: type[Parser], data: list[tuple[Side, bytes]]) -> None:
    parser = kind()
    for side, chunk in data:
        assert kind.probe({side: chunk}) in Match
        wire.drain(parser, side, chunk)
        parser.gap(side, 5)
    assert parser.finished in (True, False)


@pytest.mark.parametrize(("kind", "flights"), [row[:2] for row in STREAMS])
@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damage_in_a_stream_never_escapes_as_another_error(
    kind: type[Parser], flights: wire.Flights, data: st.DataObject
) -> None:
    damaged = []
    for side, flight in flights:
        raw = bytearray(flight)
        for at in data.draw(st.lists(st.integers(0, min(len(raw), 600) - 1), max_size=4)):
            raw[at] = data.draw(st.integers(0, 255))
        damaged.append((side, bytes(raw)))
    wire.play(kind, damaged)


@pytest.mark.parametrize(("kind", "flights"), [row[:2] for row in STREAMS])
def test_the_probe_knows_a_stream_from_its_first_bytes_on_either_side(
    kind: type[Parser], flights: wire.Flights
) -> None:
    side, flight = flights[0]
    assert kind.probe({side: flight[:4096], side.other: b""}) is Match.YES
    assert kind.probe({side.other: flight[:4096]}) is Match.YES
    assert kind.probe({side: flight[:3]}) is Match.MORE
    assert kind.probe({}) is Match.MORE
    assert kind.probe({Side.CLIENT: b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"}) is Match.NO
    assert kind.probe({Side.CLIENT: b'{"id":1,"method":"mining.subscribe","params":[]}\n'}) is Match.NO


@pytest.mark.parametrize("kind", ALL)
def test_what_waits_in_memory_has_a_ceiling(kind: type[Parser]) -> None:
    parser = kind()
    openings = (
        wire.bitcoin("tx", bytes(9))[:16] + b"\xff\xff\x00\x01",
        wire.levin(1001, b"")[:8] + b"\xff\xff\x03" + bytes(5) + wire.levin(1001)[16:],
        b"\x16\x03\x01\x40\x00\x01\x01\x00\x00",
    )
    for opening in openings:
        wire.drain(parser, Side.CLIENT, opening)
        for _ in range(60):
            wire.drain(parser, Side.CLIENT, bytes(10_000))
    half = parser.__dict__.get("_halves", [None])[0]
    assert half is None or len(half.held) + len(getattr(half, "message", b"")) <= 300_000
