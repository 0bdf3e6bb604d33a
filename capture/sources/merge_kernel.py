"""The merge of located packets by time, compiled: a heap over the heads of the inputs, and the copying."""

from typing import Any, Final

from capture.compiled import compiled
from capture.records import RECORD
from capture.sources.reader import ROWS, STATE
from capture.words import array, boolean, int64, uint8, uint64, void

PIECE: Final = 1024
"""Rows of one input that the merge holds at a time."""

DOUBLE_WORDS: Final = array("uint64", contiguous=False, aligned=False)
"""Kernel type of bytes seen as eight-byte words, one at every offset."""

_TABLE: Final = array(RECORD, 2)
_PLACES: Final = array("int64", 2)

# What the merge stopped for.
EMPTY, FULL, EXHAUSTED, WAITING = 0, 1, 2, 3

# The kernel's state: inputs in the heap, rows and bytes in the output, the input that is exhausted.
INPUTS, COUNT, BYTES, SLOT, FIELDS = range(5)


@compiled(boolean(STATE, STATE, int64, int64))
def _before(tops: Any, ranks: Any, a: Any, b: Any) -> Any:
    """Say whether the head of input a comes before that of input b."""
    return tops[a] < tops[b] or (tops[a] == tops[b] and ranks[a] < ranks[b])


@compiled(void(STATE, STATE, STATE, STATE, int64))
def push(heap: Any, tops: Any, ranks: Any, state: Any, slot: Any) -> None:
    """Put an input with its next head into the heap."""
    at = state[INPUTS]
    state[INPUTS] += 1
    while at > 0:
        parent = (at - 1) >> 1
        if not _before(tops, ranks, slot, heap[parent]):
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = slot


@compiled(void(STATE, STATE, STATE, int64, int64))
def _sift(heap: Any, tops: Any, ranks: Any, size: Any, slot: Any) -> None:
    """Put an input at the root of the heap and let it sink to its place."""
    at: Any = int64(0)
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _before(tops, ranks, heap[child + 1], heap[child]):
            child += 1
        if not _before(tops, ranks, heap[child], slot):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = slot


@compiled(int64(_TABLE, STATE, STATE, STATE, STATE, STATE, _PLACES, ROWS, int64, int64, int64, STATE))
def merge(
    table: Any,
    counts: Any,
    heads: Any,
    tops: Any,
    ranks: Any,
    heap: Any,
    places: Any,
    out: Any,
    room: Any,
    limit: Any,
    limit_rank: Any,
    state: Any,
) -> Any:
    """Take rows in order of (time, rank of the input) into `out`; return what it stopped for.

    An input's time never goes back: `tops` holds the latest it has shown. Stops before the first row that
    comes behind (limit, limit_rank), since an input that is not yet open begins there. `places` gets the
    byte offset in the output at which each row's packet belongs. An exhausted input has left the heap.
    """
    while state[INPUTS] > 0:
        slot = heap[0]
        if tops[slot] > limit or (tops[slot] == limit and ranks[slot] > limit_rank):
            return WAITING
        head = heads[slot]
        row = table[slot, head]
        captured = int64(row.caplen)
        count = state[COUNT]
        if count == len(out) or state[BYTES] + captured > room:
            return FULL
        merged = out[count]
        merged.start = state[BYTES]
        merged.caplen = row.caplen
        merged.wirelen = row.wirelen
        merged.source = row.source
        merged.link = row.link
        merged.time_ns = row.time_ns
        merged.frame = row.frame
        places[slot, head] = state[BYTES]
        state[COUNT] = count + 1
        state[BYTES] += captured
        head += 1
        heads[slot] = head
        if head == counts[slot]:
            state[INPUTS] -= 1
            if state[INPUTS] > 0:
                _sift(heap, tops, ranks, state[INPUTS], heap[state[INPUTS]])
            state[SLOT] = slot
            return EXHAUSTED
        tops[slot] = max(tops[slot], table[slot, head].time_ns)
        _sift(heap, tops, ranks, state[INPUTS], slot)
    return EMPTY


@compiled(void(uint8[::1], DOUBLE_WORDS, ROWS, STATE, uint8[::1], DOUBLE_WORDS))
def scatter(data: Any, words: Any, rows: Any, places: Any, out: Any, out_words: Any) -> None:
    """Copy the packets of `rows` from `data` to their `places` in `out`.

    Eight bytes at a time: one bounds check in place of eight. Offsets are unsigned, so that none can wrap.
    """
    for i in range(len(rows)):
        source = uint64(rows[i].start)
        target = uint64(places[i])
        left = uint64(rows[i].caplen)
        while left >= uint64(8):
            out_words[target] = words[source]
            source += uint64(8)
            target += uint64(8)
            left -= uint64(8)
        while left > uint64(0):
            out[target] = data[source]
            source += uint64(1)
            target += uint64(1)
            left -= uint64(1)
