import json
import math
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.exports import Exporter, exported
from benchmarks.lab.networks import benign_network, network
from classifier import reduced
from classifier.kinds import Kind
from classifier.reduced import NAMES, RECORD
from classifier.reduced_evidence import Counted, verdicts_of
from classifier.shape import ModelError
from classifier.weights import shipped
from facts.endpoint import Endpoint
from facts.names import Level, Role
from facts.where import Where
from pipeline.shape import LOOPS


def records(*rows: tuple[float, float, int, int, int, int], owner: int = 0) -> npt.NDArray[np.void]:
    """Records of one connection: start and end, s; packets up and down; bytes up and down."""
    made = np.zeros(len(rows), RECORD)
    for one, (start, end, up, down, up_bytes, down_bytes) in zip(made, rows, strict=True):
        one["start"], one["end"] = start, end
        one["packets"], one["bytes"] = (up, down), (up_bytes, down_bytes)
        one["flags"], one["tcp"], one["owner"] = (2, 18), True, owner
    return made


def measured(rows: npt.NDArray[np.void], sampling: float = 1.0) -> dict[str, float]:
    return dict(zip(NAMES, reduced.features(rows, sampling)[0].tolist(), strict=True))


def test_measures_by_hand() -> None:
    some = records(
        (0, 60, 10, 20, 1_000, 4_000), (60, 120, 10, 20, 1_000, 4_000), (180, 240, 20, 40, 4_000, 8_000)
    )
    found = measured(some)
    assert found["span"] == pytest.approx(math.log(240))
    assert found["records"] == pytest.approx(math.log(3))
    assert found["record"] == pytest.approx(math.log(60))
    assert found["active"] == pytest.approx(180 / 240)
    assert found["up"] == pytest.approx(math.log(40.5 / 240 * 60))
    assert found["up_size"] == pytest.approx(math.log(6_000 / 40))
    assert found["packets_ratio"] == pytest.approx(math.log(40.5 / 80.5))
    assert found["idle"] == pytest.approx(60 / 240)
    assert found["late"] == pytest.approx(60 / 120)
    assert found["connections"] == 0
    assert found["opened"] == 1
    assert found["closed"] == 0
    assert found["up_size_spread"] == pytest.approx(np.std(np.log([100, 100, 200])))
    assert found["down_size_spread"] == pytest.approx(0, abs=1e-6)
    assert math.isnan(found["up_excess"])  # three records tell no rate from chance
    assert measured(some, 100)["up"] == pytest.approx(found["up"] + math.log(100))
    assert measured(some, 100)["sampling"] == pytest.approx(math.log(100))


def test_an_even_rate_has_no_more_excess_than_chance_and_bursts_have() -> None:
    even = records(*((60.0 * k, 60.0 * k + 60, 10, 10, 900, 900) for k in range(8)))
    bursty = records(*((60.0 * k, 60.0 * k + 60, 80 * (k == 3), 10, 900, 900) for k in range(8)))
    assert measured(even)["up_excess"] == pytest.approx(math.log(0.02))
    assert measured(bursty)["up_excess"] == pytest.approx(math.log(70 * 70 / 10 / 7 + 7 * 10 / 7 + 0.02))
    assert measured(even)["together"] == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.floats(0, 1e6), st.floats(0, 1e5), *[st.integers(0, 10**9)] * 4),
        min_size=1,
        max_size=12,
    ),
    st.floats(1, 10_000),
)
def test_any_records_have_measures_that_are_numbers_or_are_not_there(
    rows: list[tuple[int, float, float, int, int, int, int]], sampling: float
) -> None:
    made = np.concatenate(
        [records((start, start + long, *counts), owner=owner) for owner, start, long, *counts in rows]  # type: ignore[arg-type]
    )
    _, made["owner"] = np.unique(made["owner"], return_inverse=True)
    table = reduced.features(made, sampling)
    assert not np.isinf(table).any()
    assert np.isfinite(reduced.scored(table, LOOPS)).all()
    shuffled = made[np.random.default_rng(1).permutation(len(made))]
    assert np.allclose(table[:, 0], reduced.features(shuffled, sampling)[:, 0])


