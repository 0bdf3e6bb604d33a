"""802.11 frames: written byte by byte as the standard draws them, built by scapy, as tshark reads them."""

import random
import struct
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import LLC, SNAP
from scapy.packet import Packet, Raw

from capture.sieve.sieve import Sieve
from tests.capture.sieve.builder import Builder, dissected
from tests.capture.sieve.frames import MINER, POOL, ethernet, ipv4, segment
from tests.capture.sieve.located import conserved, located, payloads, sift, table
from tests.capture.sieve.test_flows_against_tshark import captures, differences, exceptions

WIFI, PRISM, RADIOTAP, AVS = 105, 119, 127, 163
SAID = b'{"id":1,"method":"mining.subscribe","params":[]}\n'
PACKET = ipv4(6, segment(SAID))
SNAPPED = bytes.fromhex("aaaa03 000000 0800") + PACKET
KEY = (MINER, 51000, POOL, 3333, 6)
AP, CONTROLLER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
CCMP = bytes.fromhex("01020020 03040506")  # packet number, key id with the extended bit


def mac(control: str, rest: bytes = b"", sequence: str = "1000") -> bytes:
    """A header with frame control as on the air, three addresses and sequence control."""
    return bytes.fromhex(control) + b"\x2c\0" + bytes(range(18)) + bytes.fromhex(sequence) + rest


def sieved(frame: bytes, link: int = WIFI) -> tuple[list[bytes], dict[str, int]]:
    """What was handed on of a frame, and why it was not parsed."""
    sieve = Sieve(seed=1)
    block = located([frame], link)
    rows = sift(sieve, block)
    assert conserved(sieve, 1)
    if sieve.parsed:
        assert table(sieve) == {KEY: (1, len(frame), len(SAID))}
    return payloads(block, rows), sieve.skipped


@pytest.mark.parametrize(
    "header",
    [
        mac("0801"),  # data, to the distribution system
        mac("0802"),  # data, from it
        mac("0800"),  # data, of an ad hoc network
        mac("0809"),  # a retry
        mac("0803", b"ABCDEF"),  # between access points: four addresses
        mac("8801", b"\x05\0"),  # with quality of service
        mac("8803", b"ABCDEF\x05\0"),
        mac("8881", b"\x05\0\1\2\3\4"),  # with HT control, which the order bit tells
        mac("0881"),  # strictly ordered: without QoS the bit tells of no field
        mac("1801"),  # data + CF-Ack
        mac("8841", b"\x05\0"),  # deciphered by the driver, which left the bit
        mac("8841", b"\x05\0" + CCMP),  # and the cipher's header
        mac("0841", b"\1\2\3\0"),  # WEP's is shorter
    ],
)
def test_a_data_frame_is_read_to_its_payload(header: bytes) -> None:
    assert sieved(header + SNAPPED) == ([SAID], {})
    assert sieved(header + SNAPPED + b"FCS!") == ([SAID], {})


def test_ipv6_and_a_vlan_tag_lie_behind_snap_as_well() -> None:
    packet = IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=51000, dport=3333) / Raw(SAID)
    tagged = bytes.fromhex("aaaa03 000000 8100 0064 86dd") + bytes(packet)
    sieve = Sieve(seed=1)
    sift(sieve, located([mac("0801") + tagged], WIFI))
    ((ends, counts),) = table(sieve).items()
    assert (str(ends[0]), counts[2]) == ("2001:db8::1", len(SAID))


def test_of_several_packets_in_one_frame_the_first_is_read() -> None:
    one = b"ABCDEF" + b"GHIJKL" + struct.pack(">H", len(SNAPPED)) + SNAPPED
    padding = bytes(-len(one) % 4)
    assert sieved(mac("8801", b"\x85\0") + one + padding + one) == ([SAID], {})


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (mac("8000", bytes(12)), "not-ip"),  # a beacon
        (bytes.fromhex("d4000000") + bytes(6), "not-ip"),  # an acknowledgement, of ten bytes
        (mac("4801"), "not-ip"),  # a station that sleeps: null
        (mac("c801", b"\x05\0"), "not-ip"),
        (mac("0901") + SNAPPED, "not-ip"),  # of another version of the protocol
        (mac("0801") + bytes.fromhex("424203") + bytes(35), "not-ip"),  # spanning tree
        (mac("0801") + bytes.fromhex("aaaa03 000000 0806") + bytes(28), "not-ip"),  # ARP
        (mac("0841", CCMP) + bytes(range(60)), "encrypted-link"),
        (mac("8841", b"\x05\0" + CCMP) + bytes(60), "encrypted-link"),
        (mac("0841"), "encrypted-link"),
        (mac("0805") + SNAPPED, "fragmented-link"),  # more fragments follow
        (mac("0801", sequence="1100") + PACKET, "fragmented-link"),  # the second one
        (b"", "truncated-link"),
        (mac("0801")[:23], "truncated-link"),
        (mac("0803", b"ABC"), "truncated-link"),
        (mac("8801"), "truncated-link"),
        (mac("8881", b"\x05\0\1\2"), "truncated-link"),
        (mac("8801", b"\x85\0") + b"ABCDEF", "truncated-link"),
        (mac("0801") + SNAPPED[:20], "truncated-ip"),
    ],
)
def test_what_carries_no_ip_or_hides_it_is_counted_by_its_reason(frame: bytes, reason: str) -> None:
    assert sieved(frame) == ([], {reason: 1})


