"""The carriers: layers from the inside out, and what they lie on."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.lab.carriers import datagrams, tcp, wraps
from benchmarks.lab.carriers.layer import Sealed
from benchmarks.lab.carriers.ssh import ssh
from benchmarks.lab.carriers.tls import tls12, tls13
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw

Layer = Callable[[Draw, Lines, Sealed], Sealed]
Transport = Callable[[Draw, Lines, Sealed, tcp.Path], tcp.Segmented]


@dataclass(frozen=True, slots=True)
class Carrier:
    """How messages travel."""

    layers: tuple[Layer, ...]
    transport: Transport = tcp.tcp

    @property
    def udp(self) -> bool:
        """Whether its packets are UDP's."""
        return self.transport is not tcp.tcp

    def carry(self, draw: Draw, lines: Lines, rows: Array, path: tcp.Path) -> tcp.Segmented:
        """Return packets for (n,) SEND rows by flow then time, what the carrier itself says among them."""
        sealed = Sealed(rows, lines.start)
        for layer in self.layers:
            sealed = layer(draw, lines, sealed)
        return self.transport(draw, lines, sealed, path)


CARRIERS = {
    "plain": Carrier((wraps.plain,)),
    "tls13": Carrier((tls13,)),
    "tls12": Carrier((tls12,)),
    "wss": Carrier((wraps.websocket, tls13)),
    "wss12": Carrier((wraps.websocket, tls12)),
    "socks": Carrier((wraps.socks5,)),
    "socks-in-tls": Carrier((wraps.socks5, tls13)),
    "tls-in-socks": Carrier((tls13, wraps.socks5)),
    "tls-in-tls": Carrier((tls13, tls13)),
    "ssh": Carrier((ssh,)),
    "tls-in-ssh": Carrier((tls13, ssh)),
    "padded": Carrier((wraps.padded,)),
    "noise": Carrier((wraps.noise,)),
    "ssh-shared": Carrier((wraps.crowd, ssh)),
    "wireguard-shared": Carrier((wraps.crowd,), datagrams.wireguard),
    "wireguard": Carrier((wraps.plain,), datagrams.wireguard),
    "datagrams": Carrier((wraps.plain,), datagrams.datagrams),
}

ENCRYPTED = {
    "tls13": 40.0,
    "tls12": 20.0,
    "wss": 6.0,
    "socks-in-tls": 6.0,
    "tls-in-socks": 4.0,
    "tls-in-tls": 3.0,
    "ssh": 6.0,
    "tls-in-ssh": 2.0,
    "padded": 5.0,
    "wireguard": 6.0,
    "wireguard-shared": 2.0,
    "ssh-shared": 1.0,
}
"""How often miners that hide take which carrier; Stratum V2 brings its own."""
