"""What one packet does to its flow, and whether it is handed on to the streams."""

from typing import Any

from capture.compiled import inlined
from capture.records import Tag, TaggedKind
from capture.sieve.expiry import UNANSWERED, enqueue, open_wheels
from capture.sieve.packet import TCP, UDP
from capture.sieve.quic import connection_id
from capture.sieve.rhythm import log_packet, note_silence, place_of
from capture.sieve.table import slot_of
from capture.sieve.tags import DNS, FROM_CLIENT, FROM_OTHER, LATER, NONE, QUIC, tcp_tag, udp_tag
from capture.sieve.tags import DULL as DULL_GREETING
from capture.sieve.tags_binary import is_quic_initial
from capture.words import int64, uint8, uint32, uint64
from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, DULL, LIVE, RELEASED, WATCHED
from facts.rhythm import RESENT

FRAGMENT_BUDGET = 200_000
"""TCP fragments handed to the streams in one run: honest TCP hardly ever fragments, a flood always would."""

YOUNG = 4
"""Data packets of a direction during which one out of order is handed on as EARLY."""

EARLY = int(Tag.EARLY)
SEGMENT, DATAGRAM, FRAGMENT = int(TaggedKind.SEGMENT), int(TaggedKind.DATAGRAM), int(TaggedKind.FRAGMENT)
NO_FLOW = 0xFFFFFFFF
"""In the place of the flow of a later fragment, which has no ports to tell it by."""

FIN, SYN, RST, ACK = 1, 2, 4, 16
FIRST_FRAGMENT, LATER_FRAGMENT = 1, 2

_ID = 5
"""Bytes of a long header of QUIC ahead of the destination connection id: its length, then the id."""

_BEHIND = 0x80000000
"""Distances between sequence numbers from here on are steps back."""


@inlined
def create(k: Any, at: Any, flows: Any, slots: Any, queues: Any, s: Any) -> Any:
    """Make the flow of packet k, with nothing counted, in the empty slot `at`; return its index."""
    if s.created == 0:
        open_wheels(k.time_ns, s)
        s.newest = k.time_ns
    if s.free > 0:
        i = s.free - 1
        s.free = int64(flows[uint64(i)].next)
    else:
        i = s.used
        s.used += 1
    s.live += 1
    s.created += 1
    slots[at] = slot_of(k.hash, i)
    f = flows[uint64(i)]
    f.a_hi = k.a_hi
    f.a_lo = k.a_lo
    f.b_hi = k.b_hi
    f.b_lo = k.b_lo
    f.ports = k.ports
    f.tunnel = k.tunnel
    f.proto = k.proto
    f.state = uint8(LIVE | B_FIRST) if k.direction else uint8(LIVE)
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
    enqueue(i, UNANSWERED, k.time_ns, flows, queues, s)
    return i


@inlined
def update(d: Any, k: Any, i: Any, f: Any, event: Any, s: Any, names: Any, scratch: Any, log: Any) -> Any:
    """Count packet k in its flow f, of index i; say whether it is handed on, `event` being filled if so."""
    r = uint64(k.direction & uint8(1))  # to LLVM this says that it is 0 or 1
    note_silence(k, f)
    f.packets[r] += uint32(1)
    f.bytes[r] += uint64(k.wirelen)
    f.last_ns = max(f.last_ns, k.time_ns)
    f.first_ns = min(f.first_ns, k.time_ns)
    s.newest = max(s.newest, k.time_ns)
    if k.proto == TCP:
        if k.fragment != 0:
            return _tcp_fragment(k, i, f, r, event, s)
        f.flags[r] |= k.flags
        f.payload[r] += uint64(k.on_wire)
        if k.captured <= 0 and k.flags & uint8(FIN | SYN | RST) == 0:
            if k.on_wire > 0:
                log_packet(d, k, i, f, uint8(0), log, s)
            return False
        return _segment(d, k, i, f, r, event, s, names, scratch, log)
    if k.proto == UDP and k.fragment != LATER_FRAGMENT:
        f.payload[r] += uint64(k.on_wire)
        if k.on_wire > 0:
            log_packet(d, k, i, f, uint8(0), log, s)
        if k.captured > 0:
            return _datagram(d, k, i, f, r, event, s, names, scratch)
    return False


