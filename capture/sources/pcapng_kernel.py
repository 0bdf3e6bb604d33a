"""The walk over pcapng blocks, compiled: packets become rows, what is rare goes back to Python.

Source: draft-ietf-opsawg-pcapng, sections 3 and 4.
"""

from typing import Any, Final

import numpy as np

from capture.compiled import compiled, inlined
from capture.sources.pcap import swap32
from capture.sources.reader import ROWS, STATE, WORDS
from capture.words import array, boolean, int64, uint64

INTERFACE: Final = np.dtype(
    [
        ("link", "<u2"),
        ("unit", "u1"),  # one of the units below
        ("snap_length", "<i8"),  # bytes; 0 is unlimited
        ("scale", "<u8"),  # of the unit
        ("offset_ns", "<i8"),  # if_tsoffset
    ]
)
"""What a packet needs to know of its interface."""

# How a time stamp becomes nanoseconds.
MULTIPLY, DIVIDE, SHIFT, NEVER = 0, 1, 2, 3

# Block types.
SECTION, INTERFACE_DESCRIPTION, PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6

# Block types that are no packets and that Wireshark numbers as frames all the same.
_JOURNAL, _CUSTOM, _CUSTOM_FIXED = 9, 0xBAD, 0x40000BAD
_SYSDIG, _SYSDIG_2, _SYSDIG_2_LARGE = 0x204, 0x216, 0x221

# What the kernel stopped for; the last five are damage or a packet not delivered.
MORE, FULL, AT_SECTION, AT_INTERFACE = 0, 1, 2, 3
BAD_LENGTH, BAD_TRAILER, BAD_PACKET, NO_INTERFACE = 4, 5, 6, 7

# The kernel's state; behind DETAIL what its parts tell it of the block at hand.
AT, COUNT, WIRE, FRAME, UNTIMED, LAST_NS, IGNORED, PLACE, DETAIL = range(9)
KIND, STRIDE, START, CAPTURED, ON_WIRE, FACE, HIGH, LOW, FIELDS = range(9, 18)

_CUT = -1
"""The block goes on behind the end of the words."""

MAX_BLOCK: Final = 1 << 24
"""Bytes of one block, as in Wireshark; a longer one is damage."""

MAX_TIME: Final = (1 << 63) - 1
"""Nanoseconds since 1970 that RECORD can hold: the year 2262."""


@compiled(int64(int64, int64, int64, uint64, int64))
def nanoseconds(high: Any, low: Any, unit: Any, scale: Any, offset_ns: Any) -> Any:
    """Return the time of a stamp of two words, exactly rounded down; -MAX_TIME where it has none.

    `scale` is the factor of MULTIPLY, the divisor of DIVIDE and the exponent of SHIFT (units of 2**-scale s).
    """
    stamp = (uint64(high) << uint64(32)) | uint64(low)
    ceiling = uint64(MAX_TIME)
    never = -int64(MAX_TIME)
    if unit == MULTIPLY:
        if stamp > ceiling // scale:
            return never
        value = stamp * scale
    elif unit == DIVIDE:
        value = stamp // scale
    elif unit == SHIFT:
        # A product of 96 bits in two halves: stamp * 10**9 >> scale.
        billion = uint64(1_000_000_000)
        carried = uint64(high) * billion + ((uint64(low) * billion) >> uint64(32))
        if scale >= uint64(96):
            value = uint64(0)
        elif scale >= uint64(32):
            value = carried >> (scale - uint64(32))
        else:
            seconds = stamp >> scale
            if seconds >= ceiling // billion:
                return never
            rest = stamp - (seconds << scale)
            value = seconds * billion + ((rest * billion) >> scale)
    else:
        return never
    if value > ceiling:
        return never
    time = int64(value)
    if offset_ns > 0 and time > int64(MAX_TIME) - offset_ns:
        return never
    return time + offset_ns


@inlined
def _block(words: Any, at: Any, last: Any, big: Any, longest_block: Any, state: Any) -> Any:
    """Read the frame of the block at `at` (kind, stride); MORE, _CUT, or what to stop for.

    0        4        8                      length - 4     stride
    | type   | length | body ...             | length | (padding that is in no length)
    """
    kind = int64(words[at])
    if kind == SECTION:  # reads the same in both orders
        return AT_SECTION
    length = int64(words[at + uint64(4)])
    if big:
        kind, length = swap32(kind), swap32(length)
    if length < 12 or length > longest_block:
        state[DETAIL] = length
        return BAD_LENGTH
    # Some writers leave the padding out of the length; Wireshark reads them too.
    stride = uint64(length + (-length & 3))
    if at + stride > last:
        return _CUT
    trailer = int64(words[at + stride - uint64(4)])
    if big:
        trailer = swap32(trailer)
    if trailer != length:
        state[DETAIL] = trailer
        return BAD_TRAILER
    if kind == INTERFACE_DESCRIPTION:
        return AT_INTERFACE
    state[KIND] = kind
    state[STRIDE] = int64(stride)
    state[CAPTURED] = length  # until the packet in it is read
    return MORE


