"""Reports: the same document in every format, in both languages, the same bytes each time."""

import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typst
from docx import Document as Word
from hypothesis import given
from hypothesis import strategies as st

from supervision.reports import charts, typeset
from supervision.reports.document import (
    Chart,
    Column,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Language,
    Paragraph,
    Series,
    Table,
)
from supervision.reports.words import cell, number
from supervision.reports.writing import FORMATS, Format, rendered, write

HOSTILE = '<script>alert(1)</script> #panic("x") =1+1 "quoted" \\u{41} $x$ @y *bold*'


def a_document(language: Language = "en", text: str = HOSTILE) -> Document:
    power = Figure(1_234.5, 1_100.25, 1_400.75, "kW", 1)
    return Document(
        kind="weekly",
        title="Weekly change" if language == "en" else "每周变动",
        subtitle=text,
        language=language,
        as_of=date(2026, 11, 20),
        made=datetime(2026, 11, 21, 8, 30, tzinfo=UTC),
        publisher="示例省发展和改革委员会" if language == "zh" else "Sample commission",
        facts=(("Region", "990000"),),
        blocks=(
            Heading("Overview" if language == "en" else "概览"),
            Paragraph(text),
            KeyFigures((("Power", power), ("Projects", Figure(12))), "sum of estimates"),
            Table(
                "projects",
                "Projects",
                (Column("Name"), Column("Power", "number"), Column("Since"), Column("Fee", "number")),
                (
                    ("=cmd|' /C calc'!A0", power, date(2026, 3, 1), Decimal("1234.50")),
                    (text, Figure(0), None, Decimal("-0.01")),
                ),
                "by hand",
            ),
            Table("empty", "Nothing", (Column("Name"),), ()),
            Chart(
                "weeks",
                "Weeks",
                "bars",
                ("W46", "W47"),
                (Series("a", (1.0, 2.5)), Series("b", (None, -3.0))),
                "kW",
            ),
            Chart("line", "Line", "lines", ("1", "2", "3"), (Series(text, (0.0, None, 7e6)),), "H/s", "note"),
        ),
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("wanted", FORMATS)
def test_the_same_document_gives_the_same_bytes(wanted: Format, language: Language, tmp_path: Path) -> None:
    first = rendered(a_document(language), wanted)
    # another process, with another hash seed, time zone and language
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.supervision.test_reports import a_document\n"
        "from supervision.reports.writing import rendered\n"
        f"sys.stdout.buffer.write(rendered(a_document({language!r}), {wanted!r}))"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Shanghai",
        "LANG": "zh_CN.UTF-8",
        "PATH": "/usr/bin:/bin",
    }
    again = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, check=True
    )
    assert again.stdout == first


def test_html_holds_what_was_given_and_nothing_active() -> None:
    text = rendered(a_document(), "html").decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert not re.search(r"(?:src|href)\s*=", text)
    assert "1,234.5 (1,100.3–1,400.8) kW" in text  # a half goes up
    assert 'lang="en"' in text
    assert "数据截至" in rendered(a_document("zh"), "html").decode()


def test_docx_holds_tables_and_pictures() -> None:
    word = Word(BytesIO(rendered(a_document("zh"), "docx")))
    assert word.core_properties.created == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    projects = word.tables[1]
    assert [c.text for c in projects.rows[1].cells][1:] == [
        "1,234.5 (1,100.3–1,400.8) kW",
        "2026年3月1日",
        "1,234.50",
    ]
    assert projects.rows[2].cells[0].text == HOSTILE
    assert len(word.inline_shapes) == 2


def sheets(content: bytes) -> dict[str, list[list[str | None]]]:
    """Read a workbook with nothing but its own XML: (formula cells would show up as `f`)."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(BytesIO(content)) as book:
        assert {member.date_time for member in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        strings = [
            "".join(item.itertext()) for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        names = [
            s.get("name")
            for s in ElementTree.fromstring(book.read("xl/workbook.xml")).findall(".//m:sheet", space)
        ]
        found = {}
        for n, name in enumerate(names, 1):
            sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{n}.xml"))
            assert not sheet.findall(".//m:f", space)
            rows = [
                [
                    strings[int(c[0].text or "")] if c.get("t") == "s" else (c[0].text if len(c) else None)
                    for c in row
                ]
                for row in sheet.findall(".//m:row", space)
            ]
            found[str(name)] = rows
    return found


def test_xlsx_keeps_numbers_with_their_intervals_and_makes_no_formula_of_a_text() -> None:
    found = sheets(rendered(a_document(), "xlsx"))
    assert list(found) == ["Overview", "projects", "empty", "weeks", "line"]
    assert found["projects"][0] == ["Name", "Power (kW)", "Power (kW) Low", "Power (kW) High", "Since", "Fee"]
    assert found["projects"][1] == ["=cmd|' /C calc'!A0", "1234.5", "1100.25", "1400.75", "46082", "1234.5"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pdf_is_one_with_the_time_of_the_document(language: Language) -> None:
    content = rendered(a_document(language), "pdf")
    assert content.startswith(b"%PDF-")
    assert b"20261121083000" in content.replace(b"-", b"").replace(b":", b"").replace(b"T", b"")


def test_without_a_chinese_font_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(typeset, "installed", lambda: ())
    files, missing = write(a_document("zh"), tmp_path)
    assert [path.suffix for path in files] == [".html", ".xlsx", ".json"]
    assert set(missing) == {"docx", "pdf"}
    assert "apt install fonts-wqy-microhei" in missing["pdf"]
    files, missing = write(a_document("en"), tmp_path)
    assert not missing


def test_a_folder_gets_every_file_and_their_hashes(tmp_path: Path) -> None:
    files, _ = write(a_document(), tmp_path / "new" / "folder")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(
        p.name for p in files
    )
    about = json.loads(files[-1].read_text())
    assert set(about["sha256"]) == {f"weekly-2026-11-20-en.{wanted}" for wanted in FORMATS}


def test_what_cannot_be_a_document_is_refused() -> None:
    with pytest.raises(ValueError, match="no sheet can be called"):
        Table("a/b", "", (), ())
    with pytest.raises(ValueError, match="row 1: 2 cells for 1 columns"):
        Table("a", "", (Column("x"),), (("1", "2"),))
    with pytest.raises(ValueError, match="1 values of s for 2 labels"):
        Chart("c", "", "bars", ("1", "2"), (Series("s", (1.0,)),), "")
    with pytest.raises(ValueError, match="nothing to draw"):
        Chart("c", "", "bars", (), (), "")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_can_be_typeset(text: str) -> None:
    literal = typeset._text(text)
    assert json.loads(typst.eval(b"", literal)) == text


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_an_axis_holds_its_values_in_a_few_steps(a: float, b: float) -> None:
    low, high, step = charts.axis(min(a, b, 0.0), max(a, b, 0.0))
    assert low <= min(a, b, 0.0)
    assert high >= max(a, b, 0.0)
    assert high > low
    assert 1 <= round((high - low) / step) <= 11


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.005, 2, "0.01"),
        (-0.001, 2, "0.00"),
        (1234567, 0, "1,234,567"),
        (float("nan"), 1, "-"),
        (2.5, 0, "3"),
    ],
)
def test_numbers(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text
    assert cell(None, "en") == "-"
