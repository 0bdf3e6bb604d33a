"""The sieve: sees every packet, keeps the flow table, and hands on the few packets that may matter."""

import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.records import TAGGED, Block
from capture.sieve.kernel import (
    BATCH,
    CREATED,
    DONE,
    EVENTS,
    FRAGMENTS,
    FRAGMENTS_OVER,
    FREE,
    NEWEST,
    NEXT,
    SAMPLE,
    SAMPLES,
    SAMPLES_KEPT,
    STATE_SIZE,
    TABLE_FULL,
    TAGGED_FLOWS,
    USED,
    walk,
)
from capture.sieve.layers import PACKET
from capture.sieve.names import SCRATCH, interest
from capture.sieve.reasons import PARSED, REASONS
from capture.sieve.table import key_of, rebuild
from facts.flow import FLOW, LIVE, RELEASED, WATCHED

START = 8_192
"""Flows that a new table holds: 1 MiB, cheap to make for a small file."""

CAP = 1 << 22
"""Flows that the table may grow to: 4 million, 620 MB."""

IDLE_NS = 120_000_000_000
"""At the cap, flows idle for longer go first: two minutes outlast every keepalive of a miner."""

KEEP_AT_CAP = 0.75
"""Share of the cap that stays when flows must go: giving up many at once makes it rare."""

EVENTS_HELD = 4_096
"""Candidates handed over at a time: 192 KiB, which stay in the second-level cache."""

LINKS = {
    105: "802.11", 119: "prism", 127: "radiotap", 163: "avs", 192: "ppi", 147: "user0", 189: "usb", 195:
    "802.15.4",
    201: "bluetooth", 220: "usb-linux", 227: "can", 239: "nflog", 251: "bluetooth-le", 7: "arcnet", 8: "slip",
    10: "fddi", 6: "token-ring", 107: "frame-relay", 117: "pflog", 122: "ip-over-fc",
    123: "atm", 138: "firewire", 140: "mtp2", 141: "mtp3", 142: "sccp", 143: "docsis", 144: "irda", 187:
    "bluetooth-h4",
    230: "802.15.4-nofcs", 253: "netlink",
}  # fmt: skip
"""Names of LINKTYPE_ values that are not read, for the counters; others are counted by their number."""


