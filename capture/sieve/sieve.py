"""The sieve: sees every packet, keeps the flow table, and hands on the few packets that may matter."""

import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from capture.records import TAGGED, Block
from capture.rhythm import ROWS, Candidates, Rhythm
from capture.sieve.expiry import QUEUE, expire
from capture.sieve.idle import sweep
from capture.sieve.kernel import (
    BATCH,
    DONE,
    LOG_FULL,
    SAMPLE,
    SAMPLES_KEPT,
    TABLE_FULL,
    walk,
)
from capture.sieve.memory import cleared, roomy
from capture.sieve.names import interest
from capture.sieve.packet import PACKET
from capture.sieve.quic import quic_scratch
from capture.sieve.reasons import PARSED, REASONS, UNSUPPORTED_LINK
from capture.sieve.state import RANKS, STATE
from capture.sieve.table import FULL_EIGHTHS, MOST_FLOWS, key_of, spread
from capture.timeouts import TICK_BITS, TICKS, Timeouts
from facts.flow import FLOW, RELEASED, WATCHED

START = 8_192
"""Flows that a new table holds: 1 MiB, cheap to make for a small file."""

CAP = 1 << 22
"""Flows that the table may grow to: 4 million, 620 MB."""

GIVEN_UP = 4_096
"""Flows given up at a time when the table is at its cap: as many as the streams take leave of at once."""

EVENTS_HELD = 4_096
"""Candidates handed over at a time: 192 KiB, which stay in the second-level cache."""

LINKS = {
    6: "token-ring", 7: "arcnet", 8: "slip", 123: "atm", 138: "firewire", 140: "mtp2", 141: "mtp3",
    142: "sccp", 143: "docsis", 144: "irda", 147: "user0", 187: "bluetooth-h4", 189: "usb",
    195: "802.15.4", 201: "bluetooth", 220: "usb-linux", 227: "can", 230: "802.15.4-nofcs",
    251: "bluetooth-le", 253: "netlink",
}  # fmt: skip
"""Names of LINKTYPE_ values that are not read, for the counters; others are counted by their number."""


