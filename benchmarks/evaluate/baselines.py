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
    count = len(way)
    best, talk = np.zeros(count), np.repeat(np.arange(count), np.diff(begins))
    own = packets["way"] == way[talk]
    at, talk = packets["at_ns"][own], talk[own]
    speaks, heads, each = np.unique(talk, return_index=True, return_counts=True)
    begun, ended = np.zeros((2, count), np.int64)
    begun[speaks], ended[speaks] = at[heads], at[heads + each - 1]
    for times in blocks:
        if len(times) > 1:
            best = np.maximum(best, _similar(at, talk, begun, ended, times))
    made: Array = best.astype(np.float32)
    return made


def _similar(at: Array, talk: Array, begun: Array, ended: Array, times: Array) -> Array:
    """Return (n,) f8 similarities with one coin's blocks, of (m,) packets by talk then time.

    `begun`, `ended`: (n,) ns of the first and last packet of each talk; an interval between blocks counts
    that begins no more than a minute before the first and ends before the last.
    """
    long = np.diff(times) * 1e-9
    fits = np.append(long >= HUNTER_SHORTEST, False)
    low = np.searchsorted(times, begun - 60 * 10**9, "right")
    high = np.maximum(np.searchsorted(times, ended) - 1, low)
    before = np.concatenate([[0], np.cumsum(fits)])
    total = before[high] - before[low]
    place = np.searchsorted(times, at, "right") - 1
    here = np.flatnonzero((place >= low[talk]) & (place < high[talk]) & fits[place])
    key = talk[here] * len(times) + place[here]
    heads = np.flatnonzero(np.diff(key, prepend=-1))
    many = np.diff(np.append(heads, len(key)))
    first, of = here[heads], place[here[heads]]
    delay, length = (at[first] - times[of]) * 1e-9, long[of]
    near = np.clip((length - delay - 1) / length, 0, 1) ** many * (1 - delay / length)
    made: Array = np.bincount(talk[first], near, len(begun)) / np.maximum(total, 1)
    return made


def totals(flows: Array, client: Array) -> Array:
    """Return (n, len(TOTALS)) f4: what a flow exporter counts of single flows."""
    rows = np.arange(len(flows))
    seconds = (flows["last_ns"] - flows["first_ns"]) * 1e-9
    packets, octets = flows["packets"], flows["bytes"]
    share = flows["data"].sum(axis=1) / np.maximum(np.minimum(packets, 255).sum(axis=1), 1)
    up, down = client.astype(np.int64), 1 - client.astype(np.int64)
    made = [packets[rows, up], packets[rows, down], octets[rows, up], octets[rows, down], seconds, share]
    return np.stack([np.asarray(column, np.float32) for column in made], axis=1)
