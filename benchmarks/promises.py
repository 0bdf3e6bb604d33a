"""What was promised of speed, memory and start, and whether the figures of a run keep it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.sections import growth, load, rhythms, stages
from benchmarks.sections.replay import MINESCOPE
from benchmarks.sections.start import API
from benchmarks.tables import Table, middle

RATIOS = {
    "softflowd": 1.5,
    "ndpiReader": 7.0,
    "tshark": 30.0,
    "tcpdump": 0.5,
    "nfstream": 20.0,
    "ipfixprobe": 3.0,
}
"""Least packets a CPU second, as a multiple of each program's."""
OF_LIMIT = 2.5
"""Most CPU time of locating, parsing, flow table and tags, as a multiple of summing the mapped file."""
GROWTH = 1.3
"""Most cost of a packet among 5 million flows, as a multiple of that among 100,000."""
BASE_MB, FLOW_BYTES = 160.0, 160
HELP_S, START_S, API_S = 0.3, 1.0, 2.0
SINGLE_MS, BULK_S = 5.0, 2.0
RHYTHM_PERCENT, RECORDS = 10.0, 50_000.0
"""Most of a replay's CPU time for judging rhythms; least flow records of the lake scored a CPU second."""

Sections = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, and what a run says of it."""

    name: str
    bound: float
    unit: str
    measured: float | None
    """None where the run did not measure it."""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Return `met`, `missed by a factor of ...`, or nothing."""
        if self.measured is None:
            return ""
        short = self.bound / self.measured if self.at_least else self.measured / self.bound
        return "met" if short <= 1 else f"missed by a factor of {short:.2f}"

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Return promise, promised, measured, verdict."""
        sign = ">=" if self.at_least else "<="
        measured = "not measured" if self.measured is None else f"{self.measured:,.2f} {self.unit}"
        return self.name, f"{sign} {self.bound:,g} {self.unit}", measured, self.verdict


def promises(found: Sections) -> list[Promise]:
    """Return every promise; `found` are the sections of results.json."""
    return list(_promises(found))


def rows(found: Sections) -> list[tuple[str, str, str, str]]:
    """Return them as rows."""
    return [one.row for one in promises(found)]


def table(found: Sections) -> Table:
    """Return them as a table."""
    return Table([("promise", "promised", "measured", ""), *rows(found)])


def _promises(found: Sections) -> Iterator[Promise]:
    replay = found.get("replay", {})
    by_program = {peer["program"]: peer["ratios"] for peer in replay.get("peers", {}).values()}
    for program, least in RATIOS.items():
        yield Promise(
            f"replay against {program}", least, "x", _median(by_program.get(program)), at_least=True
        )
    profile = found.get("stages", {"seconds": {}})
    yield Promise("kernel against the limit", OF_LIMIT, "x", _median(stages.of_limit(profile, "sieve")))
    grown = _median(growth.ratios(found["growth"], growth.FLOWS[-1])) if "growth" in found else None
    yield Promise("cost of growth, 100,000 to 5 million flows", GROWTH, "x", grown)
    runs = replay.get("runs", {}).get(MINESCOPE)
    flows = replay.get("summary", {}).get("flows", 0)
    peak = _median([run["rss_mb"] for run in runs]) if runs else None
    yield Promise(f"memory at {flows:,} flows", round(BASE_MB + FLOW_BYTES * flows / 1e6), "MB", peak)
    started = found.get("start", {}).get("runs", {})
    for name, most in (("minescope --help", HELP_S), ("minescope replay, small file", START_S), (API, API_S)):
        wall = _median([run["wall_s"] for run in started[name]]) if name in started else None
        yield Promise(f"start: {name}", most, "s", wall)
    asked = found.get("lookups", {})
    pressed = _median(load.p99_ms(found["load"])) if "load" in found else None
    yield Promise("look-up through the API, p99 at 500 a second", SINGLE_MS, "ms", pressed)
    yield Promise("1 million look-ups inside the process", BULK_S, "s", asked.get("inside", {}).get("find_s"))
    heard = found.get("rhythms", {"runs": []})
    yield Promise("judging rhythms, of the replay", RHYTHM_PERCENT, "%", _median(rhythms.share(heard)))
    yield Promise(
        "flow records of the lake, read and scored",
        RECORDS,
        "/s",
        _median(rhythms.records(heard)),
        at_least=True,
    )


def _median(values: list[float] | None) -> float | None:
    return middle(values) if values else None
