"""Live capture at rising rates: MineScope beside other programs, on a cable between two network namespaces.

usage: python -m benchmarks.live [--packets 1000000] [--rounds 1] [--only NAME] [--capture FILE] [--no-page]

The sender holds one core, the listener another (the two of a small machine), unless a row says otherwise.
What was lost is what was sent and not counted by the listener some seconds after the end; beside it stands
what the program itself says it lost. CPU is that of all processes in the listener's namespace while packets
were sent, as a share of one core.
Writes benchmarks/live.json and the table of docs/performance.md between its `live` marks.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.capture import generated
from benchmarks.measure import machine
from benchmarks.wire import Wire

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "live.json", HERE.parent / "docs" / "performance.md"
MARKS = re.compile(r"(<!-- live -->\n).*?(<!-- end -->)", re.DOTALL)
TICKS = os.sysconf("SC_CLK_TCK")
FULL = 0.0
"""As a rate: as fast as the sender can."""

Count = Callable[[str, str], tuple[int, int | None]]
"""From what a program printed (out, err) to the packets that it received and those it says it lost."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One program that takes packets from an interface."""

    name: str
    command: tuple[str, ...]
    """IF stands for the interface."""
    ready: str
    """What it prints on standard error when it listens."""
    count: Count
    rates: tuple[float, ...]
    most: int | None = None
    """Packets sent to it at most: slow programs would take minutes."""
    cores: str = "1"
    helper: str = ""
    """A program that it starts, and that must run before it hears anything."""
    patience_s: float = 2.0
    """Seconds that it gets for what it has heard and not yet counted."""


@dataclass(slots=True)
class Row:
    """What one run gave."""

    name: str
    asked: float
    rate: float
    """Packets a second that were sent."""
    sent: int
    received: int
    told_lost: int | None
    cpu_share: float
    cpu_ns: float
    """CPU nanoseconds for each packet sent."""

    @property
    def lost(self) -> float:
        """Share of the packets sent that was not received."""
        return 1 - self.received / self.sent


def _tcpdump(_: str, err: str) -> tuple[int, int | None]:
    return _number(r"(\d+) packets? captured", err), _number(r"(\d+) packets? dropped by kernel", err)


def _dumpcap(_: str, err: str) -> tuple[int, int | None]:
    return _number(r"interface '\S+': (\d+)/", err), _number(r"interface '\S+': \d+/(\d+)", err)


def _minescope(out: str, _: str) -> tuple[int, int | None]:
    summary = json.loads(out.splitlines()[-1])
    lost = summary["skipped"].get("dropped-by-kernel", 0)
    return summary["packets"] - lost, lost


def _counted(out: str, _: str) -> tuple[int, int | None]:
    return int(out.split()[-1]), None


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


SCAPY = """
import signal, sys, threading
from scapy.sendrecv import AsyncSniffer
count, done = [0], threading.Event()
def add(packet): count[0] += 1
signal.signal(signal.SIGINT, lambda *_: done.set())
def say(): print("ready", file=sys.stderr, flush=True)
sniffer = AsyncSniffer(iface="IF", store=False, prn=add, started_callback=say)
sniffer.start()
done.wait()
print(count[0])
"""
PYSHARK = """
import asyncio, signal, sys, warnings, os
import pyshark
count = 0
def end(*_):
    print(count, flush=True)
    os._exit(0)
signal.signal(signal.SIGINT, end)
capture = pyshark.LiveCapture(interface="IF")
print("ready", file=sys.stderr, flush=True)
for packet in capture.sniff_continuously():
    count += 1
"""

RAMP = (100_000.0, 200_000.0, 400_000.0, FULL)
PROBE = (sys.executable, "-m", "minescope", "probe", "IF", "--json", "--lang", "en")
SHARED = "minescope probe --ring-mb 2, on the sender's core"
DUMPCAP = ("dumpcap", "-q", "-P", "-i", "IF", "-w", "/dev/null", "-B", "64")
TCPDUMP = ("tcpdump", "-n", "-i", "IF", "-w", "/dev/null", "-B", "65536")
BY_SCAPY, BY_PYSHARK = (sys.executable, "-c", SCAPY), (sys.executable, "-c", PYSHARK)
LISTENERS = (
    Listener("minescope probe", PROBE, "listening", _minescope, RAMP),
    Listener("minescope probe -w 2", (*PROBE, "-w", "2"), "listening", _minescope, (FULL,), cores="0,1"),
    Listener(SHARED, (*PROBE, "--ring-mb", "2"), "listening", _minescope, (FULL,), cores="0"),
    Listener("tcpdump -w /dev/null -B 65536", TCPDUMP, "listening", _tcpdump, RAMP),
    Listener("dumpcap -B 64", DUMPCAP, "File:", _dumpcap, RAMP),
    Listener(
        "scapy AsyncSniffer", BY_SCAPY, "ready", _counted, (5_000.0, 20_000.0), 60_000, patience_s=10.0
    ),
    Listener(
        "pyshark LiveCapture", BY_PYSHARK, "ready", _counted, (500.0, 2_000.0), 6_000,
        helper="dumpcap", patience_s=30.0,
    ),
)  # fmt: skip