def test_nothing_gives_nothing() -> None:
    assert reduced.features(np.zeros(0, RECORD)).shape == (0, len(NAMES))
    assert reduced.judgeable(np.zeros(0, RECORD)).shape == (0,)


def test_exporters_count_every_packet_once() -> None:
    made = network(7, "test", 15, miners=10, benign=40)
    for exporter in (Exporter(), Exporter(1, math.inf, math.inf)):
        told = exported(made, exporter, np.random.default_rng(1)).records
        assert told["packets"].sum() == made.flows["packets"].sum()
        assert told["bytes"].sum() == made.flows["bytes"].sum() - 14 * made.flows["packets"].sum()
        assert (told["end"] >= told["start"]).all()
    assert len(told) == len(made.flows)  # without timeouts a record a flow


def test_sampling_thins_by_chance() -> None:
    made = network(7, "test", 15, miners=10, benign=40)
    told = exported(made, Exporter(10), np.random.default_rng(1))
    whole = made.flows["packets"].sum()
    assert told.records["packets"].sum() == pytest.approx(whole / 10, abs=5 * math.sqrt(whole / 10))
    assert len(told.mines) == told.records["owner"].max() + 1


def test_the_shipped_model_tells_test_networks_of_miners_from_others() -> None:
    """Of implementations and days that training never saw; docs/reduced.md has the figures of many."""
    rng = np.random.default_rng(5)
    some = network(771, "test", 15, miners=60, benign=0, plain=0.0)
    others = benign_network(772, "test", 15, 600, KINDS, least=120.0)
    odds = []
    for one in (some, others):
        told = exported(one, Exporter(1, 300.0, 30.0), rng).records
        odds.append(reduced.scored(reduced.features(told)[reduced.judgeable(told)], LOOPS))
    below = np.searchsorted(np.sort(odds[1]), odds[0])
    assert below.mean() / len(odds[1]) > 0.95  # area under the ROC curve
    assert (odds[1] >= math.log(1_300)).sum() <= 1
    card = json.loads(reduced.MODEL.with_suffix(".json").read_text("utf-8"))
    assert tuple(card["measures"]) == NAMES
    assert {"sha256", "skops_sha256", "scikit_learn", "command", "recipe", "rows", "test"} <= set(card)


def test_a_model_that_is_not_what_its_card_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reduced.npz"
    identity = reduced.written(path, reduced.loaded())
    assert reduced.read(path, identity).identity == identity
    with pytest.raises(ModelError, match="SHA-256"):
        reduced.read(path, "0" * 64)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match="not a model"):
        reduced.read(path)


def _counted(nats: float) -> Counted:
    server = Endpoint(ip_address("203.0.113.4"), 443)
    return Counted(
        client=ip_address("192.0.2.9"),
        server=server,
        nats=nats,
        measures=(("up_size", 4.5, 6.0),),
        records=15,
        connections=1,
        packets=300,
        sampling=1.0,
        first_ns=0,
        last_ns=900 * 10**9,
        where=Where("lake:date=2026-05-04/probe=eth1", 12),
    )


def test_counts_make_a_suspicion_at_most_and_say_that_they_are_counts() -> None:
    [made] = verdicts_of([_counted(50.0), _counted(2.0)], "lake", shipped())
    assert (made.role, made.level) == (Role.MINER, Level.SUSPECTED)
    assert made.score < 0.9
    assert {one.evidence.kind for one in made.evidence} == {Kind.RHYTHM_REDUCED, Kind.RHYTHM_RECORDS}
    assert made.encrypted
    assert len(made.peers) == 1
    assert verdicts_of([_counted(4.0)], "lake", shipped()) == []
    weak = replace(_counted(5.0))
    [made] = verdicts_of([weak], "lake", shipped())
    assert made.level is Level.CLEARED
