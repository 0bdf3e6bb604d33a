"""Packets of every combination of layers, built by scapy, and what scapy's own dissection says of them."""

import random
import struct
from collections.abc import Callable
from ipaddress import ip_address

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import NoPayload, Packet, Raw

from tests.capture.sieve.located import Ends

Reading = tuple[Ends, int]
"""Who spoke to whom in the innermost IP packet, and its TCP or UDP payload bytes on the wire."""

_PORTS = (53, 80, 443, 3333, 8333, 18080, 30303, 40000, 51000)
_TUNNELS_V4 = ("ipip", "gre")


class Builder:
    """Builds packets at random, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def packet(self) -> tuple[int, bytes, Packet]:
        """Return (link type, bytes, the scapy packet that begins at the link layer)."""
        links: list[Callable[[], tuple[int, Packet]]] = [self._ethernet] * 6
        links += [self._cooked, self._cooked2, self._raw, self._null, self._ppp, self._pppoe]
        link, packet = self.random.choice(links)()
        raw = bytes(packet)
        if link == 1 and self.random.random() < 0.3:  # padding, or a frame check sequence
            raw += self.random.randbytes(max(4, 60 - len(raw)))
        return link, raw, packet

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _ethernet(self) -> tuple[int, Packet]:
        mac = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        kind = self.random.randrange(8)
        if kind == 0:
            return 1, mac / Dot1Q(vlan=self.random.randrange(4096)) / self._network()
        if kind == 1:
            return 1, mac / Dot1AD(vlan=7) / Dot1Q(vlan=self.random.randrange(4096)) / self._network()
        if kind == 2:
            return 1, mac / MPLS(label=17, s=0) / MPLS(label=18, s=1) / self._network()
        if kind == 3:
            return 1, mac / PPPoE(sessionid=9) / self._point_to_point()
        if kind == 4:
            inside = self._network()
            code = 0x800 if isinstance(inside, IP) else 0x86DD
            body = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=code) / inside
            if len(body) <= 1500:
                return 1, Dot3(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / body
        return 1, mac / self._network()

    def _cooked(self) -> tuple[int, Packet]:
        inside = self._network()
        return 113, CookedLinux(proto=0x800 if isinstance(inside, IP) else 0x86DD) / inside

    def _cooked2(self) -> tuple[int, Packet]:
        inside = self._network()
        return 276, CookedLinuxV2(proto=0x800 if isinstance(inside, IP) else 0x86DD) / inside

    def _raw(self) -> tuple[int, Packet]:
        inside = self._network()
        return self.random.choice((101, 12, 14, 228 if isinstance(inside, IP) else 229)), inside

    def _null(self) -> tuple[int, Packet]:
        inside = self._network()
        family = 2 if isinstance(inside, IP) else self.random.choice((10, 24, 28, 30))
        link = self.random.choice((0, 108))
        order = ">" if link == 108 or self._chance(0.5) else "<"
        return link, Raw(struct.pack(order + "I", family)) / inside

    def _point_to_point(self) -> Packet:
        inside = self._network()
        return PPP(proto=0x21 if isinstance(inside, IP) else 0x57) / inside

    def _ppp(self) -> tuple[int, Packet]:
        inside = self._point_to_point()
        return (50, HDLC() / inside) if self._chance(0.5) else (9, inside)

    def _pppoe(self) -> tuple[int, Packet]:
        return 51, PPPoE(sessionid=3) / self._point_to_point()

    def _network(self, depth: int = 0) -> Packet:
        """Return an IP packet, with tunnels in it."""
        tunnel = self.random.randrange(16) if depth < 3 and self._chance(0.4) else -1
        if tunnel < 0:
            return self._innermost()
        ip = self._ip()
        inner = self._network(depth + 1)
        frame = Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04") / inner
        version = 0x800 if isinstance(inner, IP) else 0x86DD
        if tunnel < 3:
            return ip / inner
        if tunnel < 5:
            gre = GRE(key_present=1, key=77) if self._chance(0.5) else GRE()
            gre.seqnum_present = self.random.randrange(2)
            gre.chksum_present = self.random.randrange(2)
            gre.proto = version
            return ip / gre / inner
        if tunnel == 5:
            return ip / GRE(proto=0x6558, key_present=1, key=0x00123401) / frame
        if tunnel == 6:
            return ip / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=5) / frame
        if tunnel == 7:
            return ip / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=5) / frame
        if tunnel < 11:
            port = self.random.choice((4789, 8472))
            return ip / UDP(sport=49152, dport=port, chksum=0) / VXLAN(vni=4242, flags="Instance") / frame
        if tunnel < 13:
            options = self.random.randbytes(4 * self.random.randrange(4))
            header = GENEVE(vni=99, proto=0x6558)
            header.optionlen = len(options) // 4
            body = bytes(header)[:8] + options + bytes(frame)
            return ip / UDP(sport=50000, dport=6081) / Raw(body)
        gtp = GTP_U_Header(teid=0xABCD0001, gtp_type=255)
        if self._chance(0.5):
            gtp = GTP_U_Header(teid=0xABCD0001, gtp_type=255, S=1, seq=9, E=1, next_ex=0x85)
            gtp = gtp / GTPPDUSessionContainer(type=0, QFI=1)
        return ip / UDP(sport=2152, dport=2152) / gtp / inner

    def _ip(self) -> Packet:
        low, high = self.random.randrange(1, 5), self.random.randrange(1, 5)
        if self._chance(0.6):
            options = [IPOption_NOP(), IPOption_RR()] if self._chance(0.2) else []
            return IP(src=f"192.0.2.{low}", dst=f"198.51.100.{high}", options=options)
        ip: Packet = IPv6(src=f"2001:db8::{low}", dst=f"2001:db8:1::{high}")
        if self._chance(0.2):
            ip = ip / IPv6ExtHdrHopByHop()
        if self._chance(0.2):
            ip = ip / IPv6ExtHdrDestOpt()
        if self._chance(0.1):
            ip = ip / IPv6ExtHdrRouting(addresses=["2001:db8::77"])
        return ip

    def _innermost(self) -> Packet:
        ip = self._ip()
        body = Raw(self.random.randbytes(self.random.choice((0, 1, 5, 17, 64, 600, 1300))))
        kind = self.random.randrange(12)
        ports = {"sport": self.random.choice(_PORTS), "dport": self.random.choice(_PORTS)}
        if kind == 0:
            return ip / ESP(spi=1, seq=2, data=b"x" * 24)
        if kind == 1 and isinstance(ip, IP):
            return ip / ICMP() / body
        if kind == 2:
            return ip / AH(nh=6, payloadlen=4, spi=1, seq=2, icv=b"\0" * 12) / TCP(**ports) / body
        if kind == 3 and isinstance(ip, IP):
            ip.flags, ip.frag = "MF", self.random.choice((0, 0, 185))
        elif kind == 3:
            ip = ip / IPv6ExtHdrFragment(m=1, offset=self.random.choice((0, 0, 185)), id=4)
        if kind < 9:
            options = [("NOP", None)] * 4 if self._chance(0.3) else []
            return ip / TCP(**ports, seq=self.random.randrange(1 << 32), flags="PA", options=options) / body
        return ip / UDP(**ports) / body


def beginning(link: int, raw: bytes) -> tuple[Packet, bytes]:
    """Dissect bytes from their link layer on; return its layer and the bytes that begin with it."""
    if link in (0, 108):
        raw, link = raw[4:], 101
    begin = {1: Ether, 113: CookedLinux, 276: CookedLinuxV2, 9: PPP, 50: HDLC, 51: PPPoE}.get(link)
    if begin is None:
        begin = IP if raw[0] >> 4 == 4 else IPv6
    if begin is Ether and int.from_bytes(raw[12:14], "big") <= 1500:
        begin = Dot3
    return begin(raw), raw


def dissected(link: int, raw: bytes) -> Reading:
    """Read bytes with scapy from their link layer on; the innermost IP packet counts."""
    return _reading(beginning(link, raw)[0])


def _reading(layer: Packet) -> Reading:
    ip: Packet | None = None
    proto, left, sport, dport, payload = 0, 0, 0, 0, 0
    while not isinstance(layer, NoPayload):
        if type(layer) is IP:
            ip, proto, sport, dport, payload = layer, layer.proto, 0, 0, 0
            left = layer.len - 4 * layer.ihl
        elif type(layer) is IPv6:
            ip, proto, sport, dport, payload = layer, layer.nh, 0, 0, 0
            left = layer.plen
        elif isinstance(layer, IPv6ExtHdrFragment):
            proto, left = layer.nh, left - 8
        elif isinstance(layer, IPv6ExtHdrHopByHop | IPv6ExtHdrDestOpt | IPv6ExtHdrRouting):
            proto, left = layer.nh, left - 8 * (layer.len + 1)
        elif isinstance(layer, AH):
            length = 4 * (layer.payloadlen + 2)  # scapy takes all that follows for the check value
            proto, left, layer = layer.nh, left - length, layer.original[length:]
            layer = TCP(layer)
            continue
        elif isinstance(layer, TCP | UDP):
            sport, dport = layer.sport, layer.dport
            payload = left - (4 * layer.dataofs if isinstance(layer, TCP) else 8)
        layer = layer.payload
    assert ip is not None
    here, there = (ip_address(ip.src), sport), (ip_address(ip.dst), dport)
    if (int(here[0]), here[1]) > (int(there[0]), there[1]):
        here, there = there, here
    return (*here, *there, proto), payload
