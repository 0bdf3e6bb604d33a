"""Published rules, done again from what their authors say of them, on the same flows.

Each is given what it asks for and sealed traffic leaves: no name, no payload, no list of pools.

NEMEA miner detector: a score of six facts about all flows between a host and a server (Vesely and Zadnik,
How to Detect Bitcoin Miners? By Traffic Forensics!, Digital Investigation 2019, and the module's published
thresholds). MineHunter: how soon after each block, and how rarely else, the client sends (ACSAC 2021;
formula as in docs of its code). DeCrypto: three weak witnesses, names, payload words and learning on flow
totals (NordSec 2022); with names and words hidden the learned one alone is left, with its published
threshold of 0.99.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.lab.columns import ACK, PUSH

Array = npt.NDArray[Any]

ETHERNET = 14
NEMEA_THRESHOLD = 9
"""Of 13 points: all facts but the three weakest."""
HUNTER_THRESHOLD = 0.6
HUNTER_SHORTEST = 10.0
"""Block intervals below this are skipped, s."""
TOTALS = ("packets_up", "packets_down", "bytes_up", "bytes_down", "seconds", "data_share")


def nemea(flows: Array, client: Array) -> Array:
    """Return (n,) u1 points, 0 to 13, of single (n,) FLOW rows; `client`: (n,) way of the client."""
    packets = flows["packets"].sum(axis=1).astype(float)
    octets = flows["bytes"].sum(axis=1) - ETHERNET * packets
    seconds = (flows["last_ns"] - flows["first_ns"]) * 1e-9
    each = octets / np.maximum(packets, 1)
    minute = packets / np.maximum(seconds / 60, 1e-9)
    flags = flows["flags"][:, 0] | flows["flags"][:, 1]
    points = 2 * (flags & (ACK | PUSH) == ACK | PUSH)
    points += 2 * ((each > 50) & (each < 130))
    points += 1 * ((packets < 10) | (packets > 20))
    points += 2 * ((minute >= 8) & (minute <= 30))
    ports = np.stack([flows["ports"] >> np.uint32(16), flows["ports"] & np.uint32(0xFFFF)], axis=1)
    rows = np.arange(len(flows))
    points += 3 * (ports[rows, client] > ports[rows, 1 - client])
    points += 3 * (seconds >= 300)
    made: Array = points.astype(np.uint8)
    return made


def hunter(packets: Array, begins: Array, way: Array, blocks: list[Array]) -> Array:
    """Return (n,) f4: the best similarity with a coin's blocks of the packets that one side sends.

    `packets`: PACKET by talk then time; `begins`: (n + 1,); `way`: (n,) the side; `blocks`: per coin,
    ascending ns. For each interval of L s between blocks, with d s to the first packet and m packets in it,
    the similarity is ((L - d - 1) / L)^m (1 - d / L); intervals without a packet give 0.
    """
    best = np.zeros(len(way), np.float32)
    for talk in range(len(way)):
        own = packets[begins[talk] : begins[talk + 1]]
        at = own["at_ns"][own["way"] == way[talk]]
        if not len(at):
            continue
        for times in blocks:
            inside = times[(times > at[0] - 60 * 10**9) & (times < at[-1])]
            long = np.diff(inside) * 1e-9
            if not len(long):
                continue
            first = np.searchsorted(at, inside[:-1])
            count = np.searchsorted(at, inside[1:]) - first
            delay = (at[np.minimum(first, len(at) - 1)] - inside[:-1]) * 1e-9
            near = np.clip((long - delay - 1) / long, 0, 1) ** count * (1 - delay / long)
            near = np.where(count > 0, near, 0)[long >= HUNTER_SHORTEST]
            if len(near):
                best[talk] = max(best[talk], float(near.mean()))
    return best


def totals(flows: Array, client: Array) -> Array:
    """Return (n, len(TOTALS)) f4: what a flow exporter counts of single flows."""
    rows = np.arange(len(flows))
    seconds = (flows["last_ns"] - flows["first_ns"]) * 1e-9
    packets, octets = flows["packets"], flows["bytes"]
    share = flows["data"].sum(axis=1) / np.maximum(np.minimum(packets, 255).sum(axis=1), 1)
    up, down = client.astype(np.int64), 1 - client.astype(np.int64)
    made = [packets[rows, up], packets[rows, down], octets[rows, up], octets[rows, down], seconds, share]
    return np.stack([np.asarray(column, np.float32) for column in made], axis=1)
