"""Pool clocks: learned, shared, and what follows them told from what only beats as fast."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import rhythm_clocked, rhythm_models
from classifier.clocks import SAME_QUICK_NS, Clock, ClockFileError, Job, dumped, joined, learn, loaded
from classifier.poolclock import ANSWER_NS, Match, answer_ns, best, compare, pushes
from classifier.rhythm_clocked import clocked
from facts.instant import NS

SPAN = 900.0
WHOLE = np.array([[0, int(SPAN * NS)]])
WATCHED = WHOLE / NS
Generator = np.random.Generator


def a_clock(rng: Generator, name: str = "pool", refresh: float = 37.3, drift: float = 0.2) -> Clock:
    """A pool's jobs: a refresh that drifts, restarted by each block (a mean of 150 s between them)."""
    at, out = -60.0, []
    block = at + rng.exponential(150)
    while at < SPAN + 60:
        following = at + refresh + rng.normal(0, drift)
        at = min(block, following)
        if at == block:
            block += rng.exponential(150)
        out.append(at)
    return Clock(name, None, "jobs", np.asarray(np.array(out) * NS, np.int64))


def a_follower(rng: Generator, clock: Clock, scatter: float) -> np.ndarray:
    at = clock.at_ns / NS + rng.uniform(0, 0.3) + np.abs(rng.normal(0, scatter, len(clock.at_ns)))
    return as_ns(at)


def as_ns(at: np.ndarray) -> np.ndarray:
    return np.sort(np.asarray(at[(at > 0) & (at < SPAN)] * NS, np.int64))


def judged(clock: Clock, pushed: np.ndarray) -> Match:
    found = compare(clock, pushed, WHOLE)
    assert found is not None
    return found


def test_a_flow_that_follows_is_found_with_its_delay() -> None:
    rng = np.random.default_rng(1)
    clock = a_clock(rng)
    followed = as_ns(clock.at_ns / NS + 0.25 + rng.normal(0, 0.02, len(clock.at_ns)))
    found = judged(clock, followed)
    assert found.p_value < 1e-9
    assert abs(found.delay_ns / NS - 0.25) < 0.1
    assert found.followed >= found.instants - 1 > 15 * found.expected


@pytest.mark.parametrize("scatter", [0.05, 0.5, 2.0])
def test_followers_are_found_at_one_false_in_fifty_thousand(scatter: float) -> None:
    rng = np.random.default_rng(int(scatter * 100))
    found = [
        judged(clock, a_follower(rng, clock, scatter)).p_value for clock in (a_clock(rng) for _ in range(60))
    ]
    assert sum(p < 2e-5 for p in found) >= 58


BENIGN = {
    "a heartbeat of the same period": lambda rng: np.arange(0, SPAN, 37.3) + rng.uniform(0, 37.3),
    "a heartbeat of half a minute": lambda rng: np.arange(0, SPAN, 30) + rng.uniform(0, 30),
    "a timer that restarts": lambda rng: np.cumsum(rng.normal(37.3, 0.2, 40)),
    "chatter": lambda rng: np.cumsum(rng.exponential(20, 200)),
    "a ticker": lambda rng: np.cumsum(rng.exponential(0.3, 6_000)),
    "bursts": lambda rng: np.concatenate(
        [start + np.cumsum(rng.exponential(0.8, 9)) for start in np.cumsum(rng.exponential(60, 40))]
    ),
}


@pytest.mark.parametrize("kind", BENIGN)
def test_what_knows_nothing_of_the_pool_does_not_follow_it(kind: str) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(150):
        match = compare(a_clock(rng), as_ns(BENIGN[kind](rng)), WHOLE)
        found.append(1.0 if match is None else match.p_value)
    assert sum(p < 1e-3 for p in found) == 0


