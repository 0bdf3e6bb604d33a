"""Relays by timing: what is relayed is found, what only shares a pool or a gateway is not."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ownership_timing import CONFIRMED, PRIOR, find_relays, meet, merged, relay_odds

SECOND = 1_000_000_000


def shares(rng: np.random.Generator, count: int, gap_s: float) -> np.ndarray:
    """Poisson times."""
    return np.cumsum(rng.exponential(gap_s * SECOND, count)).astype(np.int64) + 1_700_000_000 * SECOND


def through(rng: np.random.Generator, times: np.ndarray, delay_s: float, lost: float = 0.0) -> np.ndarray:
    """What leaves a relay: later, with jitter, some lost."""
    kept = times[rng.random(len(times)) >= lost]
    jitter = rng.exponential(0.02 * SECOND, len(kept))
    return np.sort(kept + int(delay_s * SECOND) + jitter.astype(np.int64))


def test_a_value_worked_by_hand() -> None:
    # 10 messages, 100 s apart, all out after exactly 0.1 s: p = 1 - exp(-10 x 0.2 / 900) = 0.00221976;
    # 10 x ln(0.9 / 0.00221976) = 60.0496; prior -6.9; ten delays tried: -ln 10.
    times = np.arange(10, dtype=np.int64) * 100 * SECOND
    odds, matched, delay = relay_odds(times, times + SECOND // 10)
    assert odds == pytest.approx(60.0496 - 6.9 - log(10), abs=1e-3)
    assert (matched, delay) == (10, SECOND // 10)


def test_relays_are_found_and_strangers_are_not() -> None:
    found = false = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        mine, other = shares(rng, 40, 12.0), shares(rng, 40, 12.0)
        odds, _, _ = relay_odds(mine, through(rng, mine, rng.uniform(0.001, 1.0), lost=0.03))
        found += odds >= CONFIRMED
        false += relay_odds(mine, other)[0] >= CONFIRMED
    assert found >= 198
    assert false == 0


def test_each_customer_of_a_gateway_finds_his_own_way_out() -> None:
    rng = np.random.default_rng(7)
    entered = {f"in-{n}": shares(rng, 60, 9.0) for n in range(6)}
    left = {f"out-{n}": through(rng, entered[f"in-{n}"], 0.05) for n in range(5)}
    left["out-other"] = shares(rng, 60, 9.0)
    pairs = {(one.entered, one.left) for one in find_relays(entered, left)}
    assert pairs == {(f"in-{n}", f"out-{n}") for n in range(5)}


def test_a_proxy_joins_many_into_one() -> None:
    rng = np.random.default_rng(3)
    rigs = [shares(rng, 40, 60.0) for _ in range(12)]
    out = through(rng, np.sort(np.concatenate(rigs)), 0.01)
    assert merged(rigs, out)[0] >= CONFIRMED
    assert merged(rigs, shares(rng, 480, 5.0))[0] < CONFIRMED


@given(st.lists(st.integers(0, 10**12), max_size=30), st.lists(st.integers(0, 10**12), max_size=30))
def test_any_times_give_a_finite_value(entered: list[int], left: list[int]) -> None:
    odds, matched, _ = relay_odds(np.array(sorted(entered), np.int64), np.array(sorted(left), np.int64))
    assert np.isfinite(odds)
    assert 0 <= matched <= len(entered)
    if len(entered) < 8 or len(left) < 8:
        assert odds == PRIOR


@given(st.lists(st.integers(0, 40), max_size=30), st.lists(st.integers(0, 40), max_size=30))
def test_two_that_hardly_meet_are_no_relay(entered: list[int], left: list[int]) -> None:
    ins, outs = (sorted(second * 500_000_000 for second in times) for times in (entered, left))
    odds = relay_odds(np.array(ins, np.int64), np.array(outs, np.int64))
    assert meet(ins, outs) or odds == (PRIOR, 0, 0)
