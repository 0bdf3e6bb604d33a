"""The conversations of the benchmark capture: what they are, how often, built once by protocol code.

Every template is one conversation between CLIENT and SERVER (or their IPv6 twins); benchmarks/generate.py
copies it with other addresses and times. The mix is that of an access network: most bytes are TLS, QUIC and
bulk transfers, most flows are DNS and short TLS, and one flow in a thousand mines, a little more than
the one in 1,300 of the real world.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from pcaps.makers import nodes, xmr_rig
from pcaps.makers.making import C, S, Script, Tape, ethernet, line, monero_address, number
from pcaps.makers.pool_names import client_hello
from pcaps.makers.stratum_lines import answer, notify, opening, share

CLIENT, SERVER = "10.255.255.1", "10.255.255.2"
CLIENT6, SERVER6 = "2001:db8:ffff::1", "2001:db8:ffff::2"


class Recorder(Tape):
    """A tape that remembers where the innermost packet begins in each frame."""

    def add(self, at: float, packet: Packet) -> None:
        super().add(at, packet)
        self.inner = [*getattr(self, "inner", []), len(self.packets[-1][1]) - len(bytes(packet))]


@dataclass(frozen=True)
class Template:
    """One conversation and its share of all flows."""

    name: str
    share: float
    packets: list[tuple[float, bytes]]
    inner: list[int]
    """Per packet, the offset of its innermost IP (or ARP) header."""
    mining: bool = False


def _bytes(draw: random.Random, count: int) -> bytes:
    return draw.randbytes(count)


def _record(draw: random.Random, count: int) -> bytes:
    return b"\x17\x03\x03" + struct.pack(">H", count) + _bytes(draw, count)


def _tls(draw: random.Random, name: str, down: int) -> Script:
    hello = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + _bytes(draw, 116)
    script = [(0.0, C, client_hello(name)), (0.03, S, hello + _record(draw, 2600))]
    script += [(0.02, C, _record(draw, 300))]
    while down > 0:
        script.append((0.01, S, b"".join(_record(draw, 1400) for _ in range(min(8, down)))))
        down -= 8
    return script


def _http(draw: random.Random) -> Script:
    ask = b"GET /assets/%d HTTP/1.1\r\nHost: www.example\r\nUser-Agent: sample/1.0\r\n\r\n" % draw.randrange(
        10**6
    )
    body = _bytes(draw, 9000)
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 9000\r\n\r\n"
    return [(0.0, C, ask), (0.04, S, reply + body)]


def _btc() -> Script:
    script = [*opening("rack1", "cgminer/4.12.1", "a0000001"), (0.0, S, notify("6a1f", 938_400, clean=True))]
    for count in range(20):
        script.append((12.0, C, share(4 + count, "rack1", "6a1f")))
        script.append((0.04, S, answer(4 + count, accepted=True)))
    return script


def _xmr() -> Script:
    login = {"login": monero_address(), "pass": "x", "agent": xmr_rig.AGENT, "algo": ["rx/0"]}
    welcome = {"id": xmr_rig.SESSION, "job": xmr_rig.job(0), "status": "OK"}
    script = [
        (0.0, C, line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login})),
        (0.1, S, line({"id": 1, "jsonrpc": "2.0", "error": None, "result": welcome})),
    ]
    for count in range(16):
        found = {"id": xmr_rig.SESSION, "job_id": number("job0", 28), "nonce": number(f"n{count}", 8)}
        found["result"] = number(f"r{count}", 64)
        script.append(
            (20.0, C, line({"id": 2 + count, "jsonrpc": "2.0", "method": "submit", "params": found}))
        )
        result = {"id": 2 + count, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}
        script.append((0.05, S, line(result)))
    return script


def _bitcoin_node() -> Script:
    inventory = b"\x01" + struct.pack("<I", 1) + bytes(32)
    talk = [(4.0, C, nodes.message("inv", inventory)), (0.1, S, nodes.message("getdata", inventory))] * 30
    return [
        (0.0, C, nodes.version("/Satoshi:29.0.0/", 0x409, 938_400, 1)),
        (0.05, S, nodes.version("/Satoshi:28.1.0/", 0x409, 938_400, 2) + nodes.message("verack")),
        (0.05, C, nodes.message("verack")),
        *talk,
    ]


def _electrum() -> Script:
    ask = line({"jsonrpc": "2.0", "id": 0, "method": "server.version", "params": ["sample 4.5", "1.4"]})
    reply = line({"jsonrpc": "2.0", "id": 0, "result": ["ElectrumX 1.16.0", "1.4"]})
    return [(0.0, C, ask), (0.1, S, reply)] * 10


def _tcp(
    script: Script, port: int, wrap: Callable[[Packet], Packet] = ethernet, *, six: bool = False
) -> Recorder:
    tape = Recorder(wrap=wrap)
    client, server = (CLIENT6, SERVER6) if six else (CLIENT, SERVER)
    tape.tcp(0.0, (client, 40000 + port % 20000), (server, port), script)
    return tape


def _dns(draw: random.Random, *, six: bool = False) -> Recorder:
    client, server = (CLIENT6, SERVER6) if six else (CLIENT, SERVER)
    name = b"\x03www\x07example\x00" + struct.pack(">HH", 1, 1)
    ask = struct.pack(">HHHHHH", draw.randrange(65536), 0x0100, 1, 0, 0, 0) + name
    reply = ask[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + name
    reply += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + bytes([192, 0, 2, 1])
    tape = Recorder()
    tape.udp(0.0, (client, 41000), (server, 53), ask)
    tape.udp(0.02, (server, 53), (client, 41000), reply)
    return tape


def _datagrams(draw: random.Random, port: int, sizes: list[int], *, six: bool = False) -> Recorder:
    client, server = (CLIENT6, SERVER6) if six else (CLIENT, SERVER)
    tape = Recorder()
    for turn, size in enumerate(sizes):
        ends = ((client, 42000), (server, port))
        source, target = ends if turn % 3 == 0 else ends[::-1]
        tape.udp(turn * 0.01, source, target, b"\x40" + _bytes(draw, size - 1))
    return tape


def _fragmented(draw: random.Random) -> Recorder:
    tape = Recorder()
    for turn in range(4):
        whole = (
            IP(src=SERVER, dst=CLIENT, id=turn + 1) / UDP(sport=2049, dport=43000) / Raw(_bytes(draw, 4000))
        )
        for piece in fragment(whole, 1480):
            tape.add(turn * 0.05, piece)
    return tape


def _other(draw: random.Random) -> Recorder:
    tape = Recorder()
    tape.add(0.0, ARP(psrc=CLIENT, pdst=SERVER))
    for turn in range(4):
        tape.add(0.1 + turn, IP(src=CLIENT, dst=SERVER) / ICMP(seq=turn) / Raw(_bytes(draw, 56)))
        tape.add(0.13 + turn, IP(src=SERVER, dst=CLIENT) / ICMP(type=0, seq=turn) / Raw(_bytes(draw, 56)))
    return tape


def _syn_scan() -> Recorder:
    tape = Recorder()
    tape.add(0.0, IP(src=CLIENT, dst=SERVER) / TCP(sport=44000, dport=23, flags="S", seq=1))
    return tape


def _vlan(packet: Packet) -> Packet:
    return Ether() / Dot1Q(vlan=100) / packet


def _qinq(packet: Packet) -> Packet:
    return Ether() / Dot1AD(vlan=10) / Dot1Q(vlan=20) / packet


def _pppoe(packet: Packet) -> Packet:
    return Ether() / PPPoE(sessionid=7) / PPP(proto=0x57 if isinstance(packet, IPv6) else 0x21) / packet


def _mpls(packet: Packet) -> Packet:
    return Ether(type=0x8847) / MPLS(label=18, s=0) / MPLS(label=30, s=1) / packet


def _vxlan(packet: Packet) -> Packet:
    return (
        Ether()
        / IP(src="10.0.0.1", dst="10.0.0.2")
        / UDP(sport=50000, dport=4789, chksum=0)
        / VXLAN(vni=7)
        / Ether()
        / packet
    )


def _gre(packet: Packet) -> Packet:
    return Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / GRE() / packet


def _gtp(packet: Packet) -> Packet:
    return (
        Ether()
        / IP(src="10.0.0.1", dst="10.0.0.2")
        / UDP(sport=2152, dport=2152, chksum=0)
        / GTP_U_Header(teid=9)
        / packet
    )


def templates(seed: int) -> list[Template]:
    """Return the mix; shares add up to 1."""
    draw = random.Random(seed)
    web = _tls(draw, "www.example", 1)
    made = [
        ("dns", 0.250, _dns(draw)),
        ("dns-ipv6", 0.040, _dns(draw, six=True)),
        ("tls-short", 0.200, _tcp(web, 443)),
        ("tls-ipv6", 0.080, _tcp(web, 443, six=True)),
        ("tls-vlan", 0.060, _tcp(web, 443, _vlan)),
        ("tls-qinq", 0.020, _tcp(web, 443, _qinq)),
        ("tls-pppoe", 0.020, _tcp(web, 443, _pppoe)),
        ("tls-mpls", 0.010, _tcp(web, 443, _mpls)),
        ("tls-vxlan", 0.010, _tcp(web, 443, _vxlan)),
        ("tls-gre", 0.005, _tcp(web, 443, _gre)),
        ("tls-gtp", 0.010, _tcp(web, 443, _gtp)),
        ("tls-download", 0.010, _tcp(_tls(draw, "cdn.example", 60), 443)),
        ("http", 0.060, _tcp(_http(draw), 80)),
        ("quic", 0.060, _datagrams(draw, 443, [1250] * 10)),
        ("quic-ipv6", 0.020, _datagrams(draw, 443, [1250] * 10, six=True)),
        ("voice", 0.010, _datagrams(draw, 30000, [172] * 120)),
        ("small-udp", 0.057, _datagrams(draw, 123, [48, 48])),
        ("fragments", 0.004, _fragmented(draw)),
        ("syn-only", 0.060, _syn_scan()),
        ("icmp-arp", 0.010, _other(draw)),
        ("electrum", 0.002, _tcp(_electrum(), 50001)),
        ("bitcoin-p2p", 0.001, _tcp(_bitcoin_node(), 8333)),
    ]
    mining = [
        ("stratum-bitcoin", 0.0006, _tcp(_btc(), 3333)),
        ("stratum-cryptonote", 0.0004, _tcp(_xmr(), 14444)),
    ]
    return [Template(name, portion, tape.packets, tape.inner) for name, portion, tape in made] + [
        Template(name, portion, tape.packets, tape.inner, mining=True) for name, portion, tape in mining
    ]
