import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.discv4 import MAX_FOREIGN, MAX_MESSAGES, Discv4
from protocols.events import NodeHello, NodeMessage
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
    if name in ("ping", "enrresponse"):
        port = 0x765F if name == "ping" else None
        assert event == NodeHello(
            protocol="ethereum-p2p", side=Side.CLIENT, offset=0, network="unknown", port=port
        )
    else:
        assert event == NodeMessage(protocol="ethereum-p2p", side=Side.CLIENT, offset=0, command=name)


def record(*pairs: object) -> NodeHello:
    """What is told of a node that answers with such a record."""
    body = [bytes(32), [b"s" * 64, b"\x07", b"id", b"v4", *pairs]]
    (event,) = wire.play(Discv4, [(Side.SERVER, packet(6, rlp(body)))])
    assert isinstance(event, NodeHello)
    return event


# Fork ids as EIP-2124 and the clients of each chain print them.
@pytest.mark.parametrize(
    ("fork_hash", "following", "coins"),
    [
        ("be46d57c", 0, ("ETC",)),
        ("9007bfcc", 11_700_000, ("ETC",)),
        ("9f3d2254", 1_746_612_311, ("ETH",)),
        ("f0afd0e3", 1_681_338_455, ("ETH",)),
        ("f0afd0e3", 0, ("ETH", "ETHW")),  # a client from before the merge, or one that stayed
        ("668db0af", 9_200_000, ("ETH", "ETHW")),
        ("97c2c34c", 2_500_000, ("ETC",)),
        ("97c2c34c", 1_920_000, ("ETH", "ETHW")),
        ("fc64ec04", 1_150_000, ("ETC", "ETH", "ETHW")),
        ("12345678", 0, ()),
    ],
)
def test_a_record_names_the_chain_by_its_fork_id(
    fork_hash: str, following: int, coins: tuple[str, ...]
) -> None:
    expected = following.to_bytes((following.bit_length() + 7) // 8, "big")
    event = record(b"eth", [[bytes.fromhex(fork_hash), expected]], b"tcp", b"\x76\x5f")
    assert (event.coins, event.port) == (coins, 30303)
    assert event.network == ("mainnet" if coins else "unknown")


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        (b"eth", b"x"),
        (b"eth", []),
        (b"eth", [b"x"]),
        (b"eth", [[b"x"]]),
        (b"eth",),
        (b"tcp", [b"x"]),
        (b"tcp", b""),
    ],
)
def test_a_record_without_a_fork_id_names_no_chain(pairs: tuple[object, ...]) -> None:
    event = record(*pairs)
    assert (event.coins, event.network, event.port) == ((), "unknown", None)


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
        packet(3, rlp([bytes(64), bytes(9)])),  # no time
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
