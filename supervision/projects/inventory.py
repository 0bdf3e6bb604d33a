"""What the inventory says of projects at a time, and how it changed from one week to the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from supervision.projects.events import GONE, Event, Step, life


@dataclass(frozen=True, slots=True)
class Power:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a project's size on a day, and what it rests on."""

    project: str
    on: date
    known: datetime
    machines: Power | None
    computing: Mapping[str, Power]
    """Hashes a second by algorithm; never to be summed over algorithms."""
    kw: Power | None
    evidence: tuple[str, ...]
    """All of it: `verdict:17`, `reading:<account>/<day>`, `file:<sha256>`."""
    kwh_day: Power | None = None
    """Energy of a day: metered where `basis` says so, else what `kw` comes to."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By figure (`machines`, `kw`, `kwh_day`, `computing`), the part of `evidence` that it rests on."""
    basis: str = "traffic"
    """`traffic`, `meters` or `inspection`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One project as known at a time."""

    project: str
    step: Step
    since: date
    """Since when it stands at this step."""
    first: date
    """When it was found first."""
    relapses: int
    measured: Measured | None
    """The latest measurement."""

    @property
    def running(self) -> bool:
        """Whether it counts as mining."""
        return self.step not in GONE


def week_of(day: date) -> str:
    """Return the ISO week of a day: `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def week_end(week: str) -> date:
    """Return the Sunday of an ISO week. Raises ValueError for another text."""
    return date.fromisoformat(f"{_checked(week)}-7")


def week_before(week: str) -> str:
    """Return the ISO week before one."""
    return week_of(week_end(week) - timedelta(days=7))


def end_of(day: date) -> datetime:
    """Return the last moment of a day in China's time (UTC+8): what was known by then was known that day."""
    return datetime.combine(day, time.max, UTC) - timedelta(hours=8)


def inventory(
    events: Iterable[Event], measured: Iterable[Measured], as_of: date, as_known: datetime | None = None
) -> dict[str, Standing]:
    """Return every project found by a day, by its name, as known at a time (None: by the end of that day)."""
    known = end_of(as_of) if as_known is None else as_known
    latest: dict[str, Measured] = {}
    for found in measured:
        if found.on <= as_of and found.known <= known:
            before = latest.get(found.project)
            if before is None or (found.on, found.known) >= (before.on, before.known):
                latest[found.project] = found
    lives: dict[str, list[Event]] = {}
    for event in events:
        lives.setdefault(event.project, []).append(event)
    standings = {}
    for project in sorted(lives):
        if lived := life(lives[project], known, as_of):
            standings[project] = Standing(
                project,
                lived[-1].step,
                lived[-1].on,
                lived[0].on,
                sum(event.step is Step.RELAPSED for event in lived),
                latest.get(project),
            )
    return standings


@dataclass(frozen=True, slots=True)
class Change:
    """How the inventory of one day differs from that of another. Names in order."""

    new: tuple[str, ...]
    """Running now, and neither running nor known before."""
    back: tuple[str, ...]
    """Running now, known before as gone."""
    gone: tuple[str, ...]
    """Running before, and not now."""
    moved: tuple[tuple[str, Step, Step], ...]
    """Running both times, at another step: from, to."""
    grown: tuple[tuple[str, float, float], ...]
    """Running both times, with intervals of their power that do not overlap: kW before, now."""


def change(before: Mapping[str, Standing], now: Mapping[str, Standing]) -> Change:
    """Compare two inventories."""
    was = {name for name, standing in before.items() if standing.running}
    runs = {name for name, standing in now.items() if standing.running}
    both = sorted(was & runs)
    return Change(
        new=tuple(sorted(runs - set(before))),
        back=tuple(sorted(name for name in runs - was if name in before)),
        gone=tuple(sorted(was - runs)),
        moved=tuple(
            (name, before[name].step, now[name].step) for name in both if before[name].step != now[name].step
        ),
        grown=tuple(_apart(both, before, now)),
    )


def _apart(
    names: Sequence[str], before: Mapping[str, Standing], now: Mapping[str, Standing]
) -> Iterable[tuple[str, float, float]]:
    for name in names:
        old, new = before[name].measured, now[name].measured
        if old is None or new is None or old.kw is None or new.kw is None:
            continue
        if new.kw.low > old.kw.high or new.kw.high < old.kw.low:
            yield name, old.kw.value, new.kw.value


def _checked(week: str) -> str:
    try:
        date.fromisoformat(f"{week}-1")
    except ValueError:
        raise ValueError(f"a week is written as 2026-W47, not {week!r}") from None
    return week
