"""What judging costs: the casebook told of 10^5 miners, a verdict for each address."""

import json
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench, Found, figures
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread

ENDPOINTS = (10_000, 100_000)


def measure(bench: Bench) -> Found:
    """Tell and judge, in rounds."""
    found: Found = {"runs": {}}
    bench.interleaved([(f"{count:,} miners", partial(_judged, bench, found, count)) for count in ENDPOINTS])
    return found


def _judged(bench: Bench, found: Found, count: int) -> None:
    command = [sys.executable, "-m", "benchmarks.scoring", str(count)]
    if cost := bench.checked(f"scoring {count}", command):
        found["runs"].setdefault(str(count), []).append({**json.loads(cost.out), **figures(cost)})


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a number of miners."""
    rows = [("miners", "telling, us a message", "judging, us a verdict", "both, CPU s", "peak MB")]
    notes = []
    for count, runs in found["runs"].items():
        told = [run["observe_s"] / run["endpoints"] / (run["messages"] + 1) * 1e6 for run in runs]
        judged = [run["judge_s"] / run["endpoints"] * 1e6 for run in runs]
        both = [run["observe_s"] + run["judge_s"] for run in runs]
        peak = f"{middle([run['rss_mb'] for run in runs]):,.0f}"
        rows.append((f"{int(count):,}", spread(told, 1), spread(judged, 1), spread(both), peak))
        notes = [f"{runs[0]['messages']} messages and the end of one connection each, at 1,000 pools"]
    yield Table(rows, notes)


SECTION = Section("scoring", "Verdicts", measure, tables)
