"""Looking addresses up: through the API one by one and in bulk, and inside the process."""

import http.client
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, Found, minescope, say
from benchmarks.sections.section import Section
from benchmarks.sections.start import serving
from benchmarks.tables import Table

ASSIGNMENTS = 100_000
SINGLES, BULKS, BULK = 2_000, 5, 10_000
QUESTIONS = 1_000_000
LOADING_S = 180.0
"""An API that has not loaded the registry by then does not start."""
ASKED = {"X-Purpose": "benchmark"}
SAMPLES = Path("pcaps")
REGISTRY = Path("registry/sample")
HOLDER = "line-{},91990101MADEUP0132,site-east-1,2015-01-01,,generated sample"


def measure(bench: Bench) -> Found:
    """Fill a store and a registry, start the API, ask."""
    home = bench.scratch / "home"
    folder = registry(bench.scratch / "registry", ASSIGNMENTS)
    env = {"MINESCOPE_HOME": str(home)}
    say(f"  loading {ASSIGNMENTS:,} assignments and the verdicts of the samples")
    bench.checked("registry", minescope("registry", str(folder)), env=env)
    bench.checked("store", minescope("replay", "--quiet", "--store", str(SAMPLES)), (0, 1), env=env)
    found: Found = {"assignments": ASSIGNMENTS}
    with serving(bench, env, LOADING_S) as (port, began):
        if port:
            found["ready_s"] = round(time.perf_counter() - began, 3)
            say("  asking the API")
            found |= _asked(port)
    say(f"  asking {QUESTIONS:,} times inside the process")
    command = [sys.executable, "-m", "benchmarks.attributing", str(folder), str(QUESTIONS)]
    if cost := bench.checked("attributing", command):
        found["inside"] = json.loads(cost.out)
    return found


def registry(folder: Path, assignments: int) -> Path:
    """Write a registry of /26 networks from 10.0.0.0 on, all held by an enterprise of the sample."""
    folder.mkdir()
    for name in ("enterprises.csv", "sites.csv"):
        shutil.copy(REGISTRY / name, folder / name)
    with (REGISTRY / "assignments.csv").open(encoding="utf-8") as rows:
        head = rows.readline().strip()
    lines = [head]
    for number in range(assignments):
        base = 0x0A000000 + 64 * number
        dotted = ".".join(str(base >> shift & 255) for shift in (24, 16, 8, 0))
        lines.append(f"{dotted}/26,{HOLDER.format(number)}")
    (folder / "assignments.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _asked(port: int) -> Found:
    draw = random.Random(7)

    def drawn() -> str:
        if draw.random() < 0.1:
            return f"198.51.100.{draw.randrange(256)}"  # of the samples: some have verdicts
        value = 0x0A000000 + draw.randrange(64 * ASSIGNMENTS)
        return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))

    link = http.client.HTTPConnection("127.0.0.1", port)
    taken = []
    for _ in range(SINGLES):
        address = drawn()
        began = time.perf_counter()
        link.request("GET", f"/v1/ips/{address}", headers=ASKED)
        answer = link.getresponse()
        answer.read()
        taken.append(time.perf_counter() - began)
        if answer.status not in (200, 404):
            raise AssertionError(f"{address}: {answer.status}")
    rates = []
    for _ in range(BULKS):
        body = json.dumps([drawn() for _ in range(BULK)])
        began = time.perf_counter()
        link.request("POST", "/v1/ips:lookup", body, ASKED | {"Content-Type": "application/json"})
        lines = link.getresponse().read().count(b"\n")
        rates.append(BULK / (time.perf_counter() - began))
        if lines != BULK:
            raise AssertionError(f"{lines} answers to {BULK} questions")
    taken.sort()
    return {
        "single_ms": {name: round(taken[int(share * SINGLES)] * 1e3, 3) for name, share in SHARES.items()},
        "bulk_per_s": sorted(round(rate) for rate in rates),
    }


SHARES = {"median": 0.5, "p99": 0.99, "worst": 1 - 1 / SINGLES}


def tables(found: Found) -> Iterator[Table]:
    """Yield the API's figures and those inside."""
    rows = [("what", "measured")]
    for name, ms in found.get("single_ms", {}).items():
        rows.append((f"GET /v1/ips/ADDRESS, {name} of {SINGLES:,}", f"{ms:.2f} ms"))
    if rates := found.get("bulk_per_s"):
        told = f"{rates[len(rates) // 2]:,} addresses a second ({rates[0]:,}-{rates[-1]:,})"
        rows.append((f"POST /v1/ips:lookup, {BULK:,} at a time", told))
    if "ready_s" in found:
        rows.append(("until the API answers, with that registry", f"{found['ready_s']:.2f} s"))
    if inside := found.get("inside"):
        rows.append((f"inside the process: {inside['questions']:,} found", f"{inside['find_s']:.2f} CPU s"))
        rows.append(("the same, told in full", f"{inside['find_s'] + inside['answer_s']:.2f} CPU s"))
        rows.append(
            ("reading and indexing the registry", f"{inside['load_s'] + inside['index_s']:.2f} CPU s")
        )
        rows.append(("memory of that process", f"{inside['rss_mb']:,.0f} MB"))
    yield Table(
        rows, [f"a registry of {found['assignments']:,} assignments; server and client share one core"]
    )


SECTION = Section("lookups", "Look-ups", measure, tables)
