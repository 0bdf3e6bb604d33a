"""Policy dates as they are drawn: every reaction, in its days, the same for a seed."""

from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.lab.draw import Split
from benchmarks.lab.province import Sort
from benchmarks.lab.province_dates import CALENDARS, Dates, Reaction
from benchmarks.lab.province_files import dates_told
from benchmarks.lab.province_power import _in_phases, power
from benchmarks.lab.province_reacting import AFTER, BEFORE, reacting_province


def drawn(seed: int, calendar: str, split: Split = "test") -> Dates:
    found = reacting_province(seed, split, calendar, mining=2, honest=2).dates
    assert found is not None
    return found


@pytest.mark.parametrize("calendar", sorted(CALENDARS))
@pytest.mark.parametrize("seed", range(6))
def test_every_reaction_has_its_days(calendar: str, seed: int) -> None:
    dates, rule = drawn(seed, calendar), CALENDARS[calendar]
    assert {one.reaction for one in dates.reacting} == set(Reaction)
    assert rule.noticed < rule.tariff < dates.deadline < dates.captures[-1]
    last = dates.captures[-1]
    for one in dates.reacting:
        assert one.phases[0].first == date.min
        assert one.on is None or rule.noticed < one.on <= last
        assert one.back is None or (one.on is not None and one.on < one.back < last)
        now, before = dates.phase(one.site, last), dates.phase(one.site, dates.captures[0])
        assert now is not None
        assert before is not None
        match one.reaction:
            case Reaction.SAVES:
                assert 0 < now.machines < before.machines
                assert 0 <= ((one.on or last) - rule.tariff).days <= 4
            case Reaction.LEAVES:
                assert now.machines == 0 < before.machines
                assert (one.on or last) < dates.deadline
            case Reaction.MOVES:
                assert (now.machines == 0) == bool(one.to)
            case Reaction.HIDES:
                assert now.sealed
                assert now.machines == before.machines
            case Reaction.RELAPSES | Reaction.RETURNS_HIDDEN | Reaction.REOCCUPIED:
                gone = dates.phase(one.site, dates.captures[3])
                assert gone is not None
                assert gone.machines == 0 < now.machines
                assert now.sealed == (one.reaction is Reaction.RETURNS_HIDDEN)
                assert (one.back or last) > dates.deadline


def test_the_dates_are_those_that_provinces_set() -> None:
    told = {name: (one.noticed, one.tariff, one.rate) for name, one in CALENDARS.items()}
    notice = date(2021, 9, 24)
    assert told == {
        "zhejiang": (notice, date(2022, 2, 14), "0.50"),
        "hainan": (notice, date(2021, 12, 3), "0.80"),
        "inner-mongolia": (notice, date(2022, 1, 26), "1.00"),
    }


def test_the_same_seed_draws_the_same_and_the_window_holds_all() -> None:
    made = reacting_province(4, "train", "zhejiang")
    assert made == reacting_province(4, "train", "zhejiang")
    assert made != reacting_province(5, "train", "zhejiang")
    assert made.dates is not None
    assert made.first == CALENDARS["zhejiang"].noticed - timedelta(days=BEFORE)
    assert made.captured == made.dates.deadline + timedelta(days=AFTER) == made.dates.captures[-1]
    [rule] = made.policies
    assert (rule.rate, rule.valid_from) == ("0.50", date(2022, 2, 14))


def test_nobody_mines_before_it_began_or_after_it_left() -> None:
    made = reacting_province(7, "test", "hainan", mining=12)
    assert made.dates is not None
    reacting = {one.site for one in made.dates.reacting}
    for day in made.dates.captures:
        here = {site.id for site in made.mining(day)}
        for site in made.sites:
            if site.since > day or site.sort in (Sort.LEFT, Sort.HONEST):
                assert site.id not in here
            phase = made.dates.phase(site.id, day)
            assert (phase is None) == (site.id not in reacting)
            if phase is not None:
                assert (site.id in here) == (phase.machines > 0 and site.since <= day)


def test_the_load_has_the_part_of_each_phase_from_midnight_on() -> None:
    first = date(2021, 9, 1)
    full = np.full(5 * 96, 8.0, np.float32)
    parts = [(first, 1.0), (date(2021, 9, 3), 0.25), (date(2021, 9, 5), 0.0)]
    by_day = _in_phases(full, parts, first).reshape(5, 96)
    assert by_day.min(axis=1).tolist() == by_day.max(axis=1).tolist() == [8.0, 8.0, 2.0, 2.0, 0.0]


def test_a_province_without_dates_says_nothing_of_them() -> None:
    made = reacting_province(3, "test", "hainan", reacting=0, mining=0, honest=2)
    assert made.dates is not None
    assert made.dates.reacting == ()
    told = dates_told(made, {})
    assert told is not None
    assert told["rate"] == "0.80"
    curves = power(made, {})
    assert all(one.mining.max() == 0 for one in curves.values())
