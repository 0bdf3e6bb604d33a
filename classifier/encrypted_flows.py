"""Sealed traffic, sorted out by who depends on whom: all flows of a client with one service together.

Nothing of what was said enters, only when, which way and how much: columns as the rhythm log hands them out.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.clocks import Times
from classifier.poolclock import ANSWER_NS, answer_ns, pushes
from facts.endpoint import Address, Endpoint, address_of
from facts.flow import A_SYN, A_SYN_ACK, B_SYN, B_SYN_ACK, DULL
from facts.rhythm import GAP, RESENT
from facts.where import Where

READABLE = frozenset({1, 2, 3, 4, 6, 9, 10, 11, 16})
"""Tags (capture/records.py) of what is read in clear: JSON lines, node networks, DNS, WebSocket, BTCAgent,
plain Stratum V2. HTTP is none: behind CONNECT anything may follow."""

Rows = NDArray[Any]
Pair = tuple[Address, Endpoint]
"""A client and the service that it uses."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Connections of a dependency that came one after another."""

    pushed: Times
    """When the server sent something unasked, ascending."""
    parts: Times
    """(k, 2) int64 ns, ascending: when each of them was seen first and last."""

    @property
    def first_ns(self) -> int:
        """When the first of them was seen first."""
        return int(self.parts[0, 0])

    @property
    def last_ns(self) -> int:
        """When the last of them was seen last."""
        return int(self.parts[-1, 1])


@dataclass(frozen=True, slots=True)
class Dependency:
    """A client's sealed flows with one service, in one window."""

    client: Address
    server: Endpoint
    rows: tuple[int, ...]
    """Their places among the flows, in the order of time."""
    ways: tuple[int, ...]
    """For each: the `way` of packets that the client sends."""
    lanes: tuple[Lane, ...]
    slow: tuple[Lane, ...]
    """The same with as long to answer as its server takes, where that is longer than usual: late answers
    look like messages unasked for. Empty where it is not."""
    first_ns: int
    last_ns: int
    packets: int
    """With payload, repetitions apart."""
    lost: int
    """Packets before which bytes are not in the capture."""
    named_other: bool
    """Whether a greeting named a host that is on no list."""
    where: Where
    """The first packet of the first flow."""


def dependencies(
    flows: Rows, packets: Rows, sources: Sequence[str], readable: Callable[[Pair], bool]
) -> list[Dependency]:
    """Sort candidates out: (n,) FLOW and (m,) PACKET by flow then time, as capture/rhythm.py hands them out.

    `sources` are the names that `source` of the flows counts; pairs that are `readable` are left out.
    """
    ends = _ends(flows)
    often = Counter(end for pair in ends for end in pair)
    fresh = packets["marks"] & RESENT == 0
    numbers = np.arange(len(flows) + 1)
    begins = np.searchsorted(packets["flow"][fresh], numbers).tolist()
    times, ways = packets["at_ns"][fresh].astype(np.int64), packets["way"][fresh]
    torn = np.bincount(packets["flow"][packets["marks"] & GAP != 0], minlength=len(flows)).tolist()
    found: dict[Pair, list[tuple[int, int, int]]] = defaultdict(list)
    columns = ("syn", "tag", "first_ns")
    for row, (syn, tag, first_ns) in enumerate(zip(*(flows[name].tolist() for name in columns), strict=True)):
        if tag in READABLE:
            continue
        client = _client(syn, ends[row], often)
        pair = ends[row][client].address, ends[row][1 - client]
        if not readable(pair):
            found[pair].append((first_ns, row, client))
    sources_of, frames, states = (flows[name].tolist() for name in ("source", "first_frame", "state"))
    made = []
    for (client_address, server), group in found.items():
        group.sort()
        parts, late, count, lost = [], [], 0, 0
        slow = False
        for _, row, way in group:
            here = slice(begins[row], begins[row + 1])
            at_ns = times[here]
            count += len(at_ns)
            lost += torn[row]
            if len(at_ns):
                down = ways[here] != way
                within_ns = answer_ns(at_ns, down)
                parts.append(Lane(pushes(at_ns, down), at_ns[[0, -1]].reshape(1, 2)))
                late.append(parts[-1])
                if within_ns > ANSWER_NS:
                    slow = True
                    late[-1] = replace(parts[-1], pushed=pushes(at_ns, down, within_ns))
        if not parts:
            continue
        source, frame = sources_of[group[0][1]], frames[group[0][1]]
        made.append(
            Dependency(
                client=client_address,
                server=server,
                rows=tuple(row for _, row, _ in group),
                ways=tuple(way for _, _, way in group),
                lanes=_lanes(parts),
                slow=_lanes(late) if slow else (),
                first_ns=min(part.first_ns for part in parts),
                last_ns=max(part.last_ns for part in parts),
                packets=count,
                lost=lost,
                named_other=any(states[row] & DULL for _, row, _ in group),
                where=Where(
                    sources[source] if source < len(sources) else ", ".join(sources),
                    frame or None,
                ),
            )
        )
    return made


def _ends(flows: Rows) -> list[tuple[Endpoint, Endpoint]]:
    columns = (flows[name].tolist() for name in ("a_hi", "a_lo", "b_hi", "b_lo", "ports"))
    return [
        (Endpoint(address_of(a_hi, a_lo), ports >> 16), Endpoint(address_of(b_hi, b_lo), ports & 0xFFFF))
        for a_hi, a_lo, b_hi, b_lo, ports in zip(*columns, strict=True)
    ]


def _client(syn: int, ends: tuple[Endpoint, Endpoint], often: Counter[Endpoint]) -> int:
    """Return which end is the client: who opened it, else who is met less often, else the greater port."""
    asked = syn & (A_SYN | B_SYN)
    if asked in (A_SYN, B_SYN):
        return 0 if asked == A_SYN else 1
    answered = syn & (A_SYN_ACK | B_SYN_ACK)
    if not asked and answered in (A_SYN_ACK, B_SYN_ACK):
        return 1 if answered == A_SYN_ACK else 0
    here, there = often[ends[0]], often[ends[1]]
    if here != there:
        return 0 if here < there else 1
    return 0 if ends[0].port >= ends[1].port else 1


def _lanes(parts: Sequence[Lane]) -> tuple[Lane, ...]:
    """Join connections that follow one another; those side by side stay apart, for both get the same jobs."""
    lanes: list[list[Lane]] = []
    for part in sorted(parts, key=lambda part: part.first_ns):
        lane = next((lane for lane in lanes if lane[-1].last_ns <= part.first_ns), None)
        if lane is None:
            lanes.append([part])
        else:
            lane.append(part)
    return tuple(
        Lane(*(np.concatenate([getattr(part, name) for part in lane]) for name in ("pushed", "parts")))
        for lane in lanes
    )
