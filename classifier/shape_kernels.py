"""The loops behind the shape of flows: packets to messages, messages to measures. Plain numbers throughout.

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
        seen = 0
        last = -1.0
        before = 0.0
        for row in range(begin, begins[flow + 1]):
            if marks[row] & 2:
                tally[flow, 5] += 1
                continue
            now = (at_ns[row] - at_ns[begin]) * 1e-9
            up = way[row] == client[flow]
            bits = 0 if up else 1
            much = float(size[row])
            tally[flow, bits] += 1
            tally[flow, 2 + bits] += much
            if marks[row] & 1:
                tally[flow, 4] += 1
            if marks[row] & 4:
                tally[flow, 6] += 1
            if seen < FIRST and tally[flow, 7] > 0:
                first[flow, seen] = much if up else -much
                first[flow, FIRST + seen] = math.log(1e-4 + max(0.0, now - before))
            if made > message[flow] and side[made - 1] == bits and now - last < TOGETHER_S:
                bulk[made - 1] += much
            else:
                at[made] = now
                bulk[made] = much
                side[made] = bits
                made += 1
            last = now
            before = now
            seen += 1
    message[len(begins) - 1] = made


def measure(
    at: Floats,
    bulk: Floats,
    side: Bytes,
    message: Ints,
    span: Floats,
    label: Bytes,
    sizes: Ints,
    gaps: Ints,
    times: Floats,
    much: Floats,
    placed: Ints,
    chosen: Ints,
    out: Floats,
) -> None:
    """Measure flows by their messages.

    `at, bulk, side, message`: as `gather` filled them; `span`: (n,) s that each flow was seen. Scratch:
    `label` (m,), `sizes` (SIZE_BINS,) and `gaps` (GAP_BINS,) of zeros, left so; `times`, `much`, `placed`,
    `chosen`: (m,). Fills `out` (n, OF_FLOW + 5 * OF_SERIES), columns in the order of shape_features.NAMES;
    NaN where nothing can be said.
    """
    for flow in range(len(message) - 1):
        begin, end = message[flow], message[flow + 1]
        lasting = max(span[flow], 1.0)
        # -- who answers whom --
        ups = downs = pushes = answered = acks = bursts = 0
        last_up = -1e9
        lag = lag2 = 0.0
        least = 1e9
        late_up = late_push = -1.0
        silent = 0.0
        lowest, highest = SIZE_BINS, 0
        for row in range(begin, end):
            now = at[row]
            if row > begin and now - at[row - 1] > 60.0:
                silent += now - at[row - 1]
            label[row] = 0
            place = int(bulk[row])
            place = place >> 3 if place < 4096 else min(512 + (place >> 10), SIZE_BINS - 1)
            placed[row] = place
            if side[row] == 0:
                label[row] = UP
                ups += 1
                if now - last_up < 0.3:
                    bursts += 1
                if row > begin and label[row - 1] & PUSH and now - at[row - 1] < SOON_S:
                    acks += 1
                last_up = now
                late_up = now
                sizes[place] += 1
                lowest = min(lowest, place)
                highest = max(highest, place)
            else:
                downs += 1
                if row > begin and side[row - 1] == 0 and now - at[row - 1] < ANSWER_S:
                    wait = now - at[row - 1]
                    label[row - 1] |= ANSWERED
                    answered += 1
                    log = math.log(wait + 1e-4)
                    lag += log
                    lag2 += log * log
                    least = min(least, wait)
                else:
                    label[row] = PUSH
                    pushes += 1
                    late_push = now
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
        for column in range(OF_FLOW + 5 * OF_SERIES):
            out[flow, column] = math.nan
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
        # -- each series alone --
        low = high = 0.0
        for series in range(5):
            base = OF_FLOW + series * OF_SERIES
            bit = 1 << series
            count = 0
            total = square = 0.0
            for row in range(begin, end):
                if label[row] & bit:
                    times[count] = at[row]
                    much[count] = bulk[row]
                    total += bulk[row]
                    square += bulk[row] * bulk[row]
                    chosen[count] = placed[row]
                    sizes[placed[row]] += 1
                    count += 1
            out[flow, base] = math.log(1.0 + count)
            if count == 0:
                continue
            mean = max(1.0, total / count)
            if series == 1:
                low = mean
            elif series == 4:
                high = mean
            out[flow, base + 1] = math.log(mean)
            out[flow, base + 2] = math.sqrt(max(0.0, square / count - mean * mean)) / mean
            entropy = 0.0
            top = 0
            for step in range(count):
                place = chosen[step]
                here = sizes[place]
                if here <= 0:
                    continue  # this size was counted before
                share = here / count
                entropy -= share * math.log(share)
                near = abs(here)
                if place > 0:
                    near += abs(sizes[place - 1])
                if place < SIZE_BINS - 1:
                    near += abs(sizes[place + 1])
                top = max(top, near)
                sizes[place] = -here
            for step in range(count):
                sizes[chosen[step]] = 0
            out[flow, base + 3] = entropy
            out[flow, base + 4] = top / count
            if count < 4:
                continue
            number = count - 1
            typical = (times[count - 1] - times[0]) / number
            if typical <= 0:
                continue
            spread = shape = turn = 0.0
            longest = 0.0
            shortest_bin, longest_bin = GAP_BINS, 0
            for step in range(number):
                gap = times[step + 1] - times[step]
                spread += (gap - typical) * (gap - typical)
                shape += math.exp(-gap / typical)
                longest = max(longest, gap)
                if step > 0:
                    turn += (gap - typical) * (times[step] - times[step - 1] - typical)
                place = min(int(8 * math.log2(max(gap, 0.02) / 0.02)), GAP_BINS - 1)
                chosen[step] = place
                gaps[place] += 1
                shortest_bin = min(shortest_bin, place)
                longest_bin = max(longest_bin, place)
            peak = most = 0
            for place in range(max(0, shortest_bin - 1), min(longest_bin + 1, GAP_BINS - 1)):
                here = gaps[place] + gaps[place + 1]
                if here > most:
                    most = here
                    peak = place
            period = 0.0
            held = 0
            for step in range(number):
                gap = times[step + 1] - times[step]
                place = chosen[step]
                gaps[place] = 0
                if place == peak or place == peak + 1:
                    period += gap
                    held += 1
            if held > 0 and period > 0:
                period /= held
                east = north = 0.0
                for step in range(count):
                    angle = 2 * math.pi * (times[step] / period - math.floor(times[step] / period))
                    east += math.cos(angle)
                    north += math.sin(angle)
                out[flow, base + 5] = math.sqrt(east * east + north * north) / count
            out[flow, base + 6] = math.log(typical)
            out[flow, base + 7] = math.sqrt(spread / number) / typical
            out[flow, base + 8] = shape / number
            if spread > 0:
                out[flow, base + 9] = turn / spread
            out[flow, base + 10] = most / number
            out[flow, base + 11] = longest / lasting
            # how evenly the series fills the time: variance to mean of counts in eight equal parts
            uneven = 0.0
            part = 0
            inside = 0
            for step in range(count):
                here = min(7, int(8 * times[step] / lasting))
                while here > part:
                    uneven += (inside - count / 8) * (inside - count / 8)
                    inside = 0
                    part += 1
                inside += 1
            while part < 8:
                uneven += (inside - count / 8) * (inside - count / 8)
                inside = 0
                part += 1
            out[flow, base + 12] = uneven / count
        if low > 0 and high > 0:
            out[flow, 18] = math.log(high / low)
        if high > 0 and pushes > 0:
            out[flow, 19] = out[flow, OF_FLOW + 3 * OF_SERIES + 1] - math.log(high)
