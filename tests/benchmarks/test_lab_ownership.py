"""Generated campaigns and farms are told apart: draws that nothing was fitted on."""

import pytest

from benchmarks.lab.ownership import World, measured

F1, WRONG = 0.95, 0.005
"""What is promised: pairwise F1 at least, wrong merges at most."""


@pytest.mark.parametrize("seed", [7001, 7002, 7003])
def test_unseen_worlds_are_told_apart(seed: int) -> None:
    outcome, _, _ = measured(World(seed, "test").draw(30, 6, 20, 150))
    assert outcome.f1 >= F1
    assert outcome.wrong_merges <= WRONG


def test_proxies_that_rewrite_user_names_hide_nobody() -> None:
    outcome, _, _ = measured(World(7010, "test", proxies=1.0).draw(40, 4, 10, 100))
    assert outcome.f1 >= F1
    assert outcome.wrong_merges <= WRONG


def test_farms_alone_are_told_apart_too() -> None:
    """Without the many pairs of large campaigns."""
    outcome, _, _ = measured(World(7020, "test").draw(60, 0, 20, 300))
    assert outcome.f1 >= F1
    assert outcome.wrong_merges <= WRONG


@pytest.mark.prove
def test_a_million_nodes_take_a_minute_at_most() -> None:
    scene = World(7100, "test").draw(4000, 800, 3000, 20000, 200)
    outcome, spent, nodes = measured(scene)
    print(f"{nodes:,} nodes, {len(scene.ties):,} ties: {spent:.1f} CPU s, F1 {outcome.f1:.4f}")
    assert nodes >= 1_000_000
    assert outcome.f1 >= F1
    assert outcome.wrong_merges <= WRONG
    assert spent <= 60


@pytest.mark.prove
@pytest.mark.parametrize("habits", [{}, {"proxies": 1.0}])
def test_twenty_worlds_together(habits: dict[str, float]) -> None:
    """Over all pairs of all worlds; a farm whose lines share no name at all stays apart, here and there."""
    hit = joined = belong = 0
    for seed in range(7200, 7220):
        one, _, _ = measured(World(seed, "test", **habits).draw(40, 8, 30, 200))
        hit, joined, belong = hit + one.hit, joined + one.joined, belong + one.belong
    precision, recall = hit / joined, hit / belong
    print(f"precision {precision:.5f}, recall {recall:.5f}")
    assert 2 * precision * recall / (precision + recall) >= F1
    assert 1 - precision <= WRONG
