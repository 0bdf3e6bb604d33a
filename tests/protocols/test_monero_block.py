"""Names of Monero's blocks, worked out from their bytes."""

import os
import struct

import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from protocols.events import NodeBlock, NodeHello, NodeMessage
from protocols.levin import MAX_TOLD, Levin
from protocols.monero_block import Block, read_block, tree_hash
from protocols.parser import Side
from tests.protocols import wire

GENESIS_TX = bytes.fromhex(
    "013c01ff0001ffffffffffff03029b2e4c0281c0b02e7c53291a94d1d0cbff8883f8024f5142ee494ffbbd0880712101"
    "7767aafcde9be00dcfd098715ebcf7f410daebc582fda69d24a28e9d0bc890d1"
)
GENESIS = bytes([1, 0, 0]) + bytes(32) + struct.pack("<I", 10_000) + GENESIS_TX + b"\x00"
GENESIS_NAME = "418015bb9ae982a1975da7d79277c2705727a56894ba0fb246adaabb1f4632e3"


def hashed(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def modern(height: int, others: int = 0, tag: bool = True) -> bytes:
    """A block as it has been since view tags, with `others` transactions."""
    pays = varint(600_000_000_000) + (b"\x03" + bytes(33) if tag else b"\x02" + bytes(32))
    finder = b"\x02" + varint(height + 60) + b"\x01\xff" + varint(height) + b"\x01" + pays
    finder += varint(44) + bytes(44) + b"\x00"
    head = bytes([16, 16]) + varint(1_772_416_800) + b"\x07" * 32 + bytes(4)
    return head + finder + varint(others) + b"".join(hashed(bytes([n % 256])) for n in range(others))


def test_the_first_block_has_the_name_that_everybody_knows() -> None:
    assert read_block(GENESIS) == Block(GENESIS_NAME, 0)


@pytest.mark.parametrize("tag", [True, False])
def test_a_modern_block_is_named_by_its_three_part_transaction(tag: bool) -> None:
    blob = modern(3_620_000, 0, tag)
    head, finder = blob[:43], blob[43:-2]
    paying = hashed(hashed(finder) + hashed(b"\x00") + bytes(32))
    content = head + paying + b"\x01"
    assert read_block(blob) == Block(hashed(varint(len(content)) + content).hex(), 3_620_000)


def test_the_tree_of_three_and_of_six_is_joined_from_the_end() -> None:
    a, b, c, d, e, f = (hashed(bytes([n])) for n in range(6))
    assert tree_hash([a]) == a
    assert tree_hash([a, b]) == hashed(a + b)
    assert tree_hash([a, b, c]) == hashed(a + hashed(b + c))
    assert tree_hash([a, b, c, d]) == hashed(hashed(a + b) + hashed(c + d))
    assert tree_hash([a, b, c, d, e, f]) == hashed(hashed(a + b) + hashed(hashed(c + d) + hashed(e + f)))


@pytest.mark.parametrize("damage", [0, 1, 36, 60, 90])
def test_cut_and_foreign_bytes_are_no_block(damage: int) -> None:
    assert read_block(modern(9, 2)[:damage]) is None
    assert read_block(modern(9, 2) + b"x") is None


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    assert read_block(data) is None or isinstance(read_block(data), Block)
    assert read_block(modern(5)[:60] + data) is None or data


def entry(blob: bytes, height: int = 3_620_001) -> bytes:
    return wire.storage({"b": {"block": blob, "txs": []}, "current_blockchain_height": height})


@pytest.mark.parametrize(("command", "word"), [(2001, "new_block"), (2008, "new_fluffy_block")])
@pytest.mark.parametrize("cuts", [(), (1,), (700,)])
def test_a_new_block_is_told_by_name_and_height(command: int, word: str, cuts: tuple[int, ...]) -> None:
    stream = wire.levin(1001, wire.handshake()) + wire.levin(command, entry(modern(3_620_000, 3)))
    events = wire.play(Levin, [(Side.CLIENT, stream)], cuts)
    told = read_block(modern(3_620_000, 3))
    assert told is not None
    assert [type(event) for event in events] == [NodeHello, NodeMessage, NodeBlock]
    assert events[2] == NodeBlock(
        protocol="monero-p2p", side=Side.CLIENT, offset=len(wire.levin(1001, wire.handshake())),
        command=word, block=told.name, height=3_620_000, coins=("XMR",), asked=False,
    )  # fmt: skip


def test_a_block_of_more_transactions_than_are_hashed_is_a_message_only() -> None:
    for others, kinds in ((2047, ["node.message", "node.block"]), (2100, ["node.message"])):
        events = wire.play(Levin, [(Side.CLIENT, wire.levin(2008, entry(modern(7, others))))])
        assert [event.kind for event in events] == kinds


@pytest.mark.parametrize("payload", [entry(b"rubbish"), wire.storage({"b": {}}), wire.storage({})])
def test_a_block_of_another_form_is_a_message_only(payload: bytes) -> None:
    (event,) = wire.play(Levin, [(Side.CLIENT, wire.levin(2008, payload))])
    assert isinstance(event, NodeMessage)


def sync(top: bytes, height: int) -> bytes:
    return wire.storage({"payload_data": {"current_height": height, "top_id": top}})


def test_timed_sync_tells_the_newest_block_once_and_as_asked_for() -> None:
    first, second = os.urandom(32), os.urandom(32)
    messages = [sync(first, 100), sync(first, 100), sync(second, 101), sync(b"short", 7)]
    stream = b"".join(wire.levin(1002, one) for one in messages)
    told = [event for event in wire.play(Levin, [(Side.SERVER, stream)]) if isinstance(event, NodeBlock)]
    assert [(event.block, event.height, event.asked) for event in told] == [
        (first.hex(), 99, True),
        (second.hex(), 100, True),
    ]


def test_a_chain_of_names_tells_its_newest() -> None:
    names = [bytes([n]) * 32 for n in range(20)]
    payload = wire.storage({"m_block_ids": b"".join(names), "start_height": 500, "total_height": 600})
    told = [
        event
        for event in wire.play(Levin, [(Side.SERVER, wire.levin(2007, payload))])
        if isinstance(event, NodeBlock)
    ]
    assert [event.block for event in told] == [raw.hex() for raw in names[-8:]]
    assert [event.height for event in told] == list(range(512, 520))
    assert all(event.asked for event in told)


def test_blocks_go_on_when_other_messages_are_told_no_more() -> None:
    stream = wire.levin(1003) * (MAX_TOLD + 50) + wire.levin(2008, entry(modern(7)))
    events = wire.play(Levin, [(Side.SERVER, stream)])
    assert len(events) == MAX_TOLD + 1
    assert events[-1].kind == "node.block"


@pytest.mark.parametrize(
    ("network", "protocol", "coins"),
    [
        ("1133ff77610441611731008216a1a110", "wow-p2p", ("WOW",)),
        ("0406dfcefc7c274a24d4f38d424460a8", "sumo-p2p", ("SUMO",)),
        ("11111111ffffff111111ffffff11111a", "arq-p2p", ("ARQ",)),
        ("1230f1716104416117318253414cff10", "sal-p2p", ("SAL",)),
        ("00" * 16, "monero-p2p", ()),
    ],
)
def test_a_fork_is_known_by_its_network_id(network: str, protocol: str, coins: tuple[str, ...]) -> None:
    node = {"network_id": bytes.fromhex(network), "my_port": 0, "peer_id": 9, "support_flags": 1}
    listed = [{"adr": {"type": 1}, "id": 3}, {"adr": {"type": 1}, "id": 4}]
    payload = wire.storage({"node_data": node, "local_peerlist_new": listed})
    (event,) = wire.play(Levin, [(Side.CLIENT, wire.levin(1001, payload))])
    assert isinstance(event, NodeHello)
    assert (event.protocol, event.coins) == (protocol, coins)
    assert (event.port, event.peer_id, event.services, event.peers) == (None, 9, 1, 2)
