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
from protocols.websocket import MAX_QUIET, WebSocket
from tests.protocols import websocket_wire, wire
from tests.protocols.test_discv4 import BODIES, packet, rlp

C, S = Side.CLIENT, Side.SERVER
KNOWN = 4  # messages of a side after which it is skimmed
TCP = tuple(parser for parser in PARSERS if parser.transport == "tcp")

Flights = Sequence[tuple[Side, bytes]]


def rpc(**message: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def web(side: Side, body: object) -> bytes:
    text = json.dumps(body, ensure_ascii=False).encode()
    return websocket_wire.frame(text, mask=websocket_wire.MASK if side is C else b"")


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
WEB: dict[str, object] = {
    "chat": {"type": "chat", "user": "\u2603", "text": "what a day", "likes": [1, 2, {"id": 3}]},
    "long": {"prices": ["1.25"] * 40},
    "longer": {"prices": ["1.25"] * 9000},
    "escaped": {"text": 'a "quoted" word'},
    "hello": {"id": 1, "method": "subscribe", "params": ["a"]},
    "answer": {"id": 1, "result": True},
    "bare answer": {"id": 1},
    "auth": {"type": "auth", "params": {"site_key": "K" * 32, "type": "anonymous"}},
    "authed": {"type": "authed", "params": {"token": "t", "hashes": 0}},
    "job": {"type": "job", "params": {"blob": "0a" * 76, "job_id": "j", "target": "285c8f02"}},
    "share": {"type": "submit", "params": {"job_id": "j", "nonce": "5ef9910b", "result": "ab" * 32}},
    "taken": {"type": "hash_accepted", "params": {"hashes": 1}},
    "handshake": {"identifier": "handshake", "pool": "p", "login": "l", "userid": "", "version": 7},
    "failure": {"identifier": "error", "param": "no"},
    "mining": {"id": 2, "method": "mining.subscribe", "params": []},
    "register": {"message": "register", "mode": "smart", "address": "NQ07"},
    "error": {"message": "error", "reason": "no"},
    "array": [1, 2],
    "nothing": {},
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


@settings(max_examples=150, deadline=None)
@given(
    said=st.lists(st.tuples(st.sampled_from((C, S)), st.sampled_from(sorted(WEB))), max_size=30),
    cuts=st.sampled_from(((), (), (), (1460,), (7,), (23, 1, 900))),
    begin=st.sampled_from(("chat", "auth", "hello")),
)
def test_skimming_a_web_socket_changes_nothing_that_is_told(
    said: list[tuple[Side, str]], cuts: Sequence[int], begin: str
) -> None:
    flights = [(side, web(side, WEB[name])) for side, name in [(C, begin), (S, "chat"), *said]]
    assert read((WebSocket,), flights, cuts) == read((unskimmed(WebSocket),), flights, cuts)


def test_a_chat_is_passed_over_and_let_go_as_soon_as_if_it_were_read() -> None:
    flights = [(side, web(side, WEB["chat"])) for side in (C, S)]
    ends = []
    for parser in (WebSocket, unskimmed(WebSocket)):
        observer, passed, count = Observer((parser,)), 0, 0
        while not observer.reason:
            side, data = flights[count % 2]
            count += 1
            if skims(observer, side, data):
                passed += 1
            else:
                observer.feed(side, count * len(data), data)
        ends.append((count, observer.reason, passed > count - 8))
    assert ends == [(MAX_QUIET, "finished", True), (MAX_QUIET, "finished", False)]


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
