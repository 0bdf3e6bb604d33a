"""Run one program on one core and say what it cost."""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATIENCE_S = 900.0
"""A run that has not ended by then is killed and counts as failed: no peer may hang the others."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    cpu_s: float
    """User and system seconds of the program and of the children it waited for."""
    wall_s: float
    rss_mb: float
    """Peak resident memory, 10^6 bytes; never below `floor_mb()`."""
    out: str
    """What it printed; empty where a file was given for that."""
    err: str
    code: int


def run(
    command: Sequence[str], cores: str, to: Path | None = None, env: Mapping[str, str] | None = None
) -> Cost:
    """Run a command held to cores (as taskset reads them); output goes to a file, never into a pipe."""
    with tempfile.TemporaryFile() as err, to.open("wb") if to else tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        child = subprocess.Popen(
            ["taskset", "-c", cores, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=env,
        )
        limit = threading.Timer(PATIENCE_S, os.kill, (child.pid, signal.SIGKILL))
        limit.start()
        _, status, usage = os.wait4(child.pid, 0)
        limit.cancel()
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (err,) if to else (err, out):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    spent, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6
    return Cost(spent, wall, peak, texts[1] if not to else "", texts[0], child.returncode)


@cache
def floor_mb() -> float:
    """Return the least peak memory that can be told, in MB: a child starts with that of this program."""
    return run(["true"], str(min(os.sched_getaffinity(0)))).rss_mb


def version(command: Sequence[str]) -> str:
    """Return the first number of the form 1.2 that a program says of itself."""
    said = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    found = re.search(r"\d+\.\d[\w.+-]*", f"{said.stdout}\n{said.stderr}")
    return found.group().rstrip(".") if found else "unknown"


def machine() -> dict[str, str | int | float]:
    """Return what the figures depend on; nothing that names the machine."""
    cpu = Path("/proc/cpuinfo").read_text()
    memory = Path("/proc/meminfo").read_text().split()
    model = next(
        (line.partition(":")[2].strip() for line in cpu.splitlines() if "model name" in line), "unknown"
    )
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory[1]) / 1e6),
        "kernel": os.uname().release.split("-")[0],
        "load_1min": round(os.getloadavg()[0], 2),
    }
