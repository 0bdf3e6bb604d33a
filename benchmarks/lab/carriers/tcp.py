"""TCP: writes become segments; acknowledgements, opening and closing; what a path loses comes again."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.carriers.layer import Sealed, opening
from benchmarks.lab.columns import ACK, FIN, FRAME, PUSH, SYN, Array, Kind, Lines
from benchmarks.lab.draw import Draw
from benchmarks.lab.rhythms import spread
from facts.rhythm import RECORD

LEAD_NS = 1_900_000_000_000
"""Times from so long before the capture are kept apart; ns."""
_BITS = 45
"""Of a time in ns, LEAD_NS with it: nine hours and three quarters. What is above tells flows apart."""
_TOGETHER = 3e-4
"""Writes within so many seconds go out in one segment: they are one call, or one turn of an event loop."""


@dataclass(frozen=True, slots=True)
class Path:
    """What the path does to packets: (flows,) columns."""

    loss: Array
    """Share of segments lost, half of them before the capture saw them."""
    reorder: Array
    """Share of segments overtaken by their successors."""


@dataclass(frozen=True, slots=True)
class Segmented:
    """A batch of TCP flows on the wire."""

    frames: Array
    """(n,) FRAME by flow then time; the whole life, the capture's window not yet cut out."""
    writes: Array
    """(m,) SEND by flow, way and place in the stream."""
    offsets: Array
    """(m,) i8: where each write begins in its direction's stream."""


def tcp(draw: Draw, lines: Lines, sealed: Sealed, path: Path) -> Segmented:
    """Send a batch's writes."""
    rng, makes = draw.rng, lines.makes
    mss = draw.rng.choice((1_448, 1_448, 1_460, 1_400, 1_380, 1_348), makes)[lines.make]
    nagle = (rng.random(makes) < 0.15)[lines.make]
    patience = rng.choice((0.0, 0.04, 0.04, 0.1, 0.2), makes)[lines.make]
    pace = 8 * 1_500 / np.exp(rng.uniform(np.log(4e6), np.log(5e8), len(lines)))
    writes, offsets, data = _segments(sealed.rows, lines, mss, nagle, pace)
    data = _lost(rng, data, lines, path)
    rest = [
        _acknowledge(rng, data, lines, patience),
        _hands(lines, sealed.ready),
        _farewell(rng, lines, data),
    ]
    frames = np.concatenate([data, *rest])
    return Segmented(frames[_order(frames["flow"], frames["at_ns"])], writes, offsets)


def _order(flow: Array, at_ns: Array) -> Array:
    return np.argsort((flow.astype(np.int64) << _BITS) + at_ns + LEAD_NS, kind="stable")


def _ns(at: Array) -> Array:
    return np.maximum((at * 1e9).astype(np.int64), 1 - LEAD_NS)


