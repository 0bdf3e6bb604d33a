"""BIP 324 is told by its structure, and what only looks random is not."""

import random
import struct
from collections.abc import Iterator

import pytest

from facts.errors import ParseError
from protocols.bitcoin_p2p_v2 import BitcoinP2PV2
from protocols.events import NodeHello, NodeMessage
from protocols.observe import Observer
from protocols.parser import Event, Handover, Match, Side
from protocols.table import PARSERS
from tests.protocols import wire

C, S = Side.CLIENT, Side.SERVER


def session(seed: int, agent: int = 16) -> list[tuple[Side, bytes]]:
    """Both sides of a connection as BIP 324 has it: keys, garbage, terminators, packets of contents + 20."""
    drawn = random.Random(seed)

    def packet(contents: int) -> bytes:
        return drawn.randbytes(contents + 20)

    def handshake() -> bytes:
        return drawn.randbytes(16) + packet(0)

    introduction = 13 + 86 + agent
    return [
        (C, drawn.randbytes(64 + drawn.randrange(4096 - 64))),
        (S, drawn.randbytes(64 + drawn.randrange(4096))),
        (C, handshake() + packet(introduction)),
        (S, handshake() + packet(introduction)),
        (S, packet(13) + packet(13) + packet(13)),
        (C, packet(13)),
        (C, packet(13) + packet(13)),
        (C, packet(10)),
        (S, packet(9)),
        (C, packet(9)),
        (S, packet(9)),
        (S, packet(1 + 1 + 36)),
    ]


def kinds(events: list[Event]) -> list[tuple[str, Side]]:
    return [(event.kind, event.side) for event in events]


def observed(flights: wire.Flights) -> list[Event]:
    observer = Observer([BitcoinP2PV2])
    at = {C: 0, S: 0}
    out: list[Event] = []
    for side, data in flights:
        out += [event for _, event in observer.feed(side, at[side], data)]
        at[side] += len(data)
    out += [event for _, event in observer.end()]
    return out


def test_both_sides_are_introduced_and_a_ping_is_seen_by_its_answer() -> None:
    flights = session(1)
    events = wire.play(BitcoinP2PV2, flights)
    assert events[:2] == [
        NodeHello(protocol="bitcoin-p2p-v2", side=S, offset=0, network="unknown", sealed=True),
        NodeHello(protocol="bitcoin-p2p-v2", side=C, offset=0, network="unknown", sealed=True),
    ]
    (pong,) = [event for event in events if isinstance(event, NodeMessage)]
    at = sum(len(data) for side, data in flights[:9] if side is C)
    assert pong == NodeMessage(protocol="bitcoin-p2p-v2", side=C, offset=at, command="pong", sealed=True)
    assert all(not getattr(event, "coins", ()) for event in events)


@pytest.mark.parametrize("seed", range(200))
def test_every_session_is_told(seed: int) -> None:
    flights = session(seed, agent=seed % 40)
    mss = [(side, data[at : at + 536]) for side, data in flights for at in range(0, len(data), 536)]
    for events in (wire.play(BitcoinP2PV2, flights), wire.play(BitcoinP2PV2, mss), observed(flights)):
        assert {("node.hello", C), ("node.hello", S)} <= set(kinds(events))


@pytest.mark.parametrize("cuts", [[1], [7, 100], [1460]])
def test_other_cuts_lose_the_signs_at_most(cuts: list[int]) -> None:
    for seed in range(20):
        told = kinds(wire.play(BitcoinP2PV2, session(seed), cuts))
        assert set(told) <= set(kinds(wire.play(BitcoinP2PV2, session(seed)))) | {("node.message", S)}


def test_the_probe_waits_for_both_keys_and_for_the_end_of_the_handshake() -> None:
    drawn = random.Random(5)
    key = drawn.randbytes(64)
    assert BitcoinP2PV2.probe({}) is Match.MORE
    assert BitcoinP2PV2.probe({C: key}) is Match.MORE
    assert BitcoinP2PV2.probe({S: key}) is Match.NO
    assert BitcoinP2PV2.probe({C: drawn.randbytes(150), S: key}) is Match.MORE
    assert BitcoinP2PV2.probe({C: drawn.randbytes(150), S: drawn.randbytes(100)}) is Match.YES


def noise(drawn: random.Random) -> list[tuple[Side, bytes]]:
    """Stratum V2: acts of 64 and 234 bytes, then frames."""
    return [
        (C, drawn.randbytes(64)), (S, drawn.randbytes(234)), (C, drawn.randbytes(120)),
        (S, drawn.randbytes(44)), (C, drawn.randbytes(100)), (S, drawn.randbytes(300)),
    ]  # fmt: skip


def ssh(drawn: random.Random) -> list[tuple[Side, bytes]]:
    banner = b"SSH-2.0-OpenSSH_9.6p1 Debian-4\r\n"
    names = (
        struct.pack(">IBB", 1300, 6, 20) + drawn.randbytes(16) + b"curve25519-sha256,ecdh-sha2-nistp256," * 30
    )
    return [
        (C, banner),
        (S, banner),
        (C, names),
        (S, names),
        (C, drawn.randbytes(500)),
        (S, drawn.randbytes(500)),
    ]


