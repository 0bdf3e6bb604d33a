"""Coins, algorithms and hashrates of the sample in which rigs mine on several chains."""

import json
from pathlib import Path
from typing import Any

import pytest

from minescope.main import run

SAMPLE = Path(__file__).parents[2] / "pcaps" / "chain_jobs.pcap"
SPAN_S = 20 * 15.0
DIFFICULTY = 10 + 10 * 2
"""Shares by their jobs' difficulty: the one that came after it was raised is still of the first job."""


@pytest.fixture(scope="module")
def miners() -> dict[str, dict[str, Any]]:
    import io
    from contextlib import redirect_stdout

    printed = io.StringIO()
    with redirect_stdout(printed):
        run(["replay", "--json", "-q", str(SAMPLE)])
    lines = map(json.loads, printed.getvalue().splitlines())
    return {line["address"]: line for line in lines if line["type"] == "verdict" and line["role"] == "miner"}


@pytest.mark.parametrize(
    ("rig", "coins", "algorithm", "worth"),
    [
        (60, ["LTC"], "scrypt", 65_536 * 65_537),
        (61, ["DASH"], "x11", 4_096 * 4_295_032_833),
        (62, ["BCH"], "sha256d", 65_536 * 4_295_032_833),
        (63, ["XEC"], "sha256d", 65_536 * 4_295_032_833),
        (64, ["DGB"], "groestl", 16 * 16_777_472),
        (65, ["LTC"], "scrypt", 65_536 * 65_537),
        (66, [], None, None),
    ],
)
def test_each_rig_is_on_its_chain(
    miners: dict[str, dict[str, Any]], rig: int, coins: list[str], algorithm: str | None, worth: int | None
) -> None:
    miner = miners[f"192.0.2.{rig}"]
    assert miner["coins"] == coins
    assert miner["algorithms"] == ([] if algorithm is None else [algorithm])
    if worth is None:
        assert miner["hashrate"] == []
        return
    (rate,) = miner["hashrate"]
    assert rate["algorithm"] == algorithm
    assert rate["value"] == pytest.approx(DIFFICULTY * worth / SPAN_S, rel=0.02)  # the round trips
    assert rate["low"] < rate["value"] < rate["high"]
