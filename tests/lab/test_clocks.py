"""Clocks of pools in sealed traffic: each miner's flow fits the instants of its own pool best."""

import numpy as np
import pytest

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Split
from benchmarks.lab.mining import Habits
from benchmarks.lab.networks import Network, network

DIALECTS = ("stratum-bitcoin", "stratum-cryptonote", "stratum-ethproxy", "stratum-kawpow")
LATE = 1.5
"""s within which work arrives."""


def pushes(made: Network, flow: int) -> Array:
    """Return the times, s since the start, at which a flow's server sent data."""
    rows = made.packets[(made.packets["flow"] == flow) & (made.packets["way"] != made.client_way[flow])]
    return (rows["at_ns"] - made.start_ns) / 1e9


def fit(times: Array, clock: Array, seconds: float) -> float:
    """Return how much oftener a push follows the clock's instants than chance has it."""
    clock = clock[(clock > 30) & (clock < seconds - 30)]
    after = times[np.minimum(np.searchsorted(times, clock - 0.6), len(times) - 1)] - clock
    by_chance = 1 - np.exp(-len(times) / seconds * (LATE + 0.6))
    return float(((after > -0.6) & (after < LATE)).mean() - by_chance)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_sealed_miner_keeps_its_own_pools_time(split: Split) -> None:
    habits = Habits(multiplexed=0, old=1, reconnects=0, duty=0, donation=0)
    made = network(12, split, 15, 24, 0, "tls13", 0, dialects=DIALECTS, pools=5, habits=habits)
    shared = {name: jobs["at"] for name, jobs in made.clocks.items() if not made.pools[name].own_refresh}
    right = tried = 0
    for flow, pool in enumerate(made.truth["pool"].tolist()):
        if pool not in shared or made.pools[pool].fan_out > 0.4:
            continue
        times = pushes(made, flow)
        scores = {name: fit(times, clock, made.seconds) for name, clock in shared.items() if len(clock) > 10}
        tried += 1
        right += max(scores, key=lambda name: scores[name]) == pool
    assert tried >= 8
    assert right >= 0.9 * tried


def test_a_network_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="a network without flows"):
        network(1, miners=0, benign=0)
