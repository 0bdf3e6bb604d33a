"""The shape of a flow in numbers: what it does over time, never who it is.

Nothing here knows an address, a port or a name; the ports serve to tell the client from the server where no
SYN was seen, and to find the flows of one (client, server, port), and are forgotten then. All is measured on
many flows at once by the loops of shape_kernels.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier import shape_kernels, shape_series
from classifier.shape_kernels import FIRST, GAP_BINS, OF_FLOW, OF_SERIES, SERIES, SIZE_BINS, TALLY
from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, B_SYN, B_SYN_ACK
from facts.rhythm import CUT

Rows = NDArray[Any]
Matrix = NDArray[np.float64]

TOGETHER = 1 << 15
"""Packets that are measured together: what the loops hand to each other stays in the processor's cache."""

_WHOLE = (
    "span",  # log s
    "up_rate",  # log messages a minute of the client's
    "down_rate",
    "push_to_up",  # log ratio of counts
    "silence",  # part of the time in pauses of a minute and more
    "up_ended",  # part of the time after the client's last message
    "push_ended",
    "answered",  # part of the client's messages that are answered within 3 s
    "up_bursts",  # part of them that follow another within 0.3 s
    "first_share",  # part of them that have the most frequent size
    "two_shares",
    "first_answered",
    "answer_lag",  # mean log s from message to answer
    "answer_spread",  # standard deviation of it
    "answer_least",  # log s
    "push_answered",  # part of the pushes that the client answers within 0.5 s
    "push_stirs",  # 0.5: the client speaks as if the push had not been; 1: at once
    "down_answers",  # part of the server's messages that are answers
    "reply_to_first",  # log ratio of mean sizes
    "push_to_reply",
)
_SERIES = (
    "count",  # log(1 + n)
    "size",  # log of the mean, bytes
    "size_spread",  # coefficient of variation
    "size_entropy",  # nats, in steps of 8 bytes
    "size_mode",  # part within 8 bytes of the most frequent size
    "phase",  # 0..1: how well the times keep to a timer of the most frequent gap
    "gap",  # log of the mean, s
    "gap_spread",  # coefficient of variation: 1 for chance, 0 for a timer
    "gap_decay",  # mean of exp(-gap / mean): 0.5 for chance, 0.37 for a timer
    "gap_memory",  # correlation of neighbours
    "gap_mode",  # part of the gaps within a fifth of an octave
    "gap_longest",  # part of the flow's time
    "uneven",  # variance to mean of counts in eighths of the time
)
_COUNTED = ("bytes_ratio", "up_packet", "down_packet", "together", "records", "resent", "lost", "opened")
NAMES: tuple[str, ...] = (
    *_WHOLE,
    *(f"{series}_{what}" for series in SERIES for what in _SERIES),
    *_COUNTED,
    *(f"open_size_{place}" for place in range(FIRST)),
    *(f"open_gap_{place}" for place in range(1, FIRST)),
)
"""The columns of `features`, in order. A model names those that it was made with."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """The loops, as they are or compiled."""

    gather: Callable[..., None]
    tell: Callable[..., None]
    measure: Callable[..., None]


PLAIN = Kernels(shape_kernels.gather, shape_kernels.tell, shape_series.measure)
"""For tests: some 500 times slower than compiled."""


@dataclass(frozen=True, slots=True)
class Talks:
    """Packets put in order for measuring: a row a flow, or a row for all flows of one dependency."""

    packets: Rows
    """(m,) PACKET by talk then time."""
    begins: NDArray[np.int64]
    """(n + 1,) where each talk's packets begin."""
    client: NDArray[np.uint8]
    """(n,) the `way` in which the client sends."""
    seconds: Matrix
    """(n,) s from the first packet seen to the last, empty ones too where that is known."""
    opened: NDArray[np.bool_]
    """(n,) the opening of the (first) connection was seen."""

    def __len__(self) -> int:
        return len(self.client)


