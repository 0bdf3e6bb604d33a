"""Tunnels around the session: each one that the sieve opens (docs/sieve.md), and some within others."""

import struct
from collections.abc import Callable

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from pcaps.makers.making import ethernet

OUTER = {"src": "198.51.100.1", "dst": "198.51.100.2"}
OUTER6 = {"src": "2001:db8:1::1", "dst": "2001:db8:2::2"}
Wrap = Callable[[Packet], Packet]


def frame(kind: int = 0x0800) -> Packet:
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=kind)


def outer(protocol: int) -> Packet:
    return IP(**OUTER, proto=protocol)


def udp(port: int, inner: bytes | Packet) -> Packet:
    payload = inner if isinstance(inner, Packet) else Raw(inner)
    return ethernet(IP(**OUTER) / UDP(sport=50_000, dport=port) / payload)


def vlan(packet: Packet) -> Packet:
    return frame(0x8100) / Dot1Q(vlan=10, type=0x0800) / packet


def qinq(packet: Packet) -> Packet:
    return frame(0x88A8) / Dot1AD(vlan=10, type=0x8100) / Dot1Q(vlan=20, type=0x0800) / packet


def many_tags(packet: Packet) -> Packet:
    out = frame(0x8100)
    for number in range(8):
        out = out / Dot1Q(vlan=number + 2, type=0x8100 if number < 7 else 0x0800)
    return out / packet


def mpls(packet: Packet) -> Packet:
    return frame(0x8847) / MPLS(label=18, s=0) / MPLS(label=30, s=1) / packet


def pseudowire(packet: Packet) -> Packet:
    return frame(0x8847) / Raw(struct.pack(">I", 99 << 12 | 1 << 8 | 64) + bytes(4) + bytes(ethernet(packet)))


def pppoe(packet: Packet) -> Packet:
    return frame(0x8864) / PPPoE(sessionid=7) / PPP(proto=0x0021) / packet


def gre(packet: Packet) -> Packet:
    return ethernet(outer(47) / GRE(proto=0x0800) / packet)


def gre_full(packet: Packet) -> Packet:
    head = GRE(proto=0x0800, chksum_present=1, key_present=1, seqnum_present=1, key=77, sequence_number=5)
    return ethernet(outer(47) / head / packet)


def nvgre(packet: Packet) -> Packet:
    return ethernet(outer(47) / GRE(proto=0x6558, key_present=1, key=5001 << 8) / ethernet(packet))


def pptp(packet: Packet) -> Packet:
    """Enhanced GRE (RFC 2637) with a sequence number, PPP inside."""
    inner = b"\xff\x03\x00\x21" + bytes(packet)
    head = struct.pack(">BBHHHI", 0x30, 0x01, 0x880B, len(inner), 42, 9)
    return ethernet(outer(47) / Raw(head + inner))


def wccp(packet: Packet) -> Packet:
    return ethernet(outer(47) / Raw(struct.pack(">HH", 0, 0x883E) + bytes(4) + bytes(packet)))


def erspan1(packet: Packet) -> Packet:
    return ethernet(outer(47) / Raw(struct.pack(">HH", 0, 0x88BE) + bytes(ethernet(packet))))


def erspan2(packet: Packet) -> Packet:
    head = GRE(proto=0x88BE, seqnum_present=1, sequence_number=1)
    return ethernet(outer(47) / head / ERSPAN_II(session_id=9) / ethernet(packet))


def erspan3(packet: Packet) -> Packet:
    head = GRE(proto=0x22EB, seqnum_present=1, sequence_number=1)
    return ethernet(outer(47) / head / ERSPAN_III(session_id=9) / ethernet(packet))


def vxlan(packet: Packet) -> Packet:
    return udp(4789, VXLAN(flags=8, vni=7001) / ethernet(packet))


def geneve(packet: Packet) -> Packet:
    return udp(6081, GENEVE(vni=7001, proto=0x6558) / ethernet(packet))


def geneve_ip(packet: Packet) -> Packet:
    """Two words of options, and IP without Ethernet."""
    head = struct.pack(">BBHI", 4, 0, 0x0800, 7001 << 8) + struct.pack(">HBBI", 0x102, 1, 1, 9) + bytes(8)
    return udp(6081, head + bytes(packet))


