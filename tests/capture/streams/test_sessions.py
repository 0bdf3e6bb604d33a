from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import numpy as np
import pytest

from capture.records import TAGGED, Tag, TaggedKind
from capture.streams import session as session_module
from capture.streams import sessions as sessions_module
from capture.streams.ends import Ends, believed_client
from capture.streams.rows import FIELDS, ROW
from capture.streams.session import ACK, FIN, RST, SYN
from capture.streams.sessions import Sessions
from facts.endpoint import Endpoint
from protocols.bitcoin_p2p import BitcoinP2P
from protocols.dns import Dns
from protocols.events import NodeMessage, Notice, Submit, Subscribe, Work
from protocols.observe import Observation
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.stratum import Stratum

MINER = Endpoint(ip_address("192.0.2.9"), 51000)
POOL = Endpoint(ip_address("198.51.100.1"), 3333)
SECOND = 1_000_000_000
SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["toy/1.0"]}\n'
SUBMIT = b'{"id":4,"method":"mining.submit","params":["toy.1","j1","00000000","5f5e1000","a1b2c3d4"]}\n'
NOTIFY = (
    b'{"id":null,"method":"mining.notify","params":["j1","'
    + b"0" * 64
    + b'","01","02",[],"20000000","1a01aa3d","5f5e1000",true]}\n'
)


class Wire:
    """Rows as the sieve makes them, by hand; one batch at a time."""

    def __init__(self, ends: Ends, parsers: tuple[type[Parser], ...] = (Stratum,)) -> None:
        self.ends = ends
        self.released: list[int] = []
        self.watched: list[int] = []
        self.sessions = Sessions(
            parsers, ["a.pcap"], lambda flow: self.ends, self.watched.append, self.released.append
        )
        self.rows: list[tuple[Any, ...]] = []
        self.data = b"rubbish"
        self.frame = 0
        self.at_ns = 1000 * SECOND

    def row(
        self,
        direction: int,
        seq: int,
        payload: bytes = b"",
        *,
        flags: int = ACK,
        tag: Tag = Tag.NONE,
        kind: TaggedKind = TaggedKind.SEGMENT,
        missing: int = 0,
        flow: int = 5,
        opposite: int | None = None,
    ) -> None:
        self.frame += 1
        self.at_ns += SECOND // 100
        at = len(self.data)
        self.rows.append(
            (
                flow,
                seq & 0xFFFF_FFFF,
                at,
                len(payload),
                missing,
                0,
                direction,
                flags,
                tag,
                kind,
                0,
                at,
                opposite or 0,
                opposite is not None,
                (0, 0, 0),
                self.at_ns,
                self.frame,
            )
        )
        self.data += payload + b"rubbish"

    def flush(self) -> list[Observation]:
        rows = np.array(self.rows, TAGGED)
        out = list(self.sessions.push(memoryview(np.frombuffer(self.data, np.uint8)), rows))
        self.rows.clear()
        self.data = b"rubbish"
        return out

    def end(self) -> list[Observation]:
        return [*self.flush(), *self.sessions.ended([5])]


def ends(opener: int | None = None, a: Endpoint = MINER, b: Endpoint = POOL, tcp: bool = True) -> Ends:
    return Ends(a, b, tcp, 0, opener, 0)


def said(observations: list[Observation]) -> list[tuple[type[Event], int | None, Side]]:
    return [(type(o.event), o.where.frame, o.event.side) for o in observations]


def test_an_answer_whose_last_segment_overtook_the_first_is_read_whole() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON, opposite=900)
    wire.row(1, 999, NOTIFY[99:])
    wire.row(1, 900, NOTIFY[:99])
    assert said(wire.flush()) == [(Subscribe, 1, Side.CLIENT), (Work, 3, Side.SERVER)]


def test_a_conversation_is_observed_with_the_frame_in_which_each_message_began() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE[:20], tag=Tag.JSON)
    wire.row(1, 900, NOTIFY[:99])
    wire.row(0, 120, SUBSCRIBE[20:] + SUBMIT[:5])
    wire.row(1, 999, NOTIFY[99:])
    wire.row(0, 100 + len(SUBSCRIBE) + 5, SUBMIT[5:])
    out = wire.flush()
    assert said(out) == [(Subscribe, 1, Side.CLIENT), (Work, 2, Side.SERVER), (Submit, 3, Side.CLIENT)]
    assert out[0].at_ns == 1000 * SECOND + SECOND // 100
    assert {o.flow for o in out} == {out[0].flow}
    assert (out[0].flow.client, out[0].flow.server, out[0].where.source) == (MINER, POOL, "a.pcap")


