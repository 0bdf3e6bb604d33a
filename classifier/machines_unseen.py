"""Workers that have not shown themselves yet: from those whom shares showed once, twice, or more often.

With a share or two a worker, names seen once and twice tell (Chao 1987), whatever their paces. With fewer,
those seen twice are a handful, and their number is itself a matter of chance: of n shares by N workers of one
pace, r = n - N (1 - (1 - 1/N)^n) name a worker that was named before, so that the Poisson interval of r gives
one of N. Paces that differ make repeats more frequent: N is then larger than it seems.
"""

import math
from collections import Counter
from collections.abc import Sequence

from classifier.hashrate import gamma_quantile
from classifier.talk import Course, Talk

SPARSE = 1.7
"""Shares a worker that was seen, below which repeats are counted: some 1.2 a worker in all."""
FEW = 2.2
"""The same below which repeats bound Chao's upper end from below: it is too near where paces differ."""
UNLIKE, MOST_UNLIKE = 1.1, 1.35
"""1 + the square of the coefficient of variation of workers' paces: usual, and at most."""
_Z = 1.959964
_TAIL = 0.025


def unseen(talks: Sequence[Talk]) -> tuple[float, float]:
    """Return how many workers were not named yet, and the 95 % end of that.

    Only where the capture began in mid-stream, or a proxy names its workers by their shares alone: else every
    worker has logged in before its eyes.
    """
    missed = any(talk.course & Course.MISSED_START for talk in talks)
    if not missed and sum(talk.newcomers for talk in talks) < 2:
        return 0.0, 0.0
    counts: Counter[str] = Counter()
    for talk in talks:
        counts.update(talk.shown)
    if len(counts) < 2:
        return 0.0, 0.0
    return not_shown(list(counts.values()))


def not_shown(counts: Sequence[int]) -> tuple[float, float]:
    """Return as `unseen` does, of the shares that each worker was seen with, three standing for more."""
    once, twice = (sum(1 for n in counts if n == times) for times in (1, 2))
    by_repeats = _by_repeats(sum(counts), len(counts))
    if sum(counts) < SPARSE * len(counts):
        return by_repeats
    more, most = chao(once, twice)
    return more, max(most, by_repeats[1]) if sum(counts) < FEW * len(counts) else most


def chao(once: int, twice: int) -> tuple[float, float]:
    """Return how many were not seen at all, and the 95 % end, from those seen once and twice (Chao 1987)."""
    more = once * (once - 1) / (2 * (twice + 1))
    if not (once or twice):
        return 0.0, 0.0
    chance = gamma_quantile(1 - _TAIL, once + 1)  # those seen once may as well have been so many
    often = max(once + twice, 1)
    wide = min(chance * max(chance - 1, 0.0) / (2 * (twice + 1)), chance * chance / (2 * often))
    if more <= 0:
        return 0.0, wide
    deviation = math.sqrt(
        more
        + once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )
    return more, max(wide, more * math.exp(_Z * math.sqrt(math.log1p((deviation / more) ** 2))))


def _by_repeats(shares: int, seen: int) -> tuple[float, float]:
    """Without any repeat nothing tells how many more there are: the count is of those seen, its end far."""
    repeats = shares - seen
    if not repeats:
        return 0.0, max(MOST_UNLIKE * population(shares, _TAIL) - seen, 0.0)
    value = UNLIKE * population(shares, repeats)
    most = MOST_UNLIKE * population(shares, gamma_quantile(_TAIL, repeats))
    return max(value - seen, 0.0), max(most - seen, value - seen, 0.0)


def population(shares: int, repeats: float) -> float:
    """Return how many workers of one pace repeat so many of their shares' names, on average; 0 < repeats.

    The expected repeats fall as workers grow in number: bisection between one worker and n^2 / repeats.
    """
    low, high = 0.0, math.log(shares * shares / repeats)
    for _ in range(60):
        middle = (low + high) / 2
        many = math.exp(middle)
        expected = shares + many * math.expm1(shares * math.log1p(-1 / many)) if many > 1 else shares - 1.0
        if expected > repeats:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)