def _segments(rows: Array, lines: Lines, mss: Array, nagle: Array, pace: Array) -> tuple[Array, Array, Array]:
    """Return the writes in stream order, their offsets, and the segments that they make."""
    side = rows["flow"].astype(np.int64) * 2 + rows["way"]
    at_ns = _ns(rows["at"])
    order = np.argsort((side << _BITS) + at_ns + LEAD_NS, kind="stable")
    writes, side, at_ns = rows[order], side[order], at_ns[order]
    if not len(writes):
        return writes, np.empty(0, np.int64), np.empty(0, FRAME)
    flow = writes["flow"]
    head = np.ones(len(writes), bool)
    head[1:] = side[1:] != side[:-1]
    size = writes["size"].astype(np.int64)
    run = np.cumsum(size) - size
    offsets = run - _carried(run, head)
    trip = (2 * np.where(writes["way"] == 0, lines.far[flow], lines.near[flow]) * 1e9).astype(np.int64)
    window = np.where(nagle[flow], trip, int(_TOGETHER * 1e9))
    joined = ~head
    joined[1:] &= at_ns[1:] - at_ns[:-1] <= window[1:]
    chain = _carried(at_ns, ~joined)
    second = np.zeros(len(writes), bool)  # Nagle: the first goes out at once, the rest with its ACK
    second[1:] = joined[1:] & ~joined[:-1] & nagle[flow[1:]]
    begins = np.flatnonzero(~joined | second)
    sizes = np.add.reduceat(size, begins)
    leave = np.where(second[begins], chain[begins] + trip[begins], at_ns[begins])
    of = flow[begins]
    group, turn = spread(-(-sizes // mss[of]))
    owner = of[group]
    frames = np.zeros(len(group), FRAME)
    frames["flow"], frames["way"] = owner, writes["way"][begins][group]
    frames["offset"] = offsets[begins][group] + turn * mss[owner]
    frames["size"] = np.minimum(sizes[group] - turn * mss[owner], mss[owner])
    rounds = np.log2(turn / 10 + 1).astype(np.int64) * opening(lines)[owner]  # slow start: ten, twenty, forty
    at = leave[group] + ((turn * pace[owner] + rounds) * 1e9).astype(np.int64)
    lane = (owner.astype(np.int64) * 2 + frames["way"]) << _BITS
    frames["at_ns"] = (
        np.maximum.accumulate(lane + at + LEAD_NS) - lane
    ) - LEAD_NS  # no overtaking at the source
    frames["flags"] = ACK
    frames["flags"][np.append(turn[1:] == 0, True)] |= PUSH
    frames["marks"] = _at_records(writes, side, offsets, frames)
    return writes, offsets, frames


def _carried(values: Array, heads: Array) -> Array:
    """Return, for each row, the value at the last head at or before it; row 0 must be a head."""
    places = np.flatnonzero(heads)
    return np.repeat(values[places], np.diff(np.append(places, len(values))))


def _at_records(writes: Array, side: Array, offsets: Array, frames: Array) -> Array:
    """Return RECORD where a segment begins with a TLS application data record."""
    records = writes["kind"] == Kind.RECORD
    known = (side[records] << 34) + offsets[records]
    asked = ((frames["flow"].astype(np.int64) * 2 + frames["way"]) << 34) + frames["offset"]
    if not len(known):
        return np.zeros(len(frames), np.uint8)
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[place] == asked, RECORD, 0).astype(np.uint8)


def _lost(rng: np.random.Generator, data: Array, lines: Lines, path: Path) -> Array:
    """Let the path lose and reorder; return the segments by flow then time, those sent again among them."""
    flow = data["flow"]
    lost = rng.random(len(data)) < path.loss[flow]
    late = rng.random(len(data)) < path.reorder[flow]
    data["at_ns"] += np.where(late, (rng.uniform(3e5, 4e6, len(data))).astype(np.int64), 0)
    if not lost.any():
        return data[_order(flow, data["at_ns"])]
    trip = (opening(lines)[flow] * 1e9).astype(np.int64)
    more = np.zeros(len(data), bool)  # others follow at once: their ACKs tell of the loss
    more[:-1] = (flow[1:] == flow[:-1]) & (data["way"][1:] == data["way"][:-1])
    more[:-1] &= data["at_ns"][1:] - data["at_ns"][:-1] < 20_000_000
    wait = np.where(more, trip + 1_000_000, np.maximum(200_000_000, 2 * trip) + 10_000_000)
    behind = rng.random(len(data)) < 0.5  # lost beyond the capture: seen twice
    again = data[lost & behind]
    again["at_ns"] += wait[lost & behind]
    data["at_ns"] += np.where(lost & ~behind, wait, 0)
    rows = np.concatenate([data, again])
    delay = np.concatenate([np.where(lost, wait, 0), np.zeros(len(again), np.int64)])
    sent = np.concatenate([data["at_ns"] - np.where(lost & ~behind, wait, 0), again["at_ns"]])
    order = _order(rows["flow"], sent)
    rows, delay, sent = rows[order], delay[order], sent[order]
    for way in (0, 1):  # answers wait for what was lost
        _after_losses(rows, delay, sent, way)
    return rows[_order(rows["flow"], rows["at_ns"])]


def _after_losses(rows: Array, delay: Array, sent: Array, way: int) -> None:
    """Delay, in place, what the other side says within the time that a loss of this way cost."""
    here = np.where((rows["way"] == way) & (delay > 0), np.arange(len(rows)), -1)
    last = np.maximum.accumulate(here)
    held = (rows["way"] != way) & (last >= 0)
    held &= rows["flow"][last] == rows["flow"]
    held &= sent - sent[last] < delay[last]
    rows["at_ns"] += np.where(held, delay[last], 0)


def _acknowledge(rng: np.random.Generator, data: Array, lines: Lines, patience: Array) -> Array:
    """Return the empty acknowledgements: none where data goes back soon, one for two segments of a burst."""
    count = len(data)
    if not count:
        return np.empty(0, FRAME)
    flow, at = data["flow"], data["at_ns"]
    places = np.arange(count)
    following = np.full(count, count - 1)
    for way in (0, 1):
        ahead = np.where(data["way"] == 1 - way, places, count)
        ahead = np.minimum.accumulate(ahead[::-1])[::-1]
        following = np.where(data["way"] == way, np.minimum(ahead, count - 1), following)
    remote = 2 * np.where(data["way"] == 0, lines.far[flow], lines.near[flow])
    wait = ((remote + np.maximum(patience[flow], 5e-4)) * 1e9).astype(np.int64)
    soon = (flow[following] == flow) & (data["way"][following] != data["way"]) & (at[following] - at < wait)
    burst = np.zeros(count, bool)
    burst[:-1] = (
        (flow[1:] == flow[:-1]) & (data["way"][1:] == data["way"][:-1]) & (at[1:] - at[:-1] < 2_000_000)
    )
    wanted = ~soon & ~(burst & (places % 2 == 0))
    acks = np.zeros(int(wanted.sum()), FRAME)
    acks["flow"], acks["way"], acks["flags"] = flow[wanted], 1 - data["way"][wanted], ACK
    slow = np.where(burst, 0, patience[flow] * 1e9)[wanted]
    acks["at_ns"] = at[wanted] + ((remote[wanted] + rng.random(len(acks)) * 2e-4) * 1e9 + slow).astype(
        np.int64
    )
    return acks


def _hands(lines: Lines, ready: Array) -> Array:
    """Return SYN, SYN-ACK and ACK."""
    syn = ready - opening(lines) - 2e-5
    steps = ((syn, 0, SYN), (syn + 2 * lines.far, 1, SYN | ACK), (syn + opening(lines), 0, ACK))
    frames = np.zeros((3, len(lines)), FRAME)
    for part, (at, way, flags) in zip(frames, steps, strict=True):
        part["flow"], part["at_ns"], part["way"] = np.arange(len(lines)), _ns(at), way
        part["flags"] = flags
    return frames.reshape(-1)


def _farewell(rng: np.random.Generator, lines: Lines, data: Array) -> Array:
    """Return FIN of both sides and the last ACK, after all data, of flows that end while captured."""
    flow = np.flatnonzero(lines.stop < lines.seconds)
    last = np.zeros(len(lines), np.int64)
    np.maximum.at(last, data["flow"], data["at_ns"])
    first = np.where(rng.random(len(flow)) < 0.7, 0, 1)
    at = np.maximum(_ns(lines.stop[flow]), last[flow]) + 1_000_000
    there = (2 * np.where(first == 0, lines.far[flow], lines.near[flow]) * 1e9).astype(np.int64)
    back = (2 * np.where(first == 0, lines.near[flow], lines.far[flow]) * 1e9).astype(np.int64)
    steps = ((at, first, FIN | ACK), (at + there, 1 - first, FIN | ACK), (at + there + back, first, ACK))
    frames = np.zeros((3, len(flow)), FRAME)
    for part, (when, way, flags) in zip(frames, steps, strict=True):
        part["flow"], part["at_ns"], part["way"], part["flags"] = flow, when, way, flags
    return frames.reshape(-1)
