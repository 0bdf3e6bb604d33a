"""The API under load: one server on one core, a generated registry, as many clients as asked.

    python -m benchmarks.api_load [--rate 500] [--seconds 20] [--clients 100] [--slow 0] [--assignments N]
                                  [--folder DIR] [--not-durable] [--realtime PRIORITY | --nice NICE] [--json]

Prints the latencies of single look-ups (GET /v1/ips/{ip} with key, purpose, audit, over HTTP keep-alive),
counted from the moment at which each was due, so that a server that falls behind shows it; how late the
clients themselves were; then how many were answered with what, and the server's CPU time for each. Rate 0:
every client asks again as soon as it was answered. `--slow` holds that many connections open beside, each of
which sends a byte of its headers now and then and never ends them. `--folder` is where the database lies:
every answer waits for that disk, whose own time is printed. The server runs on core 0, the clients on the
others. `--realtime` and `--nice` give server and clients precedence over what else runs on a machine that is
not quiet, and say so; by default they have none. With `--json` one object takes the place of what is printed,
which then goes to standard error.
"""

import argparse
import gc
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from benchmarks.api_clients import asked
from facts.endpoint import parse_address
from facts.evidence import Evidence
from facts.instant import NS
from facts.names import Level, PeerState, Role
from facts.verdict import Peer, Verdict, Weighed
from facts.where import Where
from pipeline.settings import Settings
from registry.csv_import import load_sample
from registry.model import Assignment, RegistryData
from store.access import AccessStore
from store.access_rules import AccountRole, Department, Permission
from store.database import open_database
from store.registry import RegistryStore
from store.verdicts import VerdictStore

SEEN_NS = 1_772_352_000 * NS
MINERS = 5000
WARMING_S = 2.0


def filled(home: Path, assignments: int) -> str:
    """Make a store with a registry and verdicts; return an API key."""
    sample = load_sample()
    holders = [(one.uscc, one.site) for one in sample.assignments]
    made = [
        Assignment(_prefix(n), f"line-{n}", *holders[n % len(holders)], SEEN_NS - 10**17, None, "generated")
        for n in range(assignments)
    ]
    with open_database(Settings(home=home).database_url) as database:
        RegistryStore(database).replace(RegistryData(sample.enterprises, sample.sites, tuple(made)))
        VerdictStore(database).save("load", SEEN_NS, [_verdict(n) for n in range(MINERS)])
        access = AccessStore(database, time.time_ns)
        access.add_user("load", AccountRole.ANALYST, "000000", Department.CYBERSPACE, "a password for load")
        return access.issue_key("load", list(Permission), 1, "load")


def _prefix(number: int) -> IPv4Network:
    return IPv4Network((10 << 24 | number << 4, 28))


def _address(number: int) -> str:
    return str(parse_address(f"10.{number >> 12 & 255}.{number >> 4 & 255}.{number << 4 & 255 | 3}"))


def _verdict(number: int) -> Verdict:
    address, pool = parse_address(_address(number)), parse_address("203.0.113.40")
    said = Evidence(
        address, Role.MINER, "miner.share_accepted", Where("load.pcap", number + 1), SEEN_NS, (("peer", "x"),)
    )
    return Verdict(
        "load.pcap", address, Role.MINER, Level.CONFIRMED, 0.99, ("stratum-bitcoin",), ("BTC",), ("sha256d",),
        False, (Peer(pool, 3333, Role.POOL, "stratum-bitcoin", PeerState.EXCHANGE),), SEEN_NS, SEEN_NS,
        ("cgminer",), (), 1, (), (), (Weighed(said, 8.7),),
    )  # fmt: skip


def questions(key: str) -> Iterator[bytes]:
    """Yield requests about addresses at random: half of them mine, all are registered."""
    rng = random.Random(1)
    rest = f" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nX-Purpose: load test\r\n\r\n"
    while True:
        yield f"GET /v1/ips/{_address(rng.randrange(2 * MINERS))}{rest}".encode()


