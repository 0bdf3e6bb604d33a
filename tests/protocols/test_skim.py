"""What is passed over at a glance holds nothing to tell: a stream says the same, skimmed or read."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import bitcoin_p2p, electrum, levin
from protocols.bitcoin_p2p import BitcoinP2P
from protocols.discv4 import Discv4
from protocols.electrum import Electrum
from protocols.events import NodeBlock, NodeMessage, Submit
from protocols.levin import Levin
from protocols.observe import Observer, Read
from protocols.parser import Parser, Side
from protocols.stratum import Stratum
from protocols.table import PARSERS
from tests.protocols import wire
from tests.protocols.test_discv4 import BODIES, packet, rlp

C, S = Side.CLIENT, Side.SERVER
KNOWN = 4  # messages of a side after which it is skimmed
TCP = tuple(parser for parser in PARSERS if parser.transport == "tcp")

Flights = Sequence[tuple[Side, bytes]]


def rpc(**message: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def skims(observer: Observer, side: Side, data: bytes) -> bool:
    return observer.parser is not None and observer.parser.skim(side, data)


def read(parsers: Sequence[type[Parser]], flights: Flights, cuts: Sequence[int]) -> tuple[list[Read], int]:
    """Return what a stream says, and how often its parser was fed."""
    observer, reads, turn = Observer(parsers), list[Read](), 0
    ends = [0, 0]
    for side, data in flights:
        at = 0
        while at < len(data):
            size = cuts[turn % len(cuts)] if cuts else len(data)
            turn += 1
            piece = data[at : at + size]
            if not skims(observer, side, piece):
                reads += observer.feed(side, ends[side], piece)
            ends[side] += len(piece)
            at += size
    return reads, observer.errors


def unskimmed(kind: type[Parser]) -> type[Parser]:
    return type(kind.__name__, (kind,), {"skim": lambda self, side, data: False})


BLOCK = bytes(range(80))
BITCOIN = {
    "ping": wire.bitcoin("ping", bytes(8)),
    "addr": wire.bitcoin("addr", bytes(31 * 40)),
    "tx": wire.bitcoin("tx", bytes(700)),
    "inv tx": wire.bitcoin("inv", wire.inventory(1, 3)),
    "inv wtx": wire.bitcoin("inv", wire.inventory(5, 30)),
    "inv block": wire.bitcoin("inv", wire.inventory(2)),
    "inv none": wire.bitcoin("inv", b"\x00"),
    "inv empty": wire.bitcoin("inv"),
    "getdata tx": wire.bitcoin("getdata", wire.inventory(0x40000001, 2)),
    "getdata block": wire.bitcoin("getdata", wire.inventory(0x40000002)),
    "getdata filtered": wire.bitcoin("getdata", wire.inventory(3)),
    "getheaders": wire.bitcoin("getheaders", bytes(69)),
    "headers": wire.bitcoin("headers", b"\x01" + BLOCK + b"\x00"),
    "cmpctblock": wire.bitcoin("cmpctblock", BLOCK[::-1] + bytes(40)),
    "block": wire.bitcoin("block", BLOCK + bytes(90_000)),
    "filterload": wire.bitcoin("filterload", bytes(9)),
    "version": wire.bitcoin("version", wire.version()),
    "own command": wire.bitcoin("mnb", bytes(20)),
}
LEVIN = {
    "ping": wire.levin(1003),
    "transactions": wire.levin(2002, bytes(3000)),
    "handshake": wire.levin(1001, wire.handshake()),
    "sync": wire.levin(
        1002, wire.storage({"payload_data": {"top_id": bytes(range(32)), "current_height": 9}})
    ),
    "objects": wire.levin(2004, bytes(70_000)),
}
ELECTRUM = {
    "history": rpc(id=7, method="blockchain.scripthash.get_history", params=["00"]),
    "answer": rpc(id=7, result=[]),
    "news": rpc(method="blockchain.scripthash.subscribe", params=["00", None]),
    "batch": rpc(id=8, method="mempool.get_fee_histogram", params=[]) * 3,
    "tip": rpc(method="blockchain.headers.subscribe", params=[{"hex": BLOCK.hex(), "height": 9}]),
    "ask tip": rpc(id=9, method="blockchain.headers.subscribe", params=[]),
    "told tip": rpc(id=9, result={"hex": BLOCK[::-1].hex(), "height": 10}),
    "hello": rpc(id=0, method="server.version", params=["electrum", "1.4"]),
    "long": rpc(id=7, result="00" * 40_000),
    "unrelated": b'{"odd":1}\n',
}
MINING = rpc(id=3, method="mining.submit", params=["u.w", "j", "00000000", "66000000", "0badcafe"])


@pytest.mark.parametrize(
    ("kind", "begin", "said"),
    [
        (BitcoinP2P, (BITCOIN["version"], BITCOIN["ping"]), BITCOIN),
        (Levin, (LEVIN["handshake"], LEVIN["ping"]), LEVIN),
        (Electrum, (ELECTRUM["hello"], ELECTRUM["history"]), ELECTRUM),
    ],
)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_skimming_changes_nothing_that_is_told(
    kind: type[Parser], begin: tuple[bytes, bytes], said: dict[str, bytes], data: st.DataObject
) -> None:
    names = data.draw(
        st.lists(st.tuples(st.sampled_from((C, S)), st.sampled_from(sorted(said))), max_size=40)
    )
    cuts = data.draw(st.sampled_from(((), (1460,), (7,), (23, 1, 900))))
    hello, talk = begin
    flights = [(C, hello), (S, hello), *((side, talk) for side in (C, S) for _ in range(KNOWN))]
    flights += [(side, said[name]) for side, name in names]
    assert read((kind,), flights, cuts) == read((unskimmed(kind),), flights, cuts)


def test_datagrams_of_known_nodes_are_passed_over_but_for_records() -> None:
    talk = [(side, packet(kind, rlp(BODIES[kind][1]))) for kind in (1, 2, 3, 4, 2, 1, 3) for side in (C, S)]
    record = packet(6, rlp(BODIES[6][1]))
    observer, told = Observer((Discv4,)), []
    for side, datagram in [*talk, (C, record)]:
        if not skims(observer, side, datagram):
            told += [event for _, event in observer.datagram(side, datagram)]
    assert [event.kind for event in told] == ["node.hello"] * 2 + ["node.message"] * 4 + ["node.hello"]
    assert not observer.errors


@pytest.mark.parametrize(
    "asked",
    [
        MINING,
        MINING.replace(b'"method"', b'"met\\u0068od"'),
        MINING.replace(b"mining.submit", b"mining.sub\\u006dit"),
        MINING.replace(b'"method": ', b'"method":' + b" " * 40),
        ELECTRUM["history"] + MINING,
        b"[" + MINING.strip() + b"]\n",
    ],
)
def test_a_miner_behind_a_wallets_words_is_still_found(asked: bytes) -> None:
    before = [(C, ELECTRUM["hello"]), *((C, ELECTRUM["history"]) for _ in range(4 * KNOWN))]
    reads, _ = read(TCP, [*before, (C, asked), (C, MINING), (C, MINING)], ())
    assert any(isinstance(event, Submit) for _, event in reads)


@pytest.mark.parametrize("parser", [BitcoinP2P, Levin, Electrum])
def test_a_side_that_was_not_heard_is_read(parser: type[Parser]) -> None:
    said = {BitcoinP2P: BITCOIN["ping"], Levin: LEVIN["ping"], Electrum: ELECTRUM["news"]}[parser]
    hello = {BitcoinP2P: BITCOIN["version"], Levin: LEVIN["handshake"], Electrum: ELECTRUM["hello"]}[parser]
    flights = [(C, hello), *((C, said) for _ in range(50)), *((S, said) for _ in range(3))]
    reads, _ = read((parser,), flights, ())
    assert [event.side for _, event in reads[-3:]] == [S, S, S]
    assert all(isinstance(event, NodeMessage) for _, event in reads[-3:])


def test_blocks_are_told_however_long_the_talk_before() -> None:
    talk = [(side, BITCOIN["inv tx"]) for side in (C, S) for _ in range(200)]
    start = [(C, BITCOIN["version"]), (S, BITCOIN["version"]), *talk]
    reads, _ = read((BitcoinP2P,), [*start, (S, BITCOIN["cmpctblock"])], (1460,))
    assert isinstance(reads[-1][1], NodeBlock)
    assert not reads[-1][1].asked


def test_the_ceilings_of_the_parsers_are_the_same() -> None:
    assert {bitcoin_p2p.MAX_TOLD, levin.MAX_TOLD, electrum.MAX_TOLD} == {KNOWN}
    assert not Stratum().skim(C, MINING)