def client_ways(flows: Rows) -> NDArray[np.uint8]:
    """Return (n,) u1: the `way` of PACKET rows in which each flow's client sends.

    Told by SYN; else the higher port is the client's (servers listen below the ephemeral ports); else who
    spoke first. A wrong guess costs the flow, not an honest one: nothing looks like mining backwards.
    """
    syn = flows["syn"]
    a_client, b_client = syn & (A_SYN | B_SYN_ACK) != 0, syn & (B_SYN | A_SYN_ACK) != 0
    port_a, port_b = flows["ports"] >> np.uint32(16), flows["ports"] & np.uint32(0xFFFF)
    guess = np.where(port_a == port_b, flows["state"] & B_FIRST != 0, port_b > port_a)
    way: NDArray[np.uint8] = np.where(a_client != b_client, b_client, guess).astype(np.uint8)
    return way


def each_flow(flows: Rows, packets: Rows) -> Talks:
    """Return a talk for each flow: (n,) FLOW and (m,) PACKET by flow then time, as capture/rhythm.py has
    them."""
    begins = _begins(packets, np.arange(len(flows) + 1))
    has = begins[1:] > begins[:-1]
    head = np.minimum(begins[:-1], max(len(packets) - 1, 0))
    cut = np.zeros(len(flows), bool)
    begun = flows["first_ns"].copy()
    if len(packets):
        cut = has & (packets["marks"][head] & CUT != 0)
        begun[cut] = packets["at_ns"][head[cut]]
    seconds = (flows["last_ns"] - begun) * 1e-9
    return Talks(packets, begins, client_ways(flows), seconds, (flows["syn"] != 0) & ~cut)


