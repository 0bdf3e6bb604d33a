"""Hashrate from accepted shares: their expected hashes over the time they took, with an exact interval.

Shares arrive as a Poisson process, so the number of shares carries the uncertainty. With N shares the 95 %
interval of the mean count is [gamma(0.025; N), gamma(0.975; N + 1)] (Garwood 1936). Shares of unequal
difficulty count as N_eff = (sum h)^2 / sum h^2 equal ones. What the capture lacks widens it (`coverage`).
No scipy: replay must start in a second.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from facts.instant import NS
from facts.verdict import Hashrate

MIN_SPAN_NS = 180 * NS
"""Before it the start of a session (a share flood until the difficulty settles) rules the figure."""
MIN_SHARES = 3
"""Below it the interval spans more than a factor of ten."""
NORMAL = 10_000
"""Shares beyond which the normal interval is exact to 0.02 % of the rate, and quicker."""
CUBED = 30.0
"""Shape from which Wilson and Hilferty's cubic (1931) is exact to 0.02 % of the quantile."""
_TAIL = 0.025
_NORMAL_95 = 1.959964
_STEPS = 200  # bisection halves the bracket each step: far beyond a double's 53 bits
_LEAST = 0.005
"""Part of the shares below which nothing is concluded from those that are left: 1 packet in 200 sampled."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The part of a miner's shares whose exchange the capture holds: estimate and 95 % interval."""

    value: float
    low: float
    high: float


WHOLE = Coverage(1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Harvest:
    """What was found in a time: whole hashes, so that sums do not depend on their order."""

    shares: int = 0
    hashes: int = 0
    """Expected hashes of the accepted shares, in sum."""
    squared: int = 0
    """The sum of their squares."""
    rejected: int = 0
    stale: int = 0
    stale_hashes: int = 0
    imputed: int = 0
    """Hashes for spans whose shares cannot be priced, at the pace of the others."""
    doubt: int = 0
    """Standard deviation of `imputed`, in hashes, where other connections' pace was taken for it."""


def coverage(submitted: int, answered: int, miner_lost: bool, pool_lost: bool, ordered: bool) -> Coverage:
    """Estimate how much of the exchange is in the capture, from the shares whose answer is not.

    Where packets of the pool's direction are missing, the unanswered part of the submitted shares tells how
    many; where the miner's are, shares are missing themselves. What loses packets (a full buffer, a probe
    that samples) takes both ways alike, and a packet lost of the pool costs two answers: its own, and the
    next, which is not believed behind a gap. So the miner's own loss is about half the unanswered part.
    `ordered`: answers are matched by count (BTCAgent), where one lost share leaves many unmatched, which
    tells nothing of it.
    """
    if not (miner_lost or pool_lost) or submitted == 0 or answered >= submitted:
        return WHOLE
    part = answered / submitted
    spread = _NORMAL_95 * math.sqrt((part * (1 - part) + 0.25 / submitted) / submitted)
    best = min(1.0, max(part + spread, _LEAST))
    worst = max(part - spread, part / 2, _LEAST)
    part = max(part, _LEAST)
    if not miner_lost or ordered:
        return Coverage(part, worst, best)
    # The miner's own loss: half of it, a quarter at least, the whole at most (see above).
    return Coverage(part * (1 + part) / 2, worst * worst, best * (3 + best) / 4)


def estimate(
    algorithm: str,
    shares: int,
    hashes: int,
    squared: int,
    span_ns: int,
) -> Hashrate | None:
    """Return hashes a second of one algorithm, or None where the wire gives too little.

    `shares` accepted shares stand for `hashes` expected hashes in sum, and `squared` is the sum of their
    squares; `span_ns` is the time in which they were found, waiting included.
    """
    return estimated(algorithm, Harvest(shares, hashes, squared), span_ns, WHOLE)


def estimated(algorithm: str, found: Harvest, span_ns: int, cover: Coverage) -> Hashrate | None:
    """Return hashes a second of one algorithm, corrected for what the capture lacks; None: too little."""
    if span_ns < MIN_SPAN_NS or found.shares < MIN_SHARES or found.hashes <= 0:
        return None
    value, low, high = interval(found, span_ns, cover)
    return Hashrate(
        algorithm,
        value,
        low,
        high,
        found.shares,
        found.rejected,
        found.stale,
        coverage=round(cover.value, 4),
        mined_ns=span_ns,
    )


def interval(found: Harvest, span_ns: int, cover: Coverage = WHOLE) -> tuple[float, float, float]:
    """Return (value, low, high) in hashes a second; of at least one share, in a time above 0.

    Stale shares cost work as well: the upper end counts them, the value does not. What is imputed at other
    connections' pace adds its own doubt, but the lower end is never below that of what was counted.
    """
    value = (found.hashes + found.imputed) * NS / span_ns
    most = value + found.stale_hashes * NS / span_ns
    effective = found.hashes * found.hashes / found.squared  # integers: exact; never above `shares`
    low, high = factors(effective)
    least, most = value * low, most * high
    if found.doubt:
        doubt = _NORMAL_95 * found.doubt * NS / span_ns
        sure = found.hashes * low * NS / span_ns
        least = max(value - math.hypot(value - least, doubt), sure)
        most = value + math.hypot(most - value, doubt)
    return value / cover.value, least / cover.high, most / cover.low


@lru_cache(4096)
def factors(effective: float) -> tuple[float, float]:
    """Return what the rate of so many shares of one worth is multiplied by at both ends of its interval."""
    if effective > NORMAL:
        spread = _NORMAL_95 / math.sqrt(effective)
        return 1 - spread, 1 + spread
    return (
        gamma_quantile(_TAIL, effective) / effective,
        gamma_quantile(1 - _TAIL, effective + 1) / effective,
    )


@lru_cache(4096)
def gamma_quantile(p: float, shape: float) -> float:
    """Return x with P(shape, x) = p, for the gamma distribution of scale 1; 0 < p < 1, shape > 0."""
    if shape >= CUBED and p in (_TAIL, 1 - _TAIL):
        z = _NORMAL_95 if p > 0.5 else -_NORMAL_95
        ninth = 1 / (9 * shape)
        return float(shape * (1 - ninth + z * math.sqrt(ninth)) ** 3)
    low, high = 0.0, shape + 10.0
    while gamma_cdf(high, shape) < p:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if not low < middle < high or high - low < 1e-12 * high:
            break
        if gamma_cdf(middle, shape) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def gamma_cdf(x: float, shape: float) -> float:
    """Return the regularised lower incomplete gamma function P(shape, x) (DLMF 8.7.1, 8.9.2)."""
    if x <= 0:
        return 0.0
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return scale * _series(x, shape)
    return 1.0 - scale * _fraction(x, shape)


def _series(x: float, shape: float) -> float:
    term = total = 1.0 / shape
    n = shape
    while term > total * 1e-16:
        n += 1
        term *= x / n
        total += term
    return total


def _fraction(x: float, shape: float) -> float:
    """The continued fraction of the upper function, by Lentz's method."""
    tiny = 1e-300  # keeps a vanishing denominator from dividing by zero
    b = x + 1 - shape
    c = 1 / tiny
    d = 1 / (b or tiny)
    value = d
    i = 0
    while True:
        i += 1
        a = -i * (i - shape)
        b += 2
        d = 1 / ((a * d + b) or tiny)
        c = (b + a / c) or tiny
        step = c * d
        value *= step
        if abs(step - 1) < 1e-15 or i > 100_000:  # converges in about sqrt(shape) steps
            return value
