"""`minescope power lines` and `power peers`, as a person types them."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from minescope.main import run
from pipeline.settings import load_settings
from store.database import open_database
from store.power import LINE, USE, Wanted, every
from supervision.power.places import smallest
from tests.minescope.test_power import home as home  # the fixture
from tests.supervision.curves import keep_curve
from tests.supervision.filled import FIRM

FIRST = date(2026, 1, 1)
DAYS = 120


def plants(path: Path, fall_kw: float) -> Path:
    rng = np.random.default_rng(1)
    flow = 100 + 30 * np.sin(np.arange(DAYS) / 9) + rng.normal(0, 2, DAYS)
    kwh = flow * 480 + rng.normal(0, 400, DAYS)
    kwh[80:] -= fall_kw * 24
    rows = [
        f"电站一,{FIRST + timedelta(days=i)},{kwh[i]:.1f},{flow[i]:.2f},,hydro,330102" for i in range(DAYS)
    ]
    path.write_text("\n".join(["plant,date,kwh,resource,held_back,kind,division", *rows]) + "\n", "utf-8")
    return path


def test_a_line_to_an_account_of_the_lake_is_suspected_and_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(plants(home / "plants.csv", 900.0))
    capsys.readouterr()
    assert run(["power", "lines", file]) == 0  # a fall, and nobody who answers it
    assert "delivers less without a reason" in capsys.readouterr().out
    kw = np.full((DAYS, 96), 20.0)
    kw[81:] += 880.0
    keep_curve(load_settings().lake, "ZJ1", FIRST, kw)
    keep_curve(load_settings().lake, "ZJ2", FIRST, kw)  # of another county
    assert run(["power", "lines", file, "--json", "--store"]) == 1
    [row] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["level"], row["load"], row["division"]) == ("suspected", "ZJ1", "330102")
    assert row["missing_kw"]["low"] < 900 < row["missing_kw"]["high"]
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        [kept] = every(connection, Wanted(LINE, "330100"))
    assert (kept.found.subject, kept.found.level, kept.run.judged) == ("电站一", "suspected", 1)
    loads = home / "loads.csv"
    days = [FIRST + timedelta(days=i) for i in range(DAYS)]
    rows = [f"机房,{day},{850 if i > 78 else 0},330102" for i, day in enumerate(days)]
    loads.write_text("\n".join(["load,date,kw,division", *rows]) + "\n", "utf-8")
    assert run(["power", "lines", file, "--loads", str(loads), "--lang", "zh"]) == 1
    assert "疑似专线供电  机房 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("p,2026-01-01,x", "row 2, column kwh: 'x' is not a number"),
        ("p,2026-01-32,1", "row 2, column date: '2026-01-32' is not a day"),
        ("p,2026-01-01,1\np,2026-01-01,1", "row 3, column date: p has a row of 2026-01-01 already"),
        (",2026-01-01,1", "row 2, column plant: empty"),
    ],
)
def test_a_wrong_row_is_named(home: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str) -> None:
    path = home / "p.csv"
    path.write_text(f"plant,date,kwh\n{line}\n", "utf-8")
    assert run(["power", "lines", str(path)]) == 2
    assert reason in capsys.readouterr().err


def test_high_use_is_told_beside_its_trade(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "e.csv"
    rows = [f"91330100TEST{n:05}X,C3216,{1e6 * (1 + n % 5):.0f},,{2e5 * (1 + n % 5):.0f}" for n in range(40)]
    rows.append(f"{FIRM},C3216,1000000,50,9000000")
    path.write_text("\n".join(["uscc,industry,output_cny,headcount,kwh", *rows]) + "\n", "utf-8")
    assert run(["power", "peers", str(path), "--json"]) == 1
    [row] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["uscc"], row["basis"], row["ratio"], row["median"]) == (FIRM, "output", 9.0, 0.2)
    kw = np.full((31, 96), 9e6 / 31 / 24)
    keep_curve(load_settings().lake, "ZJ1", FIRST, kw)
    metered = ["--since", "2026-01-01", "--until", "2026-01-31"]
    text = path.read_text("utf-8").replace(",9000000\n", ",\n")  # the meters tell it
    path.write_text(text, "utf-8")
    assert run(["power", "peers", str(path), *metered, "--json"]) == 1
    [row] = map(json.loads, capsys.readouterr().out.splitlines())
    assert row["ratio"] == pytest.approx(9.0, rel=1e-4)
    assert run(["power", "peers", str(path), *metered, "--store"]) == 1
    assert "times as much energy for each yuan of output" in capsys.readouterr().out
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        [kept] = every(connection, Wanted(USE))
    assert (kept.found.subject, kept.found.division, kept.found.level) == (FIRM, "", "high")
    # its accounts lie in three provinces: only who sees the whole country sees it
    assert [smallest(one) for one in (["330102"], ["330102", "330106"], ["330102", "330203"], [])] == [
        "330102", "330100", "330000", "",
    ]  # fmt: skip
    assert kept.found.kw == pytest.approx(9e6 / 31 / 24, rel=1e-4)
    assert (kept.run.first_day, kept.run.as_of, kept.run.judged) == ("2026-01-01", "2026-01-31", 41)
    assert run(["power", "peers", str(path), "--since", "2026-01-01"]) == 3
    assert run(["power", "peers", str(path), "--store"]) == 3
    assert run(["power", "peers", str(path)]) == 2
    assert "column kwh" in capsys.readouterr().err
