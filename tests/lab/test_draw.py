"""What training and test networks are made of never meets, and a seed makes the same again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lab.draw import BANDS, Draw, bands, members
from benchmarks.lab.networks import network

names = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12)


@given(names)
def test_bands_of_a_range_are_parted(name: str) -> None:
    train, test = set(bands(name, "train")), set(bands(name, "test"))
    assert not train & test
    assert train | test == set(range(BANDS))
    assert train
    assert test


@given(names, st.floats(-1e6, 1e6), st.floats(1, 1e6), st.booleans())
def test_numbers_of_the_splits_lie_in_bands_of_their_own(
    name: str, low: float, width: float, log: bool
) -> None:
    low, high = (abs(low) + 1, abs(low) + 1 + width) if log else (low, low + width)
    found = {}
    for split in ("train", "test"):
        made = Draw(1, split).between(name, low, high, 60, log=log)
        assert ((made - low > -1e-6 * abs(high)) & (high - made > -1e-6 * abs(high))).all()
        place = (np.log(made / low) / np.log(high / low)) if log else (made - low) / (high - low)
        inside = np.abs(place * BANDS - np.round(place * BANDS)) > 1e-3  # an edge is nobody's
        found[split] = set((place[inside] * BANDS).astype(int).tolist())
    assert not found["train"] & found["test"]


@given(names, st.integers(0, 500), st.integers(1, 5_000))
def test_no_whole_number_belongs_to_both(name: str, low: int, width: int) -> None:
    train, test = (
        set(Draw(2, split).whole(name, low, low + width, 300).tolist()) for split in ("train", "test")
    )
    assert not train & test
    assert min(train | test) >= low
    assert max(train | test) <= low + width


@given(names, st.lists(st.integers(), min_size=2, max_size=9, unique=True))
def test_choices_are_parted(name: str, options: list[int]) -> None:
    train, test = members(name, options, "train"), members(name, options, "test")
    assert sorted(train + test) == sorted(options)
    assert train
    assert test


def test_one_choice_cannot_be_parted() -> None:
    with pytest.raises(ValueError, match="cannot be parted"):
        members("x", [1], "train")


def test_a_seed_makes_the_same_network_again_and_another_makes_another() -> None:
    one, again, other = (network(seed, minutes=3, miners=4, benign=40) for seed in (8, 8, 9))
    np.testing.assert_array_equal(one.packets, again.packets)
    np.testing.assert_array_equal(one.flows, again.flows)
    np.testing.assert_array_equal(one.truth, again.truth)
    assert len(one.packets) != len(other.packets)


def test_days_and_implementations_of_the_splits_never_meet() -> None:
    days: dict[str, set[int]] = {"train": set(), "test": set()}
    made: dict[str, set[str]] = {"train": set(), "test": set()}
    for seed in range(6):
        for split in ("train", "test"):
            one = network(seed, split, minutes=1, miners=2, benign=30)
            days[split].add(one.start_ns // (86_400 * 10**9))
            made[split] |= set(one.truth["implementation"].tolist())
    assert not days["train"] & days["test"]
    assert not made["train"] & made["test"]
