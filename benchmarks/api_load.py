"""The API under load: one server on one core, a generated registry, as many clients as asked.

    python -m benchmarks.api_load [--rate 500] [--seconds 20] [--clients 100] [--slow 0] [--assignments N]
                                  [--folder DIR]

Prints the latencies of single look-ups (GET /v1/ips/{ip} with key, purpose, audit, over HTTP keep-alive),
counted from the moment at which each was due, so that a server that falls behind shows it; then how many
were answered with what, and the server's CPU time for each. Rate 0: every client asks again as soon as it
was answered. `--slow` holds that many connections open beside, each of which sends a byte of its headers now
and then and never ends them; one that the server closes is opened again. `--folder` is where the database
lies: every answer waits for that disk, whose own time is printed. The server runs on core 0, the clients on
the others.
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
SLOW_S = 5.0
"""Seconds between two bytes of a slow connection."""


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

    async def hammer(client: Client) -> None:
        while (now := loop.time()) < began + seconds + WARMING_S:
            status = await client.ask(f"/v1/ips/{_address(rng.randrange(2 * MINERS))}")
            if now - began >= WARMING_S:
                took.append(loop.time() - now)
                statuses[status] += 1

    if not rate:
        async with asyncio.TaskGroup() as group:
            while not free.empty():
                group.create_task(hammer(free.get_nowait()))
        return took, statuses

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


class Dawdler(asyncio.Protocol):
    """A connection that begins a request and never ends it."""

    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        type(self).open += 1
        self._transport = transport
        transport.write(b"GET /v1/hits HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")  # type: ignore[attr-defined]
        self._later()

    def connection_lost(self, error: Exception | None) -> None:
        type(self).open -= 1

    def _later(self) -> None:
        if not self._transport.is_closing():
            asyncio.get_running_loop().call_later(SLOW_S, self._byte)

    def _byte(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"x")  # type: ignore[attr-defined]
            self._later()


async def dawdle(port: int, count: int) -> None:
    """Hold so many slow connections open."""
    loop = asyncio.get_running_loop()
    while True:
        for _ in range(min(100, count - Dawdler.open)):
            await loop.create_connection(Dawdler, "127.0.0.1", port)
        await asyncio.sleep(0.01 if Dawdler.open < count else 0.5)


def quantile(sorted_values: Sequence[float], q: float) -> float:
    """Return a quantile of sorted values."""
    return sorted_values[min(int(q * len(sorted_values)), len(sorted_values) - 1)]


async def measured(port: int, key: str, given: argparse.Namespace) -> float:
    """Run the load and print what came of it; return how many were answered, warming included."""
    slow = asyncio.create_task(dawdle(port, given.slow))
    while Dawdler.open < given.slow:
        await asyncio.sleep(0.1)
    took, statuses = await load(port, key, given.rate, given.seconds, given.clients)
    took.sort()
    shown = ", ".join(f"p{100 * q:g} {1000 * quantile(took, q):.1f} ms" for q in (0.5, 0.9, 0.99, 0.999))
    rate = len(took) / given.seconds
    print(f"{len(took)} look-ups at {rate:.0f}/s, {given.clients} clients, {Dawdler.open} slow: {shown}")
    print(f"statuses: {dict(statuses)}")
    slow.cancel()
    return rate * (given.seconds + WARMING_S)


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
    given = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        print(f"the disk takes {1000 * _sync_s(Path(folder)):.2f} ms to keep 8 KiB")
        key = filled(Path(folder), given.assignments)
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
        try:
            assert server.stdout is not None
            print(server.stdout.readline().decode().strip())
            began = _cpu_s(server.pid)
            count = asyncio.run(measured(port, key, given))
            each = (_cpu_s(server.pid) - began) / count
            print(f"CPU time of the server: {1000 * each:.2f} ms a look-up, all told")
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