def _begins(packets: Rows, flow: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the packets of flows begin, or would."""
    # of one type with the column: else all of it would be turned into another
    return np.searchsorted(packets["flow"], flow.astype(np.uint32)).astype(np.int64)


def dependencies(flows: Rows) -> NDArray[np.int64]:
    """Return (n,) i8: the number of each flow's (client, server, server's port, protocol, tunnel)."""
    swapped = client_ways(flows) == 1
    names = ("a_hi", "a_lo", "b_hi", "b_lo")
    a_hi, a_lo, b_hi, b_lo = (flows[name] for name in names)
    port_a, port_b = flows["ports"] >> np.uint32(16), flows["ports"] & np.uint32(0xFFFF)
    key = np.empty(
        len(flows), [("c", "<u8", 2), ("s", "<u8", 2), ("port", "<u4"), ("proto", "<u4"), ("tunnel", "<u8")]
    )
    key["c"][:, 0], key["c"][:, 1] = np.where(swapped, b_hi, a_hi), np.where(swapped, b_lo, a_lo)
    key["s"][:, 0], key["s"][:, 1] = np.where(swapped, a_hi, b_hi), np.where(swapped, a_lo, b_lo)
    key["port"], key["proto"], key["tunnel"] = (
        np.where(swapped, port_a, port_b),
        flows["proto"],
        flows["tunnel"],
    )
    plain = np.ascontiguousarray(key).view(f"V{key.dtype.itemsize}")
    return np.unique(plain, return_inverse=True)[1].reshape(-1).astype(np.int64)


def joined(flows: Rows, packets: Rows, group: NDArray[np.int64]) -> Talks:
    """Return a talk for each group of flows: all their packets by time, as if of one connection.

    `group`: (n,) i8 from 0 on without holes, -1 for flows that are left out.
    """
    count = int(group.max()) + 1 if len(group) else 0
    used = np.flatnonzero(group >= 0)
    ends = _begins(packets, np.stack([used, used + 1]))
    own = np.concatenate([packets[:0], *(packets[begin:end] for begin, end in ends.T.tolist())])
    some = np.repeat(np.arange(len(used)), ends[1] - ends[0])
    own["flow"] = some
    alone = each_flow(flows[used], own)
    own["way"] ^= alone.client[some]  # the client sends in way 0, whichever end it is of each flow
    own["flow"] = group[used][some]
    own = own[np.lexsort((own["at_ns"], own["flow"]))]
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, group[used], flows["last_ns"][used] - (alone.seconds * 1e9).astype(np.int64))
    np.maximum.at(last, group[used], flows["last_ns"][used])
    begins = _begins(own, np.arange(count + 1))
    none = np.zeros(count, np.uint8)
    return Talks(own, begins, none, (last - first) * 1e-9, none.astype(bool))


def features(talks: Talks, kernels: Kernels = PLAIN) -> Matrix:
    """Return (n, len(NAMES)) f8: what can be said of each talk; NaN where nothing can."""
    made = np.empty((len(talks), len(NAMES)))
    rooms = _Rooms()
    begin = 0
    while begin < len(talks):
        most = talks.begins[begin] + TOGETHER
        end = max(begin + 1, int(np.searchsorted(talks.begins, most, "right")) - 1)
        _measure(talks, begin, end, kernels, rooms, made[begin:end])
        begin = end
    return made


class _Rooms:
    """What loops write down between them; kept from block to block."""

    def __init__(self) -> None:
        self.sizes, self.gaps = np.zeros(SIZE_BINS, np.int64), np.zeros(GAP_BINS, np.int64)
        self._most = -1

    def grow(self, packets: int) -> None:
        """Have room for so many packets."""
        if packets > self._most:
            self._most = packets
            self.at, self.bulk, self.times = np.empty(packets), np.empty(packets), np.empty(packets)
            self.side, self.label = np.empty(packets, np.uint8), np.empty(packets, np.uint8)
            self.placed, self.chosen = np.empty(packets, np.int64), np.empty(packets, np.int64)
            self.listed = np.empty((len(SERIES), packets), np.int64)


def _measure(talks: Talks, begin: int, end: int, kernels: Kernels, rooms: _Rooms, made: Matrix) -> None:
    """Fill (end - begin, len(NAMES)) measures of the talks from `begin` to before `end`."""
    begins = talks.begins[begin : end + 1]
    packets = talks.packets[begins[0] : begins[-1]]
    begins = begins - begins[0]
    count = end - begin
    rooms.grow(len(packets))
    message, tally = np.empty(count + 1, np.int64), np.zeros((count, TALLY))
    first = np.full((count, 2 * FIRST), np.nan)
    tally[:, 7] = talks.opened[begin:end]
    columns = (np.ascontiguousarray(packets[name]) for name in ("at_ns", "size", "way", "marks"))
    at, bulk, side, label = rooms.at, rooms.bulk, rooms.side, rooms.label
    kernels.gather(*columns, begins, talks.client[begin:end], at, bulk, side, message, tally, first)
    whole = OF_FLOW + len(SERIES) * OF_SERIES
    measured, span = np.full((count, whole), np.nan), talks.seconds[begin:end]
    kernels.tell(at, bulk, side, message, span, label, rooms.sizes, rooms.placed, measured)
    kernels.measure(
        at,
        bulk,
        rooms.placed,
        label,
        message,
        span,
        rooms.listed,
        rooms.sizes,
        rooms.gaps,
        rooms.times,
        rooms.chosen,
        measured,
    )
    up, down, up_bytes, down_bytes, records, resent, lost, opened = tally.T
    total = np.maximum(up + down, 1)
    counted = (
        np.log((up_bytes + 1) / (down_bytes + 1)),
        np.log(np.maximum(up_bytes, 1) / np.maximum(up, 1)),
        np.log(np.maximum(down_bytes, 1) / np.maximum(down, 1)),
        total / np.maximum(np.diff(message), 1),
        records / total,
        resent / total,
        lost / total,
        opened,
    )
    made[:, :whole] = measured
    made[:, whole : whole + len(counted)] = np.stack(counted, axis=1)
    made[:, whole + len(counted) :] = np.delete(first, FIRST, axis=1)
