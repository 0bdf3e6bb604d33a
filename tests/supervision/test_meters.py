"""Meter files into the lake: forms, gaps, duplicates, registers, ratios; golden values by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from facts.errors import ReadError, RowError, UsageError
from registry.power_accounts import PowerAccount, PowerMeter
from registry.reasons import OTHER, code_of, noticed
from store.curve_lake import CurveLake
from supervision.meters.days import POINTS, day_start_ns
from supervision.meters.forms import By, Form, Layout, Quantity, Side, Stamp, Value
from supervision.meters.intake import Taken, Wanted, take_curves

DAY = date(2026, 3, 1)
WIDE = Form(
    Layout.WIDE,
    Value.POWER,
    "kw",
    Stamp.BEGIN,
    By.ACCOUNT,
    Side.PRIMARY,
    Quantity.ACTIVE_IMPORT,
    columns={"first-point": "p1"},
)
LONG = replace(WIDE, layout=Layout.LONG, stamp=Stamp.END, columns={})
NAMES = [f"p{n}" for n in range(1, POINTS + 1)]


def account(
    number: str, *meters: tuple[str, float], ratio: float = 1.0, since: date = date(2020, 1, 1)
) -> PowerAccount:
    told = tuple(PowerMeter(name, own) for name, own in meters)
    return PowerAccount(number, "", "", "330102", "A", 8000.0, ratio, told, day_start_ns(since), None, "t")


ACCOUNTS = [account("A1"), account("A2", ratio=3000.0), account("A3", ("M1", 60.0), ("M2", 2.0))]


class Door:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = CurveLake(folder / "lake")
        self.errors: list[RowError] = []
        self.now = 0

    def take(self, text: str | Path, form: Form, **wanted: object) -> Taken:
        self.errors.clear()
        self.now += 1
        path = text if isinstance(text, Path) else self.folder / f"{self.now}.csv"
        if isinstance(text, str):
            path.write_text(text, "utf-8")
        return take_curves(self.lake, path, form, ACCOUNTS, Wanted(self.now, **wanted), self.errors.append)

    def curve(self, number: str = "A1", days: int = 1, first: date = DAY, quantity: int = 0) -> np.ndarray:
        return self.lake.curves([number], first, first + timedelta(days=days), quantity)[0]

    def said(self) -> list[tuple[int, str | None, str]]:
        """What was refused, in order; each reason has a code, and so a sentence in Chinese."""
        assert [error.why for error in self.errors if code_of(error.why) == OTHER] == []
        return [(error.row, error.column, error.why) for error in self.errors]


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def wide(*rows: tuple[object, ...], head: str = "account,day") -> str:
    lines = [f"{head},{','.join(NAMES)}"]
    return "\n".join([*lines, *(",".join(map(str, row)) for row in rows)]) + "\n"


def test_a_day_of_96_points_comes_back_in_its_order(door: Door) -> None:
    done = door.take(wide(("A1", DAY, *range(96))), WIDE)
    assert (done.taken, done.rows, done.days, done.points, done.gaps) == (True, 1, 1, 96, 0)
    assert door.curve()[0].tolist() == list(range(96))
    assert door.lake.energy(["A1"], DAY, DAY + timedelta(days=1))["kwh"].to_list() == [sum(range(96)) / 4]


def test_accounts_come_in_the_order_asked_for_and_unknown_ones_are_gaps(door: Door) -> None:
    door.take(wide(("A2", DAY, *[2] * 96), ("A1", "2026-03-03", *[1] * 96)), WIDE)
    found = door.lake.curves(["A1", "A9", "A2"], DAY, DAY + timedelta(days=3))
    assert found.shape == (3, 3, 96)
    assert found.dtype == np.float32
    held = ~np.isnan(found).any(axis=2)
    assert held.tolist() == [[False, False, True], [False] * 3, [True, False, False]]


@pytest.mark.parametrize(
    ("value", "unit", "side", "kw"),
    [
        (Value.POWER, "kw", Side.PRIMARY, 8.0),
        (Value.POWER, "mw", Side.PRIMARY, 8000.0),
        (Value.ENERGY, "kwh", Side.PRIMARY, 32.0),
        (Value.ENERGY, "wh", Side.PRIMARY, 0.032),
        (Value.POWER, "kw", Side.SECONDARY, 24000.0),
        (Value.ENERGY, "kwh", Side.SECONDARY, 96000.0),
    ],
)
def test_units_and_ratios_are_what_the_options_say(
    door: Door, value: Value, unit: str, side: Side, kw: float
) -> None:
    form = replace(WIDE, value=value, unit=unit, side=side)
    assert door.take(wide(("A2", DAY, *[8] * 96)), form).taken
    assert door.curve("A2")[0, 0] == pytest.approx(kw, rel=1e-7)


def test_empty_cells_are_gaps_and_wrong_ones_cost_their_row_alone(door: Door) -> None:
    good = [1.5] * 96
    rows = [
        ("A1", DAY, *["", *good[1:]]),
        ("A1", "2026-03-02", *["-", *good[1:]]),
        ("A1", "2026-03-03", *["-3", *good[1:]]),
        ("A9", "2026-03-04", *good),
        ("A1", "2026-3-x", *good),
        ("", "2026-03-04", *good),
        ("A1", "2026-03-05", *["nan", *good[1:]]),
        ("A1", "2026-03-06", *["99999999", *good[1:]]),
        ("A1", "2026-03-07", *good[1:]),
        ("A1", "2026-03-08", *good),
    ]
    done = door.take(wide(*rows), WIDE, accept_good=True)
    assert sorted(door.said()) == sorted(
        [
            (3, "p1", "'-' is no number"),
            (4, "p1", "-3 is negative: energy that goes back is another quantity, or say --signed"),
            (5, "account", "the registry has no power account 'A9'; import it first"),
            (6, "day", "'2026-3-x' is no day of the form %Y-%m-%d"),
            (7, "account", "empty"),
            (8, "p1", "'nan' is no number"),
            (9, "p1", "99999999 kw is more than any account uses"),
            (10, None, "97 cells under a header of 98"),
        ]
    )
    assert (done.taken, done.days, done.gaps) == (True, 2, 1)
    assert np.isnan(door.curve(days=8)).sum(axis=1).tolist() == [1, 96, 96, 96, 96, 96, 96, 0]


def test_one_refused_row_keeps_the_file_out_unless_the_good_ones_are_wanted(door: Door) -> None:
    text = wide(("A1", DAY, *[1] * 96), ("A9", DAY, *[1] * 96))
    assert not door.take(text, WIDE).taken
    assert door.lake.months() == []
    assert not door.take(wide(("A1", DAY, *[1] * 96)), WIDE, dry_run=True).taken
    assert door.lake.months() == []


def test_what_is_told_twice_is_dropped_or_refused_with_its_place(door: Door) -> None:
    other = [1.0] * 96
    other[5] = 7.0
    text = wide(("A1", DAY, *[1] * 96), ("A1", DAY, *[1.0] * 96), ("A1", DAY, *other))
    done = door.take(text, WIDE, accept_good=True)
    assert (done.days, done.repeated) == (1, 96 + 95)
    assert door.said() == [(4, None, "7 at 01:15, where a row before says 1")]
    assert door.curve()[0, 5] == 1.0
    again = door.take(wide(("A1", DAY, *other)), WIDE)
    assert not again.taken
    assert door.said() == [(2, None, "7 at 01:15, where the lake holds 1")]
    mended = door.take(wide(("A1", DAY, *other)) + "\n", WIDE, replace=True)
    assert (mended.taken, mended.replaced, mended.days) == (True, 1, 1)
    assert door.curve()[0, 5] == 7.0
    energy = door.lake.energy(["A1"], DAY, DAY + timedelta(days=1))
    assert energy["kwh"].to_list() == [(95 + 7) / 4]
    assert door.lake.curves(["A1"], DAY, DAY + timedelta(days=1), known_ns=1)[0, 0, 5] == 1.0


def test_the_same_file_is_known_again(door: Door) -> None:
    path = door.folder / "curves.csv"
    path.write_text(wide(("A1", DAY, *[1] * 96)), "utf-8")
    assert door.take(path, WIDE).taken
    again = door.take(path, WIDE)
    assert (again.known, again.taken, again.rows) == (True, False, 0)
    same = door.take(wide(("A1", DAY, *[1] * 96)) + "\n", WIDE)
    assert (same.taken, same.days, same.unchanged, same.repeated) == (True, 0, 1, 96)


def test_a_later_file_fills_the_gaps_of_an_earlier_one(door: Door) -> None:
    door.take(wide(("A1", DAY, *[4] * 48, *[""] * 48)), WIDE)
    done = door.take(wide(("A1", DAY, *[""] * 40, *[4] * 8, *[8] * 48)), WIDE)
    assert (done.taken, done.repeated, done.points) == (True, 8, 96)
    assert door.curve()[0].tolist() == [4.0] * 48 + [8.0] * 48
    energy = door.lake.energy(["A1"], DAY, DAY + timedelta(days=1))
    assert energy.select("kwh", "missing").row(0) == (144.0, 0)


def test_energy_that_goes_back_and_reactive_energy_are_quantities_of_their_own(door: Door) -> None:
    column = replace(WIDE, quantity=None)
    rows = [
        ("A1", DAY, word, *[n] * 96)
        for n, word in enumerate(("active-import", "active-export", "reactive-import"), 1)
    ]
    rows.append(("A1", DAY, "apparent", *[1] * 96))
    done = door.take(wide(*rows, head="account,day,quantity"), column, accept_good=True)
    assert done.days == 3
    assert door.said()[0][:2] == (5, "quantity")
    assert [float(door.curve(quantity=q)[0, 0]) for q in (0, 1, 2)] == [1.0, 2.0, 3.0]
    signed = replace(WIDE, signed=True)
    door.take(wide(("A2", DAY, *[-2] * 48, *[3] * 48)), signed)
    assert door.curve("A2")[0].tolist() == [0.0] * 48 + [3.0] * 48
    assert door.curve("A2", quantity=1)[0].tolist() == [2.0] * 48 + [0.0] * 48


def test_points_with_a_time_are_china_s_and_say_which_end_they_are(door: Door) -> None:
    text = (
        "account,time,value\nA1,2026-03-01 00:15,1\nA1,2026-03-01T00:30:00,2\nA1,2026-03-01 24:00,3\n"
        "A1,2026-03-02 00:15:00,4\nA1,2026-03-01T16:30:00Z,5\nA1,2026-03-02T00:45:00+08:00,6\n"
        "A1,2026-03-02 00:50,7\nA1,yesterday,8\nA1,2026-03-02 01:00,\n"
    )
    done = door.take(text, LONG, accept_good=True)
    assert door.said() == [
        (8, "time", "'2026-03-02 00:50' is on no quarter of an hour"),
        (9, "time", "'yesterday' is no time such as 2026-03-01 00:15"),
    ]
    assert done.points == 6
    curve = door.curve(days=2)
    assert (curve[0, 0], curve[0, 1], curve[0, 95]) == (1.0, 2.0, 3.0)
    assert curve[1, :3].tolist() == [4.0, 5.0, 6.0]
    begin = replace(LONG, stamp=Stamp.BEGIN)
    door.take("account,time,value\nA2,2026-03-01 00:00,1\nA2,2026-03-01 23:45,2\n", begin)
    assert (door.curve("A2")[0, 0], door.curve("A2")[0, 95]) == (1.0, 2.0)


def test_a_point_told_twice_names_the_row_before(door: Door) -> None:
    text = "account,time,value\nA1,2026-03-01 00:15,1\nA1,2026-03-01 00:15,1.0\nA1,2026-03-01 00:15,2\n"
    done = door.take(text, LONG, accept_good=True)
    assert (done.points, done.repeated, done.refused) == (1, 1, 1)
    assert door.said() == [(4, None, "2 at 2026-03-01 00:00, where row 2 says 1")]


def test_the_meters_of_an_account_are_summed_and_one_missing_is_a_gap(door: Door) -> None:
    form = replace(WIDE, by=By.METER, side=Side.SECONDARY)
    rows = [("M1", DAY, *[1] * 96), ("M2", DAY, *["", *[10] * 95]), ("M1", "2026-03-02", *[1] * 96)]
    assert door.take(wide(*rows, head="meter,day"), form).taken
    curve = door.curve("A3", days=2)
    assert np.isnan(curve[0, 0])
    assert curve[0, 1:].tolist() == [80.0] * 95  # 1 x 60 + 10 x 2
    assert np.isnan(curve[1]).all()
    energy = door.lake.energy(["A3"], DAY, DAY + timedelta(days=2))
    assert energy.select("meters", "of").rows() == [(2, 2), (1, 2)]


REGISTER = replace(WIDE, value=Value.REGISTER, unit="kwh", stamp=Stamp.END, by=By.ACCOUNT)


def counted(*readings: tuple[str, float | str]) -> str:
    return "account,time,value\n" + "".join(f"A2,{time},{value}\n" for time, value in readings)


def test_registers_are_differences_times_the_ratio(door: Door) -> None:
    form = replace(REGISTER, layout=Layout.LONG, side=Side.SECONDARY, columns={})
    done = door.take(
        counted(("2026-03-01 00:00", 10), ("2026-03-01 00:15", "10.5"), ("2026-03-01 00:30", "10.5")), form
    )
    assert done.taken
    curve = door.curve("A2")
    assert curve[0, :2].tolist() == [0.5 * 3000 * 4, 0.0]
    assert np.isnan(curve[0, 2:]).all()
    assert door.lake.energy(["A2"], DAY, DAY + timedelta(days=1))["kwh"].to_list() == [1500.0]


def test_a_gap_between_readings_keeps_its_energy_though_not_its_shape(door: Door) -> None:
    form = replace(REGISTER, layout=Layout.LONG, columns={})
    done = door.take(counted(("2026-03-01 22:00", 100), ("2026-03-02 02:00", 116)), form)
    assert (done.bridged, door.said()) == (16, [])
    assert np.isnan(door.curve("A2", days=2)).all()
    energy = door.lake.energy(["A2"], DAY, DAY + timedelta(days=2))
    assert energy.select("kwh", "missing", "bridged").rows() == [(8.0, 96, 8), (8.0, 96, 8)]


def test_rollovers_are_known_by_the_digits_and_resets_are_told(door: Door) -> None:
    form = replace(REGISTER, layout=Layout.LONG, columns={}, digits=4)
    rolled = door.take(counted(("2026-03-01 00:00", "9998.5"), ("2026-03-01 00:15", "1.5")), form)
    assert (rolled.rollovers, rolled.resets) == (1, 0)
    assert door.curve("A2")[0, 0] == 12.0
    reset = door.take(counted(("2026-03-02 00:00", 5000), ("2026-03-02 00:15", 3)), form)
    assert (reset.rollovers, reset.resets) == (0, 1)
    assert (
        "A2: the register of active-import fell from 5000 to 3 at 2026-03-02 00:15: a reset"
        in reset.notices[0]
    )
    assert noticed(reset.notices[0], "zh").startswith(
        "A2：active-import 的示数从 5000 降到 3（2026-03-02 00:15）"
    )
    assert np.isnan(door.curve("A2", first=DAY + timedelta(days=1))[0, 0])
    unknown = door.take(
        counted(("2026-03-03 00:00", "9998.5"), ("2026-03-03 00:15", "1.5")), replace(form, digits=None)
    )
    assert (unknown.rollovers, unknown.resets) == (0, 1)


@pytest.mark.parametrize("stamp", [Stamp.BEGIN, Stamp.END])
def test_the_next_file_goes_on_where_the_register_was_read_last(door: Door, stamp: Stamp) -> None:
    form = replace(REGISTER, stamp=stamp)
    first = [100 + n for n in range(96)]
    second = [196 + n for n in range(96)]
    door.take(wide(("A1", "2026-03-31", *first)), form)
    door.take(wide(("A1", "2026-04-01", *second)), form)
    curve = door.curve(days=2, first=date(2026, 3, 31)).reshape(-1)
    begin, end = (0, 191) if stamp is Stamp.BEGIN else (1, 192)
    assert curve[begin:end].tolist() == [4.0] * 191
    assert np.isnan(curve).sum() == 1
    energy = door.lake.energy(["A1"], date(2026, 3, 31), date(2026, 4, 2))
    assert energy["kwh"].sum() == 191.0


def test_workbooks_parquet_and_gb18030_are_the_same_file(door: Door) -> None:
    values = [n / 8 for n in range(96)]
    book = door.folder / "day.xlsx"
    with Workbook(str(book)) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["户号", "日期", *NAMES])
        sheet.write_row(1, 0, ["A1", str(DAY), *values])
    form = replace(WIDE, columns={"account": "户号", "day": "日期", "first-point": "p1"})
    assert door.take(book, form).taken
    frame = pl.DataFrame(
        {"户号": ["A2"], "日期": [DAY], **{name: [v] for name, v in zip(NAMES, values, strict=True)}}
    )
    frame.write_parquet(door.folder / "day.parquet")
    assert door.take(door.folder / "day.parquet", form).taken
    text = wide(("A3", DAY, *values), head="户号,日期")
    (door.folder / "gb.csv").write_bytes(text.encode("gb18030"))
    done = door.take(door.folder / "gb.csv", form)
    assert (done.taken, done.notices) == (True, ["gb.csv: read as GB18030, since it is not UTF-8"])
    found = door.lake.curves(["A1", "A2", "A3"], DAY, DAY + timedelta(days=1))
    assert (found == np.array(values, np.float32)).all()


def test_a_quoted_row_and_a_broken_one_cost_nothing_else(door: Door) -> None:
    lines = wide(("A1", DAY, *[1] * 96), ("A2", DAY, *[2] * 96)).splitlines()
    lines.insert(2, '"A1","2026-03-02",' + ",".join(["3"] * 96))
    lines.insert(3, '"A1,2026-03-03,' + ",".join(["3"] * 96))
    done = door.take("\r\n".join(lines), WIDE, accept_good=True)
    assert (done.days, [error.row for error in door.errors]) == (3, [4])
    assert door.curve(days=2)[:, 0].tolist() == [1.0, 3.0]


def test_what_must_be_said_is_asked_for(door: Door) -> None:
    text = wide(("A1", DAY, *[1] * 96))
    with pytest.raises(ReadError, match="no column 'first-point': name the first of the 96 points"):
        door.take(text, replace(WIDE, columns={}))
    with pytest.raises(ReadError, match="95 columns from 'p2' on, not 96"):
        door.take(text, replace(WIDE, columns={"first-point": "p2"}))
    with pytest.raises(ReadError, match="no column 'meter'"):
        door.take(text, replace(WIDE, by=By.METER))
    for wrong in ({"unit": "kwh"}, {"digits": 6}, {"columns": {"colour": "red"}}):
        with pytest.raises(UsageError):
            replace(WIDE, **wrong)


def test_a_day_belongs_to_who_had_the_account_then(tmp_path: Path) -> None:
    door = Door(tmp_path)
    late = [account("A1", since=date(2026, 3, 2))]
    path = tmp_path / "a.csv"
    path.write_text(wide(("A1", DAY, *[1] * 96), ("A1", "2026-03-02", *[1] * 96)), "utf-8")
    done = take_curves(door.lake, path, WIDE, late, Wanted(1, accept_good=True), door.errors.append)
    assert (done.days, door.said()) == (
        1,
        [(2, "account", "the registry has no record of power account 'A1' on 2026-03-01")],
    )


def _oracle(rows: Sequence[tuple[int, int, float]]) -> np.ndarray:
    """The plainest reading of points: the first of a quarter of an hour counts."""
    out = np.full((2, POINTS), np.nan)
    for day, slot, value in rows:
        if np.isnan(out[day, slot]):
            out[day, slot] = value
    return out


def test_points_in_any_order_and_any_cut_into_files_are_the_first_of_each(tmp_path: Path) -> None:
    worlds = count()

    @settings(max_examples=15)
    @given(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(0, 95), st.integers(0, 3).map(float)),
            min_size=1,
            max_size=60,
        ),
        st.integers(1, 3),
    )
    def hold(rows: list[tuple[int, int, float]], files: int) -> None:
        folder = tmp_path / str(next(worlds))
        folder.mkdir()
        door = Door(folder)
        begin = replace(LONG, stamp=Stamp.BEGIN)
        for part in (rows[k * len(rows) // files : (k + 1) * len(rows) // files] for k in range(files)):
            text = "".join(
                f"A1,{DAY + timedelta(days=day)} {slot // 4:02}:{slot % 4 * 15:02},{value}\n"
                for day, slot, value in part
            )
            door.take("account,time,value\n" + text, begin, accept_good=True)
        np.testing.assert_array_equal(door.curve(days=2), _oracle(rows).astype(np.float32))
        energy = door.lake.energy(["A1"], DAY, DAY + timedelta(days=2))["kwh"].sum()
        assert energy == pytest.approx(np.nansum(_oracle(rows)) / 4)

    hold()
