"""Long proofs of load judgements, on places, sites and plants whose parameters were not trained on."""

from datetime import date

import pytest

from benchmarks.lab.loads_plants import plants
from benchmarks.power import FOLDER, evaluate, speed
from benchmarks.sites import kind_figures, reconcile_figures
from supervision.power.private_line import watch

pytestmark = pytest.mark.prove


def test_farms_are_told_from_data_centres() -> None:
    found = kind_figures("test", 41, 12, 6)
    assert float(str(found["auc"])) >= 0.99
    hall = found["ai_hall"]
    assert isinstance(hall, dict)
    assert hall["mining_farm"] <= 0.02


def test_five_planted_discrepancies_and_no_honest_site_accused() -> None:
    found = reconcile_figures("test", 42, 45, 6)
    assert float(str(found["macro_f1"])) >= 0.9
    assert int(str(found["honest"])) >= 1_000
    assert found["false_theft"] == 0


def test_abnormal_power_at_the_real_base_rate() -> None:
    found = evaluate(FOLDER, 60, 7, 43)
    assert float(str(found["auc"])) >= 0.99
    at_rate = found["at_base_rate"]
    assert isinstance(at_rate, dict)
    figures = at_rate["1:4,000"]["suspected"]
    print(at_rate)
    assert figures["recall"] >= 0.6
    assert figures["false_alarms"] <= 0.01


def test_a_province_of_meters_in_ten_minutes_and_four_gigabytes() -> None:
    found = speed(FOLDER, 6_000)
    per_meter = found["cpu_s"] / found["accounts"]
    assert per_meter * 100_000 <= 2 * 600  # two cores, ten minutes
    assert found["peak_mb"] <= 4_000


def test_private_lines_are_found_and_no_plant_accused_without_one() -> None:
    lines = hit = wrong = 0
    for seed in range(100, 108):
        made = plants(seed, "test")
        suspected = {one.plant for one in watch(made.plants, made.loads, date(2026, 1, 1)) if one.suspected}
        lines += len(made.lines)
        hit += len(suspected & set(made.lines))
        wrong += len(suspected - set(made.lines))
    assert hit >= 0.75 * lines
    assert wrong <= 1
