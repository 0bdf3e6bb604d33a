"""The one kernel of the packet path: located packets in; flow table updated, candidates and exact counts out.

Batches of 64: parse all, look at all slots, touch all records, then update. The cache misses of a batch
overlap, which keeps the cost of a packet flat from a hundred thousand flows to five million.
"""

from typing import Any

import numpy as np

from capture.compiled import compiled
from capture.records import RECORD, TAGGED, Tag, TaggedKind
from capture.sieve.layers import BYTES, PACKETS, TCP, UDP, parse
from capture.sieve.names import WORDS
from capture.sieve.reasons import PARSED
from capture.sieve.table import FLOWS, INDICES, KEY, SLOTS, find
from capture.sieve.tags import DNS, FROM_CLIENT, FROM_OTHER, LATER, NONE, tcp_tag, udp_tag
from capture.sieve.tags import DULL as DULL_GREETING
from capture.words import array, int64, uint8, uint32, uint64
from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, DULL, LIVE, RELEASED, WATCHED

BATCH = 64
DONE, TABLE_FULL, EVENTS_FULL = range(3)
"""Why the kernel came back."""

NEXT, USED, FREE, EVENTS, SAMPLES, NEWEST, CREATED, TAGGED_FLOWS, FRAGMENTS, FRAGMENTS_OVER = range(10)
"""Places in `state`: next row, records used, free indices left, events and samples written, latest time seen,
flows created, flows that were tagged, TCP fragments handed on, and those over the budget."""
STATE_SIZE = 10

SAMPLE = np.dtype([("reason", "u1"), ("source", "<u2"), ("frame", "<u8")])
SAMPLES_KEPT = 100
"""Places kept per reason."""

FRAGMENT_BUDGET = 200_000
"""TCP fragments handed to the streams in one run: honest TCP hardly ever fragments, a flood always would."""

YOUNG = 4
"""Data packets of a direction during which one out of order is handed on as EARLY."""

EARLY = int(Tag.EARLY)
SEGMENT, DATAGRAM, FRAGMENT = int(TaggedKind.SEGMENT), int(TaggedKind.DATAGRAM), int(TaggedKind.FRAGMENT)
NO_FLOW = 0xFFFFFFFF

FIN, SYN, RST, ACK = 1, 2, 4, 16

RECORDS = array(RECORD)
ROWS = array(TAGGED)
SAMPLE_ROWS = array(SAMPLE)


