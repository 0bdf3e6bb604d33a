"""The one kernel of the packet path: located packets in; flow table updated, candidates and exact counts out.

Batches of 64: parse all and fetch their slots, then update each, its flow being fetched some packets ahead.
So cache misses overlap with one another and with work, and a packet costs little more among millions of
flows. What happens to a flow by one packet is told in update.py.
"""

from typing import Any

import numpy as np

from capture.compiled import compiled, inlined
from capture.records import RECORD, TAGGED
from capture.sieve.expiry import QUEUES
from capture.sieve.layers import parse
from capture.sieve.memory import fetch
from capture.sieve.names import WORDS
from capture.sieve.packet import BYTES, PACKETS
from capture.sieve.reasons import PARSED
from capture.sieve.rhythm import LOG
from capture.sieve.state import STATES
from capture.sieve.table import FLOWS, FULL_EIGHTHS, KEY, SLOTS, find, home, likely
from capture.sieve.update import create, update
from capture.words import array, int64, uint8, uint64

BATCH = 64
DONE, TABLE_FULL, EVENTS_FULL, LOG_FULL = range(4)
"""Why the kernel came back."""

SAMPLE = np.dtype([("reason", "u1"), ("source", "<u2"), ("frame", "<u8")])
SAMPLES_KEPT = 100
"""Places kept per reason."""

AHEAD = 16
"""Packets by which a flow is fetched before it is updated: fetches for all of a batch at once would wait for
one another, as a processor has a dozen under way at most."""
SOON = 8
"""Packets by which the headers of one are fetched before it is parsed: those of a ring lie far away."""

SECOND_LINE = 64
"""Bytes from the first cache line of a flow's record to its second."""
HEADERS = 32
"""Bytes into a packet where most have their IP header, whose cache line is fetched."""

RECORDS = array(RECORD)
ROWS = array(TAGGED)
SAMPLE_ROWS = array(SAMPLE)


@inlined
def _parse_batch(
    d: Any, records: Any, key: Any, packets: Any, slots: Any, samples: Any, counters: Any, s: Any
) -> Any:
    """Parse the next packets, at most a batch of those that can be; return how many could.

    Their slots are asked for meanwhile.
    """
    count: Any = int64(0)
    row: Any = uint64(s.row)
    total = uint64(len(records))
    mask = uint64(len(slots) - 1)
    while count < BATCH and row < total:
        record = records[row]
        row += uint64(1)
        if row + uint64(SOON) < total:
            fetch(d, int64(records[row + uint64(SOON)].start), HEADERS)
        begin = int64(record.start)
        end = begin + int64(record.caplen)
        wire_end = max(end, begin + int64(record.wirelen))  # some writers state less than they captured
        k = packets[uint64(count)]
        reason = parse(d, begin, end, wire_end, int64(record.link), key, packets, count)
        counters[reason] += 1
        if reason == PARSED:
            k.time_ns = record.time_ns
            k.frame = record.frame
            k.source = record.source
            k.wirelen = record.wirelen
            fetch(slots, int64(home(k.hash, mask)), 0)
            count += 1
        elif counters[reason] <= SAMPLES_KEPT:
            sample = samples[s.samples]
            sample.reason = uint8(reason)
            sample.source = record.source
            sample.frame = record.frame
            s.samples += 1
    s.row = int64(row)
    return count


@inlined
def _fetch_flow(k: Any, flows: Any, slots: Any) -> None:
    """Ask for both lines of the flow of packet k, and note in which slot it is."""
    i, k.slot = likely(k.hash, slots)
    fetch(flows, i, 0)
    fetch(flows, i, SECOND_LINE)


@compiled(
    int64(
        BYTES,
        RECORDS,
        FLOWS,
        SLOTS,
        QUEUES,
        PACKETS,
        ROWS,
        SAMPLE_ROWS,
        int64[::1],
        STATES,
        KEY,
        WORDS,
        BYTES,
        LOG,
    )
)
def walk(
    d: Any,
    records: Any,
    flows: Any,
    slots: Any,
    queues: Any,
    packets: Any,
    events: Any,
    samples: Any,
    counters: Any,
    state: Any,
    key: Any,
    names: Any,
    scratch: Any,
    log: Any,
) -> Any:
    """Consume records[state.row:]; return why it stopped. `counters` (one a reason) and `state` count on."""
    s = state[0]
    s.events = 0
    while s.row < len(records):
        if s.live + BATCH > len(flows) or 8 * (s.live + BATCH) > FULL_EIGHTHS * len(slots):
            return TABLE_FULL
        if s.events + BATCH > len(events):
            return EVENTS_FULL
        if s.logged + BATCH > s.log_room:
            return LOG_FULL
        count = _parse_batch(d, records, key, packets, slots, samples, counters, s)
        for j in range(min(count, AHEAD)):
            _fetch_flow(packets[j], flows, slots)
        for j in range(count):
            if j + AHEAD < count:
                _fetch_flow(packets[j + AHEAD], flows, slots)
            k = packets[j]
            i, at = find(k, flows, slots)
            if i < 0:
                i = create(k, at, flows, slots, queues, s)
            event = events[s.events]
            if update(d, k, i, flows[uint64(i)], event, s, names, scratch, log):
                s.events += 1
    return DONE