# -- what drivers put before the frame -----------------------------------------------------------------------

FRAME = mac("8801", b"\x05\0") + SNAPPED


def tapped(present: list[int], fields: bytes) -> bytes:
    """A radiotap header."""
    words = struct.pack(f"<{len(present)}I", *present)
    return struct.pack("<BBH", 0, 0, 4 + len(words) + len(fields)) + words + fields


@pytest.mark.parametrize(
    "header",
    [
        tapped([0], b""),
        tapped([1 << 1], b"\x10"),  # flags: a frame check sequence follows
        tapped([1 | 1 << 1 | 1 << 2], bytes(8) + b"\x10\x0c"),  # time, flags, rate
        tapped([1 << 31 | 1 << 5, 1 << 5], b"\xc4\xc4"),  # two words of presence
        tapped([1 << 29 | 1 << 31 | 1, 1 << 31, 0], bytes(12)),  # the time begins at a multiple of eight
    ],
)
def test_a_radiotap_header_is_passed_by_its_length(header: bytes) -> None:
    assert sieved(header + FRAME, RADIOTAP) == ([SAID], {})


@pytest.mark.parametrize(
    "header",
    [
        tapped([1 << 1], b"\x20"),
        tapped([1 | 1 << 1], bytes(8) + b"\x20"),  # behind the time
        tapped([1 << 31 | 1 | 1 << 1, 0], bytes(4) + bytes(8) + b"\x20"),  # which is aligned to eight
    ],
)
def test_a_header_padded_to_four_bytes_is_told_by_radiotaps_flags(header: bytes) -> None:
    padded = mac("8801", b"\x05\0") + b"\0\0" + SNAPPED  # 26 bytes of header, so two of padding
    assert sieved(header + padded, RADIOTAP) == ([SAID], {})
    assert sieved(header + mac("0801") + SNAPPED, RADIOTAP) == ([SAID], {})  # 24 need none


@pytest.mark.parametrize(
    "header",
    [
        b"\0\0\x08",
        tapped([0], b"")[:7],
        b"\1" + tapped([0], b"")[1:],  # of another version
        struct.pack("<BBHI", 0, 0, 7, 0),  # shorter than itself
        struct.pack("<BBHI", 0, 0, 5000, 0),  # longer than what was captured
        struct.pack("<BBHI", 0, 0, 8, 1 << 31) + bytes(4),  # its presence does not fit into it
        struct.pack("<BBH", 0, 0, 12) + struct.pack("<I", 1 << 31) * 99,
    ],
)
def test_a_damaged_radiotap_header_is_counted(header: bytes) -> None:
    assert sieved(header + FRAME * 0, RADIOTAP) == ([], {"truncated-link": 1})


def test_prism_and_avs_headers_are_passed_under_either_link_type() -> None:
    prism = struct.pack("<II", 0x44, 144) + b"wlan0".ljust(136, b"\0")
    assert sieved(prism + FRAME, PRISM) == ([SAID], {})
    avs = struct.pack(">II", 0x80211001, 64) + bytes(56)
    assert sieved(avs + FRAME, AVS) == ([SAID], {})
    assert sieved(avs + FRAME, PRISM) == ([SAID], {})
    assert sieved(struct.pack(">II", 0x80211002, 80) + bytes(72) + FRAME, AVS) == ([SAID], {})
    assert sieved(struct.pack(">II", 7, 64) + bytes(56) + FRAME, AVS) == ([], {"truncated-link": 1})
    assert sieved(struct.pack(">II", 0x80211001, 0xFFFFFFFF), AVS) == ([], {"truncated-link": 1})
    assert sieved(prism, PRISM) == ([], {"truncated-link": 1})


# -- against others ------------------------------------------------------------------------------------------


def wireless(builder: Builder) -> tuple[int, Packet, Packet]:
    """A frame built by scapy: link type, the whole, and the IP packet in it."""
    chance = builder.random
    inside = builder._network()
    code = 0x800 if isinstance(inside, IP) else 0x86DD
    address = [f"02:00:00:00:00:{number:02x}" for number in range(4)]
    both = chance.random() < 0.3
    frame = Dot11(
        type=2,
        subtype=8 * chance.randrange(2),
        FCfield=3 if both else chance.randrange(3),
        addr1=address[0],
        addr2=address[1],
        addr3=address[2],
        addr4=address[3] if both else None,
        SC=16 * chance.randrange(4096),
    )
    if frame.subtype == 8:
        frame = frame / Dot11QoS(TID=chance.randrange(8))
    frame = frame / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=code) / inside
    if chance.random() < 0.5:
        return WIFI, frame, inside
    present = chance.choice(("Rate", "TSFT+Flags+Rate", "Flags+Channel+dBm_AntSignal", "TSFT+Channel"))
    return RADIOTAP, RadioTap(present=present, Rate=2, mac_timestamp=7) / frame, inside


