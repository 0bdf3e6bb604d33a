"""A conversation that the benchmark capture copies: packets, where the innermost one begins, and its share.

Every template is one conversation between CLIENT and SERVER (or their IPv6 twins); benchmarks/generate.py
copies it with other addresses and times.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from scapy.layers.inet import IP, TCP
from scapy.packet import Packet

from pcaps.makers.making import Script, Tape, ethernet

CLIENT, SERVER = "10.255.255.1", "10.255.255.2"
CLIENT6, SERVER6 = "2001:db8:ffff::1", "2001:db8:ffff::2"

Wrap = Callable[[Packet], Packet]
Draw = random.Random


class Recorder(Tape):
    """A tape that remembers where the innermost packet begins in each frame."""

    def add(self, at: float, packet: Packet) -> None:
        super().add(at, packet)
        self.inner = [*getattr(self, "inner", []), len(self.packets[-1][1]) - len(bytes(packet))]


@dataclass(frozen=True, slots=True)
class Template:
    """One conversation and its share of all."""

    name: str
    share: float
    packets: list[tuple[float, bytes]]
    inner: list[int]
    """Per packet, the offset of its innermost IP (or ARP) header."""
    mining: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of conversation: its share of all, drawn anew `variants` times."""

    name: str
    share: float
    make: Callable[[Draw], Recorder]
    variants: int = 1
    mining: bool = False

    def templates(self, draw: Draw) -> list[Template]:
        """Return its variants, which share its share."""
        made = [self.make(draw) for _ in range(self.variants)]
        return [
            Template(self.name, self.share / len(made), one.packets, one.inner, self.mining) for one in made
        ]


def ends(port: int, *, six: bool = False) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return client and server, the server at a port."""
    client, server = (CLIENT6, SERVER6) if six else (CLIENT, SERVER)
    return (client, 40000 + port % 20000), (server, port)


def tcp(script: Script, port: int, wrap: Wrap = ethernet, *, six: bool = False, **how: bool) -> Recorder:
    """Return a TCP conversation; `how` as in Tape.tcp."""
    tape = Recorder(wrap=wrap)
    tape.tcp(0.0, *ends(port, six=six), script, **how)
    return tape


def udp(payloads: list[tuple[int, bytes]], port: int, gap: float = 0.02, *, six: bool = False) -> Recorder:
    """Return datagrams of (0: client, 1: server; payload), `gap` seconds apart."""
    both = ends(port, six=six)
    tape = Recorder()
    for turn, (side, payload) in enumerate(payloads):
        tape.udp(turn * gap, both[side], both[1 - side], payload)
    return tape


def mid_stream(script: Script, port: int) -> Recorder:
    """Return a TCP conversation whose beginning and end lie outside the capture."""
    return tcp(script, port, opened=False, closed=False)


def unanswered(port: int) -> Recorder:
    """Return a lone SYN."""
    tape = Recorder()
    (client, sport), (server, dport) = ends(port)
    tape.add(0.0, IP(src=client, dst=server) / TCP(sport=sport, dport=dport, flags="S", seq=1))
    return tape


def record(draw: Draw, count: int) -> bytes:
    """Return a TLS record of application data."""
    return b"\x17\x03\x03" + struct.pack(">H", count) + draw.randbytes(count)
