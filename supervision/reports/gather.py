"""What reports are made of, read from the store as it was known at the end of a date.

Every part is read by when it became known, so that a report of a past date comes out the same again whatever
was entered, imported or replayed since.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, select

from facts.instant import instant, nanoseconds
from registry.division_table import WHOLE_COUNTRY, in_force
from registry.model import RegistryData
from store.database import Database
from store.projects_tables import ProjectRow
from supervision import carbon
from supervision.carbon_in_use import factors_in_use
from supervision.projects import sizes
from supervision.projects.events import Step, day_in_china
from supervision.projects.inventory import (
    Measured,
    Power,
    Standing,
    change,
    end_of,
    inventory,
    week_before,
    week_end,
)
from supervision.projects.kept import Held as HeldProjects
from supervision.projects.kept import in_division, read
from supervision.projects.metered import metered
from supervision.projects.metering import Counted
from supervision.projects.project import Particulars, latest
from supervision.projects.project import Project as Opened
from supervision.refusals import Unknown
from supervision.reports import believed, regions, seen
from supervision.reports.chain import Wanted, chain
from supervision.reports.content.weekly import Point, Week
from supervision.reports.known import (
    Company,
    Estimate,
    Footprint,
    Happening,
    Held,
    Hit,
    Known,
    Place,
    Project,
    Scope,
    total,
)

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

WEEKS = 12
"""Weeks that a report looks back."""


@dataclass(frozen=True, slots=True)
class File:
    """What is known of one enterprise or one site."""

    known: Known
    held: tuple[Held, ...]


def gather(
    database: Database, region: str, as_of: date, day: date | None = None, partners: bool = True
) -> Known:
    """Return all that was known of a region at the end of `as_of`, of the state on `day` (None: `as_of`).

    Without `partners` no address of a conversation's other end is told: it may be another region's.
    """
    with database.reading() as connection:
        return _region(connection, region, as_of, day or as_of, _projects(connection, region), partners)


def gather_week(
    database: Database,
    region: str,
    week: str,
    as_of: date,
    partners: bool = True,
    lake: "CurveLake | None" = None,
) -> Week:
    """Return what the weekly report of a region is made of; without a lake nothing is metered.

    A damaged file of the lake is left out and named. Raises ValueError for what is no week.
    """
    end = week_end(week)
    with database.reading() as connection:
        held = _projects(connection, region)
        known = _region(connection, region, as_of, end, held, partners)
        counted = _counted(connection, lake, held, min(end, as_of), as_of)
    before = _standings(held, week_end(week_before(week)), as_of)
    return Week(
        week,
        known,
        {one.id: one for one in _told(held, before, as_of)},
        change(before, _standings(held, end, as_of)),
        _past(held, week, as_of),
        counted,
    )


def _counted(
    connection: Connection, lake: "CurveLake | None", held: HeldProjects, day: date, as_of: date
) -> Counted:
    """Return what meters counted in the weeks up to a day at the projects that ran then."""
    standings = _standings(held, day, as_of)
    running = [one for one in held.projects if one.id in standings and standings[one.id].running]
    if lake is None or not running:
        return Counted({}, {})
    known = end_of(as_of)
    return metered(
        connection, lake, running, latest(held.particulars, known), day, known, WEEKS, the_rest=True
    )


def gather_past(database: Database, region: str, week: str, as_of: date) -> tuple[Point, ...]:
    """Return the weeks up to one, oldest first."""
    with database.reading() as connection:
        return _past(_projects(connection, region), week, as_of)


def gather_enterprise(
    database: Database, uscc: str, as_of: date, region: str = WHOLE_COUNTRY, partners: bool = True
) -> File:
    """Return what is known of an enterprise in a region. Raises Unknown where nothing is."""
    return _file(database, "uscc", uscc, as_of, region, partners)


def gather_site(
    database: Database, site: str, as_of: date, region: str = WHOLE_COUNTRY, partners: bool = True
) -> File:
    """Return what is known of a site, which lies in a region. Raises Unknown where nothing is."""
    return _file(database, "site_id", site, as_of, region, partners)


def _region(
    connection: Connection, region: str, as_of: date, day: date, held: HeldProjects, partners: bool
) -> Known:
    known_ns = nanoseconds(end_of(as_of))
    hits = seen.hits(connection, region, known_ns, nanoseconds(end_of(day)), partners)
    projects = _told(held, _standings(held, day, as_of), as_of)
    wanted = Wanted(region, as_of, day, known_ns)
    return _whole(connection, region, as_of, hits, projects, held, wanted)


def _file(
    database: Database,
    column: Literal["uscc", "site_id"],
    value: str,
    as_of: date,
    region: str,
    partners: bool,
) -> File:
    known_ns = nanoseconds(end_of(as_of))
    covered = in_force().covers(region)
    with database.reading() as connection:
        registered = believed.of_holder(connection, column, value, known_ns)
        prefixes = list(dict.fromkeys(one.prefix for one in registered.assignments))
        found = [
            one
            for one in seen.sightings(connection, known_ns, known_ns, prefixes)
            if one[2].certain
            and (one[2].uscc if column == "uscc" else one[2].site) == value
            and (one[2].division or "").startswith(covered)
        ]
        hits = seen.as_hits(found, partners)
        places = [one for one in registered.sites if one.division.startswith(covered)]
        if column == "site_id":
            places = [one for one in places if one.id == value]
        key = ProjectRow.uscc if column == "uscc" else ProjectRow.site
        query = select(ProjectRow.id).where(key == value, in_division(ProjectRow.division, region))
        held = read(connection, connection.scalars(query.order_by(ProjectRow.id)).all())
        companies = [one for one in registered.enterprises if column == "site_id" or one.uscc == value]
        projects = _told(held, _standings(held, as_of, as_of), as_of)
        if not (places or hits or projects or (companies and covered == ("",))):
            raise Unknown(value)
        wanted = Wanted(
            region,
            as_of,
            as_of,
            known_ns,
            uscc=value if column == "uscc" else None,
            site=value if column == "site_id" else None,
        )
        known = _whole(connection, region, as_of, hits, projects, held, wanted)
    known = replace(
        known,
        companies=tuple(_company(registered, one.uscc) for one in companies),
        places=tuple(
            Place(
                one.id,
                one.name,
                one.division,
                one.address,
                one.longitude,
                one.latitude,
                "" if one.datum is None else one.datum.value,
                one.landlord,
                one.meters,
            )
            for one in places
        ),
        names={**known.names, **regions.names(one.division for one in places)},
    )
    return File(known, _held(registered, {one.id for one in places}))


def _whole(
    connection: Connection,
    region: str,
    as_of: date,
    hits: Collection[Hit],
    projects: Collection[Project],
    held: HeldProjects,
    wanted: Wanted,
) -> Known:
    rest = chain(connection, wanted, held, projects)
    below = regions.below(region)
    codes = (
        *(one.division for one in hits),
        *(one.division for one in projects),
        *(one.division for one in rest.owed),
        *(one.division for one in rest.cases),
        *(code for code, _ in below),
    )
    return Known(
        scope=Scope(region, regions.name(region), as_of, regions.level(region)),
        regions=below,
        hits=tuple(hits),
        projects=tuple(projects),
        happenings=_happenings(held, as_of),
        milestones=rest.milestones,
        owed=rest.owed,
        refused=rest.refused,
        metered=rest.metered,
        ledgers=rest.ledgers,
        cases=rest.cases,
        warnings=rest.warnings,
        footprint=footprint(region, wanted.day),
        names=regions.names(codes),
    )


def footprint(region: str, day: date) -> Footprint | None:
    """Return the factors of a region on a day; None where none is held."""
    factors = factors_in_use()
    try:
        grid, home = factors.on("factor", region, day), factors.on("household", region, day)
    except carbon.NoFactorError:
        return None
    source = f"{grid.said_by('en')}; {home.said_by('en')}", f"{grid.said_by('zh')}；{home.said_by('zh')}"
    return Footprint(float(grid.value), float(home.value), source, grid.year != day.year)


def _projects(connection: Connection, region: str) -> HeldProjects:
    query = select(ProjectRow.id).where(in_division(ProjectRow.division, region))
    return read(connection, connection.scalars(query.order_by(ProjectRow.id)).all())


def _standings(held: HeldProjects, day: date, as_of: date) -> dict[str, Standing]:
    return inventory(held.events, held.measured, day, end_of(as_of))


def _past(held: HeldProjects, week: str, as_of: date) -> tuple[Point, ...]:
    weeks = [week]
    while len(weeks) < WEEKS:
        weeks.insert(0, week_before(weeks[0]))
    points = []
    for one in weeks:
        running = [found for found in _standings(held, week_end(one), as_of).values() if found.running]
        kw = total(_estimate(found.measured.kw) for found in running if found.measured is not None)
        points.append(Point(one, len(running), kw))
    first = next((place for place, point in enumerate(points) if point.running), len(points) - 1)
    return tuple(points[max(0, min(first - 1, len(points) - 2)) :])


def _told(held: HeldProjects, standings: Mapping[str, Standing], as_of: date) -> list[Project]:
    """Return projects by id, those planned and not begun among them."""
    described = latest(held.particulars, end_of(as_of))
    evidence: dict[str, dict[str, None]] = {}
    for event in held.events:
        if event.known <= end_of(as_of):
            evidence.setdefault(event.project, {}).update(dict.fromkeys(event.evidence))
    classes = sizes.shipped()
    made = []
    for opened in held.projects:
        standing = standings.get(opened.id)
        if standing is None and (opened.kind != "planned" or opened.opened > end_of(as_of)):
            continue
        about = described.get(opened.id)
        made.append(_project(opened, standing, about, tuple(evidence.get(opened.id, ())), classes))
    return made


def _project(
    opened: Opened,
    standing: Standing | None,
    about: Particulars | None,
    evidence: tuple[str, ...],
    classes: sizes.Classes,
) -> Project:
    measured = None if standing is None else standing.measured
    kw = None if measured is None else _estimate(measured.kw)
    machines = None if measured is None else _estimate(measured.machines)
    if standing is None and about is not None:  # planned: what its owner said, without an interval
        kw = None if about.planned_kw is None else Estimate(*[about.planned_kw] * 3)
        machines = None if about.planned_machines is None else Estimate(*[float(about.planned_machines)] * 3)
    began = day_in_china(opened.opened)
    return Project(
        id=opened.id,
        name="" if about is None else about.name,
        uscc=opened.uscc,
        enterprise="" if about is None else about.enterprise,
        site=opened.site,
        division=opened.division,
        step=Step.FOUND if standing is None else standing.step,
        since=began if standing is None else standing.since,
        first=began if standing is None else standing.first,
        relapses=0 if standing is None else standing.relapses,
        planned=standing is None,
        size=("", "") if kw is None else _class(classes, kw),
        machines=machines,
        computing={} if measured is None else _rates(measured),
        kw=kw,
        measured=None if measured is None else measured.on,
        evidence=tuple(dict.fromkeys((*(() if measured is None else measured.evidence), *evidence))),
    )


def _class(classes: sizes.Classes, kw: Estimate) -> tuple[str, str]:
    power = Power(kw.value, kw.low, kw.high)
    size, level = classes.size(power), classes.level(power)
    return f"{size.en}, {level.en}", f"{size.zh}，{level.zh}"


def _rates(measured: Measured) -> dict[str, Estimate]:
    return {name: Estimate(one.value, one.low, one.high) for name, one in measured.computing.items()}


def _estimate(power: Power | None) -> Estimate | None:
    return None if power is None else Estimate(power.value, power.low, power.high)


def _happenings(held: HeldProjects, as_of: date) -> tuple[Happening, ...]:
    return tuple(
        Happening(
            event.project,
            event.step.value,
            event.on,
            day_in_china(event.known),
            event.author,
            event.department,
            event.note,
            event.evidence,
        )
        for event in sorted(held.events, key=lambda one: (one.project, one.on, one.number))
        if event.known <= end_of(as_of)
    )


def _company(registered: RegistryData, uscc: str) -> Company:
    one = next(one for one in registered.enterprises if one.uscc == uscc)
    return Company(one.uscc, one.name, one.address, one.legal_form, one.industry, one.status, one.source)


def _held(registered: RegistryData, sites: Collection[str]) -> tuple[Held, ...]:
    """Return address ranges that end at some sites, in order of prefix and time."""
    by_line: dict[str, set[str]] = {}
    for line in registered.lines:
        for name in (line.line, line.account):
            by_line.setdefault(name, set()).add(line.site)
    found = []
    for one in registered.assignments:
        at = {one.site} if one.site else by_line.get(one.line, set())
        if not at & set(sites):
            continue
        after = None if one.valid_to_ns is None else day_in_china(instant(one.valid_to_ns))
        first = day_in_china(instant(one.valid_from_ns))
        found.append(Held(str(one.prefix), one.line, min(at & set(sites)), first, after, one.source))
    return tuple(sorted(found, key=lambda one: (len(one.prefix), one.prefix, one.first)))
