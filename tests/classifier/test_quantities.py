"""What a verdict says of how much: stale and refused shares, workers, time, loss, and what miners claim."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.hashrate import WHOLE, Harvest, coverage, interval
from classifier.shares import is_stale
from classifier.shares_series import STARTS, WIDTHS_S, Series, merged
from facts.instant import NS
from facts.names import Role
from facts.verdict import Hashrate, Verdict
from protocols import events
from protocols.parser import Side
from tests.classifier.fleet import Pool, Rig, captured
from tests.classifier.scenes import MINER, START, Line, line, verdicts


def opened(to: Line, *workers: str) -> Line:
    to.protocol = "stratum-bitcoin"
    to.miner(events.Subscribe, after=0.0, method="mining.subscribe", agent="cgminer/4.11.1")
    to.pool(events.Subscribed, after=0.0)
    for worker in workers:
        to.miner(events.Login, after=0.0, method="mining.authorize", user=f"a.{worker}", worker=worker)
    return to.pool(events.Work, after=0.0, job_id="j", algorithm="sha256d", hashes=1e12)


def share(to: Line, after: float = 10.0, worker: str | None = None, **answer: Any) -> Line:
    to.miner(events.Submit, after, job_id="j", worker=worker)
    return to.pool(events.ShareResult, after=0.0, **{"accepted": True, **answer})


def rate_of(*lines: Line) -> Hashrate:
    (rate,) = miner(*lines).hashrate
    return rate


def miner(*lines: Line) -> Verdict:
    return verdicts(*lines)[MINER, Role.MINER]


def test_stale_and_refused_shares_stand_apart() -> None:
    one = opened(line())
    for _ in range(60):
        share(one)
    for _ in range(6):
        share(one, 0.0, accepted=False, code=21, message="Job not found")
    for _ in range(3):
        share(one, 0.0, accepted=False, code=23, message="low difficulty share")
    rate = rate_of(one.over(0))
    assert (rate.shares, rate.stale, rate.rejected) == (60, 6, 3)
    assert rate.value == pytest.approx(60 * 1e12 / 600)
    alone = rate_of(share_run(60))
    assert rate.low == pytest.approx(alone.low)  # a stale share is no proof of what the pool paid for
    assert rate.high == pytest.approx(alone.high * 66 / 60)  # and yet it was computed


def share_run(count: int, seconds: float = 10.0) -> Line:
    one = opened(line())
    for _ in range(count):
        share(one, seconds)
    return one.over(0)


@pytest.mark.parametrize(
    ("protocol", "code", "message", "stale"),
    [
        ("stratum-bitcoin", 21, "Job not found", True),
        ("stratum-bitcoin", 37, None, True),
        ("stratum-bitcoin", 23, "Low difficulty share", False),
        ("stratum-bitcoin", 22, "Duplicate share", False),
        ("stratum-cryptonote", -1, "Block expired", True),
        ("stratum-cryptonote", -1, "Low difficulty share", False),
        ("stratum-grin", -32503, "Solution submitted too late", True),
        ("stratum-grin", -32501, "Share rejected due to low difficulty", False),
        ("stratum-v2", None, "stale-share", True),
        ("getwork", None, "unknown-work", True),
        ("stratum-ethproxy", 23, "Invalid share", False),
    ],
)
def test_late_shares_are_told_from_wrong_ones(
    protocol: str, code: int | None, message: str | None, stale: bool
) -> None:
    result = events.ShareResult(
        protocol=protocol, side=Side.SERVER, offset=0, accepted=False, code=code, message=message
    )
    assert is_stale(result) is stale


def test_what_a_miner_claims_is_shown_beside() -> None:
    one = share_run(30)
    assert rate_of(one).reported is None
    told = opened(line())
    told.miner(events.ReportedHashrate, after=0.0, hashrate=3e10)
    for _ in range(30):
        share(told)
    told.miner(events.ReportedHashrate, after=0.0, hashrate=5e10)
    rate = rate_of(told.over(0))
    assert rate.reported == 5e10
    assert rate.value == pytest.approx(1e11)
    other = opened(line(own=40_001))
    other.miner(events.ReportedHashrate, after=0.0, hashrate=7e10)
    for _ in range(30):
        share(other)
    assert rate_of(told, other.over(0)).reported == 12e10  # at the same time: two machines


def test_workers_of_one_connection_are_told_apart() -> None:
    one = opened(line(), "a", "b")
    for _ in range(30):
        share(one, 10, "a")
        share(one, 5, "b")
        share(one, 5, "b")
    rate = rate_of(one.over(0))
    by_worker: dict[str | None, int] = {}
    for pace in rate.series:
        by_worker[pace.worker] = by_worker.get(pace.worker, 0) + pace.shares
    assert by_worker == {None: 90, "a": 30, "b": 60}
    for pace in rate.series:
        assert pace.low <= pace.value <= pace.high
        assert pace.seconds <= 60


def test_an_answer_that_was_missed_gives_no_share_to_the_wrong_worker_for_long() -> None:
    one = opened(line(), "a", "b")
    share(one, 10, "a")
    share(one, 10, "b")
    one.miner(events.Submit, 10, job_id="j", worker="a")  # its answer is not in the capture
    for _ in range(30):
        share(one, 40, "b")
    counted: dict[str | None, int] = {}
    for pace in rate_of(one.over(0)).series:
        counted[pace.worker] = counted.get(pace.worker, 0) + pace.shares
    assert counted == {None: 32, "a": 1, "b": 31}


def test_machines_of_a_gateway_go_by_their_numbers() -> None:
    one = opened(line())
    one.protocol = "btcagent"
    for number in range(3):
        one.miner(events.Login, after=0.0, method="register", user="a", worker=f"rig{number}", session=number)
    for turn in range(60):
        one.miner(events.Submit, 5, job_id="j", session=turn % 3)
        one.pool(events.ShareResult, after=0.0, accepted=True, session=turn % 3, hashes=1e12)
    found = verdicts(one.over(0))[MINER, Role.PROXY]
    (rate,) = found.hashrate
    assert sum(pace.shares for pace in rate.series if pace.worker == "rig1") == 20
    assert found.rigs == ("rig0", "rig1", "rig2")
    assert found.machines is not None
    assert (found.machines.value, found.machines.exact, found.machines.basis) == (3, True, "sessions")


def test_a_night_without_a_connection_is_not_mined_in() -> None:
    evening = share_run(60)
    morning = opened(line(own=40_001, at_ns=START + 10 * 3_600 * NS))
    for _ in range(60):
        share(morning)
    rate = rate_of(evening, morning.over(0))
    assert rate.value == pytest.approx(120 * 1e12 / 1_200)
    assert rate.mined_ns == 1_200 * NS


def test_a_reconnection_is_no_pause() -> None:
    first = share_run(60)
    second = opened(line(own=40_001, at_ns=START + 720 * NS))
    for _ in range(60):
        share(second)
    assert rate_of(first, second.over(0)).value == pytest.approx(120 * 1e12 / 1_320)


# -- loss --


def test_a_whole_capture_is_corrected_by_nothing() -> None:
    assert coverage(100, 80, miner_lost=False, pool_lost=False, ordered=False) is WHOLE
    assert coverage(0, 0, miner_lost=True, pool_lost=True, ordered=False) is WHOLE
    assert coverage(50, 50, miner_lost=True, pool_lost=True, ordered=False) is WHOLE


def test_unanswered_shares_tell_how_much_is_missing() -> None:
    pool = coverage(1_000, 900, miner_lost=False, pool_lost=True, ordered=False)
    assert pool.value == pytest.approx(0.9)
    assert 0.87 < pool.low < 0.9 < pool.high < 0.93
    both = coverage(1_000, 900, miner_lost=True, pool_lost=True, ordered=False)
    assert both.value == pytest.approx(0.9 * 0.95)
    assert both.low < pool.low


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.booleans(), st.booleans(), st.booleans())
def test_a_coverage_is_an_interval_above_nothing(
    submitted: int, answered: int, miner_lost: bool, pool_lost: bool, ordered: bool
) -> None:
    found = coverage(submitted, answered, miner_lost, pool_lost, ordered)
    assert 0 < found.low <= found.value <= found.high <= 1


def test_loss_widens_the_interval_and_lifts_the_value() -> None:
    found = Harvest(100, 100 * 10**12, 100 * 10**24)
    plain = interval(found, 1_000 * NS)
    cover = coverage(1_000, 900, miner_lost=True, pool_lost=True, ordered=False)
    wider = interval(found, 1_000 * NS, cover)
    assert wider[0] == pytest.approx(plain[0] / cover.value)
    assert wider[2] / wider[1] > plain[2] / plain[1]


def test_a_difficulty_that_was_lost_is_found_out_by_the_pace() -> None:
    one = opened(line())
    for _ in range(60):
        share(one, 10)
    one.pool(events.Work, after=0.0, job_id="j", algorithm="sha256d", hashes=None)  # behind a gap
    for _ in range(60):
        share(one, 40)  # the pool had set four times the difficulty
    rate = rate_of(one.over(0))
    assert rate.value == pytest.approx(1e11, rel=0.08)
    assert rate.shares < 80


def test_a_difficulty_that_was_not_lost_is_believed() -> None:
    one = opened(line())
    for _ in range(60):
        share(one, 10)
    one.pool(events.Work, after=0.0, job_id="j", algorithm="sha256d", hashes=None)
    for _ in range(60):
        share(one, 10)
    rate = rate_of(one.over(0))
    assert rate.value == pytest.approx(1e11)
    assert rate.shares == 120


def test_nothing_is_forgotten_by_judging_twice() -> None:
    book = captured(Pool(random.Random(4)), [Rig([("a", 1e14)])], 1_200, loss=0.05)
    assert book.verdicts() == book.verdicts()


# -- series --


def test_buckets_widen_together_and_keep_every_share() -> None:
    series = Series()
    for minute in range(10 * STARTS):
        cell = series.cell("sha256d", "a", (START // NS + 60 * minute) * NS)
        cell.shares += 1
        cell.hashes += 7
    assert series.width_ns == 3_600 * NS
    assert sum(cell.shares for *_, cell in series.cells()) == 10 * STARTS
    assert len(list(series.cells())) <= STARTS


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3 * 10**6)), min_size=1, max_size=120))
def test_the_buckets_do_not_depend_on_the_order_in_which_they_are_told(told: list[tuple[str, int]]) -> None:
    def of(order: list[tuple[str, int]]) -> dict[tuple[str | None, int], int]:
        series = Series()
        for worker, second in order:
            series.cell("x", worker, second * NS).shares += 1
        return {(worker, start): cell.shares for _, worker, start, cell in series.cells()}

    assert of(told) == of(told[::-1]) == of(sorted(told))
    half = len(told) // 2
    parts = []
    for part in (told[:half], told[half:]):
        series = Series()
        for worker, second in part:
            series.cell("x", worker, second * NS).shares += 1
        parts.append(series)
    joined = {(worker, start): cell.shares for _, worker, start, cell in merged(parts).cells()}
    assert joined == of(told)


def test_a_month_of_shares_lies_in_days() -> None:
    series = Series()
    for hour in range(24 * 31):
        series.cell("x", None, hour * 3_600 * NS).shares += 1
    assert series.width_ns == WIDTHS_S[4] * NS


def test_the_curve_adds_up_to_the_whole() -> None:
    book = captured(Pool(random.Random(3)), [Rig([(f"r{n}", 1e13) for n in range(4)])], 1_500)
    (rate,) = next(one for one in book.verdicts() if one.role is Role.MINER).hashrate
    assert sum(pace.shares for pace in rate.series if pace.worker is None) == rate.shares
    assert sum(pace.shares for pace in rate.series if pace.worker is not None) == rate.shares
    mean = sum(pace.value * pace.seconds for pace in rate.series if pace.worker is None)
    assert mean / (rate.mined_ns / NS) == pytest.approx(rate.value, rel=0.02)
    assert [pace.start_ns for pace in rate.series] == sorted(pace.start_ns for pace in rate.series)


def test_of_very_many_workers_each_has_one_row() -> None:
    book = captured(Pool(random.Random(3), aim_s=1.0), [Rig([(f"r{n}", 1e13) for n in range(120)])], 600)
    (rate,) = next(one for one in book.verdicts() if one.role is Role.MINER).hashrate
    workers = [pace.worker for pace in rate.series if pace.worker is not None]
    assert len(workers) == len(set(workers)) > 100
    assert len(rate.series) <= 256
    assert sum(pace.shares for pace in rate.series if pace.worker is None) == rate.shares
    assert sum(pace.shares for pace in rate.series if pace.worker is not None) == rate.shares
    assert max(pace.seconds for pace in rate.series if pace.worker is not None) > 590


def test_a_pool_is_not_measured() -> None:
    found = [one for one in verdicts(share_run(60)).values() if one.role is Role.POOL]
    assert found
    assert all(one.hashrate == () and one.machines is None and one.power is None for one in found)
    assert all(replace(one, rigs=()) == one for one in found)
