"""The judge: evidence and weights in, a probability and a level out. Pure; it knows no protocol."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from classifier.weights import Weights
from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, Level
from facts.verdict import Weighed

THRESHOLDS = ((Level.CONFIRMED, 0.999), (Level.LIKELY, 0.9), (Level.SUSPECTED, 0.5))
"""Least probability of each level; below the last it is cleared."""


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
    given = [(one, _nats(one, weights)) for one in evidence]
    if len(given) > 1:
        given.sort(key=_order)
    spoken: set[str] = set()
    weighed = []
    for one, nats in given:
        group = weights.kinds[one.kind].group
        weighed.append(Weighed(one, 0.0 if group in spoken else nats))
        spoken.add(group)
    weighed = _without_vetoes(weighed, weights)
    weighed.sort(key=lambda one: -abs(one.weight))  # stable: equal weights keep the order above
    score = probability(weights.prior + math.fsum(one.weight for one in weighed))
    return Judgement(score, min(level_of(score), ceiling, key=LEVEL_ORDER.index), tuple(weighed))


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


def _without_vetoes(weighed: list[Weighed], weights: Weights) -> list[Weighed]:
    """Lessen what speaks against without a veto, so that it clears nothing that is suspected without it."""
    weak = [one for one in weighed if one.weight < 0 and not weights.kinds[one.evidence.kind].vetoes]
    if not weak:
        return weighed
    others = weights.prior + math.fsum(one.weight for one in weighed) - math.fsum(one.weight for one in weak)
    against = -math.fsum(one.weight for one in weak)
    if others < 0 or against <= others:
        return weighed
    share = others * (1 - 1e-9) / against  # the rest of it keeps rounding away from the threshold
    return [Weighed(one.evidence, one.weight * share) if one in weak else one for one in weighed]


def _order(given: tuple[Evidence, float]) -> tuple[object, ...]:
    """Heaviest first, then by kind and place, so that equal input gives equal output."""
    one, nats = given
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
