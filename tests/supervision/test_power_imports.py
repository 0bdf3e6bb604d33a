"""Weather, outages and holidays beside curves: what is taken, and where a wrong row is."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from facts.errors import ReadError, RowError, UsageError
from supervision.power.imports import holidays, outages, weather
from supervision.site_files import Grid, hourly, more_of_sites, of_curves

FIRST = date(2026, 3, 1)


def wrote(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_county_takes_its_own_weather_then_its_citys_then_its_provinces(tmp_path: Path) -> None:
    path = wrote(
        tmp_path,
        "division,date,celsius\n330102,2026-03-01,5\n330100,2026-03-01,6\n330000,2026-03-01,7\n330000,2027-01-01,9\n",
    )
    found = weather(path, ["330102", "330103", "330203", "440103"], FIRST, 2)
    assert found[:3, 0].tolist() == [5, 6, 7]
    assert np.isnan(found[3]).all()
    assert np.isnan(found[:, 1]).all()


def test_outages_touch_every_quarter_hour_that_they_reach_into(tmp_path: Path) -> None:
    path = wrote(
        tmp_path,
        "account,from,to\nA,2026-03-01 00:10,2026-03-01 00:31\n,2026-02-28T16:00:00Z,2026-02-28T16:15:00Z\n"
        "X,2026-03-01 01:00,2026-03-01 02:00\nA,2026-02-01 00:00,2026-02-02 00:00\n",
    )
    found = outages(path, ["B", "A"], FIRST, 1)
    assert found.account.tolist() == [1, -1]
    assert found.first.tolist() == [0, 0]
    assert found.after.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("division,day,celsius\n", "row 1, column date: no such column"),
        ("division,date,celsius\n1,2026-03-01,x\n", "row 2, column celsius: 'x' is not a number"),
        ("division,date,celsius\n1,2026-03-01,nan\n", "row 2, column celsius: nan is not between"),
        ("division,date,celsius\n1,1 March,3\n", "row 2, column date: '1 March' is not a day"),
        ("division,date,celsius\n1,2026-03-01\n", "row 2: 2 cells, the header has 3"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RowError, match=said):
        weather(wrote(tmp_path, text), ["330102"], FIRST, 2)


def test_other_files_name_their_places_too(tmp_path: Path) -> None:
    with pytest.raises(RowError, match="column to: ends before it begins"):
        outages(wrote(tmp_path, "account,from,to\n,2026-03-02,2026-03-01\n"), [], FIRST, 2)
    with pytest.raises(RowError, match="row 3, column site: is there already"):
        more_of_sites(wrote(tmp_path, "site,sealed\na,1\na,2\n"))
    with pytest.raises(UsageError, match="no hours"):
        hourly(wrote(tmp_path, "site,at,kw\n"), ("kw",))
    with pytest.raises(ReadError):
        holidays(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"date\n\xff\xfe\n")
    with pytest.raises(ReadError, match="UTF-8"):
        holidays(tmp_path / "b.csv")
    assert holidays(wrote(tmp_path, "date\n2026-05-01\n\n")) == {date(2026, 5, 1)}


def test_finer_rows_are_averaged_to_hours_and_hours_without_rows_are_gaps(tmp_path: Path) -> None:
    text = (
        "site,at,kw\na,2026-03-01 00:00,1\na,2026-03-01 00:15,3\na,2026-03-01 02:00,5\nb,2026-03-01 01:00,7\n"
    )
    grid, found = hourly(wrote(tmp_path, text), ("kw",))
    assert (grid.hours, grid.hour_of_week) == (3, 6 * 24)  # a Sunday
    np.testing.assert_array_equal(found["a"]["kw"], [2, np.nan, 5])
    np.testing.assert_array_equal(found["b"]["kw"], [np.nan, 7, np.nan])


def test_a_curve_is_laid_on_the_hours_asked_for() -> None:
    kw = np.repeat(np.arange(48, dtype=np.float32), 4).reshape(2, 96)
    from datetime import UTC, datetime

    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert of_curves(kw, midnight, Grid(datetime(2026, 2, 28, 21, tzinfo=UTC), 3)).tolist() == [5, 6, 7]
    late = of_curves(kw, midnight, Grid(datetime(2026, 3, 2, 15, tzinfo=UTC), 2))
    assert late[0] == 47
    assert np.isnan(late[1])
