"""Which flows and packets of a network a probe's rhythm log would hand on: its rules, in columns.

The rules are those of capture/sieve/rhythm.py and capture/rhythm.py; a test holds both beside each other. So
evaluations see what the product would see, without a capture file between.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import FIN, Array
from benchmarks.lab.networks import Network
from facts.rhythm import CUT, RESENT

ALLOWANCE, RATE_BITS = 64, 26
YOUNG_NS, SILENT_NS, CLOSED_NS = 60 * 10**9, 120 * 10**9, 2 * 10**9
LEAST = 16


@dataclass(frozen=True, slots=True)
class Chosen:
    """The candidates of a network."""

    rows: Array
    """(n,) i8: their rows in the network's flows and truth."""
    flows: Array
    """(n,) FLOW."""
    packets: Array
    """(m,) PACKET by flow then time; `flow` is an index into `flows` here."""


def candidates(network: Network) -> Chosen:
    """Return the flows that may be judged by their rhythm, as the product would choose them."""
    frames, count = network.frames, len(network.flows)
    flow, at = frames["flow"].astype(np.int64), frames["at_ns"]
    begins = np.searchsorted(flow, np.arange(count + 1))
    first = at[begins[:-1]]
    data = np.flatnonzero(frames["size"] > 0)
    sent = data - begins[flow[data]] + 1
    allowed = (at[data] - first[flow[data]]) >> RATE_BITS
    cut = np.zeros(len(data), bool)
    kept = np.ones(len(data), bool)
    ready = np.ones(count, bool)
    ends = np.searchsorted(data, begins)
    for row in np.unique(flow[data[sent > allowed + ALLOWANCE]]):
        here = slice(ends[row], ends[row + 1])
        ready[row] = _hasty(sent[here], allowed[here], kept[here], cut[here])
    _silences(frames, flow, at, begins, data, kept, cut, ready)
    return _chosen(network, data, flow[data], kept, cut, ready)


def _hasty(sent: Array, allowed: Array, kept: Array, cut: Array) -> bool:
    """Mark, in place, what a hasty flow has unlogged, and where it resumes; say whether it does."""
    out, back = np.flatnonzero(sent > allowed + ALLOWANCE), np.flatnonzero(sent <= allowed)
    place = 0
    while True:
        turn = np.searchsorted(out, place)
        if turn == len(out):
            return True
        gone = out[turn]
        turn = np.searchsorted(back, gone)
        if turn == len(back):
            kept[gone:] = False
            return False
        place = back[turn]
        kept[gone:place] = False
        cut[place] = True
        place += 1


def _silences(
    frames: Array, flow: Array, at: Array, begins: Array, data: Array, kept: Array, cut: Array, ready: Array
) -> None:
    """Mark, in place, where a young flow that was over begins anew, and flows that are over at the end."""
    if not len(frames):
        return
    first = at[begins[flow]]
    silence = np.append(at[1:] - at[:-1], 0)
    last = np.append(flow[1:] != flow[:-1], True)
    silence[last] = at.max() - at[last]
    closes = frames["flags"] & FIN != 0
    closed = np.cumsum(closes) - (np.cumsum(closes) - closes)[begins[flow]] > 0
    over = (at - first < YOUNG_NS) & ((silence > SILENT_NS) | (closed & (silence > CLOSED_NS)))
    ready[flow[over & last]] = False
    again = np.flatnonzero(over & ~last)
    nexts = np.searchsorted(data, again + 1)
    inside = nexts < len(data)
    again, nexts = again[inside], nexts[inside]
    nexts = nexts[flow[data[nexts]] == flow[again]]
    cut[nexts[kept[nexts]]] = True


def _chosen(network: Network, data: Array, owner: Array, kept: Array, cut: Array, ready: Array) -> Chosen:
    """Return the flows with enough after their last cut."""
    count, packets = len(network.flows), network.packets
    start = np.searchsorted(owner, np.arange(count))
    cuts = np.flatnonzero(cut & kept)
    np.maximum.at(start, owner[cuts], cuts)
    here = kept & (np.arange(len(data)) >= start[owner])
    counted = here & (packets["marks"] & RESENT == 0)
    sides = [np.bincount(owner[counted & (packets["way"] == way)], minlength=count) for way in (0, 1)]
    begun = network.flows["first_ns"].copy()
    begun[owner[cuts]] = packets["at_ns"][start[owner[cuts]]]
    lived = network.flows["last_ns"] - begun >= YOUNG_NS
    chosen = ready & lived & (sides[0] > 0) & (sides[1] > 0) & (sides[0] + sides[1] >= LEAST)
    number = np.cumsum(chosen) - 1
    rows = here & chosen[owner]
    own = packets[rows]
    own["marks"] |= np.where(cut[rows], CUT, 0).astype(np.uint8)
    own["flow"] = number[owner[rows]]
    which = np.flatnonzero(chosen)
    return Chosen(which, network.flows[which], own)
