"""Where the capture stands, and what it misses: its clock, its losses, its sampling."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import SYN, Array
from facts.rhythm import GAP, RECORD, RESENT

_SIDE_BITS = 34
YOUNG = 4
"""Data packets of an opened direction during which a reader waits for what is missing."""


@dataclass(frozen=True, slots=True)
class Vantage:
    """One probe."""

    loss: float = 0.0
    """Share of packets that the capture misses."""
    sampling: int = 1
    """One packet in so many is kept, by chance."""
    skew: float = 0.0
    """Parts by which its clock runs fast."""
    offset: float = 0.0
    """s by which its clock was ahead when the capture began."""


def seen(rng: np.random.Generator, frames: Array, seconds: float, vantage: Vantage) -> Array:
    """Return the FRAME rows that the capture holds, on its own clock; order is kept."""
    at = frames["at_ns"]
    kept = (at >= 0) & (at < int(seconds * 1e9))
    chance = (1 - vantage.loss) / vantage.sampling
    if chance < 1:
        kept &= rng.random(len(frames)) < chance
    frames = frames[kept]
    if vantage.skew or vantage.offset:
        frames["at_ns"] += (frames["at_ns"] * vantage.skew + vantage.offset * 1e9).astype(np.int64)
    return frames


def marked(frames: Array, udp: Array) -> Array:
    """Return facts/rhythm.py marks of FRAME rows by flow then time; `udp`: (flows,) bool.

    What TCP bytes were seen is known by the highest number seen in a direction so far, from its SYN or its
    first data on, as a reader that keeps one number a direction knows it.
    """
    marks = frames["marks"] & RECORD
    counted = (frames["size"] > 0) | (frames["flags"] & SYN != 0)
    rows = np.flatnonzero(counted & ~udp[frames["flow"]])
    side = frames["flow"][rows].astype(np.int64) * 2 + frames["way"][rows]
    order = np.argsort(side, kind="stable")
    rows, side = rows[order], side[order]
    begins = frames["offset"][rows].astype(np.int64)
    reach = (side << _SIDE_BITS) + begins + frames["size"][rows]
    best = np.maximum.accumulate(reach)
    first = np.ones(len(rows), bool)
    first[1:] = side[1:] != side[:-1]
    before = np.roll(best, 1) - (side << _SIDE_BITS)  # where the direction stands, from its second row on
    _hold_young(frames, rows, first, begins, before)
    made = marks[rows]
    made |= np.where(~first & (begins < before), RESENT, 0).astype(np.uint8)
    made |= np.where(~first & (begins > before), GAP, 0).astype(np.uint8)
    marks[rows] = made
    return marks


def _hold_young(frames: Array, rows: Array, first: Array, begins: Array, before: Array) -> None:
    """Correct `before`, in place, where a young connection lost a segment: it stands there until it comes."""
    opened = np.flatnonzero(first & (frames["flags"][rows] & SYN != 0))
    stops = np.append(np.flatnonzero(first), len(rows))
    ends = stops[np.searchsorted(stops, opened, side="right")]
    ahead = begins > before
    ahead[first] = False
    holes = np.concatenate([[0], np.cumsum(ahead)])
    young = np.minimum(opened + 1 + YOUNG, ends)
    for start, end in zip(
        opened[holes[young] > holes[opened]], ends[holes[young] > holes[opened]], strict=True
    ):
        stands = 0
        for taken, row in enumerate(range(start + 1, end)):
            before[row] = stands
            size = int(frames["size"][rows[row]])
            reach = int(begins[row]) + size
            if begins[row] == stands or (reach > stands and taken >= YOUNG):
                stands = reach
