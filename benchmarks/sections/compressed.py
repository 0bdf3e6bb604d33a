"""The same capture as it lies in archives: .gz and .zst."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Found, Job, figures, say
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread

FORMATS = {".gz": ("gzip", "-1", "-c"), ".zst": ("zstd", "-3", "-q", "-c")}


def measure(bench: Bench) -> Found:
    """Compress the capture, then read it plain and compressed, beside decompressing alone."""
    found: Found = {"runs": {}, "bytes": {"": bench.capture.stat().st_size}, "absent": []}
    jobs: list[Job] = [("plain", partial(_replayed, bench, found, "", bench.capture))]
    for suffix, command in FORMATS.items():
        if shutil.which(command[0]) is None:
            found["absent"].append(command[0])
            continue
        packed = bench.scratch / f"mix.pcap{suffix}"
        say(f"  compressing with {command[0]}")
        with packed.open("wb") as out:
            subprocess.run([*command, str(bench.capture)], check=True, stdout=out)
        found["bytes"][suffix] = packed.stat().st_size
        jobs += [
            (suffix, partial(_replayed, bench, found, suffix, packed)),
            (f"{command[0]} -dc", partial(_unpacked, bench, found, command[0], packed)),
        ]
    bench.interleaved(jobs)
    for suffix in FORMATS:
        (bench.scratch / f"mix.pcap{suffix}").unlink(missing_ok=True)
    return found


def _replayed(bench: Bench, found: Found, suffix: str, path: Path) -> None:
    if done := bench.replayed(f"compressed {suffix or 'plain'}", str(path)):
        found["runs"].setdefault(f"minescope replay {suffix or 'plain'}", []).append(figures(done[0]))


def _unpacked(bench: Bench, found: Found, program: str, path: Path) -> None:
    if cost := bench.checked(program, [program, "-dc", str(path)], to=Path("/dev/null")):
        found["runs"].setdefault(f"{program} -dc, nothing else", []).append(figures(cost))


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a format."""
    rows = [("what", "CPU s", "wall s", "peak MB")]
    for name, runs in found["runs"].items():
        columns = [[run[key] for run in runs] for key in ("cpu_s", "wall_s", "rss_mb")]
        rows.append((name, spread(columns[0]), spread(columns[1]), f"{middle(columns[2]):,.0f}"))
    sizes = ", ".join(f"{suffix or 'plain'} {size / 1e9:.2f} GB" for suffix, size in found["bytes"].items())
    yield Table(rows, [sizes, *(f"not measured: {name} is not installed" for name in found["absent"])])


SECTION = Section("compressed", "Compressed captures", measure, tables)
