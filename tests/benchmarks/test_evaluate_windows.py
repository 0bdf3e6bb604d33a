"""Honest windows by the million: made as columns they are what captures give, and none is made twice."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.evaluate.baselines import hunter
from benchmarks.evaluate.endpoints import scored as endpoints
from benchmarks.evaluate.making import Share, make_all
from benchmarks.evaluate.shards import KEPT, Plan, evaluation, make, measured
from benchmarks.evaluate.words import WORDS, coded, said
from benchmarks.lab.candidates import candidates
from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.networks import benign_network
from benchmarks.lab.windows import CANDIDATES, LIVED
from capture.rhythm import Candidates
from capture.sieve.sieve import Sieve
from capture.sources.opening import open_source
from classifier import shape
from facts.rhythm import PACKET
from pipeline.shape import scored

Array = npt.NDArray[Any]
KEY = ["a_hi", "a_lo", "b_hi", "b_lo", "ports", "proto"]
NS = 10**9


def read(path: Path) -> Candidates:
    """What the product makes of a capture file."""
    sieve = Sieve(seed=1)
    with open_source(str(path)) as source:
        for block in source.blocks():
            for _ in sieve.push(block):
                pass
    return sieve.candidates()


def equal_to_their_capture(plan: Plan, path: Path) -> int:
    """Assert that a shard's measures are those of its network's capture file; return how many flows."""
    table, about = measured(plan)
    made = benign_network(
        (plan.seed, 0), plan.split, plan.minutes, plan.count, CANDIDATES, plan.sampling, plan.loss, LIVED
    )
    flows = candidates(made).flows
    assert len(flows) == int((~about["joint"]).sum())
    write_capture(made, path)
    found = read(path)
    place = {key: row for row, key in enumerate(found.flows[KEY].tolist())}
    assert set(place) == set(flows[KEY].tolist())
    theirs = scored(found.flows, found.packets)
    rows = np.array([place[key] for key in flows[KEY].tolist()])
    group = theirs.dependency[rows]
    alone = np.bincount(theirs.dependency)[group] == 1
    ours = table[: len(flows)]
    np.testing.assert_array_equal(ours[alone], theirs.measures[group[alone]].astype(np.float32))
    joint, first = np.unique(about["end"][: len(flows)][~alone], return_index=True)
    np.testing.assert_array_equal(about["end"][len(flows) :], joint)
    together = theirs.measures[group[~alone][first]].astype(np.float32)
    np.testing.assert_array_equal(table[len(flows) :], together)
    return len(flows)


def test_windows_made_as_columns_have_the_measures_of_their_captures(tmp_path: Path) -> None:
    assert equal_to_their_capture(Plan("test", False, 61, 15.0, 260), tmp_path / "whole.pcap") > 200
    missed = Plan("test", False, 62, 5.0, 120, 0.05, 2)
    assert equal_to_their_capture(missed, tmp_path / "missed.pcap") > 30


@pytest.mark.prove
@pytest.mark.parametrize("turn", range(3))
def test_whole_shards_of_the_evaluation_equal_their_captures(turn: int, tmp_path: Path) -> None:
    plan = evaluation(1, 3_000_000, 12_000)[-1 - 100 * turn]
    assert not plan.mines
    assert equal_to_their_capture(plan, tmp_path / "network.pcap") >= KEPT


def test_no_window_is_made_twice() -> None:
    plans = evaluation(1, 3_000_000, 12_000)
    whole = [plan for plan in plans if not plan.mines and plan == Plan("test", False, plan.seed, 15.0, 4_000)]
    assert len({plan.seed for plan in whole}) == len(whole)
    assert KEPT * len(whole) >= 3_000_000
    first, second = (measured(Plan("test", False, seed, 5.0, 150))[0] for seed in (71, 72))
    alike = {row.tobytes() for row in first} & {row.tobytes() for row in second}
    assert not alike


@pytest.mark.prove
def test_three_million_windows_are_made_and_scored_in_forty_minutes_of_one_processor(tmp_path: Path) -> None:
    model = shape.loaded()
    endpoints(tmp_path, [Plan("test", False, 80, 15.0, 200)], model)  # loads what is compiled
    plans = evaluation(1, 3_000_000, 12_000)[-3:]
    begun = time.process_time()
    count = len(endpoints(tmp_path, plans, model).rows)
    each = (time.process_time() - begun) / count
    print(f"{1_000 * each:.2f} ms of the processor a window")
    assert each <= 0.8e-3


def test_processes_share_shards_and_a_run_goes_on_where_it_stood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = [Plan("test", False, 80 + turn, 2.0, 40) for turn in range(5)]
    parts = [Share.read(f"{number}/2").part(plans) for number in (1, 2)]
    assert sorted(plan.seed for part in parts for plan in part) == [80, 81, 82, 83, 84]
    assert make_all(tmp_path, plans, make, Share(2, 2)) == 2
    assert make_all(tmp_path, plans, make) == 3
    assert make_all(tmp_path, plans, make) == 0
    assert "3 of 3 made" in capsys.readouterr().err
    with pytest.raises(ValueError, match="1/3, 2/3 and 3/3"):
        Share.read("4/3")


def test_blind_rows_are_of_the_same_flows_without_addresses_and_ports() -> None:
    (_, seen), (_, blind) = (
        measured(Plan("test", True, 91, 15.0, 30, blind=hidden)) for hidden in (False, True)
    )
    assert not blind["joint"].any()
    flows = seen[~seen["joint"]]
    for name in ("mines", "end", "host", "lasting", "kind", "carrier"):
        np.testing.assert_array_equal(blind[name], flows[name])


def test_words_are_kept_as_places() -> None:
    words = np.array(["miner", "ticker", "miner"])
    places = coded("kind", words)
    assert [WORDS["kind"][place] for place in places] == words.tolist()
    assert said("kind", places)["miner"].tolist() == [True, False, True]
    with pytest.raises(ValueError, match="no word 'nobody'"):
        coded("kind", np.array(["nobody"]))


def test_similarity_with_blocks_equals_the_formula_taken_one_by_one() -> None:
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 40, 60)
    packets = np.zeros(int(counts.sum()), PACKET)
    packets["at_ns"] = rng.integers(0, 900 * NS, len(packets))
    packets["way"] = rng.integers(0, 2, len(packets))
    packets["flow"] = np.repeat(np.arange(60), counts)
    packets = packets[np.lexsort((packets["at_ns"], packets["flow"]))]
    begins, way = np.concatenate([[0], np.cumsum(counts)]), rng.integers(0, 2, 60).astype(np.uint8)
    blocks = [np.sort(rng.integers(-100 * NS, 1_000 * NS, count)) for count in (0, 1, 2, 9, 120)]
    wanted = [
        max([0.0, *(_similarity(packets, begins, way, talk, times) for times in blocks)])
        for talk in range(60)
    ]
    found = hunter(packets, begins, way, blocks)
    np.testing.assert_allclose(found, np.array(wanted, np.float32), rtol=1e-6)
    assert (found > 0).mean() > 0.5


def _similarity(packets: Array, begins: Array, way: Array, talk: int, times: Array) -> float:
    """The published formula, interval by interval."""
    own = packets[begins[talk] : begins[talk + 1]]
    at = own["at_ns"][own["way"] == way[talk]]
    if not len(at):
        return 0.0
    inside = times[(times > at[0] - 60 * NS) & (times < at[-1])]
    near = []
    for begin, end in pairwise(inside):
        length = (end - begin) * 1e-9
        if length >= 10.0:
            here = at[(at >= begin) & (at < end)]
            delay = (here[0] - begin) * 1e-9 if len(here) else 0.0
            part = min(max((length - delay - 1) / length, 0.0), 1.0) ** len(here) * (1 - delay / length)
            near.append(part if len(here) else 0.0)
    return sum(near) / len(near) if near else 0.0
