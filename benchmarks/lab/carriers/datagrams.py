"""UDP: datagrams as they are, and WireGuard around a TCP connection."""

import numpy as np

from benchmarks.lab.carriers.layer import Sealed, opening
from benchmarks.lab.carriers.tcp import Path, Segmented, tcp
from benchmarks.lab.columns import FRAME, SEND, Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import periodic

LARGEST = 1_400
_NO_WRITES = np.empty(0, SEND)


def datagrams(draw: Draw, lines: Lines, sealed: Sealed, path: Path) -> Segmented:
    """Send each write as one datagram, of at most 1,400 bytes; what is lost on the way is not seen."""
    rows = sealed.rows
    frames = np.zeros(len(rows), FRAME)
    frames["flow"], frames["way"] = rows["flow"], rows["way"]
    frames["at_ns"], frames["size"] = rows["at"] * 1e9, np.minimum(rows["size"], LARGEST)
    kept = draw.rng.random(len(rows)) >= path.loss[rows["flow"]] / 2
    return Segmented(_sorted(frames[kept]), _NO_WRITES, np.empty(0, np.int64))


def wireguard(draw: Draw, lines: Lines, sealed: Sealed, path: Path) -> Segmented:
    """Carry a whole TCP connection, its ACKs too: 32 bytes around each IP packet, padded to 16.

    Handshakes (148, 92) every two minutes while data flows; 32 bytes of keepalive 10 s after what nobody
    answered, or every so many seconds where that is set. wireguard.com/protocol.
    """
    rng = draw.rng
    inside = tcp(draw, lines, sealed, path).frames
    carried = np.where(inside["flags"] & 2 != 0, 60, 52) + inside["size"].astype(np.int64)
    frames = np.zeros(len(inside), FRAME)
    for name in ("at_ns", "flow", "way"):
        frames[name] = inside[name]
    frames["size"] = 32 + -(-carried // 16) * 16
    parts = [frames]
    flow, at = periodic(rng, lines.seen_from, lines.seen_to, np.full(len(lines), 120.0), 0.4)
    parts += [_own(flow, at, 0, 148), _own(flow, at + 2 * lines.far[flow] + 1e-4, 1, 92)]
    parts.append(_own(flow, at + opening(lines)[flow] + 2e-4, 0, 32))
    every = np.where(rng.random(lines.makes) < 0.6, 25.0, 1e9)[lines.make]
    for way in (0, 1):
        flow, at = periodic(rng, lines.seen_from, lines.seen_to, every, 0.01)
        parts.append(_own(flow, at, way, 32))
    return Segmented(_sorted(np.concatenate(parts)), _NO_WRITES, np.empty(0, np.int64))


def _own(flow: Array, at: Array, way: int, size: int) -> Array:
    frames = np.zeros(len(flow), FRAME)
    frames["flow"], frames["at_ns"], frames["way"], frames["size"] = flow, at * 1e9, way, size
    return frames


def _sorted(frames: Array) -> Array:
    return frames[np.lexsort((frames["at_ns"], frames["flow"]))]
