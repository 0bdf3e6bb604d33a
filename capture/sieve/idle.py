"""Which flows go without the table being full: those that have been idle for as long as their kind may be.

The wheels of expiry.py keep flows by the time at which they were last looked at, so a flow that has been
silent for a timeout lies in the queue of that long ago. For each timeout a hand follows the present at that
distance, and looks once at each queue that it passes:

    tick          now - TCP        now - UDP    now - UNANSWERED  now - CLOSED   now
    | ... | ... | hand 3 | ... ... | hand 2 | ... | hand 1 | ... | hand 0 | ... |

There a flow that was seen since moves to where it belongs, one whose own timeout is over is given up, and the
others stay for the next hand. So a flow is looked at four times between two of its packets at most, and the
order in which a full table gives flows up is as it was. One that speaks at least every half minute goes on
time; one that is closed after a longer silence may wait for a later hand.
"""

from typing import Any, Final

from capture.compiled import compiled, inlined
from capture.sieve.expiry import QUEUES, append, drop, enqueue, queue_of, rank_of
from capture.sieve.packet import TCP
from capture.sieve.state import HANDS, RANKS, STATES
from capture.sieve.table import FLOWS, KEY, SLOTS
from capture.timeouts import TICK_BITS, TICKS
from capture.words import int64, uint8, uint32, uint64

CLOSED, UNANSWERED, DATAGRAMS, SEGMENTS = range(HANDS)
TIMEOUTS: Final = int64[::1]
INDICES: Final = uint32[::1]
_FIN, _RST = 1, 4


@inlined
def _kind(f: Any) -> Any:
    """Return which timeout a flow has."""
    if f.proto == TCP:
        both = (f.flags[0] & f.flags[1]) & uint8(_FIN)
        if both | ((f.flags[0] | f.flags[1]) & uint8(_RST)) != 0:
            return CLOSED
    if f.data[0] == 0 and f.data[1] == 0:
        return UNANSWERED
    return SEGMENTS if f.proto == TCP else DATAGRAMS


@inlined
def _pass(
    tick: Any,
    rank: Any,
    flows: Any,
    slots: Any,
    queues: Any,
    s: Any,
    key: Any,
    timeouts: Any,
    gone: Any,
    count: Any,
) -> Any:
    """Look at all flows of a queue; return how many `gone` holds then. Once that is full, the rest stay."""
    queue = queues[queue_of(rank, tick)]
    i = int64(queue.first) - 1
    queue.first = uint32(0)
    while i >= 0:
        f = flows[uint64(i)]
        following = int64(f.next) - 1
        s.waiting[rank] -= 1
        if count < len(gone) and s.newest - f.last_ns >= timeouts[_kind(f)]:
            drop(i, flows, slots, s, key)
            gone[uint64(count)] = uint32(i)
            count += 1
        elif f.last_ns >> TICK_BITS > tick:
            enqueue(i, int64(rank_of(f)), f.last_ns, flows, queues, s)
        else:
            append(i, rank, tick, flows, queues, s)
        i = following
    return count


@compiled(int64(FLOWS, SLOTS, QUEUES, STATES, KEY, TIMEOUTS, INDICES))
def sweep(flows: Any, slots: Any, queues: Any, state: Any, key: Any, timeouts: Any, gone: Any) -> Any:
    """Give up flows that are idle, and write their indices to `gone`; return how many they were.

    As many as it holds means that there may be more.
    """
    s = state[0]
    count: Any = int64(0)
    longest: Any = int64(0)
    for hand in range(HANDS):
        longest = max(longest, timeouts[hand])
        goal = (s.newest - timeouts[hand]) >> TICK_BITS
        for rank in range(RANKS):
            at = HANDS * rank + hand
            tick: Any = max(s.hands[at], s.oldest[rank])
            last = min(goal, s.oldest[rank] + TICKS)
            while tick < last and s.waiting[rank] > 0:
                count = _pass(tick, rank, flows, slots, queues, s, key[0], timeouts, gone, count)
                if count == len(gone):
                    s.hands[at] = tick
                    return count
                tick += 1
            s.hands[at] = max(s.hands[at], goal)
    for rank in range(RANKS):  # nobody waits further back than the longest timeout
        s.oldest[rank] = max(s.oldest[rank], (s.newest - longest) >> TICK_BITS)
    return count
