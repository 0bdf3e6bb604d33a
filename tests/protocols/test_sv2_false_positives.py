"""What else looks random is not taken for Stratum V2: generated flows of other protocols, by the million.

No event means no witness and no verdict: `suspected` is out of reach.
"""

import numpy as np
import pytest

from tests.protocols.sealed_flows import FAMILIES, Sizes, same_keys, told_of

CI, PROVEN = 10_000, 100_000
"""Flows of each family; eleven families make 1,100,000 in the long proof."""
CHUNK = 20_000


def taken(family: str, count: int, seed: int) -> int:
    """Count the flows of a family that a reader took for Stratum V2."""
    rng = np.random.default_rng([seed, sorted(FAMILIES).index(family)])
    return sum(
        any(told_of(FAMILIES[family](rng, min(CHUNK, count - done)), seed + done))
        for done in range(0, count, CHUNK)
    )


def rate_with_the_same_keys(flows: Sizes) -> float:
    return sum(1 for told in told_of(flows, 7) if told) / len(flows)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_flow_of_another_protocol_is_taken_for_mining(family: str) -> None:
    assert taken(family, CI, 1) == 0


@pytest.mark.prove
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_none_of_a_million_is(family: str) -> None:
    assert taken(family, PROVEN, 2) == 0


def test_even_exactly_the_same_keys_are_hardly_ever_enough() -> None:
    flows = same_keys(np.random.default_rng(3), 20_000)
    assert rate_with_the_same_keys(flows) < 1e-3
