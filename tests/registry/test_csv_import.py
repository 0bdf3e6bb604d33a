import codecs
import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts.errors import ReadError
from registry.csv_import import (
    ASSIGNMENT_COLUMNS,
    ENTERPRISE_COLUMNS,
    MAX_ID,
    SITE_COLUMNS,
    Imported,
    load_folder,
    parse_instant,
    parse_prefix,
)
from registry.model import Datum
from registry.rows import MAX_CELL, MAX_LINE
from registry.uscc import completed

CODE = completed("9", "1", "990101", "TEXT0001")
OTHER = completed("9", "1", "990101", "TEXT0002")
GOOD = {
    "enterprises": f"uscc,name\n{CODE},示例企业甲\n{OTHER},示例企业乙\n",
    "sites": "id,name,division,address,longitude,latitude,datum\n"
    "s1,一号,990101,示例路1号,120.5,30.25,GCJ-02\ns2,二号,990221,示例乡,,,\n",
    "assignments": "prefix,line,uscc,site,valid_from,valid_to\n"
    f"192.0.2.0/24,L1,{CODE},s1,2024-01-01,2024-06-01T00:00:00Z\n"
    f"2001:db8::/48,L2,{OTHER},s2,2024-01-01T00:00:00+08:00,\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in GOOD.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def found(imported: Imported) -> list[tuple[str, int, str | None]]:
    return [(Path(error.source).stem, error.row, error.column) for error in imported.errors]


def add(folder: Path, name: str, *lines: str) -> None:
    with (folder / f"{name}.csv").open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def test_a_good_folder_is_read_whole(folder: Path) -> None:
    imported = load_folder(folder, all_or_nothing=True)
    assert (imported.errors, imported.notices, imported.rows) == ((), (), 6)
    assert imported.data is not None
    site = imported.data.sites[0]
    assert (site.division, site.longitude, site.latitude, site.datum) == (
        "990101",
        120.5,
        30.25,
        Datum.GCJ_02,
    )
    first, second = imported.data.assignments
    assert (str(first.prefix), first.uscc, first.site, first.source) == (
        "192.0.2.0/24",
        CODE,
        "s1",
        "assignments.csv",
    )
    assert first.valid_from_ns == second.valid_from_ns == parse_instant("2023-12-31T16:00:00Z")
    assert second.valid_to_ns is None


@pytest.mark.parametrize(
    ("encode", "notices"),
    [
        (lambda text: text.encode(), 0),
        (lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(), 0),
        (lambda text: text.encode("gb18030"), 2),  # assignments.csv is plain ASCII
    ],
)
def test_the_same_registry_in_every_encoding(folder: Path, encode, notices: int) -> None:
    expected = load_folder(folder).data
    for name, text in GOOD.items():
        (folder / f"{name}.csv").write_bytes(encode(text))
    imported = load_folder(folder)
    assert (imported.data, imported.errors) == (expected, ())
    assert len([notice for notice in imported.notices if "GB18030" in notice]) == notices


def test_every_bad_row_is_reported_with_its_row_and_column_and_the_good_ones_stay(folder: Path) -> None:
    wrong_code = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    add(
        folder,
        "enterprises",
        f"{wrong_code},bad check",  # 4
        f"{CODE},again",  # 5
        f"{OTHER[:8]},",  # 6: two columns
        "",  # 7: counts, but is no row
        "one,two,three",  # 8
        'x"y,"open',  # 9
        "a\tb,name",  # 10
    )
    add(
        folder,
        "sites",
        "s3,三号,990101,路,181,30,WGS-84",  # 4
        "s4,四号,990101,路,120,-90.1,WGS-84",  # 5
        "s5,五号,990101,路,nan,x,WGS84",  # 6: three columns
        "s6,六号,990021,路,,,",  # 7
        "s7,七号,990101,路,120,30,",  # 8
        "s1,八号,990101,路,,,",  # 9
    )
    add(
        folder,
        "assignments",
        f"192.0.2.1/24,L,{CODE},s1,2024-01-01,",  # 4 host bits
        f"192.0.2.0/33,L,{CODE},s1,2024-01-01,",  # 5
        f"198.51.100.0/24,L,{wrong_code},s9,2024-01-01,",  # 6 unknown twice
        f"198.51.100.0/24,L,{CODE},s1,2024-01-01T08:00:00,",  # 7 no zone
        f"198.51.100.0/24,L,{CODE},s1,2024-01-02,2024-01-02",  # 8 empty period
        f"198.51.100.0/24,L,{CODE},s1,2024-13-02,9999-12-31",  # 9 two columns
        f"192.0.2.0/24,L1,{CODE},s1,2024-01-01,2024-06-01T00:00:00Z",  # 10 repeats 2
        f"203.0.113.0/24,,{CODE},s1,,",  # 11 empty cells
    )
    imported = load_folder(folder)
    assert found(imported) == [
        ("enterprises", 4, "uscc"),
        ("enterprises", 5, "uscc"),
        ("enterprises", 6, "uscc"),
        ("enterprises", 6, "name"),
        ("enterprises", 8, None),
        ("enterprises", 9, None),
        ("enterprises", 10, "uscc"),
        ("sites", 4, "longitude"),
        ("sites", 5, "latitude"),
        ("sites", 6, "longitude"),
        ("sites", 6, "latitude"),
        ("sites", 6, "datum"),
        ("sites", 7, "division"),
        ("sites", 8, "datum"),
        ("sites", 9, "id"),
        ("assignments", 4, "prefix"),
        ("assignments", 5, "prefix"),
        ("assignments", 6, "uscc"),
        ("assignments", 6, "site"),
        ("assignments", 7, "valid_from"),
        ("assignments", 8, "valid_to"),
        ("assignments", 9, "valid_from"),
        ("assignments", 9, "valid_to"),
        ("assignments", 10, "prefix"),
        ("assignments", 11, "valid_from"),
        ("assignments", 11, "line"),
    ]
    assert imported.data is not None
    assert [len(part) for part in (imported.data.enterprises, imported.data.sites)] == [2, 2]
    assert len(imported.data.assignments) == 2
    assert imported.rows == 6 + 6 + 6 + 8
    assert "the prefix that holds it is 192.0.2.0/24" in str(imported.errors[15])
    assert load_folder(folder, all_or_nothing=True).data is None


def test_a_source_that_contradicts_itself_is_refused_and_two_sources_are_both_kept(folder: Path) -> None:
    (folder / "assignments.csv").write_text(
        "prefix,line,uscc,site,valid_from,valid_to,source\n"
        f"192.0.2.0/24,L1,{CODE},s1,2024-01-01,2024-06-01,a\n"
        f"192.0.2.0/24,L2,{OTHER},s1,2024-05-31,,a\n"  # overlaps row 2
        f"192.0.2.0/24,L3,{OTHER},s1,2024-02-01,2024-03-01,b\n"  # another source
        f"198.51.100.0/24,L4,{CODE},s1,2024-01-01,2024-06-01,a\n"
        f"198.51.100.0/24,L5,{OTHER},s1,2024-06-01,,a\n",  # touches, does not overlap
        encoding="utf-8",
    )
    imported = load_folder(folder)
    assert found(imported) == [("assignments", 2, "valid_from"), ("assignments", 3, "valid_from")]
    assert "row 3" in imported.errors[0].why
    assert "row 2" in imported.errors[1].why
    assert imported.data is not None
    assert [given.line for given in imported.data.assignments] == ["L3", "L4", "L5"]


def test_a_header_without_a_column_is_one_error_and_no_row_is_guessed(folder: Path) -> None:
    (folder / "sites.csv").write_text("id,name,name,address,colour\ns1,a,b,c,d\n", encoding="utf-8")
    (folder / "assignments.csv").write_text("", encoding="utf-8")
    imported = load_folder(folder)
    assert found(imported) == [("sites", 1, "division"), ("sites", 1, "name"), ("assignments", 1, None)]
    assert any("colour" in notice for notice in imported.notices)


def test_lines_and_cells_have_ceilings_and_bad_bytes_cost_one_row(folder: Path) -> None:
    with (folder / "enterprises.csv").open("ab") as file:
        file.write(b"x" * (3 * MAX_LINE) + b"\n")
        file.write(b"\xff\xff,name\n")
        file.write(f"{CODE},{'n' * (MAX_CELL + 1)}\n".encode())
    imported = load_folder(folder)
    assert found(imported) == [("enterprises", 4, None), ("enterprises", 5, None), ("enterprises", 6, "name")]
    assert imported.data is not None
    assert len(imported.data.enterprises) == 2


@pytest.mark.parametrize("content", [b"PK\x03\x04 and more", "uscc,name\n".encode("utf-16")])
def test_a_workbook_or_utf16_is_refused_with_what_to_do(folder: Path, content: bytes) -> None:
    (folder / "enterprises.csv").write_bytes(content)
    with pytest.raises(ReadError, match=r"enterprises\.csv: .*(export|save) it as"):
        load_folder(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "sites.csv").unlink()
    with pytest.raises(ReadError, match=r"sites\.csv: No such file"):
        load_folder(folder)


def test_ids_are_short(folder: Path) -> None:
    add(folder, "sites", f"{'s' * (MAX_ID + 1)},一号,990101,路,,,", f"{'s' * MAX_ID},一号,990101,路,,,")
    add(folder, "assignments", f"203.0.113.0/24,{'L' * (MAX_ID + 1)},{CODE},s1,2024-01-01,")
    assert found(load_folder(folder)) == [("sites", 4, "id"), ("assignments", 4, "line")]


def test_wide_blanks_may_stand_in_names_and_invisible_characters_may_not(folder: Path) -> None:
    add(folder, "sites", "s8,一　号,990101,路,,,", "s9,一\u200b号,990101,路,,,")
    imported = load_folder(folder)
    assert found(imported) == [("sites", 5, "name")]
    assert "U+200B" in imported.errors[0].why


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0::/48", "2001:db8::/48"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_prefix_has_one_form(text: str, prefix: str) -> None:
    assert str(parse_prefix(text)) == prefix


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/0.0.0.255",
        "192.0.2.0/",
        "fe80::1%eth0",
        "a",
        "192.0.02.0/24",
    ],
)
def test_what_has_two_readings_or_none_is_no_prefix(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_prefix(text)


def test_a_date_is_midnight_in_china_and_a_time_keeps_its_zone() -> None:
    assert parse_instant("2024-01-01") == parse_instant("2024-01-01T00:00:00+08:00")
    assert parse_instant("1970-01-01T00:00:00.000001Z") == 1000
    for text in ("2024-01-01T00:00:00", "2024-01", "01/02/2024", "1969-12-31T23:59:59Z", "2024-01-01T25:00Z"):
        with pytest.raises(ValueError, match=r"."):
            parse_instant(text)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_in_a_file_give_errors_and_no_crash(
    folder: Path, name: str, rubbish: bytes, place: int
) -> None:
    whole = {key: text.encode() for key, text in GOOD.items()}
    whole[name] = whole[name][:place] + rubbish + whole[name][place:]
    for key, content in whole.items():
        (folder / f"{key}.csv").write_bytes(content)
    with suppress(ReadError):
        imported = load_folder(folder)
        assert imported.data is not None
        assert all(
            given_.site in {site.id for site in imported.data.sites} for given_ in imported.data.assignments
        )


TEXTS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_any_names_come_back_as_they_were_written(folder: Path, names: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(
        [("uscc", "name")]
        + [(completed("9", "1", "990101", f"{n:08d}"), name) for n, name in enumerate(names)]
    )
    (folder / "enterprises.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / "assignments.csv").write_text(GOOD["assignments"].split("\n")[0], encoding="utf-8")
    imported = load_folder(folder, all_or_nothing=True)
    assert imported.data is not None
    assert [enterprise.name for enterprise in imported.data.enterprises] == names


def test_the_manual_names_every_column() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")
    for required, optional in (ENTERPRISE_COLUMNS, SITE_COLUMNS, ASSIGNMENT_COLUMNS):
        for column in (*required, *optional):
            assert f"`{column}`" in manual
