"""What an exporter of flow records would tell of a network: counts by connection and stretch of time.

As NetFlow and IPFIX exporters do it: one packet in so many is looked at (each by its own chance), a record
ends when its connection was silent for the idle time or the record is as old as the active time. Made by
thinning the frames of a network, so truth stays with it.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import Array
from benchmarks.lab.networks import Network
from benchmarks.lab.tables import ETHERNET, wire_bytes
from classifier.reduced import RECORD
from classifier.shape_features import client_ways, dependencies


@dataclass(frozen=True, slots=True)
class Exporter:
    """How a router is set."""

    sampling: int = 1
    """One packet in so many is counted."""
    active: float = 60.0
    """s after which a record of a living connection is sent; infinite: only when it is over."""
    idle: float = 15.0
    """s of silence after which a connection is over to it."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What one exporter told of one network."""

    records: Array
    """(n,) RECORD."""
    mines: Array
    """(owners,) bool."""
    kind: Array
    """(owners,) of the truth."""
    carrier: Array
    """(owners,) of the truth, empty for those that do not mine."""


def exported(network: Network, exporter: Exporter, rng: np.random.Generator) -> Exported:
    """Return the records of a network."""
    frames = network.frames
    wire = wire_bytes(frames, network.ends) - ETHERNET
    if exporter.sampling > 1:
        kept = np.flatnonzero(rng.random(len(frames)) < 1 / exporter.sampling)
        frames, wire = frames[kept], wire[kept]
    flow, at = frames["flow"].astype(np.int64), frames["at_ns"] * 1e-9
    fresh = np.ones(len(frames), bool)
    fresh[1:] = (flow[1:] != flow[:-1]) | (at[1:] - at[:-1] > exporter.idle)
    stretch = np.cumsum(fresh) - 1
    age = at - at[fresh][stretch]
    turn = np.floor(age / exporter.active)
    fresh[1:] |= turn[1:] != turn[:-1]
    record = np.cumsum(fresh) - 1
    firsts = np.flatnonzero(fresh)
    lasts = np.append(firsts[1:], len(frames)) - 1
    made = np.zeros(len(firsts), RECORD)
    made["flow"], made["start"], made["end"] = flow[firsts], at[firsts], at[lasts]
    way = frames["way"].astype(np.int64)  # 0: the client's
    guessed = client_ways(network.flows) != network.client_way
    way ^= guessed[flow]  # as the product takes ends for client and server
    side = record * 2 + way
    made["packets"] = np.bincount(side, minlength=2 * len(made)).reshape(-1, 2)
    made["bytes"] = np.bincount(side, wire, 2 * len(made)).reshape(-1, 2)
    flags = np.zeros(2 * len(made), np.uint8)
    np.bitwise_or.at(flags, side, frames["flags"])
    made["flags"] = flags.reshape(-1, 2)
    made["tcp"] = network.flows["proto"][made["flow"]] == 6
    group = dependencies(network.flows)
    known, made["owner"] = np.unique(group[made["flow"]], return_inverse=True)
    first = np.zeros(int(group.max()) + 1 if len(group) else 0, np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    truth = network.truth[first[known]]
    return Exported(made, truth["mines"].copy(), truth["kind"].copy(), truth["carrier"].copy())
