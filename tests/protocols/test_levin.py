import pytest

from facts.errors import ParseError
from protocols.events import NodeHello, NodeMessage
from protocols.levin import MAX_MESSAGES, Levin
from protocols.parser import Match, Side
from protocols.portable_storage import MAX_DEPTH, read_storage
from tests.protocols import wire


@pytest.mark.parametrize(
    ("last", "coins", "network"),
    [
        ("10", ("XMR",), "mainnet"),
        ("11", ("XMR",), "testnet"),
        ("12", ("XMR",), "stagenet"),
        ("99", (), "unknown"),
    ],
)
def test_a_handshake_names_the_network(last: str, coins: tuple[str, ...], network: str) -> None:
    (event,) = wire.play(Levin, [(Side.CLIENT, wire.levin(1001, wire.handshake(last, 3_000_000)))])
    assert event == NodeHello(
        protocol="monero-p2p",
        side=Side.CLIENT,
        offset=0,
        coins=coins,
        height=3_000_000,
        network=network,
        port=18080,
        peer_id=5,
    )


def test_the_answer_with_its_peer_list_is_a_hello_too() -> None:
    answer = wire.levin(1001, wire.handshake(peers=250), flags=2, code=1, expects=0)
    (event,) = wire.play(Levin, [(Side.SERVER, answer)])
    assert isinstance(event, NodeHello)
    assert event.height == 3_100_000


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (1002, "timed_sync"),
        (1003, "ping"),
        (1007, "request_support_flags"),
        (2002, "new_transactions"),
        (2008, "new_fluffy_block"),
        (2010, "get_txpool_complement"),
        (4242, "command 4242"),
        (0, "fragment"),
    ],
)
def test_other_commands_carry_their_names(command: int, name: str) -> None:
    (event,) = wire.play(Levin, [(Side.SERVER, wire.levin(command, bytes(500)))])
    assert event == NodeMessage(protocol="monero-p2p", side=Side.SERVER, offset=0, command=name)


def test_messages_after_the_handshake_carry_its_coin() -> None:
    stream = wire.levin(1001, wire.handshake()) + wire.levin(1002, bytes(30))
    events = wire.play(Levin, [(Side.CLIENT, stream)])
    assert isinstance(events[1], NodeMessage)
    assert events[1].coins == ("XMR",)


@pytest.mark.parametrize(
    "header",
    [
        wire.levin(1001, b"", flags=0),
        wire.levin(1001, b"", flags=16),
        wire.levin(1001, b"", expects=2),
        wire.levin(1001, b"")[:29] + b"\x02\x00\x00\x00",
        wire.levin(1001, b"")[:8] + b"\xff" * 8 + wire.levin(1001)[16:],
    ],
)
def test_a_header_with_impossible_fields_is_none(header: bytes) -> None:
    assert Levin.probe({Side.CLIENT: header}) is not Match.YES
    assert wire.play(Levin, [(Side.CLIENT, header)]) == []


def test_a_stream_picked_up_in_the_middle_finds_the_next_header() -> None:
    stream = b"the end of a block" + wire.levin(1003) + wire.levin(2002, bytes(10))
    assert Levin.probe({Side.SERVER: stream}) is Match.YES
    assert [event.offset for event in wire.play(Levin, [(Side.SERVER, stream)])] == [18, 51]


def test_gaps_are_bridged_within_a_payload_and_by_search() -> None:
    parser = Levin()
    message = wire.levin(2002, bytes(1000))
    assert len(wire.drain(parser, Side.CLIENT, message[:500])) == 1
    parser.gap(Side.CLIENT, 200)
    assert len(wire.drain(parser, Side.CLIENT, message[700:] + wire.levin(1003))) == 1
    parser.gap(Side.CLIENT, 7)
    events = wire.drain(parser, Side.CLIENT, b"unknown" + wire.levin(1003))
    assert [event.offset for event in events] == [len(message) + 33 + 14]


def test_a_malformed_handshake_is_an_error_with_its_place() -> None:
    payload = wire.handshake()[:-9]
    with pytest.raises(ParseError, match="claimed"):
        list(Levin().feed(Side.CLIENT, wire.levin(1001, payload)))


def test_sections_nest_to_a_ceiling() -> None:
    section: dict[str, object] = {}
    for _ in range(MAX_DEPTH + 1):
        section = {"a": section}
    with pytest.raises(ParseError, match="nested deeper"):
        read_storage(wire.storage(section))


def test_a_claim_of_many_entries_is_seen_before_they_are_read() -> None:
    with pytest.raises(ParseError, match="entries claimed"):
        read_storage(wire.storage({})[:9] + (60_000 << 2 | 2).to_bytes(4, "little") + bytes(99))


def test_every_kind_of_value_is_read_or_passed_over() -> None:
    section = {"b": True, "n": 7, "s": b"text", "list": [{"x": 1}, {"x": 2}], "sub": {"y": b""}}
    assert read_storage(wire.storage(section)) == section
    numbers = wire.storage({})[:9] + b"\x08\x01a\x86\x08" + bytes(8) + b"\x01i\x02\xff\xff\xff\xff"
    assert read_storage(numbers) == {"a": None, "i": -1}


def test_a_session_ends_after_a_bounded_number_of_messages() -> None:
    parser = Levin()
    wire.drain(parser, Side.CLIENT, wire.levin(1003) * MAX_MESSAGES)
    assert parser.finished