class Sieve:
    """One flow table and the kernel over it. Not safe to share between threads.

    `seed` makes runs repeatable in tests; without it every sieve draws its own, so that nobody can aim at one
    chain of slots. `cap` bounds the flows held at once. `names` (capture.sieve.names.interest) are the
    domains whose DNS messages and TLS greetings are handed on; without them all are.
    """

    def __init__(
        self,
        seed: int | None = None,
        capacity: int = START,
        cap: int = CAP,
        names: npt.NDArray[np.uint64] | None = None,
    ) -> None:
        self._names = interest(()) if names is None else names
        self._scratch = np.zeros(SCRATCH, np.uint8)
        self._key = key_of(secrets.randbits(64) if seed is None else seed)
        self._cap = max(cap, 8 * BATCH)  # a quarter of it must hold a batch
        self._start = min(max(capacity, 2 * BATCH), self._cap)
        self._packets = np.empty(BATCH, PACKET)
        self._events = np.zeros(EVENTS_HELD, TAGGED)
        self._samples = np.empty(SAMPLES_KEPT * len(REASONS), SAMPLE)
        self._counters = np.zeros(len(REASONS) + 1, np.int64)
        self._state = np.zeros(STATE_SIZE, np.int64)
        self._links: dict[int, int] = {}
        self._freed: npt.NDArray[np.uint32] = np.empty(0, np.uint32)
        self.evicted = 0
        """Flows that the table gave up at its cap, exactly."""
        self._allocate()

    def _allocate(self) -> None:
        # Room for all records at once: the system gives memory to the pages that are written, and no record
        # is ever copied for the table to grow.
        self._flows = np.empty(self._cap, FLOW)
        self._free = np.empty(self._cap, np.uint32)
        self._capacity = self._start
        self._slots = np.zeros(_power_of_two(2 * self._capacity), np.uint64)

    def reset(self) -> None:
        """Begin a new world: an empty table and counters at zero. Cheap, however many files came before."""
        self._counters[:] = 0
        self._state[:] = 0
        self._links.clear()
        self._freed = np.empty(0, np.uint32)
        self.evicted = 0
        if self._capacity > self._start:
            self._allocate()
        else:
            self._slots[:] = 0

    def push(self, block: Block) -> Iterator[npt.NDArray[Any]]:
        """Take a block; yield (n,) TAGGED rows in packet order, valid until the next are asked for.

        Between two yields `expired` holds the indices of flows that were given up; they may be used for other
        flows in the rows that follow, so take leave of them first.
        """
        self._state[NEXT] = 0
        self._count_links(block)
        while True:
            reason = walk(
                block.data,
                block.records,
                self._flows,
                self._slots,
                self._free,
                self._packets,
                self._events,
                self._samples,
                self._counters,
                self._state,
                self._key,
                self._names,
                self._scratch,
            )
            if count := int(self._state[EVENTS]):
                yield self._events[:count]
            if reason == DONE:
                return
            if reason == TABLE_FULL and self._make_room():
                yield self._events[:0]

    def _count_links(self, block: Block) -> None:
        """Count packets of link types that are not read under the name of each."""
        links = block.records["link"]
        if not len(links):
            return
        first = int(links[0])
        if first in _READ and not (links != first).any():
            return
        for link, count in zip(*np.unique(links, return_counts=True), strict=True):
            if int(link) not in _READ:
                self._links[int(link)] = self._links.get(int(link), 0) + int(count)

    def _make_room(self) -> bool:
        """Grow the table, or at its cap give flows up; say whether any were given up."""
        used = int(self._state[USED])
        if self._capacity < self._cap:
            self._capacity = min(2 * self._capacity, self._cap)
            self._slots = np.zeros(_power_of_two(2 * self._capacity), np.uint64)
            rebuild(self._flows, used, self._slots, self._key)
            return False
        freed = self._least_wanted()
        self._flows["state"][freed] = 0
        spare = int(self._state[FREE])
        self._free[spare : spare + len(freed)] = freed
        self._state[FREE] = spare + len(freed)
        self.evicted += len(freed)
        self._freed = freed
        self._slots[:] = 0
        rebuild(self._flows, used, self._slots, self._key)
        return True

    def _least_wanted(self) -> npt.NDArray[np.uint32]:
        """Choose a quarter of the table to give up: the idle and those that carried nothing, then those that
        nobody watches, then any; the longest unseen first."""
        seen = self._flows[: int(self._state[USED])]
        live = np.flatnonzero(seen["state"] & LIVE)
        flows = seen[["state", "last_ns", "data"]][live]
        last = np.maximum(flows["last_ns"], 0).view(np.uint64) >> np.uint64(2)
        wanted = (flows["data"] != 0).any(axis=1).astype(np.uint64)
        wanted[(flows["state"] & (WATCHED | RELEASED)) == WATCHED] = 2
        wanted[flows["last_ns"] < int(self._state[NEWEST]) - IDLE_NS] = 0
        count = len(live) - int(KEEP_AT_CAP * self._cap)
        order = np.argpartition(wanted << np.uint64(62) | last, count - 1)
        return np.sort(live[order[:count]]).astype(np.uint32)

    @property
    def expired(self) -> npt.NDArray[np.uint32]:
        """(n,) uint32: flows given up since the last rows; reading empties it. Their records stand until
        then."""
        freed, self._freed = self._freed, np.empty(0, np.uint32)
        return freed

    def release(self, flow: int) -> None:
        """Hand on no more packets of a flow, until a new connection opens on the same ports."""
        self._flows["state"][flow] |= RELEASED

    def watch(self, flow: int) -> None:
        """Hand on all further packets of a flow."""
        self._flows["state"][flow] |= WATCHED

    @property
    def flows(self) -> npt.NDArray[Any]:
        """(n,) FLOW: the records used so far, dead ones (state without LIVE) among them; index = flow."""
        return self._flows[: int(self._state[USED])]

    @property
    def created(self) -> int:
        """Flows seen so far, those given up included."""
        return int(self._state[CREATED])

    @property
    def tagged_flows(self) -> int:
        """Flows of which a payload was tagged."""
        return int(self._state[TAGGED_FLOWS])

    @property
    def fragments(self) -> tuple[int, int]:
        """TCP fragments seen, and those of them not handed on because the budget was spent."""
        return int(self._state[FRAGMENTS]), int(self._state[FRAGMENTS_OVER])

    @property
    def parsed(self) -> int:
        """Packets in the flow table."""
        return int(self._counters[PARSED])

    @property
    def skipped(self) -> dict[str, int]:
        """Packets that are not in the flow table, by reason; with `parsed` they are all that was pushed."""
        found = {
            name: int(count)
            for name, count in zip(REASONS[1:], self._counters[1 : len(REASONS)], strict=True)
            if count and name != "unsupported-link"
        }
        for link, count in sorted(self._links.items()):
            found[f"unsupported-link-{LINKS.get(link, link)}"] = count
        return found

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """(reason, source, frame) of the first packets skipped, at most SAMPLES_KEPT per reason."""
        rows = self._samples[: int(self._state[SAMPLES])]
        return [(REASONS[int(row["reason"])], int(row["source"]), int(row["frame"])) for row in rows]


_READ = frozenset({0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276})


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
