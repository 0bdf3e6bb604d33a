"""Rings on a real interface: every packet as it was sent, once, whatever the filter, the tag and the load."""

import random
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from benchmarks.wire import Frames, Wire, inside
from capture.records import Block
from capture.sources.ring import DROPPED, Ring, RingSettings, open_rings
from capture.sources.ring_filter import compile_filter
from capture.sources.source import SourceError
from facts.errors import UsageError
from tests.live.listening import SAMPLES, SMALL, all_closed, listen, probed, send

HOSTS = {"dst": "02:00:00:00:00:01", "src": "02:00:00:00:00:02"}


def conversation(client: str, server: str, port: int, packets: int) -> list[Packet]:
    """UDP both ways between two hosts."""
    there = Ether(**HOSTS) / IP(src=client, dst=server) / UDP(sport=port, dport=9)
    back = Ether(**HOSTS) / IP(src=server, dst=client) / UDP(sport=9, dport=port)
    return [(there if i % 2 else back) / Raw(i.to_bytes(4)) for i in range(packets)]


def sent(folder: Path, packets: Sequence[Packet]) -> Frames:
    wrpcap(str(folder / "sent.pcap"), list(packets))
    return Frames(folder / "sent.pcap")


def heard(wire: Wire, rings: Sequence[Ring], frames: Frames) -> list[list[tuple[bytes, int, int]]]:
    """Send, stop, and return what each ring gave: (bytes, length on the wire, time)."""
    found: list[list[tuple[bytes, int, int]]] = [[] for _ in rings]

    def read(ring: Ring, into: list[tuple[bytes, int, int]]) -> None:
        for block in ring.blocks():
            into += packets_of(block)

    readers = [threading.Thread(target=read, args=pair) for pair in zip(rings, found, strict=True)]
    with all_closed(rings):
        for ring in rings:
            ring.start()
        for reader in readers:
            reader.start()
        send(wire, frames)
        time.sleep(0.05)
        for ring in rings:
            ring.stop()
        for reader in readers:
            reader.join()
    return found


def packets_of(block: Block) -> list[tuple[bytes, int, int]]:
    return [
        (
            block.data[int(row["start"]) : int(row["start"] + row["caplen"])].tobytes(),
            int(row["wirelen"]),
            int(row["time_ns"]),
        )
        for row in block.records
    ]


def test_every_packet_comes_as_it_was_sent_and_in_order(wire: Wire) -> None:
    frames = Frames(SAMPLES / "tunnels.pcap.zst")
    (found,) = heard(wire, listen(wire), frames)
    assert [data for data, _, _ in found] == list(frames)
    assert all(length == len(data) for data, length, _ in found)
    assert all(a <= b for (*_, a), (*_, b) in pairwise(found))
    assert abs(found[0][2] - time.time_ns()) < 60_000_000_000


TAGGED = [
    Dot1Q(vlan=100),
    Dot1Q(vlan=4094, prio=7, dei=1),
    Dot1AD(vlan=300) / Dot1Q(vlan=20, prio=3),
    Dot1Q(vlan=7) / Dot1Q(vlan=8) / Dot1Q(vlan=9),
    Dot1Q(vlan=0, prio=5),
]


@pytest.mark.parametrize("tags", TAGGED, ids=lambda tags: tags.summary())
def test_the_outer_vlan_tag_is_put_back(wire: Wire, tags: Packet, tmp_path: Path) -> None:
    packets = [Ether(**HOSTS) / tags / IP(dst="192.0.2.1") / UDP(dport=53) / Raw(bytes(n)) for n in range(90)]
    frames = sent(tmp_path, packets)
    (found,) = heard(wire, listen(wire), frames)
    assert [data for data, _, _ in found] == list(frames)
    assert all(length == len(data) for data, length, _ in found)


def test_two_workers_get_every_packet_once_and_both_get_some(wire: Wire, tmp_path: Path) -> None:
    packets = [
        packet
        for host in range(1, 65)
        for packet in conversation(f"192.0.2.{host}", f"198.51.100.{host}", 1000 + host, 40)
    ]
    random.Random(1).shuffle(packets)
    frames = sent(tmp_path, packets)
    one, other = heard(wire, listen(wire, workers=2), frames)
    assert Counter(data for data, _, _ in [*one, *other]) == Counter(frames)
    assert len(one) > 200
    assert len(other) > 200


