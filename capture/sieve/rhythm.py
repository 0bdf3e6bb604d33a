"""The rhythm log in the kernel: a row for each data packet of a flow that may be quiet and long-lived.

Every flow begins in the log and may have ALLOWANCE packets at once and one more in each 0.07 seconds of its
age, so a bulk transfer drops out within its first second and who speaks now and then stays for days. A flow
that goes beyond that is HASTY: what the log holds of it is of no use any more, and it is logged again, from a
row marked CUT on, once it has been slower than that over all of its life.

A flow that was short and has ended, or has been silent for long, need not be kept either. Whether it was is
told by its packets alone, not by when the log happened to be tidied: what comes after such a silence begins
with CUT too. So the same packets give the same log, whatever its room.

Rows name the record of the flow table. When that is given up, a row END is written: rows before it belong to
a flow that is no more.
"""

from typing import Any

from capture.compiled import compiled, inlined
from capture.sieve.memory import fetch
from capture.sieve.packet import TCP
from capture.sieve.state import STATES
from capture.sieve.table import FLOWS
from capture.words import array, int64, uint8, uint16, uint32, uint64
from facts.flow import CUT_NEXT, HASTY
from facts.rhythm import CUT, GAP, PACKET, RECORD, RESENT

ALLOWANCE = 64
"""Packets of both directions, those without payload too, that a flow may have at any age: a TLS greeting,
a log-in and the first jobs take 30."""
RATE_BITS = 26
"""One more packet is allowed for each 2**26 ns of a flow's age: 15 a second. Pools of coins with many blocks
a second (Kaspa) give work four times a second, and acknowledgements count. A full log gives up the busiest
flows first, so what is slower loses nothing by it."""
YOUNG_NS = 60_000_000_000
"""Flows that lived shorter are forgotten when they are over."""
SILENT_NS = 120_000_000_000
"""A young flow that was silent for longer is over; no keepalive of a miner is rarer."""
CLOSED_NS = 2_000_000_000
"""A young flow is over when it was silent for longer and one side has closed it."""
WINDOW = 1 << 20
"""Bytes of TCP up to which a step back is a repetition; beyond that it is another count altogether."""

END = 128
"""Mark of a row that says that the flow's record was given up; `at_ns` is the flow's place among those whose
rows stay, -1 for no place. Never handed out."""
FINISHED = 0x8000_0000
"""Added to the place of a flow that is no more, where rows name it."""
NOBODY = 0xFFFF_FFFF

LOG = array(PACKET)
OWNERS = uint32[::1]
INDICES = uint32[::1]

_FIN_RST = 1 | 4
_DATA_RECORD = 23
_RECORD_HEADER = 5
_DNS_PORT = 53
_MOST = 0xFFFF
_WRAP = 1 << 32
_OUT = HASTY | CUT_NEXT

YOUNG_AND_ONE_SIDED, YOUNG, BUSY = range(3)
"""What is given up of a log that is full; see `give_up`."""


@inlined
def _has_closed(f: Any) -> Any:
    """Say whether a side has closed the flow."""
    return (f.flags[0] | f.flags[1]) & uint8(_FIN_RST) != 0


@inlined
def _is_over(f: Any, silence: Any) -> Any:
    """Say whether a flow that has been silent so long was a short one that is over."""
    return (
        silence > CLOSED_NS and f.last_ns - f.first_ns < YOUNG_NS and (silence > SILENT_NS or _has_closed(f))
    )


@inlined
def note_silence(k: Any, f: Any) -> None:
    """See to it that a flow that was over begins anew, before packet k is counted in it."""
    if _is_over(f, k.time_ns - f.last_ns):
        f.state |= uint8(CUT_NEXT)


@inlined
def place_of(k: Any, ahead: Any) -> Any:
    """Return how a TCP segment stands to what its direction has sent: 0, RESENT or GAP.

    `ahead`: numbers from where the direction stands to where the segment begins. A segment that another one
    overtook counts as RESENT, the other as GAP: one number a direction cannot tell more.
    """
    back = int64(_WRAP) - int64(ahead)
    if ahead == 0:
        return uint8(0)
    if back <= WINDOW:
        return uint8(RESENT) if k.on_wire <= back else uint8(0)
    return uint8(GAP)


@inlined
def _begins_record(d: Any, k: Any) -> Any:
    """Say whether the payload begins with the header of a TLS record of application data."""
    p = k.payload
    return k.captured >= _RECORD_HEADER and d[p] == _DATA_RECORD and d[p + 1] == 3 and d[p + 2] <= 4


@inlined
def log_packet(d: Any, k: Any, i: Any, f: Any, place: Any, log: Any, s: Any) -> None:
    """Write the row of packet k, which has payload and is counted in its flow f, unless f is HASTY.

    There is room for a batch of rows before each batch. DNS has no rhythm.
    """
    sent = int64(f.packets[0]) + int64(f.packets[1])
    allowed = (k.time_ns - f.first_ns) >> RATE_BITS
    marks: Any = uint8(place)
    if f.state & uint8(_OUT) != 0:
        if f.state & uint8(HASTY) != 0 and sent > allowed:
            return
        f.state &= uint8(255 - _OUT)
        marks |= uint8(CUT)
    elif sent > allowed + ALLOWANCE:
        f.state |= uint8(HASTY)
        return
    if k.proto == TCP:
        if _begins_record(d, k):
            marks |= uint8(RECORD)
    elif k.ports & uint32(_MOST) == _DNS_PORT or k.ports >> uint32(16) == _DNS_PORT:
        return
    row = log[uint64(s.logged)]
    s.logged += 1
    row.at_ns = k.time_ns
    row.flow = uint32(i)
    row.size = uint16(min(k.on_wire, int64(_MOST)))
    row.way = k.direction
    row.marks = marks


