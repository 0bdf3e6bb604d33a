"""Machines behind an address: exact where they have numbers, within a tenth behind plain proxies."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.casebook import Casebook
from classifier.machines_count import most_at_once
from classifier.machines_spaces import Spaces
from facts.names import Role
from facts.verdict import Machines, Verdict
from protocols import events
from tests.classifier.fleet import Pool, Rig, captured
from tests.classifier.scenes import MINER, Line, line, verdicts
from tests.classifier.test_quantities import opened, share


def miner(book: Casebook) -> Verdict:
    return next(one for one in book.verdicts() if one.role is Role.MINER)


def counted(book: Casebook) -> Machines:
    machines = miner(book).machines
    assert machines is not None
    return machines


@pytest.mark.parametrize("count", [1, 100, 10_000])
def test_a_gateways_machines_are_counted_exactly(count: int) -> None:
    one = opened(line())
    one.protocol = "btcagent"
    for number in range(count):
        one.miner(events.Login, after=0.01, method="register", user="a", worker=f"w{number}", session=number)
    found = verdicts(one.over(1))[MINER, Role.MINER].machines
    assert found == Machines(count, count, count, True, "sessions")


def test_a_gateway_whose_beginning_was_missed_is_an_interval() -> None:
    one = opened(line(opened=False))
    one.protocol = "btcagent"
    chance = Random(2)
    for _ in range(600):
        one.miner(events.Submit, 1, job_id="j", session=chance.randrange(300))
    found = verdicts(one.over(1))[MINER, Role.MINER].machines
    assert found is not None
    assert not found.exact
    assert found.low < 300 <= found.high
    assert found.value == pytest.approx(300, rel=0.1)


def test_a_rig_is_one_machine() -> None:
    found = counted(captured(Pool(Random(1)), [Rig([("a", 1e14)])], 900))
    assert (found.value, found.low, found.high) == (1, 1, 1)


@pytest.mark.parametrize("names", ["own", "same"])
def test_miners_behind_a_translated_address_are_counted_by_connection(names: str) -> None:
    rigs = [Rig([(f"r{n}" if names == "own" else "x", 1e14)], begin_s=n * 2.0) for n in range(40)]
    found = counted(captured(Pool(Random(1)), rigs, 600))
    assert found.value == pytest.approx(40, rel=0.1)
    assert found.low <= 40 <= found.high
    assert found.basis == ("workers" if names == "own" else "connections")


def test_a_proxy_that_names_its_workers() -> None:
    found = counted(captured(Pool(Random(1)), [Rig([(f"r{n}", 1e14) for n in range(60)])], 900))
    assert found.value == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize(("seed", "seconds"), [(n, s) for n in range(3) for s in (700, 1_000)])
def test_workers_that_have_not_shown_yet_are_reckoned_with(seed: int, seconds: int) -> None:
    """A capture that begins in mid-stream sees no log-in: only who finds a share is named."""
    rigs = [Rig([(f"r{n}", 1e14) for n in range(200)])]
    found = counted(captured(Pool(Random(seed), aim_s=1.0), rigs, seconds, 0.02, 300))
    assert found.low < 200 <= found.high
    assert found.value == pytest.approx(200, rel=0.1 if seconds == 1_000 else 0.15)


def test_a_miner_that_reconnects_is_one() -> None:
    rigs: list[Line] = []
    for number in range(5):
        one = opened(line(own=40_000 + number, at_ns=10**18 + number * 10**12), "a")
        share(one, worker="a")
        rigs.append(one.over(0))
    found = verdicts(*rigs)[MINER, Role.MINER].machines
    assert found is not None
    assert (found.value, found.high) == (1, 1)


def test_a_failover_list_is_no_second_machine() -> None:
    first = opened(line(), "a")
    second = opened(line(server="198.51.100.2", own=40_001), "a")
    for one in (first, second):
        for _ in range(20):
            share(one, worker="a")
    found = verdicts(first.over(0), second.over(0))[MINER, Role.MINER].machines
    assert found is not None
    assert (found.value, found.low, found.high) == (1, 1, 2)  # two at once: perhaps two machines of one name


def test_machines_of_a_proxy_are_those_that_it_serves() -> None:
    proxy = "192.0.2.99"
    below = []
    for number in range(12):
        one = opened(line(client=f"192.0.2.{number + 1}", server=proxy), f"r{number}")
        for _ in range(20):
            share(one, worker=f"r{number}")
        below.append(one.over(0))
    above = opened(line(client=proxy), "farm")
    for _ in range(40):
        share(above, 5, worker="farm")
    found = {(str(one.address), one.role): one for one in _book(*below, above.over(0))}
    machines = found[proxy, Role.PROXY].machines
    assert machines is not None
    assert (machines.value, machines.basis) == (12, "addresses")


def _book(*lines: Line) -> list[Verdict]:
    return list(verdicts(*lines).values())


def test_more_hashrate_than_one_machine_has_tells_of_others() -> None:
    """A proxy that hides its machines: thirty of 100 TH/s, through one name and one connection."""
    found = counted(captured(Pool(Random(1), aim_s=3), [Rig([("", 30 * 1e14)])], 900))
    assert found.basis == "hashrate"
    assert 1 < found.low < 30 < found.high
    assert not found.exact


# -- parts of the search space --


def shares_of(chance: Random, machines: int, count: int, prefix: int = 2) -> list[str]:
    slots = [f"{slot:0{prefix}x}" for slot in chance.sample(range(16**prefix), machines)]
    return [chance.choice(slots) + f"{chance.getrandbits(48):012x}" for _ in range(count)]


@pytest.mark.parametrize(("machines", "prefix"), [(2, 2), (12, 2), (40, 4), (80, 4), (30, 8)])
def test_machines_of_a_silent_proxy_by_their_part_of_the_space(machines: int, prefix: int) -> None:
    spaces = Spaces()
    for space in shares_of(Random(machines), machines, 12 * machines, prefix):
        spaces.note(space)
    assert spaces.seen()[0] == pytest.approx(machines, rel=0.1)


@pytest.mark.parametrize("kind", ["up", "down", "little-endian", "random", "fixed", "one"])
def test_one_machines_own_counter_is_no_crowd(kind: str) -> None:
    chance, spaces = Random(1), Spaces()
    for number in range(2_000):
        spaces.note(
            {
                "up": f"{number * 40:016x}",
                "down": f"{2**64 - 1 - number * 40:016x}",
                "little-endian": number.to_bytes(8, "little").hex(),
                "random": f"{chance.getrandbits(64):016x}",
                "fixed": "0" * 16,
                "one": f"{number // 400:08x}" + "0" * 8,
            }[kind]
        )
    assert spaces.seen()[0] == 1


def test_a_silent_proxy_is_counted_in_a_verdict() -> None:
    one = opened(line(), "farm")
    for space in shares_of(Random(3), 25, 400, 4):
        one.miner(events.Submit, 2, job_id="j", worker="farm", space=space)
        one.pool(events.ShareResult, after=0.0, accepted=True)
    found = verdicts(one.over(0))[MINER, Role.MINER].machines
    assert found is not None
    assert found.basis == "spaces"
    assert found.value == pytest.approx(25, rel=0.1)
    assert found.low <= 25 <= found.high


@pytest.mark.parametrize(("agent", "machines"), [("XMRig/6.21.0", 1), ("xmrig-proxy/6.21.0", 20)])
def test_threads_of_one_cryptonote_miner_are_no_machines(agent: str, machines: int) -> None:
    one = line()
    one.miner(events.Login, method="login", user="x", agent=agent)
    one.pool(events.Work, after=0.0, job_id="j", algorithm="rx/0", hashes=1e5)
    for space in shares_of(Random(3), 20, 400):
        one.miner(events.Submit, 2, job_id="j", space=space)
        one.pool(events.ShareResult, after=0.0, accepted=True)
    found = verdicts(one.over(0))[MINER, Role.MINER].machines
    assert found is not None
    assert found.value == pytest.approx(machines, rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(1, 5)), max_size=30))
def test_the_most_at_once_is_that_of_every_moment(spans: list[tuple[int, int, int]]) -> None:
    told = [(first, first + long, float(weight)) for first, long, weight in spans]
    every = [sum(w for a, b, w in told if a <= moment <= b) for moment in range(80)]
    assert math.isclose(most_at_once(told), max(every, default=0.0))
