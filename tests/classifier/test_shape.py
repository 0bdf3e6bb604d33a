import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lab.candidates import Chosen, candidates
from benchmarks.lab.networks import network
from classifier import shape, shape_fit, shape_masks, shape_trees
from classifier.shape_features import NAMES, PLAIN, client_ways, each_flow, features
from classifier.shape_ship import estimator, ship
from facts.flow import A_SYN, B_SYN, FLOW
from facts.instant import NS
from facts.rhythm import PACKET, RESENT
from pipeline.shape import KERNELS, LOOPS, scored

Array = npt.NDArray[Any]

T0 = 1_760_000_000 * NS
SMALL = shape_fit.Recipe(trees=12, leaves=8, least=5)


def flow_of(said: list[tuple[float, int, int]], seconds: float = 100.0) -> tuple[Array, Array]:
    """One flow that a opened; `said`: (s, way, bytes)."""
    flows, packets = np.zeros(1, FLOW), np.zeros(len(said), PACKET)
    flows["syn"], flows["ports"] = A_SYN, 50_000 << 16 | 443
    flows["first_ns"], flows["last_ns"] = T0, T0 + int(seconds * NS)
    for row, (at, way, size) in zip(packets, said, strict=True):
        row["at_ns"], row["way"], row["size"] = T0 + round(at * NS), way, size
    return flows, packets


def measured(said: list[tuple[float, int, int]], seconds: float = 100.0) -> dict[str, float]:
    row = features(each_flow(*flow_of(said, seconds)))[0]
    return dict(zip(NAMES, row.tolist(), strict=True))


@pytest.fixture(scope="module")
def some() -> Chosen:
    return candidates(network(seed=41, split="test", minutes=15, miners=12, benign=300))


def test_shares_answers_and_pushes_are_told_apart() -> None:
    shares = [(float(at), 0, 200) for at in (10, 20, 40, 50, 80)]
    answers = [(at + 0.1, 1, 70) for at, _, _ in shares]
    pushes = [(float(at), 1, 400) for at in (30, 60, 90)]
    found = measured(sorted([*shares, *answers, *pushes]))
    assert found["answered"] == 1
    assert found["first_answered"] == 1
    assert found["push_count"] == pytest.approx(math.log(4))
    assert found["up_count"] == pytest.approx(math.log(6))
    assert found["push_to_up"] == pytest.approx(math.log(4 / 6))
    assert found["answer_lag"] == pytest.approx(math.log(0.1 + 1e-4), abs=1e-6)
    assert found["reply_to_first"] == pytest.approx(math.log(70 / 200))
    assert found["push_to_reply"] == pytest.approx(math.log(400 / 70))
    assert found["down_answers"] == pytest.approx(5 / 8)
    assert found["up_size_entropy"] == 0
    gaps = np.diff([10, 20, 40, 50, 80])
    assert found["up_gap"] == pytest.approx(math.log(17.5))
    assert found["up_gap_spread"] == pytest.approx(gaps.std() / 17.5)
    assert found["up_gap_decay"] == pytest.approx(np.exp(-gaps / 17.5).mean())
    assert found["up_gap_longest"] == pytest.approx(0.3)


def test_a_timer_has_one_gap_and_one_phase() -> None:
    found = measured([(5.0 + 10 * turn, 0, 100) for turn in range(9)])
    assert found["up_gap_spread"] == pytest.approx(0, abs=1e-6)
    assert found["up_phase"] == pytest.approx(1, abs=1e-6)
    assert found["up_gap_mode"] == 1
    assert found["up_gap_decay"] == pytest.approx(math.exp(-1))


def test_segments_of_one_message_are_one_and_repetitions_are_none() -> None:
    whole = [(10.0, 0, 1448), (10.005, 0, 1430), (10.2, 1, 60), (30.0, 0, 1448), (30.004, 0, 1430)]
    flows, packets = flow_of(whole)
    again = packets[1:2].copy()
    again["at_ns"] += 2 * NS
    again["marks"] = RESENT
    with_again = np.sort(np.concatenate([packets, again]), order="at_ns")
    one, two = (
        dict(zip(NAMES, features(each_flow(flows, rows))[0].tolist(), strict=True))
        for rows in (packets, with_again)
    )
    assert one["up_count"] == two["up_count"] == pytest.approx(math.log(3))
    assert one["up_size"] == pytest.approx(math.log(2878))
    assert two["resent"] > 0


