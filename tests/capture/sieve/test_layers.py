import struct
from ipaddress import IPv4Address, IPv6Address

import pytest

from capture.sieve.layers import MAX_LAYERS
from capture.sieve.sieve import Sieve
from tests.capture.sieve.frames import MINER, POOL, datagram, ethernet, ipv4, segment, tcp, udp
from tests.capture.sieve.located import conserved, live, located, payloads, sift, table

INNER = ipv4(6, segment(b"hello"))
KEY = (MINER, 51000, POOL, 3333, 6)


def reasons(packets: list[bytes], link: int = 1) -> dict[str, int]:
    sieve = Sieve(seed=1)
    sift(sieve, located(packets, link))
    assert conserved(sieve, len(packets))
    return sieve.skipped


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\0" * 13, "truncated-link"),
        (ethernet(b"\0\1\x08\0\6\4\0\1" + b"\0" * 20, 0x0806), "not-ip"),
        (ethernet(b"\0\0\0", 0x8100), "truncated-link"),
        (ethernet(INNER[:19]), "truncated-ip"),
        (ethernet(b"\x65" + INNER[1:]), "bad-ip-version"),
        (ethernet(b"\x44" + INNER[1:]), "bad-ip-header-length"),
        (ethernet(ipv4(6, segment(), total=19)), "bad-ip-length"),
        (ethernet(ipv4(6, segment()[:3])), "truncated-transport"),
        (ethernet(ipv4(17, datagram(b"")[:3])), "truncated-transport"),
    ],
)
def test_what_cannot_be_read_is_counted_by_its_reason(frame: bytes, reason: str) -> None:
    assert reasons([tcp(), frame]) == {reason: 1}


def test_headers_nested_beyond_the_ceiling_are_counted_and_end() -> None:
    packet = INNER
    for _ in range(MAX_LAYERS + 5):
        packet = ipv4(4, packet)
    assert reasons([ethernet(packet)]) == {"nesting-too-deep": 1}


def test_unsupported_links_are_counted_under_their_names() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([tcp(), b"x" * 40, b"x" * 40, tcp(), b"x" * 9], [1, 189, 195, 1, 299]))
    assert sieve.skipped == {
        "unsupported-link-usb": 1,
        "unsupported-link-802.15.4": 1,
        "unsupported-link-299": 1,
    }
    assert sieve.parsed == 2


def test_places_name_source_and_frame_of_what_was_skipped() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([tcp(), ethernet(INNER[:19]), tcp()], source=3, first_frame=40))
    assert ("truncated-ip", 3, 41) in sieve.places


def test_places_are_at_most_a_hundred_a_reason() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([ethernet(INNER[:19])] * 250 + [ethernet(b"\x65" + INNER[1:])] * 7))
    assert sum(reason == "truncated-ip" for reason, _, _ in sieve.places) == 100
    assert sum(reason == "bad-ip-version" for reason, _, _ in sieve.places) == 7
    assert sieve.skipped == {"truncated-ip": 250, "bad-ip-version": 7}


def test_four_bytes_of_a_tcp_header_give_the_ports() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([ethernet(ipv4(6, segment()[:4]))]))
    assert table(sieve) == {KEY: (1, 38, 0)}


def test_padding_and_frame_check_sequence_are_no_payload() -> None:
    sieve = Sieve(seed=1)
    frame = tcp(b"")
    sift(sieve, located([frame + bytes(60 - len(frame)) + b"FCS!"]))
    assert table(sieve)[KEY][2] == 0


def test_a_total_length_of_zero_means_all_that_follows() -> None:
    sieve = Sieve(seed=1)
    body = b'{"id":1,"method":"mining.subscribe","params":[]}\n'
    block = located([ethernet(ipv4(6, segment(body), total=0))])
    rows = sift(sieve, block)
    assert payloads(block, rows) == [body]
    assert table(sieve)[KEY][2] == len(body)


def test_what_the_snap_length_cut_is_told_as_missing() -> None:
    sieve = Sieve(seed=1)
    whole = tcp(b'{"id":1,"method":"mining.notify","params":[' + b"0" * 400)
    block = located([whole[:120]], wirelen=[len(whole)])
    (row,) = sift(sieve, block)
    assert row["length"] + row["missing"] == len(whole) - 54
    assert row["length"] == 120 - 54
    assert table(sieve)[KEY] == (1, len(whole), len(whole) - 54)


