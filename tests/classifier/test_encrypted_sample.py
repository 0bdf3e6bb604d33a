"""What is but a sample of sealed traffic is known by its gaps, and its shape makes no verdict."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.casebook import Casebook
from classifier.encrypted import merged
from classifier.encrypted_sample import missing
from classifier.kinds import Kind
from facts.instant import NS
from facts.names import Level, Role
from facts.rhythm import GAP, RESENT
from tests.classifier.scenes import book
from tests.classifier.sealed_rows import SealedFlow, following, jobs, rows_of
from tests.classifier.test_encrypted import SEALED, ShapeSays, heard, kinds, params, plain, standing


def flows_of(count: int) -> list[SealedFlow]:
    """Flows of as many clients with one service."""
    return [following(jobs(), f"192.0.2.{77 + turn}", seed=2 + turn) for turn in range(count)]


def thinned(
    flows: np.ndarray, packets: np.ndarray, part: float, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """What is left where each packet is missed with a probability: gaps where one of its direction was."""
    kept = np.random.default_rng(seed).random(len(packets)) >= part
    rows = []
    for flow in range(len(flows)):
        for way in (0, 1):
            here = np.flatnonzero((packets["flow"] == flow) & (packets["way"] == way))
            own, stay = packets[here], kept[here]
            own["marks"][1:] |= np.where(~stay[:-1], GAP, 0).astype(np.uint8)
            rows.append(own[stay])
    left = np.concatenate(rows)
    return flows, left[np.lexsort((left["at_ns"], left["flow"]))]


@pytest.mark.parametrize("part", [0.0, 0.01, 0.05])
def test_a_capture_that_lost_a_few_per_cent_is_no_sample(part: float) -> None:
    assert missing(*thinned(*rows_of(*flows_of(9)), part)).tolist() == [0.0] * 9


@pytest.mark.parametrize(("part", "least", "most"), [(0.5, 0.4, 0.6), (0.9, 0.8, 1.0)])
def test_one_packet_in_two_or_ten_is_a_sample(part: float, least: float, most: float) -> None:
    share = missing(*thinned(*rows_of(*flows_of(9)), part))
    assert (share >= least).all()
    assert np.median(share) <= most


def test_datagrams_tell_nothing_of_it_so_the_tcp_flows_of_their_source_speak_for_them() -> None:
    flows, packets = thinned(*rows_of(*flows_of(5)), 0.8)
    flows["proto"][4] = 17
    packets["marks"][packets["flow"] == 4] = 0
    share = missing(flows, packets)
    assert share[4] == pytest.approx(np.median([_own(packets, flow) for flow in range(4)]))
    flows["source"][4] = 1  # of another capture nothing is known
    assert missing(flows, packets)[4] == 0.0


def _own(packets: np.ndarray, flow: int) -> float:
    marks = packets["marks"][packets["flow"] == flow]
    return float(np.mean(marks & GAP != 0))


def test_two_flows_are_too_few_to_speak_for_others_and_each_speaks_for_itself() -> None:
    flows, packets = rows_of(*flows_of(2))
    here = np.flatnonzero(packets["flow"] == 0)
    packets["marks"][here[::2]] = GAP
    assert missing(flows, packets).tolist() == pytest.approx([_own(packets, 0), 0.0])
    packets["marks"][here] = 0
    packets["marks"][here[::3]] = GAP  # a third: a bad path does that
    assert missing(flows, packets).tolist() == [0.0, 0.0]


def test_segments_that_overtake_others_are_no_gaps() -> None:
    flows, packets = rows_of(*flows_of(4))
    packets["marks"][0::2], packets["marks"][1::2] = GAP, RESENT
    assert missing(flows, packets).tolist() == [0.0] * 4


def test_one_direction_alone_and_a_late_begin_are_no_samples() -> None:
    flows, packets = rows_of(*flows_of(4))
    assert missing(flows, packets[packets["way"] == 0]).tolist() == [0.0] * 4
    assert missing(flows, packets[packets["at_ns"] > np.median(packets["at_ns"])]).tolist() == [0.0] * 4


def test_nothing_is_a_sample_of_nothing() -> None:
    flows, packets = rows_of(*flows_of(1))
    assert missing(flows[:0], packets[:0]).tolist() == []
    assert missing(flows, packets[:0]).tolist() == [0.0]


# -- what becomes of the verdict -----------------------------------------------------------------------------


def judged(made: Casebook, part: float, shape: float) -> tuple[Casebook, dict[tuple[str, Role], object]]:
    made.hear(*thinned(*rows_of(*flows_of(4)), part), ["scene.pcap"], (), ShapeSays(shape))
    return made, {(str(one.address), one.role): one for one in made.verdicts()}


def test_the_shape_of_a_sample_makes_no_verdict_and_the_reason_is_told_and_counted() -> None:
    made, whole = judged(book(), 0.0, 12.0)
    assert whole[SEALED, Role.MINER].level is Level.LIKELY  # type: ignore[attr-defined]
    assert not made.dropped
    made, sampled = judged(book(), 0.9, 12.0)
    assert {one.level for one in sampled.values()} == {Level.CLEARED}  # type: ignore[attr-defined]
    miner = sampled[SEALED, Role.MINER]
    assert Kind.RHYTHM_SAMPLE in kinds(miner)  # type: ignore[arg-type]
    assert Kind.RHYTHM_SHAPE not in kinds(miner)  # type: ignore[arg-type]
    assert 80 <= params(miner, Kind.RHYTHM_SAMPLE)["percent"] <= 100  # type: ignore[arg-type, operator]
    assert made.dropped == {"shapes-of-samples": 4}


def test_a_shape_that_says_nothing_leaves_no_verdict_in_a_sample_either() -> None:
    made, found = judged(book(), 0.9, -8.0)
    assert found == {}
    assert made.dropped == {"shapes-of-samples": 4}


def test_a_clock_is_followed_in_a_sample_too_and_another_shape_takes_nothing_from_it() -> None:
    at = jobs()
    flow = replace(following(at), lost=10_000)  # each of its packets has a gap before it
    alone = heard(book(plain(at)), following(at))[SEALED, Role.MINER]
    found = heard(book(plain(at)), flow, shape=ShapeSays(-12.0))[SEALED, Role.MINER]
    assert (found.level, found.score) == (alone.level, alone.score)
    assert {Kind.RHYTHM_CLOCK, Kind.RHYTHM_SAMPLE} <= kinds(found)
    assert not found.hashrate


def test_a_sampled_window_says_nothing_of_the_shape_that_whole_ones_have() -> None:
    said = (("answered", 0.98, 0.4),)
    whole, sampled = standing(0.0, 9.0, measures=said), standing(0.0, -3.0, 900.0, sample=0.9)
    after = merged(whole, sampled)
    assert (after.shape, after.sample, after.measures) == (9.0, 0.0, said)
    assert (after.windows, after.last_ns) == (2, sampled.last_ns)
    later = standing(0.0, 8.0, 1_800.0)
    before = merged(standing(0.0, 2.0, sample=0.9), later)
    assert (before.shape, before.sample, before.first_ns) == (8.0, 0.0, later.first_ns - 1_800 * NS)
    both = merged(standing(0.0, 4.0, sample=0.8), standing(0.0, 4.0, 900.0, sample=0.9))
    assert both.shape == pytest.approx(4.0)
    assert both.sample == 0.9
