import random
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from capture.sources.opening import open_source
from capture.worker import _ENDS, Progress, Worker
from facts.conversation import Conversation
from facts.endpoint import Endpoint
from facts.flow import FLOW
from facts.where import Where
from protocols.events import Login, LoginResult, ShareResult, Submit, Subscribe, Subscribed, Work
from protocols.observe import Observation
from protocols.parser import Side

MINER, POOL = "192.0.2.9", "198.51.100.1"
SECOND = 1_000_000_000

SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["toy/1.0"]}\n'
SUBSCRIBED = b'{"id":1,"result":[[["mining.notify","ae68"]],"08000002",4],"error":null}\n'
AUTHORIZE = b'{"id":2,"method":"mining.authorize","params":["farm.1","x"]}\n'
AUTHORIZED = b'{"id":2,"result":true,"error":null}\n'
NOTIFY = (
    b'{"id":null,"method":"mining.notify","params":["j1","'
    + b"0" * 64
    + b'","01","02",[],"20000000","1a01aa3d","5f5e1000",true]}\n'
)


def test_the_first_fields_of_a_flow_lie_where_they_are_read() -> None:
    flow = np.zeros((), FLOW)
    told = dict(
        zip(
            ("a_hi", "a_lo", "b_hi", "b_lo", "ports", "tunnel", "proto", "state", "syn"),
            range(1, 10),
            strict=True,
        )
    )
    for name, value in told.items():
        flow[name] = value
    assert _ENDS.unpack_from(flow.tobytes()) == tuple(told.values())


def submit(number: int) -> bytes:
    return (
        b'{"id":%d,"method":"mining.submit","params":["farm.1","j1","00000000","5f5e1000","a1b2c3d4"]}\n'
        % number
    )


def accepted(number: int) -> bytes:
    return b'{"id":%d,"result":true,"error":null}\n' % number


class Conn:
    """Both ends of a TCP connection, as packets to be written."""

    def __init__(self, v6: bool = False, first: int = 0xFFFF_FF80) -> None:
        self.hosts = ("2001:db8::9", "2001:db8:1::1") if v6 else (MINER, POOL)
        self.ip = IPv6 if v6 else IP
        self.ports = (51000, 3333)
        self.seq = [first, 1000]

    def packet(self, side: Side, flags: str, seq: int, payload: bytes = b"") -> Packet:
        there = side.other
        ip = self.ip(src=self.hosts[side], dst=self.hosts[there])
        tcp = TCP(sport=self.ports[side], dport=self.ports[there], flags=flags, seq=seq & 0xFFFF_FFFF)
        return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ip / tcp / Raw(payload)

    def open(self) -> list[Packet]:
        packets = [
            self.packet(Side.CLIENT, "S", self.seq[0]),
            self.packet(Side.SERVER, "SA", self.seq[1]),
        ]
        self.seq = [self.seq[0] + 1, self.seq[1] + 1]
        return [*packets, self.packet(Side.CLIENT, "A", self.seq[0])]

    def say(self, side: Side, payload: bytes, cut: int = 1460) -> list[Packet]:
        packets = []
        for at in range(0, len(payload), cut):
            piece = payload[at : at + cut]
            packets.append(self.packet(side, "PA", self.seq[side], piece))
            self.seq[side] += len(piece)
        return packets

    def close(self) -> list[Packet]:
        return [self.packet(side, "FA", self.seq[side]) for side in Side]


def write(path: Path, packets: Sequence[Packet]) -> None:
    for number, packet in enumerate(packets):
        packet.time = 1_600_000_000 + number / 100
    wrpcap(str(path), packets, linktype=1)


def read(
    worker: Worker, path: Path, on_progress: Progress | None = None
) -> tuple[list[Observation], list[Conversation]]:
    with open_source(str(path)) as source:
        out = list(worker.run(source.blocks(), [source], on_progress))
    seen = [item for item in out if isinstance(item, Observation)]
    return seen, [item for item in out if isinstance(item, Conversation)]


def said(seen: list[Observation]) -> list[tuple[type, int | None]]:
    return [(type(o.event), o.where.frame) for o in seen]


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker()


