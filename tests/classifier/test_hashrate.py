import math

import numpy as np
import pytest

from classifier.hashrate import MIN_SPAN_NS, NORMAL, estimate, gamma_cdf, gamma_quantile
from facts.instant import NS


@pytest.mark.parametrize(
    ("p", "shape", "x"),
    [  # half the chi-square quantiles of the tables, 2 * shape degrees of freedom
        (0.025, 1, 0.02532),
        (0.975, 4, 8.76727),
        (0.025, 10, 4.79539),
        (0.975, 11, 18.39036),
        (0.025, 100, 81.36397),
        (0.975, 101, 121.62702),
    ],
)
def test_quantiles_agree_with_published_tables(p: float, shape: float, x: float) -> None:
    assert math.isclose(gamma_quantile(p, shape), x, rel_tol=1e-4)
    assert math.isclose(gamma_cdf(x, shape), p, rel_tol=1e-3)


def test_too_few_shares_or_too_little_time_give_nothing() -> None:
    assert estimate("rx/0", 2, 20_000, 2 * 10_000**2, 10 * MIN_SPAN_NS) is None
    assert estimate("rx/0", 50, 500_000, 50 * 10_000**2, MIN_SPAN_NS - 1) is None
    assert estimate("rx/0", 50, 0, 0, MIN_SPAN_NS) is None


def test_the_interval_holds_the_truth_in_at_least_93_of_100() -> None:
    chance = np.random.default_rng(7)
    rate, difficulty, span = 5_000.0, 10_000, 600
    held = 0
    for shares in chance.poisson(rate * span / difficulty, 2_000):
        found = estimate(
            "rx/0", int(shares), int(shares) * difficulty, int(shares) * difficulty**2, span * NS
        )
        assert found is not None
        held += found.low <= rate <= found.high
    assert held >= 0.93 * 2_000


def test_shares_of_unequal_difficulty_widen_the_interval() -> None:
    equal = estimate("rx/0", 20, 20_000, 20 * 1_000**2, 600 * NS)
    unequal = estimate("rx/0", 20, 20_000, 19 * 10**2 + 19_810**2, 600 * NS)
    assert equal is not None
    assert unequal is not None
    assert math.isclose(equal.value, unequal.value)
    assert unequal.high > equal.high
    assert unequal.low < equal.low


def test_the_normal_interval_takes_over_smoothly() -> None:
    below, above = (estimate("rx/0", n, n, n, 600 * NS) for n in (NORMAL, NORMAL + 1))
    assert below is not None
    assert above is not None
    assert math.isclose(below.low / below.value, above.low / above.value, rel_tol=1e-3)
    assert math.isclose(below.high / below.value, above.high / above.value, rel_tol=1e-3)


def test_very_many_hashes_do_not_overflow() -> None:
    found = estimate("sha256d", 10**6, 10**30, 10**60, 600 * NS)
    assert found is not None
    assert 0 < found.low < found.value < found.high < math.inf
