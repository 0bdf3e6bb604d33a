"""RLPx: the key exchange as EIP-8 shows it, points of the curve of another library, and look-alikes."""

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.events import NodeMessage
from protocols.parser import Match, Side
from protocols.rlpx import Rlpx
from tests.protocols import wire

# The beginnings of messages that EIP-8 prints: an auth and an ack in its own format, and an auth before it.
AUTH = bytes.fromhex(
    "01b304ab7578555167be8154d5cc456f567d5ba302662433674222360f08d5f1534499d3678b513b0fca474f3a514b18e75683"
    "032eb63fccb16c156dc6eb2c0b1593f0"
).ljust(0x01B3 + 2, b"\xa5")
ACK = bytes.fromhex(
    "01ea0451958701280a56482929d3b0757da8f7fbe5286784beead59d95089c217c9b917788989470b0e330cc6e4fb383c0340e"
    "d85fab836ec9fb8a49672712aeabbdfd"
).ljust(0x01EA + 2, b"\x5a")


def point(secret: int, curve: ec.EllipticCurve) -> bytes:
    key = ec.derive_private_key(secret, curve).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def eip8(size: int, secret: int = 7) -> bytes:
    return size.to_bytes(2, "big") + point(secret, ec.SECP256K1()).ljust(size, b"\x99")


def told(*said: tuple[Side, str, int]) -> list[NodeMessage]:
    return [
        NodeMessage(protocol="ethereum-p2p", side=side, offset=at, command=command, sealed=True)
        for side, command, at in said
    ]


def play(flights: wire.Flights, cuts: Sequence[int] = ()) -> list[object]:
    return list(wire.play(Rlpx, flights, cuts))


WHOLE = [(Side.CLIENT, AUTH), (Side.SERVER, ACK + bytes(32 + 96)), (Side.CLIENT, bytes(32 + 112))]
SAID = told(
    (Side.CLIENT, "auth", 0),
    (Side.SERVER, "ack", 0),
    (Side.SERVER, "frame", 492),
    (Side.CLIENT, "frame", 437),
)


@pytest.mark.parametrize("cuts", [(), (1,), (3, 64), (67,), (492, 10)])
def test_the_exchange_of_eip_8_is_read_in_any_cut(cuts: tuple[int, ...]) -> None:
    assert play(WHOLE, cuts) == SAID


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_random_cuts_change_nothing(cuts: list[int]) -> None:
    assert play(WHOLE, cuts) == SAID


@pytest.mark.parametrize("size", [213, 382, 582, 2048])
def test_the_probe_takes_every_length_that_eip_8_allows(size: int) -> None:
    assert Rlpx.probe({Side.CLIENT: eip8(size)}) is Match.YES
    assert Rlpx.probe({Side.CLIENT: eip8(size)[:67]}) is Match.YES
    assert Rlpx.probe({Side.CLIENT: eip8(size)[:66]}) is Match.MORE
    assert Rlpx.probe({Side.CLIENT: b"", Side.SERVER: eip8(size)}) is Match.YES


@pytest.mark.parametrize("size", [212, 2049])
def test_the_probe_refuses_other_lengths(size: int) -> None:
    assert Rlpx.probe({Side.CLIENT: eip8(size)}) is Match.NO


def test_the_exchange_before_eip_8_has_two_exact_lengths() -> None:
    auth, ack = (point(n, ec.SECP256K1()).ljust(size, b"\x11") for n, size in ((3, 307), (4, 210)))
    flights = [(Side.CLIENT, auth), (Side.SERVER, ack + bytes(63)), (Side.CLIENT, bytes(64))]
    assert play(flights, (5,)) == told(
        (Side.CLIENT, "auth", 0), (Side.SERVER, "ack", 0), (Side.CLIENT, "frame", 307)
    )


def test_an_auth_that_nobody_answers_is_told_of_one_side() -> None:
    assert play([(Side.CLIENT, AUTH)]) == told((Side.CLIENT, "auth", 0))
    assert play([(Side.CLIENT, AUTH[:-1])]) == []


@pytest.mark.parametrize(
    "head",
    [
        AUTH[:40] + bytes([AUTH[40] ^ 1]) + AUTH[41:],  # not on the curve
        b"\x01\xb3" + point(7, ec.SECP256R1()).ljust(400),  # a point of another curve
        b"\x01\xb3\x04" + b"\xff" * 400,  # coordinates beyond the field
        b"\x01\xb3\x02" + AUTH[3:],  # a compressed point
        point(7, ec.SECP256R1()).ljust(307, b"\x11"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
        b"\x04\x01\x0d\x05\xc0\x00\x02\x07user\x00".ljust(80, b"x"),  # SOCKS4 and what follows
        b"\x00\xee\x04" + bytes(400),  # a length and a message type
        b'{"id":1,"method":"mining.subscribe"}\n' * 4,
        b"\x13BitTorrent protocol" + bytes(100),
    ],
)
def test_look_alikes_are_refused(head: bytes) -> None:
    assert Rlpx.probe({Side.CLIENT: head}) is Match.NO
    assert play([(Side.CLIENT, head)]) == []
    with pytest.raises(ParseError):
        list(Rlpx().feed(Side.CLIENT, head))


@given(st.binary(max_size=400), st.sampled_from(list(Side)))
def test_no_random_bytes_pass(data: bytes, side: Side) -> None:
    assert Rlpx.probe({side: data}) is not Match.YES
    assert play([(side, data)], (7,)) == []


def test_after_a_gap_its_side_tells_nothing_more() -> None:
    parser = Rlpx()
    events = wire.drain(parser, Side.CLIENT, AUTH[:100])
    parser.gap(Side.CLIENT, 337)
    events += wire.drain(parser, Side.CLIENT, bytes(4096))
    events += wire.drain(parser, Side.SERVER, ACK)
    parser.gap(Side.SERVER, 16)
    events += wire.drain(parser, Side.SERVER, bytes(4096))
    assert events == told((Side.SERVER, "ack", 0))
    assert parser.finished


def test_it_is_done_once_both_sides_have_sent_a_frame() -> None:
    parser = Rlpx()
    for side, data in WHOLE[:2]:
        wire.drain(parser, side, data)
    before = parser.finished
    wire.drain(parser, *WHOLE[2])
    assert (before, parser.finished) == (False, True)
    assert not list(parser.feed(Side.CLIENT, b"more"))