@inlined
def _tcp_fragment(k: Any, i: Any, f: Any, r: Any, event: Any, s: Any) -> Any:
    """Hand on a fragment of a TCP packet, whichever it is, until the budget of the run is spent."""
    s.fragments += 1
    if s.fragments > FRAGMENT_BUDGET:
        s.fragments_over += 1
        return False
    index = uint32(NO_FLOW)
    if k.fragment == FIRST_FRAGMENT:
        f.flags[r] |= k.flags
        f.payload[r] += uint64(k.on_wire)
        index = uint32(i)
    k.payload = k.ip
    k.captured = k.cut - k.ip
    k.on_wire = k.ends - k.ip
    _fill(event, k, index, FRAGMENT, uint8(NONE))
    return True


@inlined
def _segment(
    d: Any, k: Any, i: Any, f: Any, r: Any, event: Any, s: Any, names: Any, scratch: Any, log: Any
) -> Any:
    """Follow a TCP segment that carries payload, SYN, FIN or RST; say whether it is handed on."""
    begins = uint32(k.seq)  # number of its first byte of payload
    if k.flags & uint8(SYN):
        begins = uint32(k.seq + uint32(1))  # a SYN takes a number of its own, before any data
        _open(begins, k, f, r)
    tag = uint8(NONE)
    if k.captured > 0:
        ahead = uint32(begins - f.expected[r])
        opened = _has_opened(f, r)
        if f.state & uint8(WATCHED | RELEASED) == 0:
            tag = _look(d, k, f, r, ahead, opened, s, names, scratch)
        place: Any = uint8(0)
        if opened or f.data[r] != 0:
            place = place_of(k, ahead)
        log_packet(d, k, i, f, place, log, s)
        # A young connection stands where a segment is missing: what fills the gap may be its first words.
        if ahead == 0 or (place != RESENT and (not opened or f.data[r] >= YOUNG)):
            f.expected[r] = uint32(begins + uint32(k.on_wire))
        if f.data[r] < 255:
            f.data[r] += uint8(1)
    elif k.on_wire > 0:
        log_packet(d, k, i, f, uint8(0), log, s)
    if tag != EARLY and f.state & uint8(WATCHED | RELEASED) != uint8(WATCHED):
        return False
    _fill(event, k, uint32(i), SEGMENT, tag)
    if f.data[uint64(1) - r] == 0 and _has_opened(f, uint64(1) - r):
        event.opposite = f.expected[uint64(1) - r]
        event.opposite_known = uint8(1)
    return True


@inlined
def _has_opened(f: Any, r: Any) -> Any:
    """Say whether a SYN of this direction was seen."""
    return f.syn & uint8((A_SYN | A_SYN_ACK) << r) != 0


@inlined
def _open(begins: Any, k: Any, f: Any, r: Any) -> None:
    """Note a SYN, behind which the payload of this direction begins at this number."""
    if k.flags & uint8(ACK):
        f.syn |= uint8(A_SYN_ACK << r)
    else:
        f.syn |= uint8(A_SYN << r)
        if begins != f.expected[r]:  # a new connection, perhaps on ports used before
            f.state &= uint8(255 - DULL)
            if f.state & uint8(RELEASED):
                f.state &= uint8(255 - RELEASED - WATCHED)
    f.expected[r] = begins
    f.data[r] = uint8(0)