def test_without_a_syn_the_one_who_speaks_as_a_pool_is_the_server_whatever_the_ports_say() -> None:
    low, high = Endpoint(MINER.address, 1024), Endpoint(POOL.address, 45_560)
    wire = Wire(ends(None, low, high))
    wire.row(1, 900, NOTIFY, tag=Tag.JSON)
    wire.row(0, 100, SUBMIT)
    out = wire.flush()
    assert said(out) == [(Work, 1, Side.SERVER), (Submit, 2, Side.CLIENT)]
    assert {(o.flow.client, o.flow.server) for o in out} == {(low, high)}
    wire.end()
    assert wire.sessions.clients == {5: 0}


def test_a_syn_is_believed_more_than_what_is_said() -> None:
    wire = Wire(ends(1))
    wire.row(1, 900, NOTIFY, tag=Tag.JSON)
    out = wire.end()
    assert said(out) == [(Work, 1, Side.CLIENT)]
    assert out[0].flow.client == POOL
    assert wire.sessions.clients == {5: 3}


@pytest.mark.parametrize(
    ("ports", "tcp", "first", "client"),
    [
        ((51000, 3333), True, 1, 0),
        ((443, 51000), True, 0, 1),
        ((3333, 3333), True, 1, 1),
        ((53, 40000), False, 0, 1),
        ((5353, 40000), False, 0, 0),
        ((53, 123), False, 1, 1),
    ],
)
def test_the_believed_client(ports: tuple[int, int], tcp: bool, first: int, client: int) -> None:
    a, b = (Endpoint(MINER.address, port) for port in ports)
    assert believed_client(Ends(a, b, tcp, 0, None, first)) == client


def test_early_segments_wait_for_the_first_one_of_their_flow() -> None:
    wire = Wire(ends(0))
    data = SUBSCRIBE + SUBMIT
    wire.row(0, 140, data[40:60], tag=Tag.EARLY)
    wire.row(0, 120, data[20:40], tag=Tag.EARLY)
    wire.row(0, 100, data[:20], tag=Tag.JSON)
    wire.row(0, 160, data[60:])
    assert said(wire.flush()) == [(Subscribe, 3, Side.CLIENT), (Submit, 1, Side.CLIENT)]


def test_early_segments_have_a_ceiling_and_are_counted_when_nothing_comes_of_them() -> None:
    wire = Wire(ends(0))
    for n in range(sessions_module.MAX_EARLY_TOTAL + 100):
        wire.row(0, 100, b"x", tag=Tag.EARLY, flow=10 + n)
    assert not wire.flush()
    for _ in range(sessions_module.MAX_EARLY + 3):
        wire.row(0, 100, b"x", tag=Tag.EARLY, flow=5)
    assert not wire.flush()
    assert wire.sessions.early_dropped == 100 + sessions_module.MAX_EARLY + 3
    list(wire.sessions.ended([5]))
    assert wire.sessions.early_dropped == 100 + 3 + 2 * sessions_module.MAX_EARLY
    assert wire.sessions.opened == 0
    list(wire.sessions.ended(range(10, 5000)))
    dropped = wire.sessions.early_dropped
    for flow in range(6000, 6100):
        wire.row(0, 100, b"x", tag=Tag.EARLY, flow=flow)
    wire.flush()
    assert wire.sessions.early_dropped == dropped


def test_flows_read_at_once_are_told_of_in_the_order_of_their_packets() -> None:
    wire = Wire(ends(0))
    for flow in (9, 4, 7):
        wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON, flow=flow)
    for flow in (7, 9, 4):
        wire.row(1, 70, NOTIFY, flow=flow)
    found = wire.flush()
    assert [one.where.frame for one in found] == [1, 2, 3, 4, 5, 6]
    assert [type(one.event) for one in found] == [Subscribe] * 3 + [Work] * 3


def test_a_new_connection_on_the_same_ports_is_read_anew() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE + b'{"id":', tag=Tag.JSON)
    wire.row(0, 9000, flags=SYN)
    wire.row(1, 70, flags=SYN | ACK)
    wire.row(0, 9000, flags=SYN)
    wire.row(0, 9001, SUBSCRIBE)
    wire.row(1, 70, flags=SYN | ACK)
    wire.row(1, 71, NOTIFY)
    assert said(wire.flush()) == [
        (Subscribe, 1, Side.CLIENT),
        (Subscribe, 5, Side.CLIENT),
        (Work, 7, Side.SERVER),
    ]


def test_a_repeated_syn_or_answer_to_it_changes_nothing() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    wire.row(0, 9000, flags=SYN)
    wire.row(1, 70, flags=SYN | ACK)
    wire.row(0, 9001, SUBSCRIBE[:20])
    wire.row(1, 71, NOTIFY[:20])
    wire.row(1, 70, flags=SYN | ACK)
    wire.row(0, 9000, flags=SYN)
    wire.row(0, 9021, SUBSCRIBE[20:])
    wire.row(1, 91, NOTIFY[20:])
    assert [frame for _, frame, _ in said(wire.flush())] == [1, 4, 5]


