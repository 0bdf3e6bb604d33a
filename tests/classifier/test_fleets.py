"""Fleets of known hashrate: the interval holds the truth, through vardiff, late shares, lost packets."""

from dataclasses import dataclass
from random import Random
from statistics import median

import pytest

from facts.names import Role
from facts.verdict import Hashrate
from tests.classifier.fleet import Pool, Rig, captured


@dataclass
class Run:
    """One fleet and what was made of it."""

    truth: float
    """Hashes a second."""
    rate: Hashrate | None

    @property
    def held(self) -> bool:
        return self.rate is not None and self.rate.low <= self.truth <= self.rate.high


def run(chance: Random, shares: int, loss: float, dialect: str = "") -> Run:
    """Watch a fleet of one to eight connections until about so many shares were found."""
    dialect = dialect or chance.choice(["bitcoin", "cryptonote"])
    truth = 10 ** (chance.uniform(12, 17) if dialect == "bitcoin" else chance.uniform(2.5, 6))
    number = chance.choice([1, 1, 1, 2, 8])
    weights = [chance.uniform(0.3, 1) for _ in range(number)]
    aim = chance.choice([5.0, 10.0, 15.0])
    pool = Pool(
        chance,
        dialect,
        aim_s=aim,
        retarget_s=chance.choice([60.0, 90.0, 150.0]),
        stale=chance.choice([0.0, 0.005, 0.02]),
    )
    rigs = [
        Rig([(f"r{n}", truth * weight / sum(weights))], begin_s=chance.uniform(0, 3))
        for n, weight in enumerate(weights)
    ]
    seconds = max(240.0, shares * aim / number)
    book = captured(pool, rigs, seconds, loss)
    rates = next(one for one in book.verdicts() if one.role is Role.MINER).hashrate
    return Run(truth, rates[0] if rates else None)


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_the_interval_holds_the_truth_of_some_fleets(loss: float) -> None:
    chance = Random(11)
    runs = [run(chance, 60, loss) for _ in range(60)]
    known = [one for one in runs if one.rate is not None]
    assert len(known) >= 0.9 * len(runs)
    assert sum(one.held for one in known) >= 0.9 * len(known)


@pytest.mark.prove
def test_the_interval_holds_the_truth_in_93_of_100_of_1_000_fleets() -> None:
    chance = Random(2026)
    held = known = 0
    for number in range(1_000):
        loss = chance.choice([0.0, 0.0, chance.uniform(0, 0.05)])
        one = run(chance, chance.choice([30, 60, 100, 300, 1_000 if number % 4 == 0 else 150]), loss)
        known += one.rate is not None
        held += one.held
    print(
        f"{held} of {known} intervals hold the truth ({held / known:.1%}); {1_000 - known} fleets gave none"
    )
    assert held >= 0.93 * known
    assert known >= 980


@pytest.mark.prove
@pytest.mark.parametrize(("shares", "error", "fleets"), [(100, 0.10, 200), (1_000, 0.035, 100)])
@pytest.mark.parametrize("loss", [0.0, 0.02])
def test_the_median_error_is_that_of_poisson(shares: int, error: float, fleets: int, loss: float) -> None:
    chance = Random(shares)
    errors = []
    for _ in range(fleets):
        one = run(chance, shares, loss)
        assert one.rate is not None
        errors.append(abs(one.rate.value / one.truth - 1))
    print(f"{shares} shares, {loss:.0%} of packets lost: median error {median(errors):.1%}")
    assert median(errors) <= error


@pytest.mark.prove
def test_a_capture_that_begins_in_mid_stream_is_right_or_silent() -> None:
    """CryptoNote's jobs state the target; Bitcoin's do not, until the pool sets a new one."""
    chance = Random(8)
    held = known = 0
    for _ in range(120):
        dialect = chance.choice(["bitcoin", "cryptonote"])
        truth = 10 ** chance.uniform(3, 6)
        pool = Pool(chance, dialect, off=16.0)
        book = captured(
            pool, [Rig([("a", truth)])], 1_500, chance.choice([0.0, 0.02]), chance.uniform(30, 400)
        )
        for verdict in book.verdicts():
            if verdict.role is Role.MINER and verdict.hashrate:
                known += 1
                held += verdict.hashrate[0].low <= truth <= verdict.hashrate[0].high
    print(f"{held} of {known} of 120")
    assert known >= 50
    assert held >= 0.93 * known
