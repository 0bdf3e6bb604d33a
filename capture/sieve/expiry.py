"""Which flows go when the table is full: the least wanted, the longest unseen first, by a wheel of queues.

Time is cut into ticks of half a second. Each rank has a wheel of as many queues as it takes for 36 minutes;
a flow waits in the queue of the tick in which it was last looked at here, or made:

    rank UNANSWERED   | tick 90: flow -> flow -> flow | tick 91: flow -> flow | ...
    rank ONE_SIDED    | tick 64: flow                 | ...
    rank SPOKEN       | ...
    rank WATCHED      | ...

Packets move no flow: that is done when its turn comes. A flow that was seen since, or that has another rank
by now, goes to the queue where it belongs; one that has not is given up. So nothing ever looks at the whole
table, and flows still go in the order of the time for which they were silent.
"""

from typing import Any

import numpy as np

from capture.compiled import compiled, inlined
from capture.sieve.state import RANKS, STATES
from capture.sieve.table import FLOWS, KEY, SLOTS, hash_of, slot_of, take_out
from capture.timeouts import TICK_BITS, TICKS
from capture.words import array, int64, uint8, uint32, uint64
from facts.flow import LIVE, RELEASED, WATCHED

UNANSWERED, ONE_SIDED, SPOKEN, LOOKED_AT = range(RANKS)
"""Ranks: no byte of payload; payload of one side; of both; packets go to the streams."""

IDLE_NS = 120_000_000_000
"""Flows idle for longer go first, whatever their rank: two minutes outlast every keepalive of a miner."""

QUEUE = np.dtype([("first", "<u4"), ("last", "<u4")])
"""Index + 1 of the flows at both ends of a queue; 0: nobody waits."""

QUEUES = array(QUEUE)
INDICES = uint32[::1]


@inlined
def queue_of(rank: Any, tick: Any) -> Any:
    """Return the place of a tick's queue."""
    return uint64(rank * TICKS + (tick & (TICKS - 1)))


@inlined
def enqueue(i: Any, rank: Any, time_ns: Any, flows: Any, queues: Any, s: Any) -> None:
    """Let flow i wait at the end of the queue of this time, or of the nearest that there is."""
    oldest = s.oldest[rank]
    tick = max(oldest, min(time_ns >> TICK_BITS, oldest + TICKS - 1))
    append(i, rank, tick, flows, queues, s)


@inlined
def append(i: Any, rank: Any, tick: Any, flows: Any, queues: Any, s: Any) -> None:
    """Let flow i wait at the end of a queue."""
    queue = queues[queue_of(rank, tick)]
    flows[uint64(i)].next = uint32(0)
    if queue.first == 0:
        queue.first = uint32(i + 1)
    else:
        flows[uint64(queue.last) - uint64(1)].next = uint32(i + 1)
    queue.last = uint32(i + 1)
    s.waiting[rank] += 1


@inlined
def rank_of(f: Any) -> Any:
    """Return how much a flow is wanted."""
    if f.state & uint8(WATCHED | RELEASED) == uint8(WATCHED):
        return LOOKED_AT
    if f.data[0] != 0 and f.data[1] != 0:
        return SPOKEN
    return UNANSWERED if f.data[0] == 0 and f.data[1] == 0 else ONE_SIDED


@inlined
def _earliest(queue: Any, flows: Any) -> Any:
    """Return the tick in which the longest unseen flow of a queue was seen."""
    i = int64(queue.first) - 1
    tick = flows[uint64(i)].last_ns >> TICK_BITS
    while i >= 0:
        f = flows[uint64(i)]
        tick = min(tick, f.last_ns >> TICK_BITS)
        i = int64(f.next) - 1
    return tick


@inlined
def _turn(rank: Any, flows: Any, queues: Any, s: Any) -> None:
    """Turn the wheel of a rank in which flows wait on to their oldest queue."""
    oldest = s.oldest[rank]
    ahead: Any = int64(0)
    while queues[queue_of(rank, oldest + ahead)].first == 0:
        ahead += 1
    now = oldest + ahead
    if ahead == TICKS - 1:  # the last queue holds whatever is later, and there is nothing before it
        queue = queues[queue_of(rank, now)]
        now = max(now, _earliest(queue, flows))
        first, last = queue.first, queue.last
        queue.first = queue.last = uint32(0)
        turned = queues[queue_of(rank, now)]
        turned.first, turned.last = first, last
    s.oldest[rank] = now


@inlined
def _whose_turn(flows: Any, queues: Any, s: Any) -> Any:
    """Return the rank to take the next flow from, -1 where no flow waits in any."""
    found: Any = int64(-1)
    for rank in range(RANKS):
        if s.waiting[rank] > 0:
            _turn(rank, flows, queues, s)
            if s.oldest[rank] < (s.newest - IDLE_NS) >> TICK_BITS:
                return int64(rank)
            if found < 0:
                found = int64(rank)
    return found


@inlined
def open_wheels(time_ns: Any, s: Any) -> None:
    """Let the wheels of an empty table begin at this time."""
    for rank in range(RANKS):
        s.oldest[rank] = time_ns >> TICK_BITS


@inlined
def drop(i: Any, flows: Any, slots: Any, s: Any, key: Any) -> None:
    """Take flow i, which waits in no queue any more, out of the table."""
    f = flows[uint64(i)]
    take_out(slot_of(hash_of(f, key), i), slots)
    f.state &= uint8(255 - LIVE)
    f.next = uint32(s.free)
    s.free = i + 1
    s.live -= 1


@compiled(int64(FLOWS, SLOTS, QUEUES, STATES, KEY, INDICES))
def expire(flows: Any, slots: Any, queues: Any, state: Any, key: Any, gone: Any) -> Any:
    """Give up as many flows as `gone` holds, and write their indices there; return how many they were.

    Their records stand but for LIVE and `next` until `walk` uses them again.
    """
    s = state[0]
    count: Any = int64(0)
    while count < len(gone):
        waiting = _whose_turn(flows, queues, s)
        if waiting < 0:
            break
        queue = queues[queue_of(waiting, s.oldest[waiting])]
        i = int64(queue.first) - 1
        f = flows[uint64(i)]
        queue.first = f.next
        s.waiting[waiting] -= 1
        rank = int64(rank_of(f))
        if rank != waiting or f.last_ns >> TICK_BITS > s.oldest[waiting]:
            enqueue(i, rank, f.last_ns, flows, queues, s)
            continue
        drop(i, flows, slots, s, key[0])
        gone[count] = uint32(i)
        count += 1
    return count
