"""Rows judged by column say the same as rows judged one by one, or nothing."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import registry.quick_assignments as quick_module
from registry.cells import Cells
from registry.quick_assignments import quick
from registry.rows import Report, read_rows, row_of
from registry.table_specs import SPECS, Kind, Known, Record
from registry.uscc import completed

SPEC = SPECS[Kind.ASSIGNMENTS]
CODE = completed("9", "1", "990101", "TEXT0003")
KNOWN = Known({CODE}, {"s1"})
SAID = "table.csv"


def slowly(path: Path) -> tuple[dict[int, Record], list[str]]:
    report, found = Report(), {}
    for row in read_rows(path, SPEC.required, SPEC.optional, report):
        cells = Cells(str(path), row, SAID)
        record = SPEC.parse(cells, KNOWN)
        report.errors += cells.errors
        if not cells.errors:
            found[row.number] = record
    return found, [f"{report.rows} rows", *sorted(map(str, report.errors)), *report.notices]


def quickly(path: Path) -> tuple[dict[int, Record], list[str], int]:
    report, found, plain = Report(), {}, 0
    large = quick(path, SPEC.required, SPEC.optional, SAID)
    assert large is not None
    report.notices += large.notices
    missing = {name: "" for name in SPEC.optional if name not in large.header}
    for piece in large.pieces(KNOWN, SAID):
        plain += len(piece.frame)
        report.rows += len(piece.frame)
        for number, first, last, *rest in piece.frame.iter_rows():
            found[number] = (bytes.fromhex(first), bytes.fromhex(last), *rest)
        for number, text in piece.others:
            row = row_of(text, number, large.header, missing, str(path), report)
            if row is None:
                continue
            cells = Cells(str(path), row, SAID)
            record = SPEC.parse(cells, KNOWN)
            report.errors += cells.errors
            if not cells.errors:
                found[number] = record
    said = [f"{report.rows} rows", *sorted(map(str, report.errors)), *report.notices]
    return dict(sorted(found.items())), said, plain


@pytest.fixture(autouse=True)
def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_module, "WORTH_IT", 0)
    monkeypatch.setattr(quick_module, "CHUNK", 300)  # pieces end in the middle of lines and of characters


GOOD = "192.0.2.0/24 192.0.2.7 0.0.0.0/0 255.255.255.255/32 2001:db8::/32 ::ffff:1.2.3.0/120"
WRONG = "192.0.2.1/24 01.2.3.4 1.2.3.256/32 1.2.3.4/33 1.2.3.4/08 x 1.2.3/24 １.2.3.4/32 1.2.3.4/"
PREFIXES = st.sampled_from([*GOOD.split(), *WRONG.split(), ""])
TIMES = st.sampled_from(
    [
        "2024-01-01",
        "2024-06-01",
        "2024-01-01T08:00:00+08:00",
        "2024-01-01T00:00:00Z",
        "2024-13-01",
        "",
        "2300-01-01",
    ]
)
CELLS = st.fixed_dictionaries(
    {
        "prefix": PREFIXES,
        "line": st.sampled_from(
            ["L1", " L1 ", "", "x" * 100, "x" * 101, "线路", '"L,1"', "a\\b", "a\tb", "\u202e"]
        ),
        "uscc": st.sampled_from([CODE, "", "9199"]),
        "site": st.sampled_from(["s1", "", "s2"]),
        "valid_from": TIMES,
        "valid_to": TIMES,
        "use": st.sampled_from(["", "line", "nat", "dynamic", "lease", "x"]),
        "realm": st.sampled_from(["", "r1", "r" * 101]),
        "source": st.sampled_from(["", "ipam", "运营商"]),
        "note": st.sampled_from(["", "anything"]),
    }
)
COLUMNS = st.sets(st.sampled_from(["uscc", "site", "valid_to", "use", "realm", "source", "note"]))
BREAKS = st.sampled_from(["\n", "\r\n", "\n\n", "\n,,\n", "\n \n"])


@settings(max_examples=150, deadline=None)
@given(COLUMNS, st.lists(st.tuples(CELLS, BREAKS), max_size=12), st.booleans())
def test_both_ways_of_reading_say_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    more: set[str],
    rows: list[tuple[dict[str, str], str]],
    mark: bool,
) -> None:
    columns = ["prefix", "line", "valid_from", *sorted(more)]
    text = ",".join(columns) + "\n"
    for cells, end in rows:
        text += ",".join(cells[name] for name in columns) + end
    path = tmp_path_factory.mktemp("quick") / "table.csv"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    found, said = slowly(path)
    same, told, _ = quickly(path)
    assert same == found
    assert told == said


def test_most_rows_of_a_real_table_are_plain(tmp_path: Path) -> None:
    draw = random.Random(3)
    lines = ["prefix,line,uscc,site,valid_from,valid_to"]
    for number in range(2000):
        base = draw.randrange(1 << 24) << 8
        prefix = f"{base >> 24}.{base >> 16 & 255}.{base >> 8 & 255}.0/24"
        lines.append(f"{prefix},line-{number},{CODE},s1,2024-{draw.randrange(1, 13):02}-01,")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines), "utf-8")
    found, said, plain = quickly(path)
    assert (found, said) == slowly(path)
    assert plain == 2000


@pytest.mark.parametrize(
    "head",
    [
        "prefix,line\n",
        "prefix,line,valid_from,line\n",
        '"prefix,line,valid_from\n',
        "",
        "prefix,line,valid_from",
    ],
)
def test_a_table_that_is_not_plain_as_a_whole_is_left_to_the_other_way(tmp_path: Path, head: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(head, "utf-8")
    assert quick(path, SPEC.required, SPEC.optional, SAID) is None
    path.write_bytes("prefix,line,valid_from\n192.0.2.0/24,线,2024-01-01\n".encode("gb18030"))
    assert quick(path, SPEC.required, SPEC.optional, SAID) is None
    path.write_text("prefix,line,valid_from\n", "utf-8")
    assert quick(path, SPEC.required, SPEC.optional, "a\\b") is None
