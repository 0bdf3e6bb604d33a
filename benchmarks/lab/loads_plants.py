"""Plants on the grid from a seed: rivers, sun and wind, dispatch, and lines that lead past the grid."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from benchmarks.lab.columns import Array
from benchmarks.lab.draw import Draw, Split
from supervision.power.private_line import Load, Plant


@dataclass(frozen=True, slots=True)
class Plants:
    """Plants, loads that the network tells of, and the truth."""

    plants: list[Plant]
    loads: list[Load]
    lines: dict[str, tuple[int, float, str]]
    """Plant -> (day, kW, load) of each private line."""


def plants(seed: int, split: Split, count: int = 60, lines: int = 10, days: int = 240) -> Plants:
    """Draw `count` plants, `lines` of them with a private line; some have no resource series of their own."""
    draw = Draw([seed, 9], split)
    rng = draw.rng
    rivers = {kind: _resource(draw, kind, days) for kind in ("hydro", "sun", "wind")}
    made = Plants([], [], {})
    tapped = set(rng.choice(count, lines, replace=False).tolist())
    for i in range(count):
        kind = ("hydro", "hydro", "sun", "wind")[i % 4]
        own = rivers[kind] * np.exp(0.12 * lfilter([1], [1, -0.7], rng.normal(0, 0.7, days)))
        size = draw.one("plant.kw", 800, 60_000, log=True)
        full = draw.one("plant.full", 1.2, 2.2)
        possible = size * 24 * np.minimum(own, full) / full * (1 + 0.03 * rng.standard_normal(days))
        held = np.zeros(days)
        for _ in range(int(rng.poisson(2))):
            first = int(rng.integers(0, days))
            span = slice(first, first + int(rng.integers(1, 15)))
            held[span] = possible[span] * rng.uniform(0.2, 1.0)
        taken = np.zeros(days)
        name, place = f"plant-{i}", f"9901{int(rng.integers(1, 13)):02d}"
        if i in tapped:
            day = int(rng.integers(80, days - 40))
            kw = possible.mean() / 24 * draw.one("line.part", 0.15, 0.8)
            ramp = np.clip((np.arange(days) - day) / draw.one("line.ramp", 1, 10) + 0.5, 0, 1)
            taken = np.minimum(kw * 24 * ramp, (possible - held) * 0.95)
            seen = taken / 24 * np.exp(rng.normal(0, 0.1)) * (1 + 0.03 * rng.standard_normal(days))
            made.loads.append(Load(f"load-{i}", np.where(taken > 0, seen, np.nan), place))
            made.lines[name] = (day, float(kw), f"load-{i}")
        delivered = np.maximum(possible - held - taken, 0)
        delivered[rng.random(days) < 0.01] = np.nan
        made.plants.append(Plant(name, delivered, own if rng.random() < 0.7 else None, held, kind, place))
    for i in range(lines):  # farms on the grid that appear meanwhile
        day = int(rng.integers(20, days - 20))
        kw = np.where(np.arange(days) < day, np.nan, rng.uniform(50, 8_000))
        made.loads.append(Load(f"other-{i}", kw, f"9901{int(rng.integers(1, 13)):02d}"))
    return made


def _resource(draw: Draw, kind: str, days: int) -> Array:
    """Return (days,) the resource of a place beside its mean: seasons of rivers and sun, spells of wind."""
    rng = draw.rng
    season = 0.6 * np.sin(2 * np.pi * (np.arange(days) + rng.uniform(0, 365)) / 365)
    keeps = {"hydro": 0.95, "sun": 0.4, "wind": 0.6}[kind]
    swing = {"hydro": 0.35, "sun": 0.3, "wind": 0.5}[kind]
    weather = lfilter([np.sqrt(1 - keeps**2)], [1, -keeps], rng.normal(0, swing, days))
    return np.exp(season * (0.3 if kind == "wind" else 1.0) + weather)
