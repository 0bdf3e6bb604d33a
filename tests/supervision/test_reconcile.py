"""Network against meter: each finding made by hand, what never accuses, and drawn sites of other
parameters."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.lab.loads_sites import sites
from classifier.power_table import shipped
from facts.errors import UsageError
from supervision.reconcile import Finding, SiteHours, band_alarm, place_wrong, reconcile
from supervision.reconcile_shape import Reason, following
from supervision.reconcile_words import _table, band, finding_text, reason_text

HOURS = 28 * 24


def farm(seed: int = 1, kw: float = 100.0) -> np.ndarray:
    """A steady farm with eight outages at odd hours."""
    rng = np.random.default_rng(seed)
    made = kw * (1 + 0.01 * rng.standard_normal(HOURS))
    for first in rng.choice(np.arange(30, HOURS - 30, 13), 8, replace=False):
        made[first : first + 4] = 0
    return made


def shop(kw: float = 100.0) -> np.ndarray:
    hour = np.arange(HOURS) % 24
    noise = 1 + 0.05 * np.random.default_rng(9).standard_normal(HOURS)
    return kw * np.where((hour >= 9) & (hour < 21), 1.8, 0.2) * noise


def site(metered: np.ndarray, network: np.ndarray | None = None, **more: object) -> SiteHours:
    told = farm() if network is None else network
    return SiteHours("s", told, told * 0.8, told * 1.25, metered, **more)  # type: ignore[arg-type]


def kinds(found: object) -> set[str]:
    return {reason.kind for reason in found.reasons}  # type: ignore[attr-defined]


def test_a_meter_that_counts_the_machines_agrees_and_follows() -> None:
    found = reconcile(site(farm() * 1.08))
    assert found.finding is Finding.AGREE
    assert found.follows.part == pytest.approx(1.08, abs=0.03)
    assert found.ratio == pytest.approx(1.08, abs=0.01)
    assert (found.inside == 0).all()
    assert kinds(found) == {"levels_agree", "meter_follows"}


def test_twice_the_load_that_stops_together_is_hidden_machines() -> None:
    found = reconcile(site(farm() * 2.5))
    assert found.finding is Finding.HIDDEN
    assert "load_follows" in kinds(found)


def test_a_shop_beside_the_machines_is_another_load() -> None:
    assert reconcile(site(farm() * 1.05 + shop(150))).finding is Finding.OTHER


def test_machines_that_the_meter_never_follows_stand_elsewhere_until_something_tells_of_a_line() -> None:
    alone = reconcile(site(shop(20)))
    assert alone.finding is Finding.WRONG
    assert "look_at_attribution" in kinds(alone)
    fed = reconcile(site(shop(20), unaccounted=farm() * 1.05))
    assert fed.finding is Finding.THEFT
    assert "feeder_loses" in kinds(fed)
    plant = reconcile(site(shop(20), plant_fall=95.0))
    assert plant.finding is Finding.THEFT
    neighbour = reconcile(site(shop(20), unaccounted=np.full(HOURS, 100.0)))
    assert neighbour.finding is Finding.WRONG  # as much is lost, but not when these machines run


def test_a_meter_that_follows_a_third_is_led_around() -> None:
    found = reconcile(site(farm() * 0.35))
    assert found.finding is Finding.THEFT
    assert "meter_follows_in_part" in kinds(found)


def test_an_estimate_a_little_too_high_accuses_nobody() -> None:
    found = reconcile(site(farm() * 0.68))
    assert found.finding is Finding.AGREE
    assert "estimate_high" in kinds(found)


def test_hours_below_what_machines_need_put_them_elsewhere_whatever_the_mean() -> None:
    network = np.full(HOURS, 100.0)  # never changes: nothing to follow
    found = reconcile(site(shop(110), network))
    assert found.finding is Finding.WRONG
    assert "hours_below" in kinds(found)


def test_too_few_hours_say_nothing() -> None:
    metered = farm()
    metered[60:] = np.nan
    assert reconcile(site(metered)).finding is Finding.UNKNOWN


def test_two_loads_on_one_clock_do_not_follow_each_other() -> None:
    hour = np.arange(HOURS) % 24
    rng = np.random.default_rng(3)
    switched = np.where(hour < 8, 100.0, 0.0)
    found = following(switched, switched * 3 + rng.standard_normal(HOURS))
    assert not found.known


def test_the_right_meter_is_found_among_others() -> None:
    own, other = farm(1), farm(2)
    first = replace(site(shop(30), own), site="a")
    second = replace(site(own * 1.1, own), site="b")
    third = replace(site(other * 1.1, other), site="c")
    found = place_wrong([first, second, third], [reconcile(one) for one in (first, second, third)])
    assert [one.better_site for one in found] == ["b", None, None]


def test_joules_outside_the_band_alarm() -> None:
    # 100 kW at 3 PH/s are 33 J/TH, at 30 PH/s 3.3 and at 0.3 PH/s 333
    least_most = band(shipped(), "sha256d", 2026 - 1970)
    assert least_most is not None
    alarms = [
        band_alarm(reconcile(site(farm() * 1.05, hashrate=rate)).joules_per_th, least_most)
        for rate in (3e15, 3e16, 3e14)
    ]
    assert alarms[0] is None
    assert [alarm.kind for alarm in alarms[1:] if alarm] == ["joules_too_few", "joules_too_many"]
    assert band(shipped(), "no such algorithm", 56) is None


@settings(max_examples=12, deadline=None)
@given(st.floats(0.01, 1e4), st.integers(0, 4))
def test_the_finding_does_not_depend_on_the_size(scale: float, which: int) -> None:
    metered = (farm() * 1.05, farm() * 2.5, farm() + shop(150), shop(20), farm() * 0.35)[which]
    one = reconcile(site(metered))
    other = reconcile(site(metered * scale, farm() * scale))
    assert one.finding is other.finding


@given(st.lists(st.one_of(st.floats(0, 1e5), st.just(float("nan"))), min_size=0, max_size=300))
@settings(max_examples=40, deadline=None)
def test_no_series_breaks_it(values: list[float]) -> None:
    series = np.array(values, np.float64)
    reconcile(SiteHours("s", series, series * 0.8, series * 1.2, series[::-1].copy()))


def test_lengths_that_do_not_fit_are_named() -> None:
    with pytest.raises(UsageError, match="metered"):
        SiteHours("s", farm(), farm(), farm(), farm()[:-1])


def test_every_reason_has_both_sentences() -> None:
    for finding in Finding:
        assert finding_text(finding, "zh") != finding_text(finding, "en")
    made = sites(3, "test", 8)
    seen = set()
    for one in (reconcile(each) for each in made.sites):
        for reason in one.reasons:
            seen.add(reason.kind)
            for lang in ("en", "zh"):
                assert "{" not in reason_text(reason, lang)
    assert seen <= set(_table()["reasons"])
    assert reason_text(Reason("other_meter_follows", (("site", "b"), ("percent", 90.0))), "zh").startswith(
        "b "
    )


def test_drawn_sites_of_parameters_never_seen() -> None:
    made = sites(11, "test", 12)
    found = [reconcile(one) for one in made.sites]
    right = sum(one.finding is truth for one, truth in zip(found, made.truth, strict=True))
    assert right >= 0.85 * len(found)
    accused = [t for one, t in zip(found, made.truth, strict=True) if one.finding is Finding.THEFT]
    assert set(accused) == {Finding.THEFT}