def tls(drawn: random.Random) -> list[tuple[Side, bytes]]:
    hello = wire.record(wire.client_hello(extensions=wire.server_name("node.example") + drawn.randbytes(300)))
    later = b"\x17\x03\x03" + struct.pack(">H", 800) + drawn.randbytes(800)
    return [(C, hello), (S, later), (C, later), (S, later)]


def rlpx(drawn: random.Random) -> list[tuple[Side, bytes]]:
    auth, ack = drawn.randbytes(440), drawn.randbytes(380)
    return [
        (C, struct.pack(">H", 441) + b"\x04" + auth), (S, struct.pack(">H", 381) + b"\x04" + ack),
        (C, drawn.randbytes(400)), (S, drawn.randbytes(400)),
    ]  # fmt: skip


def shadowsocks(drawn: random.Random) -> list[tuple[Side, bytes]]:
    """A salt, then chunks, each with its length sealed before it: 34 bytes more than their contents."""
    return [
        (side, drawn.randbytes(extra + 34 + drawn.randrange(200, 1300)))
        for side, extra in ((C, 32), (S, 32), (C, 0), (S, 0), (C, 0), (S, 0), (S, 0), (C, 0))
    ]


def one_sided(drawn: random.Random) -> list[tuple[Side, bytes]]:
    """A node of version 1 hangs up when it is spoken to in version 2."""
    return [(C, drawn.randbytes(700))]


def short_answer(drawn: random.Random) -> list[tuple[Side, bytes]]:
    """A first answer shorter than a key, as a status or a length is."""
    return [
        (C, drawn.randbytes(300)), (S, drawn.randbytes(20)), (C, drawn.randbytes(300)),
        (S, drawn.randbytes(300)), (C, drawn.randbytes(300)),
    ]  # fmt: skip


def text_later(drawn: random.Random) -> list[tuple[Side, bytes]]:
    return [(C, drawn.randbytes(200)), (S, drawn.randbytes(200)), (C, b'{"id":1,"method":"login"}' * 9)]


@pytest.mark.parametrize("other", [noise, shadowsocks, ssh, tls, rlpx, one_sided, short_answer, text_later])
@pytest.mark.parametrize("seed", range(25))
def test_other_protocols_are_not_claimed(other: object, seed: int) -> None:
    assert callable(other)
    flights = list(other(random.Random(seed)))
    assert observed(flights) == []


def test_a_first_message_of_lightning_is_no_key() -> None:
    assert BitcoinP2PV2.probe({C: b"\0" + random.Random(2).randbytes(49)}) is Match.NO


def test_more_garbage_than_is_allowed_is_something_else() -> None:
    drawn = random.Random(6)
    parser = BitcoinP2PV2()
    assert list(parser.feed(C, drawn.randbytes(64 + 4095))) == []
    with pytest.raises(ParseError, match="garbage"):
        list(parser.feed(C, drawn.randbytes(1)))


def test_the_first_flights_of_stratum_v2_are_left_to_its_own_parser() -> None:
    drawn = random.Random(3)
    parser = BitcoinP2PV2()
    heads = {C: drawn.randbytes(64), S: drawn.randbytes(234)}
    assert BitcoinP2PV2.probe(heads) is Match.MORE
    for side, data in heads.items():
        assert list(parser.feed(side, data)) == []
    with pytest.raises(ParseError, match="Stratum V2"):
        list(parser.feed(C, drawn.randbytes(120)))
    assert parser.handover is not None


def test_a_gap_in_the_opening_ends_it_and_a_later_one_does_not() -> None:
    flights = session(7)
    parser = BitcoinP2PV2()
    list(parser.feed(*flights[0]))
    parser.gap(S, 10)
    assert list(parser.feed(*flights[1])) == []
    assert parser.handover == Handover(None, ((S, 10, flights[1][1]),))
    parser = BitcoinP2PV2()
    for flight in flights[:6]:
        list(parser.feed(*flight))
    parser.gap(S, 10)
    assert parser.handover is None
    assert list(parser.feed(C, random.Random(1).randbytes(29))) == []


def test_mining_behind_a_random_preamble_is_read() -> None:
    drawn = random.Random(8)
    ask = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'
    answer = b'{"id":1,"result":[[["mining.notify","ab"]],"08000002",4],"error":null}\n'
    observer = Observer([parser for parser in PARSERS if parser.transport == "tcp"])
    at = {C: 0, S: 0}
    told = []
    for side, data in ((C, drawn.randbytes(300)), (S, drawn.randbytes(300)), (C, ask), (S, answer)):
        told += observer.feed(side, at[side], data)
        at[side] += len(data)
    told += observer.end()
    assert [(offset, event.kind) for offset, event in told] == [
        (300, "pool.subscribe"),
        (300, "pool.subscribed"),
    ]


def endless(drawn: random.Random) -> Iterator[tuple[Side, bytes]]:
    while True:
        yield C, drawn.randbytes(29)
        yield S, drawn.randbytes(29)


def test_a_session_is_let_go_when_nothing_new_can_come() -> None:
    parser = BitcoinP2PV2()
    told = [event for flight in session(9) for event in parser.feed(*flight)]
    for side, data in endless(random.Random(4)):
        told += parser.feed(side, data)
        if parser.finished:
            break
    assert len(told) < 20
