"""Private lines watched for, and use beside output: series and peers made by hand, and drawn ones."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.lab.loads_plants import plants
from facts.errors import UsageError
from supervision.power.output import Enterprise, beside_peers
from supervision.power.private_line import Load, Plant, watch

FIRST = date(2026, 1, 1)
DAYS = 150


def river(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 1 + 0.5 * np.sin(np.arange(DAYS) / 9) + 0.05 * rng.standard_normal(DAYS)


def plant(taken: float = 0.0, **more: object) -> Plant:
    water = river()
    delivered = 24_000 * water * (1 + 0.02 * np.random.default_rng(1).standard_normal(DAYS))
    delivered[100:] -= 24 * taken
    made = Plant("weir", delivered, water, None, "hydro", "330102")
    return replace(made, **more)  # type: ignore[arg-type]


def load(kw: float = 300.0, day: int = 101, place: str = "330102") -> Load:
    return Load("farm", np.where(np.arange(DAYS) < day, np.nan, kw), place)


def test_a_fall_that_a_load_answers_is_suspected_with_its_day_and_kilowatts() -> None:
    [found] = watch([plant(300)], [load()], FIRST)
    assert found.suspected
    assert abs((found.day - (FIRST + timedelta(days=100))).days) <= 2
    assert found.low < 300 < found.high
    assert found.load_kw == pytest.approx(300, rel=0.1)


def test_a_dry_river_and_a_dispatch_order_explain_a_fall() -> None:
    assert watch([plant(0)], [load()], FIRST) == []
    held = np.zeros(DAYS)
    held[100:] = 24 * 300
    assert watch([plant(300, held_back=held)], [load()], FIRST) == []
    dry = river()
    dry[100:] *= 0.6
    delivered = 24_000 * dry
    assert watch([plant(0, resource=dry, delivered=delivered)], [load()], FIRST) == []


def test_a_load_elsewhere_or_at_another_time_answers_nothing() -> None:
    for other in (load(place="330203"), load(day=60), load(kw=3_000)):
        [found] = watch([plant(300)], [other], FIRST)
        assert not found.suspected


def test_plants_without_a_gauge_are_held_against_their_peers() -> None:
    own = replace(plant(300), resource=None)
    peers = [
        Plant(
            f"p{i}",
            24_000 * river() * (1 + 0.02 * np.random.default_rng(i).standard_normal(DAYS)),
            None,
            None,
            "hydro",
        )
        for i in range(5, 9)
    ]
    [found] = watch([own, *peers], [load()], FIRST)
    assert (found.plant, found.by) == ("weir", "peers")
    assert watch([own], [load()], FIRST) == []  # nobody to hold it against


def test_series_of_other_lengths_are_named() -> None:
    with pytest.raises(UsageError, match="not of the same days"):
        watch([plant()], [Load("x", np.zeros(3))], FIRST)


def test_no_drawn_plant_is_accused_without_a_line_and_most_lines_are_found() -> None:
    made = plants(3, "test")
    found = {fall.plant: fall for fall in watch(made.plants, made.loads, FIRST) if fall.suspected}
    assert set(found) <= set(made.lines)
    assert len(found) >= 0.6 * len(made.lines)


def peers(count: int = 30, industry: str = "C3216") -> list[Enterprise]:
    ratios = np.exp(np.random.default_rng(2).normal(0, 0.3, count))
    return [Enterprise(f"E{i}", industry, 1e6 * r, 1e6, 100.0) for i, r in enumerate(ratios)]


def test_high_use_with_low_output_stands_out_by_both_bases() -> None:
    found = beside_peers([*peers(), Enterprise("X", "C3216", 2e7, 1e6, 100.0)])
    assert {(one.uscc, one.basis) for one in found[:2]} == {("X", "headcount"), ("X", "output")}
    assert all(one.high and one.percentile == 100 and one.count == 30 for one in found[:2])
    assert not any(one.high for one in found[2:])


def test_too_few_of_a_class_are_held_against_the_wider_one_and_never_a_whole_section() -> None:
    few = [Enterprise("X", "C3299", 2e7, 1e6, None), *peers(24)]
    [top, *_] = beside_peers(few)
    assert (top.uscc, top.peers) == ("X", "C32")
    other = [Enterprise("X", "C1100", 2e7, 1e6, None), *peers(24)]
    assert all(one.uscc != "X" for one in beside_peers(other))


def test_a_third_of_hidden_farms_do_not_shift_what_is_usual() -> None:
    crowd = [*peers(30), *(Enterprise(f"F{i}", "C3216", 3e7, 1e6, None) for i in range(12))]
    high = {one.uscc for one in beside_peers(crowd) if one.high}
    assert {f"F{i}" for i in range(12)} <= high
    assert not {f"E{i}" for i in range(30)} & high


def test_what_was_not_reported_is_left_out() -> None:
    found = beside_peers([*peers(), Enterprise("X", "C3216", 2e7, None, 0.0)])
    assert all(one.uscc != "X" for one in found)