@pytest.mark.parametrize("seed", range(3))
def test_frames_that_scapy_builds_have_the_flows_it_dissects(seed: int) -> None:
    builder = Builder(seed)
    sieve = Sieve(seed=1)
    expected: dict[object, list[int]] = {}
    links, frames = [], []
    for _ in range(600):
        link, packet, inside = wireless(builder)
        raw = bytes(packet)
        ends, payload = dissected(101, bytes(inside))
        counts = expected.setdefault(ends, [0, 0, 0])
        for place, number in enumerate((1, len(raw), payload)):
            counts[place] += number
        links.append(link)
        frames.append(raw)
    sift(sieve, located(frames, links))
    assert sieve.skipped == {}
    assert table(sieve) == {ends: tuple(counts) for ends, counts in expected.items()}


def test_where_scapy_finds_no_packet_in_a_built_frame_neither_do_we() -> None:
    """Dissecting what was built: scapy reads LLC only where the frame is neither protected nor empty."""
    builder, sieve = Builder(9), Sieve(seed=1)
    frames, found = [], 0
    for number in range(400):
        _, packet, _ = wireless(builder)
        frame = packet[Dot11].copy()
        frame.FCfield |= builder.random.choice((0, 0, 64))
        frame.subtype |= builder.random.choice((0, 0, 4)) if number % 2 else 0
        raw = bytes(frame)
        whole = Dot11(raw)
        body = bytes(whole.payload) if not whole.FCfield & 64 else b""
        found += not whole.subtype & 4 and (IP in whole or IPv6 in whole) and bool(body)
        # scapy ciphers nothing: what it would build behind the bit is no cipher text
        frames.append(raw if not whole.FCfield & 64 else raw[:24] + builder.random.randbytes(60))
    sift(sieve, located(frames, WIFI))
    assert sieve.parsed == found
    assert set(sieve.skipped) == {"not-ip", "encrypted-link"}
    assert conserved(sieve, len(frames))


def test_damaged_frames_raise_nothing_and_each_is_counted_once() -> None:
    builder, chance = Builder(5), random.Random(6)
    links, frames = [], []
    for _ in range(600):
        link, packet, _ = wireless(builder)
        raw = bytes(packet)
        for _ in range(5):
            damaged = bytearray(raw)
            for _ in range(chance.randrange(1, 6)):
                damaged[chance.randrange(min(len(damaged), 80))] = chance.randrange(256)
            frames.append(bytes(damaged[: chance.choice((len(raw), chance.randrange(len(raw) + 1)))]))
            links.append(chance.choice((link, WIFI, PRISM, RADIOTAP, AVS)))
    sieve = Sieve(seed=1)
    block = located(frames, links)
    rows = sift(sieve, block)
    assert conserved(sieve, len(frames))
    assert {"not-ip", "truncated-link", "encrypted-link", "fragmented-link"} <= set(sieve.skipped)
    ends = block.records["start"] + block.records["caplen"]
    limits = dict(zip(block.records["frame"].tolist(), ends.tolist(), strict=True))
    assert all(row["ip"] <= row["payload"] for row in rows)
    assert all(row["payload"] + row["length"] <= limits[int(row["frame"])] for row in rows)


@pytest.mark.corpus
def test_wireless_captures_have_the_flows_that_tshark_shows(corpus: Path) -> None:
    names = ("wlanmon", "radiotap", "ieee802.11", "gre-aruba")
    known = exceptions()  # docs/sieve.md says why they differ
    chosen = [p for p in captures(corpus) if p not in known and any(name in p for name in names)]
    assert len(chosen) > 10
    assert differences(corpus, chosen) == {}


def test_frames_that_an_access_point_passes_on_in_gre_are_read_and_sealed_ones_are_its_own_flow() -> None:
    opened = ethernet(ipv4(47, bytes.fromhex("0000 8240") + FRAME, AP, CONTROLLER))
    sealed = mac("8841", b"\x05\0" + CCMP) + bytes(range(60))
    sieve = Sieve(seed=1)
    sift(sieve, located([opened, ethernet(ipv4(47, bytes.fromhex("0000 8200") + sealed, AP, CONTROLLER))]))
    assert set(table(sieve)) == {KEY, (AP, 0, CONTROLLER, 0, 47)}
    assert sieve.skipped == {}


def test_a_udp_datagram_too() -> None:
    packet = IP(src="192.0.2.9", dst="198.51.100.1") / UDP(sport=1, dport=2) / Raw(b"xy")
    sieve = Sieve(seed=1)
    sift(sieve, located([mac("0802") + bytes.fromhex("aaaa030000000800") + bytes(packet)], WIFI))
    assert list(table(sieve).values()) == [(1, 24 + 8 + 30, 2)]
