"""Rarer link types: headers written byte by byte as their sources draw them."""

import random
import struct

import pytest

from capture.sieve.sieve import Sieve
from tests.capture.sieve.frames import MINER, POOL, ethernet, ipv4, segment
from tests.capture.sieve.located import conserved, located, payloads, sift, table

SAID = b'{"id":1,"method":"mining.subscribe","params":[]}\n'
PACKET = ipv4(6, segment(SAID))
FRAME = ethernet(PACKET)
SNAPPED = bytes.fromhex("aaaa03 000000 0800") + PACKET
KEY = (MINER, 51000, POOL, 3333, 6)
WIFI = bytes.fromhex("0801 2c00") + bytes(18) + bytes.fromhex("1000") + SNAPPED


def nflog(order: str) -> bytes:
    """A mark, a prefix padded to four, the hardware address, and the packet."""
    fields = struct.pack(order + "HHI", 8, 3, 7) + struct.pack(order + "HH", 6, 10) + b"x\0\0\0"
    return b"\2\0\0\0" + fields + struct.pack(order + "HH", 4 + len(PACKET), 9) + PACKET


def pktap(kind: int, inside: bytes) -> bytes:
    return struct.pack("<III", 108, 1, kind) + b"en0".ljust(96, b"\0") + inside


READ = {
    "FDDI": (10, b"\x57" + bytes(12) + SNAPPED),
    "ATM": (100, SNAPPED),
    "frame relay, IPv4": (107, bytes.fromhex("18a1 03 cc") + PACKET),
    "frame relay, SNAP": (107, bytes.fromhex("18a1 03 00 80 000000 0800") + PACKET),
    "frame relay, four bytes of address": (107, bytes.fromhex("18a0a001 03 cc") + PACKET),
    "frame relay of Cisco": (107, bytes.fromhex("18a1 0800") + PACKET),
    "ENC": (109, struct.pack("<I", 2) + bytes(8) + PACKET),
    "PFLOG": (117, bytes([61, 2]) + bytes(62) + PACKET),
    "PFLOG of a whole number of words": (117, bytes([48, 2]) + bytes(46) + PACKET),
    "Fibre Channel": (122, bytes(16) + SNAPPED),
    "PPI, Ethernet": (192, struct.pack("<BBHI", 0, 0, 8, 1) + FRAME),
    "PPI, radio": (192, struct.pack("<BBHI", 0, 0, 32, 105) + bytes(24) + WIFI),
    "NFLOG": (239, nflog("<")),
    "NFLOG of a machine of the other order": (239, nflog(">")),
    "PKTAP, Ethernet": (258, pktap(1, FRAME)),
    "PKTAP, loopback": (258, pktap(0, struct.pack("<I", 2) + PACKET)),
    "PKTAP, raw": (258, pktap(12, PACKET)),
    "Broadcom": (281, FRAME[:12] + b"\0\0\0\1" + FRAME[12:]),
    "Broadcom, ahead": (282, b"\0\0\0\1" + FRAME),
    "Marvell": (284, FRAME[:12] + bytes.fromhex("c0000005") + FRAME[12:]),
    "Marvell, with an EtherType": (285, FRAME[:12] + bytes.fromhex("dada0000 c0000005") + FRAME[12:]),
}


@pytest.mark.parametrize(("link", "packet"), READ.values(), ids=READ.keys())
def test_a_packet_is_found_behind_its_link_header(link: int, packet: bytes) -> None:
    sieve = Sieve(seed=1)
    block = located([packet], link)
    rows = sift(sieve, block)
    assert sieve.skipped == {}
    assert table(sieve) == {KEY: (1, len(packet), len(SAID))}
    assert payloads(block, rows) == [SAID]


SKIPPED = {
    "FDDI's own management": (10, b"\x41" + bytes(12) + SNAPPED, "not-ip"),
    "frame relay's LMI": (107, bytes.fromhex("0001 03 08 00") + bytes(20), "not-ip"),
    "a bridged frame": (107, bytes.fromhex("18a1 03 00 80 0080c2 0007") + FRAME, "not-ip"),
    "PPI of another medium": (192, struct.pack("<BBHI", 0, 0, 8, 147) + FRAME, "not-ip"),
    "PKTAP without a packet": (258, struct.pack("<III", 108, 0, 1) + bytes(96) + FRAME, "not-ip"),
    "an NFLOG of fields alone": (239, nflog("<")[:20], "truncated-link"),
    "an NFLOG of fields without length": (239, b"\2\0\0\0" + bytes(40), "truncated-link"),
    "a header beyond the end": (192, struct.pack("<BBHI", 0, 0, 5000, 1) + FRAME, "truncated-link"),
    "half a header": (109, bytes(7), "truncated-link"),
    "a cut tag": (284, FRAME[:15], "truncated-link"),
}


@pytest.mark.parametrize(("link", "packet", "reason"), SKIPPED.values(), ids=SKIPPED.keys())
def test_what_holds_none_is_counted(link: int, packet: bytes, reason: str) -> None:
    sieve = Sieve(seed=1)
    sift(sieve, located([packet], link))
    assert sieve.skipped == {reason: 1}


def test_damaged_and_random_packets_are_counted_once() -> None:
    chance = random.Random(4)
    links, packets = [], []
    for _ in range(4_000):
        link, packet = chance.choice(list(READ.values()))
        damaged = bytearray(packet if chance.random() < 0.8 else chance.randbytes(90))
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(min(60, len(damaged)))] = chance.randrange(256)
        links.append(link)
        packets.append(bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged) + 1)))]))
    sieve = Sieve(seed=1)
    sift(sieve, located(packets, links))
    assert conserved(sieve, len(packets))
