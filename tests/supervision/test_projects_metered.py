"""What meters count at projects: by hand, with gaps, shared accounts, as known at a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from facts.instant import nanoseconds
from pipeline.registry_import import Options, files_of, import_files
from store.curve_lake import CurveLake
from store.database import Database, open_database
from supervision.projects.metered import metered, metered_json, totals_json
from supervision.projects.metering import Counted
from supervision.projects.project import Particulars, Project, project_id
from tests.supervision.curves import keep_curve
from tests.supervision.filled import FIRM, OTHER, fill

SUNDAY = date(2026, 3, 15)
FIRST = date(2026, 3, 2)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
HZ = Project(project_id(FIRM, "hz"), "running", FIRM, "hz", "", "330102", NOW, "li", "energy")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'm.db'}") as opened:
        fill(opened, tmp_path / "registry")
        yield opened


def days(*kw: float) -> np.ndarray:
    return np.repeat(np.array(kw, np.float32)[:, None], 96, axis=1)


def found(
    database: Database,
    lake: CurveLake,
    *projects: Project,
    known: datetime = NOW,
    entered: tuple[str, ...] = (),
    weeks: int = 2,
) -> Counted:
    named = {one.id: Particulars(one.id, NOW, "li", "x", accounts=entered) for one in projects}
    with database.reading() as connection:
        return metered(connection, lake, projects, named, SUNDAY, known, weeks)


def test_energy_week_on_week_and_power_now(database: Database, tmp_path: Path) -> None:
    keep_curve(tmp_path, "ZJ1", FIRST, days(*[100.0] * 7, *[110.0] * 7))
    lake = CurveLake(tmp_path)
    [one] = found(database, lake, HZ).projects.values()
    assert one.accounts == ("ZJ1",)  # the registry's, of this enterprise at this site
    assert [(week.first, week.kwh, week.days) for week in one.weeks] == [
        (date(2026, 3, 9), 18_480.0, 7),
        (date(2026, 3, 2), 16_800.0, 7),
    ]
    assert one.change == pytest.approx(0.1)
    assert (one.last, one.kw) == (SUNDAY, 110.0)
    told = metered_json(one, {"value": 105.0, "low": 90.0, "high": 108.0})
    assert told is not None
    assert (told["change"], told["beside_estimate"]) == (0.1, "above")
    assert told["evidence"] == ["reading:ZJ1/2026-03-02/2026-03-15"]
    [longer] = found(database, lake, HZ, weeks=4).projects.values()
    assert [week.days for week in longer.weeks] == [7, 7, 0, 0]


def test_a_gap_makes_no_comparison_and_no_power(database: Database, tmp_path: Path) -> None:
    kw = days(*[100.0] * 14)
    kw[12, :40] = np.nan
    kw[13] = np.nan
    keep_curve(tmp_path, "ZJ1", FIRST, kw)
    every = found(database, CurveLake(tmp_path), HZ)
    [one] = every.projects.values()
    assert (one.change, one.weeks[0].days, one.last, one.kw) == (None, 5, date(2026, 3, 13), 100.0)
    told = totals_json(every)
    assert (told["not_whole"], told["change"], told["kw"]) == (1, None, 100.0)
    now, before = one.weeks
    assert now.kwh == 5 * 2_400 + 56 * 25  # five whole days, and 56 quarters of an hour of the sixth
    assert now.interval == pytest.approx(
        (13_400 * 0.99, 7 * 2_400 * 1.01)
    )  # days not read: at most the largest
    assert before.interval == pytest.approx((16_800 * 0.99, 16_800 * 1.01))
    [of_nothing] = found(database, CurveLake(tmp_path / "none"), HZ).projects.values()
    assert of_nothing.weeks[0].interval == (0.0, None)


def test_it_is_as_was_known_then(database: Database, tmp_path: Path) -> None:
    before = int((NOW - timedelta(days=5)).timestamp()) * 10**9
    keep_curve(tmp_path, "ZJ1", FIRST, days(*[100.0] * 14), before)
    keep_curve(tmp_path, "ZJ1", FIRST, days(*[10.0] * 14), before + 86_400 * 10**9)
    lake = CurveLake(tmp_path)
    [now] = found(database, lake, HZ).projects.values()
    [then] = found(database, lake, HZ, known=NOW - timedelta(days=5)).projects.values()
    assert (now.kw, then.kw) == (10.0, 100.0)


def test_whose_an_account_is_is_as_was_known_then(database: Database, tmp_path: Path) -> None:
    keep_curve(tmp_path / "lake", "ZJ1", FIRST, days(*[100.0] * 14))
    lake, folder = CurveLake(tmp_path / "lake"), tmp_path / "later"
    folder.mkdir()
    (folder / "power-accounts.csv").write_text(
        "number,uscc,site,division,multiplier,valid_from,meters,valid_to\n"
        f"ZJ1,{OTHER},hz,330102,,2020-01-01,M-ZJ1,\n",
        "utf-8",
    )
    later = nanoseconds(NOW) + 1
    result = import_files(
        database, files_of([folder], None), Options(said_by="power-accounts.csv"), later, list
    )
    assert result.taken
    assert found(database, lake, HZ).projects[HZ.id].accounts == ("ZJ1",)
    assert found(database, lake, HZ, known=NOW + timedelta(days=1)) == Counted({}, {})


def test_accounts_that_were_entered_count_and_shared_ones_once(database: Database, tmp_path: Path) -> None:
    keep_curve(tmp_path, "ZJ1", FIRST, days(*[100.0] * 14))
    keep_curve(tmp_path, "X9", FIRST, days(*[50.0] * 14))
    lake = CurveLake(tmp_path)
    nobody = replace(HZ, id="pj-2", uscc="", site="", cluster="c-1")
    assert found(database, lake, nobody) == Counted({}, {})
    both = found(database, lake, HZ, nobody, entered=("X9",))
    assert [one.accounts for one in both.projects.values()] == [("X9", "ZJ1"), ("X9",)]
    told = totals_json(both)
    assert (told["projects"], told["accounts"], told["kw"]) == (2, 2, 150.0)
    assert metered_json(None, None) is None
