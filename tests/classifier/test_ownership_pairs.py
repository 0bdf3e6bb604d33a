"""Sums over pairs and connected parts, against the sparse matrices of scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from classifier import ownership_pairs
from classifier.ownership_pairs import MANY, NOTHING, Sums, best, hanging_together, met, shared, total

USES = st.sets(st.tuples(st.integers(0, 12), st.integers(0, 15)), max_size=80)


def _columns(uses: set[tuple[int, int]], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pairs = np.array(list(uses), np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], rng.random(len(pairs)), rng.random(len(pairs))


def _dense(sums: Sums, rows: int, columns: int) -> np.ndarray:
    assert (np.diff(sums.row * columns + sums.column) > 0).all()  # each pair once, in order
    found = np.zeros((rows, columns))
    found[sums.row, sums.column] = sums.value
    return found


@pytest.mark.parametrize("at_once", [1, 7, 1 << 22])
@settings(max_examples=40)
@given(uses=USES, seed=st.integers(0, 99))
def test_what_pairs_share_is_the_product_above_the_diagonal(
    at_once: int, uses: set[tuple[int, int]], seed: int
) -> None:
    item, who, one, _ = _columns(uses, seed)
    worth = np.random.default_rng(seed).random(13)[item]
    scaled = coo_array((one * worth, (who, item)), shape=(16, 13))
    plain = coo_array((one, (who, item)), shape=(16, 13))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership_pairs, "AT_ONCE", at_once)
        found = shared(item, who, one * worth, one)
    assert np.allclose(_dense(found, 16, 16), np.triu((scaled @ plain.T).toarray(), 1), rtol=1e-12)


@given(uses=USES, others=USES)
def test_what_two_sides_meet_in_is_the_product(
    uses: set[tuple[int, int]], others: set[tuple[int, int]]
) -> None:
    item, who, *_ = _columns(uses, 0)
    other_item, other, *_ = _columns(others, 0)
    left = coo_array((np.ones(len(item)), (who, item)), shape=(16, 13))
    right = coo_array((np.ones(len(other)), (other, other_item)), shape=(16, 13))
    assert np.array_equal(_dense(met(item, who, other_item, other), 16, 16), (left @ right.T).toarray())


@given(
    st.lists(st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.floats(0, 9)), max_size=4)
)
def test_parts_are_added_and_the_largest_is_found(parts: list[dict[tuple[int, int], float]]) -> None:
    sums, dense = [], [np.zeros((6, 6))]
    for part in parts:
        keys = np.array(sorted(part), np.int64).reshape(-1, 2)
        sums.append(Sums(keys[:, 0], keys[:, 1], np.array([part[key] for key in sorted(part)], float)))
        dense.append(_dense(sums[-1], 6, 6))
    assert np.allclose(_dense(total(NOTHING, *sums), 6, 6), sum(dense))
    assert np.array_equal(_dense(best(NOTHING, *sums), 6, 6), np.max(dense, axis=0))


@pytest.mark.parametrize("many", [0, 1 << 20])
@settings(max_examples=60)
@given(links=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=70))
def test_what_hangs_together_is_what_the_library_says(many: int, links: list[tuple[int, int]]) -> None:
    a, b = np.array(links, np.int64).reshape(-1, 2).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership_pairs, "MANY", many)
        found = hanging_together(61, a, b)
    _, labels = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(61, 61)), directed=False)
    smallest = np.array([np.flatnonzero(labels == label).min() for label in labels])
    assert np.array_equal(found, smallest)


@pytest.mark.parametrize("length", [MANY, MANY + 1])
def test_a_long_chain_in_any_order_is_one(length: int) -> None:
    order = np.random.default_rng(1).permutation(
        length
    )  # one link less: found by hooking, then by the library
    assert not hanging_together(length, order[:-1], order[1:]).any()
