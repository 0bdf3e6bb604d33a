"""Features of load curves: values worked by hand, and what no feature may depend on."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.lab.loads import KINDS, loads
from facts.errors import UsageError
from supervision.power.curves import Curves, Outages, usual_tariff
from supervision.power.features import NAMES, features, named

FIRST = date(2026, 3, 2)  # a Monday


def flat(days: int = 28, kw: float = 100.0) -> np.ndarray:
    return np.full((1, days, 96), kw, np.float32)


def of(kw: np.ndarray, **more: object) -> dict[str, float]:
    return dict(named(features(Curves(FIRST, kw.astype(np.float32), **more))[0]))  # type: ignore[arg-type]


def test_a_flat_load_has_a_load_factor_of_one_and_no_day_no_week_no_steps() -> None:
    found = of(flat())
    assert found["log_kw"] == pytest.approx(2)
    for name in ("load_factor", "night_day", "weekend", "peak_valley", "low", "high"):
        assert found[name] == pytest.approx(1, abs=1e-6), name
    for name in ("noise", "profile", "between", "days", "zero", "steps_up", "edges", "gaps"):
        assert found[name] == pytest.approx(0, abs=1e-4), name
    assert found["repeats"] == pytest.approx(1)
    assert np.isnan(found["holiday"])  # no holiday in the window
    assert np.isnan(found["hot_slope"])  # no temperature
    assert np.isnan(found["factor"])


def test_day_night_and_weekend_are_ratios_of_means() -> None:
    kw = flat()
    hours = np.arange(96) // 4
    kw[:, :, (hours >= 9) & (hours < 18)] = 40
    kw[:, 5::7] *= 2  # Saturdays
    kw[:, 6::7] *= 2
    found = of(kw)
    assert found["night_day"] == pytest.approx(2.5)
    assert found["weekend"] == pytest.approx(2)
    # peak: 8-12 and 17-21 h, of 8 hours 3 at 40 in the morning and 1 in the evening; valley: 0-8 h all at 100
    assert found["peak_valley"] == pytest.approx((4 * 40 + 4 * 100) / 8 / 100)
    assert found["profile"] == pytest.approx((100 - 40) / ((15 * 100 + 9 * 40) / 24), rel=1e-4)


def test_equal_blocks_coming_on_are_counted_and_known_to_be_equal() -> None:
    kw = flat(days=30, kw=25)
    for day in (6, 13, 20):
        kw[:, day:] += 25
    found = of(kw)
    assert found["steps_up"] == pytest.approx(3)
    assert found["steps_down"] == 0
    assert found["step_size"] == pytest.approx(0.25)
    assert found["step_equal"] == pytest.approx(0.01, abs=1e-3)  # one block, at the price of one
    assert found["step_sharp"] == pytest.approx(1, abs=1e-3)
    uneven = flat(days=30, kw=25)
    for day, step in ((6, 10.0), (13, 25.0), (20, 17.3)):
        uneven[:, day:] += step
    assert of(uneven)["step_equal"] > 0.05


def test_the_weather_slope_is_that_of_warm_days_beside_a_trend() -> None:
    days = 90
    celsius = (18 + 12 * np.sin(np.arange(days) / 5))[None].astype(np.float32)
    kw = np.repeat(100 + 2 * np.clip(celsius - 18, 0, None) + np.arange(days)[None] * 0.3, 96).reshape(
        1, days, 96
    )
    found = of(kw, celsius=celsius)
    assert found["hot_slope"] * 10 ** found["log_kw"] == pytest.approx(2, rel=0.01)
    assert found["weather_share"] == pytest.approx(1, abs=0.01)


def test_power_factor_imbalance_and_use_of_the_contract() -> None:
    kw = flat()
    phases = np.stack([kw * 0.5, kw * 0.3, kw * 0.2], axis=3)
    found = of(kw, kvar=kw * 0.75, phases=phases, capacity=np.array([250], np.float32))
    assert found["factor"] == pytest.approx(0.8)
    assert found["imbalance"] == pytest.approx((0.5 - 0.2) * 3, rel=1e-4)
    assert found["use"] == pytest.approx(0.4)


def test_outages_tell_where_the_load_falls_and_a_power_cut_tells_nothing() -> None:
    kw = flat()
    spans = [(96 * day + 40, 96 * day + 48) for day in (3, 9, 15, 21)]
    for first, after in spans:
        kw.reshape(-1)[first:after] = 20
    outages = Outages(np.zeros(4, np.int32), *(np.array(side, np.int32) for side in zip(*spans, strict=True)))
    found = of(kw, outages=outages)
    assert found["outage_drop"] == pytest.approx(0.8)
    assert found["outage_excess"] == pytest.approx(1)
    assert of(flat(), outages=outages)["outage_excess"] == 0
    dark = flat()
    for first, after in spans:
        dark.reshape(-1)[first:after] = 0
    assert np.isnan(of(dark, outages=outages)["outage_excess"])


def test_a_load_that_falls_every_evening_gets_no_coincidence() -> None:
    kw = flat()
    kw[:, :, 72:] = 10
    outages = Outages(
        np.array([-1], np.int32), np.array([96 * 5 + 73], np.int32), np.array([96 * 5 + 80], np.int32)
    )
    assert of(kw, outages=outages)["outage_excess"] == 0


def test_gaps_change_no_ratio_and_less_than_a_week_of_values_tells_nothing() -> None:
    kw = flat()
    kw[:, ::3] = np.nan
    found = of(kw)
    assert found["gaps"] == pytest.approx(10 / 28)
    assert found["load_factor"] == pytest.approx(1)
    kw[:, 5:] = np.nan
    assert all(np.isnan(value) for value in of(kw).values())


def test_one_account_is_told_the_same_alone_and_among_others() -> None:
    many = loads(5, "train", dict.fromkeys(KINDS, 2), 28).curves
    together = features(many)
    for row in (0, 17, 33):
        alone = features(many.part(row, row + 1))
        np.testing.assert_allclose(alone[0], together[row], rtol=2e-3, atol=2e-4)


def test_scaling_a_load_changes_its_size_alone() -> None:
    one = loads(6, "train", {"farm": 3, "office": 3}, 28).curves
    other = features(replace(one, kw=one.kw * np.float32(4), capacity=None, kvar=None, phases=None))
    base = features(replace(one, capacity=None, kvar=None, phases=None))
    size = NAMES.index("log_kw")
    np.testing.assert_allclose(other[:, size] - base[:, size], np.log10(4), atol=1e-4)
    np.testing.assert_allclose(np.delete(other, size, 1), np.delete(base, size, 1), rtol=1e-3, atol=1e-4)


def test_arrays_that_do_not_fit_are_named() -> None:
    with pytest.raises(UsageError, match="celsius of shape"):
        Curves(FIRST, flat(), celsius=np.zeros((1, 3), np.float32))
    with pytest.raises(UsageError, match="14 are the least"):
        Curves(FIRST, flat(13))
    assert usual_tariff().shape == (96,)
    assert FIRST + timedelta(days=5) not in Curves(FIRST, flat()).holidays
