"""What a layer of a carrier is: writes in, sealed writes out, and its own opening before them."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import SEND, Array, Kind, Lines, by_flow_and_time
from benchmarks.lab.draw import Draw


@dataclass(frozen=True, slots=True)
class Sealed:
    """What passes from layer to layer."""

    rows: Array
    """(n,) SEND, by flow then time."""
    ready: Array
    """(flows,) f8, s: when the layer below must be open, so that everything here can be said at its time."""


def opening(lines: Lines) -> Array:
    """Return (flows,) f8: the round trip between client and server, s."""
    return 2 * (lines.near + lines.far)


def write(flow: Array, at: Array, way: int, size: Array | int, kind: int) -> Array:
    """Return SEND rows of a layer's own."""
    rows = np.empty(len(flow), SEND)
    rows["flow"], rows["at"], rows["way"], rows["size"] = flow, at, way, size
    rows["text"], rows["kind"] = -1, kind
    return rows


def merged(parts: list[Array]) -> Array:
    """Return rows of several origins by flow then time; of those at one time, earlier parts come first."""
    rows = np.concatenate(parts)
    return rows[by_flow_and_time(rows["flow"], rows["at"])]


def fresh(lines: Lines, ready: Array) -> Array:
    """Return the flows whose opening the capture can see."""
    return np.flatnonzero((ready > -60) & (ready < lines.seconds))


def each(draw: Draw, lines: Lines, name: str, low: int, high: int) -> Array:
    """Return (flows,) i8: a whole number of each flow's implementation."""
    return draw.whole(name, low, high, lines.makes)[lines.make]


DATA = Kind.DATA