def test_heartbeats_among_news_seldom_follow_a_refresh_of_nearly_their_period_and_miners_do() -> None:
    """Without a model of beats among other messages one in twelve would pass for a follower."""
    rng = np.random.default_rng(8)
    beating, mining = [], []
    for _ in range(40):
        period = rng.uniform(18, 45)
        clock = a_clock(rng, refresh=period, drift=0.05)
        own = period * rng.uniform(0.995, 1.015)
        beats = np.arange(rng.uniform(0, own), SPAN, own)
        news = rng.uniform(0, SPAN, rng.poisson(SPAN / rng.uniform(15, 60)))
        at = np.concatenate([beats + rng.normal(0, 0.3, len(beats)), news])
        beating.append(judged(clock, as_ns(at)).p_value)
        strays = rng.uniform(0, SPAN, 6)
        told = np.concatenate([a_follower(rng, clock, 0.1) / NS, strays])
        mining.append(judged(clock, as_ns(told)).p_value)
    assert sum(p < 2e-5 for p in beating) <= 1
    assert sum(p < 2e-5 for p in mining) == 40


def test_a_heartbeat_is_told_from_the_messages_between_its_beats() -> None:
    rng = np.random.default_rng(2)
    beats = np.arange(3.0, SPAN, 20.8) + rng.normal(0, 0.05, 44)
    at = np.sort(np.concatenate([beats, rng.uniform(0, SPAN, 30)]))
    told = rhythm_models.beats(at, WATCHED)
    assert told > rhythm_models.poisson(len(at), SPAN) + 20
    assert told > rhythm_models.renewal(at, WATCHED) + 10
    chance = np.sort(rng.uniform(0, SPAN, 74))
    assert rhythm_models.beats(chance, WATCHED) < rhythm_models.poisson(74, SPAN) + 3
    assert rhythm_models.beats(np.array([1.0, 1.1, 1.2, 1.3]), WATCHED) == -math.inf


@pytest.mark.prove
def test_false_followers_at_the_rate_of_the_promise() -> None:
    rng = np.random.default_rng(11)
    kinds = list(BENIGN.values())
    false = 0
    for n in range(150_000):
        match = compare(
            a_clock(rng, drift=float(rng.choice([0.01, 0.1, 1.0]))),
            as_ns(kinds[n % 6](rng)),
            WHOLE,
        )
        false += match is not None and match.p_value < 2e-5
    assert false <= 3  # 2e-5 of 150,000


def test_another_pools_clock_is_not_followed_and_the_right_one_is_named() -> None:
    rng = np.random.default_rng(5)
    clocks = [a_clock(rng, f"pool {n}") for n in range(8)]
    found = best(clocks, a_follower(rng, clocks[3], 0.1), WHOLE)
    assert found is not None
    assert (found.clock.name, found.p_value < 1e-7) == ("pool 3", True)
    assert best(clocks[:3] + clocks[4:], a_follower(rng, clocks[3], 0.1), WHOLE).p_value > 1e-3  # type: ignore[union-attr]


def test_too_little_is_not_judged() -> None:
    clock = Clock("pool", None, "jobs", np.array([100, 200, 300], np.int64) * NS)
    assert compare(clock, clock.at_ns, WHOLE) is None
    assert best([], clock.at_ns, WHOLE) is None


