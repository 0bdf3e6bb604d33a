import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.discv4 import MAX_FOREIGN, MAX_MESSAGES, Discv4
from protocols.events import NodeMessage
from protocols.parser import Match, Side
from tests.protocols import wire

ENDPOINT = [b"\x7f\x00\x00\x01", b"\x76\x5f", b"\x76\x5f"]
TIME = b"\x66\x00\x00\x00"
NODE = [b"\x0a\x00\x00\x01", b"\x76\x5f", b"\x76\x5f", bytes(64)]
BODIES: dict[int, tuple[str, list[object]]] = {
    1: ("ping", [b"\x04", ENDPOINT, ENDPOINT, TIME, b"\x01"]),
    2: ("pong", [ENDPOINT, bytes(32), TIME]),
    3: ("findnode", [bytes(64), TIME]),
    4: ("neighbors", [[NODE] * 12, TIME]),
    5: ("enrrequest", [TIME]),
    6: ("enrresponse", [bytes(32), [b"sig", b"", b"id", b"v4"]]),
}


def rlp(value: object) -> bytes:
    if isinstance(value, bytes):
        if len(value) == 1 and value[0] < 0x80:
            return value
        return _head(0x80, len(value)) + value
    assert isinstance(value, list)
    body = b"".join(map(rlp, value))
    return _head(0xC0, len(body)) + body


def _head(base: int, size: int) -> bytes:
    if size < 56:
        return bytes([base + size])
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length


def packet(kind: int, body: bytes) -> bytes:
    signed = bytes(65) + bytes([kind]) + body
    return keccak.new(digest_bits=256, data=signed).digest() + signed


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("extra", [b"", b"more"])
def test_each_packet_type_is_read_whatever_follows_its_list(kind: int, extra: bytes) -> None:
    name, body = BODIES[kind]
    datagram = packet(kind, rlp(body) + extra)
    assert Discv4.probe({Side.CLIENT: datagram}) is Match.YES
    (event,) = wire.play(Discv4, [(Side.CLIENT, datagram)])
    assert event == NodeMessage(protocol="ethereum-p2p", side=Side.CLIENT, offset=0, command=name)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        bytes(98),
        packet(7, rlp([TIME])),
        packet(1, rlp([TIME])),
        packet(3, rlp([[TIME], TIME])),
        packet(3, b"\xf8"),
        packet(3, rlp(BODIES[3][1])[:-1]),
        packet(4, rlp([[NODE] * 40, TIME])),
        packet(3, rlp(BODIES[3][1]))[:40] + b"\xff" + packet(3, rlp(BODIES[3][1]))[41:],
    ],
)
def test_a_wrong_hash_type_shape_or_size_is_no_packet(datagram: bytes) -> None:
    assert Discv4.probe({Side.CLIENT: datagram}) is Match.NO
    with pytest.raises(ParseError):
        list(Discv4().feed(Side.CLIENT, datagram))


@given(st.binary(max_size=200))
def test_a_right_hash_before_any_body_is_a_packet_or_an_error(body: bytes) -> None:
    wire.play(Discv4, [(Side.CLIENT, packet(4, body))])


def test_a_flow_ends_after_a_bounded_number_of_packets_of_either_sort() -> None:
    parser, foreign = Discv4(), Discv4()
    for _ in range(MAX_MESSAGES):
        wire.drain(parser, Side.CLIENT, packet(3, rlp(BODIES[3][1])))
    for _ in range(MAX_FOREIGN):
        wire.drain(foreign, Side.CLIENT, b"a game")
    assert parser.finished
    assert foreign.finished
