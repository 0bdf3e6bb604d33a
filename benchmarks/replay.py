"""`make bench`: replay a generated capture beside the peers, each held to one core, as ratios of CPU time.

usage: python -m benchmarks.replay [--rounds 3] [--quick] [--capture FILE] [--core N] [--out FILE]

In every round all programs run once, one after another, and the next round begins with another one, so that
a busy minute of the machine hits all alike. Ratios are taken within a round; the median and the range over
all rounds are printed and written to benchmarks/results.json, with the machine and what every program said.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Cost, floor_mb, machine, run, version
from benchmarks.peers import ABSENT, PATH, Peer, collector, peers, stage
from benchmarks.promises import STARTS, Figures, api_ready_s, judge, start_s

HERE = Path(__file__).parent
CAPTURE = HERE / "data" / "bench.pcap"
MAKERS = ("benchmarks/generate.py", "benchmarks/templates.py", "pcaps/makers/*.py")
"""What the capture depends on: it is made anew when any of these changes."""
QUICK = ("MineScope", "tcpdump -w /dev/null", "softflowd", "limit", "sieve")
MINESCOPE = "MineScope"
STAGES = ("limit", "locate", "sieve", "worker")
SMALL, LARGE = "growth 100000", "growth 5000000"


def main() -> int:
    """Run the benchmark; return 1 where a program failed. A promise missed is a finding, not a failure."""
    given = _arguments()
    capture: Path = given.capture or _generated()
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{PATH}"
    _say(f"warming the page cache with {capture.stat().st_size / 1e9:.2f} GB")
    _read_through(capture)
    facts = machine()
    with tempfile.TemporaryDirectory() as scratch, collector() as port:
        known = [peer for peer in peers(port) if not given.quick or peer.name in QUICK]
        present = [peer for peer in known if peer.present]
        absent = {peer.name: f"not installed (package {peer.package})" for peer in known if not peer.present}
        bench = _Bench(capture, given.core, Path(scratch), given.quick)
        bench.warm_up()
        bench.rounds(1 if given.quick else given.rounds, present)
        starts = [start_s(given.core) for _ in range(STARTS)]
        api = [api_ready_s(Path(scratch)) for _ in range(STARTS)]
    figures = bench.figures(starts, api)
    absent |= {} if given.quick else ABSENT
    versions = {peer.name: version(peer.version) for peer in present}
    print(_report(bench, figures, present, absent, versions, facts))
    given.out.write_text(json.dumps(_results(bench, figures, absent, versions, facts), indent=1) + "\n")
    _say(f"wrote {given.out}")
    return 1 if bench.failed else 0


class _Bench:
    """Runs programs round by round and keeps every cost."""

    def __init__(self, capture: Path, core: int, scratch: Path, quick: bool) -> None:
        self._capture, self._core, self._scratch, self._quick = capture, core, scratch, quick
        self.costs: dict[str, list[Cost]] = defaultdict(list)
        self.said: dict[str, dict[str, Any]] = {}
        """What each of MineScope's own runs reported last."""
        self.counted: dict[str, int | None] = {}
        self.stage_s: dict[str, list[float]] = defaultdict(list)
        """CPU seconds of the work alone, by stage."""
        self.failed: list[str] = []

    def warm_up(self) -> None:
        """Compile what is not compiled yet, outside every measurement."""
        self._checked("warmup", [sys.executable, "-m", "minescope", "warmup"], (0,))

    def rounds(self, count: int, present: Sequence[Peer]) -> None:
        """Run everything `count` times, each round beginning at another program."""
        jobs: list[tuple[str, Callable[[], None]]] = [(MINESCOPE, self._minescope)]
        jobs += [(peer.name, partial(self._peer, peer)) for peer in present]
        names = [name for name in (*STAGES, SMALL, LARGE) if not self._quick or name in QUICK]
        jobs += [(name, partial(self._stage, name)) for name in names]
        for turn in range(count):
            shift = turn * len(jobs) // count
            for name, job in jobs[shift:] + jobs[:shift]:
                _say(f"round {turn + 1} of {count}: {name}")
                job()

    def _minescope(self) -> None:
        command = [sys.executable, "-m", "minescope", "replay", "--json", "--quiet", str(self._capture)]
        out = self._scratch / "verdicts.jsonl"
        if self._checked(MINESCOPE, command, (0, 1), out).code in (0, 1):
            verdicts, line = 0, ""
            with out.open(encoding="utf-8") as lines:  # one by one: this process stays small
                for line in lines:
                    verdicts += '"type":"verdict"' in line
            self.said[MINESCOPE] = {**json.loads(line), "verdicts": verdicts}

    def _peer(self, peer: Peer) -> None:
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        cost = self._checked(peer.name, peer.command(self._capture, folder), (0,))
        self.counted[peer.name] = peer.counted(cost.out + cost.err)
        for left in folder.iterdir():
            left.unlink()

    def _stage(self, name: str) -> None:
        kind, *more = name.split()
        cost = self._checked(name, stage(kind, *(more or [str(self._capture)])), (0,))
        if cost.code == 0:
            self.said[name] = json.loads(cost.out)
            self.stage_s[name].append(self.said[name]["seconds"])

    def _checked(
        self, name: str, command: Sequence[str], good: Sequence[int], to: Path | None = None
    ) -> Cost:
        cost = run(command, self._core, to)
        if cost.code not in good:
            self.failed.append(name)
            _say(f"{name} failed with {cost.code}: {(cost.err or cost.out).strip()[-400:]}")
        else:
            self.costs[name].append(cost)
        return cost

    @property
    def packets(self) -> int:
        """Packets in the capture, by the summary of MineScope."""
        return int(self.said.get(MINESCOPE, {}).get("packets", 0))

    def ratios(self, peer: Peer) -> list[float]:
        """Return by round how many times faster MineScope is: packets a CPU second over the peer's."""
        share = (peer.packets or self.packets) / self.packets if self.packets else 0.0
        pairs = zip(self.costs[MINESCOPE], self.costs[peer.name], strict=False)
        return [theirs.cpu_s / share / ours.cpu_s for ours, theirs in pairs if share]

    def figures(self, starts: Sequence[float], api: Sequence[float]) -> Figures:
        """Return what the promises are about; None where it was not measured."""
        mine = self.costs[MINESCOPE]
        with collector() as port:
            by_program = {peer.program: self.ratios(peer) for peer in peers(port)}
        of_limit = [a / b for a, b in zip(self.stage_s["sieve"], self.stage_s["limit"], strict=False)]
        grown = [b / a for a, b in zip(self.stage_s[SMALL], self.stage_s[LARGE], strict=False)]
        return Figures(
            ratios={program: median(found) for program, found in by_program.items() if found},
            of_limit=median(of_limit) if of_limit else None,
            growth=median(grown) if grown else None,
            rss_mb=median(cost.rss_mb for cost in mine) if mine else None,
            flows=int(self.said.get(MINESCOPE, {}).get("flows", 0)),
            start_s=median(starts),
            api_s=median(api),
        )