def test_the_answer_to_a_syn_tells_the_client_where_the_syn_was_lost() -> None:
    low, high = Endpoint(MINER.address, 1024), Endpoint(POOL.address, 45_560)
    wire = Wire(ends(None, low, high))
    wire.row(0, 100, b'{"id":3}\n', tag=Tag.JSON)
    wire.row(1, 70, flags=SYN | ACK)
    wire.row(0, 500, SUBSCRIBE)
    out = wire.end()
    assert said(out) == [(Subscribe, 3, Side.CLIENT)]
    assert out[0].flow.client == low
    assert wire.sessions.clients == {5: 2}


def test_a_new_connection_without_a_syn_is_found_by_its_numbering() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    for n in range(6):
        wire.row(0, 0x7000_0000 + n * len(SUBMIT), SUBMIT)
    assert [kind for kind, _, _ in said(wire.flush())] == [Subscribe, *[Submit] * 6]
    assert wire.sessions.tally.astray == 3


def test_data_in_a_syn_is_read() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, flags=SYN, tag=Tag.JSON)
    wire.row(0, 101 + len(SUBSCRIBE), SUBMIT)
    assert said(wire.flush()) == [(Subscribe, 1, Side.CLIENT), (Submit, 2, Side.CLIENT)]


@pytest.mark.parametrize("ending", [[(0, RST)], [(0, FIN), (1, FIN)], []])
def test_what_waits_behind_a_hole_is_read_at_the_end(ending: list[tuple[int, int]]) -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    wire.row(0, 100 + len(SUBSCRIBE) + 50, b"lost its head}\n" + SUBMIT)
    for direction, flags in ending:
        wire.row(direction, 7000, flags=flags | ACK)
    out = wire.flush() if ending else wire.end()
    assert said(out) == [(Subscribe, 1, Side.CLIENT), (Submit, 2, Side.CLIENT)]
    assert (wire.sessions.tally.gaps, wire.sessions.tally.missing) == (1, 50)


def test_a_single_fin_leaves_room_for_what_it_overtook() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    at = 100 + len(SUBSCRIBE)
    wire.row(0, at + 40, SUBMIT[40:], flags=FIN | ACK)
    wire.row(0, at, SUBMIT[:40])
    assert said(wire.flush()) == [(Subscribe, 1, Side.CLIENT), (Submit, 3, Side.CLIENT)]
    assert wire.sessions.tally.gaps == 0


def test_bytes_cut_off_by_the_snap_length_cost_only_their_message() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE + SUBMIT[:10], missing=len(SUBMIT) - 10, tag=Tag.JSON)
    wire.row(0, 100 + len(SUBSCRIBE) + len(SUBMIT), SUBMIT)
    assert said(wire.flush()) == [(Subscribe, 1, Side.CLIENT), (Submit, 2, Side.CLIENT)]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x01" * 1000, "unrecognised"),
        (b'{"id":1}\n' * 10, "mute-lines"),
        (b"{" + b" " * 30_000, "mute-bytes"),
    ],
)
def test_a_flow_that_says_nothing_of_ours_is_let_go_and_counted(payload: bytes, reason: str) -> None:
    wire = Wire(ends(0))
    for n in range(40):
        wire.row(0, 100 + n * len(payload), payload, tag=Tag.JSON)
    assert not wire.flush()
    assert wire.sessions.let_go == {reason: 1}
    assert wire.released == [5]
    assert wire.sessions.clients == {5: 2}
    assert wire.sessions.opened == 1


def test_a_new_connection_after_one_let_go_is_read_in_the_same_rows_and_in_later_ones() -> None:
    wire = Wire(ends(0))
    for n in range(20):
        wire.row(0, 100 + n * 5000, b"\x01" * 5000, tag=Tag.JSON)
    wire.row(0, 7000, flags=SYN)
    wire.row(0, 7001, SUBSCRIBE)
    assert said(wire.flush()) == [(Subscribe, 22, Side.CLIENT)]
    assert not wire.released
    assert wire.sessions.let_go == {"mute-bytes": 1}
    wire.row(0, 7001 + len(SUBSCRIBE), SUBMIT)
    assert said(wire.flush()) == [(Submit, 23, Side.CLIENT)]


def test_the_rest_of_a_flow_that_was_let_go_is_passed_over() -> None:
    wire = Wire(ends(0))
    for n in range(20):
        wire.row(0, 100 + n * 5000, b"\x01" * 5000, tag=Tag.JSON)
    wire.row(0, 100_100, SUBSCRIBE)
    assert not wire.flush()
    assert wire.released == [5]
    assert wire.sessions.opened == 1


