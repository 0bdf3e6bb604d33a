"""What a packet costs among few flows and among many: the same number of packets each time."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench, Found, figures
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread

FLOWS = (100_000, 1_000_000, 5_000_000)


TOUCH = "import numpy; numpy.ones(1 << 27)"
"""Uses a gigabyte and gives it back. A guest hands memory that it does not use to its host, and what the host
takes to find it again, ten times what the table needs, is no cost of the flows; the system hands memory back
after two seconds."""


def measure(bench: Bench) -> Found:
    """Push 10 million packets over each number of flows, in rounds."""
    found: Found = {"seconds": {}, "rss_mb": {}, "packets": 0}
    bench.interleaved([(f"{flows:,} flows", partial(_grown, bench, found, flows)) for flows in FLOWS])
    return found


def _grown(bench: Bench, found: Found, flows: int) -> None:
    subprocess.run([sys.executable, "-c", TOUCH], check=True)
    if done := bench.stage("growth", str(flows)):
        cost, said = done
        found["seconds"].setdefault(str(flows), []).append(round(said["seconds"], 4))
        found["rss_mb"].setdefault(str(flows), []).append(figures(cost)["rss_mb"])
        found["packets"] = said["packets"]


def ratios(found: Found, flows: int) -> list[float]:
    """Return by round how many times the least number's cost this many flows take."""
    pairs = zip(found["seconds"].get(str(flows), []), found["seconds"].get(str(FLOWS[0]), []), strict=False)
    return [many / few for many, few in pairs]


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a number of flows."""
    rows = [("flows", "CPU s", "ns a packet", "times that of 100,000", "peak MB", "bytes a flow")]
    base = found["rss_mb"].get(str(FLOWS[0]), [])
    for flows in FLOWS:
        spent = found["seconds"].get(str(flows))
        if not spent:
            continue
        peak = middle(found["rss_mb"][str(flows)])
        grown = "" if flows == FLOWS[0] else f"{(peak - middle(base)) * 1e6 / (flows - FLOWS[0]):.0f}"
        per = f"{middle(spent) / found['packets'] * 1e9:.0f}"
        rows.append((f"{flows:,}", spread(spent), per, spread(ratios(found, flows)), f"{peak:,.0f}", grown))
    yield Table(
        rows, [f"{found['packets']:,} packets of 80 bytes, at random over the flows; the sieve alone"]
    )


SECTION = Section("growth", "Cost among many flows", measure, tables)
