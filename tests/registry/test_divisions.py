"""Division codes over time: names, what took a code's place, and what a right on a division covers."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import divisions
from registry.cells import parse_instant
from registry.data import make_divisions as maker
from registry.division_table import SINCE_EVER, DivisionTable, put_in_force, shipped, subtree
from registry.model import DivisionPeriod
from store.access_rules import lies_in

DATA = Path(maker.__file__).parent
PROVINCES = 34
PREFECTURES = 333
"""Cities, prefectures, autonomous prefectures and leagues; no province of a later list has more."""


def period(code: str, *, ended: str = "", successor: str = "", name: str = "") -> DivisionPeriod:
    end = parse_instant(ended) if ended else None
    return DivisionPeriod(code, name or f"n{code}", successor, SINCE_EVER, end, "test")


def test_the_shipped_table_is_what_its_two_sources_make() -> None:
    with (DATA / "divisions.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file)]
    with (DATA / "division_changes.csv").open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    current = {code: name for code, name, _, end, *_ in rows[1:] if not end}
    assert rows[0] == maker.COLUMNS
    assert rows[1:] == maker.rows(current, changes)


def test_the_shipped_table_is_whole() -> None:
    table = shipped()
    named = [one for code in table if not code.startswith("99") and (one := table.named(code)) is not None]
    now = [one for one in named if one.in_force]
    assert all(divisions.fault(one.code) is None for one in named)
    assert sum(one.level == "province" for one in now) == PROVINCES
    assert sum(one.level == "prefecture" for one in now) == PREFECTURES
    assert all(one.parent in table for one in named if one.parent)
    assert all(one.successors and not one.in_force for one in named if one not in now)
    assert all(period.source for one in named for period in one.periods)


@pytest.mark.parametrize(
    ("code", "full_name", "parent", "successors"),
    [
        ("330110", "浙江省杭州市余杭区", "330100", ()),
        ("330113", "浙江省杭州市临平区", "330100", ()),
        ("330104", "浙江省杭州市江干区", "330100", ("330102", "330114")),
        ("371200", "山东省莱芜市", "370000", ("370116", "370117")),
        ("371202", "山东省莱芜市莱城区", "371200", ("370116",)),
        ("460302", "海南省三沙市西沙区", "460300", ()),
        ("419001", "河南省济源市", "410000", ()),  # a county right below its province
        ("110105", "北京市朝阳区", "110000", ()),
        ("110103", "北京市崇文区", "110000", ("110101",)),
        ("500105", "重庆市江北区", "500000", ("500157",)),
        ("710000", "台湾省", None, ()),
        ("990221", "示例省样例市样例县", "990200", ()),
    ],
)
def test_names_parents_and_successors_as_they_were_announced(
    code: str, full_name: str, parent: str | None, successors: tuple[str, ...]
) -> None:
    named = shipped().named(code)
    assert named is not None
    assert (named.full_name, named.parent, named.successors) == (full_name, parent, successors)
    assert named.in_force == (not successors)


def test_a_code_without_a_list_has_no_name() -> None:
    assert shipped().named("330199") is None
    assert shipped().named("no code") is None
    assert shipped().shown("330199") == "330199"
    assert shipped().shown("330110") == "330110 浙江省杭州市余杭区"


@pytest.mark.parametrize(
    ("division", "inside", "outside"),
    [
        ("370100", "370102 370116 371200 371202 371203", "370200 371300"),  # Jinan took Laiwu over
        ("371200", "371203 370116 370117", "370102 370100"),  # a right given before, on what is no more
        ("370116", "371202", "371200 371203 370117"),
        ("330102", "330102", "330104 330114"),  # half of what was split: neither half may claim all
        ("330100", "330104", "330200"),
        ("330110", "330110", "330113"),  # split off: a code in force means what it means today
        ("340100", "341402 341421", "341400 341422 341423"),
        ("341400", "340181 340225 340281 340523", "340100 340102"),  # and on to what became of that: 无为
        ("540200", "542300 542301 542338", "542100"),  # renumbered as a whole
        ("460400", "469003", "469002"),
        ("370000", "371202 370116", "330100"),
        ("000000", "371202 110000", ""),
    ],
)
def test_a_right_covers_predecessors_and_successors(division: str, inside: str, outside: str) -> None:
    assert all(lies_in(code, division) for code in inside.split())
    assert not any(lies_in(code, division) for code in outside.split())
    assert lies_in(None, division) == (division == "000000")


CODES = st.sampled_from(
    [f"{p}{c}{d}" for p in ("11", "12") for c in ("01", "02") for d in ("01", "02", "03")]
)


@given(
    st.lists(
        st.tuples(CODES, st.lists(CODES, min_size=1, max_size=3)), max_size=8, unique_by=lambda row: row[0]
    ),
    st.sampled_from(["110000", "110100", "110200", "110101", "120102", "000000"]),
)
def test_a_right_grows_with_the_changes_and_never_over_a_code_in_force_elsewhere(
    changes: list[tuple[str, list[str]]], division: str
) -> None:
    ended = dict(changes)
    all_codes = {f"{p}{c}{d}" for p in ("11", "12") for c in ("01", "02") for d in ("01", "02", "03")}
    table = DivisionTable(
        period(code, ended="2020-01-01" if code in ended else "", successor=";".join(ended.get(code, ())))
        for code in sorted(all_codes)
    )
    covered = table.covers(division)
    plain = subtree(division)
    assert any(plain.startswith(one) for one in covered)
    for code in all_codes:
        mine = code.startswith(covered)
        assert mine or not code.startswith(plain)
        if code not in ended and division not in ended:
            assert mine == code.startswith(plain)  # what is in force is judged by its digits alone


def test_changes_that_go_in_a_circle_end() -> None:
    table = DivisionTable(
        [
            period("110101", ended="2020-01-01", successor="110102"),
            period("110102", ended="2021-01-01", successor="110101"),
        ]
    )
    assert table.covers("110101") == ("110101",)


def test_an_imported_table_replaces_the_shipped_one_code_by_code() -> None:
    try:
        put_in_force(
            [period("330110", ended="2030-01-01", successor="330199"), period("330199", name="新区")]
        )
        assert lies_in("330110", "330199")
        assert lies_in("371202", "370116")  # the rest stands
        put_in_force([])
        assert not lies_in("330110", "330199")
    finally:
        put_in_force([])


def test_what_a_code_meant_depends_on_the_time() -> None:
    first = replace(period("110101", ended="2010-07-01", name="old"), valid_from_ns=0)
    second = replace(period("110101", name="new"), valid_from_ns=parse_instant("2010-07-01"))
    table = DivisionTable([second, first, period("110000", name="P")])
    for day, name in (("2009-01-01", "Pold"), ("2010-07-01", "Pnew"), ("2026-01-01", "Pnew")):
        named = table.named("110101", parse_instant(day))
        assert named is not None
        assert named.full_name == name
        assert named.in_force


def test_contradictory_sources_are_refused() -> None:
    change = {"code": "110103", "name": "崇文区", "began": "", "ended": "2010", "successor": "110101"}
    with pytest.raises(ValueError, match="no list has"):
        maker.rows({}, [change])
    with pytest.raises(ValueError, match="in force and ended"):
        maker.rows({"110101": "东城区", "110103": "崇文区"}, [change])
    with pytest.raises(ValueError, match="in no list"):
        maker.rows({}, [{"code": "110199", "name": "", "began": "2020", "ended": "", "successor": ""}])


def test_a_place_names_its_division_once() -> None:
    table = shipped()
    name = table.shown("330106").partition(" ")[2]
    assert table.placed("330106", f"{name}文三路1号") == f"330106 {name}文三路1号"
    assert table.placed("330106", "文三路1号") == f"330106 {name} 文三路1号"
    assert table.placed("330106", None) == f"330106 {name}"
    assert (table.placed(None, "文三路1号"), table.placed(None, None)) == ("文三路1号", "")
    assert table.placed("999999", "x") == "999999 x"
