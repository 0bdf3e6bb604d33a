"""The loops behind the shape of flows: what each series of messages does alone. Plain numbers, for numba too.

One pass over a flow's messages sorts them into the five series of shape_kernels.SERIES; then each is measured
while it lies in the nearest cache.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classifier.shape_kernels import (
    GAP_BINS,
    MODE_A,
    MODE_B,
    OF_FLOW,
    OF_SERIES,
    PUSH,
    REPLY_A,
    SIZE_BINS,
    UP,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

HALF_PI = math.pi / 2
S1, S3, S5, S7, S9 = 1.0, -1 / 6, 1 / 120, -1 / 5_040, 1 / 362_880
S11, S13 = -1 / 39_916_800, 1 / 6_227_020_800
C0, C2, C4, C6, C8 = 1.0, -1 / 2, 1 / 24, -1 / 720, 1 / 40_320
C10, C12, C14 = -1 / 3_628_800, 1 / 479_001_600, -1 / 87_178_291_200
"""Of Taylor's series; up to a quarter of pi what is left out is below 1e-13."""


def measure(
    at: Floats,
    bulk: Floats,
    placed: Ints,
    label: Bytes,
    message: Ints,
    span: Floats,
    listed: Ints,
    sizes: Ints,
    gaps: Ints,
    times: Floats,
    chosen: Ints,
    out: Floats,
) -> None:
    """Measure the series of flows.

    `at, bulk, message, span`: as shape_kernels.tell takes them; `placed, label`: as it filled them. Scratch:
    `listed` (5, most messages of a flow + 1), `times` and `chosen` (most,), `sizes` (SIZE_BINS,) and `gaps`
    (GAP_BINS,) of zeros, left so. Fills the other columns of `out`; NaN stays where nothing can be said.
    """
    # One function, however long: pipeline/shape.py compiles it as it stands, and compiled code calls no plain
    # Python; parts of its own would have to be compiled here, where nothing is, and pass all counts around.
    for flow in range(len(message) - 1):
        begin, end = message[flow], message[flow + 1]
        lasting = max(span[flow], 1.0)
        ups = firsts = seconds = pushes = replies = 0
        for row in range(begin, end):
            # written always, counted where it is so: a branch would be guessed wrongly every other time
            bits = label[row]
            listed[0, ups] = row
            ups += 1 if bits & UP else 0
            listed[1, firsts] = row
            firsts += 1 if bits & MODE_A else 0
            listed[2, seconds] = row
            seconds += 1 if bits & MODE_B else 0
            listed[3, pushes] = row
            pushes += 1 if bits & PUSH else 0
            listed[4, replies] = row
            replies += 1 if bits & REPLY_A else 0
        low = high = 0.0
        for series in range(5):
            base = OF_FLOW + series * OF_SERIES
            if series == 0:
                count = ups
            elif series == 1:
                count = firsts
            elif series == 2:
                count = seconds
            elif series == 3:
                count = pushes
            else:
                count = replies
            out[flow, base] = math.log(1.0 + count)
            if count == 0:
                continue
            total = square = 0.0
            for step in range(count):
                row = listed[series, step]
                times[step] = at[row]
                much = bulk[row]
                total += much
                square += much * much
                place = placed[row]
                chosen[step] = place
                sizes[place] += 1
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
            typical = (times[number] - times[0]) / number
            if typical <= 0:
                continue
            spread = shape = turn = 0.0
            longest = before = 0.0
            shortest_bin, longest_bin = GAP_BINS, 0
            here_s = times[0]
            for step in range(number):
                gap = times[step + 1] - here_s
                here_s = times[step + 1]
                off = gap - typical
                spread += off * off
                turn += off * before
                before = off
                shape += math.exp(-gap / typical)
                longest = max(longest, gap)
                place = min(int(8 * math.log2(max(gap, 0.02) / 0.02)), GAP_BINS - 1)
                chosen[step] = place
                gaps[place] += 1
                shortest_bin = min(shortest_bin, place)
                longest_bin = max(longest_bin, place)
            here = best = 0
            for place in range(max(0, shortest_bin - 1), min(longest_bin + 2, GAP_BINS)):
                below = here  # of the bin before; there is none before the first, and that is empty or at 0
                here = gaps[place]
                gaps[place] = 0
                # the greatest, and of those the first, in one number: no branch to be guessed
                best = max(best, (below + here) * GAP_BINS + GAP_BINS - 1 - place)
            most = best // GAP_BINS
            peak = GAP_BINS - 2 - best % GAP_BINS
            period = 0.0
            held = 0
            for step in range(number):
                place = chosen[step]
                inside = 1 if place == peak or place == peak + 1 else 0
                period += inside * (times[step + 1] - times[step])
                held += inside
            if held > 0 and period > 0:
                period /= held
                east = north = 0.0
                for step in range(count):
                    # sine and cosine of the phase by their series: a quarter of the angle, doubled twice
                    part = times[step] / period
                    turned = (part - int(part) - 0.5) * HALF_PI
                    two = turned * turned
                    sine = turned * (
                        S1 + two * (S3 + two * (S5 + two * (S7 + two * (S9 + two * (S11 + two * S13)))))
                    )
                    cosine = C0 + two * (
                        C2 + two * (C4 + two * (C6 + two * (C8 + two * (C10 + two * (C12 + two * C14)))))
                    )
                    sine, cosine = 2 * sine * cosine, cosine * cosine - sine * sine
                    north -= 2 * sine * cosine
                    east -= cosine * cosine - sine * sine
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
            eighth = 0
            within = 0
            for step in range(count):
                here = min(7, int(8 * times[step] / lasting))
                while here > eighth:
                    uneven += (within - count / 8) * (within - count / 8)
                    within = 0
                    eighth += 1
                within += 1
            while eighth < 8:
                uneven += (within - count / 8) * (within - count / 8)
                within = 0
                eighth += 1
            out[flow, base + 12] = uneven / count
        if low > 0 and high > 0:
            out[flow, 18] = math.log(high / low)
        if high > 0 and pushes > 0:
            out[flow, 19] = out[flow, OF_FLOW + 3 * OF_SERIES + 1] - math.log(high)
