"""The loops behind the shape of flows: packets to messages, messages to what a flow does as a whole. What its
series of messages do is in shape_series.py. Plain numbers throughout.

These are ordinary functions that numba can compile as they stand: no arrays of their own, no calls but those
of `math`. This room compiles nothing; pipeline/shape.py does, and tests run them as plain Python too.

A message is what one side sends without a pause of TOGETHER_S and without the other side speaking between.
Each is labelled once, then the same statistics are taken of five series of messages (SERIES).
"""

import math

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

TOGETHER_S = 0.02
"""Packets of one way that follow each other within this are one message."""
ANSWER_S = 3.0
"""The first that the server sends within this after the client spoke is taken for an answer."""
SOON_S = 0.5
"""A client that speaks within this after a push is taken to answer it."""

UP, MODE_A, MODE_B, PUSH, REPLY_A, ANSWERED = 1, 2, 4, 8, 16, 32
"""Bits of a message's label: the client's; of the size that the client's messages have most often; of the
next most frequent one; the server's, unasked; the server's answer to one of MODE_A; the client's, with an
answer."""
SERIES = ("up", "first", "second", "push", "reply")
"""Names of the series: labels UP, MODE_A, MODE_B, PUSH, REPLY_A."""

SIZE_BINS = 640
"""Sizes below 4,096 bytes in steps of 8, above in steps of 1,024."""
GAP_BINS = 160
"""Gaps from 20 ms on, eight to an octave."""
FIRST = 6
"""Data packets at a flow's opening that are measured one by one."""

TALLY = 8
"""Columns of gather's tally: packets up, packets down, bytes up, bytes down, TLS records, repetitions, gaps,
seen since its opening (1 or 0, as it came in)."""
OF_SERIES = 13
"""Measures of each series."""
OF_FLOW = 20
"""Measures of the flow as a whole."""


def gather(
    at_ns: Ints,
    size: Ints,
    way: Bytes,
    marks: Bytes,
    begins: Ints,
    client: Bytes,
    at: Floats,
    bulk: Floats,
    side: Bytes,
    message: Ints,
    tally: Floats,
    first: Floats,
) -> None:
    """Make messages of packets; repetitions (marks & 2) are counted and left out.

    `at_ns, size, way, marks`: (m,) packets by flow then time; `begins`: (n + 1,) where each flow's begin;
    `client`: (n,) the way of the client. Fills `at` (s since the flow's first packet), `bulk` (bytes) and
    `side` (0 the client's, 1 the server's), all (m,) with messages by flow, `message` (n + 1,) where each
    flow's begin, `tally` (n, TALLY), and `first` (n, 2 * FIRST): sizes, below zero for the server's, and log
    gaps of the opening.
    """
    made = 0
    for flow in range(len(begins) - 1):
        message[flow] = made
        begin = begins[flow]
        opens = FIRST if tally[flow, 7] > 0 else 0
        seen = resent = records = lost = ups = downs = 0
        up_bytes = down_bytes = 0.0
        last = 0.0
        speaks = 2  # neither side did
        for row in range(begin, begins[flow + 1]):
            mark = marks[row]
            if mark & 2:
                resent += 1
                continue
            now = (at_ns[row] - at_ns[begin]) * 1e-9
            up = way[row] == client[flow]
            much = float(size[row])
            if up:
                ups += 1
                up_bytes += much
                bits = 0
            else:
                downs += 1
                down_bytes += much
                bits = 1
            records += 1 if mark & 1 else 0
            lost += 1 if mark & 4 else 0
            if seen < opens:
                first[flow, seen] = much if up else -much
                first[flow, FIRST + seen] = math.log(1e-4 + max(0.0, now - last))
            if bits == speaks and now - last < TOGETHER_S:
                bulk[made - 1] += much
            else:
                at[made] = now
                bulk[made] = much
                side[made] = bits
                made += 1
                speaks = bits
            last = now
            seen += 1
        tally[flow, 0], tally[flow, 1] = ups, downs
        tally[flow, 2], tally[flow, 3] = up_bytes, down_bytes
        tally[flow, 4], tally[flow, 5], tally[flow, 6] = records, resent, lost
    message[len(begins) - 1] = made


