import os

import pytest

from facts.errors import ParseError
from protocols.bitcoin_p2p import MAX_MESSAGES, BitcoinP2P
from protocols.events import NodeHello, NodeMessage
from protocols.magics import BY_MAGIC, NETWORKS, coins_at_port
from protocols.parser import Match, Side
from tests.protocols import wire

OLD_VERSION = wire.version("", protocol=31402, time=1_300_000_000, relay=b"")


def hello(payload: bytes, magic: str = "f9beb4d9") -> NodeHello:
    (event,) = wire.play(BitcoinP2P, [(Side.CLIENT, wire.bitcoin("version", payload, magic))])
    assert isinstance(event, NodeHello)
    return event


def test_a_version_message_tells_coin_agent_height_and_services() -> None:
    assert hello(wire.version()) == NodeHello(
        protocol="bitcoin-p2p",
        side=Side.CLIENT,
        offset=0,
        coins=("BTC",),
        agent="/Satoshi:27.0.0/",
        height=840_000,
        services=0x409,
        network="mainnet",
        full=True,
    )


@pytest.mark.parametrize(("services", "full"), [(1, True), (0x400, True), (0, False), (0x8, False)])
def test_a_peer_that_serves_no_blocks_is_not_full(services: int, full: bool) -> None:
    assert hello(wire.version(services=services)).full is full


@pytest.mark.parametrize(
    ("magic", "agent", "port", "protocol", "coins", "network"),
    [
        ("e3e1f3e8", "/Bitcoin Cash Node:27.0.0(EB32.0)/", 8333, "bch-p2p", ("BCH",), "mainnet"),
        ("e3e1f3e8", "/Bitcoin SV:1.0.15/", 8333, "bsv-p2p", ("BSV",), "mainnet"),
        ("e3e1f3e8", "/unheard:1/", 8333, "bitcoin-p2p", ("BCH", "XEC", "BSV"), "mainnet"),
        ("fbc0b6db", "/LitecoinCore:0.21.3/", 1, "ltc-p2p", ("LTC",), "mainnet"),
        ("fbc0b6db", "/other:1/", 9401, "mona-p2p", ("MONA",), "mainnet"),
        ("24e92764", "/MagicBean:5.8.0/", 8233, "zec-p2p", ("ZEC",), "mainnet"),
        ("24e92764", "/MagicBean:6.2.0/", 16125, "flux-p2p", ("FLUX",), "mainnet"),
        ("24e92764", "/MagicBean:6.2.0/", 50000, "bitcoin-p2p", ("ZEC", "FLUX"), "mainnet"),
        ("fabfb5da", "/Satoshi:0.21/", 5889, "vtc-p2p", ("VTC",), "mainnet"),
        ("fabfb5da", "/Satoshi:0.21/", 7000, "bitcoin-p2p", ("BTC", "VTC"), "unknown"),
        ("0b110907", "/Groestlcoin:26.0/", 1, "grs-p2p", ("GRS",), "testnet"),
        ("0b110907", "/Satoshi:26.0/", 1, "bitcoin-p2p", ("BTC",), "testnet"),
        ("c0c0c0c0", "/Shibetoshi:1.14.6/", 22556, "doge-p2p", ("DOGE",), "mainnet"),
        ("01020304", "/Newcoin:1.0/", 4444, "bitcoin-p2p", (), "unknown"),
    ],
)
def test_magic_agent_and_port_together_name_the_coin(
    magic: str, agent: str, port: int, protocol: str, coins: tuple[str, ...], network: str
) -> None:
    event = hello(wire.version(agent, to_port=port), magic)
    assert (event.protocol, event.coins, event.network) == (protocol, coins, network)


def test_the_table_has_every_magic_of_four_bytes_and_keeps_collisions() -> None:
    assert len(BY_MAGIC) == 46
    assert sum(map(len, BY_MAGIC.values())) == len(NETWORKS) == 56
    assert all(len(magic) == 4 for magic in BY_MAGIC)
    assert coins_at_port(("LTC", "MONA"), 9401) == ("MONA",)
    assert coins_at_port(("LTC", "MONA"), 1) == ("LTC", "MONA")


