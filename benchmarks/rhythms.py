"""What judging sealed traffic by its rhythm costs: beside a replay, and over past traffic of the flow lake.

usage: python -m benchmarks.rhythms FILE SCRATCH

Prints a JSON object. CPU seconds throughout. `rhythm_s` is all that a replay spends on rhythms once its
packets are read: the loops loaded, dependencies sorted out, shape, clocks, names. The lake that this replay
writes is then read and scored as `minescope rescan` does it. Last come candidates alone, without a lake, from
networks of the laboratory: 15 minutes of long-lived flows, far busier than those of the capture.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.lab.windows import windows
from benchmarks.stages import as_in_replay
from classifier.casebook import Casebook
from pipeline.keep_lake import LakeWish
from pipeline.scan import Scan
from pipeline.world import compile_kernels
from store.lake import EVERYTHING, Lake
from store.lake_columns import FLOWS

SEED, WINDOWS, TURNS = 1, 4_000, 5


def replayed(path: Path, folder: Path) -> dict[str, float]:
    """Replay a capture into a lake; its cost, and the part that rhythms take."""
    spent = 0.0
    hear = Casebook.hear

    def timed(*arguments: Any, **named: Any) -> None:
        nonlocal spent
        began = time.process_time()
        hear(*arguments, **named)
        spent += time.process_time() - began

    Casebook.hear = timed  # type: ignore[method-assign]
    began = time.process_time()
    scan = Scan([str(path)], lake=LakeWish(folder, "bench"))
    for _ in scan:
        pass
    seconds = time.process_time() - began
    Casebook.hear = hear  # type: ignore[method-assign]
    return {"replay_s": seconds, "rhythm_s": spent, "candidates": scan.kept.rhythms}


def rescanned(folder: Path) -> dict[str, float]:
    """Read a lake and score what it holds."""
    from pipeline.shape import scored

    lake = Lake(folder)
    lazy, _ = lake.scan(FLOWS)
    records = int(lazy.select("flow_id").collect().height)
    whole, shape = [], []
    for _ in range(TURNS):
        began = time.process_time()
        inner = 0.0
        for flows, packets, _ in lake.rhythms(EVERYTHING):
            here = time.process_time()
            scored(flows, packets)
            inner += time.process_time() - here
        whole.append(time.process_time() - began)
        shape.append(inner)
    return {"lake_records": records, "lake_s": min(whole), "lake_scoring_s": min(shape)}


def alone() -> dict[str, float]:
    """Score candidates of the laboratory."""
    from pipeline.shape import scored

    chosen = next(windows(SEED, "train", WINDOWS, batch=WINDOWS)).chosen
    took = []
    for _ in range(TURNS):
        began = time.process_time()
        scored(chosen.flows, chosen.packets)
        took.append(time.process_time() - began)
    return {"lab_flows": len(chosen.flows), "lab_packets": len(chosen.packets), "lab_s": min(took)}


def main() -> None:
    """Measure, and print what was found."""
    path, scratch = Path(sys.argv[1]), Path(sys.argv[2])
    compile_kernels()
    as_in_replay()
    folder = scratch / "lake"
    found = replayed(path, folder)
    print(json.dumps({**found, **rescanned(folder), **alone()}))


if __name__ == "__main__":
    main()
