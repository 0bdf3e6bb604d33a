"""Typst: a report as PDF, a chart as a picture; and whether the machine has the letters for it."""

from collections.abc import Iterator
from datetime import UTC
from functools import lru_cache

import typst

from supervision.reports import charts
from supervision.reports.document import (
    Block,
    Chart,
    Document,
    Heading,
    KeyFigures,
    Language,
    Paragraph,
    Table,
)
from supervision.reports.widths import INSET, Layout, broken, layout
from supervision.reports.words import cell, day, figure, word

LATIN = "Libertinus Serif"
"""Comes with typst."""
CHINESE = (
    "Noto Serif CJK SC",
    "Noto Sans CJK SC",
    "Source Han Serif SC",
    "Source Han Sans SC",
    "SimSun",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
"""Families with simplified Chinese, the wanted ones first."""
PIXELS_PER_INCH = 160.0
ROOM = 481.0
"""Points between the margins of the page (A4, 2 cm each side)."""
HAND = 24
"""Points that a row is high in which somebody writes."""
TAGGED_ROWS = 2_000
"""Rows up to which tables are tagged for screen readers; of 10,000 rows the tags are nine tenths of 20 MB."""


class FontMissing(RuntimeError):
    """No family with Chinese letters is installed; the text says which would do and how to get one."""

    def __init__(self) -> None:
        super().__init__(
            "no font with Chinese letters was found; install one of "
            + ", ".join(CHINESE)
            + " (Debian and Ubuntu: apt install fonts-wqy-microhei, or fonts-noto-cjk)"
        )


@lru_cache(1)
def installed() -> tuple[str, ...]:
    """Return the families with Chinese letters that are installed, the wanted ones first."""
    families = set(typst.Fonts().families())
    return tuple(name for name in CHINESE if name in families)


def family(language: Language) -> str:
    """Return the family that a language is set in. Raises FontMissing."""
    if language == "en":
        return LATIN
    if not installed():
        raise FontMissing
    return installed()[0]


def pdf(document: Document) -> bytes:
    """Return the document as a PDF. Raises FontMissing."""
    source = "\n".join(_source(document)).encode()
    made = document.made.astimezone(UTC)
    rows = sum(len(block.rows) for block in document.blocks if isinstance(block, Table))
    return bytes(typst.compile(source, format="pdf", timestamp=made, pdf_tags=rows <= TAGGED_ROWS))


def png(svg: str, language: Language) -> bytes:
    """Return a drawing as a PNG picture. Raises FontMissing."""
    family(language)
    source = (
        "#set page(width: auto, height: auto, margin: 0pt)\n"
        f'#image(bytes({_text(svg)}), format: "svg", width: {charts.WIDTH}pt)'
    )
    return bytes(typst.compile(source.encode(), format="png", ppi=PIXELS_PER_INCH))


def _source(document: Document) -> Iterator[str]:
    language = document.language
    fonts = [LATIN] if language == "en" else [LATIN, family(language)]
    yield f"#set document(title: {_text(document.title)}, author: {_text(document.publisher)})"
    yield f'#set text(font: ({", ".join(map(_text, fonts))},), size: 10pt, lang: "{language}")'
    yield (
        '#set page(paper: "a4", margin: 2cm, numbering: "1 / 1", footer-descent: 40%)\n'
        "#set par(justify: false)\n"
        "#show heading.where(level: 1): set block(above: 1.4em)\n"
        "#show table.cell.where(y: 0): strong\n"
        "#show figure.where(kind: table): set block(breakable: true)\n"
        f"#set table(stroke: 0.4pt + luma(180), inset: {INSET}pt)"
    )
    yield f"#text(size: 18pt, weight: 700)[#{_text(document.title)}]\n"
    yield f"#text(size: 11pt, fill: luma(90))[#{_text(document.subtitle)}]\n"
    about = [
        *document.facts,
        (word("as_of", language), day(document.as_of, language)),
        (word("published", language), document.publisher),
    ]
    cells = ", ".join(f"{_text(name)}, {_text(value)}" for name, value in about)
    yield f"#grid(columns: (auto, 1fr), gutter: 5pt, column-gutter: 12pt, {cells})"
    for block in document.blocks:
        yield from _block(block, language)
    yield _small(word("generated", language))


def _block(block: Block, language: Language) -> Iterator[str]:
    match block:
        case Heading():
            yield f"#heading(level: {block.level}, {_text(block.text)})"
        case Paragraph():
            yield f"#par({_text(block.text)})"
        case KeyFigures():
            cells = ", ".join(f"{_text(name)}, strong({_text(figure(value))})" for name, value in block.items)
            yield f"#grid(columns: (auto, 1fr), gutter: 6pt, column-gutter: 14pt, {cells})"
            yield _small(f"{word('method', language)}: {block.note}")
        case Table():
            yield from _table(block, language)
        case Chart():
            drawing = _text(charts.svg(block, family(language)))
            picture = f'image(bytes({drawing}), format: "svg", width: 100%)'
            yield f"#block(breakable: false, {{ strong({_text(block.title)}); {picture} }})"
            if block.note:
                yield _small(f"{word('method', language)}: {block.note}")


def _table(block: Table, language: Language) -> Iterator[str]:
    if block.title:
        yield f"#block(sticky: true, strong({_text(block.title)}))"
    if not block.rows:
        yield f"#par({_text(word('empty', language))})"
        return
    align = ", ".join("right" if column.align == "number" else "left" for column in block.columns)
    titles = [column.title for column in block.columns]
    rows = [[cell(value, language) for value in row] for row in block.rows]
    set_ = layout(titles, rows, ROOM)
    if any(column.blank for column in block.columns):
        shares = ("1fr" if column.blank else "auto" for column in block.columns)
        columns, high = f"({', '.join(shares)},)", f"rows: (auto,) + {len(rows)} * ({HAND}pt,), "
    else:
        columns, high = _widths(set_, len(titles)), ""
    heads = ", ".join(_text(broken(title, set_.longest)) for title in titles)
    yield f"#{{set text(size: {set_.size}pt); table(columns: {columns}, {high}align: ({align},),"
    yield f"table.header({heads}),"
    for row in rows:
        yield ", ".join(_text(broken(text, set_.longest)) for text in row) + ","
    yield ")}"
    if block.note:
        yield _small(f"{word('method', language)}: {block.note}")


def _widths(set_: Layout, count: int) -> str:
    return f"({', '.join(f'{wide:.2f}pt' for wide in set_.widths)},)" if set_.widths else str(count)


def _small(text: str) -> str:
    return f"#block(text(size: 8pt, fill: luma(90), {_text(text)}))"


def _text(text: str) -> str:
    """Return a Typst string literal that stands for exactly this text."""
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return letter if ord(letter) >= 32 and ord(letter) != 127 else f"\\u{{{ord(letter):x}}}"
