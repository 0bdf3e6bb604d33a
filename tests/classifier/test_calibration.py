"""Scores equal posteriors wherever the stated likelihood ratios hold, at the real base rate.

A population is drawn in which each group of witnesses speaks independently, each kind by its shipped ratio;
the share of true miners among the hosts of a score must be that score.
"""

import math
from ipaddress import ip_address
from itertools import product

import numpy as np
import pytest

from classifier.score import judge
from classifier.weights import shipped
from facts.evidence import Evidence
from facts.names import Role
from facts.where import Where

ADDRESS = ip_address("192.0.2.1")
BASE = 1 / 1300
HOSTS = 50_000_000
SEEN = 0.04
"""How often a group speaks of the class that it speaks of more: rare enough that its silence says nothing."""

ROLES = {
    "miner": ["miner-says", "miner-gets", "miner-stays", "miner-nameless", "name"],
    "pool": ["pool-says", "pool-asked", "pool-fails", "name", "shape"],
    "prober": ["prober-sweeps", "prober-nameless", "prober-leaves"],
}


def _rates(nats: float) -> tuple[float, float]:
    """How often a kind is seen of those in the role, and of the others."""
    return (SEEN, SEEN * math.exp(-nats)) if nats > 0 else (SEEN * math.exp(nats), SEEN)


def _choices(group: str) -> list[tuple[str | None, float, float]]:
    kinds = sorted((kind, one.nats) for kind, one in shipped().kinds.items() if one.group == group)
    spoken = []
    for kind, nats in kinds:
        inside, outside = _rates(nats)
        spoken.append((kind, inside / len(kinds), outside / len(kinds)))
    return [*spoken, (None, 1 - sum(one[1] for one in spoken), 1 - sum(one[2] for one in spoken))]


def _combinations(role: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of every combination of witnesses, and how often it is met in and out of the role."""
    scores, inside, outside = [], [], []
    for picked in product(*(_choices(group) for group in ROLES[role])):
        evidence = [
            Evidence(ADDRESS, Role(role), kind, Where("x.pcap", 1), 0)
            for kind, _, _ in picked
            if kind is not None
        ]
        scores.append(judge(evidence, shipped()).score)
        inside.append(math.prod(one[1] for one in picked))
        outside.append(math.prod(one[2] for one in picked))
    return np.array(scores), np.array(inside), np.array(outside)


@pytest.mark.parametrize("role", ROLES)
def test_a_score_is_the_posterior_of_its_witnesses(role: str) -> None:
    scores, inside, outside = _combinations(role)
    posterior = BASE * inside / (BASE * inside + (1 - BASE) * outside)
    off = np.abs(np.log(scores / (1 - scores)) - np.log(posterior / (1 - posterior)))
    assert off.max() < 0.05 * len(ROLES[role])  # what the silence of the other groups says


@pytest.mark.parametrize("role", ROLES)
def test_among_hosts_of_a_score_that_share_is_in_the_role(role: str) -> None:
    scores, inside, outside = _combinations(role)
    chance = np.random.default_rng(20_240_229)
    true = chance.multinomial(int(HOSTS * BASE), inside / inside.sum())
    false = chance.multinomial(HOSTS - int(HOSTS * BASE), outside / outside.sum())
    for low, high in ((0.0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 0.999), (0.999, 1.0)):
        band = (scores >= low) & (scores < high)
        met = int(true[band].sum() + false[band].sum())
        if met < 50:
            continue  # too few of them to tell
        stated = float((scores[band] * (true[band] + false[band])).sum() / met)
        share = true[band].sum() / met
        error = 4 * math.sqrt(max(stated * (1 - stated), 1 / met) / met)
        assert abs(share - stated) <= error + 0.05 * len(ROLES[role]) * stated * (1 - stated) + 1e-3, (
            low,
            high,
        )
