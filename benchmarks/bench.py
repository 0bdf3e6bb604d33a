"""One run of the benchmark: what is measured on, and how programs are run, checked and repeated."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, run

Found = dict[str, Any]
"""What a section found: plain values that JSON holds."""
Job = tuple[str, Callable[[], None]]


def say(text: str) -> None:
    """Tell the progress."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


@dataclass
class Bench:
    """Where and how often things are measured; what failed."""

    capture: Path
    core: int
    scratch: Path
    rounds: int
    quick: bool = False
    failed: list[str] = field(default_factory=list)

    @property
    def pair(self) -> str:
        """Two cores, as taskset reads them; one where there is only one."""
        return ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))

    def checked(
        self,
        name: str,
        command: Sequence[str],
        good: Sequence[int] = (0,),
        *,
        to: Path | None = None,
        cores: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Cost | None:
        """Run a command; None, and a word about it, where it ends with another code than the good ones.

        It is held to the benchmark's core, or to `cores` as taskset reads them.
        """
        cost = run(command, cores or str(self.core), to, {**os.environ, **(env or {})})
        if cost.code in good:
            return cost
        self.failed.append(name)
        say(f"{name} failed with {cost.code}: {(cost.err or cost.out).strip()[-400:]}")
        return None

    def replayed(
        self, name: str, *arguments: str, cores: str | None = None, good: Sequence[int] = (0, 1)
    ) -> tuple[Cost, Found] | None:
        """Run `minescope replay --json`; return its cost and summary, with `verdicts` counted."""
        out = self.scratch / "verdicts.jsonl"
        cost = self.checked(
            name, minescope("replay", "--json", "--quiet", *arguments), good, to=out, cores=cores
        )
        if cost is None:
            return None
        verdicts, line = 0, ""
        with out.open(encoding="utf-8") as lines:  # one by one: this process stays small
            for line in lines:
                verdicts += '"type":"verdict"' in line
        summary = json.loads(line)
        if summary["packets"] != summary["parsed"] + sum(summary["skipped"].values()):
            self.failed.append(f"{name}: packets are not parsed + skipped")
        return cost, {**summary, "verdicts": verdicts}

    def stage(self, kind: str, *what: str) -> tuple[Cost, Found] | None:
        """Run one of benchmarks/stages.py's stages; return its cost and what it reported."""
        name = " ".join((kind, *what))
        cost = self.checked(name, [sys.executable, "-m", "benchmarks.stages", kind, *what])
        return None if cost is None else (cost, json.loads(cost.out))

    def interleaved(self, jobs: Sequence[Job]) -> None:
        """Do all jobs `rounds` times, each round beginning at another one: a busy minute hits all alike."""
        for turn in range(self.rounds):
            shift = turn * len(jobs) // self.rounds
            for name, job in [*jobs[shift:], *jobs[:shift]]:
                say(f"  round {turn + 1} of {self.rounds}: {name}")
                job()


def minescope(*arguments: str) -> list[str]:
    """Return the command of one of MineScope's."""
    return [sys.executable, "-m", "minescope", *arguments]


def figures(cost: Cost) -> Found:
    """Return what results.json keeps of one run."""
    return {"cpu_s": round(cost.cpu_s, 4), "wall_s": round(cost.wall_s, 4), "rss_mb": round(cost.rss_mb, 1)}
