"""The chart: packets a second of one core by program, and where MineScope's time goes. Plain SVG."""

from collections.abc import Sequence
from html import escape
from math import log10
from typing import Any

from benchmarks.sections.replay import MINESCOPE
from benchmarks.sections.stages import STAGES, WHOLE
from benchmarks.tables import middle

WIDTH, LABELS, BAR, GAP, TOP = 880, 250, 20, 8, 44
INK, OURS, THEIRS = "#24292f", "#b45309", "#8b949e"
LEAST = 0.01
"""Million packets a second at the left end of the first panel, whose scale is logarithmic."""

Bar = tuple[str, float, str, str]
"""Label, share of the panel's width, text behind it, colour."""


def chart(sections: dict[str, Any]) -> str:
    """Return the drawing; a panel whose section was not measured is left out."""
    panels = []
    if "replay" in sections:
        panels.append(("Million packets a second of one core (logarithmic)", speeds(sections["replay"])))
    if "stages" in sections:
        panels.append(("CPU seconds for the same capture, stage upon stage", times(sections["stages"])))
    height = sum(TOP + len(bars) * (BAR + GAP) for _, bars in panels) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    y = 0
    for title, bars in panels:
        parts.append(f'<text x="{GAP}" y="{y + 26}" font-weight="bold">{escape(title)}</text>')
        parts += _bars(bars, y + TOP)
        y += TOP + len(bars) * (BAR + GAP)
    return "\n".join([*parts, "</svg>"]) + "\n"


def speeds(found: dict[str, Any]) -> list[Bar]:
    """Return one bar a program, the fastest first."""
    packets = {name: peer["packets"] for name, peer in found["peers"].items()}
    packets[MINESCOPE] = found["summary"].get("packets", 0)
    rates = {
        name: packets[name] / middle([run["cpu_s"] for run in runs]) / 1e6
        for name, runs in found["runs"].items()
    }
    most = max(rates.values(), default=1.0)
    return [
        (
            name,
            max(0.0, log10(rate / LEAST) / log10(most / LEAST)),
            f"{rate:.2f}",
            OURS if name == MINESCOPE else THEIRS,
        )
        for name, rate in sorted(rates.items(), key=lambda one: -one[1])
    ]


def times(found: dict[str, Any]) -> list[Bar]:
    """Return one bar a stage."""
    names = {**STAGES, WHOLE: "whole replay"}
    spent = {name: middle(found["seconds"][name]) for name in names if found["seconds"].get(name)}
    most = max(spent.values(), default=1.0)
    return [
        (
            names[name].partition(":")[0],
            seconds / most,
            f"{seconds:.2f} s",
            THEIRS if name == "limit" else OURS,
        )
        for name, seconds in spent.items()
    ]


def _bars(bars: Sequence[Bar], y: int) -> list[str]:
    room = WIDTH - LABELS - 80
    parts = []
    for label, share, told, colour in bars:
        length = max(1, round(share * room))
        parts += [
            f'<text x="{LABELS - GAP}" y="{y + 15}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{length}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LABELS + length + GAP}" y="{y + 15}">{escape(told)}</text>',
        ]
        y += BAR + GAP
    return parts
