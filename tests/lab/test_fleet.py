"""Fleets of known hashrate: what the product makes of their captures, beside the truth."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.fleet import Arrangement, Fleet, fleet
from facts.verdict import Verdict
from tests.lab.reading import verdicts


def judged(made: Fleet, path: Path) -> list[Verdict]:
    write_capture(made.network, path)
    return [one for one in verdicts(path) if one.role != "pool" and one.hashrate]


def test_the_truth_adds_up() -> None:
    made = fleet(1, "nat", machines=6, ticker="LTC")
    assert {machine.algorithm for machine in made.machines} == {"scrypt"}
    assert made.hashrate == pytest.approx(6 * 9.5e9, rel=0.05)
    assert made.watts == pytest.approx(6 * 3_425, rel=0.05)
    assert len(made.talks) == 6
    assert len({one.client for one in made.talks}) == 1


@pytest.mark.parametrize("count", [1, 100])
def test_btcagents_machines_are_counted_exactly(count: int, tmp_path: Path) -> None:
    found = judged(fleet(2, "agent", count), tmp_path / "agent.pcap")
    assert {(one.machines.value, one.machines.exact) for one in found if one.machines} == {(count, True)}


@pytest.mark.parametrize(("arrangement", "ticker"), [("direct", "BTC"), ("proxy", "DASH"), ("nat", "ETC")])
def test_a_coin_without_a_machine_is_refused_and_others_are_found(
    arrangement: Arrangement, ticker: str, tmp_path: Path
) -> None:
    if ticker == "DASH":
        with pytest.raises(ValueError, match="no model mines x11"):
            fleet(1, arrangement, 3, ticker)
        return
    made = fleet(3, arrangement, 3, ticker, minutes=10)
    found = judged(made, tmp_path / "fleet.pcap")
    assert len(found) == len({one.client for one in made.talks})


def test_an_agent_speaks_bitcoins_dialect_only() -> None:
    with pytest.raises(ValueError, match="BTCAgent does not speak"):
        fleet(1, "agent", 3, "XMR")


@pytest.mark.prove
@pytest.mark.parametrize("ticker", ["BTC", "XMR", "ETC"])
def test_intervals_of_the_hashrate_hold_the_truth(ticker: str, tmp_path: Path) -> None:
    held, ratios = [], []
    for seed in range(120):
        loss = (0.0, 0.01, 0.03, 0.05)[seed % 4]
        made = fleet(seed, "proxy", 10, ticker, minutes=30, loss=loss, split="test")
        (rate,) = (one.hashrate[0] for one in judged(made, tmp_path / "fleet.pcap"))
        held.append(rate.low <= made.hashrate <= rate.high)
        ratios.append(rate.value / made.hashrate)
    assert np.mean(held) >= 0.93 - 2 * (0.93 * 0.07 / len(held)) ** 0.5
    assert np.median(ratios) == pytest.approx(1, abs=0.05)
