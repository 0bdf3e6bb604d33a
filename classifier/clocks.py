"""Pool clocks: the instants at which a pool, or a coin's blocks, made every client get a new job.

A clock is learned from whatever tells the instants in clear: jobs of plaintext flows, flows already
confirmed, blocks announced by nodes, a file of block times. It holds times and a name, nothing about any
customer, so sites may share their clocks. Other files test sealed flows against them (poolclock.py).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facts.instant import NS

Told = Literal["jobs", "blocks", "file", "unread"]
"""What told the instants: a pool's jobs; or blocks, of nodes, of the jobs that new blocks make, or of a file
of block times (explorers and wallets follow blocks as well); or what likely miners are told, sealed: such a
clock serves its own window alone, and is neither kept nor shared."""
Times = NDArray[np.int64]

SAME_NS = 2 * NS
"""Jobs of two clients of one pool within this are one instant: distribution and network take less."""
SAME_QUICK_NS = 3 * NS // 10
"""The same for a pool whose jobs come every few seconds: it cannot be slow to hand them out."""
QUICK_NS = 8 * NS
"""Median gap of instants up to which a clock is quick."""
MAX_INSTANTS = 200_000
"""Of one clock: three months of a job every 40 s. The oldest go first."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock."""

    name: str
    """The pool (its name, or the address of its server), or the coin of a block clock."""
    coin: str | None
    told: Told
    at_ns: Times
    """int64 nanoseconds since 1970 UTC, strictly ascending, SAME_NS or more apart (SAME_QUICK_NS of a quick
    one)."""

    def within(self, first_ns: int, last_ns: int) -> Times:
        """Return the instants from `first_ns` to `last_ns`, both inclusive."""
        begin, end = np.searchsorted(self.at_ns, [first_ns, last_ns + 1])
        return self.at_ns[begin:end]


@dataclass(frozen=True, slots=True)
class Job:
    """One job as one client got it."""

    name: str
    coin: str | None
    at_ns: int


def learn(jobs: Iterable[Job], told: Told = "jobs") -> list[Clock]:
    """Make clocks of jobs, by name and coin; one job is enough for an instant. In the order of names."""
    times: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for job in jobs:
        times[job.name, job.coin].append(job.at_ns)
    return [
        clock_of(name, coin, told, np.asarray(at, np.int64))
        for (name, coin), at in sorted(times.items(), key=lambda pair: (pair[0][0], pair[0][1] or ""))
    ]


def clock_of(name: str, coin: str | None, told: Told, at_ns: Times) -> Clock:
    """Make one clock of times in any order; of those that are one instant the first counts."""
    return Clock(name, coin, told, _instants(at_ns))


def joined(clocks: Iterable[Clock]) -> list[Clock]:
    """Return clocks with those of one name, coin and source of knowledge made one."""
    same: dict[tuple[str, str, Told], list[Clock]] = defaultdict(list)
    for clock in clocks:
        same[clock.name, clock.coin or "", clock.told].append(clock)
    return [
        Clock(found[0].name, found[0].coin, told, _instants(np.concatenate([clock.at_ns for clock in found])))
        for (_, _, told), found in sorted(same.items())
    ]


def _instants(at: Times) -> Times:
    """Return times in order with those of one instant made one: its first."""
    at = np.sort(at)
    quick = _thinned(at, SAME_QUICK_NS)
    slow = len(quick) < 2 or np.median(np.diff(quick)) > QUICK_NS
    return (_thinned(at, SAME_NS) if slow else quick)[-MAX_INSTANTS:]


def _thinned(at: Times, apart: int) -> Times:
    """Return ascending times without those that come less than `apart` after one that is kept."""
    kept: list[int] = []
    for time in at.tolist():
        if not kept or time - kept[-1] >= apart:
            kept.append(time)
    return np.asarray(kept, np.int64)


FORMAT = "minescope-clocks-1"


class ClockFileError(ValueError):
    """A clock file that cannot be read; the text names the place and the reason."""


def dumped(clocks: Iterable[Clock]) -> str:
    """Return clocks as JSON for another site: times and names only."""
    rows = [
        {"name": clock.name, "coin": clock.coin, "told": clock.told, "at_ns": clock.at_ns.tolist()}
        for clock in clocks
    ]
    return json.dumps({"format": FORMAT, "clocks": rows})


def loaded(text: str) -> list[Clock]:
    """Read what `dumped` wrote. Raises ClockFileError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ClockFileError(f"not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("clocks"), list):
        raise ClockFileError(f"not a clock file: `format` is not {FORMAT}")
    return joined(_clock(row, place) for place, row in enumerate(data["clocks"], 1))


def _clock(row: Any, place: int) -> Clock:
    if not isinstance(row, Mapping):
        raise ClockFileError(f"clock {place}: not an object")
    name, coin, told, at = (row.get(key) for key in ("name", "coin", "told", "at_ns"))
    if not isinstance(name, str) or not 0 < len(name) <= 255:
        raise ClockFileError(f"clock {place}: name is a text of 1 to 255 characters")
    if coin is not None and not isinstance(coin, str):
        raise ClockFileError(f"clock {place}: coin is a text or null")
    if told not in ("jobs", "blocks", "file"):
        raise ClockFileError(f"clock {place}: told is jobs, blocks or file")
    if not isinstance(at, list) or not all(type(time) is int and 0 <= time < 2**63 for time in at):
        raise ClockFileError(f"clock {place}: at_ns is a list of nanoseconds since 1970")
    return Clock(name, coin, told, _instants(np.asarray(at, np.int64)))
