import math
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.kinds import Kind
from classifier.score import THRESHOLDS, judge, level_of, probability
from classifier.weights import Weight, Weights, shipped
from facts.evidence import Evidence
from facts.names import Level, Role
from facts.where import Where

ADDRESS = ip_address("192.0.2.1")


def _said(kind: str, frame: int = 1, count: int = 1) -> Evidence:
    return Evidence(ADDRESS, Role.MINER, kind, Where("x.pcap", frame), frame * 1_000, (), count)


some = st.lists(
    st.builds(_said, st.sampled_from(sorted(Kind)), st.integers(1, 9), st.integers(1, 9)), max_size=12
)


@given(some)
def test_a_score_is_a_probability_and_its_weights_add_up(evidence: list[Evidence]) -> None:
    judged = judge(evidence, shipped())
    assert 0.0 <= judged.score <= 1.0
    log_odds = shipped().prior + sum(one.weight for one in judged.evidence)
    assert math.isclose(judged.score, probability(log_odds))
    assert len(judged.evidence) == len(evidence)


@given(some.filter(bool), st.data())
def test_evidence_of_a_kind_twice_changes_nothing(evidence: list[Evidence], data: st.DataObject) -> None:
    again = data.draw(st.sampled_from(evidence))
    more = [*evidence, _said(again.kind, again.where.frame or 1, again.count + 1)]
    assert judge(more, shipped()).score == judge(evidence, shipped()).score


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_evidence_does_not_matter(evidence: list[Evidence], chance: object) -> None:
    mixed = list(evidence)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert judge(mixed, shipped()) == judge(evidence, shipped())


def test_the_heaviest_of_a_group_counts_alone() -> None:
    weights = Weights(0.0, {"a": Weight(1.0, "g", ""), "b": Weight(2.0, "g", ""), "c": Weight(-0.5, "h", "")})
    judged = judge([_said("a"), _said("b"), _said("c")], weights)
    assert [(one.evidence.kind, one.weight) for one in judged.evidence] == [
        ("b", 2.0),
        ("c", -0.5),
        ("a", 0.0),
    ]
    assert math.isclose(judged.score, probability(1.5))


def test_a_ceiling_bounds_the_level_and_not_the_score() -> None:
    evidence = [_said(Kind.MINER_WORK), _said(Kind.MINER_SUBMIT)]
    free, bound = judge(evidence, shipped()), judge(evidence, shipped(), Level.SUSPECTED)
    assert (free.level, bound.level) == (Level.CONFIRMED, Level.SUSPECTED)
    assert free.score == bound.score


def test_a_kind_without_a_weight_is_refused() -> None:
    with pytest.raises(KeyError):
        judge([_said("no.such_kind")], shipped())


@pytest.mark.parametrize("log_odds", [-1e308, -800.0, 0.0, 800.0, 1e308])
def test_extreme_odds_stay_probabilities(log_odds: float) -> None:
    assert 0.0 <= probability(log_odds) <= 1.0


@pytest.mark.parametrize(("level", "least"), THRESHOLDS)
def test_each_level_begins_at_its_threshold(level: Level, least: float) -> None:
    assert level_of(least) is level
    assert level_of(math.nextafter(least, 0)) is not level


WEAK = [
    Kind.NAME_LOOKED_UP, Kind.NAME_RESOLVED, Kind.NAME_SNI, Kind.NAME_CERTIFICATE, Kind.NAME_POOL_HOST,
    Kind.SHAPE_QUIET_LONG, Kind.MINER_SHARE_REFUSED, Kind.POOL_LOGIN_ACCEPTED, Kind.POOL_ASKED,
]  # fmt: skip


@pytest.mark.parametrize("kind", WEAK)
def test_a_weak_witness_alone_stays_below_a_suspicion(kind: Kind) -> None:
    assert judge([_said(kind)], shipped()).level is Level.CLEARED


def test_all_names_together_stay_below_a_suspicion() -> None:
    names = [_said(kind) for kind in Kind if kind.startswith("name.")]
    assert judge(names, shipped()).level is Level.CLEARED


def test_names_and_shape_together_stay_below_likely() -> None:
    evidence = [_said(kind) for kind in Kind if kind.startswith("name.")] + [_said(Kind.SHAPE_QUIET_LONG)]
    assert judge(evidence, shipped()).score < 0.9


def test_weights_of_a_group_speak_the_same_way() -> None:
    signs: dict[str, set[bool]] = {}
    for weight in shipped().kinds.values():
        signs.setdefault(weight.group, set()).add(weight.nats > 0)
        assert weight.basis
    signs.pop("shape")  # quiet and long, or not: one connection is either
    assert all(len(sign) == 1 for sign in signs.values())


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Weights(0.0, {"a": Weight(math.nan, "g", "")})


def test_the_prior_is_one_in_thirteen_hundred() -> None:
    assert math.isclose(probability(shipped().prior), 1 / 1300, rel_tol=1e-3)


@given(some)
def test_kinds_alone_decide_as_much_as_evidence_that_measured_their_weight(evidence: list[Evidence]) -> None:
    measured = [replace(one, measured=shipped().kinds[one.kind].nats) for one in evidence]
    assert judge(measured, shipped()) == judge(evidence, shipped())
