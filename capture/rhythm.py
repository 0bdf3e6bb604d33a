"""The rhythm log in Python: kept within its room, cut over to flows that are no more, handed out.

The kernel writes rows (capture/sieve/rhythm.py); nothing is copied out of the log until somebody wants it.
When its room is full the log is tidied in place, and grows only where more than half of it is still wanted.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from capture.sieve.memory import roomy
from capture.sieve.rhythm import (
    BUSY,
    FINISHED,
    NOBODY,
    RATE_BITS,
    YOUNG,
    YOUNG_AND_ONE_SIDED,
    YOUNG_NS,
    end_flows,
    give_up,
    tidy,
)
from facts.flow import CUT_NEXT, FLOW, HASTY
from facts.rhythm import CUT, PACKET, RESENT

ROWS: Final = 1 << 16
"""Rows that the log of a small flow table may grow to; that of a large one has a row for each flow, so that a
flow takes no more than 160 bytes with it. Memory is taken for what is written only."""
LEAST_ROWS: Final = 1 << 13
"""The least room that can be asked for."""
START_ROWS: Final = 1 << 15
"""Room of a new log: 512 KiB, which stay in the second-level cache."""
DATA_PACKETS: Final = 16
"""Data packets, repetitions apart, from which on a flow is a candidate."""
_SLOWEST: Final = 40
"""Flows that send a packet in 2**40 ns (18 minutes) are the last that a full log gives up."""

Rows = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Flows that may be judged by their rhythm."""

    flows: Rows
    """(n,) FLOW, in the order in which their first rows were logged; `next` is 0."""
    packets: Rows
    """(m,) PACKET in the order of flow and time; `flow` is an index into `flows`."""


