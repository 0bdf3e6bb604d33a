"""Charts as SVG: bars or lines over labels, drawn to a size, with no library and no script.

The same chart gives the same text. Fonts are named by family only; who shows it has them.
"""

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from supervision.reports.document import Chart
from supervision.reports.words import number

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 36, 64
"""Margins around the plot."""
COLOURS = ("#1f5aa6", "#d1742c", "#3f8f5f", "#8a4fa3", "#b23a48", "#6b6b6b")
"""Apart for the colour-blind in this order, and in grey."""
MOST_LABELS = 16
FAMILY = "sans-serif"


def svg(chart: Chart, family: str = FAMILY) -> str:
    """Return the chart as an SVG document."""
    values = [value for series in chart.series for value in series.values if value is not None]
    low, high, step = axis(min([0.0, *values]), max([0.0, *values]))
    frame = _Frame(low, high, len(chart.labels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" font-family="{escape(family)}" font-size="12">',
        f"<title>{escape(chart.title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_grid(frame, low, high, step, chart.unit),
        *(_bars(chart, frame) if chart.shape == "bars" else _lines(chart, frame)),
        *_labels(chart, frame),
        *_legend(chart),
        "</svg>",
    ]
    return "\n".join(parts)


def axis(low: float, high: float) -> tuple[float, float, float]:
    """Return the ends of an axis around a range, and its step: 1, 2 or 5 times a power of ten, 4 to 9
    steps."""
    span = high - low or 1.0
    power = 10.0 ** math.floor(math.log10(span / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 8)
    return math.floor(low / step) * step, math.ceil((high or (1.0 if low == 0 else 0.0)) / step) * step, step


class _Frame:
    """From values and places to points of the drawing."""

    def __init__(self, low: float, high: float, places: int) -> None:
        self._low, self._span = low, high - low
        self.slot = (WIDTH - LEFT - RIGHT) / places

    def x(self, place: float) -> float:
        return LEFT + self.slot * place

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - self._low) / self._span)


def _grid(frame: _Frame, low: float, high: float, step: float, unit: str) -> Iterator[str]:
    digits = max(0, -math.floor(math.log10(step)))
    for n in range(round((high - low) / step) + 1):
        value = low + n * step
        y = _n(frame.y(value))
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y}" dy="4" text-anchor="end">{number(value, digits)}</text>'
    yield f'<text x="{LEFT - 6}" y="{TOP - 14}" text-anchor="end" fill="#555555">{escape(unit)}</text>'


def _bars(chart: Chart, frame: _Frame) -> Iterator[str]:
    wide = frame.slot * 0.8 / len(chart.series)
    zero = frame.y(0)
    for n, series in enumerate(chart.series):
        for place, value in enumerate(series.values):
            if value is None:
                continue
            x, y = frame.x(place + 0.1) + wide * n, frame.y(value)
            yield (
                f'<rect x="{_n(x)}" y="{_n(min(y, zero))}" width="{_n(wide)}" '
                f'height="{_n(abs(zero - y))}" fill="{_colour(n)}"/>'
            )


def _lines(chart: Chart, frame: _Frame) -> Iterator[str]:
    for n, series in enumerate(chart.series):
        path, pen_down = [], False
        for place, value in enumerate(series.values):
            if value is not None:
                path.append(f"{'L' if pen_down else 'M'}{_n(frame.x(place + 0.5))} {_n(frame.y(value))}")
            pen_down = value is not None
        yield f'<path d="{" ".join(path)}" fill="none" stroke="{_colour(n)}" stroke-width="2"/>'
        for place, value in enumerate(series.values):
            if value is not None:
                x, y = frame.x(place + 0.5), frame.y(value)
                yield f'<circle cx="{_n(x)}" cy="{_n(y)}" r="2.5" fill="{_colour(n)}"/>'


def _labels(chart: Chart, frame: _Frame) -> Iterator[str]:
    every = math.ceil(len(chart.labels) / MOST_LABELS)
    slanted = max(map(_wide, chart.labels)) * 7 > frame.slot * every
    y = HEIGHT - BOTTOM + 16
    for place in range(0, len(chart.labels), every):
        x = _n(frame.x(place + 0.5))
        turn = f' text-anchor="end" transform="rotate(-30 {x} {y})"' if slanted else ' text-anchor="middle"'
        yield f'<text x="{x}" y="{y}"{turn}>{escape(chart.labels[place])}</text>'


def _legend(chart: Chart) -> Iterator[str]:
    if len(chart.series) == 1:
        return
    x = float(LEFT)
    for n, series in enumerate(chart.series):
        yield f'<rect x="{_n(x)}" y="8" width="12" height="12" fill="{_colour(n)}"/>'
        yield f'<text x="{_n(x + 17)}" y="18">{escape(series.name)}</text>'
        x += 34 + 7 * _wide(series.name)


def _wide(text: str) -> int:
    """Return about how many Latin letters wide a text is: a Chinese character is two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _colour(n: int) -> str:
    return COLOURS[n % len(COLOURS)]


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