def test_a_flow_that_stays_mute_is_let_go_in_capture_time() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, b"{", tag=Tag.JSON)
    wire.at_ns += session_module.MUTE_NS
    wire.row(0, 101, b" ")
    wire.flush()
    assert wire.sessions.let_go == {"mute-time": 1}


def test_nodes_are_let_go_once_they_are_known() -> None:
    class Chatter(Parser):
        name = "chatter"
        transport = "tcp"

        @classmethod
        def probe(cls, heads: Heads) -> Match:
            return Match.YES

        def feed(self, side: Side, data: bytes) -> Iterator[Event]:
            yield NodeMessage(protocol="bitcoin-p2p", side=side, offset=0, command="inv")

    wire = Wire(ends(0), (Chatter,))
    for n in range(session_module.MAX_NODE_EVENTS + 5):
        wire.row(0, 100 + n, b"x", tag=Tag.BITCOIN_P2P)
    assert len(wire.flush()) == session_module.MAX_NODE_EVENTS
    assert wire.sessions.let_go == {"node-known": 1}


def test_a_long_first_message_of_a_known_protocol_is_not_mute() -> None:
    wire = Wire(ends(0), (BitcoinP2P,))
    header = bytes.fromhex("f9beb4d9") + b"block".ljust(12, b"\0") + (900_000).to_bytes(4, "little") + b"????"
    wire.row(0, 100, header, tag=Tag.BITCOIN_P2P)
    for n in range(60):
        wire.row(0, 124 + n * 10_000, bytes(10_000))
    wire.flush()
    assert not wire.sessions.let_go


def test_datagrams_are_observed_one_by_one() -> None:
    resolver, asker = Endpoint(POOL.address, 53), Endpoint(MINER.address, 40_000)
    wire = Wire(ends(None, resolver, asker, tcp=False), (Stratum, Dns))
    query = bytes.fromhex("00010100000100000000000004706f6f6c076578616d706c650000010001")
    wire.row(1, 0, query, kind=TaggedKind.DATAGRAM, tag=Tag.DNS)
    wire.row(1, 0, b"", kind=TaggedKind.DATAGRAM)
    wire.row(1, 0, query, kind=TaggedKind.DATAGRAM)
    out = wire.flush()
    assert [(o.event.kind, o.where.frame, o.flow.client, o.flow.transport) for o in out] == [
        ("dns.query", 1, asker, "udp"),
        ("dns.query", 3, asker, "udp"),
    ]


def test_the_idlest_quarter_goes_when_the_table_of_sessions_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_SESSIONS", 100)
    wire = Wire(ends(0))
    for flow in range(100, 200):
        wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON, flow=flow)
    wire.row(0, 100 + len(SUBSCRIBE), SUBMIT, flow=100)
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON, flow=200)
    assert len(wire.flush()) == 102
    assert wire.sessions.let_go == {"session-table-full": 25}
    assert wire.released == list(range(101, 126))


def test_what_a_session_held_is_given_back_when_it_goes() -> None:
    wire = Wire(ends(0))
    wire.row(0, 100, SUBSCRIBE, tag=Tag.JSON)
    wire.row(0, 900, SUBMIT)
    wire.flush()
    assert wire.sessions.tally.held > 0
    wire.end()
    assert wire.sessions.tally.held == 0
    wire.row(0, 100, b"?", tag=Tag.JSON, flow=6)
    wire.row(1, 100, b"?!", flow=6)
    wire.row(1, 900, b"behind a hole", flow=6)
    for n in range(300):
        wire.row(0, 101 + n, b"\n", flow=6)
    wire.flush()
    assert wire.sessions.let_go == {"mute-lines": 1}
    assert wire.sessions.tally.held == 0


def test_a_stray_event_of_unknown_sender_keeps_the_belief() -> None:
    class Polite(Parser):
        name = "polite"
        transport = "tcp"

        @classmethod
        def probe(cls, heads: Heads) -> Match:
            return Match.YES

        def feed(self, side: Side, data: bytes) -> Iterator[Event]:
            if data == b"notice":
                yield Notice(protocol="x", side=side, offset=0, method="hello")
            else:
                yield NodeMessage(protocol="x", side=side, offset=0, command="inv")

    wire = Wire(ends(None), (Polite,))
    wire.row(0, 100, b"other", tag=Tag.JSON)
    wire.row(0, 105, b"notice", tag=Tag.JSON)
    out = wire.flush()
    assert {(o.flow.client, o.event.side) for o in out} == {(MINER, Side.CLIENT)}


def test_rows_are_read_field_by_field_as_they_were_written() -> None:
    rows = np.zeros(3, TAGGED)
    for place, name in enumerate(FIELDS):
        rows[name] = [place + 1, 2 * place + 1, 3 * place + 1]
    read = [tuple(int(row[name]) for name in FIELDS) for row in rows]
    assert list(ROW.iter_unpack(rows.tobytes())) == read
