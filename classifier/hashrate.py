"""Hashrate from accepted shares: their expected hashes over the time they took, with an exact interval.

Shares arrive as a Poisson process, so the number of shares carries the uncertainty. With N shares the 95 %
interval of the mean count is [gamma(0.025; N), gamma(0.975; N + 1)] (Garwood 1936). Shares of unequal
difficulty count as N_eff = (sum h)^2 / sum h^2 equal ones. No scipy: replay must start in a second.
"""

import math
from functools import lru_cache

from facts.instant import NS
from facts.verdict import Hashrate

MIN_SPAN_NS = 180 * NS
"""Before it the start of a session (a share flood until the difficulty settles) rules the figure."""
MIN_SHARES = 3
"""Below it the interval spans more than a factor of ten."""
NORMAL = 10_000
"""Shares beyond which the normal interval is exact to 0.02 % of the rate, and quicker."""
_TAIL = 0.025
_NORMAL_95 = 1.959964
_STEPS = 200  # bisection halves the bracket each step: far beyond a double's 53 bits


def estimate(algorithm: str, shares: int, hashes: int, squared: int, span_ns: int) -> Hashrate | None:
    """Return hashes a second of one algorithm, or None where the wire gives too little.

    `shares` accepted shares stand for `hashes` expected hashes in sum, and `squared` is the sum of their
    squares; `span_ns` is the time in which they were found, waiting included.
    """
    if span_ns < MIN_SPAN_NS or shares < MIN_SHARES or hashes <= 0:
        return None
    effective = hashes * hashes / squared  # integers: exact however large; never above `shares`
    value = hashes * NS / span_ns
    if effective > NORMAL:
        spread = _NORMAL_95 / math.sqrt(effective)
        return Hashrate(algorithm, value, value * (1 - spread), value * (1 + spread))
    low = gamma_quantile(_TAIL, effective) / effective
    high = gamma_quantile(1 - _TAIL, effective + 1) / effective
    return Hashrate(algorithm, value, value * low, value * high)


@lru_cache(4096)
def gamma_quantile(p: float, shape: float) -> float:
    """Return x with P(shape, x) = p, for the gamma distribution of scale 1; 0 < p < 1, shape > 0."""
    low, high = 0.0, shape + 10.0
    while gamma_cdf(high, shape) < p:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if not low < middle < high:
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
