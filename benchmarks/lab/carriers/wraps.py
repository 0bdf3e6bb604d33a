"""Wrappings that change sizes little and openings much: WebSocket, SOCKS5, Noise, padding."""

import numpy as np

from benchmarks.lab.carriers.layer import DATA, Sealed, each, fresh, merged, opening, write
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import bursts, renewal

NOISE_BLOCK = 65_519


def plain(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Carry writes as they are."""
    return inner


def websocket(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Frame each write after an upgrade (RFC 6455: 2 bytes, 2 or 8 more for length, 4 of mask)."""
    rows = inner.rows.copy()
    size = rows["size"]
    rows["size"] = (
        size + 2 + np.select([size > 65_535, size > 125], [8, 2], 0) + np.where(rows["way"] == 0, 4, 0)
    )
    rows["text"] = -1
    flow = fresh(lines, inner.ready)
    at = (inner.ready - opening(lines))[flow]
    ask, reply = each(draw, lines, "ws.ask", 180, 700)[flow], each(draw, lines, "ws.reply", 129, 420)[flow]
    parts = [
        write(flow, at, 0, ask, DATA),
        write(flow, at + 2 * lines.far[flow] + 1e-3, 1, reply, DATA),
        rows,
    ]
    return Sealed(merged(parts), inner.ready - opening(lines))


def socks5(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Ask a proxy for the connection (RFC 1928): 3 and 2 bytes, perhaps a password, then 7 + name and 10."""
    rng, rtt = draw.rng, opening(lines)
    flow = fresh(lines, inner.ready)
    name = rng.integers(12, 32, len(flow))
    secret = (rng.random(lines.makes) < 0.4)[lines.make]
    ready, trip, far = inner.ready[flow], rtt[flow], lines.far[flow]
    last, first = ready - trip, ready - np.where(secret[flow], 3, 2) * trip
    asked = secret[flow]
    middle = (ready - 2 * trip)[asked]
    parts = [
        write(flow, first, 0, 3, DATA),
        write(flow, first + 2 * far, 1, 2, DATA),
        write(flow[asked], middle, 0, 3 + rng.integers(8, 40, int(asked.sum())), DATA),
        write(flow[asked], middle + 2 * far[asked], 1, 2, DATA),
        write(flow, last, 0, 7 + name, DATA),
        write(flow, last + 2 * far + trip * 0.4, 1, 10, DATA),
        inner.rows,
    ]
    return Sealed(merged(parts), inner.ready - np.where(secret, 3, 2) * rtt)


def crowd(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Let others use the tunnel too: pages in spells and small exchanges, as in a household."""
    rng = draw.rng
    spells = renewal(rng, lines.seen_from, lines.seen_to, _each(draw, lines, "crowd.page", 15, 120), 0.6)
    flow, at, _ = bursts(rng, spells, np.full(len(lines), 8.0), np.full(len(lines), 0.15))
    trip = 2 * lines.far[flow] + 0.02
    size = np.minimum(rng.geometric(1 / 2_500, len(flow)), 30_000)
    parts = [
        write(flow, at, 0, rng.integers(80, 700, len(flow)), DATA),
        write(flow, at + trip, 1, size, DATA),
    ]
    flow, at = renewal(rng, lines.seen_from, lines.seen_to, _each(draw, lines, "crowd.small", 4, 40), 1.0)
    parts.append(write(flow, at, 0, rng.integers(40, 300, len(flow)), DATA))
    parts.append(write(flow, at + 2 * lines.far[flow] + 0.01, 1, rng.integers(40, 600, len(flow)), DATA))
    own = merged(parts)
    own = own[(own["at"] >= lines.seen_from[own["flow"]]) & (own["at"] < lines.seen_to[own["flow"]])]
    return Sealed(merged([inner.rows, own]), inner.ready)


def _each(draw: Draw, lines: Lines, name: str, low: float, high: float) -> Array:
    return draw.between(name, low, high, lines.makes, log=True)[lines.make]


def noise(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Seal Stratum V2 frames: 16 of tag behind the header of 6, 16 a block; handshake of 64 and 234 bytes."""
    rows = inner.rows.copy()
    payload = rows["size"] - 6
    rows["size"] = 22 + payload + 16 * -(-payload // NOISE_BLOCK)
    rows["text"] = -1
    flow = fresh(lines, inner.ready)
    at = (inner.ready - opening(lines))[flow]
    parts = [write(flow, at, 0, 64, DATA), write(flow, at + 2 * lines.far[flow] + 3e-4, 1, 234, DATA), rows]
    return Sealed(merged(parts), inner.ready - opening(lines))


def padded(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """An AES tunnel: length of 2, IV of 16, blocks of 16, and padding by chance that doubles what is sent."""
    rng, rows = draw.rng, inner.rows.copy()
    extra = draw.between("padded.extra", 1.6, 2.4, lines.makes)[lines.make][rows["flow"]]
    padding = (rng.random(len(rows)) * extra * rows["size"]).astype(np.int64)
    rows["size"] = 2 + 16 + -(-(rows["size"] + padding + 1) // 16) * 16
    rows["kind"], rows["text"] = DATA, -1
    flow = fresh(lines, inner.ready)
    at = (inner.ready - opening(lines))[flow]
    ask, reply = rng.integers(40, 900, (2, len(flow)))
    parts = [
        write(flow, at, 0, ask, DATA),
        write(flow, at + 2 * lines.far[flow] + 3e-4, 1, reply, DATA),
        rows,
    ]
    return Sealed(merged(parts), inner.ready - opening(lines))
