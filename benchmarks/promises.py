"""What was promised of speed, memory and start, and whether the figures of a run keep it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import run

RATIOS = {"softflowd": 1.5, "ndpiReader": 7.0, "tshark": 30.0, "tcpdump": 0.5}
"""Least packets a CPU second, as a multiple of each program's."""
OF_LIMIT = 2.5
"""Most CPU time of locating, parsing, flow table and tags, as a multiple of summing the mapped file."""
GROWTH = 1.3
"""Most cost of a packet among 5 million flows, as a multiple of that among 100,000."""
BASE_MB, FLOW_BYTES = 160.0, 160
START_S, API_S = 1.0, 2.0

STARTS = 3
"""How often a start is measured."""
PATIENCE_S = 30.0
"""An API that has not answered by then does not start."""
SAMPLE = "pcaps/btc_farm.pcap"


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of one run; None where a thing was not measured."""

    ratios: Mapping[str, float]
    """By program: how many times faster MineScope read the same packets."""
    of_limit: float | None
    growth: float | None
    rss_mb: float | None
    flows: int
    start_s: float
    api_s: float


def judge(found: Figures) -> list[tuple[str, str, str, str]]:
    """Return rows of (promise, promised, measured, met or missed by how much)."""
    return list(_judged(found))


def _judged(found: Figures) -> Iterator[tuple[str, str, str, str]]:
    for program, least in RATIOS.items():
        ratio = found.ratios.get(program)
        name = f"replay against {program}"
        if ratio is None:
            yield name, f">= {least:g} x", "not measured", ""
        else:
            verdict = "met" if ratio >= least else f"missed by a factor of {least / ratio:.2f}"
            yield name, f">= {least:g} x", f"{ratio:.2f} x", verdict
    yield _at_most("kernel against the limit", OF_LIMIT, found.of_limit, "x")
    yield _at_most("cost of growth, 100,000 to 5 million flows", GROWTH, found.growth, "x")
    allowed = BASE_MB + FLOW_BYTES * found.flows / 1e6
    yield _at_most(f"memory at {found.flows:,} flows", round(allowed), found.rss_mb, "MB")
    yield _at_most("start: warm replay of a sample", START_S, found.start_s, "s")
    yield _at_most("start: API answers", API_S, found.api_s, "s")


def _at_most(name: str, most: float, measured: float | None, unit: str) -> tuple[str, str, str, str]:
    if measured is None:
        return name, f"<= {most:g} {unit}", "not measured", ""
    verdict = "met" if measured <= most else f"missed by a factor of {measured / most:.2f}"
    return name, f"<= {most:g} {unit}", f"{measured:.2f} {unit}", verdict


def start_s(core: int) -> float:
    """Return wall seconds of a whole warm replay of a small sample."""
    return run([sys.executable, "-m", "minescope", "replay", "--json", "--quiet", SAMPLE], core).wall_s


def api_ready_s(scratch: Path) -> float:
    """Return wall seconds from starting `minescope serve` until /healthz answers; infinite if never."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    home = tempfile.mkdtemp(dir=scratch)
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "minescope", "serve", "--port", str(port)],
        env={**os.environ, "MINESCOPE_HOME": home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < PATIENCE_S and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                    return time.perf_counter() - began
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.02)
        return float("inf")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
