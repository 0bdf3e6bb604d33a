"""Benign traffic: kinds speak both ways while their flows live, in both splits; windows are candidates."""

import time

import numpy as np
import pytest

from benchmarks.lab.benign.kind import Kind
from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.carriers.table import CARRIERS
from benchmarks.lab.columns import CLIENT, SERVER
from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.networks import network
from benchmarks.lab.places import lines
from benchmarks.lab.windows import CANDIDATES, windows
from facts.rhythm import RESENT


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_kind_speaks_both_ways_while_its_flows_live(kind: Kind, split: Split) -> None:
    draw = Draw(3, split)
    life = np.full(4, kind.life[1])
    where = lines(draw, 40, 4, 900.0, life, least=300.0)
    rows = kind.play(draw, where)
    assert len(rows) > 40
    flow, at = rows["flow"].astype(int), rows["at"]
    assert ((at >= where.seen_from[flow]) & (at < where.seen_to[flow])).all()
    assert (np.diff(flow) >= 0).all()
    assert (np.diff(at)[np.diff(flow) == 0] >= -1e-6).all()
    assert (rows["size"] > 0).all()
    talked = [np.unique(flow[rows["way"] == way]).size for way in (CLIENT, SERVER)]
    assert min(talked) > 10
    assert set(kind.carriers) <= set(CARRIERS)


def test_names_of_kinds_and_their_shares() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert len(KINDS) >= 25
    assert all(kind.share > 0 for kind in KINDS)


def test_the_prior_is_that_of_the_real_world_by_default() -> None:
    made = network(1, miners=1, minutes=1, kinds=KINDS[:1])
    assert 1_000 < len(made.truth) <= 1_310
    assert len(np.unique(made.truth[made.truth["mines"]]["client"])) == 1


def test_windows_are_candidates_of_which_none_mines() -> None:
    made = list(windows(2, "test", 150, minutes=5, batch=200))
    assert sum(len(one.truth) for one in made) >= 150
    for one in made:
        assert not one.truth["mines"].any()
        packets = one.chosen.packets
        new = packets["marks"] & RESENT == 0
        counts = np.bincount(packets["flow"][new], minlength=len(one.truth))
        assert counts.min() >= 16
        assert (one.chosen.flows["last_ns"] - one.chosen.flows["first_ns"]).min() >= 60 * 10**9
        assert set(one.client_way.tolist()) <= {0, 1}


def test_the_same_windows_come_again() -> None:
    one, again = (next(windows(4, "train", 50, minutes=3, batch=120)) for _ in range(2))
    np.testing.assert_array_equal(one.chosen.packets, again.chosen.packets)


@pytest.mark.prove
def test_a_thousand_benign_flows_a_cpu_second() -> None:
    next(windows(1, "train", 10, batch=200))
    begun = time.process_time()
    count = sum(len(one.truth) for one in windows(1, "test", 6_000))
    assert count / (time.process_time() - begun) >= 1_000
    assert {kind.name for kind in CANDIDATES} <= {kind.name for kind in KINDS}
