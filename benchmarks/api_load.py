"""The API under load: one server on one core, a generated registry, as many clients as asked.

    python -m benchmarks.api_load [--rate 500] [--seconds 20] [--clients 100] [--slow 0] [--assignments N]

Prints the latencies of single look-ups (GET /v1/ips/{ip} with key, purpose, audit, over HTTP keep-alive),
counted from the moment at which each was due, so that a server that falls behind shows it; then how many were
answered with what, and the server's CPU time for each. `--slow` opens that many connections beside, which
begin a request and never end it.
"""

import argparse
import asyncio
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

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


def _prefix(number: int) -> object:
    from ipaddress import IPv4Network

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


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._headers = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nX-Purpose: load test\r\n\r\n"

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, path: str) -> int:
        """Return the status of one answer, read whole."""
        self._writer.write(f"GET {path} HTTP/1.1\r\n{self._headers}".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await self._reader.readexactly(length)
        return int(head[9:12])


async def load(
    port: int, key: str, rate: float, seconds: float, clients: int
) -> tuple[list[float], Counter[int]]:
    """Ask at a steady rate; return the seconds that each answer took since it was due, and the statuses."""
    rng = random.Random(1)
    free: asyncio.Queue[Client] = asyncio.Queue()
    for _ in range(clients):
        client = Client(port, key)
        await client.open()
        free.put_nowait(client)
    took: list[float] = []
    statuses: Counter[int] = Counter()
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one(due: float) -> None:
        client = await free.get()
        status = await client.ask(f"/v1/ips/{_address(rng.randrange(2 * MINERS))}")
        if due - began >= WARMING_S:
            took.append(loop.time() - due)
            statuses[status] += 1
        free.put_nowait(client)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * (seconds + WARMING_S))):
            due = began + number / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(due))
    return took, statuses


async def dawdle(port: int, count: int) -> list[asyncio.StreamWriter]:
    """Open connections that begin a request and never end it."""
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/hits HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        writers.append(writer)
    return writers


def quantile(sorted_values: Sequence[float], q: float) -> float:
    """Return a quantile of sorted values."""
    return sorted_values[min(int(q * len(sorted_values)), len(sorted_values) - 1)]


async def measured(port: int, key: str, given: argparse.Namespace) -> None:
    """Run the load and print what came of it."""
    slow = await dawdle(port, given.slow)
    took, statuses = await load(port, key, given.rate, given.seconds, given.clients)
    took.sort()
    shown = ", ".join(f"p{100 * q:g} {1000 * quantile(took, q):.1f} ms" for q in (0.5, 0.9, 0.99, 0.999))
    print(
        f"{len(took)} look-ups at {given.rate:g}/s, {given.clients} clients, {given.slow} slow connections: "
        f"{shown}"
    )
    print(f"statuses: {dict(statuses)}")
    for writer in slow:
        writer.close()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Start a server and measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--assignments", type=int, default=100_000)
    given = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        key = filled(Path(folder), given.assignments)
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
        try:
            assert server.stdout is not None
            print(server.stdout.readline().decode().strip())
            began = _cpu_s(server.pid)
            asyncio.run(measured(port, key, given))
            each = (_cpu_s(server.pid) - began) / (given.rate * (given.seconds + WARMING_S))
            print(f"CPU time of the server: {1000 * each:.2f} ms a look-up")
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
