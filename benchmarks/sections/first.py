"""How soon a person sees the first verdict, from the command's start, kernels and page cache warm."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, Found, minescope, say
from benchmarks.sections.section import Section
from benchmarks.tables import Table, spread

SAMPLE = Path("pcaps/btc_farm.pcap")


def measure(bench: Bench) -> Found:
    """Take the time from the start to the first verdict, of a sample and of the whole capture."""
    found: Found = {"wall_s": {}}
    for name, path in (("sample of 30 kB", SAMPLE), ("benchmark capture", bench.capture)):
        say(f"  first verdict: {name}")
        found["wall_s"][name] = [
            round(_first(bench, path), 3) for _ in range(1 if bench.quick else bench.rounds)
        ]
    return found


def _first(bench: Bench, path: Path) -> float:
    command = ["taskset", "-c", str(bench.core), *minescope("replay", "--json", "--quiet", str(path))]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith('{"type":"verdict"'):
                taken = time.perf_counter() - began
                child.stdout.read()
                return taken
    bench.failed.append(f"{path}: no verdict")
    return float("inf")


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a capture."""
    rows = [("capture", "first verdict after, s of wall time")]
    rows += [(name, spread(taken)) for name, taken in found["wall_s"].items()]
    yield Table(
        rows, ["a replay judges when everything is read; `minescope probe` tells as verdicts firm up"]
    )


SECTION = Section("first", "Time to the first verdict", measure, tables, quick=True)