@compiled(
    int64(
        BYTES,
        RECORDS,
        FLOWS,
        SLOTS,
        INDICES,
        PACKETS,
        ROWS,
        SAMPLE_ROWS,
        int64[::1],
        int64[::1],
        KEY,
        WORDS,
        BYTES,
    )
)
def walk(
    d: Any,
    records: Any,
    flows: Any,
    slots: Any,
    free: Any,
    packets: Any,
    events: Any,
    samples: Any,
    counters: Any,
    state: Any,
    key: Any,
    names: Any,
    scratch: Any,
) -> Any:
    """Consume records[state[NEXT]:]; return why it stopped. `counters` (one a reason) and `state` count
    on."""
    mask = uint64(len(slots) - 1)
    nxt = state[NEXT]
    total = int64(len(records))
    used = state[USED]
    spare = state[FREE]
    newest = state[NEWEST]
    nev: Any = int64(0)
    touched = uint64(0)
    why = DONE
    while nxt < total:
        if used - spare + BATCH > len(flows) or 2 * (used - spare + BATCH) > len(slots):
            why = TABLE_FULL
            break
        if nev + BATCH > len(events):
            why = EVENTS_FULL
            break
        m = 0
        while m < BATCH and nxt < total:
            record = records[nxt]
            nxt += 1
            p = int64(record.start)
            e = p + int64(record.caplen)
            wire_end = max(e, p + int64(record.wirelen))  # some writers state less than they captured
            reason = parse(d, p, e, wire_end, int64(record.link), key, packets, m)
            counters[reason] += 1
            if reason == PARSED:
                k = packets[m]
                k.time_ns = record.time_ns
                k.frame = record.frame
                k.source = record.source
                k.wirelen = record.wirelen
                m += 1
            elif counters[reason] <= SAMPLES_KEPT:
                sample = samples[state[SAMPLES]]
                sample.reason = uint8(reason)
                sample.source = record.source
                sample.frame = record.frame
                state[SAMPLES] += 1
        for j in range(m):
            packets[j].slot = slots[packets[j].hash & mask]
        for j in range(m):
            x = packets[j].slot & uint64(0xFFFFFFFF)
            if x != 0:
                f = flows[int64(x) - 1]
                touched += f.a_lo + uint64(f.data[0])
        for j in range(m):
            k = packets[j]
            r = int64(k.direction)
            i, s = find(k, flows, slots)
            newest = max(newest, k.time_ns)
            if i < 0:
                if spare > 0:
                    spare -= 1
                    i = int64(free[spare])
                else:
                    i = used
                    used += 1
                slots[s] = (k.hash & uint64(0xFFFFFFFF00000000)) | uint64(i + 1)
                f = flows[i]
                f.a_hi = k.a_hi
                f.a_lo = k.a_lo
                f.b_hi = k.b_hi
                f.b_lo = k.b_lo
                f.ports = k.ports
                f.tunnel = k.tunnel
                f.proto = k.proto
                f.state = uint8(LIVE | B_FIRST) if r else uint8(LIVE)
                f.syn = uint8(0)
                f.tag = uint8(0)
                f.vlan = k.vlan
                f.source = k.source
                f.first_ns = k.time_ns
                f.last_ns = k.time_ns
                f.first_frame = k.frame
                for side in range(2):
                    f.packets[side] = uint32(0)
                    f.bytes[side] = uint64(0)
                    f.payload[side] = uint64(0)
                    f.expected[side] = uint32(0)
                    f.flags[side] = uint8(0)
                    f.data[side] = uint8(0)
                f.spare = uint32(0)
                state[CREATED] += 1
            f = flows[i]
            f.packets[r] += uint32(1)
            f.bytes[r] += uint64(k.wirelen)
            if k.time_ns > f.last_ns:
                f.last_ns = k.time_ns
            if k.time_ns < f.first_ns:
                f.first_ns = k.time_ns
            n = k.captured
            known, opposite = uint8(0), uint32(0)
            if k.proto == TCP:
                if k.fragment != 0:
                    state[FRAGMENTS] += 1
                    if state[FRAGMENTS] > FRAGMENT_BUDGET:
                        state[FRAGMENTS_OVER] += 1
                        continue
                    ev = events[nev]
                    nev += 1
                    ev.flow = uint32(i) if k.fragment == 1 else uint32(NO_FLOW)
                    ev.kind = uint8(FRAGMENT)
                    ev.tag = uint8(NONE)
                    if k.fragment == 1:
                        f.payload[r] += uint64(k.on_wire)
                        f.flags[r] |= k.flags
                    k.payload = k.ip
                    n = k.cut - k.ip
                    k.on_wire = k.ends - k.ip
                elif n <= 0 and k.flags & uint8(FIN | SYN | RST) == 0:
                    f.flags[r] |= k.flags
                    f.payload[r] += uint64(k.on_wire)
                    continue
                else:
                    f.flags[r] |= k.flags
                    f.payload[r] += uint64(k.on_wire)
                    tag = uint8(NONE)
                    if k.flags & uint8(SYN):
                        k.seq = uint32(k.seq + uint32(1))  # a SYN takes a number of its own, before any data
                        if k.flags & uint8(ACK):
                            f.syn |= uint8(A_SYN_ACK << r)
                        else:
                            f.syn |= uint8(A_SYN << r)
                            if k.seq != f.expected[r]:  # a new connection, perhaps on ports used before
                                f.state &= uint8(255 - DULL)
                                if f.state & uint8(RELEASED):
                                    f.state &= uint8(255 - RELEASED - WATCHED)
                        f.expected[r] = k.seq
                        f.data[r] = uint8(0)
                    if n > 0:
                        ahead = uint32(k.seq - f.expected[r])
                        opened = f.syn & uint8((A_SYN | A_SYN_ACK) << r) != 0
                        if f.state & uint8(WATCHED | RELEASED) == 0:
                            first, second = int64(k.ports >> uint32(16)), int64(k.ports & uint32(0xFFFF))
                            dull = f.state & uint8(DULL) != 0
                            standing = LATER
                            if ahead == 0 and opened and f.data[r] == 0:
                                asked = f.syn & uint8(A_SYN << r) != 0 and f.data[1 - r] == 0
                                standing = FROM_CLIENT if asked else FROM_OTHER
                            at = int64(k.payload)
                            tag = tcp_tag(d, at, at + n, first, second, standing, dull, names, scratch)
                            if tag == DULL_GREETING:
                                tag = uint8(NONE)
                                f.state |= uint8(DULL)
                            elif tag != NONE:
                                f.state |= uint8(WATCHED)
                                if f.tag == NONE:
                                    state[TAGGED_FLOWS] += 1
                                f.tag = tag
                            elif opened and f.data[r] < YOUNG and 0 < ahead < uint32(0x80000000):
                                tag = uint8(EARLY)
                        if ahead == 0 or (not opened and f.data[r] == 0):
                            f.expected[r] = uint32(k.seq + uint32(k.on_wire))
                        if f.data[r] < 255:
                            f.data[r] += uint8(1)
                    if k.flags & uint8(SYN):
                        k.seq = uint32(k.seq - uint32(1))
                    if tag != EARLY and f.state & uint8(WATCHED | RELEASED) != uint8(WATCHED):
                        continue
                    ev = events[nev]
                    nev += 1
                    ev.flow = uint32(i)
                    ev.kind = uint8(SEGMENT)
                    ev.tag = tag
                    if f.data[1 - r] == 0 and f.syn & uint8((A_SYN | A_SYN_ACK) << (1 - r)):
                        known, opposite = uint8(1), f.expected[1 - r]
            elif k.proto == UDP and k.fragment != 2:
                f.payload[r] += uint64(k.on_wire)
                if n <= 0:
                    continue
                if f.data[r] < 255:
                    f.data[r] += uint8(1)
                if f.state & uint8(RELEASED):
                    continue
                first, second = int64(k.ports >> uint32(16)), int64(k.ports & uint32(0xFFFF))
                answers = f.data[r] == 1 and f.data[1 - r] > 0
                tag = udp_tag(d, k.payload, k.payload + n, first, second, answers, names, scratch)
                if tag == NONE and f.state & uint8(WATCHED) == 0:
                    continue
                if f.tag == NONE and tag != NONE:
                    state[TAGGED_FLOWS] += 1
                    f.tag = tag
                if tag != NONE and tag != DNS:
                    f.state |= uint8(WATCHED)
                ev = events[nev]
                nev += 1
                ev.flow = uint32(i)
                ev.kind = uint8(DATAGRAM)
                ev.tag = tag
            else:
                continue
            ev.seq = k.seq
            ev.payload = uint32(k.payload)
            ev.length = uint32(max(n, int64(0)))
            ev.missing = uint32(k.on_wire - n) if k.on_wire > n else uint32(0)
            ev.source = k.source
            ev.direction = uint8(r)
            ev.tcp_flags = k.flags
            ev.ip_id = k.ip_id
            ev.ip = uint32(k.ip)
            ev.opposite = opposite
            ev.opposite_known = known
            ev.time_ns = k.time_ns
            ev.frame = k.frame
    state[NEXT] = nxt
    state[USED] = used
    state[FREE] = spare
    state[EVENTS] = nev
    state[NEWEST] = newest
    counters[len(counters) - 1] = int64(
        touched & uint64(1)
    )  # keeps the touching loads from being optimised away
    return why
