"""From frames to what the product reads: FLOW rows, PACKET rows, and the truth beside them."""

import numpy as np

from benchmarks.lab.carriers.vantage import marked
from benchmarks.lab.columns import ACK, FIN, PUSH, SYN, Array
from benchmarks.lab.places import Ends
from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, FLOW, LIVE
from facts.rhythm import PACKET

TRUTH = np.dtype(
    [
        ("flow", "<u4"),  # row of the flow table
        ("mines", "?"),
        ("client", "<u4"),  # number of the client's host
        ("server", "<u4"),  # number of the server's endpoint; a pool's or a service's own
        ("dialect", "U20"),  # of miners; empty for others
        ("coin", "U6"),
        ("carrier", "U16"),
        ("kind", "U18"),  # what it is: `miner`, `donation`, or the name of the benign kind
        ("implementation", "U32"),  # never the same in training and test
        ("pool", "U32"),  # key of Network.clocks; empty for others
    ]
)
"""What is true of a flow."""

ETHERNET = 14


def flow_table(frames: Array, ends: Ends, start_ns: int, numbered: bool = True) -> Array:
    """Return (flows,) FLOW of FRAME rows by flow then time; every flow must have one.

    `numbered`: with the frame of each flow's first packet, which costs a sort.
    """
    count = len(ends)
    flows = np.zeros(count, FLOW)
    swap = swapped(ends)
    for low, high in (("a", "client"), ("b", "server")):
        other = "server" if high == "client" else "client"
        for half in ("hi", "lo"):
            here, there = getattr(ends, f"{high}_{half}"), getattr(ends, f"{other}_{half}")
            flows[f"{low}_{half}"] = np.where(swap, there, here)
    low_port = np.where(swap, ends.server_port, ends.client_port)
    high_port = np.where(swap, ends.client_port, ends.server_port)
    flows["ports"] = (low_port << 16) | high_port
    flows["proto"] = np.where(ends.udp, 17, 6)
    flow = frames["flow"].astype(np.int64)
    begins = np.searchsorted(flow, np.arange(count))
    way = (frames["way"] ^ swap[flow]).astype(np.int64)
    flows["state"] = LIVE | np.where(way[begins] == 1, B_FIRST, 0)
    flows["first_ns"] = frames["at_ns"][begins] + start_ns
    flows["last_ns"] = frames["at_ns"][np.append(begins[1:], len(flow)) - 1] + start_ns
    flows["first_frame"] = _numbers(frames, begins) if numbered else 0
    side = flow * 2 + way
    wire = wire_bytes(frames, ends)
    sizes = frames["size"].astype(np.float64)
    flows["packets"] = np.bincount(side, minlength=2 * count).reshape(-1, 2)
    flows["bytes"] = np.bincount(side, wire, 2 * count).reshape(-1, 2)
    flows["payload"] = np.bincount(side, sizes, 2 * count).reshape(-1, 2)
    flows["data"] = np.minimum(np.bincount(side[sizes > 0], minlength=2 * count).reshape(-1, 2), 255)
    for bit in (FIN, SYN, PUSH):
        rows = np.flatnonzero(frames["flags"] & bit)
        flows["flags"] |= np.where(
            np.bincount(side[rows], minlength=2 * count).reshape(-1, 2) > 0, bit, 0
        ).astype(np.uint8)
    lone = np.flatnonzero((frames["flags"] & (SYN | ACK)) == SYN)
    acks = flows["packets"] - np.bincount(side[lone], minlength=2 * count).reshape(-1, 2)
    flows["flags"] |= np.where((acks > 0) & ~ends.udp[:, None], ACK, 0).astype(np.uint8)
    starts = np.flatnonzero(frames["flags"] & SYN)
    opened = np.where(frames["flags"][starts] & ACK, A_SYN_ACK, A_SYN).astype(np.uint8) << way[starts].astype(
        np.uint8
    )
    np.bitwise_or.at(flows["syn"], flow[starts], opened)
    return flows


def _numbers(frames: Array, begins: Array) -> Array:
    """Return the number that each flow's first frame has in the order of time."""
    place = np.empty(len(frames), np.int64)
    place[np.argsort(frames["at_ns"], kind="stable")] = np.arange(1, len(frames) + 1)
    return place[begins]


def swapped(ends: Ends) -> Array:
    """Return (flows,) bool: the server is endpoint a, the lower (address, port)."""
    same_hi, same_lo = ends.client_hi == ends.server_hi, ends.client_lo == ends.server_lo
    below = np.where(same_lo, ends.server_port < ends.client_port, ends.server_lo < ends.client_lo)
    return np.where(same_hi, below, ends.server_hi < ends.client_hi).astype(np.uint8).astype(bool)


def wire_bytes(frames: Array, ends: Ends) -> Array:
    """Return (n,) i8: bytes of each frame on the wire, Ethernet included."""
    flow = frames["flow"]
    network = np.where(ends.server_hi[flow] > 0, 40, 20)
    made: Array = ETHERNET + network + header_bytes(frames, ends) + frames["size"]
    return made


def header_bytes(frames: Array, ends: Ends) -> Array:
    """Return (n,) i8: bytes of each frame's header: UDP's, or TCP's with timestamps."""
    flow = frames["flow"]
    return np.where(ends.udp[flow], 8, np.where(frames["flags"] & SYN != 0, 40, 32))


def packet_log(frames: Array, ends: Ends, start_ns: int) -> Array:
    """Return (n,) PACKET by flow then time of FRAME rows in that order."""
    marks = marked(frames, ends.udp)
    data = frames["size"] > 0
    rows = np.zeros(int(data.sum()), PACKET)
    rows["at_ns"] = frames["at_ns"][data] + start_ns
    rows["flow"], rows["size"], rows["marks"] = frames["flow"][data], frames["size"][data], marks[data]
    rows["way"] = frames["way"][data] ^ swapped(ends)[frames["flow"][data]]
    return rows
