"""Connections whose shares have no known worth, and workers not seen yet: figures by hand."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.connection import Stint
from classifier.hashrate import Harvest, interval
from classifier.hashrate_unpriced import with_unpriced
from classifier.machines_unseen import chao, not_shown, population
from facts.instant import NS

HASHES = 10**6


def stint(first_s: int, last_s: int, priced_s: int | None, shares: int = 0, submits: int = 9) -> Stint:
    priced = None if priced_s is None else priced_s * NS
    return Stint(
        first_s * NS, last_s * NS, 1, "sha256d", None, (1, 0, 0), priced, shares, shares * HASHES, submits
    )


def counted(shares: int) -> Harvest:
    return Harvest(shares, shares * HASHES, shares * HASHES**2)


def test_a_connection_that_is_never_priced_is_taken_at_the_others_pace() -> None:
    stints = [stint(0, 1_000, 0, 100), stint(0, 1_000, 0, 100), stint(0, 1_000, None)]
    found = with_unpriced(counted(200), stints, "sha256d", 0, 1_000 * NS)
    # 200 shares in 2,000 s: 0.1 a second; the third mined 1,000 s.
    assert found.imputed == 100 * HASHES
    # Two connections alike: (3 x 0.25 + 1 x 0) / 4 = 0.1875, times (1 + 1/2).
    assert found.doubt == pytest.approx(100 * HASHES * math.sqrt(0.1875 * 1.5), rel=1e-6)
    value, low, high = interval(found, 1_000 * NS)
    assert value == pytest.approx(0.3 * HASHES)
    sure = interval(counted(200), 1_000 * NS)
    assert sure[1] <= low < value < high
    assert high > 0.3 * HASHES * sure[2] / sure[0]


def test_a_connection_priced_late_is_taken_at_the_common_pace_before() -> None:
    stints = [stint(0, 1_000, 0, 100), stint(0, 1_000, 500, 50)]
    found = with_unpriced(counted(150), stints, "sha256d", 0, 1_000 * NS)
    assert found.imputed == 50 * HASHES  # 150 shares in 1,500 s, and 500 s without


@pytest.mark.parametrize(
    "other",
    [
        stint(0, 1_000, None, submits=0),  # says nothing: it may not mine
        stint(0, 1_000, 9, 100),  # greeted within ten seconds
        stint(2_000, 3_000, None),  # of another time
    ],
)
def test_what_lacks_nothing_is_left_as_it_is(other: Stint) -> None:
    stints = [stint(0, 1_000, 0, 100), other]
    assert with_unpriced(counted(100), stints, "sha256d", 0, 1_000 * NS) == counted(100)
    assert with_unpriced(counted(100), [stint(0, 1_000, None)], "sha256d", 0, 1_000 * NS) == counted(100)


def test_repeats_of_few_shares_tell_how_many_there_are() -> None:
    # By hand: of 10 shares by 45 workers, 10 - 45 (1 - (44/45)^10) = 0.94 repeat a name.
    assert population(10, 10 - 45 * (1 - (44 / 45) ** 10)) == pytest.approx(45, rel=1e-6)
    more, most = not_shown([1] * 25 + [2])  # 26 names of 27 shares: nobody knows, and that is said
    assert 150 < more < 600
    assert most > 5_000
    assert not_shown([3] * 18) == (0.0, 0.0)
    assert chao(0, 4)[0] == 0.0
    assert chao(0, 4)[1] > 0.5


def test_the_end_of_the_unseen_holds_the_truth() -> None:
    """Workers of unlike paces (a third of their mean, one sigma), a half to six shares each: 1,200 worlds."""
    chance, held, worlds = Random(4), 0, 0
    for number in range(1_200):
        many = round(math.exp(chance.uniform(math.log(5), math.log(300))))
        each = (0.5, 1.0, 1.5, 2.0, 3.0, 6.0)[number % 6]
        counts = []
        for _ in range(many):
            left = each * chance.gammavariate(9.0, 1 / 9)
            shares = 0
            while (left := left - chance.expovariate(1.0)) > 0:
                shares += 1
            counts.append(min(shares, 3))
        shown = [count for count in counts if count]
        if len(shown) > 1:
            worlds += 1
            held += len(shown) + not_shown(shown)[1] >= many - 0.5
    assert held / worlds >= 0.95


@given(st.lists(st.integers(1, 3), min_size=2, max_size=80))
def test_the_end_is_never_before_the_value(counts: list[int]) -> None:
    more, most = not_shown(counts)
    assert 0 <= more <= most < math.inf
