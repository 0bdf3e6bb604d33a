"""Hashrate behind encryption: a wide range from the rhythm of messages, or nothing."""

from ipaddress import ip_address
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.hashrate_sealed import sealed_hashrate
from classifier.phrases import render
from facts.instant import NS
from facts.rhythm import PACKET, RESENT
from facts.where import Where

MINER, POOL = 0, 1


def log(rows: list[tuple[float, int, int]]) -> NDArray[np.void]:
    made = np.zeros(len(rows), PACKET)
    for row, (at_s, way, size) in zip(made, sorted(rows), strict=True):
        row["at_ns"], row["way"], row["size"] = int(at_s * NS), way, size
    return made


def session(
    chance: Random, share_s: float, seconds: float, keepalive: bool = True
) -> list[tuple[float, int, int]]:
    """TLS 1.3 records of an XMRig session: 255 bytes a share, 85 its answer, 398 a job, 124 and 93 a ping."""
    rows: list[tuple[float, int, int]] = []
    at = 0.0
    while (at := at + chance.expovariate(1 / share_s)) < seconds:
        rows += [(at, MINER, 255 + chance.randint(0, 4)), (at + 0.05, POOL, 85)]
    at = 0.0
    while (at := at + chance.expovariate(1 / 90)) < seconds:
        rows.append((at, POOL, 398))
    for ping in range(60, int(seconds), 60) if keepalive else ():
        rows += [(ping + 0.5, MINER, 124), (ping + 0.55, POOL, 93)]
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_the_range_holds_the_truth_and_says_how_wide_it_is(seed: int) -> None:
    chance = Random(seed)
    worth = chance.uniform(50_000, 400_000)
    share_s = chance.uniform(8, 40)
    found = sealed_hashrate(log(session(chance, share_s, 3_600)), MINER, "rx/0", (30_000, 480_000))
    assert found is not None
    assert found.rate.low < worth / share_s < found.rate.high
    assert found.rate.shares == pytest.approx(3_600 / share_s, rel=0.3)
    assert found.rate.high / found.rate.low > 16  # the range of the difficulty alone
    told = found.because(ip_address("192.0.2.1"), "198.51.100.1:443", Where("x.pcap", 4), 0)
    assert "wide estimate" in render(told)
    assert "区间很宽" in render(told, "zh")
    assert "?" not in render(told)


def test_keep_alives_are_no_shares() -> None:
    rows = [
        (60.0 * n + part, way, size)
        for n in range(60)
        for part, way, size in ((0, MINER, 124), (0.1, POOL, 93))
    ]
    assert sealed_hashrate(log(rows), MINER, "rx/0", (1e4, 1e5)) is None
    chance = Random(1)
    with_pings = sealed_hashrate(log(session(chance, 20, 3_600)), MINER, "rx/0", (1e4, 1e5))
    assert with_pings is not None
    assert with_pings.most_shares == with_pings.rate.shares


def test_what_is_not_answered_is_no_share() -> None:
    rows = [(n * 17.3 + n % 7, MINER, 255) for n in range(100)] + [(0.0, POOL, 398)]
    assert sealed_hashrate(log(rows), MINER, "rx/0", (1e4, 1e5)) is None


def test_copies_are_counted_once() -> None:
    rows = log(session(Random(2), 15, 1_800))
    again = rows.copy()
    again["marks"] = RESENT
    again["at_ns"] += 300_000_000
    both = np.concatenate((rows, again))
    both = both[np.argsort(both["at_ns"], kind="stable")]
    assert sealed_hashrate(both, MINER, "rx/0", (1e4, 1e5)) == sealed_hashrate(
        rows, MINER, "rx/0", (1e4, 1e5)
    )


@pytest.mark.parametrize("rows", [[], [(0.0, MINER, 9)], [(0.0, POOL, 9), (900.0, POOL, 9)]])
def test_too_little_gives_nothing(rows: list[tuple[float, int, int]]) -> None:
    assert sealed_hashrate(log(rows), MINER, "rx/0", (1e4, 1e5)) is None


@pytest.mark.parametrize("worth", [(0.0, 1.0), (2.0, 1.0), (1.0, float("inf"))])
def test_a_range_must_be_one(worth: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no range"):
        sealed_hashrate(log([]), MINER, "rx/0", worth)