def tell(
    at: Floats,
    bulk: Floats,
    side: Bytes,
    message: Ints,
    span: Floats,
    label: Bytes,
    sizes: Ints,
    placed: Ints,
    out: Floats,
) -> None:
    """Label messages, and measure each flow as a whole.

    `at, bulk, side, message`: as `gather` filled them; `span`: (n,) s that each flow was seen; `sizes`:
    (SIZE_BINS,) of zeros, left so. Fills `label` (m,), `placed` (m,) with the step of each message's size,
    and `out` (n, OF_FLOW + 5 * OF_SERIES) with the columns of the whole that need no series; what cannot be
    said is left as it was, NaN.
    """
    # One function, however long: pipeline/shape.py compiles it as it stands, and compiled code calls no plain
    # Python; parts of its own would have to be compiled here, where nothing is, and pass all counts around.
    for flow in range(len(message) - 1):
        begin, end = message[flow], message[flow + 1]
        lasting = max(span[flow], 1.0)
        # -- who answers whom --
        ups = pushes = answered = acks = bursts = 0
        lag = lag2 = 0.0
        least = 1e9
        late_up = late_push = -1e9
        silent = 0.0
        lowest, highest = SIZE_BINS, 0
        before = 0.0
        spoke = 2  # who before: 0 the client, 1 the server answering, 3 the server unasked, 2 nobody
        for row in range(begin, end):
            now = at[row]
            since = now - before
            before = now
            if spoke != 2 and since > 60.0:
                silent += since
            place = int(bulk[row])
            place = place >> 3 if place < 4096 else min(512 + (place >> 10), SIZE_BINS - 1)
            placed[row] = place
            if side[row] == 0:
                label[row] = UP
                ups += 1
                if now - late_up < 0.3:
                    bursts += 1
                if spoke == 3 and since < SOON_S:
                    acks += 1
                late_up = now
                spoke = 0
                sizes[place] += 1
                lowest = min(lowest, place)
                highest = max(highest, place)
            elif spoke == 0 and since < ANSWER_S:
                label[row] = 0
                label[row - 1] |= ANSWERED
                answered += 1
                log = math.log(since + 1e-4)
                lag += log
                lag2 += log * log
                least = min(least, since)
                spoke = 1
            else:
                label[row] = PUSH
                pushes += 1
                late_push = now
                spoke = 3
        downs = end - begin - ups
        # -- the two sizes that the client's messages have most often --
        mode_a = mode_b = -1
        best = best_b = 0
        for place in range(lowest, highest + 1):
            if sizes[place] == 0:
                continue
            here = sizes[place]
            if place > 0:
                here += sizes[place - 1]
            if place < SIZE_BINS - 1:
                here += sizes[place + 1]
            if here > best or (here == best and sizes[place] > sizes[mode_a]):
                best = here
                mode_a = place
        for place in range(lowest, highest + 1):
            if sizes[place] == 0 or abs(place - mode_a) <= 1:
                continue
            here = sizes[place]
            if place > 0 and place - 1 != mode_a + 1:
                here += sizes[place - 1]
            if place < SIZE_BINS - 1 and place + 1 != mode_a - 1:
                here += sizes[place + 1]
            if here > best_b or (here == best_b and mode_b >= 0 and sizes[place] > sizes[mode_b]):
                best_b = here
                mode_b = place
        hit = 0
        for row in range(begin, end):
            if side[row] == 0:
                place = placed[row]
                sizes[place] = 0
                if abs(place - mode_a) <= 1:
                    label[row] |= MODE_A
                    if label[row] & ANSWERED:
                        hit += 1
                        label[row + 1] |= REPLY_A
                elif mode_b >= 0 and abs(place - mode_b) <= 1:
                    label[row] |= MODE_B
        # -- does the client speak because the server did --
        after = 0.0
        chances = 0
        if ups > 1 and pushes > 0:
            rate = ups / lasting
            coming = -1.0
            for back in range(end - begin):
                row = end - 1 - back
                if label[row] & UP:
                    coming = at[row]
                elif label[row] & PUSH and coming >= 0:
                    after += math.exp(-(coming - at[row]) * rate)
                    chances += 1
        out[flow, 0] = math.log(lasting)
        out[flow, 1] = math.log((ups + 1) / lasting * 60)
        out[flow, 2] = math.log((downs + 1) / lasting * 60)
        out[flow, 3] = math.log((pushes + 1) / (ups + 1))
        out[flow, 4] = silent / lasting
        out[flow, 5] = (lasting - max(late_up, 0.0)) / lasting
        out[flow, 6] = (lasting - max(late_push, 0.0)) / lasting
        if ups > 0:
            out[flow, 7] = answered / ups
            out[flow, 8] = bursts / ups
            out[flow, 9] = best / ups
            out[flow, 10] = (best + best_b) / ups
            out[flow, 11] = hit / best
        if answered > 0:
            mean = lag / answered
            out[flow, 12] = mean
            out[flow, 13] = math.sqrt(max(0.0, lag2 / answered - mean * mean))
            out[flow, 14] = math.log(least + 1e-4)
        if pushes > 0:
            out[flow, 15] = acks / pushes
        if chances > 0:
            out[flow, 16] = after / chances
        if downs > 0:
            out[flow, 17] = answered / downs
