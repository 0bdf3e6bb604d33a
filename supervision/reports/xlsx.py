"""A report as an XLSX workbook: an overview, a sheet for each table and each chart with its numbers.

Numbers stay numbers; a figure takes three cells (value, low, high), so that a reader can go on calculating.
"""

from datetime import date
from decimal import Decimal
from io import BytesIO
from math import isfinite
from typing import Any

import xlsxwriter

from supervision.reports.document import Cell, Chart, Document, Figure, KeyFigures, Table
from supervision.reports.words import day, word

WIDEST = 48
"""Characters a column is wide at most."""


def xlsx(document: Document) -> bytes:
    """Return the document as the bytes of a workbook. Texts are never formulas or links."""
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties(
            {
                "title": document.title,
                "company": document.publisher,
                "created": document.made.replace(tzinfo=None),
            }
        )
        sheets = _Sheets(book, document)
        sheets.overview()
        for block in document.blocks:
            if isinstance(block, Table):
                sheets.table(block)
            elif isinstance(block, Chart):
                sheets.chart(block)
    return out.getvalue()


class _Sheets:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, document: Document) -> None:
        self._book, self._document = book, document
        self._bold = book.add_format({"bold": True})
        self._head = book.add_format({"bold": True, "bg_color": "#EEF3F9", "border": 1, "text_wrap": True})
        self._date = book.add_format({"num_format": "yyyy-mm-dd"})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})

    def overview(self) -> None:
        document, language = self._document, self._document.language
        sheet = self._book.add_worksheet(word("overview", language))
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 4, 16)
        sheet.write_string(0, 0, document.title, self._bold)
        sheet.write_string(1, 0, document.subtitle)
        row = 3
        about = [
            *document.facts,
            (word("as_of", language), day(document.as_of, language)),
            (word("published", language), document.publisher),
        ]
        for name, value in about:
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
            row += 1
        for block in document.blocks:
            if isinstance(block, KeyFigures):
                row = self._figures(sheet, row + 1, block)

    def _figures(self, sheet: Any, row: int, block: KeyFigures) -> int:
        language = self._document.language
        for column, key in enumerate(("figure", "value", "low", "high", "unit")):
            sheet.write_string(row, column, word(key, language), self._head)
        for name, figure in block.items:
            row += 1
            sheet.write_string(row, 0, name)
            self._figure(sheet, row, 1, figure)
            sheet.write_string(row, 4, figure.unit)
        sheet.write_string(row + 1, 0, f"{word('method', language)}: {block.note}")
        return row + 2

    def table(self, table: Table) -> None:
        language = self._document.language
        sheet = self._book.add_worksheet(table.name)
        spread = [
            any(isinstance(row[place], Figure) for row in table.rows) for place in range(len(table.columns))
        ]
        column = 0
        for place, head in enumerate(table.columns):
            unit = next((row[place].unit for row in table.rows if isinstance(row[place], Figure)), "")  # type: ignore[union-attr]
            title = f"{head.title} ({unit})" if unit and unit not in head.title else head.title
            names = [title]
            if spread[place]:
                names += [f"{title} {word(key, language)}" for key in ("low", "high")]
            for name in names:
                sheet.write_string(0, column, name, self._head)
                column += 1
            wide = max([len(head.title), *(len(str(row[place])) for row in table.rows[:200])], default=8)
            sheet.set_column(
                column - len(names), column - 1, min(WIDEST, max(10, wide + 2)) if not spread[place] else 14
            )
        for n, row in enumerate(table.rows, 1):
            column = 0
            for place, value in enumerate(row):
                if spread[place]:
                    self._figure(sheet, n, column, value)
                    column += 3
                else:
                    self._cell(sheet, n, column, value)
                    column += 1
        sheet.freeze_panes(1, 0)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), column - 1)
        if table.note:
            sheet.write_string(len(table.rows) + 2, 0, f"{word('method', language)}: {table.note}")

    def chart(self, chart: Chart) -> None:
        sheet = self._book.add_worksheet(chart.name)
        sheet.set_column(0, 0, 24)
        for column, series in enumerate(chart.series, 1):
            sheet.write_string(0, column, series.name, self._head)
            for row, value in enumerate(series.values, 1):
                if value is not None:
                    sheet.write_number(row, column, value)
        for row, label in enumerate(chart.labels, 1):
            sheet.write_string(row, 0, label)
        drawn = self._book.add_chart({"type": "column" if chart.shape == "bars" else "line"})
        last = len(chart.labels)
        for column in range(1, len(chart.series) + 1):
            drawn.add_series(
                {
                    "name": [chart.name, 0, column],
                    "categories": [chart.name, 1, 0, last, 0],
                    "values": [chart.name, 1, column, last, column],
                }
            )
        drawn.set_title({"name": chart.title})
        drawn.set_y_axis({"name": chart.unit})
        sheet.insert_chart(1, len(chart.series) + 2, drawn, {"x_scale": 1.5, "y_scale": 1.3})
        if chart.note:
            note = f"{word('method', self._document.language)}: {chart.note}"
            sheet.write_string(last + 2, 0, note)

    def _figure(self, sheet: Any, row: int, column: int, value: Cell) -> None:
        if not isinstance(value, Figure):
            self._cell(sheet, row, column, value)
            return
        shape = self._book.add_format(
            {"num_format": "#,##0" + ("." + "0" * value.digits if value.digits else "")}
        )
        for place, number in enumerate((value.value, value.low, value.high)):
            if number is not None and isfinite(number):  # what is not known is an empty cell
                sheet.write_number(row, column + place, float(number), shape)

    def _cell(self, sheet: Any, row: int, column: int, value: Cell) -> None:
        match value:
            case None:
                pass
            case str():
                sheet.write_string(row, column, value, self._wrap)
            case date():
                sheet.write_datetime(row, column, value, self._date)
            case Figure():
                self._figure(sheet, row, column, value)
            case Decimal() | int() | float() if isfinite(value):
                sheet.write_number(row, column, float(value))
