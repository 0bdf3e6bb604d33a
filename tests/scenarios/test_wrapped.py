"""A session in whatever carries it past the probe: the parties inside are found, and nobody else."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.gtp import GTP_U_Header
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, LLC, SNAP, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from facts.names import Level, Role
from pcaps.makers.making import Tape, ethernet
from pipeline.contract import Hit
from pipeline.scan import Scan
from tests.scenarios.scripts import bitcoin, monero

V4, V6 = ("192.0.2.10", "203.0.113.5"), ("2001:db8::10", "2001:db8:5::5")
ENDS, ENDS6 = IP(src="198.51.100.1", dst="198.51.100.2"), IPv6(src="2001:db8:9::1", dst="2001:db8:9::2")
MAC = ethernet(IP())[Ether].copy()
MAC.remove_payload()


def udp(sport: int, dport: int) -> Packet:
    return ENDS / UDP(sport=sport, dport=dport)


def eoip(packet: Packet) -> Packet:
    frame = bytes(MAC / packet)
    return GRE(bytes.fromhex("20016400") + struct.pack(">HH", len(frame), 0x0300) + frame)


def wifi(packet: Packet) -> Packet:
    code = 0x800 if isinstance(packet, IP) else 0x86DD
    head = Dot11(type=2, subtype=8, FCfield=1, addr1="02:00:00:00:00:09") / Dot11QoS()
    return (
        RadioTap(present="TSFT+Flags") / head / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=code) / packet
    )


WRAPS: dict[str, Callable[[Packet], Packet]] = {
    "VLAN in VXLAN": lambda p: (
        MAC / udp(49_999, 4789) / VXLAN(vni=7, flags="Instance") / MAC / Dot1Q(vlan=5) / p
    ),
    "VXLAN over IPv6": lambda p: (
        MAC / ENDS6 / UDP(sport=49_999, dport=4789) / VXLAN(vni=7, flags="Instance") / MAC / p
    ),
    "VXLAN-GPE": lambda p: MAC / udp(49_999, 4790) / Raw(bytes.fromhex("0c00000300000700")) / MAC / p,
    "ERSPAN I": lambda p: MAC / ENDS / GRE(proto=0x88BE) / MAC / p,
    "ERSPAN II": lambda p: (
        MAC / ENDS / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=5) / MAC / p
    ),
    "ERSPAN III": lambda p: (
        MAC / ENDS / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=5) / MAC / p
    ),
    "IP in IP": lambda p: MAC / ENDS / p,
    "IP in IPv6": lambda p: MAC / ENDS6 / p,
    "L2TP": lambda p: MAC / udp(1701, 1701) / Raw(_l2tp(p) + bytes(p)),
    "EoIP": lambda p: MAC / ENDS.copy() / eoip(p),
    "TZSP": lambda p: MAC / udp(40_000, 37_008) / Raw(bytes.fromhex("0100000101")) / MAC / p,
    "GTP": lambda p: MAC / udp(2152, 2152) / GTP_U_Header(teid=1, gtp_type=255) / p,
    "PPPoE in a VLAN": lambda p: MAC / Dot1Q(vlan=4) / PPPoE(sessionid=9) / PPP(proto=_ppp(p)) / p,
    "PBB": lambda p: _typed(0x88E7, bytes.fromhex("00000005") + bytes(MAC / p)),
    "VN tag": lambda p: _typed(0x8926, bytes.fromhex("00010002") + bytes(MAC / p)[12:]),
}


def _ppp(packet: Packet) -> int:
    return 0x21 if isinstance(packet, IP) else 0x57


def _l2tp(packet: Packet) -> bytes:
    return struct.pack(">HHHHBBH", 0x4002, 12 + len(packet), 7, 9, 0xFF, 3, _ppp(packet))


def _typed(kind: int, payload: bytes) -> Packet:
    return Ether(src=MAC.src, dst=MAC.dst, type=kind) / Raw(payload)


def parties(path: Path) -> dict[tuple[str, Role], Level]:
    found = (hit.verdict for hit in Scan([str(path)]) if isinstance(hit, Hit))
    return {(str(one.address), one.role): one.level for one in found}


@pytest.mark.parametrize("ends", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS.keys())
def test_the_parties_inside_are_found(
    wrap: Callable[[Packet], Packet], ends: tuple[str, str], tmp_path: Path
) -> None:
    tape = Tape(wrap=wrap)
    tape.tcp(0.0, (ends[0], 50_001), (ends[1], 3333), bitcoin())
    (tmp_path / "wrapped.pcap").write_bytes(tape.pcap())
    miner, pool = ends
    confirmed = {(miner, Role.MINER): Level.CONFIRMED, (pool, Role.POOL): Level.CONFIRMED}
    assert parties(tmp_path / "wrapped.pcap") == confirmed


@pytest.mark.parametrize("ends", [V4, V6], ids=["IPv4", "IPv6"])
def test_the_parties_of_a_radio_capture_are_found(ends: tuple[str, str], tmp_path: Path) -> None:
    tape = Tape(wrap=wifi)
    tape.tcp(0.0, (ends[0], 50_001), (ends[1], 3333), monero())
    raw = bytearray(tape.pcap())
    raw[20:24] = struct.pack("<I", 127)  # the tape writes Ethernet's link type
    (tmp_path / "radio.pcap").write_bytes(raw)
    miner, pool = ends
    confirmed = {(miner, Role.MINER): Level.CONFIRMED, (pool, Role.POOL): Level.CONFIRMED}
    assert parties(tmp_path / "radio.pcap") == confirmed