def test_a_session_with_reordering_a_lost_segment_and_fragments_is_read(
    worker: Worker, tmp_path: Path
) -> None:
    conn = Conn()
    packets = conn.open()
    packets += conn.say(Side.CLIENT, SUBSCRIBE)  # frame 4
    packets += conn.say(Side.SERVER, SUBSCRIBED)  # 5
    packets += conn.say(Side.CLIENT, AUTHORIZE)  # 6
    packets += conn.say(Side.SERVER, AUTHORIZED)  # 7
    one, two, three = conn.say(Side.SERVER, NOTIFY, 60)[:3]
    packets += [two, three, one]  # 8, 9, 10
    packets += conn.say(Side.CLIENT, submit(4), 30)  # 11 to 14
    conn.say(Side.SERVER, accepted(4))  # lost by the capture
    whole = conn.say(Side.CLIENT, submit(5))[0]
    packets += fragment(whole, fragsize=64)[::-1]  # 15 to 17, the last one first
    packets += conn.say(Side.SERVER, accepted(5))  # 18, behind the hole
    packets += conn.close()
    path = tmp_path / "session.pcap"
    write(path, packets)
    seen, talks = read(worker, path)
    assert said(seen) == [
        (Subscribe, 4),
        (Subscribed, 5),
        (Login, 6),
        (LoginResult, 7),
        (Work, 10),
        (Submit, 11),
        (Submit, len(packets) - 3),
    ]
    assert {(o.flow.client, o.flow.server) for o in seen} == {
        (Endpoint(ip_address(MINER), 51000), Endpoint(ip_address(POOL), 3333))
    }
    assert [talk.flow for talk in talks] == [seen[0].flow]
    assert talks[0].opened
    assert talks[0].where == Where(str(path), 1)
    assert seen[0].at_ns == 1_600_000_000 * SECOND + 3 * SECOND // 100
    summary = worker.summary
    assert summary.packets == summary.parsed == len(packets)
    assert summary.streams["gaps"] == 1
    assert summary.streams["missing-bytes"] == len(accepted(4))
    assert summary.streams["fragment-reassembled"] == summary.streams["fragments"]


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 7, 12, 24])
def test_a_message_whose_first_segments_are_very_short_is_read_from_its_beginning(
    worker: Worker, tmp_path: Path, cut: int
) -> None:
    conn = Conn()
    line = b'{"id":1,"method":"mining.subscribe","params":["x/1"]}\n'
    short = conn.open() + conn.say(Side.CLIENT, line[: 3 * cut], cut) + conn.say(Side.CLIENT, line[3 * cut :])
    write(tmp_path / "short.pcap", short)
    seen, _ = read(worker, tmp_path / "short.pcap")
    assert said(seen) == [(Subscribe, 4)]


def test_ipv6_mid_stream_with_fragments_names_the_miner_as_client(worker: Worker, tmp_path: Path) -> None:
    conn = Conn(v6=True)
    conn.ports = (1500, 60_000)  # a pool on an upper port: only what is said tells who is who
    packets = conn.say(Side.SERVER, NOTIFY)
    whole = conn.say(Side.CLIENT, submit(4))[0]
    whole[IPv6].payload = IPv6ExtHdrFragment(id=7, nh=6) / whole[TCP]
    packets += fragment6(whole, 120)
    packets += conn.say(Side.SERVER, accepted(4))
    path = tmp_path / "v6.pcap"
    write(path, packets)
    seen, talks = read(worker, path)
    assert said(seen) == [(Work, 1), (Submit, 2), (ShareResult, len(packets))]
    assert {o.flow.client.port for o in seen} == {1500}
    assert [o.event.side for o in seen] == [Side.SERVER, Side.CLIENT, Side.SERVER]
    assert [talk.flow for talk in talks] == [seen[0].flow]
    assert not talks[0].opened
    assert talks[0].payload_bytes[1] == len(NOTIFY) + len(accepted(4))


def test_names_and_what_is_not_ip_are_told_and_counted(worker: Worker, tmp_path: Path) -> None:
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    asked = DNSQR(qname="pool.example")
    query = ether / IP(src=MINER, dst="192.0.2.53") / UDP(sport=40_000) / DNS(id=5, qd=asked)
    answer = DNS(id=5, qr=1, qd=asked, an=DNSRR(rrname="pool.example", rdata=POOL))
    packets = [
        query,
        ether / ARP(),
        ether / IP(src="192.0.2.53", dst=MINER) / UDP(sport=53, dport=40_000) / answer,
    ]
    path = tmp_path / "names.pcap"
    write(path, packets)
    seen, talks = read(worker, path)
    assert [(o.event.kind, o.where.frame) for o in seen] == [("dns.query", 1), ("dns.answer", 3)]
    assert {o.flow.server for o in seen} == {Endpoint(ip_address("192.0.2.53"), 53)}
    assert [talk.packets for talk in talks] == [(1, 1)]
    summary = worker.summary
    assert (summary.packets, summary.parsed, dict(summary.skipped)) == (3, 2, {"not-ip": 1})
    assert summary.skips == ()  # a sound packet without IP is counted, and no damage to look at
    assert summary.bytes == sum(len(packet) for packet in packets)
    assert (summary.flows, summary.tagged_flows) == (1, 1)


