"""Columns of printed tables: every word has room, the page is not left, what is too long may break."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.reports.widths import BREAK, INSET, SIZES, broken, layout

ROOM = 481.0
INVENTORY = ["项目编号", "企业", "名称", "区划", "状态", "起始", "机器数", "算力", "功率", "等级", "依据"]
ROW = [
    "pj-26181fb412a354c2", "示例数据服务0007有限公司", "示例数据服务0007有限公司",
    "990202 示例省示例乙市乙市西区", "发现",
    "2026年11月20日", "234 (84–652)", "sha256d 38.98 (23.21–61.39) PH/s", "1,137.3 (553.8–2,441.9) kW",
    "中型，年综合能耗1000吨标准煤以上", "verdict:7",
]  # fmt: skip


def test_a_small_table_is_as_wide_as_its_text() -> None:
    made = layout(["代码", "地区", "在运"], [["990100", "示例甲市", "4"]], ROOM)
    assert (made.size, made.widths, made.longest) == (SIZES[0], (), None)


def test_a_wide_table_shares_the_page_and_no_id_runs_into_the_next_column() -> None:
    made = layout(INVENTORY, [ROW] * 3, ROOM)
    assert sum(made.widths) == pytest.approx(ROOM)
    letters = len(ROW[0]) * 0.45 * made.size  # a lower bound of what nineteen letters take
    assert made.longest is None
    assert made.widths[0] - 2 * INSET >= letters
    assert min(made.widths) > made.size * 2  # two Chinese letters beside each other everywhere


def test_words_that_no_page_holds_break() -> None:
    rows = [["a" * 300, "b" * 40, "c"]]
    made = layout(["x", "y", "z"], rows, ROOM)
    assert made.longest is not None
    text = broken(rows[0][0], made.longest)
    assert text.replace(BREAK, "") == rows[0][0]
    assert max(map(len, text.split(BREAK))) == made.longest
    assert broken("项目 pj-1", 20) == "项目 pj-1"


@given(
    st.lists(st.text(min_size=0, max_size=80), min_size=1, max_size=12).flatmap(
        lambda heads: st.tuples(
            st.just(heads),
            st.lists(
                st.lists(st.text(max_size=120), min_size=len(heads), max_size=len(heads)),
                max_size=4,
            ),
        )
    )
)
def test_any_table_stays_on_the_page(table: tuple[list[str], list[list[str]]]) -> None:
    heads, rows = table
    made = layout(heads, rows, ROOM)
    assert made.size in SIZES
    if made.widths:
        assert len(made.widths) == len(heads)
        assert sum(made.widths) <= ROOM + 0.01
        assert min(made.widths) >= 2 * INSET
    for row in rows:
        for text in row:
            assert re.sub(BREAK, "", broken(text, made.longest)) == re.sub(BREAK, "", text)
