"""Where MineScope's time goes: each stage does what the one before does and one thing more."""

from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench, Found, Job, figures
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread

STAGES = {
    "limit": "limit: NumPy sum over a fresh mapping of the file",
    "read": "read into one buffer of 1 MiB",
    "locate": "+ find the packets",
    "sieve": "+ sieve: layers, flow table, tags",
    "worker": "+ sessions and parsers",
    "judge": "+ casebook and verdicts",
}
"""In the order of the work; each in a process of its own, imports and kernels loaded beforehand."""
WHOLE = "whole"
QUICK = ("limit", "locate", "sieve")


def measure(bench: Bench) -> Found:
    """Run every stage, and the whole program, in rounds."""
    found: Found = {"seconds": {}, "rss_mb": {}, "said": {}}
    names = [name for name in STAGES if not bench.quick or name in QUICK]
    jobs: list[Job] = [(name, partial(_stage, bench, found, name)) for name in names]
    if not bench.quick:
        jobs.append((WHOLE, partial(_whole, bench, found)))
    bench.interleaved(jobs)
    return found


def _stage(bench: Bench, found: Found, name: str) -> None:
    if done := bench.stage(name, str(bench.capture)):
        cost, said = done
        found["seconds"].setdefault(name, []).append(round(said["seconds"], 4))
        found["rss_mb"].setdefault(name, []).append(figures(cost)["rss_mb"])
        found["said"][name] = said


def _whole(bench: Bench, found: Found) -> None:
    if done := bench.replayed(WHOLE, str(bench.capture)):
        cost, found["said"][WHOLE] = done
        found["seconds"].setdefault(WHOLE, []).append(round(cost.cpu_s, 4))
        found["rss_mb"].setdefault(WHOLE, []).append(figures(cost)["rss_mb"])


def of_limit(found: Found, name: str) -> list[float]:
    """Return by round how many times the limit a stage takes."""
    pairs = zip(found["seconds"].get(name, []), found["seconds"].get("limit", []), strict=False)
    return [spent / floor for spent, floor in pairs]


def tables(found: Found) -> Iterator[Table]:
    """Yield the profile."""
    rows = [("stage", "CPU s", "ns a packet", "more than the stage before, s", "times the limit", "peak MB")]
    packets = found["said"].get("locate", {}).get("packets", 0)
    before = 0.0
    for name, title in {**STAGES, WHOLE: "whole replay: + output, start"}.items():
        spent = found["seconds"].get(name)
        if not spent:
            continue
        now = middle(spent)
        more = "" if name in ("limit", "read") else f"{now - before:.2f}"
        per = f"{now / packets * 1e9:.0f}" if packets else ""
        peak = f"{middle(found['rss_mb'][name]):,.0f}"
        rows.append((title, spread(spent), per, more, spread(of_limit(found, name), 1), peak))
        before = now
    said = found["said"].get("worker", {})
    notes = [f"the parsers made {said['said']:,} observations"] if said else []
    yield Table(rows, notes)


SECTION = Section("stages", "Where the time goes", measure, tables, quick=True)
