"""Connections that mine before the worth of their shares is known: open before the capture began.

Bitcoin's jobs do not say what a share is worth; a pool tells when it sets another difficulty, of each
connection at another time, of some never. Behind one address that mines through many connections those whose
worth is known tell the pace of the others; how unlike machines of one place are is the doubt about it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from classifier.connection import Stint
from classifier.hashrate import Harvest
from facts.instant import NS

GREETING_NS = 10 * NS
"""Time without a known worth that every connection has while it is greeted."""
LEAST_NS = 60 * NS
"""Time of known worth, over all connections, from which it tells a pace."""
UNLIKE = 0.5
"""Standard deviation of the hashrates of machines of one place, of their mean: old and new ones mixed."""
WEIGHT = 3
"""Connections that UNLIKE counts as, beside those that were measured."""


def with_unpriced(
    found: Harvest, stints: Sequence[Stint], algorithm: str, first_ns: int, last_ns: int
) -> Harvest:
    """Add what connections found in the time whose shares have no known worth, at the pace of the others.

    `first_ns` to `last_ns` is the time over which `found` was counted.
    """
    own = [one for one in stints if one.algorithm in (algorithm, None) and (one.submits or one.shares)]
    lacking = [gap for one in own if (gap := _unpriced_ns(one, first_ns, last_ns)) > GREETING_NS]
    if not lacking:
        return found
    told = [
        (one.earned, one.shares, min(one.last_ns, last_ns) - max(one.priced_ns, first_ns))
        for one in own
        if one.priced_ns is not None and one.algorithm == algorithm
    ]
    told = [(earned, shares, lasted) for earned, shares, lasted in told if lasted > 0]
    time = sum(lasted for _, _, lasted in told)
    if time < LEAST_NS or not any(earned for earned, _, _ in told):
        return found
    pace = sum(earned for earned, _, _ in told) / time
    hashes = pace * sum(lacking)
    unlike = math.sqrt(_unlike(told, pace) * (1 / len(lacking) + 1 / len(told)))
    return replace(
        found, imputed=found.imputed + round(hashes), doubt=round(math.hypot(found.doubt, hashes * unlike))
    )


def _unpriced_ns(one: Stint, first_ns: int, last_ns: int) -> int:
    """Return how long it mined within the time before the worth of its shares was known."""
    until = one.last_ns if one.priced_ns is None else one.priced_ns
    return max(0, min(until, last_ns) - max(one.first_ns, first_ns))


def _unlike(told: Sequence[tuple[int, int, int]], pace: float) -> float:
    """Return the variance of the connections' paces, of their mean, less what chance adds; with UNLIKE."""
    several = [(earned / lasted / pace, shares) for earned, shares, lasted in told if shares >= 3]
    spread = WEIGHT * UNLIKE**2
    if len(several) < 2:
        return UNLIKE**2
    chance = sum(1 / shares for _, shares in several) / len(several)
    middle = sum(each for each, _ in several) / len(several)
    measured = sum((each - middle) ** 2 for each, _ in several) / (len(several) - 1) - chance
    return (spread + (len(several) - 1) * max(measured, 0.0)) / (WEIGHT + len(several) - 1)
