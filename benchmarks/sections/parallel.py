"""Two workers: several files at once, on two cores."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Found, figures, say
from benchmarks.sections.section import Section
from benchmarks.tables import Table, spread

PARTS = 4


def measure(bench: Bench) -> Found:
    """Replay a quarter of the capture a file with one process and with two, both on the same two cores."""
    found: Found = {"cores": bench.pair, "runs": {}, "verdicts": {}}
    folder = bench.scratch / "parts"
    folder.mkdir()
    say(f"  cutting the capture into {PARTS}")
    split(bench.capture, folder, PARTS)
    bench.interleaved([(f"--jobs {jobs}", partial(_replayed, bench, found, folder, jobs)) for jobs in (1, 2)])
    for part in folder.iterdir():
        part.unlink()
    if len(set(found["verdicts"].values())) > 1:
        bench.failed.append(f"two workers find otherwise than one: {found['verdicts']}")
    return found


def _replayed(bench: Bench, found: Found, folder: Path, jobs: int) -> None:
    done = bench.replayed(f"--jobs {jobs}", "--each", "--jobs", str(jobs), str(folder), cores=bench.pair)
    if done:
        found["runs"].setdefault(str(jobs), []).append(figures(done[0]))
        found["verdicts"][str(jobs)] = done[1]["verdicts"]


def split(capture: Path, folder: Path, parts: int) -> None:
    """Write a little-endian pcap as so many files of about the same size."""
    share = capture.stat().st_size // parts + 1
    with capture.open("rb") as whole:
        head = whole.read(24)
        for number in range(parts):
            with (folder / f"part{number}.pcap").open("wb") as out:
                out.write(head)
                while out.tell() < share and (record := whole.read(16)):
                    out.write(record)
                    out.write(whole.read(struct.unpack_from("<I", record, 8)[0]))


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a number of processes."""
    rows = [("processes", "wall s", "CPU s", "times as fast as one")]
    alone = [run["wall_s"] for run in found["runs"].get("1", [])]
    for jobs, runs in found["runs"].items():
        walls = [run["wall_s"] for run in runs]
        faster = [one / here for one, here in zip(alone, walls, strict=False)]
        rows.append((jobs, spread(walls), spread([run["cpu_s"] for run in runs]), spread(faster)))
    yield Table(rows, [f"`replay --each --jobs N`, the capture in {PARTS} files, cores {found['cores']}"])


SECTION = Section("parallel", "Two workers", measure, tables)
