"""An SSH channel: packets padded to blocks, MAC, window adjustments, keepalives. RFC 4253, RFC 4254."""

import numpy as np

from benchmarks.lab.carriers.layer import DATA, Sealed, each, fresh, merged, opening, write
from benchmarks.lab.columns import Array, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import periodic

ALONGSIDE = ((8, 16, 4), (16, 16, 4), (16, 32, 4), (16, 20, 0))
"""Block, MAC, bytes of the length field that lie outside of the blocks: chacha20-poly1305, AES-GCM,
AES-CTR with hmac-sha2-256-etm, AES-CTR with hmac-sha1."""
WINDOW = 1 << 20


def packet_size(payload: Array, suite: Array) -> Array:
    """Return bytes on the wire of SSH packets of so many bytes of payload; `suite`: rows of ALONGSIDE."""
    block, mac, outside = (np.array(part)[suite] for part in zip(*ALONGSIDE, strict=True))
    inside = 4 - outside + 1 + payload
    padding = block - inside % block
    padding = np.where(padding < 4, padding + block, padding)
    made: Array = outside + inside + padding + mac
    return made


def ssh(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Carry writes as channel data (9 bytes before each) of one channel."""
    rng, rtt = draw.rng, opening(lines)
    suite = rng.integers(0, len(ALONGSIDE), lines.makes)[lines.make]
    rows = inner.rows.copy()
    rows["size"] = packet_size(rows["size"] + 9, suite[rows["flow"]])
    rows["kind"], rows["text"] = DATA, -1
    flow = fresh(lines, inner.ready)
    parts = [*_handshake(draw, lines, inner.ready, flow), rows]
    interval = draw.between("ssh.keepalive", 10, 90, lines.makes)
    keeps = (rng.random(lines.makes) < 0.5)[lines.make]
    interval = np.where(keeps, interval[lines.make], 1e9)
    of, at = periodic(rng, lines.seen_from, lines.seen_to, interval, 0.02)
    ask, reply = packet_size(np.full(len(of), 33), suite[of]), packet_size(np.full(len(of), 1), suite[of])
    parts += [write(of, at, 0, ask, DATA), write(of, at + 2 * lines.far[of] + 5e-4, 1, reply, DATA)]
    parts.append(_adjustments(rows, lines, suite))
    return Sealed(merged(parts), inner.ready - 7 * rtt)


def _adjustments(rows: Array, lines: Lines, suite: Array) -> Array:
    """Return WINDOW_ADJUST of 9 bytes from the receiver whenever half a window has passed."""
    side = rows["flow"].astype(np.int64) * 2 + rows["way"]
    order = np.argsort(side, kind="stable")
    rows, side = rows[order], side[order]
    total = np.cumsum(rows["size"], dtype=np.int64)
    first = np.ones(len(rows), bool)
    first[1:] = side[1:] != side[:-1]
    base = np.maximum.accumulate(np.where(first, total - rows["size"], 0))
    windows = (total - base) // (WINDOW // 2)
    passed = np.zeros(len(rows), bool)
    passed[1:] = (windows[1:] > windows[:-1]) & ~first[1:]
    at = rows[passed]
    flow, back = at["flow"], 1 - at["way"]
    remote = np.where(back == 1, lines.far[flow], lines.near[flow])
    made = write(flow, at["at"] + 2 * remote + 1e-3, 0, packet_size(np.full(len(at), 9), suite[flow]), DATA)
    made["way"] = back
    return made


def _handshake(draw: Draw, lines: Lines, ready: Array, flow: Array) -> list[Array]:
    """Return identification, key exchange, and authentication by key or password."""
    ready, trip, far = ready[flow], opening(lines)[flow], lines.far[flow]
    banner, theirs = (
        each(draw, lines, "ssh.banner", 21, 44)[flow],
        each(draw, lines, "ssh.banner2", 21, 44)[flow],
    )
    kex, other = (
        each(draw, lines, "ssh.kex", 900, 1_700)[flow],
        each(draw, lines, "ssh.kex2", 700, 1_200)[flow],
    )
    big = draw.rng.choice((48, 48, 1_232), lines.makes)[lines.make][flow]
    steps = (
        (7, banner, theirs),
        (6, kex, other),
        (5, big, 450 + big),
        (4, np.full(len(flow), 16 + 44), np.full(len(flow), 44)),
        (3, np.full(len(flow), 68), np.full(len(flow), 52)),
        (2, np.full(len(flow), 636), np.full(len(flow), 28)),
        (1, np.full(len(flow), 112), np.full(len(flow), 500)),
    )
    parts = []
    for trips, ask, reply in steps:
        at = ready - trips * trip
        parts += [write(flow, at, 0, ask, DATA), write(flow, at + 2 * far + 1e-4, 1, reply, DATA)]
    return parts