def test_answers_are_no_pushes_and_packets_of_one_message_are_one() -> None:
    ms = NS // 1000
    at = np.array([0, 1_000, 1_100, 1_110, 1_700, 5_000, 5_020], np.int64) * ms
    down = np.array([True, False, True, True, True, True, True])
    # 1,100 answers 1,000 and 1,110 belongs to it; 1,700 comes 0.7 s after the client spoke; 5,020 belongs
    # to 5,000
    assert (pushes(at, down) // ms).tolist() == [0, 1_700, 5_000]
    assert pushes(at[:0], down[:0]).tolist() == []


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([None, "BTC"]), st.integers(0, 10**12)))
)
def test_clocks_learned_in_parts_are_those_learned_at_once(rows: list[tuple[str, str | None, int]]) -> None:
    jobs = [Job(*row) for row in rows]
    half = len(jobs) // 2
    whole = learn(jobs)
    parts = joined([*learn(jobs[:half]), *learn(jobs[half:])])
    assert [(c.name, c.coin) for c in whole] == [(c.name, c.coin) for c in parts]
    for one, other in zip(whole, parts, strict=True):
        assert all(np.diff(one.at_ns) >= SAME_QUICK_NS)
        assert one.at_ns[0] == other.at_ns[0]
    again = loaded(dumped(whole))
    assert [(c.name, c.coin, c.told, c.at_ns.tolist()) for c in again] == [
        (c.name, c.coin, c.told, c.at_ns.tolist()) for c in joined(whole)
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "clock 1: name is a text of 1 to 255 characters"),
        ({"coin": 7}, "clock 1: coin is a text or null"),
        ({"told": "guess"}, "clock 1: told is jobs, blocks or file"),
        ({"at_ns": [1.5]}, "clock 1: at_ns is a list of nanoseconds"),
        ({"at_ns": [-1]}, "clock 1: at_ns is a list of nanoseconds"),
    ],
)
def test_a_clock_file_that_is_wrong_is_refused_with_its_place(change: dict[str, object], says: str) -> None:
    clock = {"name": "pool", "coin": None, "told": "jobs", "at_ns": [1, 2]} | change
    with pytest.raises(ClockFileError, match=says):
        loaded(json.dumps({"format": "minescope-clocks-1", "clocks": [clock]}))
    with pytest.raises(ClockFileError, match="not a clock file"):
        loaded("{}")
    with pytest.raises(ClockFileError, match="not JSON"):
        loaded("{")


def test_the_models_are_densities_of_the_same_thing() -> None:
    """Two pushes in a span of 10 s: the integral over all pairs, times e^-mean for other counts, stays at
    most one."""
    rng = np.random.default_rng(0)
    at = np.sort(rng.uniform(0, 10, (500, 6)), axis=1)
    watched = np.array([[0.0, 10.0]])
    volume = 10**6 / math.factorial(6)
    for model in (
        lambda x: rhythm_models.poisson(6, 10.0),
        lambda x: rhythm_models.renewal(x, watched),
        lambda x: clocked(x, np.array([2.0, 5.0, 8.0]), watched)[0],
    ):
        integral = volume * float(np.mean([math.exp(model(x)) for x in at]))
        assert integral < 1.0


def test_a_slow_service_is_given_its_own_time_to_answer() -> None:
    ms = NS // 1000
    up = np.arange(20, dtype=np.int64) * 20_000 * ms
    told = np.array([7_000, 47_000, 133_000], np.int64) * ms
    down = np.sort(np.concatenate([up + 900 * ms, told]))
    at = np.sort(np.concatenate([up, down]))
    from_server = np.isin(at, down)
    assert answer_ns(at, from_server) == 1_125 * ms
    assert set(told.tolist()) < set(pushes(at, from_server).tolist())
    assert pushes(at, from_server, answer_ns(at, from_server)).tolist() == told.tolist()
    assert answer_ns(at[:6], from_server[:6]) == ANSWER_NS


def test_keep_alives_of_a_tunnel_hide_no_pool_and_make_none() -> None:
    """Half a minute less five, for ever, beside jobs and late answers: without taking the beats off, the
    heartbeat explains more than the clock does, and nine of ten miners in such tunnels are lost."""
    rng = np.random.default_rng(21)
    mining, resting = [], []
    for _ in range(25):
        clock = a_clock(rng, refresh=rng.uniform(25, 50))
        alive = np.arange(rng.uniform(0, 25), SPAN, 25.0) + rng.normal(0, 0.01, 1)
        strays = rng.uniform(0, SPAN, 10)
        told = a_follower(rng, clock, 0.05) / NS
        mining.append(judged(clock, as_ns(np.concatenate([told, alive, strays]))).p_value)
        other = rng.uniform(0, SPAN, len(told))
        resting.append(judged(clock, as_ns(np.concatenate([other, alive, strays]))).p_value)
    assert sum(p < 2e-5 for p in mining) == 25
    assert sum(p < 1e-3 for p in resting) == 0


