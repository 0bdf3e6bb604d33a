"""What the Bitcoin family tells of blocks, and of the coin beyond magic, agent and port."""

import struct
from hashlib import sha256
from itertools import pairwise

import pytest

from protocols.bitcoin_p2p import MAX_TOLD, BitcoinP2P
from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.magics import SCHEDULES, expected_height, narrow
from protocols.parser import Event, Side
from tests.protocols import wire

GENESIS = bytes.fromhex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e"
    "67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)
GENESIS_HASH = "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000"
"""Bitcoin's first block, as the wire has its hash."""


def coinbase(height: int, segwit: bool = False) -> bytes:
    pushed = height.to_bytes((height.bit_length() + 8) // 8, "little")
    script = bytes([len(pushed)]) + pushed + b"/sample/"
    out = b"\x01" + bytes(32) + b"\xff" * 4 + bytes([len(script)]) + script + b"\xff" * 4
    return struct.pack("<i", 2) + (b"\x00\x01" if segwit else b"") + out + b"\x00" + bytes(4)


def header(number: int) -> bytes:
    return struct.pack("<i", 4) + sha256(bytes([number])).digest() * 2 + bytes(12)


def name(raw: bytes) -> str:
    return sha256(sha256(raw).digest()).digest().hex()


def headers(*raws: bytes) -> bytes:
    return bytes([len(raws)]) + b"".join(raw + b"\x00" for raw in raws)


def cmpct(raw: bytes, height: int, short: int = 3) -> bytes:
    return raw + bytes(8) + bytes([short]) + bytes(6 * short) + b"\x01\x00" + coinbase(height, segwit=True)


def opened(magic: str = "f9beb4d9") -> wire.Flights:
    hello = wire.bitcoin("version", wire.version("/LitecoinCore:0.21/"), magic)
    return [(Side.CLIENT, hello), (Side.SERVER, hello)]


def blocks(flights: wire.Flights, cuts: tuple[int, ...] = ()) -> list[NodeBlock]:
    return [event for event in wire.play(BitcoinP2P, flights, cuts) if isinstance(event, NodeBlock)]


@pytest.mark.parametrize(
    ("command", "payload", "block", "height"),
    [
        ("inv", wire.inventory(2), "00" * 32, None),
        ("inv", wire.inventory(0x40000002), "00" * 32, None),
        ("headers", headers(GENESIS), GENESIS_HASH, None),
        ("cmpctblock", cmpct(header(1), 938_401), name(header(1)), 938_401),
        ("block", header(2) + b"\x02" + coinbase(938_402) + bytes(300), name(header(2)), 938_402),
        ("block", header(2) + b"\x01" + coinbase(7, segwit=True), name(header(2)), 7),
        ("block", header(3) + b"\x01" + coinbase(938_403) + bytes(90_000), name(header(3)), 938_403),
    ],
)
@pytest.mark.parametrize("cuts", [(), (1,), (1448,)])
def test_a_block_is_told_by_its_hash_and_height(
    command: str, payload: bytes, block: str, height: int | None, cuts: tuple[int, ...]
) -> None:
    sent = wire.bitcoin(command, payload)
    (event,) = blocks([*opened(), (Side.SERVER, sent)], cuts)
    assert event == NodeBlock(
        protocol="bitcoin-p2p", side=Side.SERVER, offset=len(opened()[1][1]), command=command,
        block=block, height=height, coins=("BTC",), asked=command == "block",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "payload"),
    [
        ("inv", wire.inventory(1, 5)),
        ("inv", b"\xff" * 9 + bytes(36)),
        ("headers", headers(GENESIS)[:-1] + b"\x01"),
        ("headers", headers(GENESIS)[:-1]),
        ("headers", b"\x00"),
        ("cmpctblock", bytes(79)),
        ("tx", coinbase(5)),
    ],
)
def test_other_messages_tell_of_none(command: str, payload: bytes) -> None:
    assert blocks([*opened(), (Side.SERVER, wire.bitcoin(command, payload))]) == []


@pytest.mark.parametrize(
    "payload",
    [
        header(1) + b"\x01" + bytes(80),
        header(1) + b"\x01" + coinbase(9)[:41] + b"\x51",
        header(1),
        header(1) + b"\xfd",
    ],
)
def test_a_block_without_a_height_in_its_coinbase_has_none(payload: bytes) -> None:
    (event,) = blocks([*opened(), (Side.SERVER, wire.bitcoin("block", payload))])
    assert event.height is None


def test_what_was_asked_for_is_marked() -> None:
    asked = wire.bitcoin("getheaders", bytes(69)) + wire.bitcoin("getblocks", bytes(69))
    asked += wire.bitcoin("getdata", wire.inventory(4))
    answer = wire.bitcoin("headers", headers(header(1))) + wire.bitcoin("inv", wire.inventory(2))
    news = wire.bitcoin("headers", headers(header(2))) + wire.bitcoin("inv", wire.inventory(2, 2)[:37])
    served = wire.bitcoin("cmpctblock", cmpct(header(3), 9))
    flights = [*opened(), (Side.CLIENT, asked), (Side.SERVER, answer + news + served)]
    assert [event.asked for event in blocks(flights)] == [True, True, False, False, False]
    wanted = bytes.fromhex(name(header(3)))
    fetched = wire.bitcoin("getdata", b"\x01" + struct.pack("<I", 4) + wanted)
    assert [event.asked for event in blocks([*opened(), (Side.CLIENT, fetched), (Side.SERVER, served)])] == [
        True
    ]
    assert [event.asked for event in blocks([*opened(), (Side.SERVER, served)])] == [False]