@compiled(int64(INDICES, FLOWS, LOG, STATES, int64, INDICES))
def end_flows(gone: Any, flows: Any, log: Any, state: Any, places: Any, kept: Any) -> Any:
    """Write END rows for the flows given up, for which the log has room; return how many keep their rows.

    Those are written to `kept`, as many as it holds, and get the places from `places` on, in that order.
    """
    s = state[0]
    count: Any = int64(0)
    for at in range(len(gone)):
        f = flows[uint64(gone[at])]
        if f.payload[0] == 0 and f.payload[1] == 0:
            continue
        row = log[uint64(s.logged)]
        s.logged += 1
        s.log_ends += 1
        row.flow = gone[at]
        row.marks = uint8(END)
        row.at_ns = int64(-1)
        if (
            f.last_ns - f.first_ns >= YOUNG_NS
            and f.payload[0] != 0
            and f.payload[1] != 0
            and f.state & uint8(_OUT) == 0
            and count < len(kept)
        ):
            row.at_ns = places + count
            kept[uint64(count)] = gone[at]
            count += 1
    return count


@inlined
def _settle(log: Any, owners: Any, s: Any) -> None:
    """Give the rows before each END to the flow that the record held then; from the last row to the first."""
    for back in range(s.logged):
        row = log[uint64(s.logged - 1 - back)]
        if row.flow >= uint32(FINISHED):
            continue
        if row.marks & uint8(END) != 0:
            owners[uint64(row.flow)] = uint32(NOBODY) if row.at_ns < 0 else uint32(FINISHED + row.at_ns)
            row.flow = uint32(NOBODY)
        elif owners[uint64(row.flow)] != 0:
            row.flow = owners[uint64(row.flow)]
    s.log_ends = 0


@inlined
def _move(log: Any, to: Any, row: Any) -> None:
    """Copy a row to an earlier place."""
    place = log[uint64(to)]
    place.at_ns = row.at_ns
    place.flow = row.flow
    place.size = row.size
    place.way = row.way
    place.marks = row.marks


_NEAR = 16
"""Rows ahead whose flows are fetched."""
_SECOND_LINE = 64
"""Bytes from the first cache line of a flow's record to its second."""


@inlined
def _fetch_owner(log: Any, at: Any, flows: Any, line: Any, s: Any) -> None:
    """Ask for a line of the record that a row some places ahead names."""
    if at + _NEAR < s.logged:
        fetch(flows, int64(log[uint64(at + _NEAR)].flow & uint32(FINISHED - 1)), line)


@compiled(int64(LOG, FLOWS, OWNERS, STATES))
def tidy(log: Any, flows: Any, owners: Any, state: Any) -> Any:
    """Forget the rows of flows that are HASTY or over; return how many rows were forgotten.

    `owners`: as many zeros as there are records, where END rows are in the log. Flows that may still go on
    and lost their rows have CUT_NEXT then.
    """
    s = state[0]
    if s.log_ends > 0:
        _settle(log, owners, s)
    kept: Any = int64(0)
    for at in range(s.logged):
        _fetch_owner(log, at, flows, 0, s)
        row = log[uint64(at)]
        if row.flow == NOBODY:
            continue
        if row.flow < uint32(FINISHED):
            f = flows[uint64(row.flow)]
            if f.state & uint8(_OUT) != 0:
                continue
            if _is_over(f, s.newest - f.last_ns):
                f.state |= uint8(CUT_NEXT)
                continue
        if kept != at:
            _move(log, kept, row)
        kept += 1
    forgotten = s.logged - kept
    s.logged = kept
    return forgotten


@compiled(int64(LOG, FLOWS, FLOWS, STATES, int64, int64))
def give_up(log: Any, flows: Any, finished: Any, state: Any, what: Any, rate_bits: Any) -> Any:
    """Forget whole flows of a tidied log, for room; return how many rows went.

    `what`: YOUNG flows, those only of which one side spoke, or BUSY ones: more than one packet in each
    2**rate_bits ns of their life.
    """
    s = state[0]
    kept: Any = int64(0)
    for at in range(s.logged):
        _fetch_owner(log, at, flows, 0, s)
        _fetch_owner(log, at, flows, _SECOND_LINE, s)
        row = log[uint64(at)]
        over = row.flow >= uint32(FINISHED)
        f = finished[uint64(row.flow & uint32(FINISHED - 1))] if over else flows[uint64(row.flow)]
        life = f.last_ns - f.first_ns
        if what == BUSY:
            goes = int64(f.packets[0]) + int64(f.packets[1]) > life >> rate_bits
        else:
            goes = life < YOUNG_NS and (what == YOUNG or f.payload[0] == 0 or f.payload[1] == 0)
        if goes:
            f.state |= uint8(CUT_NEXT)
            continue
        if kept != at:
            _move(log, kept, row)
        kept += 1
    gone = s.logged - kept
    s.logged = kept
    return gone