@inlined
def _simple(words: Any, at: Any, big: Any, interfaces: Any, known: Any, state: Any) -> Any:
    """Read a Simple Packet Block (section 4.4), which has no time; return the room of its data, in bytes.

    8                 12                     length - 4
    | original length | packet data, padding |
    """
    room = state[CAPTURED] - 16
    if room < 0:
        return room
    on_wire = int64(words[at + uint64(8)])
    if big:
        on_wire = swap32(on_wire)
    captured = on_wire
    if known > 0:
        snap_length = interfaces[0].snap_length
        if snap_length > 0:
            captured = min(captured, snap_length)
    state[START] = int64(at) + 12
    state[CAPTURED] = captured
    state[ON_WIRE] = on_wire
    state[FACE] = 0
    return room


@inlined
def _timed(words: Any, at: Any, big: Any, state: Any) -> Any:
    """Read an Enhanced Packet Block (section 4.3) or the obsolete Packet Block; return the room of its data.

    8           12          16         20         24                28                  length - 4
    | interface | time high | time low | captured | original length | packet data, padding |
    """
    room = state[CAPTURED] - 32
    if room < 0:
        return room
    interface = int64(words[at + uint64(8)])
    high = int64(words[at + uint64(12)])
    low = int64(words[at + uint64(16)])
    captured = int64(words[at + uint64(20)])
    on_wire = int64(words[at + uint64(24)])
    if big:
        interface, high, low = swap32(interface), swap32(high), swap32(low)
        captured, on_wire = swap32(captured), swap32(on_wire)
    if state[KIND] == PACKET:  # 16 bits of interface, 16 of drops
        interface = interface >> 16 if big else interface & 0xFFFF
    state[START] = int64(at) + 28
    state[CAPTURED] = captured
    state[ON_WIRE] = on_wire
    state[FACE] = interface
    state[HIGH] = high
    state[LOW] = low
    return room


@inlined
def _unfit(room: Any, longest: Any, known: Any, state: Any) -> Any:
    """Return MORE where the packet just read can be delivered, else why not."""
    if room < 0:
        state[DETAIL] = -1
        return BAD_PACKET
    if state[CAPTURED] > room or state[CAPTURED] > longest:
        state[DETAIL] = state[CAPTURED]
        return BAD_PACKET
    if state[FACE] >= known:
        state[DETAIL] = state[FACE]
        return NO_INTERFACE
    return MORE


@inlined
def _time(interfaces: Any, state: Any) -> Any:
    """Return the packet's time in ns; that of the packet before it where it has none."""
    time = -int64(MAX_TIME)
    if state[KIND] != SIMPLE_PACKET:
        face = interfaces[uint64(state[FACE])]
        time = nanoseconds(state[HIGH], state[LOW], face.unit, face.scale, face.offset_ns)
    if time == -int64(MAX_TIME):
        time = state[LAST_NS]
        state[UNTIMED] += 1
    state[LAST_NS] = time
    return time


@compiled(
    int64(
        WORDS,
        int64,
        boolean,
        int64,
        int64,
        int64,
        array(INTERFACE),
        int64,
        ROWS,
        STATE,
    )
)
def locate(
    words: Any,
    end: Any,
    big: Any,
    longest_block: Any,
    longest: Any,
    source: Any,
    interfaces: Any,
    known: Any,
    rows: Any,
    state: Any,
) -> Any:
    """Walk blocks from state[AT] up to `end`, fill rows from state[COUNT] on, return what it stopped for.

    `known` of the interfaces are described so far. At a block that Python must look at, state[AT] is its
    begin; behind a packet that is not delivered, it is the next block, and state[PLACE] where that one was.
    Offsets are unsigned here, so that no checked index can wrap to the end of the array.
    """
    at = uint64(state[AT])
    last = uint64(end)
    count = uint64(state[COUNT])
    ceiling = uint64(len(rows))
    reason = MORE
    while at + uint64(12) <= last:
        reason = _block(words, at, last, big, longest_block, state)
        if reason != MORE:
            break
        kind = state[KIND]
        stride = uint64(state[STRIDE])
        if kind != ENHANCED_PACKET and kind != SIMPLE_PACKET and kind != PACKET:
            if kind in (_JOURNAL, _CUSTOM, _CUSTOM_FIXED, _SYSDIG, _SYSDIG_2, _SYSDIG_2_LARGE):
                state[FRAME] += 1
            state[IGNORED] += 1
            at += stride
            continue
        if count == ceiling:
            reason = FULL
            break
        if kind == SIMPLE_PACKET:
            room = _simple(words, at, big, interfaces, known, state)
        else:
            room = _timed(words, at, big, state)
        reason = _unfit(room, longest, known, state)
        if reason != MORE:
            state[PLACE] = int64(at)
            state[FRAME] += 1
            at += stride
            break
        row = rows[count]
        row.start = state[START]
        row.caplen = state[CAPTURED]
        row.wirelen = state[ON_WIRE]
        row.source = source
        row.link = interfaces[uint64(state[FACE])].link
        row.time_ns = _time(interfaces, state)
        row.frame = state[FRAME]
        state[FRAME] += 1
        state[WIRE] += state[ON_WIRE]
        count += uint64(1)
        at += stride
    state[AT] = int64(at)
    state[COUNT] = int64(count)
    return MORE if reason == _CUT else reason