def test_the_two_sizes_that_come_most_often_are_series_of_their_own() -> None:
    shares = [(3.0 * turn + 1, 0, 200 + turn % 3) for turn in range(20)]
    beats = [(14.0 * turn + 2.5, 0, 90) for turn in range(6)]
    found = measured(sorted([*shares, *beats]))
    assert found["first_count"] == pytest.approx(math.log(21))
    assert found["second_count"] == pytest.approx(math.log(7))
    assert found["first_share"] == pytest.approx(20 / 26)
    assert found["two_shares"] == 1


def test_the_compiled_loops_do_as_the_plain_ones(some: Chosen) -> None:
    few = np.arange(40)
    flows, packets = some.flows[few], some.packets[np.isin(some.packets["flow"], few)]
    plain, fast = (features(each_flow(flows, packets), loops) for loops in (PLAIN, KERNELS))
    assert np.array_equal(np.isnan(plain), np.isnan(fast))
    assert np.nanmax(np.abs(plain - fast)) < 1e-9
    slow, quick = shape.scored(flows, packets), scored(flows, packets)
    assert np.allclose(slow.together, quick.together, atol=1e-9)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**10), st.integers(0, 1), st.integers(0, 65_535), st.integers(0, 15)),
        max_size=40,
    ),
    st.integers(0, 10**10),
)
def test_any_packets_have_measures_that_are_numbers_or_are_not_there(
    said: list[tuple[int, int, int, int]], lasting: int
) -> None:
    packets = np.zeros(len(said), PACKET)
    for row, (at, way, size, marks) in zip(packets, sorted(said), strict=True):
        row["at_ns"], row["way"], row["size"], row["marks"] = T0 + at, way, size, marks
    flows = np.zeros(2, FLOW)
    flows["first_ns"], flows["last_ns"] = T0, T0 + lasting
    found = scored(flows, packets)
    assert not np.isinf(found.measures).any()
    assert np.isfinite(found.together).all()
    assert np.isfinite(found.distance).all()


def test_a_forest_asked_by_measure_says_what_its_trees_say() -> None:
    """Sum for sum, values on thresholds and values that are not there among them."""
    trees = shape.loaded().trees
    columns = int(trees.feature.max()) + 1
    rng = np.random.default_rng(3)
    table = rng.normal(size=(300, columns)) * 10 ** rng.uniform(-2, 2, (300, columns))
    for row in range(200):
        node = rng.integers(0, len(trees.feature), columns)
        node = node[trees.feature[node] >= 0]
        table[row, trees.feature[node]] = trees.threshold[node]
    table[rng.random(table.shape) < 0.2] = np.nan
    walked = np.full(len(table), trees.base)
    parts = (trees.feature, trees.threshold, trees.left, trees.right, trees.missing, trees.value, trees.root)
    shape_trees.walk(table, *parts, walked)
    assert np.array_equal(shape.raw_scores(table, trees, LOOPS), walked)
    assert np.array_equal(shape.raw_scores(table[:20], trees, shape.Loops()), walked[:20])


def test_a_tree_of_too_many_leaves_is_walked() -> None:
    leaves = shape_masks.MOST_LEAVES + 2
    inner, nodes = leaves - 1, 2 * leaves - 1
    ones, own = np.ones(nodes, np.uint8), np.arange(nodes)
    feature = np.where(own < inner, 0, -1)
    left = np.where(own < inner, own + inner, own)  # a chain: each node has a leaf on its left
    right = np.where(own < inner, np.where(own == inner - 1, nodes - 1, own + 1), own)
    value, root = own.astype(float), np.zeros(1, np.int64)
    trees = shape_trees.Trees(feature, own.astype(float), left, right, ones, value, root, 0.5)
    assert shape_masks.masks_of(trees, 1) is None
    table = np.array([[-1.0], [0.5], [10.0], [1e9], [np.nan]])
    said = shape.raw_scores(table, trees, LOOPS)
    assert said.tolist() == [0.5 + inner, 1.5 + inner, 10.5 + inner, 0.5 + nodes - 1, 0.5 + inner]