class Sieve:
    """One flow table and the kernel over it. Not safe to share between threads.

    `seed` makes runs repeatable in tests; without it every sieve draws its own, so that nobody can aim at one
    chain of slots. `cap` bounds the flows held at once. `names` (capture.sieve.names.interest) are the
    domains whose DNS messages and TLS greetings are handed on; without them all are. `log_rows` bounds the
    rhythm log; by default a row for each flow of `cap`. With `timeouts` idle flows leave the table; without,
    flows leave it at its cap only.
    """

    def __init__(
        self,
        seed: int | None = None,
        capacity: int = START,
        cap: int = CAP,
        names: npt.NDArray[np.uint64] | None = None,
        log_rows: int | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._names = interest(()) if names is None else names
        self._scratch = quic_scratch()
        self._key = key_of(secrets.randbits(64) if seed is None else seed)
        self._cap = min(max(cap, 8 * BATCH), MOST_FLOWS)  # a quarter of it must hold a batch
        self._start = min(max(capacity, 2 * BATCH), self._cap)
        self._packets = np.empty(BATCH, PACKET)
        self._events = np.zeros(EVENTS_HELD, TAGGED)
        self._samples = np.empty(SAMPLES_KEPT * len(REASONS), SAMPLE)
        self._counters = np.zeros(len(REASONS), np.int64)
        self._state = np.zeros(1, STATE)
        self._queues = np.zeros(RANKS * TICKS, QUEUE)
        self.rhythm = Rhythm(self._state, max(self._cap, ROWS) if log_rows is None else log_rows, GIVEN_UP)
        """The log of the packets of quiet flows."""
        self._links: dict[int, int] = {}
        self._freed: npt.NDArray[np.uint32] = np.empty(0, np.uint32)
        self.evicted = 0
        """Flows that the table gave up at its cap, exactly."""
        self.idle = 0
        """Flows that left the table because they were idle, exactly."""
        self._timeouts = None if timeouts is None else timeouts.as_ns()
        self._swept = 0
        self._allocate()

    def _allocate(self) -> None:
        # Room for all records at once: the system gives memory to the pages that are written, and no record
        # is ever copied for the table to grow.
        self._flows = roomy(self._cap, FLOW)
        self._slots = _slots_for(self._start)

    def reset(self) -> None:
        """Begin a new world: an empty table and counters at zero. Cheap, however many files came before."""
        self._counters[:] = 0
        self._state[:] = 0
        self._queues[:] = 0
        self.rhythm.reset()
        self._links.clear()
        self._freed = np.empty(0, np.uint32)
        self.evicted = self.idle = self._swept = 0
        if len(self._slots) > len(_slots_for(self._start)):
            self._allocate()
        else:
            self._slots[:] = 0

    def push(self, block: Block) -> Iterator[npt.NDArray[Any]]:
        """Take a block; yield (n,) TAGGED rows in packet order, valid until the next are asked for.

        Between two yields `expired` holds the indices of flows that were given up; they may be used for other
        flows in the rows that follow, so take leave of them first.
        """
        self._state["row"] = 0
        unread = self._counters[UNSUPPORTED_LINK]
        while True:
            reason = walk(
                block.data,
                block.records,
                self._flows,
                self._slots,
                self._queues,
                self._packets,
                self._events,
                self._samples,
                self._counters,
                self._state,
                self._key,
                self._names,
                self._scratch,
                self.rhythm.log,
            )
            if count := self._count("events"):
                yield self._events[:count]
            if reason == DONE:
                if self._counters[UNSUPPORTED_LINK] != unread:
                    self._count_links(block)
                while self._sweep():
                    yield self._events[:0]
                return
            if reason == LOG_FULL:
                self.rhythm.make_room(self._flows)
            if reason == TABLE_FULL and self._make_room():
                yield self._events[:0]

    def _count_links(self, block: Block) -> None:
        """Count packets of link types that are not read under the name of each."""
        for link, count in zip(*np.unique(block.records["link"], return_counts=True), strict=True):
            if int(link) not in _READ:
                self._links[int(link)] = self._links.get(int(link), 0) + int(count)

    def _sweep(self) -> bool:
        """Let idle flows go, twice a second of the packets' time; say whether any went."""
        now = self._count("newest") >> TICK_BITS
        if self._timeouts is None or now <= self._swept:
            return False
        gone = np.empty(GIVEN_UP, np.uint32)
        count: int = sweep(
            self._flows, self._slots, self._queues, self._state, self._key, self._timeouts, gone
        )
        if count < GIVEN_UP:
            self._swept = now
        self.idle += count
        self._take_leave(gone[:count])
        return count > 0

    def _take_leave(self, gone: npt.NDArray[np.uint32]) -> None:
        self._freed = np.sort(gone)
        self.rhythm.end(self._freed, self._flows)

    def _make_room(self) -> bool:
        """Grow the table, or at its cap give flows up; say whether any were given up."""
        if self._count("live") + BATCH <= self._cap:
            slots = cleared(2 * len(self._slots), np.uint64)
            spread(self._slots, slots)
            self._slots = slots
            return False
        gone = np.empty(min(GIVEN_UP, self._cap // 4), np.uint32)
        count = expire(self._flows, self._slots, self._queues, self._state, self._key, gone)
        self.evicted += count
        self._take_leave(gone[:count])
        return True

    def _count(self, name: str) -> int:
        return int(self._state[name][0])

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
        return self._flows[: self._count("used")]

    def candidates(self) -> Candidates:
        """Return the flows that may be judged by their rhythm, as it stands."""
        return self.rhythm.candidates(self._flows)

    def take_candidates(self) -> Candidates:
        """Return the same, and begin what the log holds of them anew."""
        return self.rhythm.take(self._flows)

    @property
    def newest(self) -> int:
        """The latest time seen, nanoseconds since 1970 UTC; 0 before any."""
        return self._count("newest")

    @property
    def created(self) -> int:
        """Flows seen so far, those given up included."""
        return self._count("created")

    @property
    def tagged_flows(self) -> int:
        """Flows of which a payload was tagged."""
        return self._count("tagged")

    @property
    def fragments(self) -> tuple[int, int]:
        """TCP fragments seen, and those of them not handed on because the budget was spent."""
        return self._count("fragments"), self._count("fragments_over")

    @property
    def parsed(self) -> int:
        """Packets in the flow table."""
        return int(self._counters[PARSED])

    @property
    def skipped(self) -> dict[str, int]:
        """Packets that are not in the flow table, by reason; with `parsed` they are all that was pushed."""
        found = {
            name: int(count)
            for name, count in zip(REASONS[1:], self._counters[1:], strict=True)
            if count and name != "unsupported-link"
        }
        for link, count in sorted(self._links.items()):
            found[f"unsupported-link-{LINKS.get(link, link)}"] = count
        return found

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """(reason, source, frame) of the first packets skipped, at most SAMPLES_KEPT per reason."""
        rows = self._samples[: self._count("samples")]
        return [(REASONS[int(row["reason"])], int(row["source"]), int(row["frame"])) for row in rows]


_READ = frozenset(
    {0, 1, 9, 10, 12, 14, 50, 51, 100, 101, 104, 105, 107, 108, 109, 113, 117, 119, 122, 127, 163, 192}
    | {228, 229, 239, 258, 276, 281, 282, 284, 285}
)


def _slots_for(flows: int) -> npt.NDArray[np.uint64]:
    """Return empty slots, a power of two of them, for this many flows."""
    least = -(-8 * flows // FULL_EIGHTHS)
    return cleared(1 << (least - 1).bit_length(), np.uint64)