def test_what_one_side_tells_of_the_coin_holds_for_later_messages_of_both() -> None:
    magic = "fbc0b6db"
    events = wire.play(
        BitcoinP2P,
        [
            (Side.CLIENT, wire.bitcoin("verack", b"", magic)),
            (Side.CLIENT, wire.bitcoin("version", wire.version("/LitecoinCore:0.21/"), magic)),
            (Side.SERVER, wire.bitcoin("ping", bytes(8), magic)),
        ],
    )
    assert [event.protocol for event in events] == ["bitcoin-p2p", "ltc-p2p", "ltc-p2p"]


@pytest.mark.parametrize(
    ("command", "payload", "spv"),
    [
        ("filterload", bytes(40), True),
        ("filteradd", bytes(21), True),
        ("getcfilters", bytes(37), True),
        ("getcfheaders", bytes(37), True),
        ("getcfcheckpt", bytes(33), True),
        ("getdata", wire.inventory(3), True),
        ("getdata", wire.inventory(0x40000003, 2), True),
        ("getdata", wire.inventory(2), False),
        ("getheaders", bytes(69), False),
        ("sendcmpct", bytes(9), False),
        ("mnb", bytes(9), False),
    ],
)
def test_messages_of_light_clients_are_marked(command: str, payload: bytes, spv: bool) -> None:
    (event,) = wire.play(BitcoinP2P, [(Side.CLIENT, wire.bitcoin(command, payload))])
    assert event == NodeMessage(
        protocol="bitcoin-p2p", side=Side.CLIENT, offset=0, command=command, coins=("BTC",), spv=spv
    )


def test_clients_of_2011_leave_the_checksum_out_of_version_and_verack() -> None:
    header = bytes.fromhex("f9beb4d9") + b"version".ljust(12, b"\0") + len(OLD_VERSION).to_bytes(4, "little")
    verack = bytes.fromhex("f9beb4d9") + b"verack".ljust(12, b"\0") + bytes(4)
    stream = header + OLD_VERSION + verack + wire.bitcoin("getblocks", bytes(69))
    events = wire.play(BitcoinP2P, [(Side.CLIENT, stream)])
    assert [getattr(event, "command", "version") for event in events] == ["version", "verack", "getblocks"]
    assert wire.play(BitcoinP2P, [(Side.CLIENT, stream)], [1]) == events
    assert (
        len(wire.play(BitcoinP2P, [(Side.CLIENT, stream[: -len(wire.bitcoin("getblocks", bytes(69)))])])) == 2
    )


def test_a_bare_verack_is_told_from_the_header_behind_it() -> None:
    verack = bytes.fromhex("f9beb4d9") + b"verack".ljust(12, b"\0") + bytes(4)
    events = wire.play(BitcoinP2P, [(Side.SERVER, verack + wire.bitcoin("getaddr"))])
    assert [event.command for event in events if isinstance(event, NodeMessage)] == ["verack", "getaddr"]


def test_a_block_of_four_megabytes_passes_without_being_held() -> None:
    parser = BitcoinP2P()
    block = wire.bitcoin("block", os.urandom(1 << 16) * 64)
    held, events = 0, []
    for at in range(0, len(block), 1448):
        events += wire.drain(parser, Side.SERVER, block[at : at + 1448])
        held = max(held, len(parser._halves[Side.SERVER].held))
    assert [(event.kind, event.offset) for event in events] == [("node.message", 0), ("node.block", 0)]
    assert held < 3000


def test_a_long_message_with_a_wrong_checksum_says_nothing() -> None:
    block = bytearray(wire.bitcoin("block", bytes(100_000)))
    block[-1] ^= 1
    events = wire.play(BitcoinP2P, [(Side.SERVER, bytes(block) + wire.bitcoin("ping", bytes(8)))])
    assert [event.offset for event in events] == [len(block)]