def test_nothing_to_score_is_no_fault() -> None:
    found = scored(np.zeros(0, FLOW), np.zeros(0, PACKET))
    assert len(found.together) == len(found.log_odds) == 0


def test_addresses_ports_and_which_end_is_lower_change_nothing(some: Chosen) -> None:
    """What holds without a name, an address and a port: flows whose opening was seen, moved elsewhere."""
    opened = np.flatnonzero(some.flows["syn"] != 0)
    flows, packets = some.flows.copy(), some.packets.copy()
    before = scored(flows, packets)
    swap = np.arange(len(flows)) % 2 == 1
    client = client_ways(flows)
    flows["a_lo"], flows["a_hi"] = np.arange(len(flows)) + 7, 1
    flows["b_lo"], flows["b_hi"] = np.arange(len(flows)) + 900_000, 2
    flows["ports"] = 1 << 16 | 60_000  # the wrong way round for one that goes by ports
    packets["way"] ^= swap[packets["flow"]].astype(np.uint8)
    flows["syn"] = np.where(flows["syn"] == 0, 0, np.where(client ^ swap == 0, A_SYN, B_SYN))
    after = scored(flows, packets)
    assert len(opened) > 50
    assert np.allclose(before.log_odds[opened], after.log_odds[opened])


def test_flows_are_scored_alike_alone_and_among_others(some: Chosen) -> None:
    together = scored(some.flows, some.packets)
    for row in (0, 7, len(some.flows) - 1):
        packets = some.packets[some.packets["flow"] == row]
        packets["flow"] = 0
        alone = scored(some.flows[row : row + 1], packets)
        assert alone.log_odds[0] == pytest.approx(together.log_odds[row], abs=1e-9)


def test_connections_of_one_dependency_are_judged_as_one(some: Chosen) -> None:
    """A connection cut in two keeps its score, though each half says less."""
    scores = scored(some.flows, some.packets)
    row = int(np.argmax(scores.log_odds))
    packets = some.packets[some.packets["flow"] == row].copy()
    middle = np.median(packets["at_ns"]).astype(np.int64)
    flows = np.repeat(some.flows[row : row + 1], 2)
    client = int(client_ways(flows[:1])[0])
    flows["syn"] = B_SYN if client else A_SYN
    flows["last_ns"][0], flows["first_ns"][1] = middle, middle + 1
    port = flows["ports"][1]
    flows["ports"][1] = port + (1 if client else 1 << 16)  # a client's port of its own
    packets["flow"] = packets["at_ns"] > middle
    cut = scored(flows, packets)
    assert cut.dependency.tolist() == [0, 0]
    assert cut.together[0] > math.log(1_300)


def test_flat_trees_equal_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(size=(3_000, len(NAMES)))
    mines = table[:, 3] + np.where(table[:, 5] > 0, table[:, 7], -table[:, 7]) > 0.4
    table[rng.random(table.shape) < 0.2] = np.nan
    names = shape_fit.chosen()
    fitted = shape_fit.fit(table, mines, np.ones(3_000), SMALL, names)
    trees = shape_fit.flat(fitted)
    own = np.ascontiguousarray(table[:, shape_fit.columns(names)])
    wanted = fitted.decision_function(own)
    assert np.abs(shape.raw_scores(own, trees, LOOPS) - wanted).max() < 1e-9
    assert np.abs(shape.raw_scores(own[:50], trees, shape.Loops()) - wanted[:50]).max() < 1e-9
    start = trees.base + trees.value[trees.root].sum()
    for row in range(5):
        said = shape_trees.spoken(trees, own[row], len(names))
        assert start + said.sum() == pytest.approx(wanted[row], abs=1e-9)


def test_the_model_that_is_shipped_equals_its_estimator(some: Chosen) -> None:
    model = shape.loaded()
    kept = estimator(shape.MODEL.with_suffix(".json"))
    table = features(each_flow(some.flows, some.packets), KERNELS)[:, shape_fit.columns(model.names)]
    assert np.abs(shape.raw_scores(table, model.trees, LOOPS) - kept.decision_function(table)).max() < 1e-9
    card = json.loads(shape.MODEL.with_suffix(".json").read_text("utf-8"))
    assert tuple(card["measures"]) == model.names
    assert {"sha256", "skops_sha256", "scikit_learn", "command", "recipe", "rows"} <= set(card)


