"""L2TP, TZSP, VXLAN-GPE, EoIP, PBB and VN tags: headers written byte by byte, as their sources draw them."""

import random
import struct
from ipaddress import IPv4Address

import pytest

from capture.sieve.sieve import Sieve
from tests.capture.sieve.frames import MINER, POOL, datagram, ethernet, ipv4, segment
from tests.capture.sieve.located import conserved, located, payloads, sift, table

NEAR, FAR = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
SAID = b'{"id":1,"method":"mining.subscribe","params":[]}\n'
PACKET = ipv4(6, segment(SAID))
FRAME = ethernet(PACKET)
WIFI = bytes.fromhex("0801 2c00") + bytes(18) + bytes.fromhex("1000 aaaa03 000000 0800") + PACKET
KEY = (MINER, 51000, POOL, 3333, 6)


def over_udp(payload: bytes, sport: int, dport: int) -> bytes:
    return ethernet(ipv4(17, datagram(payload, sport, dport), NEAR, FAR))


def sieved(frame: bytes) -> list[bytes]:
    """What was handed on of a frame that opens to the miner's packet."""
    sieve = Sieve(seed=1)
    block = located([frame])
    rows = sift(sieve, block)
    assert sieve.skipped == {}
    assert table(sieve) == {KEY: (1, len(frame), len(SAID))}
    return payloads(block, rows)


L2TP = {
    "plain": bytes.fromhex("0002 0007 0009 ff03 0021"),
    "with its length": struct.pack(">HHHH", 0x4002, 12 + len(PACKET), 7, 9) + bytes.fromhex("ff03 0021"),
    "numbered": bytes.fromhex("0802 0007 0009 0001 0002 ff03 0021"),
    "with an offset": bytes.fromhex("0202 0007 0009 0003 aaaaaa ff03 0021"),
    "all of it, with priority": bytes.fromhex("4b02 0000 0007 0009 0001 0002 0000 ff03 0021"),
    "without address and control": bytes.fromhex("0002 0007 0009 0021"),
    "a protocol of one byte": bytes.fromhex("0002 0007 0009 ff03 21"),
}


@pytest.mark.parametrize("header", L2TP.values(), ids=L2TP.keys())
def test_ppp_in_l2tp_is_opened(header: bytes) -> None:
    assert sieved(over_udp(header + PACKET, 1701, 1701)) == [SAID]
    assert sieved(over_udp(header + PACKET, 49_152, 1701)) == [SAID]
    assert sieved(over_udp(header + PACKET, 1701, 49_152)) == [SAID]


@pytest.mark.parametrize(
    "header",
    [
        "01 00 0001 01",
        "01 01 0001 01",  # a packet to be sent
        "01 00 0001 00 00 0a 01 c4 0b 01 30 01",  # padding, signal and rate before the end
    ],
)
def test_what_a_tap_sends_by_tzsp_is_opened(header: str) -> None:
    assert sieved(over_udp(bytes.fromhex(header) + FRAME, 40_000, 37_008)) == [SAID]


def test_a_tap_of_radio_sends_802_11() -> None:
    assert sieved(over_udp(bytes.fromhex("01 00 0012 01") + WIFI, 40_000, 37_008)) == [SAID]


@pytest.mark.parametrize(("kind", "inside"), [(1, PACKET), (3, FRAME)])
def test_vxlan_gpe_names_what_it_carries(kind: int, inside: bytes) -> None:
    header = bytes([0x0C, 0, 0, kind]) + bytes.fromhex("000007 00")
    assert sieved(over_udp(header + inside, 49_152, 4790)) == [SAID]


def test_ethernet_over_ip_of_mikrotik_and_the_tags_of_carriers_are_opened() -> None:
    eoip = bytes.fromhex("2001 6400") + struct.pack(">H", len(FRAME)) + bytes.fromhex("0300")
    assert sieved(ethernet(ipv4(47, eoip + FRAME, NEAR, FAR))) == [SAID]
    assert sieved(ethernet(bytes.fromhex("00000005") + FRAME, 0x88E7)) == [SAID]
    assert sieved(ethernet(bytes.fromhex("00010002 0800") + PACKET, 0x8926)) == [SAID]
    inner = bytes.fromhex("00000005") + FRAME[:12] + bytes.fromhex("8100 0006 0800") + PACKET
    assert sieved(ethernet(bytes.fromhex("0005 88e7") + inner, 0x88A8)) == [SAID]


NOT_OPENED = {
    "control": (bytes.fromhex("c802 0014 0007 0000 0000 0000") + bytes(8), 1701),
    "L2TP of version 3": (bytes.fromhex("0003 0000 00000007") + FRAME, 1701),
    "LCP": (bytes.fromhex("0002 0007 0009 ff03 c021") + bytes(20), 1701),
    "an offset beyond the end": (bytes.fromhex("0202 0007 0009 ffff") + PACKET, 1701),
    "five bytes": (bytes.fromhex("0002 0007 00"), 1701),
    "a tap's configuration": (bytes.fromhex("01 03 0001 01") + FRAME, 37_008),
    "a tap's keep-alive": (bytes.fromhex("01 04 0000 01"), 37_008),
    "tags without an end": (bytes.fromhex("01 00 0001") + bytes(300), 37_008),
    "a tag beyond the end": (bytes.fromhex("01 00 0001 0aff 00"), 37_008),
    "another medium": (bytes.fromhex("01 00 0077 01") + FRAME, 37_008),
    "a network service header": (bytes.fromhex("0c000004 00000700") + FRAME, 4790),
    "no network": (bytes.fromhex("04000001 00000700") + PACKET, 4790),
}


@pytest.mark.parametrize(("payload", "port"), NOT_OPENED.values(), ids=NOT_OPENED.keys())
def test_what_cannot_be_opened_is_a_flow_between_the_tunnels_ends(payload: bytes, port: int) -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([over_udp(payload, 40_000, port)]))
    assert set(table(sieve)) == {(NEAR, 40_000, FAR, port, 17)}


def test_frames_in_frames_end_at_the_ceiling() -> None:
    frame = FRAME
    for _ in range(20):
        frame = ethernet(bytes.fromhex("00000005") + frame, 0x88E7)
    sieve = Sieve(seed=1)
    sift(sieve, located([frame]))
    assert sieve.skipped == {"nesting-too-deep": 1}


def test_cut_tags_of_carriers_are_counted() -> None:
    sieve = Sieve(seed=1)
    cut = [ethernet(bytes(17), 0x88E7), ethernet(bytes(5), 0x8926), ethernet(b"", 0x8926)]
    sift(sieve, located(cut))
    assert sieve.skipped == {"truncated-link": 3}


def test_damaged_tunnels_raise_nothing_and_each_packet_is_counted_once() -> None:
    chance = random.Random(3)
    whole = [over_udp(header + PACKET, 1701, 1701) for header in L2TP.values()]
    whole.append(over_udp(bytes.fromhex("01 00 0001 00 00 0a 01 c4 01") + FRAME, 40_000, 37_008))
    whole.append(over_udp(bytes.fromhex("01 00 0012 01") + WIFI, 40_000, 37_008))
    whole.append(over_udp(bytes.fromhex("0c000003 00000700") + FRAME, 49_152, 4790))
    whole.append(ethernet(bytes.fromhex("00000005") + FRAME, 0x88E7))
    packets = []
    for _ in range(3_000):
        damaged = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(12, min(100, len(damaged)))] = chance.randrange(256)
        packets.append(bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged) + 1)))]))
    sieve = Sieve(seed=1)
    sift(sieve, located(packets))
    assert conserved(sieve, len(packets))
