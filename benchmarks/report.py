"""Write what a run found: on the terminal, and into docs/performance.md between its marks.

usage: python -m benchmarks.report [--check]

The page's tables are never typed: `<!-- bench NAME -->` begins one and `<!-- end -->` ends it. With --check
nothing is written, and the exit code is 1 where the page differs from benchmarks/results.json.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import promises
from benchmarks.chart import chart
from benchmarks.sections.table import SECTIONS
from benchmarks.tables import Table

HERE = Path(__file__).parent
RESULTS, CHART = HERE / "results.json", HERE / "results.svg"
PAGE = HERE.parent / "docs" / "performance.md"
MARKS = re.compile(r"(<!-- bench (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def text(results: dict[str, Any]) -> str:
    """Return everything for a terminal."""
    parts = [machine(results)]
    for name, title, tables in _sections(results):
        parts += [f"{title} ({name})", *(table.text() for table in tables)]
    parts += ["Promises", promises.table(results["sections"]).text()]
    parts += [f"FAILED: {name}" for name in results["failed"]]
    return "\n\n".join(parts)


def page(old: str, results: dict[str, Any]) -> str:
    """Return the page with its tables written anew; a mark without figures is told so."""
    written = {name: [*tables] for name, _, tables in _sections(results)}
    blocks = {name: "\n\n".join(table.markdown() for table in tables) for name, tables in written.items()}
    blocks["promises"] = promises.table(results["sections"]).markdown()
    blocks["machine"] = machine(results)
    blocks["mix"] = mix(results["capture"]).markdown()

    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}\n{blocks.get(found[2], 'Not measured in this run.')}\n\n{found[3]}"

    return MARKS.sub(fill, old)


def machine(results: dict[str, Any]) -> str:
    """Return what the figures depend on."""
    about = results["machine"]
    loads = [found["load_1min"] for found in results["sections"].values()]
    return (
        f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB, Python {results['python']}; "
        f"load average when the sections began: {min(loads):.1f} to {max(loads):.1f}."
    )


def mix(capture: dict[str, Any]) -> Table:
    """Return what the capture holds."""
    rows = [("conversation", "how many", "share")]
    total = capture.get("conversations", 0)
    kept = {name: count for name, count in capture.get("mix", {}).items() if count}
    rows += [(name, f"{count:,}", f"{count / total:.2%}") for name, count in kept.items()]
    packets, size, mining = (capture.get(key, 0) for key in ("packets", "bytes", "mining_conversations"))
    note = f"{size / 1e9:.2f} GB, {packets:,} packets, {total:,} conversations, {mining:,} of them mining"
    return Table(rows, [note])


def _sections(results: dict[str, Any]) -> Iterator[tuple[str, str, Iterator[Table]]]:
    for name, section in SECTIONS.items():
        if name in results["sections"]:
            yield name, section.title, section.tables(results["sections"][name])


def write(results: dict[str, Any]) -> None:
    """Write results, chart and page."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    CHART.write_text(chart(results["sections"]), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


def main() -> int:
    """Write the page and the chart, or say whether they are those of the last run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    old = PAGE.read_text(encoding="utf-8")
    new, drawn = page(old, results), chart(results["sections"])
    if given.check:
        same = new == old and CHART.exists() and CHART.read_text(encoding="utf-8") == drawn
        print(f"{PAGE.name} and {CHART.name} are {'those' if same else 'not those'} of {RESULTS.name}")
        return 0 if same else 1
    write(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