def _report(
    bench: _Bench,
    figures: Figures,
    present: Sequence[Peer],
    absent: dict[str, str],
    versions: dict[str, str],
    facts: dict[str, Any],
) -> str:
    said = bench.said.get(MINESCOPE, {})
    total = bench.packets
    rows = [("program", "CPU s", "Mpackets/s", "peak MB", "MineScope is", "packets it counted")]
    mine = bench.costs[MINESCOPE]
    rows.append((MINESCOPE, *_speed(mine, total), "", f"{total:,} of {total:,}"))
    for peer in present:
        given, counted, ratios = peer.packets or total, bench.counted.get(peer.name), bench.ratios(peer)
        told = f"{counted:,} of {given:,}" if counted is not None else f"says none, given {given:,}"
        times = f"{median(ratios):.2f} x ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else "failed"
        rows.append((peer.name, *_speed(bench.costs[peer.name], given), times, told))
    stages = [("stage of MineScope, work alone", "CPU s", "ns a packet", "x limit")]
    floor = median(bench.stage_s["limit"]) if bench.stage_s["limit"] else 0.0
    for name in (*STAGES, SMALL, LARGE):
        if spent := bench.stage_s.get(name):
            count = bench.said[name].get("packets", total) or 1
            times = f"{median(spent) / floor:.1f}" if floor and not name.startswith("growth") else ""
            stages.append((name, f"{median(spent):.2f}", f"{median(spent) / count * 1e9:.0f}", times))
    if mine:
        whole = median(cost.cpu_s for cost in mine)
        stages.append(("whole replay, with start", f"{whole:.2f}", f"{whole / max(1, total) * 1e9:.0f}", ""))
    parts = [
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB; "
        f"load at the start {facts['load_1min']}",
        f"{total:,} packets, {said.get('flows', 0):,} flows, {said.get('verdicts', 0):,} verdicts; "
        f"medians of {len(mine)} rounds, one core each, peaks below {floor_mb():.0f} MB cannot be told",
        _table(rows),
        "\n".join(f"  {peer.name}: {versions[peer.name]}; {peer.note}" for peer in present),
        "\n".join(f"  not measured: {name}: {why}" for name, why in absent.items()),
        _table(stages),
        _table([("promise", "promised", "measured", ""), *judge(figures)]),
        *(f"FAILED: {name}" for name in bench.failed),
    ]
    return "\n\n".join(part for part in parts if part)


