"""Company: other clients of a service, who are likely to mine by their own rhythm, speak for one whose rhythm
says less.

A pool serves miners and hardly anybody else on its port. What the others' rhythm says is not counted again:
shapes of one service err together. They lift by the log-odds of the best of them, up to the kind's weight,
and what was lifted lifts nobody.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

from classifier.encrypted import ALONE, LIKELY_NATS, Company, Standing
from classifier.encrypted_evidence import log_odds
from classifier.encrypted_flows import Pair
from classifier.kinds import Kind
from classifier.weights import Weights
from facts.endpoint import Endpoint


def companies(standings: Iterable[Standing], weights: Weights) -> dict[Pair, Company]:
    """Return what company each dependency is in, by client and service; those without are left out."""
    of_service: dict[Endpoint, list[tuple[float, Standing]]] = defaultdict(list)
    for one in standings:
        of_service[one.server].append((log_odds(one, weights), one))
    most = weights.kinds[Kind.RHYTHM_COMPANY].nats
    found = {}
    for group in of_service.values():
        likely = [(odds, one.client) for odds, one in group if odds >= LIKELY_NATS]
        for _, one in group:
            others = [odds for odds, client in likely if client != one.client]
            if others:
                found[one.client, one.server] = Company(len(others), min(max(others), most))
    return found


def judged(standings: Iterable[Standing], weights: Weights) -> dict[Pair, float]:
    """Return the log-odds of mining of each dependency, by its rhythm and its company; company makes none
    likely."""
    known = list(standings)
    lifted = companies(known, weights)
    made = {}
    for one in known:
        pair, own = (one.client, one.server), log_odds(one, weights)
        with_others = own + lifted.get(pair, ALONE).nats
        made[pair] = own if own >= 0 else min(with_others, math.nextafter(LIKELY_NATS, 0.0))
    return made
