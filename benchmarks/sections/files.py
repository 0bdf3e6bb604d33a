"""Many small files: what a file costs beside its packets."""

import struct
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, Found, figures, say
from benchmarks.measure import Cost
from benchmarks.sections.section import Section
from benchmarks.tables import Table

FILES, PACKETS = 2_000, 100
QUICK_FILES = 200
STARTED = 40
"""Files that a peer is started for: it takes one file at a time, so the rest is calculated."""


def measure(bench: Bench) -> Found:
    """Replay a folder of small files, as one network and each alone; start peers for some of them."""
    folder = bench.scratch / "many"
    folder.mkdir()
    count = QUICK_FILES if bench.quick else FILES
    paths = cut(bench.capture, folder, count)
    found: Found = {"files": count, "packets": count * PACKETS, "runs": {}}
    for name, more in (
        ("one network", ()),
        ("--each", ("--each",)),
        ("--each --jobs 2", ("--each", "-j", "2")),
    ):
        say(f"  minescope replay {name}")
        if done := bench.replayed(
            f"files {name}", *more, str(folder), cores=bench.pair if "-j" in more else None
        ):
            found["runs"][f"minescope replay, {name}"] = figures(done[0])
            if done[1]["packets"] != found["packets"] or done[1]["files"] != count:
                bench.failed.append(f"files {name}: {done[1]['packets']} packets of {found['packets']}")
    programs = {
        "tcpdump -w /dev/null": ("tcpdump", "-w", "/dev/null", "-r"),
        "ndpiReader": ("ndpiReader", "-i"),
    }
    programs["tshark -z conv,tcp"] = ("tshark", "-q", "-n", "-z", "conv,tcp", "-r")
    for name, command in {} if bench.quick else programs.items():
        say(f"  {name}, started {STARTED} times")
        costs = [bench.checked(f"files {name}", [*command, str(path)]) for path in paths[:STARTED]]
        if good := [cost for cost in costs if cost]:
            found["runs"][name] = _scaled(good, count)
    return found


def cut(capture: Path, folder: Path, files: int, packets: int = PACKETS) -> list[Path]:
    """Write the first packets of a little-endian pcap as so many files; return them."""
    paths = []
    with capture.open("rb") as whole:
        head = whole.read(24)
        for number in range(files):
            path = folder / f"{number:05d}.pcap"
            parts = [head]
            for _ in range(packets):
                record = whole.read(16)
                parts += [record, whole.read(struct.unpack_from("<I", record, 8)[0])]
            path.write_bytes(b"".join(parts))
            paths.append(path)
    return paths


def _scaled(costs: list[Cost], files: int) -> Found:
    times = files / len(costs)
    return {
        "cpu_s": round(sum(cost.cpu_s for cost in costs) * times, 3),
        "wall_s": round(sum(cost.wall_s for cost in costs) * times, 3),
        "rss_mb": round(max(cost.rss_mb for cost in costs), 1),
        "calculated_from": len(costs),
    }


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a way."""
    rows = [("way", "CPU s", "wall s", "files a second of wall time", "peak MB")]
    for name, run in found["runs"].items():
        label = f"{name}, from {run['calculated_from']} starts" if "calculated_from" in run else name
        rate = f"{found['files'] / run['wall_s']:,.0f}"
        rows.append((label, f"{run['cpu_s']:.2f}", f"{run['wall_s']:.2f}", rate, f"{run['rss_mb']:,.0f}"))
    yield Table(rows, [f"{found['files']:,} files of {PACKETS} packets"])


SECTION = Section("files", "Many small files", measure, tables, quick=True)
