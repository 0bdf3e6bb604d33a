"""The judge: evidence and weights in, a probability and a level out. Pure; it knows no protocol."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from classifier.weights import Weights
from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, Level
from facts.quick import quick
from facts.verdict import Weighed

THRESHOLDS = ((Level.CONFIRMED, 0.999), (Level.LIKELY, 0.9), (Level.SUSPECTED, 0.5))
"""Least probability of each level; below the last it is cleared."""


@quick
@dataclass(frozen=True, slots=True)
class Judgement:
    """The judge's answer on one address in one role."""

    score: float
    """Posterior probability: the logistic function of the prior and all given weights."""
    level: Level
    evidence: tuple[Weighed, ...]
    """Heaviest first. What counted no further, because a heavier one of its group did, weighs 0."""


def judge(evidence: Iterable[Evidence], weights: Weights, ceiling: Level = Level.CONFIRMED) -> Judgement:
    """Weigh what is known of one address in one role.

    Each group of correlated kinds counts once, by its heaviest kind; a kind counts once, however often it is
    given. What was measured counts up to its kind's weight. Kinds without a veto lower a score that is at
    suspected or more without them no further than to suspected. `ceiling` is the best level that the
    structure of the evidence allows (roles.py); it bounds the level, never the score. The order of `evidence`
    does not matter. Raises KeyError for a kind without a weight.
    """
    given = list(evidence)
    kinds = tuple([one.kind for one in given])
    if len(set(kinds)) == len(kinds) and all(one.measured is None for one in given):
        scale = _usual(kinds, weights)
    else:
        nats = [_nats(one, weights) for one in given]
        order = sorted(range(len(given)), key=lambda place: _order(given[place], nats[place]))
        scale = _weighed(kinds, nats, order, weights)
    return Judgement(
        scale.score,
        min(scale.level, ceiling, key=LEVEL_ORDER.index),
        tuple([Weighed(given[place], counted) for place, counted in scale.counted]),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """What evidence of certain kinds comes to."""

    score: float
    level: Level
    counted: tuple[tuple[int, float], ...]
    """Place among what was given, and what it counted; heaviest first."""


@lru_cache(4096)
def _usual(kinds: tuple[str, ...], weights: Weights) -> _Scale:
    """Weigh evidence of which only the kinds matter: each once, and none measured. Most verdicts share
    theirs with many others."""
    nats = [weights.kinds[kind].nats for kind in kinds]
    order = sorted(range(len(kinds)), key=lambda place: (-abs(nats[place]), kinds[place]))
    return _weighed(kinds, nats, order, weights)


def _weighed(kinds: Sequence[str], nats: Sequence[float], order: Iterable[int], weights: Weights) -> _Scale:
    """Weigh kinds that weigh `nats` by themselves, heaviest first in the `order` given."""
    spoken: set[str] = set()
    counted = []
    for place in order:
        group = weights.kinds[kinds[place]].group
        counted.append((place, 0.0 if group in spoken else nats[place]))
        spoken.add(group)
    counted = _without_vetoes(counted, kinds, weights)
    counted.sort(key=lambda one: -abs(one[1]))  # stable: equal weights keep the order above
    score = probability(weights.prior + math.fsum(nats for _, nats in counted))
    return _Scale(score, level_of(score), tuple(counted))


def level_of(score: float) -> Level:
    """Return the level that a probability reaches by itself."""
    return next((level for level, least in THRESHOLDS if score >= least), Level.CLEARED)


def probability(log_odds: float) -> float:
    """Return the probability of `log_odds` (nats); exact at both ends, never overflowing."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-min(log_odds, 700.0)))  # exp(-745) is the smallest double
    odds = math.exp(max(log_odds, -700.0))
    return odds / (1.0 + odds)


def _nats(one: Evidence, weights: Weights) -> float:
    """Return what a piece of evidence weighs by itself."""
    most = weights.kinds[one.kind].nats
    if one.measured is None:
        return most
    return min(max(one.measured, -abs(most)), abs(most))


def _without_vetoes(
    counted: list[tuple[int, float]], kinds: Sequence[str], weights: Weights
) -> list[tuple[int, float]]:
    """Lessen what speaks against without a veto, so that it clears nothing that is suspected without it."""
    weak = {place: nats for place, nats in counted if nats < 0 and not weights.kinds[kinds[place]].vetoes}
    if not weak:
        return counted
    others = weights.prior + math.fsum(nats for _, nats in counted) - math.fsum(weak.values())
    against = -math.fsum(weak.values())
    if others < 0 or against <= others:
        return counted
    share = others * (1 - 1e-9) / against  # the rest of it keeps rounding away from the threshold
    return [(place, nats * share if place in weak else nats) for place, nats in counted]


def _order(one: Evidence, nats: float) -> tuple[object, ...]:
    """Heaviest first, then by kind and place, so that equal input gives equal output."""
    where = one.where
    return (
        -abs(nats),
        one.kind,
        one.at_ns,
        where.source,
        where.frame or 0,
        -one.count,
        one.params,
    )
