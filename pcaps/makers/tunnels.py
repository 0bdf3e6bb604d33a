"""One rig each inside VXLAN, GRE, GTP-U, MPLS over QinQ, and 6in4: the innermost address is what counts."""

from collections.abc import Callable

import zstandard
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet

from pcaps.makers.making import C, S, Script, Tape, ethernet
from pcaps.makers.stratum_lines import answer, notify, opening, share

FILE = "tunnels.pcap.zst"
OUTER = {"src": "192.0.2.1", "dst": "192.0.2.2"}


def _vxlan(packet: Packet) -> Packet:
    return ethernet(IP(**OUTER) / UDP(sport=55555, dport=4789) / VXLAN(vni=7001) / ethernet(packet))


def _gre(packet: Packet) -> Packet:
    return ethernet(IP(**OUTER) / GRE() / packet)


def _gtp(packet: Packet) -> Packet:
    return ethernet(IP(**OUTER) / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=0x1234) / packet)


def _mpls(packet: Packet) -> Packet:
    frame = Ether(src="02:00:00:00:00:05", dst="02:00:00:00:00:02")
    return (
        frame
        / Dot1AD(vlan=10)
        / Dot1Q(vlan=20, type=0x8847)
        / MPLS(label=18, s=0)
        / MPLS(label=30, s=1)
        / packet
    )


def _sixinfour(packet: Packet) -> Packet:
    return ethernet(IP(**OUTER, proto=41) / packet)


def _session(worker: str) -> Script:
    script = opening(worker, "bmminer/2.0.0", "c0ffee01")
    script.append((0.0, S, notify("80", 938_420, clean=True)))
    for count in range(3):
        script.append((11.0, C, share(4 + count, worker, "80")))
        script.append((0.04, S, answer(4 + count, accepted=True)))
    return script


def make() -> bytes:
    """Return the capture."""
    wraps: list[Callable[[Packet], Packet]] = [_vxlan, _gre, _gtp, _mpls, _sixinfour]
    everything = Tape()
    for index, wrap in enumerate(wraps):
        tape = Tape(wrap=wrap)
        if wrap is _sixinfour:
            ends = ("2001:db8:20::5", 50100), ("2001:db8:f00d::10", 3333)
        else:
            ends = (f"198.51.100.{50 + index}", 50100 + index), ("203.0.113.10", 3333)
        tape.tcp(index * 2.0, *ends, _session(f"t{index}"))
        everything.packets += tape.packets
    return zstandard.ZstdCompressor(level=19).compress(everything.in_time_order().pcap())
