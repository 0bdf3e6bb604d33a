"""Small campaigns and small operators, with what mines at their addresses: how sure victims are told."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from benchmarks.lab.ownership import World
from classifier.ownership import described
from classifier.ownership_campaign import Load
from classifier.ownership_graph import build
from classifier.ownership_merge import merge
from classifier.ownership_model import Cluster, Sort, Tie
from classifier.ownership_suspect import SUSPECTED, suspicion
from facts.endpoint import Address
from pipeline.campaigns import traits_of

FARMS = {"asic": 3.0, "gpu": 1.0, "cpu": 0.13}
"""kW of a machine."""


def clusters_of(seed: int) -> Iterator[tuple[Sort, float]]:
    """Yield (truth, probability of a campaign) of clusters in two places and more, two to eight lines."""
    scene = World(seed, "test", victims=(2, 6), lines=(2, 8)).draw(60, 30, 10, 100, 2, 2)  # type: ignore[arg-type]
    chance, graph = random.Random(seed), build(scene.ties)
    ties: dict[object, list[Tie]] = defaultdict(list)
    for tie in scene.ties:
        ties[tie.address, tie.party].append(tie)
    for one in described(graph, merge(graph, scene.sizes), scene.sizes):
        owner = Counter(scene.owner.get((m.address, m.party)) for m in one.members).most_common(1)[0][0]  # type: ignore[arg-type]
        truth = None if owner is None else scene.sort[owner]
        if truth not in (Sort.CAMPAIGN, Sort.OPERATOR) or len(one.addresses) < 2:
            continue
        held: dict[Address, str] = {}
        for member in one.members:
            held[member.address] = held.get(member.address) or member.enterprise
        own = [tie for member in one.members for tie in ties[member.address, member.party]]
        traits = traits_of(held, own, loads_of(one, truth, chance))
        if len(traits.places) > 1:
            yield truth, suspicion(traits, scene.sizes).probability


def loads_of(one: Cluster, truth: Sort, chance: random.Random) -> dict[Address, Load]:
    """What was measured at four addresses in five: ordinary computers, or farms of one kind of machine."""
    kind = chance.choice(("asic", "asic", "asic", "gpu", "cpu"))
    found = {}
    for address in one.addresses:
        if chance.random() < 0.2:
            continue
        if truth is Sort.CAMPAIGN:
            many = chance.choice((1, 1, 1, 1, 2, 3, 6))
            found[address] = Load(many, many * chance.uniform(0.05, 0.2), "cpu")
        else:
            many = max(1, round(chance.lognormvariate(2.3, 1.2)))
            found[address] = Load(many, many * FARMS[kind], kind)
    return found


@pytest.mark.prove
def test_victims_in_two_places_and_more_are_told_from_farms() -> None:
    told = [pair for seed in range(9500, 9520) for pair in clusters_of(seed)]
    victims = [p >= SUSPECTED for truth, p in told if truth is Sort.CAMPAIGN]
    farms = [p >= SUSPECTED for truth, p in told if truth is Sort.OPERATOR]
    print(f"{sum(victims)} of {len(victims)} campaigns suspected, {sum(farms)} of {len(farms)} operators")
    assert sum(victims) >= 0.97 * len(victims)
    assert sum(farms) <= 0.02 * len(farms)