def gtp(packet: Packet) -> Packet:
    return ethernet(IP(**OUTER) / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=0x1234) / packet)


def gtp_extended(packet: Packet) -> Packet:
    """With sequence number and a PDU session container (3GPP TS 38.415)."""
    extension = struct.pack(">HBB", 1, 0, 0x85) + struct.pack(">BBBB", 1, 0, 9, 0)
    inner = bytes(packet)
    head = struct.pack(">BBHI", 0x36, 0xFF, len(inner) + len(extension), 0x1234) + extension
    return ethernet(IP(**OUTER) / UDP(sport=2152, dport=2152) / Raw(head + inner))


def mpls_in_udp(packet: Packet) -> Packet:
    return udp(6635, MPLS(label=30, s=1) / packet)


def gre_in_udp(packet: Packet) -> Packet:
    return udp(4754, bytes(GRE(proto=0x0800)) + bytes(packet))


def ip_in_ip(packet: Packet) -> Packet:
    return ethernet(outer(4) / packet)


def six_in_four(packet: Packet) -> Packet:
    return ethernet(outer(41) / packet)


def four_in_six(packet: Packet) -> Packet:
    return ethernet(IPv6(**OUTER6, nh=4) / packet)


def six_in_six(packet: Packet) -> Packet:
    return ethernet(IPv6(**OUTER6, nh=41) / packet)


def ethernet_in_six(packet: Packet) -> Packet:
    """RFC 8986: Ethernet is the payload of IPv6 itself, number 143."""
    return ethernet(IPv6(**OUTER6, nh=143) / Raw(bytes(ethernet(packet))))


def authenticated(packet: Packet) -> Packet:
    """An authentication header between IP and TCP (RFC 4302)."""
    sound = IP(bytes(packet))
    head = AH(nh=6, payloadlen=4, spi=9, seq=1, icv=bytes(12))
    return ethernet(IP(src=packet.src, dst=packet.dst, id=packet.id, proto=51) / head / sound.payload)


def nested(packet: Packet) -> Packet:
    """VXLAN in GRE in MPLS in two VLANs."""
    inner = IP(**OUTER) / UDP(sport=50_000, dport=4789) / VXLAN(flags=8, vni=5) / ethernet(packet)
    carried = IP(src="198.51.100.9", dst="198.51.100.8", proto=47) / GRE(proto=0x0800) / inner
    return frame(0x88A8) / Dot1AD(vlan=1, type=0x8100) / Dot1Q(vlan=2, type=0x8847) / MPLS(s=1) / carried


def deep(packet: Packet) -> Packet:
    """Ten IP headers around the session's own."""
    for number in range(10):
        packet = IP(src=f"198.51.100.{number + 1}", dst="198.51.100.99", proto=4) / packet
    return ethernet(packet)


WRAPS: dict[str, Wrap] = {
    "802.1Q": vlan,
    "802.1ad and 802.1Q": qinq,
    "eight VLAN tags": many_tags,
    "MPLS": mpls,
    "an Ethernet pseudowire over MPLS": pseudowire,
    "PPPoE": pppoe,
    "GRE": gre,
    "GRE with checksum, key and sequence": gre_full,
    "NVGRE": nvgre,
    "PPTP": pptp,
    "WCCP": wccp,
    "ERSPAN I": erspan1,
    "ERSPAN II": erspan2,
    "ERSPAN III": erspan3,
    "VXLAN": vxlan,
    "Geneve with Ethernet": geneve,
    "Geneve with options and IP": geneve_ip,
    "GTP-U": gtp,
    "GTP-U with an extension header": gtp_extended,
    "MPLS in UDP": mpls_in_udp,
    "GRE in UDP": gre_in_udp,
    "IP in IP": ip_in_ip,
    "IPv4 in IPv6": four_in_six,
    "Ethernet in IPv6": ethernet_in_six,
    "an authentication header": authenticated,
    "VXLAN in GRE in MPLS in two VLANs": nested,
    "ten IP headers": deep,
}
WRAPS_OF_SIX: dict[str, Wrap] = {"6in4": six_in_four, "IPv6 in IPv6": six_in_six}
"""Around IPv6."""
