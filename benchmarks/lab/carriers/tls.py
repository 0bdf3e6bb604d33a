"""TLS 1.2 and 1.3: records, handshake flights, session tickets, key updates, the closing alert.

Overheads, RFC 8446 5.2: 5 bytes header, 1 of type, 16 of tag; RFC 5288: 5, 8 of nonce, 16; RFC 7905: 5, 16;
RFC 5246 6.2.3.2 (CBC): 5, 16 of IV, SHA-1 of 20, padding to 16.
"""

import numpy as np

from benchmarks.lab.carriers.layer import Sealed, each, fresh, merged, opening, write
from benchmarks.lab.columns import Array, Kind, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import poisson, spread

GCM, CHACHA, CBC = 0, 1, 2
LARGEST = 16_384


def split_records(rows: Array, largest: Array) -> Array:
    """Return rows cut into records of at most `largest[flow]` bytes of plain text."""
    limit = largest[rows["flow"]]
    counts = -(-rows["size"] // limit)
    if (counts <= 1).all():
        return rows
    origin, turn = spread(counts)
    parts = rows[origin]
    left = parts["size"] - turn * limit[origin]
    parts["size"] = np.minimum(left, limit[origin])
    parts["text"] = np.where(counts[origin] > 1, -1, parts["text"])
    return parts


def tls13(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Seal in TLS 1.3."""
    rng, rtt = draw.rng, opening(lines)
    rows = split_records(inner.rows, _largest(draw, lines))
    padding = np.where(draw.rng.random(lines.makes) < 0.03, draw.whole("tls.pad", 2, 9, lines.makes) * 16, 0)
    pad = padding[lines.make][rows["flow"]]
    size = rows["size"] + 1
    rows["size"] = np.where(pad > 0, -(-size // np.maximum(pad, 1)) * pad, size) + 21
    rows["kind"] = Kind.RECORD
    flow = fresh(lines, inner.ready)
    ready, trip, far = inner.ready[flow], rtt[flow], lines.far[flow]
    resumed = rng.random(len(flow)) < 0.25
    certificate = np.where(resumed, 0, each(draw, lines, "tls.certificate", 900, 4_800)[flow] + 286)
    tickets = each(draw, lines, "tls.tickets", 0, 3)[flow]
    ticket = each(draw, lines, "tls.ticket", 110, 300)[flow]
    finished = draw.rng.choice((58, 74), lines.makes)[lines.make][flow]
    hello = each(draw, lines, "tls.hello", 200, 640)[flow] + np.where(rng.random(len(flow)) < 0.3, 1_200, 0)
    parts = [
        write(flow, ready - trip, 0, hello, Kind.HELLO),
        write(flow, ready - trip + 2 * far, 1, 127 + 6 + 46 + certificate + finished, Kind.GREETING),
        write(flow, ready - 1e-5, 0, 6 + finished, Kind.CHANGE),
    ]
    origin, turn = spread(tickets)
    at = ready[origin] - 1e-5 + 2 * far[origin] + 2e-4 + turn * 1e-6
    parts.append(write(flow[origin], at, 1, ticket[origin] + 22, Kind.RECORD))
    updating = np.where(rng.random(lines.makes) < 0.1, 1 / 600, 0.0)[lines.make]
    who, when = poisson(rng, lines.seen_from, lines.seen_to, updating)
    parts.append(write(who, when, 0, 5 + 22, Kind.RECORD))
    parts.append(write(who, when + 2 * lines.far[who] + 1e-4, 1, 5 + 22, Kind.RECORD))
    parts += [rows, _goodbye(rng, lines, 24, Kind.RECORD)]
    return Sealed(merged(parts), inner.ready - rtt)


def tls12(draw: Draw, lines: Lines, inner: Sealed) -> Sealed:
    """Seal in TLS 1.2."""
    rng, rtt = draw.rng, opening(lines)
    rows = split_records(inner.rows, _largest(draw, lines))
    suite = rng.choice((GCM, GCM, GCM, CHACHA, CBC), lines.makes)[lines.make]
    rows["size"] = sealed12(rows["size"], suite[rows["flow"]])
    rows["kind"] = Kind.RECORD
    flow = fresh(lines, inner.ready)
    ready, trip, far = inner.ready[flow], rtt[flow], lines.far[flow]
    resumed = rng.random(len(flow)) < 0.25
    certificate = each(draw, lines, "tls.certificate", 900, 4_800)[flow] + 5 + 9 + 338
    ticket = np.where(rng.random(lines.makes) < 0.7, draw.whole("tls.ticket", 110, 300, lines.makes), 0)
    finished = sealed12(np.full(len(flow), 16), suite[flow])
    hello = each(draw, lines, "tls.hello12", 150, 520)[flow]
    greeting = np.where(resumed, 100 + 6 + finished, 100 + certificate)
    own = np.where(resumed, 6 + finished, 75 + 6 + finished)
    first, second = ready - 2 * trip, ready - trip
    again = ~resumed
    parts = [
        write(flow, np.where(resumed, second, first), 0, hello, Kind.HELLO),
        write(flow, np.where(resumed, second, first) + 2 * far, 1, greeting, Kind.GREETING),
        write(flow[again], second[again], 0, own[again], Kind.GREETING),
        write(flow[resumed], ready[resumed] - 1e-5, 0, own[resumed], Kind.CHANGE),
    ]
    last = (ticket[lines.make][flow] + 6 + finished)[again]
    with_ticket = ticket[lines.make][flow][again] > 0
    at = second[again] + 2 * far[again] + 2e-4
    parts.append(write(flow[again][with_ticket], at[with_ticket], 1, last[with_ticket], Kind.GREETING))
    parts.append(write(flow[again][~with_ticket], at[~with_ticket], 1, last[~with_ticket], Kind.CHANGE))
    goodbye = _goodbye(rng, lines, 0, Kind.ALERT)
    goodbye["size"] = sealed12(np.full(len(goodbye), 2), suite[goodbye["flow"]])
    return Sealed(merged([*parts, rows, goodbye]), inner.ready - 2 * rtt)


def sealed12(size: Array, suite: Array) -> Array:
    """Return bytes on the wire of TLS 1.2 records of `size` bytes under GCM, CHACHA or CBC with SHA-1."""
    cbc = 5 + 16 + -(-(size + 20 + 1) // 16) * 16
    return np.select([suite == GCM, suite == CHACHA], [size + 29, size + 21], cbc)


def _largest(draw: Draw, lines: Lines) -> Array:
    """Return the most plain text that each flow's stack puts into a record."""
    return draw.rng.choice((LARGEST, LARGEST, LARGEST, 8_192, 4_096, 1_369), lines.makes)[lines.make]


def _goodbye(rng: np.random.Generator, lines: Lines, size: int, kind: int) -> Array:
    """Return close_notify of most flows that end under the capture's eyes."""
    flow = np.flatnonzero((lines.stop < lines.seconds) & (rng.random(len(lines)) < 0.7))
    return write(flow, lines.stop[flow] - 1e-4, 0, size, kind)
