"""A report as one HTML file: no script, nothing from elsewhere, print styles included."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup

from supervision.reports import charts
from supervision.reports.document import Document
from supervision.reports.words import cell, day, figure, word

_ENVIRONMENT = Environment(
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATE = _ENVIRONMENT.from_string(files("supervision.reports").joinpath("report.html").read_text("utf-8"))


def html(document: Document) -> bytes:
    """Return the document as UTF-8 HTML."""
    language = document.language
    text = _TEMPLATE.render(
        document=document,
        blocks=[(type(block).__name__, block) for block in document.blocks],
        cell=lambda value: cell(value, language),
        day=lambda value: day(value, language),
        figure=figure,
        svg=lambda chart: Markup(charts.svg(chart)),  # made here, of escaped texts
        word=lambda key: word(key, language),
    )
    return text.encode()
