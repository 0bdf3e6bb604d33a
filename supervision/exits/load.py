"""Projects that left by the books while their meters say otherwise: who mines on, or again, out of sight.

A relapse that is seen by traffic is told by relapse.py. Who hides what the machines say cannot hide what they
draw: a load that never fell, or one that fell and came back, is told here. It proves no mining, since whoever
follows at the place may draw as much: it is a reason to visit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from facts.instant import nanoseconds
from supervision.exits.relapse import Kind, Relapse
from supervision.meters.days import POINTS
from supervision.projects.events import Step
from supervision.projects.inventory import Power, Standing
from supervision.projects.metered import metered
from supervision.projects.metering import WEEK, accuracy
from supervision.projects.project import Particulars, Project
from supervision.projects.sightings import Size

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

WEEKS_BEFORE: Final = 8
"""Weeks before an exit of which the largest says what was drawn while it mined."""
LEAST_DAYS: Final = 5
"""Known days that a run of seven must have: a lost day hides nothing, a weekend decides nothing."""
MISSING: Final = 0.1
"""Part of a day's points that may be missing: its energy is taken from the others. No bill rests on it."""
HALF: Final = 0.5
"""Part of the mining energy by which a load must have fallen, or risen again."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the meters of one project counted around its exit."""

    before: float
    """kWh a day of the largest week in the eight before the exit."""
    mined: float
    """kWh a day of it that its machines took at least, by the last measurement; 0 where that is unknown."""
    days: Sequence[tuple[date, float]]
    """Days since the exit that are known, and their kWh, by date."""


@dataclass(frozen=True, slots=True)
class Load:
    """A load that an exit does not explain."""

    kind: Kind
    """`power-stays` or `power-back`."""
    seen: date
    """The first day that tells it."""
    kw: float
    """That it draws: all of it, or what came back."""


def judge(drawn: Drawn) -> Load | None:
    """Say whether a load never fell after the exit, or fell and came back; None where neither is known.

    Runs of seven days are held against each other, so that a weekend is no exit and a Monday no relapse.
    Where nobody knows what the machines took, only a load of which half left and came back is told.
    """
    if drawn.before <= 0:
        return None
    part = (min(drawn.mined, drawn.before) if drawn.mined > 0 else drawn.before) * HALF
    quiet: float | None = None
    runs = list(_runs(drawn.days))
    for run in runs:
        mean = sum(kwh for _, kwh in run) / len(run)
        if quiet is None:
            quiet = mean if mean <= drawn.before - part else None
        elif mean >= quiet + part:
            seen = next(day for day, kwh in run if kwh >= quiet + part)
            again = [kwh for day, kwh in drawn.days if seen <= day < seen + timedelta(days=WEEK)]
            return Load("power-back", seen, (sum(again) / len(again) - quiet) / 24)
        else:
            quiet = min(quiet, mean)
    if quiet is None and runs and drawn.mined > 0:
        last = runs[-1]
        return Load("power-stays", runs[0][0][0], sum(kwh for _, kwh in last) / len(last) / 24)
    return None


def by_meter(
    connection: Connection,
    lake: "CurveLake",
    projects: Iterable[Project],
    named: Mapping[str, Particulars],
    standings: Mapping[str, Standing],
    known: datetime,
    seen: Iterable[Relapse] = (),
) -> tuple[Relapse, ...]:
    """Return what meters tell of projects that stand at `exited`, by project.

    The accounts are those that a project had on the day of its exit, whoever has them now. Left out are
    projects that traffic tells of at the place (`seen`). Raises StoreError where a file of the lake is
    damaged.
    """
    told = {one.project for one in seen if one.kind in ("returned", "reoccupied")}
    gone: dict[date, list[Project]] = {}
    for project in projects:
        standing = standings.get(project.id)
        if standing is not None and standing.step is Step.EXITED and project.id not in told:
            gone.setdefault(standing.since, []).append(project)
    found = []
    for exited, here in sorted(gone.items()):
        held = metered(connection, lake, here, named, exited - timedelta(days=1), known, WEEKS_BEFORE)
        numbers = sorted(held.accounts)
        since = _since(lake, numbers, exited, known) if numbers else {}
        for project in here:
            counted = held.projects.get(project.id)
            if counted is None:
                continue
            before = max((week.kwh / WEEK for week in counted.weeks), default=0.0)
            measured = standings[project.id].measured
            mined = 0.0 if measured is None or measured.kw is None else measured.kw.low * 24
            days = _summed([since.get(one, {}) for one in counted.accounts])
            if (load := judge(Drawn(before, mined, days))) is not None:
                found.append(_told(project, exited, load, counted.accounts))
    return tuple(sorted(found, key=lambda one: one.project))


def _runs(days: Sequence[tuple[date, float]]) -> Iterable[Sequence[tuple[date, float]]]:
    """Yield for each known day those of the seven that begin with it, where there are enough."""
    for place, (first, _) in enumerate(days):
        run = [one for one in days[place : place + WEEK] if one[0] < first + timedelta(days=WEEK)]
        if len(run) >= LEAST_DAYS:
            yield run


def _since(
    lake: "CurveLake", numbers: Sequence[str], exited: date, known: datetime
) -> dict[str, dict[date, float]]:
    """Return by account the energy of the days after the exit of which enough is known."""
    after = known.date() + timedelta(days=2)  # a day in China may be a day ahead
    energy: dict[str, dict[date, float]] = {}
    rows = lake.energy(numbers, exited + timedelta(days=1), after, known_ns=nanoseconds(known))
    for row in rows.iter_rows(named=True):
        of = row["meters"] * POINTS
        known_points = of - max(0, row["missing"] - row["bridged"])
        if row["meters"] >= row["of"] and known_points >= of * (1 - MISSING):
            energy.setdefault(row["account"], {})[row["day"]] = row["kwh"] * of / known_points
    return energy


def _summed(accounts: Sequence[Mapping[date, float]]) -> list[tuple[date, float]]:
    """Return the energy of the days that all accounts have."""
    if not accounts:
        return []
    days = set(accounts[0]).intersection(*accounts[1:])
    return [(day, sum(one[day] for one in accounts)) for day in sorted(days)]


def _told(project: Project, exited: date, load: Load, accounts: Sequence[str]) -> Relapse:
    last = load.seen + timedelta(days=WEEK - 1)
    evidence = tuple(f"reading:{one}/{load.seen}/{last}" for one in accounts)
    error = load.kw * accuracy()
    size = Size(None, {}, Power(load.kw, load.kw - error, load.kw + error), {"kw": evidence}, 0)
    return Relapse(
        project.id,
        project.division,
        load.kind,
        exited,
        load.seen,
        project.uscc,
        project.site,
        size,
        evidence,
    )