@inlined
def _look(d: Any, k: Any, f: Any, r: Any, ahead: Any, opened: Any, s: Any, names: Any, scratch: Any) -> Any:
    """Test the payload of a flow that nobody watches; return its tag, and watch the flow where it has one.

    `ahead`: numbers from where the direction stands to where the segment begins.
    """
    standing = LATER
    if ahead == 0 and opened and f.data[r] == 0:
        asked = f.syn & uint8(A_SYN << r) != 0 and f.data[uint64(1) - r] == 0
        standing = FROM_CLIENT if asked else FROM_OTHER
    first, second = int64(k.ports >> uint32(16)), int64(k.ports & uint32(0xFFFF))
    dull = f.state & uint8(DULL) != 0
    tag = tcp_tag(d, k.payload, k.payload + k.captured, first, second, standing, dull, names, scratch)
    if tag == DULL_GREETING:
        f.state |= uint8(DULL)
        return uint8(NONE)
    if tag != NONE:
        f.state |= uint8(WATCHED)
        _note_tag(tag, f, s)
        f.tag = tag
        return tag
    return uint8(EARLY) if opened and f.data[r] < YOUNG and 0 < ahead < uint32(_BEHIND) else uint8(NONE)


@inlined
def _datagram(d: Any, k: Any, i: Any, f: Any, r: Any, event: Any, s: Any, names: Any, scratch: Any) -> Any:
    """Follow a UDP datagram with payload; say whether it is handed on."""
    if f.data[r] < 255:
        f.data[r] += uint8(1)
    if f.state & uint8(RELEASED):
        return False
    first, second = int64(k.ports >> uint32(16)), int64(k.ports & uint32(0xFFFF))
    answers = f.data[r] == 1 and f.data[uint64(1) - r] > 0
    behind = (f.state & uint8(B_FIRST) != 0) != (r == 1)
    dull = f.state & uint8(DULL) != 0
    end = k.payload + k.captured
    tag = uint8(NONE)
    if not (dull and _goes_on(d, k, f, r, behind)):
        tag = udp_tag(d, k.payload, end, first, second, answers, behind, dull, names, scratch)
    if tag == DULL_GREETING:
        f.state |= uint8(DULL)
        f.expected[r] = connection_id(d, k.payload + _ID, end)
        tag = uint8(NONE)
    if tag == NONE and f.state & uint8(WATCHED) == 0:
        return False
    if tag != NONE:
        _note_tag(tag, f, s)
        if tag != DNS and tag != QUIC:  # what matters of them shows itself packet by packet
            f.state |= uint8(WATCHED)
    _fill(event, k, uint32(i), DATAGRAM, tag)
    return True


@inlined
def _goes_on(d: Any, k: Any, f: Any, r: Any, behind: Any) -> Any:
    """Say whether a datagram opens QUIC's connection whose greeting was dull, and needs no look of its own.

    The ids by which the client may call the server are kept in `expected`, for which UDP has no other use:
    the one it chose, and the one by which the server asked to be called.
    """
    p, end = k.payload, k.payload + k.captured
    if not is_quic_initial(d, p, k.captured):
        return False
    if behind:
        f.expected[r] = connection_id(d, p + _ID + 1 + int64(d[p + _ID]), end)
        return True
    called = connection_id(d, p + _ID, end)
    return called == f.expected[0] or called == f.expected[1]


@inlined
def _note_tag(tag: Any, f: Any, s: Any) -> None:
    """Keep a flow's first tag, and count the flow."""
    if f.tag == NONE:
        s.tagged += 1
        f.tag = tag


@inlined
def _fill(event: Any, k: Any, index: Any, kind: Any, tag: Any) -> None:
    """Write the row that hands packet k on."""
    event.flow = index
    event.kind = uint8(kind)
    event.tag = tag
    event.seq = k.seq
    event.payload = uint32(k.payload)
    event.length = uint32(max(k.captured, int64(0)))
    event.missing = uint32(max(k.on_wire - k.captured, int64(0)))
    event.source = k.source
    event.direction = k.direction
    event.tcp_flags = k.flags
    event.ip_id = k.ip_id
    event.ip = uint32(k.ip)
    event.opposite = uint32(0)
    event.opposite_known = uint8(0)
    event.time_ns = k.time_ns
    event.frame = k.frame
