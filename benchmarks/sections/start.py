"""How long the commands take to start."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.bench import Bench, Found, Job, figures, minescope
from benchmarks.sections.section import Section
from benchmarks.tables import Table, spread

SAMPLE = "pcaps/btc_farm.pcap"
COMMANDS = {
    "minescope --help": (*minescope("--help"),),
    "minescope replay, small file": (*minescope("replay", "--json", "--quiet", SAMPLE),),
    "tshark, the same file": ("tshark", "-q", "-n", "-z", "conv,tcp", "-r", SAMPLE),
    "ndpiReader, the same file": ("ndpiReader", "-i", SAMPLE),
}
PATIENCE_S = 30.0
"""An API that has not answered by then does not start."""
API = "minescope serve, until /healthz answers"


def measure(bench: Bench) -> Found:
    """Start every command once a round."""
    found: Found = {"runs": {}}
    jobs: list[Job] = [(name, partial(_started, bench, found, name)) for name in COMMANDS]
    jobs.append((API, partial(_served, bench, found)))
    bench.interleaved(jobs)
    return found


def _started(bench: Bench, found: Found, name: str) -> None:
    if cost := bench.checked(name, COMMANDS[name], (0, 1)):
        found["runs"].setdefault(name, []).append(figures(cost))


def _served(bench: Bench, found: Found) -> None:
    with serving(bench, {}) as (port, began):
        wall = time.perf_counter() - began if port else float("inf")
    found["runs"].setdefault(API, []).append({"wall_s": round(wall, 4)})


@contextmanager
def serving(bench: Bench, env: dict[str, str], patience_s: float = PATIENCE_S) -> Iterator[tuple[int, float]]:
    """Hold an API open on loopback; give its port (0 where it did not start) and when it was begun."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = int(chosen.getsockname()[1])
    home = {"MINESCOPE_HOME": tempfile.mkdtemp(dir=bench.scratch), **env}
    began = time.perf_counter()
    server = subprocess.Popen(
        ["taskset", "-c", str(bench.core), *minescope("serve", "--port", str(port))],
        env={**os.environ, **home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ready = _answers(server, port, began + patience_s)
        if not ready:
            bench.failed.append("minescope serve did not answer")
        yield port if ready else 0, began
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _answers(server: subprocess.Popen[bytes], port: int, until: float) -> bool:
    while time.perf_counter() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return True
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.01)
    return False


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a command."""
    rows = [("command", "wall s", "CPU s", "peak MB")]
    for name, runs in found["runs"].items():
        more = ["", ""]
        if "cpu_s" in runs[0]:
            more = [spread([run["cpu_s"] for run in runs]), f"{max(run['rss_mb'] for run in runs):,.0f}"]
        rows.append((name, spread([run["wall_s"] for run in runs]), *more))
    yield Table(rows)


SECTION = Section("start", "Start", measure, tables, quick=True)
