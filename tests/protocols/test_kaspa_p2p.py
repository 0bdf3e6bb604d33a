"""Kaspa's node network: messages built from its schema, in HTTP/2 frames of any cut, compressed or not."""

import gzip
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.kaspa_p2p import KaspaP2P
from protocols.parser import Event, Match, Side
from tests.protocols import wire

C, S = Side.CLIENT, Side.SERVER
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, body: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + body


SETTINGS = frame(4, bytes.fromhex("000300000064"))


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def text(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def grpc(body: bytes, *, packed: bool = False) -> bytes:
    body = gzip.compress(body, mtime=0) if packed else body
    return bytes([packed]) + struct.pack(">I", len(body)) + body


def version(agent: bytes = b"/kaspad:1.0.1/", network: bytes = b"kaspa-mainnet") -> bytes:
    body = number(1, 7) + number(3, 1_772_000_000_000) + text(4, number(4, 16111)) + text(5, bytes(16))
    return text(20, body + text(6, agent) + text(10, network)) + number(102, 3)


BLOCK = bytes(range(32))
INV = text(14, text(1, text(1, BLOCK)))


def conversation(*, packed: bool = False, padded: bool = False) -> list[tuple[Side, bytes]]:
    def data(*bodies: bytes) -> bytes:
        whole = b"".join(grpc(body, packed=packed) for body in bodies)
        if padded:
            return frame(0, b"\x07" + whole + bytes(7), 0x08, 1)
        return frame(0, whole[:9], 0, 1) + frame(0, b"other", 0, 3) + frame(0, whole[9:], 0, 1)

    return [
        (C, PREFACE + SETTINGS + frame(8, bytes(4)) + frame(1, b"headers", 4, 1)),
        (S, SETTINGS + frame(1, b"headers", 4, 1) + data(version(b"/kaspad:1.1.0/"))),
        (C, data(version(), text(19, b""), text(50, b""))),
        (S, data(INV, text(16, number(1, 99)))),
    ]


def told(events: list[Event]) -> list[tuple[Side, str]]:
    return [
        (event.side, event.command if isinstance(event, NodeMessage | NodeBlock) else "version")
        for event in events
        if isinstance(event, NodeHello | NodeMessage | NodeBlock)
    ]


SAID = [(S, "version"), (C, "version"), (C, "verack"), (C, "ready"), (S, "inv_relay_block"), (S, "ping")]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("cuts", [(), (1,), (7, 30)])
def test_a_conversation_is_read_in_any_cut(packed: bool, padded: bool, cuts: tuple[int, ...]) -> None:
    events = wire.play(KaspaP2P, conversation(packed=packed, padded=padded), cuts)
    assert told(events) == SAID
    hello, block = events[0], events[4]
    assert isinstance(hello, NodeHello)
    assert (hello.coins, hello.agent, hello.network) == (("KAS",), "/kaspad:1.1.0/", "mainnet")
    assert isinstance(block, NodeBlock)
    assert block.block == BLOCK.hex()


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_random_cuts_change_nothing(cuts: list[int]) -> None:
    assert wire.play(KaspaP2P, conversation(), cuts) == wire.play(KaspaP2P, conversation())


def test_a_long_message_is_told_by_its_beginning_and_the_next_one_is_read() -> None:
    long = grpc(text(2, bytes(300_000))) + grpc(text(17, number(1, 5)))
    frames = b"".join(frame(0, long[at : at + 16_384], 0, 1) for at in range(0, len(long), 16_384))
    assert told(wire.play(KaspaP2P, [*conversation(), (S, frames)]))[6:] == [(S, "block"), (S, "pong")]


def test_a_test_network_is_named() -> None:
    flights = [(C, PREFACE + SETTINGS + frame(0, grpc(version(network=b"kaspa-testnet-10")), 0, 1))]
    (hello,) = wire.play(KaspaP2P, flights)
    assert isinstance(hello, NodeHello)
    assert hello.network == "testnet-10"


@pytest.mark.parametrize(
    "body",
    [
        version(network=b"other-mainnet"),
        text(1063, b""),  # the RPC of the same node
        text(1, b"service"),
        b"\x0a\x05hello",
        b"\xff" * 20,
        b"",
    ],
)
def test_another_service_says_nothing_and_is_let_go(body: bytes) -> None:
    parser = KaspaP2P()
    flights = PREFACE + SETTINGS + b"".join(frame(0, grpc(body), 0, 1) for _ in range(4))
    assert wire.drain(parser, C, flights) == []
    assert parser.finished is (body[:1] != b"\x0a")  # a first field alone may be an address list


@pytest.mark.parametrize(
    ("side", "first"),
    [
        (C, b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\nmore"),
        (S, frame(8, bytes(4))),
        (S, b"\xff\xff\xff\x04\0\0\0\0\0"),
    ],
)
def test_what_is_no_http2_is_an_error_that_ends_its_side(side: Side, first: bytes) -> None:
    parser = KaspaP2P()
    if side is S:
        wire.drain(parser, C, PREFACE + SETTINGS)
    assert wire.drain(parser, side, first) == []
    assert wire.drain(parser, side, conversation()[1][1]) == []


def test_after_a_gap_its_side_tells_nothing_and_the_other_goes_on() -> None:
    parser = KaspaP2P()
    flights = conversation()
    events = [event for side, data in flights[:3] for event in wire.drain(parser, side, data)]
    parser.gap(C, 5)
    events += wire.drain(parser, C, frame(0, grpc(text(16, b"")), 0, 1))
    events += wire.drain(parser, *flights[3])
    assert told(events) == SAID
    parser.gap(S, 5)
    assert parser.finished


@pytest.mark.parametrize(
    ("heads", "match"),
    [
        ({C: PREFACE}, Match.YES),
        ({C: PREFACE[:10]}, Match.MORE),
        ({C: b"GET / HTTP/1.1\r\n\r\n"}, Match.NO),
        ({C: b"PRI", S: SETTINGS}, Match.MORE),
        ({S: PREFACE + SETTINGS}, Match.YES),
        ({S: SETTINGS}, Match.MORE),
        ({S: b"a banner"}, Match.NO),
        ({C: PREFACE[:5], S: b"a banner"}, Match.NO),
        ({S: b'{"id":1}'}, Match.NO),
    ],
)
def test_the_probe_wants_the_preface(heads: dict[Side, bytes], match: Match) -> None:
    assert KaspaP2P.probe(heads) is match


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_read_or_refused(data: bytes, at: int) -> None:
    flights = [(side, said[:at] + data + said[at + len(data) :]) for side, said in conversation()]
    wire.play(KaspaP2P, flights)


def test_what_is_held_stays_bounded_whatever_is_claimed() -> None:
    parser = KaspaP2P()
    wire.drain(parser, C, PREFACE + SETTINGS + frame(0, grpc(version()), 0, 1))
    noise = random.Random(3).randbytes(16_384)
    wire.drain(parser, C, frame(0, b"\0\xff\xff\xff\xff" + noise, 0, 1))
    for _ in range(20):
        wire.drain(parser, C, frame(0, noise, 0, 1))
    assert parser._halves is not None
    assert len(parser._halves[C]._message) <= 64 * 1024 + 5


def test_an_announcement_that_is_longer_than_a_hash_is_not_searched() -> None:
    stuffed = text(14, text(1, number(1, 1) * 200 + text(1, BLOCK)))  # 438 bytes; small when compressed
    said = [(S, SETTINGS + frame(0, grpc(version()) + grpc(stuffed, packed=True) + grpc(INV), stream=1))]
    parser = KaspaP2P()
    events = [event for side, data in said for event in parser.feed(side, data)]
    assert [type(event) for event in events] == [NodeHello, NodeBlock]
    assert parser.finished is False