def test_a_question_may_have_been_missed_before_the_capture_and_in_a_gap() -> None:
    sent = wire.bitcoin("headers", headers(header(1))) + wire.bitcoin("headers", headers(header(2)))
    flights = [(Side.CLIENT, wire.bitcoin("ping", bytes(8))), (Side.SERVER, sent)]
    assert [event.asked for event in blocks(flights)] == [True, False]
    parser = BitcoinP2P()
    for side, data in opened():
        wire.drain(parser, side, data)
    parser.gap(Side.CLIENT, 61)
    told = [event for event in wire.drain(parser, Side.SERVER, sent) if isinstance(event, NodeBlock)]
    assert [event.asked for event in told] == [True, False]


def test_a_long_list_of_blocks_answers_a_question_and_only_its_newest_are_told() -> None:
    many = [header(n) for n in range(60)]
    told = blocks([*opened(), (Side.SERVER, wire.bitcoin("headers", headers(*many)))])
    assert [event.block for event in told] == [name(raw) for raw in many[-8:]]
    assert all(event.asked for event in told)


@pytest.mark.parametrize("magic", ["24e92764", "bf0c6bbd", "f9beb4d4", "01020304"])
def test_coins_whose_blocks_are_named_otherwise_tell_of_none(magic: str) -> None:
    sent = wire.bitcoin("headers", headers(header(1)), magic)
    assert blocks([*opened(magic), (Side.SERVER, sent)]) == []


def test_blocks_go_on_when_other_messages_are_told_no_more() -> None:
    quiet = wire.bitcoin("ping", bytes(8)) * (MAX_TOLD + 20)
    sent = quiet + wire.bitcoin("inv", wire.inventory(2)) + wire.bitcoin("filterclear")
    events = wire.play(BitcoinP2P, [*opened(), (Side.SERVER, sent)])
    assert len(events) < MAX_TOLD + 5
    assert [event.kind for event in events[-2:]] == ["node.block", "node.message"]


def hello(magic: str, **more: int) -> NodeHello:
    version = wire.version("/unheard:1/", to_port=1, **more)  # type: ignore[arg-type]
    (event,) = wire.play(BitcoinP2P, [(Side.CLIENT, wire.bitcoin("version", version, magic))])
    assert isinstance(event, NodeHello)
    return event


@pytest.mark.parametrize(
    ("magic", "height", "coins"),
    [
        ("fbc0b6db", 2_680_000, ("LTC",)),  # the spring of 2024
        ("fbc0b6db", 3_400_000, ("MONA",)),
        ("fbc0b6db", 5, ("LTC", "MONA")),
        ("24e92764", 2_480_000, ("ZEC",)),
        ("24e92764", 1_640_000, ("FLUX",)),
        ("c0c0c0c0", 5_190_000, ("DOGE",)),
        ("c0c0c0c0", 100_000, ("DOGE", "BELLS")),
        ("fabfb5da", 2_170_000, ("VTC",)),
        ("fabfb5da", 201, ("BTC", "VTC")),
        ("e3e1f3e8", 842_000, ("BCH", "XEC", "BSV")),
    ],
)
def test_the_height_tells_coins_apart_whose_chains_grew_at_different_paces(
    magic: str, height: int, coins: tuple[str, ...]
) -> None:
    assert hello(magic, height=height, time=1_714_000_000).coins == coins


def test_a_clock_that_cannot_be_right_says_nothing_of_a_height() -> None:
    assert hello("fbc0b6db", height=2_680_000, time=0).coins == ("LTC", "MONA")


def test_the_protocol_version_tells_zcash() -> None:
    assert hello("24e92764", protocol=170_120).coins == ("ZEC",)
    assert hello("24e92764", protocol=170_018).coins == ("ZEC", "FLUX")


@pytest.mark.parametrize(
    ("magic", "command", "coins"),
    [
        ("e3e1f3e8", "protoconf", ("BSV",)),
        ("e3e1f3e8", "avahello", ("XEC",)),
        ("e3e1f3e8", "dsproof-beta", ("BCH",)),
        ("e3e1f3e8", "protocon", ("BCH", "XEC", "BSV")),
        ("fbc0b6db", "mwebheader", ("LTC",)),
    ],
)
def test_a_command_of_its_own_names_a_coin(magic: str, command: str, coins: tuple[str, ...]) -> None:
    sent = wire.bitcoin("verack", b"", magic) + wire.bitcoin(command, bytes(9), magic)
    event: Event = wire.play(BitcoinP2P, [(Side.CLIENT, sent)])[-1]
    assert isinstance(event, NodeMessage)
    assert event.coins == coins


def test_schedules_follow_the_block_interval_and_nothing_empties_the_set() -> None:
    assert narrow((), "x", (1,), 1, 1, 1_700_000_000) == ()
    assert expected_height("BTC", 1_700_000_000) is None
    assert expected_height("FLUX", 1_759_380_000 + 3000) == 2_020_100
    for coin, legs in SCHEDULES.items():
        assert expected_height(coin, legs[0][0] - 1) is None
        for (begin, height, seconds), (end, due, _) in pairwise(legs):
            assert height + (end - begin) / seconds == pytest.approx(due, rel=0.01)
