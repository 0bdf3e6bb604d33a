"""The keys that say how much: always there, documented, finite, and consistent with one another."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.verdict import Hashrate, Machines, Pace, Power
from minescope.main import run
from pipeline.contract_quantities import quantities_json
from store.quantity_rows import from_json, to_json
from tests.store.made import verdict

ROOT = Path(__file__).parents[2]
HASHRATE = {
    "algorithm", "value", "low", "high", "unit", "shares", "rejected", "stale", "reported", "coverage",
    "seconds", "series",
}  # fmt: skip
PACE = {"worker", "start", "seconds", "shares", "rejected", "stale", "value", "low", "high"}
KEYS = {
    "machines": {"value", "low", "high", "exact", "basis"},
    "power_kw": {"value", "low", "high", "overhead", "models"},
    "energy_kwh": {"day", "month"},
}


def told(capture: str, printed: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    run(["replay", "--json", "-q", str(ROOT / "pcaps" / capture)])
    out = map(json.loads, printed.readouterr().out.splitlines())
    return [line for line in out if line["type"] == "verdict"]


@pytest.mark.parametrize(
    "capture", ["btcagent_farm.pcap.gz", "btc_farm.pcap", "xmr_rig.pcapng", "chain_jobs.pcap"]
)
def test_every_key_is_there_and_every_figure_lies_in_its_interval(
    capture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capture, capsys)
    assert any(one["power_kw"] for one in found)
    for one in found:
        for rate in one["hashrate"]:
            assert set(rate) == HASHRATE
            assert 0 < rate["low"] < rate["value"] < rate["high"] < math.inf
            assert rate["series"]
            assert all(
                set(row) == PACE and row["low"] <= row["value"] <= row["high"] for row in rate["series"]
            )
            assert sum(row["shares"] for row in rate["series"] if row["worker"] is None) == rate["shares"]
        for key, names in KEYS.items():
            assert one[key] is None or set(one[key]) == names
        assert (one["power_kw"] is None) == (one["energy_kwh"] is None)
        if one["power_kw"]:
            power, energy = one["power_kw"], one["energy_kwh"]
            assert power["low"] < power["value"] < power["high"]
            assert energy["day"]["value"] == pytest.approx(24 * power["value"], rel=1e-4)
            assert energy["month"]["high"] == pytest.approx(720 * power["high"], rel=1e-4)
        if one["machines"]:
            assert one["machines"]["low"] <= one["machines"]["value"] <= one["machines"]["high"]


def test_a_gateway_says_its_machines_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    (proxy,) = (one for one in told("btcagent_farm.pcap.gz", capsys) if one["role"] == "proxy")
    assert proxy["machines"] == {"value": 300, "low": 300, "high": 300, "exact": True, "basis": "sessions"}
    assert len(proxy["rigs"]) == proxy["workers"] == 300


def test_what_is_not_known_is_null() -> None:
    bare = replace(verdict(), hashrate=())
    assert quantities_json(bare) == {
        "hashrate": [], "rigs": [], "machines": None, "power_kw": None, "energy_kwh": None,
    }  # fmt: skip


def test_every_key_is_in_the_manual() -> None:
    page = (ROOT / "docs" / "output.md").read_text("utf-8")
    for key in {*HASHRATE, *PACE, *KEYS, *(name for names in KEYS.values() for name in names)}:
        assert f"`{key}`" in page or f"`{key}[]`" in page, key


def test_a_database_gives_back_what_it_was_given() -> None:
    pace = Pace("rig1", 10**18, 60.0, 5, 1, 0, 1e12, 5e11, 2e12)
    rate = Hashrate("sha256d", 1e12, 9e11, 1.1e12, 100, 1, 2, 1.2e12, 0.98, 10**12, (pace,))
    machines, power = (
        Machines(3, 2, 5, False, "workers"),
        Power(9.0, 7.0, 12.0, (1.02, 1.15), (("S19", 0.7),)),
    )
    full = replace(verdict(), hashrate=(rate,), machines=machines, power=power, rigs=("rig1", "rig2"))
    kept = from_json(json.loads(json.dumps(to_json(full))))
    assert kept == {"hashrate": (rate,), "machines": machines, "power": power, "rigs": ("rig1", "rig2")}


def test_rows_of_before_machines_were_counted_are_read() -> None:
    kept = from_json([["rx/0", 1000.0, 900.0, 1100.0]])
    assert kept == {"hashrate": (Hashrate("rx/0", 1000.0, 900.0, 1100.0),)}
    old = replace(verdict(), **kept)
    assert old.machines is None
    assert old.rigs == ()