def test_vlan_is_recorded_and_not_part_of_the_key() -> None:
    sieve = Sieve(seed=1)
    tagged = ethernet(struct.pack(">HH", 0x2064, 0x0800) + INNER, 0x8100)
    sift(sieve, located([tagged, tcp(b"hello")]))
    (row,) = live(sieve)
    assert row["vlan"] == 100
    assert row["packets"].sum() == 2


def test_both_directions_are_one_flow_and_who_began_is_known() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([tcp(b"answer", back=True), tcp(b"question")]))
    (row,) = live(sieve)
    assert row["packets"].tolist() == [1, 1]
    assert row["payload"].tolist() == [8, 6]
    assert row["state"] & 8


def test_a_pptp_tunnel_is_opened_whatever_its_call_id_and_acknowledgements() -> None:
    sieve = Sieve(seed=1)
    answer = ipv4(6, segment(b"hi", 3333, 51000), POOL, MINER)
    call = bytes.fromhex("3081880b002d001100000001000000020021") + INNER
    back = bytes.fromhex("3001880b002d002200000001ff030021") + answer
    sift(sieve, located([ethernet(ipv4(47, call)), ethernet(ipv4(47, back, POOL, MINER))]))
    assert {key: counts[0] for key, counts in table(sieve).items()} == {KEY: 2}


def vxlan(vni: int, frame: bytes) -> bytes:
    return udp(struct.pack(">II", 0x08000000, vni << 8) + frame, dport=4789)


def test_tunnels_with_different_ids_hold_different_flows() -> None:
    sieve = Sieve(seed=1)
    sift(
        sieve, located([vxlan(1, tcp(b"x")), vxlan(2, tcp(b"x")), vxlan(1, tcp(b"x", back=True)), tcp(b"x")])
    )
    rows = live(sieve)
    assert len(rows) == 3
    assert sorted(rows["packets"].sum(axis=1).tolist()) == [1, 1, 2]
    assert (rows["tunnel"] == 0).sum() == 1


def test_both_directions_of_a_gtp_tunnel_are_one_flow_whatever_their_teid() -> None:
    sieve = Sieve(seed=1)
    up = struct.pack(">BBHI", 0x30, 255, len(INNER), 0x1111) + INNER
    answer = ipv4(6, segment(b"hi", 3333, 51000), POOL, MINER)
    down = struct.pack(">BBHI", 0x30, 255, len(answer), 0x2222) + answer
    sift(sieve, located([udp(up, 2152, 2152), udp(down, 2152, 2152)]))
    assert {key: counts[0] for key, counts in table(sieve).items()} == {KEY: 2}


@pytest.mark.parametrize("port", [4789, 8472, 6081, 2152, 6635, 4754])
@pytest.mark.parametrize("body", [b"no tunnel at all", b"\x08" + bytes(40), b"", b"\x30\xff" + bytes(30)])
def test_a_tunnel_port_without_a_tunnel_is_an_ordinary_flow(port: int, body: bytes) -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([udp(body, dport=port)]))
    assert {key: counts[2] for key, counts in table(sieve).items()} == {
        (MINER, 40000, POOL, port, 17): len(body)
    }


@pytest.mark.parametrize(
    "frame",
    [
        udp(b"\x00\x01\x51\x3f" + INNER, dport=6635),
        udp(b"\x00\x01\x50\x3f\x00\x02\x51\x3f" + INNER, dport=6635),
        udp(b"\0\0\x08\0" + INNER, dport=4754),
        udp(b"\0\0\x65\x58" + tcp(b"hello"), dport=4754),
        ethernet(ipv4(47, b"\0\0\x88\x3e" + INNER)),
        ethernet(ipv4(47, b"\0\0\x88\x3e\x05\x59\x00\x48" + INNER)),
        ethernet(ipv4(143, tcp(b"hello"))),
    ],
    ids=["MPLS in UDP", "two labels", "GRE in UDP", "Ethernet in it", "WCCP 1", "WCCP 2", "Ethernet in IP"],
)
def test_each_tunnel_leads_to_the_same_flow(frame: bytes) -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([frame]))
    assert table(sieve) == {KEY: (1, len(frame), 5)}


@pytest.mark.parametrize("proto", [47, 143])
def test_a_cut_tunnel_header_is_a_flow_between_its_ends(proto: int) -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([ethernet(ipv4(proto, b"\0\0\x88"))]))
    assert set(table(sieve)) == {(MINER, 0, POOL, 0, proto)}