def test_two_heartbeats_are_no_pool() -> None:
    rng = np.random.default_rng(22)
    found = []
    for _ in range(60):
        beats = [np.arange(rng.uniform(0, period), SPAN, period) for period in (25.0, rng.uniform(20, 50))]
        at = np.concatenate(beats) + rng.normal(0, 0.01, sum(map(len, beats)))
        clock = a_clock(rng, refresh=rng.uniform(20, 50))
        found.append(judged(clock, as_ns(at)).p_value)
    assert sum(p < 1e-3 for p in found) == 0


def test_what_is_told_while_nobody_is_connected_counts_neither_way() -> None:
    """Five minutes of fifteen without a connection: as many instants less, none of them missed."""
    rng = np.random.default_rng(23)
    clock = a_clock(rng)
    told = a_follower(rng, clock, 0.1)
    there = told[(told < 300 * NS) | (told > 600 * NS)]
    parts = np.array([[0, 300], [600, 900]]) * NS
    found, blind = compare(clock, there, parts), judged(clock, there)
    assert found is not None
    assert found.p_value < blind.p_value < 1
    assert (
        found.instants
        == int(rhythm_clocked.inside(clock.at_ns / NS + found.delay_ns / NS, parts / NS).sum())
        < blind.instants
    )
    assert found.followed >= found.instants - 1
    assert compare(clock, there, np.repeat(there[:5, None], 2, axis=1)) is None  # seen at moments alone


def test_a_queue_is_told_better_than_a_scatter() -> None:
    """A pool's loop that takes a second on average: no client is early, some are late."""
    rng = np.random.default_rng(24)
    instants = np.cumsum(rng.uniform(20, 40, 28))
    late = np.sort(instants + rng.exponential(0.9, 28))
    watched = np.array([[0.0, SPAN + 60]])
    both, delay, wait = clocked(late, instants, watched)
    scatter, _, _ = clocked(late, instants, watched, queues=())
    assert both > scatter + 3
    assert (wait, abs(delay) < 0.3) == (1.0, True)


def test_a_density_by_hand() -> None:
    """One instant at 5 s, one push at 5.5 s, watched for 10 s; the mean over all parameters, term by term."""
    at, instants, watched = np.array([5.5]), np.array([5.0]), np.array([[0.0, 10.0]])
    shapes = []
    for width, queue in [(w, False) for w in rhythm_clocked.WIDTHS] + [(1.0, True)]:
        values = []
        for delay in np.arange(-1, 1, width / 4 if queue else width):
            off = 0.5 - delay
            bell = math.exp(-0.5 * (off / width) ** 2) / (width * math.sqrt(2 * math.pi))
            wait = math.exp(-off / width) / width if off >= 0 else 0.0
            for part in (0.02, 0.1, 0.3, 0.6):
                stray = part / 10
                for follows in (0.6, 0.9, 0.99):
                    told = (1 - follows) + follows * (wait if queue else bell) / stray
                    values.append(stray * math.exp(-10 * stray) * told)
        shapes.append(sum(values) / len(values))
    assert clocked(at, instants, watched, (-1, 1), (1.0,))[0] == pytest.approx(math.log(sum(shapes) / 6))


def test_work_that_comes_while_an_answer_is_awaited_is_told_from_it() -> None:
    """A slow service, and a client that always waits for it: one answer each, all else is unasked."""
    ms = NS // 1000
    up = np.arange(60, dtype=np.int64) * 3_000 * ms
    answers = up + 2_000 * ms
    told = np.array([10_500, 40_900, 92_700, 150_300], np.int64) * ms
    down = np.sort(np.concatenate([answers, told]))
    at = np.sort(np.concatenate([up, down]))
    unasked = pushes(at, np.isin(at, down), answer_ns(at, np.isin(at, down)))
    # the eldest question is answered first: the second of the two messages is what remains
    assert (unasked // ms).tolist() == [11_000, 41_000, 92_700, 152_000]
