"""Exits that meters do not bear out: by hand, and over curves in a lake."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.curve_lake import CurveLake
from store.database import Database
from supervision.exits.load import Drawn, Load, by_meter, judge
from supervision.exits.relapse import Relapse
from supervision.projects.events import Step
from supervision.projects.inventory import Measured, Power, Standing
from supervision.projects.project import Project, project_id
from supervision.projects.sightings import Size
from tests.supervision.curves import keep_curve
from tests.supervision.filled import FIRM, fill

EXIT = date(2026, 3, 1)
KNOWN = datetime(2026, 5, 1, tzinfo=UTC)
P = project_id(FIRM, "hz")


def days(*kwh: float) -> list[tuple[date, float]]:
    return [(EXIT + timedelta(days=n + 1), one) for n, one in enumerate(kwh)]


def test_a_load_that_fell_for_good_says_nothing() -> None:
    assert judge(Drawn(2400.0, 1200.0, days(*[24.0] * 30))) is None


def test_a_load_that_came_back_is_told_from_its_first_day() -> None:
    found = judge(Drawn(2400.0, 1200.0, days(*[24.0] * 12, *[2424.0] * 10)))
    assert found == Load("power-back", EXIT + timedelta(days=13), 100.0)


def test_a_load_that_never_fell_is_told() -> None:
    assert judge(Drawn(2400.0, 1200.0, days(*[2400.0] * 9))) == Load(
        "power-stays", EXIT + timedelta(days=1), 100.0
    )


def test_weekends_of_a_host_are_neither_exit_nor_relapse() -> None:
    """An office that takes 1,000 kWh on working days and 200 else, where machines took 1,200 a day."""
    office = [1000.0 if (EXIT + timedelta(days=n + 1)).weekday() < 5 else 200.0 for n in range(60)]
    assert judge(Drawn(2000.0, 1200.0, days(*office))) is None
    again = [kwh + (1200.0 if n >= 30 else 0.0) for n, kwh in enumerate(office)]
    found = judge(Drawn(2000.0, 1200.0, days(*again)))
    assert found is not None
    assert (found.kind, found.seen) == ("power-back", EXIT + timedelta(days=31))


def test_of_an_unmeasured_fleet_only_a_load_that_came_back_is_told() -> None:
    found = judge(Drawn(2400.0, 0.0, days(*[24.0] * 12, *[2424.0] * 10)))
    assert found == Load("power-back", EXIT + timedelta(days=13), 100.0)
    assert judge(Drawn(2400.0, 0.0, days(*[2400.0] * 30))) is None
    assert judge(Drawn(2400.0, 0.0, days(*[1400.0] * 12, *[2400.0] * 10))) is None


def test_too_few_days_say_nothing() -> None:
    assert judge(Drawn(2400.0, 1200.0, days(*[2400.0] * 4))) is None
    assert judge(Drawn(0.0, 1200.0, days(*[2400.0] * 30))) is None


@given(
    st.floats(100.0, 1e5),
    st.floats(0.0, 0.3),
    st.integers(0, 40),
    st.integers(7, 20),
    st.sets(st.integers(0, 60), max_size=4),
)
def test_whoever_draws_half_of_it_again_for_a_week_is_told(
    before: float, idle: float, quiet: int, back: int, lost: set[int]
) -> None:
    """Whatever days are lost: a quiet load is never told of, one that comes back always is."""
    low, high = before * idle, before * 0.9
    course = [*[low] * (quiet + 7), *[high] * back]
    kept = [one for n, one in enumerate(days(*course)) if n not in lost]
    found = judge(Drawn(before, before * 0.8, kept))
    held = [day for day, kwh in kept if kwh == high]
    if len(held) >= 7 and sum(kwh == low for _, kwh in kept) >= 7:
        assert found is not None
        assert found.kind == "power-back"
        assert found.seen == held[0]
    assert judge(Drawn(before, before * 0.8, [one for one in kept if one[1] == low])) is None


def standing(kw: float | None = 60.0) -> dict[str, Standing]:
    power = None if kw is None else Power(kw, kw * 0.7, kw * 1.4)
    measured = Measured(P, EXIT, KNOWN, None, {}, power, ())
    return {P: Standing(P, Step.EXITED, EXIT, date(2026, 1, 1), 0, measured)}


def told(db: Database, lake: CurveLake, standings: dict[str, Standing], *seen: Relapse) -> list[Relapse]:
    project = Project(P, "running", FIRM, "hz", "", "330102", KNOWN, "li", "energy")
    with db.reading() as connection:
        return list(by_meter(connection, lake, [project], {}, standings, KNOWN, seen))


@pytest.fixture
def lake(db: Database, tmp_path: Path) -> CurveLake:
    fill(db, tmp_path / "registry")
    kw = np.full((100, 96), 60.0)  # from 1 January on; 59 days before the exit
    kw[59:80] = 1.0
    keep_curve(tmp_path / "lake", "ZJ1", date(2026, 1, 1), kw)
    return CurveLake(tmp_path / "lake")


def test_a_project_whose_account_draws_again_is_told_with_its_readings(db: Database, lake: CurveLake) -> None:
    [one] = told(db, lake, standing())
    assert (one.project, one.kind, one.exited, one.seen) == (P, "power-back", EXIT, date(2026, 3, 22))
    assert (one.uscc, one.site, one.division) == (FIRM, "hz", "330102")
    assert one.evidence == ("reading:ZJ1/2026-03-22/2026-03-28",)
    assert one.size.kw is not None
    assert one.size.kw.value == pytest.approx(59.0)
    assert one.size.kw.low < 59.0 < one.size.kw.high
    assert told(db, lake, standing(None)) == [one]  # what the machines took is not known


def test_what_traffic_tells_of_at_the_place_is_told_once(db: Database, lake: CurveLake) -> None:
    seen = Relapse(P, "330102", "returned", EXIT, EXIT, FIRM, "hz", Size(None, {}, None, {}, 0), ())
    assert told(db, lake, standing(), seen) == []


def test_single_gaps_hide_nothing_and_days_of_gaps_say_nothing(db: Database, tmp_path: Path) -> None:
    fill(db, tmp_path / "registry")
    kw = np.full((100, 96), 60.0)
    kw[59:80] = 1.0
    kw[:, 40:42] = np.nan  # two points of every day
    kw[81] = np.nan
    keep_curve(tmp_path / "lake", "ZJ1", date(2026, 1, 1), kw)
    [one] = told(db, CurveLake(tmp_path / "lake"), standing())
    assert (one.kind, one.seen) == ("power-back", date(2026, 3, 22))
    assert one.size.kw is not None
    assert one.size.kw.value == pytest.approx(59.0)
