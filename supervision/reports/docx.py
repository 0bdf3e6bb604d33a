"""A report as a DOCX document, with charts as pictures."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from docx import Document as Word
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt

from supervision.reports import charts, typeset
from supervision.reports.document import Chart, Document, Heading, KeyFigures, Paragraph, Table
from supervision.reports.fixed_zip import rewritten
from supervision.reports.words import cell, day, figure, word

_NAMESPACE = nsdecls("w")
HAND_WIDE, HAND_HIGH = 2_400, 480
"""Twentieths of a point: cells and rows in which somebody writes."""
EAST_ASIAN = "SimSun"
"""The family that Word takes for Chinese text where a reader has it; Word finds another where not."""


def docx(document: Document) -> bytes:
    """Return the document as the bytes of a DOCX file. Raises typeset.FontMissing for a chart in Chinese."""
    word_file = Word()
    normal = word_file.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(10.5)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), EAST_ASIAN)
    properties = word_file.core_properties
    made = document.made.replace(tzinfo=None)
    properties.title, properties.author = document.title, document.publisher
    properties.created = properties.modified = made
    properties.last_modified_by, properties.language = document.publisher, document.language
    _opening(word_file, document)
    for block in document.blocks:
        match block:
            case Heading():
                word_file.add_heading(block.text, block.level)
            case Paragraph():
                word_file.add_paragraph(block.text)
            case KeyFigures():
                _key_figures(word_file, block, document)
            case Table():
                _table(word_file, block, document)
            case Chart():
                word_file.add_paragraph(block.title, style="Caption")
                picture = typeset.png(charts.svg(block, typeset.family(document.language)), document.language)
                word_file.add_picture(BytesIO(picture), width=Cm(16))
                _note(word_file, block.note, document)
    _note(word_file, word("generated", document.language), None)
    out = BytesIO()
    word_file.save(out)
    return rewritten(out.getvalue(), document.made)


def _opening(word_file: Any, document: Document) -> None:
    language = document.language
    word_file.add_heading(document.title, 0)
    word_file.add_paragraph(document.subtitle, style="Subtitle")
    about = [
        *document.facts,
        (word("as_of", language), day(document.as_of, language)),
        (word("published", language), document.publisher),
    ]
    for name, value in about:
        line = word_file.add_paragraph()
        line.paragraph_format.space_after = Pt(0)
        line.add_run(f"{name}: ").bold = True
        line.add_run(value)


def _key_figures(word_file: Any, block: KeyFigures, document: Document) -> None:
    table = word_file.add_table(rows=0, cols=2, style="Light Grid Accent 1")
    for name, value in block.items:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, figure(value)
    _note(word_file, block.note, document)


def _table(word_file: Any, block: Table, document: Document) -> None:
    if block.title:
        word_file.add_paragraph(block.title, style="Caption")
    if not block.rows:
        word_file.add_paragraph(word("empty", document.language))
        return
    table = word_file.add_table(rows=1, cols=len(block.columns), style="Light Grid Accent 1")
    for place, column in zip(table.rows[0].cells, block.columns, strict=True):
        place.text = column.title
    numbers = [column.align == "number" for column in block.columns]
    blank = [column.blank for column in block.columns]
    for row in block.rows:  # as text: python-docx takes a millisecond a cell, an evaluation has 70,000
        told = [cell(value, document.language) for value in row]
        table._tbl.append(parse_xml(_row(told, numbers, blank)))
    _note(word_file, block.note, document)


def _row(cells: Sequence[str], numbers: Sequence[bool], blank: Sequence[bool]) -> str:
    """Return a table row in WordprocessingML; numbers stand at the right, who writes by hand has room."""
    made = []
    for text, number, empty in zip(cells, numbers, blank, strict=True):
        lines = "</w:t><w:br/><w:t xml:space='preserve'>".join(
            escape("".join(one for one in line if one.isprintable())) for line in text.split("\n")
        )
        right = "<w:pPr><w:jc w:val='right'/></w:pPr>" if number else ""
        run = f"<w:r><w:t xml:space='preserve'>{lines}</w:t></w:r>"
        width = f"<w:tcPr><w:tcW w:w='{HAND_WIDE}' w:type='dxa'/></w:tcPr>" if empty else "<w:tcPr/>"
        made.append(f"<w:tc>{width}<w:p>{right}{run}</w:p></w:tc>")
    high = f"<w:trPr><w:trHeight w:val='{HAND_HIGH}'/></w:trPr>" if any(blank) else ""
    return f"<w:tr {_NAMESPACE}>{high}{''.join(made)}</w:tr>"


def _note(word_file: Any, note: str, document: Document | None) -> None:
    if not note:
        return
    text = note if document is None else f"{word('method', document.language)}: {note}"
    run = word_file.add_paragraph().add_run(text)
    run.font.size = Pt(8.5)
    run.italic = document is not None and document.language == "en"
