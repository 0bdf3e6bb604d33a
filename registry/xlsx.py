"""XLSX workbooks to rows of texts: the first sheet, read as a stream.

Source: ECMA-376 part 1, 18.2 (workbook), 18.3 (sheet), 18.4 (shared strings), 18.8 (styles). A cell that
Excel shows as a date is a count of days since 1899-12-30; it becomes `2026-03-01`, or `2026-03-01T08:00:00`
without a zone where it has a time of day.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

from facts.errors import ReadError
from facts.where import Where

MAX_PART = 4 << 30
"""Bytes that one part of a workbook may unpack to."""
MAX_SHARED = 256 << 20
"""Bytes of shared texts, which must lie in memory."""
MAX_COLUMNS = 1000

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a workbook knows no zone
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Built-in number formats that show a date or a time (18.8.30)."""
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_PLACE = re.compile(r"([A-Z]{1,3})\d+")


def sheet_rows(file: IO[bytes], source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, texts of its cells) of a workbook's first sheet; empty cells are empty texts.

    Raises ReadError where it is no workbook, or larger than its ceilings.
    """
    try:
        with zipfile.ZipFile(file) as book:
            sheet, is_1904 = _first_sheet(book, source)
            shared = _shared(book, source)
            dates = _date_styles(book)
            yield from _rows(book, sheet, shared, dates, _EPOCH_1904 if is_1904 else _EPOCH, source)
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError, NotImplementedError, EOFError) as error:
        raise ReadError(f"not an XLSX workbook that can be read: {error}", Where(source)) from error
    except RuntimeError as error:  # what zipfile says of an encrypted part
        raise ReadError(f"the workbook is encrypted: {error}", Where(source)) from error


def _first_sheet(book: zipfile.ZipFile, source: str) -> tuple[str, bool]:
    identity, is_1904 = "", False
    with _part(book, "xl/workbook.xml", source) as part:
        for _, element in iterparse(part):
            if _STRICT in element.tag:
                raise ReadError("a Strict Open XML workbook: save it as a plain XLSX", Where(source))
            if element.tag == f"{_MAIN}workbookPr":
                is_1904 = element.get("date1904") in ("1", "true")
            if element.tag == f"{_MAIN}sheet" and not identity:
                identity = element.get(f"{_RELATIONS}id", "")
    with _part(book, "xl/_rels/workbook.xml.rels", source) as part:
        for _, element in iterparse(part):
            if element.tag == f"{_PACKAGE}Relationship" and element.get("Id") == identity:
                target = element.get("Target", "")
                return (target.removeprefix("/") if target.startswith("/") else f"xl/{target}"), is_1904
    raise ReadError("the workbook has no sheet", Where(source))


def _shared(book: zipfile.ZipFile, source: str) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in book.namelist():
        return []
    if book.getinfo(name).file_size > MAX_SHARED:
        raise ReadError(f"more than {MAX_SHARED:,} bytes of shared texts: export it as CSV", Where(source))
    found = []
    with _part(book, name, source) as part:
        for _, element in iterparse(part):
            if element.tag == f"{_MAIN}si":
                found.append(_text(element))
                element.clear()
    return found


def _date_styles(book: zipfile.ZipFile) -> set[int]:
    """Return the cell styles that show a number as a date."""
    if "xl/styles.xml" not in book.namelist():
        return set()
    shows_date = set(_DATE_FORMATS)
    styles: set[int] = set()
    with book.open("xl/styles.xml") as part:
        count, within = 0, False
        for event, element in iterparse(part, ("start", "end")):
            if element.tag == f"{_MAIN}cellXfs":
                within = event == "start"
            elif event == "start" and element.tag == f"{_MAIN}numFmt":
                code = _LITERAL.sub("", element.get("formatCode", "")).lower()
                if any(letter in code for letter in "ymdhs"):
                    shows_date.add(int(element.get("numFmtId", "-1")))
            elif within and event == "start" and element.tag == f"{_MAIN}xf":
                if int(element.get("numFmtId", "0")) in shows_date:
                    styles.add(count)
                count += 1
    return styles


def _rows(
    book: zipfile.ZipFile, sheet: str, shared: list[str], dates: set[int], epoch: datetime, source: str
) -> Iterator[tuple[int, list[str]]]:
    number = 0
    with _part(book, sheet, source) as part:
        sheet_data: Element | None = None
        for event, element in iterparse(part, ("start", "end")):
            if event == "start":
                sheet_data = element if element.tag == f"{_MAIN}sheetData" else sheet_data
                continue
            if element.tag != f"{_MAIN}row" or sheet_data is None:
                continue
            number = int(element.get("r", number + 1))
            cells: list[str] = []
            for cell in element:
                column = _column(cell.get("r"), len(cells))
                if column >= MAX_COLUMNS:
                    raise ReadError(f"more than {MAX_COLUMNS} columns", Where(source))
                cells.extend([""] * (column - len(cells)))
                cells.append(_cell(cell, shared, dates, epoch))
            sheet_data.clear()  # what was read is not needed: a sheet has a million rows
            yield number, cells


def _column(place: str | None, following: int) -> int:
    match = _PLACE.fullmatch(place or "")
    if match is None:
        return following
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return max(number - 1, following)


def _cell(cell: Element, shared: list[str], dates: set[int], epoch: datetime) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    value = cell.find(f"{_MAIN}v")
    if value is None or value.text is None:
        return ""
    if kind == "s":
        return shared[int(value.text)]
    if kind == "n" and int(cell.get("s", "0")) in dates:
        return _date(float(value.text), epoch)
    if kind == "n":
        return _number(value.text)
    return value.text


def _number(text: str) -> str:
    """Return a number as a person writes it: Excel keeps 3306 as `3306` or `3306.0`."""
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else text


def _date(days: float, epoch: datetime) -> str:
    if not 0 <= days < 3_000_000:  # year 9999 and a little
        raise ValueError(f"{days} days are no date")
    at = epoch + timedelta(seconds=round(days * 86_400))
    return at.strftime("%Y-%m-%d") if days == int(days) else at.strftime("%Y-%m-%dT%H:%M:%S")


def _text(element: Element) -> str:
    """Return the text of a string item, its phonetic hints left out."""
    found = []
    for child in element.iter():
        if child.tag == f"{_MAIN}rPh":
            child.clear()
        elif child.tag == f"{_MAIN}t":
            found.append(child.text or "")
    return "".join(found)


def _part(book: zipfile.ZipFile, name: str, source: str) -> IO[bytes]:
    if book.getinfo(name).file_size > MAX_PART:
        raise ReadError(f"{name} unpacks to more than {MAX_PART:,} bytes", Where(source))
    return book.open(name)
