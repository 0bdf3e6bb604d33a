"""What judging sealed traffic by its rhythm costs, beside a replay and over the flow lake."""

import json
import shutil
import sys
from collections.abc import Iterator

from benchmarks.bench import Bench, Found, figures
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread


def measure(bench: Bench) -> Found:
    """Replay the capture into a lake and score that, in rounds."""
    found: Found = {"runs": []}
    folder = bench.scratch / "rhythms"

    def once() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = [sys.executable, "-m", "benchmarks.rhythms", str(bench.capture), str(folder)]
        if cost := bench.checked("rhythms", command):
            found["runs"].append({**json.loads(cost.out), **figures(cost)})

    bench.interleaved([("rhythms", once)])
    shutil.rmtree(folder, ignore_errors=True)
    return found


def share(found: Found) -> list[float]:
    """Return, of each run, the part of the replay's CPU time that rhythms take, in percent."""
    return [100 * run["rhythm_s"] / run["replay_s"] for run in found["runs"]]


def records(found: Found) -> list[float]:
    """Return, of each run, flow records of the lake a CPU second, read and scored."""
    return [run["lake_records"] / run["lake_s"] for run in found["runs"]]


def tables(found: Found) -> Iterator[Table]:
    """Yield one row a figure."""
    runs = found["runs"]
    if not runs:
        return
    of_lake = [run["candidates"] / run["lake_scoring_s"] for run in runs]
    of_lab = [run["lab_flows"] / run["lab_s"] for run in runs]
    each = middle([run["lab_packets"] / run["lab_flows"] for run in runs])
    yield Table(
        [
            ("what", "figure"),
            ("judging rhythms, of the replay's CPU time", f"{spread(share(found))} %"),
            ("flow records of the lake a second, read and scored", spread(records(found), 0)),
            ("candidates of the lake a second, scoring alone", spread(of_lake, 0)),
            (f"lab candidates of {each:,.0f} packets a second, scoring alone", spread(of_lab, 0)),
        ],
        [
            f"{middle([run['lake_records'] for run in runs]):,.0f} flow records, "
            f"{middle([run['candidates'] for run in runs]):,.0f} of them candidates; seconds are of CPU time"
        ],
    )


SECTION = Section("rhythms", "Rhythms", measure, tables)