def test_a_wrong_checksum_is_an_error_and_the_next_message_is_read() -> None:
    broken = bytearray(wire.bitcoin("tx", bytes(200)))
    broken[-1] ^= 1
    parser = BitcoinP2P()
    wire.drain(parser, Side.CLIENT, wire.bitcoin("verack"))
    feed = parser.feed(Side.CLIENT, bytes(broken) + wire.bitcoin("mempool"))
    event = next(feed)
    assert isinstance(event, NodeMessage)
    assert event.command == "mempool"
    with pytest.raises(ParseError, match="stream offset 24: the checksum of tx is wrong"):
        next(feed)


def test_a_stream_picked_up_in_the_middle_finds_the_next_header() -> None:
    tail = wire.bitcoin("tx", bytes(range(256)))[100:]
    stream = tail + wire.bitcoin("inv", wire.inventory(1)) + wire.bitcoin("ping", bytes(8))
    assert BitcoinP2P.probe({Side.SERVER: stream}) is Match.YES
    events = wire.play(BitcoinP2P, [(Side.SERVER, stream)])
    assert [event.offset for event in events] == [len(tail), len(tail) + 61]
    assert wire.play(BitcoinP2P, [(Side.SERVER, stream)], [1]) == events


def test_a_gap_within_a_payload_costs_that_message_only() -> None:
    parser = BitcoinP2P()
    wire.drain(parser, Side.SERVER, wire.bitcoin("verack"))
    block = wire.bitcoin("block", bytes(200_000))
    assert wire.drain(parser, Side.SERVER, block[:50_000]) == []
    parser.gap(Side.SERVER, 60_000)
    events = wire.drain(parser, Side.SERVER, block[110_000:] + wire.bitcoin("ping", bytes(8)))
    assert [event.offset for event in events] == [24 + len(block)]


def test_a_gap_over_a_header_is_bridged_by_search() -> None:
    parser = BitcoinP2P()
    wire.drain(parser, Side.SERVER, wire.bitcoin("verack"))
    lost = wire.bitcoin("ping", bytes(8)) + wire.bitcoin("tx", bytes(90))
    parser.gap(Side.SERVER, 60)
    events = wire.drain(parser, Side.SERVER, lost[60:] + wire.bitcoin("pong", bytes(8)))
    assert [(event.kind, event.offset) for event in events] == [("node.message", 24 + len(lost))]


def test_another_coins_magic_in_a_stream_is_not_believed() -> None:
    stream = (
        wire.bitcoin("verack") + wire.bitcoin("inv", wire.inventory(1), "fbc0b6db") + wire.bitcoin("mempool")
    )
    events = wire.play(BitcoinP2P, [(Side.CLIENT, stream)])
    assert [event.command for event in events if isinstance(event, NodeMessage)] == ["verack", "mempool"]


@pytest.mark.parametrize("payload", [bytes(10), wire.version()[:84], wire.version()[:80] + b"\xfd\xff\xff"])
def test_a_version_message_that_is_cut_off_inside_is_an_error(payload: bytes) -> None:
    with pytest.raises(ParseError):
        list(BitcoinP2P().feed(Side.CLIENT, wire.bitcoin("version", payload)))


def test_an_agent_is_escaped_where_it_is_not_printable() -> None:
    assert hello(wire.version("/x\x1b[2J\n/")).agent == "/x\\x1b[2J\\n/"


def test_a_session_ends_after_a_bounded_number_of_messages() -> None:
    parser = BitcoinP2P()
    inv = wire.bitcoin("inv", wire.inventory(1))
    wire.drain(parser, Side.CLIENT, inv * (MAX_MESSAGES - 1))
    assert not parser.finished
    wire.drain(parser, Side.SERVER, inv)
    assert parser.finished


def test_a_stream_without_headers_is_given_up() -> None:
    parser = BitcoinP2P()
    wire.drain(parser, Side.CLIENT, wire.bitcoin("verack"))
    for _ in range(9):
        wire.drain(parser, Side.CLIENT, bytes(1 << 20))
    assert parser.finished
