"""Relays and port forwards: what enters a gateway leaves it again, a moment later, again and again.

A gateway that rewrites names, or encrypts on one side, cannot hide when: each share that comes in goes out
within a moment, and no other. Times of shares are random, so that agreement of two series is no chance; jobs
of one pool come to all its miners at once, so that agreement of jobs tells the pool, not the relay.
Give this shares (client to server), or every message where the direction is all that is known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import log, log1p

import numpy as np
from numpy.typing import NDArray

from classifier.distinct import distinct

Times = NDArray[np.int64]
"""(n,) nanoseconds since 1970 UTC, sorted."""

MOST_DELAY_NS = 2_000_000_000
"""What a relay holds a message at most: retransmission included."""
WIDTH_NS = 200_000_000
"""How much the delays of one relay differ: queues and the network between."""
FEWEST = 8
"""Messages from which anything can be said."""
HIT = 0.9
"""Share of messages that come out of a relay in time, at least: some shares are stale and dropped."""
PRIOR = -6.9
"""Log-odds that two given conversations of one gateway are one: a thousand to one against."""
CONFIRMED = 7.0
"""Log-odds from which they are said to be."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Two conversations that are one: what `entered` the gateway, `left` it."""

    entered: str
    left: str
    odds: float
    """Log-odds (nats), prior included."""
    matched: int
    """Messages that came out in time."""
    delay_ns: int
    """Middle of the delays."""


def meet(entered: Sequence[int], left: Sequence[int]) -> bool:
    """Say whether two ascending sequences of times have enough in the time that both lasted for `relay_odds`
    to say anything; most pairs have not, and this is quickly told."""
    if len(entered) < FEWEST or len(left) < FEWEST:
        return False
    first = max(entered[0], left[0]) - MOST_DELAY_NS
    last = min(entered[-1], left[-1]) + MOST_DELAY_NS
    return all(bisect_right(times, last) - bisect_left(times, first) >= FEWEST for times in (entered, left))


def relay_odds(entered: Times, left: Times) -> tuple[float, int, int]:
    """Return (log-odds, messages matched, middle delay in ns) that what left is what entered, prior included.

    Of n messages that entered, k are followed by one that left at the same delay (within WIDTH_NS). By chance
    each would be with probability p = 1 - exp(-rate x width), from the rate of what left while both lasted;
    of a relay, with probability HIT. The delay is the best of all, and paid for by their number.
    """
    first = max(int(entered[0]), int(left[0])) - MOST_DELAY_NS if len(entered) and len(left) else 0
    last = min(int(entered[-1]), int(left[-1])) + MOST_DELAY_NS if len(entered) and len(left) else -1
    inside = entered[(entered >= first) & (entered <= last)]
    outside = left[(left >= first) & (left <= last)]
    count = len(inside)
    if count < FEWEST or len(outside) < FEWEST:
        return PRIOR, 0, 0
    from_at = np.searchsorted(outside, inside)
    until = np.searchsorted(outside, inside + MOST_DELAY_NS, side="right")
    many = until - from_at
    which = np.repeat(np.arange(count), many)
    place = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many) + np.repeat(from_at, many)
    delays = outside[place] - inside[which]
    best, at = _densest(delays, which, count)
    span = max(int(outside[-1] - outside[0]), 1)
    chance = -np.expm1(-len(outside) * WIDTH_NS / span)
    chance = float(min(max(chance, 1e-6), 0.999))
    hit = max(HIT, chance)
    told = best * log(hit / chance) + (count - best) * (log1p(-min(hit, 0.999)) - log1p(-chance))
    # What enters must be most of what leaves too: a busy gateway's other customers match by chance only.
    surplus = max(len(outside) - count, 0) / len(outside)
    tried = MOST_DELAY_NS / WIDTH_NS
    return PRIOR + told * (1 - surplus) - log(tried), best, at


def find_relays(entered: Mapping[str, Times], left: Mapping[str, Times]) -> list[Relay]:
    """Return the conversations through one gateway that are one, the surest first; each is in one at most.

    Keys name conversations: who enters, and where to. Several that enter may leave as one: `merged` tells.
    """
    found = []
    for (a, ins), (b, outs) in product(sorted(entered.items()), sorted(left.items())):
        odds, matched, delay = relay_odds(ins, outs)
        if odds >= CONFIRMED:
            found.append(Relay(a, b, odds, matched, delay))
    found.sort(key=lambda one: (-one.odds, one.entered, one.left))
    used: set[tuple[bool, str]] = set()
    kept = []
    for one in found:
        if (False, one.entered) not in used and (True, one.left) not in used:
            used |= {(False, one.entered), (True, one.left)}
            kept.append(one)
    return kept


def merged(entered: Sequence[Times], left: Times) -> tuple[float, int, int]:
    """Return as `relay_odds` whether all that entered in several conversations left in one: a proxy."""
    return relay_odds(np.sort(np.concatenate([np.asarray(one, np.int64) for one in entered])), left)


def _densest(delays: Times, which: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Return how many messages have a delay within the best window of WIDTH_NS, and the window's middle."""
    if not len(delays):
        return 0, 0
    order = np.argsort(delays, kind="stable")
    sorted_delays = delays[order]
    ends = np.searchsorted(sorted_delays, sorted_delays + WIDTH_NS, side="right")
    start = int(np.argmax(ends - np.arange(len(ends))))
    window = order[start : ends[start]]
    middle = int(np.median(sorted_delays[start : ends[start]]))
    return min(len(distinct(which[window])), count), middle
