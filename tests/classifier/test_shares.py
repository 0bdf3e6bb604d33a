"""Hashrate from conversations: each share by its job, algorithms apart, nothing from what is not known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.talk import ALGORITHM_LIMIT
from facts.names import Role
from facts.verdict import Hashrate
from protocols import events
from tests.classifier.scenes import MINER, WALLET, Line, book, line, verdicts


def start(to: Line) -> Line:
    to.protocol = "stratum-bitcoin"
    to.miner(events.Subscribe, method="mining.subscribe", agent="cgminer/4.11.1")
    return to.pool(events.Subscribed, after=0.0)


def work(to: Line, hashes: float | None, algorithm: str | None = "sha256d", after: float = 0.0) -> Line:
    return to.pool(events.Work, after=after, job_id="j", algorithm=algorithm, hashes=hashes)


def share(to: Line, after: float, **worth: object) -> Line:
    to.miner(events.Submit, after, job_id="j")
    return to.pool(events.ShareResult, after=0.0, accepted=True, **worth)


def rates(*lines: Line) -> dict[str, Hashrate]:
    miner = verdicts(*lines)[MINER, Role.MINER]
    return {rate.algorithm: rate for rate in miner.hashrate}


def test_shares_count_what_their_job_asked_for() -> None:
    one = work(start(line()), 1e12)
    for _ in range(30):
        share(one, 10)
    work(one, 4e12)
    for _ in range(30):
        share(one, 10)
    share(one, 0.0, hashes=1e12)  # late, of the first job
    share(one, 0.0, hashes=0.0)  # of a job of which nothing is known
    (rate,) = rates(one.over(0)).values()
    assert rate.value == pytest.approx((30 * 1e12 + 30 * 4e12 + 1e12) / 600)


def test_a_new_target_waits_for_the_next_job() -> None:
    one = start(line()).pool(events.Difficulty, after=0.0, hashes=1e12)
    work(one, None)
    one.pool(events.Difficulty, after=0.0, hashes=8e12)
    for _ in range(30):
        share(one, 10)
    work(one, None)
    for _ in range(30):
        share(one, 10)
    (rate,) = rates(one.over(0)).values()
    assert rate.value == pytest.approx((30 * 1e12 + 30 * 8e12) / 600)


@pytest.mark.parametrize(("hashes", "algorithm"), [(None, "sha256d"), (1e12, None), (None, None)])
def test_what_is_not_known_gives_no_hashrate(hashes: float | None, algorithm: str | None) -> None:
    one = work(start(line()), hashes, algorithm)
    for _ in range(60):
        share(one, 10)
    assert rates(one.over(0)) == {}


def test_the_time_before_the_first_worth_is_not_counted() -> None:
    one = work(start(line()), None)
    for _ in range(60):
        share(one, 10)
    work(one, 1e12)
    for _ in range(60):
        share(one, 10)
    (rate,) = rates(one.over(0)).values()
    assert rate.value == pytest.approx(60 * 1e12 / 600)


def test_one_answer_may_stand_for_several_shares() -> None:
    one = work(start(line()), 1e12)
    for _ in range(10):
        share(one, 60, count=6)
    share(one, 0.0, count=0)
    share(one, 0.0, count=10**9)
    (rate,) = rates(one.over(0)).values()
    assert rate.value == pytest.approx(60 * 1e12 / 600)
    assert rate.low < 1e11 < rate.high


def test_algorithms_are_never_summed() -> None:
    one = work(start(line()), 10_000.0, "rx/0")
    for _ in range(30):
        share(one, 10)
    work(one, 3_000.0, "cn/r")
    for _ in range(30):
        share(one, 10)
    share(one, 0.0, hashes=10_000.0, algorithm="rx/0")
    found = rates(one.over(0))
    assert found["rx/0"].value == pytest.approx(31 * 10_000 / 300)
    assert found["cn/r"].value == pytest.approx(30 * 3_000 / 300)


def test_time_spent_on_another_algorithm_is_not_the_firsts() -> None:
    one = work(start(line()), 10_000.0, "rx/0")
    for turn in range(4):
        for _ in range(30):
            share(one, 10)
        work(one, 3_000.0 if turn % 2 == 0 else 10_000.0, "cn/r" if turn % 2 == 0 else "rx/0")
    found = rates(one.over(0))
    assert found["rx/0"].value == pytest.approx(60 * 10_000 / 600)
    assert found["cn/r"].value == pytest.approx(60 * 3_000 / 600)


def test_a_miner_that_names_ever_new_algorithms_is_not_kept_in_full() -> None:
    one = start(line())
    for turn in range(2 * ALGORITHM_LIMIT):
        share(work(one, 1e6, f"a/{turn}"), 1)
    made = book(one.over(0))
    assert made.dropped["names-beyond-limit"] == ALGORITHM_LIMIT


def test_the_interval_holds_the_truth_while_the_difficulty_varies() -> None:
    chance = random.Random(3)
    runs, held = 300, 0
    for _ in range(runs):
        truth = 10 ** chance.uniform(6, 15)
        one = start(line())
        hashes, seconds = truth * 10, 0.0  # a share in 10 s, then 5 to 30 s as the pool pleases
        work(one, hashes)
        while seconds < 1_800:
            wait = chance.expovariate(truth / hashes)
            seconds += wait
            share(one, wait)
            if chance.random() < 0.05:
                hashes = truth * chance.uniform(5, 30)
                work(one, hashes)
        (rate,) = rates(one.over(0)).values()
        held += rate.low <= truth <= rate.high
    assert held / runs >= 0.93


@given(st.lists(st.tuples(st.floats(1e3, 1e15), st.integers(1, 20)), min_size=1, max_size=20))
def test_the_rate_is_the_sum_of_the_shares_over_the_time(parts: list[tuple[float, int]]) -> None:
    one = start(line())
    total, seconds = 0, 0
    for hashes, count in parts:
        work(one, hashes)
        for _ in range(count):
            share(one, 30)
            total += round(hashes)
            seconds += 30
    found = rates(one.over(0))
    if seconds >= 180 and sum(count for _, count in parts) >= 3:
        assert found["sha256d"].value == pytest.approx(total / seconds)
        assert found["sha256d"].low < found["sha256d"].value < found["sha256d"].high
    else:
        assert found == {}


def test_the_coin_is_the_works_and_the_wallets_only_where_no_work_was_read() -> None:
    def login(to: Line) -> Line:
        return to.miner(events.Login, method="mining.authorize", user=WALLET, wallet=WALLET, coin="XMR")

    mined = login(start(line())).pool(events.Work, job_id="j", coin="BTC", algorithm="sha256d")
    assert verdicts(mined.over(1))[MINER, Role.MINER].coins == ("BTC",)
    unknown = login(start(line())).pool(events.Work, job_id="j")
    assert verdicts(unknown.over(1))[MINER, Role.MINER].coins == ()
    early = login(start(line()))
    assert verdicts(early.over(1))[MINER, Role.MINER].coins == ("XMR",)
    web = login(line())
    web.protocol = "getwork"
    web = login(web).pool(events.Work, job_id="j", algorithm="cn/r")
    assert "XMR" in verdicts(web.over(1))[MINER, Role.MINER].coins