def quantile(sorted_values: Sequence[float], q: float) -> float:
    """Return a quantile of sorted values."""
    return sorted_values[min(int(q * len(sorted_values)), len(sorted_values) - 1)]


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return quantiles of seconds in milliseconds, by name."""
    ordered = sorted(values)
    return {f"p{100 * q:g}": round(1000 * quantile(ordered, q), 2) for q in (0.5, 0.9, 0.99, 0.999, 1)}


def _shown(quantiles: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {ms:.1f} ms" for name, ms in quantiles.items())


def measured(port: int, key: str, server: int, given: argparse.Namespace) -> dict[str, Any]:
    """Run the load on the server of this process id, tell what came of it, and return that."""
    seconds: float = given.seconds
    began = _cpu_s(server)
    found = asked(port, questions(key), given.rate, seconds, WARMING_S, given.clients)
    spent = _cpu_s(server) - began
    rate = len(found.took_s) / seconds
    took, late = _quantiles(found.took_s), _quantiles(found.sent_late_s) if given.rate else {}
    each_ms = 1000 * spent / (rate * (seconds + WARMING_S))
    say(f"{len(found.took_s)} look-ups at {rate:.0f}/s, {given.clients} clients, {given.slow} slow")
    say(f"answered after {_shown(took)}, counted from when each was due")
    if late:
        say(f"the clients themselves were late by {_shown(late)}, which is in it")
    say(f"{found.waited} were due while no client was free, {found.lost} got no answer")
    say(f"statuses: {dict(found.statuses)}")
    say(f"CPU time of the server: {each_ms:.2f} ms a look-up, all told")
    return {
        "took_ms": took,
        "late_ms": late,
        "answered_per_s": round(rate),
        "lost": found.lost,
        "statuses": {str(status): count for status, count in sorted(found.statuses.items())},
        "cpu_ms": round(each_ms, 3),
    }


def say(text: str) -> None:
    """Tell a person."""
    print(text, file=sys.stderr if "--json" in sys.argv else sys.stdout, flush=True)


def _precedence(pid: int, realtime: int, nice: int) -> str:
    """Give all threads of a process precedence over what else runs here; return what was done."""
    threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    if realtime:
        for thread in threads:
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(realtime))
        return f"first in, first out, priority {realtime}"
    if nice:
        for thread in threads:
            os.setpriority(os.PRIO_PROCESS, thread, nice)
        return f"nice {nice}"
    return "as any other process"


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _sync_s(folder: Path) -> float:
    """Return the median seconds of a write that must be on the disk."""
    took = []
    with (folder / "probe").open("wb") as file:
        for _ in range(100):
            file.write(bytes(8192))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[50]


def main() -> None:
    """Start a server and measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--assignments", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--not-durable", action="store_true", help="answer before the disk has the entry")
    parser.add_argument("--realtime", type=int, default=0, metavar="PRIORITY", help="1 to 99 (SCHED_FIFO)")
    parser.add_argument("--nice", type=int, default=0, metavar="NICE", help="-20 to 19")
    parser.add_argument("--json", action="store_true", help="print one object")
    given = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        disk_ms = round(1000 * _sync_s(Path(folder)), 2)
        say(f"the disk takes {disk_ms:.2f} ms to keep 8 KiB")
        key = filled(Path(folder), given.assignments)
        os.sync()  # what was prepared is written now, not while answers are measured
        (Path(folder) / "access.toml").write_text(
            f"[audit]\ndurable = {str(not given.not_durable).lower()}\n", "ascii"
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MINESCOPE_")}
        server = subprocess.Popen(
            [sys.executable, "-m", "minescope", "serve", "--port", str(port)],
            env=clean | {"MINESCOPE_HOME": folder},
            stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),
        )
        os.sched_setaffinity(0, set(range(1, os.cpu_count() or 1)) or {0})
        slow: subprocess.Popen[bytes] | None = None
        try:
            assert server.stdout is not None
            say(server.stdout.readline().decode().strip())
            if given.slow:
                slow = subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.slow_clients", str(port), str(given.slow)],
                    stdout=subprocess.PIPE,
                )
                assert slow.stdout is not None
                say(f"slow connections: {slow.stdout.readline().decode().strip()}")
            told = [_precedence(pid, given.realtime, given.nice) for pid in (server.pid, os.getpid())]
            say(f"the server and the clients run {told[0]}; load of the machine {os.getloadavg()[0]:.1f}")
            gc.disable()  # of the clients
            found = measured(port, key, server.pid, given)
            if given.json:
                print(json.dumps(found | {"disk_ms": disk_ms}))
        finally:
            if slow is not None:
                slow.terminate()
                slow.wait(30)
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
