"""What lies around a packet on a provider's links: VLAN tags, PPPoE, MPLS and tunnels."""

from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet

MAC = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}  # else scapy would ask the machine for its own
OUTER = {"src": "10.0.0.1", "dst": "10.0.0.2"}


def vlan(packet: Packet) -> Packet:
    """One 802.1Q tag."""
    return Ether(**MAC) / Dot1Q(vlan=100) / packet


def qinq(packet: Packet) -> Packet:
    """A customer's tag in a provider's."""
    return Ether(**MAC) / Dot1AD(vlan=10) / Dot1Q(vlan=20) / packet


def pppoe(packet: Packet) -> Packet:
    """A DSL line's session."""
    return Ether(**MAC) / PPPoE(sessionid=7) / PPP(proto=0x57 if isinstance(packet, IPv6) else 0x21) / packet


def mpls(packet: Packet) -> Packet:
    """Two labels."""
    return Ether(**MAC, type=0x8847) / MPLS(label=18, s=0) / MPLS(label=30, s=1) / packet


def vxlan(packet: Packet) -> Packet:
    """A frame of a data centre's overlay."""
    udp = UDP(sport=50000, dport=4789, chksum=0)
    return Ether(**MAC) / IP(**OUTER) / udp / VXLAN(vni=7) / Ether(**MAC) / packet


def gre(packet: Packet) -> Packet:
    """A tunnel between two routers."""
    return Ether(**MAC) / IP(**OUTER) / GRE() / packet


def gtp(packet: Packet) -> Packet:
    """A mobile subscriber's bearer."""
    udp = UDP(sport=2152, dport=2152, chksum=0)
    return Ether(**MAC) / IP(**OUTER) / udp / GTP_U_Header(teid=9) / packet