def test_a_model_is_refused_where_it_is_not_what_its_card_says(tmp_path: Path) -> None:
    model = shape.loaded()
    path = tmp_path / "shape.npz"
    identity = shape.written(path, model)
    again = tmp_path / "again.npz"
    assert shape.written(again, model) == identity  # the same model, the same bytes
    assert shape.read(path, identity).names == model.names
    with pytest.raises(shape.ModelError, match="SHA-256"):
        shape.read(path, "0" * 64)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(shape.ModelError, match=r"shape\.npz"):
        shape.read(path)
    with pytest.raises(shape.ModelError, match="none"):
        shape.read(tmp_path / "none.npz")
    shape.written(path, replace(model, names=("smell", *model.names[1:])))
    with pytest.raises(shape.ModelError, match="smell"):
        shape.read(path)


def test_reasons_name_the_measures_that_speak_most(some: Chosen) -> None:
    scores = scored(some.flows, some.packets)
    best = int(np.argmax(scores.together))
    told = scores.reasons(best, 4)
    assert len(told) == 4
    assert [abs(reason.weight) for reason in told] == sorted(
        (abs(reason.weight) for reason in told), reverse=True
    )
    assert any(reason.weight > 0 for reason in told)
    assert all(reason.name in NAMES for reason in told)


def test_what_is_unlike_all_that_was_seen_is_trusted_less_and_never_more() -> None:
    guard = shape.loaded().guard
    odds = np.array([9.0, 9.0, 9.0, -4.0, 0.0])
    lowered = guard.lowered(odds, np.array([0.9, 1.2, 5.0, 5.0, 2.0]))
    assert lowered.tolist() == pytest.approx([9.0, 6.6, 0.0, -4.0, 0.0])
    strange = np.full((1, len(NAMES) - 1), 1e6)
    assert guard.distances(strange)[0] > 1


def test_calibration_claims_no_more_than_its_rows_bear() -> None:
    rng = np.random.default_rng(3)
    raw = np.concatenate([rng.normal(-1.5, 1, 3_000), rng.normal(1.5, 1, 300)])
    mines = np.arange(3_300) >= 3_000
    knots, ratio = shape_fit.calibrated(raw, mines)
    assert (np.diff(knots) > 0).all()
    assert ratio.tolist() == pytest.approx([math.log(0.01), math.log(1_000)])  # three may hide behind none
    # two normal distributions 3 apart: log-odds are 3 raw
    assert np.interp([-1, 1], knots, ratio) == pytest.approx([-3, 3], abs=0.6)


def test_a_fitted_model_goes_round_by_way_of_its_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    table = rng.normal(size=(1_500, len(NAMES)))
    mines = table[:, 20] > 0.8
    names = shape_fit.chosen()
    fitted = shape_fit.fit(table, mines, np.ones(1_500), SMALL, names)
    made = shape_fit.model_of(fitted, names, table, mines, table, mines)
    ship(tmp_path, made, {"command": "none"})
    read = shape.read(tmp_path / "shape.npz")
    assert np.array_equal(read.trees.value, made.model.trees.value)
    back = estimator(tmp_path / "shape.json")
    own = table[:, shape_fit.columns(names)]
    assert np.array_equal(back.decision_function(own), fitted.decision_function(own))
    (tmp_path / "shape.skops").write_bytes(b"x")
    with pytest.raises(shape.ModelError, match=r"shape\.json"):
        estimator(tmp_path / "shape.json")


@pytest.mark.corpus
def test_no_honest_flow_of_the_corpus_is_likely_to_mine_by_its_shape(corpus: Path) -> None:
    from pipeline.world import World, scan_alone

    rows = [line.split(",") for line in (corpus / "index.csv").read_text("utf-8").splitlines()[1:]]
    seen = 0
    for path, kind, packets, *_ in rows:
        if kind != "negative" or int(packets) < 60:
            continue
        world = scan_alone(str(corpus / path))
        if not isinstance(world, World) or world.rhythm is None or not len(world.rhythm.flows):
            continue
        said = scored(world.rhythm.flows, world.rhythm.packets)
        seen += len(said.together)
        assert said.together.max() < math.log(1_300) - 2, path
    assert seen >= 80
