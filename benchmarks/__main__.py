"""`make bench`: build a capture, measure MineScope and its peers on it, write results, chart and page.

usage: python -m benchmarks [--rounds 3] [--quick] [--only NAME,NAME] [--capture FILE] [--core N] [--no-page]

Sections: replay stages growth files compressed parallel first start lookups load scoring rhythms correctness.
What --only measures takes the place of the same sections in benchmarks/results.json; the others stay as they
were. --quick takes one round of some sections and writes nothing but the terminal. Exits 1 where a program
failed or a count was wrong; a promise missed is a finding, not a failure.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import promises
from benchmarks.bench import Bench, minescope, say
from benchmarks.capture import generated, made, read_through
from benchmarks.measure import machine
from benchmarks.peers import PATH
from benchmarks.report import RESULTS, text, write
from benchmarks.sections.table import SECTIONS


def main() -> int:
    """Run the benchmark."""
    given = _arguments()
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{PATH}"
    capture: Path = given.capture or generated()
    names = given.only or [name for name, section in SECTIONS.items() if section.quick or not given.quick]
    say(f"warming the page cache with {capture.stat().st_size / 1e9:.2f} GB")
    read_through(capture)
    results = _before(names)
    results |= {"machine": machine(), "python": sys.version.split()[0]}
    results["capture"] = {} if given.capture else made()
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        bench = Bench(capture, given.core, Path(scratch), 1 if given.quick else given.rounds, given.quick)
        bench.checked("warmup", minescope("warmup"))
        for place, name in enumerate(names, 1):
            say(f"section {place} of {len(names)}: {name}")
            began, load = time.monotonic(), round(os.getloadavg()[0], 2)
            results["sections"][name] = {**SECTIONS[name].measure(bench), "load_1min": load}
            results |= {"failed": bench.failed, "promises": promises.rows(results["sections"])}
            if not given.quick and not given.no_page:
                write(results)
            say(f"  {name} took {time.monotonic() - began:.0f} s")
    print(text(results))
    return 1 if bench.failed else 0


def _before(names: list[str]) -> dict[str, Any]:
    """Return the results so far where only some sections are measured, in the order of all sections."""
    old = json.loads(RESULTS.read_text(encoding="utf-8"))["sections"] if RESULTS.exists() else {}
    keep = {} if set(names) >= set(SECTIONS) else old
    return {"sections": {name: keep[name] for name in SECTIONS if name in keep}}


def _names(given: str) -> list[str]:
    names = given.split(",")
    if unknown := set(names) - set(SECTIONS):
        raise argparse.ArgumentTypeError(
            f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}"
        )
    return [name for name in SECTIONS if name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of some sections; nothing is written")
    parser.add_argument("--only", type=_names, help="sections, joined by commas")
    parser.add_argument("--capture", type=Path, help="a little-endian pcap in place of the generated one")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--scratch", type=Path, help="where scratch files lie (6 GB); default: TMPDIR")
    parser.add_argument("--no-page", action="store_true", help="print only; write no file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
