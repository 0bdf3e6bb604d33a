"""How far the regions are: a division and those right below it, over the four levels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry.division_table import WHOLE_COUNTRY
from store.access_rules import lies_in
from supervision.exits.plan import Progress
from supervision.projects.events import Step
from supervision.projects.inventory import Power, Standing
from supervision.projects.project import Project
from supervision.projects.sightings import summed

LEVELS = ("central", "province", "city", "county")


@dataclass(frozen=True, slots=True)
class Region:
    """The projects of one division's subtree on a day."""

    division: str
    level: str
    """Of LEVELS."""
    projects: int
    """All that were found and not rejected."""
    running: int
    planned: int
    """Running ones with a plan."""
    exited: int
    relapses: int
    late: int
    """Running ones with a step that is late."""
    days_late: int
    """The most that any of them is late."""
    kw: Power | None
    """Of the running ones."""
    kw_left: Power | None
    """Of those that left, as it was measured last."""

    @property
    def progress(self) -> float | None:
        """The part that has left, 0 to 1; None without projects."""
        return self.exited / self.projects if self.projects else None


def regions(
    projects: Iterable[Project],
    standings: Mapping[str, Standing],
    plans: Mapping[str, Sequence[Progress]],
    division: str,
) -> tuple[Region, ...]:
    """Return a division first and then those right below it that have projects, by code.

    `plans` holds the progress of each project that has a plan.
    """
    inside = [one for one in projects if one.id in standings and lies_in(one.division, division)]
    below: dict[str, list[Project]] = {}
    for one in inside:
        code = child(one.division, division)
        if code != division:
            below.setdefault(code, []).append(one)
    whole = _region(division, inside, standings, plans)
    return (whole, *(_region(code, below[code], standings, plans) for code in sorted(below)))


def level_of(division: str) -> str:
    """Return the level of a division code, of LEVELS."""
    if division == WHOLE_COUNTRY:
        return LEVELS[0]
    return LEVELS[1] if division.endswith("0000") else LEVELS[2] if division.endswith("00") else LEVELS[3]


def child(code: str, division: str) -> str:
    """Return the division right below another one that a code lies in; itself where it is that one."""
    match level_of(division):
        case "central":
            return code[:2] + "0000"
        case "province":
            return code[:4] + "00" if code[2:4] != "00" else code
        case _:
            return code


def _region(
    division: str,
    projects: Sequence[Project],
    standings: Mapping[str, Standing],
    plans: Mapping[str, Sequence[Progress]],
) -> Region:
    held = [standings[one.id] for one in projects]
    held = [one for one in held if one.step is not Step.REJECTED]
    running = [one for one in held if one.running]
    gone = [one for one in held if not one.running]
    behind = [
        max((step.days_late for step in plans.get(one.project, ()) if step.state == "late"), default=0)
        for one in running
    ]
    return Region(
        division,
        level_of(division),
        len(held),
        len(running),
        sum(one.project in plans for one in running),
        len(gone),
        sum(one.relapses for one in held),
        sum(days > 0 for days in behind),
        max(behind, default=0),
        _kw(running),
        _kw(gone),
    )


def _kw(standings: Iterable[Standing]) -> Power | None:
    return summed(one.measured.kw for one in standings if one.measured and one.measured.kw)