def test_a_tunnel_whose_inside_is_damaged_is_a_flow_between_its_ends() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([vxlan(1, ethernet(INNER[:15])), ethernet(ipv4(47, b"\0\0\x08\0" + INNER[:10]))]))
    assert set(table(sieve)) == {(MINER, 40000, POOL, 4789, 17), (MINER, 0, POOL, 0, 47)}
    assert sieve.parsed == 2


def test_later_fragments_are_a_flow_without_ports() -> None:
    sieve = Sieve(seed=1)
    first = ethernet(ipv4(17, datagram(b"x" * 64), fraction=0x2000))
    later = ethernet(ipv4(17, b"y" * 64, fraction=9))
    sift(sieve, located([first, later]))
    assert set(table(sieve)) == {(MINER, 40000, POOL, 30303, 17), (MINER, 0, POOL, 0, 17)}


def test_protocols_without_ports_make_flows_of_two_addresses() -> None:
    sieve = Sieve(seed=1)
    icmp = b"\x08\0\0\0" + bytes(8)
    sift(
        sieve,
        located([ethernet(ipv4(1, icmp)), ethernet(ipv4(1, icmp, POOL, MINER)), ethernet(ipv4(50, icmp))]),
    )
    assert {key: counts[0] for key, counts in table(sieve).items()} == {
        (MINER, 0, POOL, 0, 1): 2,
        (MINER, 0, POOL, 0, 50): 1,
    }


def test_an_error_message_quotes_a_packet_and_is_none() -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([ethernet(ipv4(1, b"\x03\x01\0\0" + bytes(4) + INNER[:28]))]))
    assert set(table(sieve)) == {(MINER, 0, POOL, 0, 1)}


@pytest.mark.parametrize(
    ("link", "head"),
    [
        (0, struct.pack("<I", 2)),
        (0, struct.pack(">I", 2)),
        (108, struct.pack(">I", 2)),
        (0, b"\x0f\x00\x08\x00"),
        (101, b""),
        (12, b""),
        (14, b""),
        (228, b""),
        (9, b"\x00\x21"),
        (9, b"\x21"),
        (9, b"\xff\x03\x00\x21"),
        (50, b"\xff\x03\x00\x21"),
        (50, b"\x0f\x00\x08\x00"),
        (51, b"\x11\x00\x00\x01\x00\x2f\x00\x21"),
        (113, b"\0\0\0\1\0\6" + bytes(8) + b"\x08\0"),
        (276, b"\x08\0" + bytes(18)),
        (1, bytes(12) + b"\0\x35\xaa\xaa\x03\0\0\0\x08\0"),
        (1, bytes(12) + b"\x91\0\0\1\x08\0"),
        (1, bytes(12) + b"\x88\x47\0\1\1\x40"),
        (1, bytes(12) + b"\x88\x47\0\1\0\x40\0\2\1\x40" + bytes(4) + bytes(12) + b"\x08\0"),
        (1, bytes(12) + b"\x88\x47\0\1\1\x40" + b"\xac" + bytes(11) + b"\x08\0"),
        (1, bytes(12) + b"\0\x30\x06\x06\x03"),
        (1, bytes(12) + b"\x88\x64\x11\0\0\1\0\x2f\0\x21"),
    ],
)
def test_each_link_and_layer_leads_to_the_same_flow(link: int, head: bytes) -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([head + INNER], link))
    assert sieve.skipped == {}
    assert set(table(sieve)) == {KEY}


def test_ipv6_addresses_are_kept_whole() -> None:
    source, target = IPv6Address("2001:db8::9"), IPv6Address("2001:db8:ffff::1")
    packet = struct.pack(">IHBB", 6 << 28, 25, 6, 64) + source.packed + target.packed + segment(b"hello")
    sieve = Sieve(seed=1)
    sift(sieve, located([packet], 229))
    assert table(sieve) == {(source, 51000, target, 3333, 6): (1, 65, 5)}


def test_a_mapped_address_on_the_wire_does_not_pass_for_ipv4_of_another_flow() -> None:
    low, high = IPv4Address("192.0.2.9"), IPv4Address("198.51.100.1")
    mapped = bytes(10) + b"\xff\xff"
    packet = (
        struct.pack(">IHBB", 6 << 28, 25, 6, 64)
        + mapped
        + low.packed
        + mapped
        + high.packed
        + segment(b"hello")
    )
    sieve = Sieve(seed=1)
    sift(sieve, located([packet], 229))
    assert set(table(sieve)) == {KEY}