@pytest.mark.parametrize(
    "layers",
    [Raw(), Dot1Q(vlan=5), Dot1AD(vlan=6) / Dot1Q(vlan=5), Dot1Q(vlan=5) / PPPoE(sessionid=1) / PPP()],
    ids=["plain", "802.1Q", "QinQ", "PPPoE"],
)
def test_what_two_hosts_say_comes_to_one_worker(wire: Wire, layers: Packet, tmp_path: Path) -> None:
    packets: list[Packet] = []
    for host in range(1, 33):
        pair = {"src": f"192.0.2.{host}", "dst": f"203.0.113.{200 - host}"}
        back = {"src": pair["dst"], "dst": pair["src"]}
        six = {"src": f"2001:db8::{host}", "dst": f"2001:db8:9::{host + 7}"}
        packets += [IP(**pair) / TCP(dport=3333) / Raw(b"a" * 9), IP(**back) / TCP(sport=3333) / Raw(b"b")]
        packets += [
            IP(**back) / UDP(dport=host) / Raw(b"c"),
            *fragment(IP(**pair) / UDP() / Raw(bytes(4000))),
        ]
        packets += [IPv6(**six) / UDP(), IPv6(src=six["dst"], dst=six["src"]) / TCP()]
    outer = Ether(**HOSTS) if layers.name == "Raw" else Ether(**HOSTS) / layers
    frames = sent(tmp_path, [outer / packet for packet in packets])
    sides: dict[frozenset[str], set[int]] = {}
    found = heard(wire, listen(wire, workers=2), frames)
    assert sum(map(len, found)) == len(frames)
    for worker, some in enumerate(found):
        for data, _, _ in some:
            packet = Ether(data)
            ip = packet[IP] if IP in packet else packet[IPv6]
            sides.setdefault(frozenset((ip.src, ip.dst)), set()).add(worker)
    assert all(len(workers) == 1 for workers in sides.values())
    assert set().union(*sides.values()) == {0, 1}


def test_a_filter_takes_what_it_names(wire: Wire, tmp_path: Path) -> None:
    wanted = conversation("192.0.2.1", "198.51.100.1", 3333, 20)
    frames = sent(tmp_path, [*wanted, *conversation("192.0.2.1", "198.51.100.1", 443, 20)])
    with inside(wire.far_namespace):
        program = compile_filter("udp port 3333", wire.far, 262_144)
    rings = listen(wire, RingSettings(megabytes=8, program=program))
    (found,) = heard(wire, rings, frames)
    assert [data for data, _, _ in found] == list(frames)[:20]
    assert rings[0].skipped_counts.total() == 0  # what is not wanted is not lost


def test_a_filter_knows_the_tag_that_the_system_took_off(wire: Wire, tmp_path: Path) -> None:
    plain = Ether(**HOSTS) / IP() / UDP()
    packets = [
        plain,
        Ether(**HOSTS) / Dot1Q(vlan=5) / IP() / UDP(),
        Ether(**HOSTS) / Dot1Q(vlan=6) / IP() / UDP(),
    ]
    frames = sent(tmp_path, packets)
    with inside(wire.far_namespace):
        program = compile_filter("vlan 5", wire.far, 262_144)
    (found,) = heard(wire, listen(wire, RingSettings(megabytes=8, program=program)), frames)
    assert [data for data, _, _ in found] == [list(frames)[1]]


def test_a_filter_that_is_none_is_refused_with_the_reason(wire: Wire) -> None:
    with inside(wire.far_namespace), pytest.raises(UsageError, match="syntax error"):
        compile_filter("tcp prt 80", wire.far, 65535)


def test_the_snap_length_cuts_and_the_length_on_the_wire_stays(wire: Wire, tmp_path: Path) -> None:
    packets = [Ether(**HOSTS) / Dot1Q(vlan=9) / IP() / UDP() / Raw(bytes(n)) for n in (0, 10, 100, 1000)]
    frames = sent(tmp_path, packets)
    (found,) = heard(wire, listen(wire, RingSettings(megabytes=8, snap_length=96)), frames)
    # The tag is not there when the system cuts; it comes on top.
    assert [data for data, _, _ in found] == [frame[:100] for frame in frames]
    assert [length for _, length, _ in found] == [len(frame) for frame in frames]


def test_what_a_full_ring_loses_is_counted(wire: Wire, tmp_path: Path) -> None:
    frames = sent(tmp_path, [Ether(**HOSTS) / IP() / UDP() / Raw(bytes(1400))] * 4000)
    (ring,) = rings = listen(wire, RingSettings(megabytes=2))
    with all_closed(rings):
        ring.start()
        send(wire, frames)  # 5.6 MB, and nobody reads
        time.sleep(0.1)
        ring.stop()
        read = sum(len(block.records) for block in ring.blocks())
    assert read == ring.records
    assert 1000 < read < 2000
    assert ring.skipped_counts == {DROPPED: 4000 - read}