class Rhythm:
    """The log of one sieve. Not safe to share between threads."""

    def __init__(self, state: Rows, rows: int, given_up: int) -> None:
        """`state` is the sieve's; `rows` bounds the log; `given_up`: most flows that `end` is told of."""
        self._state = state
        self._most = max(rows, LEAST_ROWS)
        # Each row of END comes on top of the rows of packets.
        self._margin = given_up
        self.log = roomy(self._most + given_up, PACKET)
        """(most + given_up,) PACKET: the kernel's; rows up to `logged` are set."""
        self._finished = roomy(max(self._most // DATA_PACKETS, given_up), FLOW)
        self._kept = np.empty(given_up, np.uint32)
        self.reset()

    def reset(self) -> None:
        """Begin anew with an empty log; the sieve's state is at zero."""
        self._places = 0
        self._state["log_room"] = min(START_ROWS, self._most)
        self.given_up: Counter[str] = Counter()
        """Rows that a full log gave up, by reason."""
        self.forgotten = 0
        """Rows of flows that were over or too busy: nothing that was wanted."""

    @property
    def logged(self) -> int:
        """Rows in the log now."""
        return int(self._state["logged"][0])

    def make_room(self, flows: Rows) -> None:
        """Tidy the log; where it stays full let it grow, and at its cap give up the least wanted flows."""
        self._tidy(flows)
        room = int(self._state["log_room"][0])
        while 2 * self.logged > room and room < self._most:
            room = min(2 * room, self._most)
            self._state["log_room"] = room
        if 4 * self.logged > 3 * room:
            self._give_up(flows, 3 * room // 4)

    def end(self, gone: npt.NDArray[np.uint32], flows: Rows) -> None:
        """Take note that the records of `gone`, which still stand, are free for other flows.

        Rows of those that lived long stay, with a copy of the record; where copies have no room, they go too.
        """
        if self.logged + len(gone) > len(self.log):
            self._tidy(flows)
        if self.logged + len(gone) > self._most:
            self._give_up(flows, self._most // 2)
        room = self._kept[: min(len(self._kept), len(self._finished) - self._places)]
        count = end_flows(gone, flows, self.log, self._state, self._places, room)
        self._finished[self._places : self._places + count] = flows[self._kept[:count]]
        self._places += count

    def _tidy(self, flows: Rows) -> None:
        used = int(self._state["used"][0]) if self._state["log_ends"][0] else 0
        self.forgotten += tidy(self.log, flows, np.zeros(used, np.uint32), self._state)

    def _give_up(self, flows: Rows, wanted: int) -> None:
        """Give whole flows up until no more rows than wanted are left: the young first, then the busiest."""
        steps = [("young-one-sided", YOUNG_AND_ONE_SIDED, 0), ("young", YOUNG, 0)]
        steps += [("busy", BUSY, bits) for bits in range(RATE_BITS, _SLOWEST)]
        for name, what, bits in steps:
            if self.logged <= wanted:
                return
            gone = give_up(self.log, flows, self._finished, self._state, what, bits)
            if gone:
                self.given_up[f"rhythm-{name}"] += gone
        if self.logged > wanted:
            self.given_up["rhythm-busy"] += self.logged
            self._forget_all(flows)

    def _forget_all(self, flows: Rows) -> None:
        here = self.log["flow"][: self.logged]
        flows["state"][here[here < FINISHED]] |= CUT_NEXT
        self._state["logged"] = 0
        self._places = 0

    def candidates(self, flows: Rows) -> Candidates:
        """Return the flows that lived a minute and in which both sides sent something, 16 packets in all.

        What a flow did before its last row marked CUT is neither counted nor returned. `flows` are all
        records of the table.
        """
        return self._found(flows)[0]

    def take(self, flows: Rows) -> Candidates:
        """Return the candidates and let go of their rows; what they do from now on begins with CUT.

        The rows of flows that are no more go, too; those of flows that may yet become candidates stay.
        """
        found, names = self._found(flows)
        flows["state"][names[names < FINISHED]] |= CUT_NEXT
        here = self.log["flow"][: self.logged]
        here[here >= FINISHED] = NOBODY
        self._places = 0
        self._tidy(flows)
        return found

    def _found(self, flows: Rows) -> tuple[Candidates, npt.NDArray[np.uint32]]:
        """Return the candidates, and what the log calls each of them."""
        self._tidy(flows)
        log = self.log[: self.logged]
        order = np.argsort(log["flow"], kind="stable")
        names, firsts, groups = _stretches(log, order)
        here = np.arange(len(order)) >= firsts[groups]
        likely = _spoke_enough(log[order], groups, here, len(names))
        records = self._records(names[likely], flows)
        begun = log[order[firsts[likely]]]
        begun_ns = np.where(begun["marks"] & CUT != 0, begun["at_ns"], records["first_ns"])
        lasting = (records["last_ns"] - begun_ns >= YOUNG_NS) & (records["state"] & (HASTY | CUT_NEXT) == 0)
        chosen = np.flatnonzero(likely)[lasting]
        rank = np.argsort(order[firsts[chosen]])
        numbers = np.full(len(names), -1, np.int64)
        numbers[chosen[rank]] = np.arange(len(chosen))
        number = np.where(here, numbers[groups], -1)
        packets = log[order[number >= 0]]
        packets["flow"] = number[number >= 0]
        packets = packets[np.lexsort((packets["at_ns"], packets["flow"]))]
        return Candidates(records[lasting][rank], packets), names[chosen[rank]]

    def _records(self, names: npt.NDArray[np.uint32], flows: Rows) -> Rows:
        """Return (n,) FLOW: copies of the records of these flows."""
        found = np.empty(len(names), FLOW)
        over = names >= FINISHED
        found[~over] = flows[names[~over]]
        found[over] = self._finished[names[over] - np.uint32(FINISHED)]
        found["next"] = 0
        return found


def _stretches(log: Rows, order: npt.NDArray[np.intp]) -> tuple[Rows, Rows, Rows]:
    """Return each flow's name, the place in `order` of its last row marked CUT, or else of its first; and
    for each place in `order`, by which the log is sorted by flow, the number of its flow."""
    flow = log["flow"][order]
    new = np.ones(len(flow), bool)
    new[1:] = flow[1:] != flow[:-1]
    firsts = np.flatnonzero(new)
    names, groups = flow[firsts], np.cumsum(new) - 1
    cuts = np.flatnonzero(log["marks"][order] & CUT)
    np.maximum.at(firsts, groups[cuts], cuts)
    return names, firsts, groups


def _spoke_enough(rows: Rows, groups: Rows, here: Rows, count: int) -> Rows:
    """Return (count,) bool: flows with rows enough `here`, of both sides, repetitions apart."""
    here = here & (rows["marks"] & RESENT == 0)
    sides = [np.bincount(groups[here & (rows["way"] == way)], minlength=count) for way in (0, 1)]
    return (sides[0] > 0) & (sides[1] > 0) & (sides[0] + sides[1] >= DATA_PACKETS)