def test_runs_know_nothing_of_each_other(tmp_path: Path) -> None:
    conn = Conn()
    start = conn.open() + conn.say(Side.CLIENT, SUBSCRIBE[:30])
    rest = conn.say(Side.CLIENT, SUBSCRIBE[30:]) + conn.say(Side.SERVER, SUBSCRIBED)
    write(tmp_path / "start.pcap", start)
    write(tmp_path / "rest.pcap", rest)
    write(tmp_path / "both.pcap", start + rest)
    progress: list[int] = []
    worker = Worker()
    for name, events in [("start", 0), ("rest", 0), ("both", 2), ("start", 0), ("both", 2)]:
        seen, talks = read(worker, tmp_path / f"{name}.pcap", progress.append)
        assert len(seen) == events
        assert len(talks) == 1
    assert worker.summary.packets == progress[-1] == len(start + rest)


def test_a_run_may_be_left_early(worker: Worker, tmp_path: Path) -> None:
    conn = Conn()
    path = tmp_path / "early.pcap"
    write(path, conn.open() + conn.say(Side.CLIENT, SUBSCRIBE + submit(4) + submit(5)))
    with open_source(str(path)) as source:
        run = worker.run(source.blocks(), [source])
        assert isinstance(next(run), Observation)
        run.close()
    assert len(read(worker, path)[0]) == 3


@pytest.mark.parametrize("seed", range(5))
def test_a_long_session_shuffled_and_repeated_gives_every_share_once(
    worker: Worker, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    conn = Conn()
    packets = conn.open() + conn.say(Side.CLIENT, SUBSCRIBE) + conn.say(Side.SERVER, SUBSCRIBED)
    for number in range(4, 104):
        packets += conn.say(Side.CLIENT, submit(number), rng.randrange(20, 200))
        packets += conn.say(Side.SERVER, accepted(number), rng.randrange(10, 200))
    head, body = packets[:5], packets[5:]
    body += rng.sample(body, 20)
    order = sorted(range(len(body)), key=lambda n: n % (len(packets) - 5) + rng.random() * 6)
    path = tmp_path / "long.pcap"
    write(path, head + [body[n].copy() for n in order])
    seen, _ = read(worker, path)
    kinds = [type(o.event) for o in seen]
    assert kinds.count(Submit) == 100
    assert kinds.count(Subscribe) == kinds.count(Subscribed) == 1
    assert worker.summary.streams["retransmitted-bytes"] > 0
    assert "gaps" not in worker.summary.streams
    assert "parse-errors" not in worker.summary.streams


def test_a_flood_of_small_segments_out_of_order_stays_small(worker: Worker, tmp_path: Path) -> None:
    conn = Conn()
    packets = conn.open() + conn.say(Side.CLIENT, SUBSCRIBE)
    for number in range(3000):
        packets.append(conn.packet(Side.CLIENT, "PA", conn.seq[0] + 10 + 3 * number, b"xx"))
    path = tmp_path / "flood.pcap"
    write(path, packets)
    seen, _ = read(worker, path)
    assert said(seen) == [(Subscribe, 4)]
    assert worker.summary.streams["gaps"] == 3000


def test_a_link_type_that_is_not_read_is_named_once_a_source(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "usb.pcap"
    frame = bytes(40)
    record = (0).to_bytes(8, "little") + len(frame).to_bytes(4, "little") * 2 + frame
    head = bytes.fromhex("d4c3b2a1020004000000000000000000ffff0000") + (189).to_bytes(4, "little")
    path.write_bytes(head + record * 7)
    assert read(worker, path) == ([], [])
    summary = worker.summary
    assert (summary.packets, dict(summary.skipped)) == (7, {"unsupported-link-usb": 7})
    assert [(s.where, s.reason) for s in summary.skips] == [(Where(str(path), 1), "unsupported-link-usb")]
