"""The table of names of interest finds what is listed, what lies under it, and nothing else."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from capture.sieve.names import interest, under

LABELS = ["a", "b", "pool", "www", "test", "example", "x-1", "mine"]
NAMES = st.lists(st.sampled_from(LABELS), min_size=1, max_size=4).map(".".join)


def is_found(name: str, table: "np.ndarray[tuple[int], np.dtype[np.uint64]]") -> bool:
    """Ask the kernel's own function, in plain Python."""
    scratch = np.zeros(256, np.uint8)
    scratch[: len(name)] = np.frombuffer(name.encode(), np.uint8)
    with np.errstate(over="ignore"):
        return bool(under(scratch, len(name), table))


@given(st.sets(NAMES, min_size=1, max_size=12), st.lists(NAMES, min_size=1, max_size=20))
def test_a_name_is_found_where_it_or_a_domain_around_it_is_listed(listed: set[str], asked: list[str]) -> None:
    table = interest(listed)
    for name in [*asked, *listed]:
        parts = name.split(".")
        around = {".".join(parts[first:]) for first in range(len(parts))}
        assert is_found(name, table) == bool(around & listed)


def test_a_long_list_leaves_room_for_short_searches() -> None:
    draw = random.Random(3)
    domains = {f"{draw.getrandbits(60):x}.test" for _ in range(3000)}
    table = interest(domains)
    assert table.dtype == np.uint64
    assert len(table) & (len(table) - 1) == 0
    assert np.count_nonzero(table) == 3000
    assert len(table) >= 4 * 3000
    full = np.flatnonzero(np.diff(np.flatnonzero(np.concatenate(([0], table, [0])) == 0)) > 16)
    assert len(full) == 0  # no run of sixteen places without a free one
    assert all(is_found(domain, table) for domain in list(domains)[:200])
    assert not is_found("other.test", table)


def test_capitals_count_for_nothing_and_no_list_makes_no_table() -> None:
    assert is_found("pool.test", interest(["Pool.TEST"]))
    assert len(interest(())) == 0


def test_a_table_without_room_ends_the_search() -> None:
    assert not is_found("pool.test", np.arange(1, 9, dtype=np.uint64))