def _speed(costs: Sequence[Cost], packets: int) -> tuple[str, str, str]:
    if not costs:
        return "failed", "", ""
    spent = [cost.cpu_s for cost in costs]
    seconds = f"{median(spent):.2f} ({min(spent):.2f}-{max(spent):.2f})"
    return seconds, f"{packets / median(spent) / 1e6:.2f}", f"{median(cost.rss_mb for cost in costs):,.0f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _results(
    bench: _Bench,
    figures: Figures,
    absent: dict[str, str],
    versions: dict[str, str],
    facts: dict[str, Any],
) -> dict[str, Any]:
    runs = {
        name: [
            {"cpu_s": round(cost.cpu_s, 3), "wall_s": round(cost.wall_s, 3), "rss_mb": round(cost.rss_mb, 1)}
            for cost in costs
        ]
        for name, costs in bench.costs.items()
    }
    said = {
        name: {key: value for key, value in found.items() if key != "type"}
        for name, found in bench.said.items()
    }
    return {
        "machine": facts,
        "python": sys.version.split()[0],
        "versions": versions,
        "runs": runs,
        "minescope": said,
        "packets_counted_by_peers": bench.counted,
        "ratios": figures.ratios,
        "promises": [list(row) for row in judge(figures)],
        "not_measured": absent,
        "failed": bench.failed,
    }


def _generated() -> Path:
    """Return the benchmark capture, made now where it is missing or older in kind than its makers."""
    root = HERE.parent
    digest = hashlib.sha256()
    for pattern in MAKERS:
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    stamp = CAPTURE.with_suffix(".sha256")
    if not (CAPTURE.exists() and stamp.exists() and stamp.read_text().strip() == digest.hexdigest()):
        CAPTURE.parent.mkdir(exist_ok=True)
        _say(f"making {CAPTURE.relative_to(root)}, once (about 2 GB)")
        # In a process of its own: this one stays small, because a child's peak is never below its parent's.
        subprocess.run(
            [sys.executable, "-m", "benchmarks.generate", str(CAPTURE)], check=True, stdout=sys.stderr
        )
        stamp.write_text(digest.hexdigest() + "\n")
    return CAPTURE


def _read_through(path: Path) -> None:
    room = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(room):
            pass


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, MineScope and the two fastest peers")
    parser.add_argument("--capture", type=Path, help="a pcap file of your own in place of the generated one")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
