"""Look-ups through the API under load: the server on one core, a hundred clients, every entry on the disk."""

import json
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench, Found, Job
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread

STEADY = "500 a second"
LOADS = {
    STEADY: (),
    "the same beside 10,000 connections that never end a request": ("--slow", "10000"),
    "the same, answered before the disk has the entry": ("--not-durable",),
    "asked again as soon as answered": ("--rate", "0"),
}
CLIENTS, SECONDS = 100, 20


def measure(bench: Bench) -> Found:
    """Put every load on a server of its own, once a round."""
    found: Found = {"runs": {}}
    jobs: list[Job] = [(name, partial(_loaded, bench, found, name)) for name in LOADS]
    bench.interleaved(jobs)
    return found


def _loaded(bench: Bench, found: Found, name: str) -> None:
    command = [sys.executable, "-m", "benchmarks.api_load", "--json", "--clients", str(CLIENTS)]
    command += ["--seconds", str(SECONDS), "--folder", str(bench.scratch), *LOADS[name]]
    if cost := bench.checked(name, command, cores=bench.pair):
        run = json.loads(cost.out)
        if run["lost"] or set(run["statuses"]) - {"200", "429"}:
            bench.failed.append(f"look-ups, {name}: {run['lost']} lost, {run['statuses']}")
        found["runs"].setdefault(name, []).append(run)


def p99_ms(found: Found) -> list[float]:
    """Return the p99 of each round at the steady load, milliseconds."""
    return [run["took_ms"]["p99"] for run in found["runs"].get(STEADY, [])]


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a load."""
    rows = [("load", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "answered a second", "CPU ms of the server")]
    for name, runs in found["runs"].items():
        times = (spread([run["took_ms"][q] for run in runs]) for q in ("p50", "p90", "p99", "p99.9"))
        rate = f"{middle([run['answered_per_s'] for run in runs]):,.0f}"
        rows.append((name, *times, rate, spread([run["cpu_ms"] for run in runs])))
    disks = [run["disk_ms"] for runs in found["runs"].values() for run in runs]
    yield Table(
        rows,
        [
            f"{CLIENTS} clients, {SECONDS} s, a registry of 100,000 assignments; each look-up with key, "
            "purpose and audit, counted from when it was due",
            f"the disk took {spread(disks)} ms to keep 8 KiB",
        ],
    )


SECTION = Section("load", "Look-ups under load", measure, tables)