def test_lost_packets_are_a_named_reason_and_the_sum_holds(wire: Wire, tmp_path: Path) -> None:
    frames = sent(tmp_path, [Ether(**HOSTS) / IP() / UDP() / Raw(bytes(1400))] * 4000)
    rings = listen(wire, RingSettings(megabytes=2))
    rings[0].start()
    send(wire, frames)
    ended = probed(wire, rings, sent(tmp_path, []))
    assert ended.counts.packets == 4000
    assert ended.counts.skipped == {DROPPED: 4000 - ended.counts.parsed}
    assert ended.counts.skipped[DROPPED] > 2000


def test_packets_before_the_start_and_after_the_stop_are_not_taken(wire: Wire, tmp_path: Path) -> None:
    frames = sent(tmp_path, conversation("192.0.2.1", "198.51.100.1", 1, 10))
    (ring,) = rings = listen(wire)
    with all_closed(rings):
        send(wire, frames)
        ring.start()
        send(wire, frames)
        time.sleep(0.05)
        ring.stop()
        send(wire, frames)
        assert sum(len(block.records) for block in ring.blocks()) == 10
    assert not ring.skipped_counts


def test_a_packet_on_the_loopback_comes_once(wire: Wire) -> None:
    with inside(wire.far_namespace):
        (ring,) = rings = open_rings(["lo"], 1, SMALL)
        with all_closed(rings), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            ring.start()
            sock.bind(("127.0.0.1", 0))
            sock.sendto(b"once", sock.getsockname())
            time.sleep(0.05)
            ring.stop()
            found = [packet for block in ring.blocks() for packet in packets_of(block)]
    assert [data[-4:] for data, _, _ in found] == [b"once"]


def test_both_directions_of_an_interface_are_heard(wire: Wire, tmp_path: Path) -> None:
    frames = sent(tmp_path, conversation("192.0.2.1", "198.51.100.1", 1, 10))
    (ring,) = rings = listen(wire)
    with all_closed(rings):
        ring.start()
        send(wire, frames)
        with inside(wire.far_namespace):
            frames.send(wire.far)
        time.sleep(0.05)
        ring.stop()
        assert sum(len(block.records) for block in ring.blocks()) == 20


def promiscuity(wire: Wire) -> str:
    command = ["ip", "-n", wire.far_namespace, "-d", "link", "show", wire.far]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("promiscuity") + 1]


@pytest.mark.parametrize(("wanted", "shown"), [(True, "1"), (False, "0")])
def test_promiscuous_mode_is_asked_for_and_given_back(wire: Wire, wanted: bool, shown: str) -> None:
    with all_closed(listen(wire, RingSettings(megabytes=2, promiscuous=wanted))):
        assert promiscuity(wire) == shown
    assert promiscuity(wire) == "0"


def test_an_interface_that_is_not_there_is_named(wire: Wire) -> None:
    with inside(wire.far_namespace), pytest.raises(SourceError, match="eth77: no such interface"):
        open_rings(["eth77"], 1, SMALL)


def test_an_interface_that_is_down_is_named(wire: Wire) -> None:
    subprocess.run(["ip", "-n", wire.far_namespace, "link", "set", wire.far, "down"], check=True)
    with pytest.raises(SourceError, match=f"{wire.far}: the interface is down"):
        listen(wire)


def test_an_interface_that_is_taken_away_ends_the_run_with_what_came_before(
    wire: Wire, tmp_path: Path
) -> None:
    frames = sent(tmp_path, conversation("192.0.2.1", "198.51.100.1", 1, 10))
    (ring,) = rings = listen(wire)
    with all_closed(rings):
        ring.start()
        send(wire, frames)
        subprocess.run(["ip", "-n", wire.near_namespace, "link", "del", wire.near], check=True)
        assert sum(len(block.records) for block in ring.blocks()) == 10
    assert ring.damage_counts == {"interface-gone": 1}


def test_an_interface_that_goes_down_and_comes_back_is_heard_on(wire: Wire, tmp_path: Path) -> None:
    frames = sent(tmp_path, conversation("192.0.2.1", "198.51.100.1", 1, 10))
    link = ["ip", "-n", wire.far_namespace, "link", "set", wire.far]
    (ring,) = rings = listen(wire)
    with all_closed(rings):
        ring.start()
        blocks, found = ring.blocks(), 0
        for state in ("down", "up"):
            subprocess.run([*link, state], check=True)
            found += len(next(blocks).records)
        send(wire, frames)
        time.sleep(0.05)
        ring.stop()
        assert found + sum(len(block.records) for block in blocks) == 10
