"""Farm or data centre: witnesses by hand, what is unknown, and drawn halls of parameters never seen."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.lab.loads import KINDS, MINES
from benchmarks.sites import halls
from supervision.power.features import NAMES
from supervision.site_files import side_of
from supervision.site_kind import WITNESSES, _table, decide, log_odds_parts, witnesses

FARM = {"mining_share": 0.9, "clients": 0.0, "network_bytes_per_kwh": 4e4, "mining_kw": 480.0}
CENTRE = {"mining_share": 0.0, "clients": 4_000.0, "network_bytes_per_kwh": 6e9}


def shape(**values: float) -> np.ndarray:
    row = np.full(len(NAMES), np.nan, np.float32)
    for name, value in values.items():
        row[NAMES.index(name)] = value
    return row


FLAT = shape(noise_on=0.004, profile=0.02, hot_slope=0.001, load_factor=0.95, outage_excess=0.9, edges=0.3)
SERVING = shape(noise_on=0.005, profile=0.12, hot_slope=0.009, load_factor=0.84, outage_excess=0.0, edges=0.0)


def test_both_sides_make_a_farm_or_a_data_centre() -> None:
    farm = decide(witnesses(side_of(FARM), FLAT, 500.0))
    assert farm.kind == "mining_farm"
    assert farm.probability > 0.99
    centre = decide(witnesses(side_of(CENTRE), SERVING, 500.0, pue=1.4))
    assert centre.kind == "data_centre"
    assert centre.log_odds == pytest.approx(sum(one.log_odds for one in centre.reasons))


def test_nothing_known_is_undecided() -> None:
    found = decide(witnesses(None, None))
    assert (found.kind, found.log_odds, found.reasons) == ("undecided", 0.0, ())


def test_one_insider_makes_no_farm_of_a_data_centre() -> None:
    side = side_of({**CENTRE, "mining_share": 0.002, "mining_kw": 6.0})
    assert decide(witnesses(side, SERVING, 500.0)).kind == "data_centre"


def test_more_of_a_witness_with_one_direction_never_speaks_for_the_other() -> None:
    for name, rising in (
        ("mining_share", True),
        ("clients", False),
        ("bytes_per_kwh", False),
        ("pue", False),
    ):
        grid = np.full((60, len(WITNESSES)), np.nan)
        grid[:, WITNESSES.index(name)] = np.linspace(-4, 12, 60)
        steps = np.diff(log_odds_parts(grid).sum(axis=1))
        assert ((steps >= -1e-9) if rising else (steps <= 1e-9)).all(), name


def test_every_witness_has_words_in_both_languages() -> None:
    assert set(_table()["words"]) == set(WITNESSES)
    told = decide(witnesses(side_of(FARM), FLAT, 500.0, pue=1.05)).reasons
    for one in told:
        assert "{" not in one.text("en") + one.text("zh")
        assert one.text("en") != one.text("zh")
    assert any("40,000" in one.text() or "4e+04" in one.text() for one in told)


def test_halls_of_parameters_never_seen() -> None:
    values, kind = halls("test", 21, 2, 2)
    odds = log_odds_parts(values).sum(axis=1)
    farm = kind < len(MINES)
    assert odds[farm].min() > np.quantile(odds[~farm], 0.9)
    hall = kind == KINDS.index("ai_hall")
    assert all(decide(row).kind != "mining_farm" for row in values[hall])


def test_a_side_without_power_still_counts() -> None:
    side = side_of(FARM)
    assert side is not None
    assert decide(witnesses(replace(side, power=None), FLAT)).kind == "mining_farm"
    assert side_of({"pue": 1.2}) is None
