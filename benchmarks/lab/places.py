"""Where flows lie in time and on the map: lives, delays, hosts, addresses."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw

_V4 = 0xFFFF << 32
_V6 = 0x2001_0DB8 << 32
CLIENTS, SERVERS = 0x0A00_0000, 0x6440_0000
"""10.0.0.0/8 and 100.64.0.0/10: nobody's."""


def lines(draw: Draw, count: int, makes: int, seconds: float, life: Array, least: float = 0.0) -> Lines:
    """Return the lines of `count` flows that overlap the capture by `least` s.

    `life`: (makes,) mean seconds of an implementation's connections. Which connections a window meets depends
    on where it falls: starts are even over all that overlap.
    """
    rng = draw.rng
    make = rng.integers(0, makes, count)
    lasts = least + rng.exponential(1.0, count) * life[make]
    start = least - lasts + rng.random(count) * (seconds - 2 * least + lasts)
    near = np.exp(rng.normal(np.log(0.004), 0.8, count))
    far = np.exp(
        draw.between("line.far", np.log(0.002), np.log(0.15), makes)[make] + rng.normal(0, 0.2, count)
    )
    return Lines(start, start + lasts, near, far, make, makes, seconds)


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses and ports of flows: (flows,) columns, 128-bit addresses in two halves."""

    client_hi: Array
    client_lo: Array
    client_port: Array
    server_hi: Array
    server_lo: Array
    server_port: Array
    udp: Array
    """bool."""

    def __len__(self) -> int:
        return len(self.udp)


def ends(host: Array, number: Array, server: Array, port: Array, six: Array, udp: Array) -> Ends:
    """Return ends from the client's host number, its flow's number there, and the server's number.

    No two flows share a client's port; `six`: the client speaks IPv6 alone.
    """
    host, server = host.astype(np.uint64), server.astype(np.uint64)
    return Ends(
        client_hi=np.where(six, np.uint64(_V6), np.uint64(0)),
        client_lo=np.where(six, np.uint64(0x1_0000) + host, np.uint64(_V4 | CLIENTS) + host),
        client_port=(32_768 + (host.astype(np.int64) * 31 + number * 7) % 28_231).astype(np.int64),
        server_hi=np.where(six, np.uint64(_V6 + 1), np.uint64(0)),
        server_lo=np.where(six, np.uint64(0x1_0000) + server, np.uint64(_V4 | SERVERS) + server),
        server_port=port.astype(np.int64),
        udp=udp,
    )
