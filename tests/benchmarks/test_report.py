"""The page's tables come from the run; promises are judged by the figures alone."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import promises
from benchmarks.bench import Bench
from benchmarks.chart import chart
from benchmarks.report import CHART, MARKS, PAGE, RESULTS, page, text
from benchmarks.sections.table import SECTIONS
from benchmarks.tables import Table, spread

RUN = {"cpu_s": 2.0, "wall_s": 2.5, "rss_mb": 200.0}
PEER = {"program": "softflowd", "version": "1.1", "note": "", "packets": 4_000_000, "ratios": [1.4, 1.6, 2.0]}
SECTIONS_FOUND: dict[str, Any] = {
    "replay": {
        "runs": {"minescope replay": [RUN] * 3, "softflowd": [{**RUN, "cpu_s": 3.2}] * 3},
        "counted": {"softflowd": 3_900_000},
        "absent": {"ipfixprobe": "no package"},
        "summary": {"packets": 4_000_000, "flows": 100_000, "verdicts": 7},
        "peers": {"softflowd": PEER},
        "floor_mb": 26.0,
        "load_1min": 0.4,
    },
    "stages": {
        "seconds": {"limit": [0.2, 0.1], "locate": [0.3, 0.3], "sieve": [0.4, 0.4]},
        "rss_mb": {"limit": [1900.0], "locate": [88.0], "sieve": [140.0]},
        "said": {"locate": {"packets": 4_000_000}},
        "load_1min": 2.5,
    },
    "growth": {
        "seconds": {"100000": [1.0], "5000000": [1.2]},
        "rss_mb": {"100000": [100.0], "5000000": [800.0]},
        "packets": 10_000_000,
        "load_1min": 1.0,
    },
}
RESULTS_FOUND: dict[str, Any] = {
    "machine": {"processor": "some processor", "cores": 2, "memory_gb": 25},
    "python": "3.11.7",
    "capture": {
        "conversations": 10,
        "mining_conversations": 1,
        "packets": 99,
        "bytes": 5000,
        "mix": {"dns": 9, "x": 1},
    },
    "sections": SECTIONS_FOUND,
    "failed": [],
}


def test_promises_are_met_or_missed_by_the_median() -> None:
    judged = {one.name: one for one in promises.promises(SECTIONS_FOUND)}
    assert judged["replay against softflowd"].row == ("replay against softflowd", ">= 1.5 x", "1.60 x", "met")
    assert (
        judged["kernel against the limit"].verdict == "missed by a factor of 1.20"
    )  # of 2 and 4: 3 over 2.5
    assert judged["cost of growth, 100,000 to 5 million flows"].verdict == "met"
    assert judged["memory at 100,000 flows"].verdict == "missed by a factor of 1.14"  # 200 MB over 176
    assert judged["replay against tshark"].row[2:] == ("not measured", "")


def test_the_page_gets_its_tables_between_the_marks_and_keeps_the_rest() -> None:
    old = "# A\n<!-- bench replay -->\nold\n<!-- end -->\nB\n<!-- bench first -->\n<!-- end -->\nC\n"
    new = page(old, RESULTS_FOUND)
    assert "| **minescope replay** | 2.00 (2.00-2.00) | 2.00 | 200 |" in new
    assert "| softflowd 1.1 | 3.20 (3.20-3.20) | 1.25 | 200 | 1.60 (1.40-2.00) x | 3,900,000 |" in new
    assert "Not measured in this run." in new
    assert MARKS.sub("", new) == MARKS.sub("", old)
    assert page(new, RESULTS_FOUND) == new


def test_every_section_has_its_place_on_the_page() -> None:
    marks = set(re.findall(r"<!-- bench (\w+) -->", PAGE.read_text(encoding="utf-8")))
    assert marks == {*SECTIONS, "machine", "mix", "promises"}


def test_page_and_chart_are_those_of_the_last_run() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    old = PAGE.read_text(encoding="utf-8")
    assert page(old, results) == old
    assert CHART.read_text(encoding="utf-8") == chart(results["sections"])


def test_results_name_no_folder_of_the_machine() -> None:
    told = RESULTS.read_text(encoding="utf-8")
    assert str(RESULTS.parent.parent) not in told
    assert "/tmp" not in told


def test_the_chart_is_sound_and_has_a_bar_for_each_figure() -> None:
    drawn = ElementTree.fromstring(chart(SECTIONS_FOUND))
    labels = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"minescope replay", "softflowd", "limit", "2.00", "1.25", "0.40 s"} <= set(labels)


def test_the_terminal_gets_the_same_figures_and_what_failed() -> None:
    told = text({**RESULTS_FOUND, "failed": ["softflowd"]})
    assert "1.60 (1.40-2.00) x" in told
    assert "FAILED: softflowd" in told
    assert "load average when the sections began: 0.4 to 2.5" in told


def test_tables_show_medians_and_ranges() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00-3.00)"
    assert spread([1.0]) == "1.00"
    assert spread([]) == "not measured"
    assert Table([("a", "b"), ("1", "2")], ["n"]).markdown() == "| a | b |\n|---|---|\n| 1 | 2 |\n\n- n"


def test_rounds_begin_at_another_job_each(tmp_path: Path) -> None:
    done: list[str] = []
    bench = Bench(tmp_path, 0, tmp_path, rounds=3)
    bench.interleaved([(name, lambda name=name: done.append(name)) for name in "abc"])  # type: ignore[misc]
    assert "".join(done) == "abcbcacab"


@pytest.mark.parametrize(
    ("command", "good", "failed"), [("true", (0,), 0), ("false", (0,), 1), ("false", (1,), 0)]
)
def test_a_program_that_fails_is_named(
    tmp_path: Path, command: str, good: tuple[int, ...], failed: int
) -> None:
    bench = Bench(tmp_path, 0, tmp_path, rounds=1)
    assert (bench.checked(command, [command], good) is None) == bool(failed)
    assert bench.failed == [command] * failed