def measure(listener: Listener, rate: float, capture: Path, packets: int) -> Row:
    """Run one program once at one rate."""
    packets = min(packets, listener.most or packets)
    with Wire("bench") as wire:
        sender = _sender(wire, capture, rate, packets)
        command = [part.replace("IF", wire.far) for part in listener.command]
        held = ["taskset", "-c", listener.cores, *command]
        heard = wire.listening(held, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            said = _until(heard, listener.ready)
            while listener.helper and listener.helper not in _programs(wire):
                time.sleep(0.1)
            time.sleep(2.0 if listener.helper else 0.5)
            before = _cpu_s(wire)
            assert sender.stdin is not None
            assert sender.stdout is not None
            sender.stdin.write("\n")
            sender.stdin.flush()
            sent, seconds, _ = sender.stdout.readline().split()
            spent = _cpu_s(wire) - before
            time.sleep(listener.patience_s)  # what waits in a queue is late, not lost
            heard.send_signal(signal.SIGINT)
            out, err = heard.communicate(timeout=120)
        finally:
            heard.kill()
            sender.kill()
            sender.communicate()
    received, told = listener.count(out, said + err)
    count, took = int(sent), float(seconds)
    return Row(listener.name, rate, count / took, count, received, told, spent / took, spent / count * 1e9)


def _sender(wire: Wire, capture: Path, rate: float, packets: int) -> "subprocess.Popen[str]":
    arguments = [wire.near_namespace, wire.near, str(capture), str(rate), "1", str(packets)]
    sender = subprocess.Popen(
        ["taskset", "-c", "0", sys.executable, "-m", "benchmarks.wire", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sender.stdout is not None
    sender.stdout.readline()
    return sender


def _until(process: "subprocess.Popen[str]", word: str) -> str:
    said = ""
    assert process.stderr is not None
    while word not in said:
        line = process.stderr.readline()
        if not line:
            raise SystemExit(f"ended before it listened: {said}")
        said += line
    return said


def _programs(wire: Wire) -> str:
    """Return the names of the programs at the far end."""
    return " ".join(Path(f"/proc/{pid}/comm").read_text() for pid in _pids(wire))


def _pids(wire: Wire) -> list[str]:
    command = ["ip", "netns", "pids", wire.far_namespace]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _cpu_s(wire: Wire) -> float:
    """Return the CPU seconds so far of every process at the far end and of their dead children."""
    total = 0
    for pid in _pids(wire):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def table(results: dict[str, Any]) -> str:
    """Return the rows as a table for the page."""
    lines = [
        "| listener | offered, packets/s | sent | lost | said to be lost | CPU, one core | CPU ns a packet |",
        "|---|---|---|---|---|---|---|",
    ]
    for found in results["rows"]:
        lost = f"{1 - found['received'] / found['sent']:.2%}"
        told = "says none" if found["told_lost"] is None else f"{found['told_lost'] / found['sent']:.2%}"
        lines.append(
            f"| {found['name']} | {found['rate']:,.0f} | {found['sent']:,} | {lost} | {told} "
            f"| {found['cpu_share']:.1%} | {found['cpu_ns']:,.0f} |"
        )
    about = results["machine"]
    lines += [
        "",
        f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}; "
        f"load average {results['load']}, {results['rounds']} round(s), medians.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live")
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--capture", type=Path)
    parser.add_argument("--no-page", action="store_true")
    parser.add_argument("--only", default="", help="part of a name; the other rows stay as they were")
    given = parser.parse_args()
    os.environ["PATH"] = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    capture = given.capture or generated()
    results: dict[str, Any] = {
        "machine": machine(), "load": round(os.getloadavg()[0], 2), "rounds": given.rounds, "rows": [],
    }  # fmt: skip
    chosen = [listener for listener in LISTENERS if given.only in listener.name]
    if given.only:
        names = {listener.name for listener in chosen}
        old_rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
        results["rows"] = [row for row in old_rows if row["name"] not in names]
    runs: dict[tuple[str, float], list[Row]] = {}
    for number in range(given.rounds):
        for listener in chosen:
            for rate in listener.rates:
                row = measure(listener, rate, capture, given.packets)
                runs.setdefault((row.name, rate), []).append(row)
                told = "" if row.told_lost is None else f" (says {row.told_lost / row.sent:.2%})"
                print(
                    f"round {number + 1}: {row.name}: {row.rate:,.0f} packets/s, lost {row.lost:.2%}{told}, "
                    f"{row.cpu_share:.1%} of a core, {row.cpu_ns:,.0f} ns a packet",
                    flush=True,
                )
    for rows in runs.values():
        middle = sorted(rows, key=lambda row: (row.lost, row.cpu_ns))[len(rows) // 2]
        middle.cpu_ns = statistics.median(row.cpu_ns for row in rows)
        middle.cpu_share = statistics.median(row.cpu_share for row in rows)
        results["rows"].append(asdict(middle))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if not given.no_page:
        old = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(MARKS.sub(lambda m: f"{m[1]}\n{table(results)}\n\n{m[2]}", old), encoding="utf-8")


if __name__ == "__main__":
    main()
