"""Opening projects: what a person confirms of a proposal, or enters by hand, as the values that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from supervision.projects.events import Event, Step, day_in_china
from supervision.projects.inventory import Measured, Power
from supervision.projects.project import Kind, Particulars, Project, project_id
from supervision.projects.sightings import Proposal, Size
from supervision.refusals import Refused


@dataclass(frozen=True, slots=True)
class By:
    """Who enters something, and when."""

    name: str
    department: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """All that is kept when a project is opened."""

    project: Project
    particulars: Particulars
    event: Event | None
    """None of a planned project, which was not found running."""
    measured: Measured | None


def confirmed(proposal: Proposal, by: By, name: str = "", note: str = "", division: str = "") -> Opening:
    """Return the project of a proposal: found on the day when its traffic was seen first.

    Raises Refused where nobody knows its place and none is given.
    """
    place = proposal.division or division
    if not place:
        raise Refused(
            f"nobody knows the place of {proposal.project}: give its division",
            f"{proposal.project} 所在地未知，请给出行政区划代码",
        )
    project = Project(
        proposal.project,
        "running",
        proposal.uscc,
        proposal.site,
        proposal.cluster,
        place,
        by.at,
        by.name,
        by.department,
    )
    particulars = Particulars(
        project.id,
        by.at,
        by.name,
        name or proposal.enterprise or proposal.cluster,
        proposal.enterprise,
        proposal.address,
        (proposal.site,) if proposal.site else (),
        proposal.lines,
        note=note,
    )
    event = Event(
        0, project.id, Step.FOUND, proposal.first, by.at, by.name, by.department, note, proposal.evidence
    )
    return Opening(project, particulars, event, measured(proposal, by.at))


def entered(kind: Kind, division: str, known: Particulars, uscc: str, site: str, by: By, on: date) -> Opening:
    """Return a project that a person enters without any hit: found by an inspection or a report, or planned.

    Raises Refused where neither enterprise nor site is named.
    """
    if not (uscc or site):
        raise Refused("a project has an enterprise or a site", "项目须有企业或场所")
    project = Project(project_id(uscc, site), kind, uscc, site, "", division, by.at, by.name, by.department)
    known = replace(known, project=project.id, sites=known.sites or ((site,) if site else ()))
    event = Event(0, project.id, Step.FOUND, on, by.at, by.name, by.department, known.note)
    return Opening(project, known, event if kind == "running" else None, None)


def measured(proposal: Proposal, known: datetime) -> Measured | None:
    """Return how large a proposal is by its traffic, on the day when that was seen last; None if unknown."""
    return of_traffic(proposal.project, proposal.last, known, proposal.size, proposal.evidence)


def of_traffic(
    project: str, on: date, known: datetime, size: Size, evidence: Sequence[str]
) -> Measured | None:
    """Return a measurement by traffic; None where it tells nothing of a size."""
    if size.kw is None and size.machines is None and not size.computing:
        return None
    return Measured(
        project,
        min(on, day_in_china(known)),
        known,
        size.machines,
        size.computing,
        size.kw,
        tuple(evidence),
        sources=size.sources,
    )


def by_hand(
    project: str,
    basis: str,
    on: date,
    known: datetime,
    machines: Power | None,
    kw: Power | None,
    kwh_day: Power | None,
    evidence: Sequence[str],
) -> Measured:
    """Return a measurement of meters or of an inspection. Raises Refused where it tells nothing."""
    if machines is None and kw is None and kwh_day is None:
        raise Refused("a measurement tells machines, power or energy", "测量结果须含设备数、功率或电量")
    if on > day_in_china(known):
        raise Refused(f"{on} is still to come", f"{on} 尚未到来")
    if not evidence:
        raise Refused("a measurement names what it rests on", "测量结果须注明依据")
    if kw is None and kwh_day is not None:
        kw = Power(kwh_day.value / 24, kwh_day.low / 24, kwh_day.high / 24)
    return Measured(project, on, known, machines, {}, kw, tuple(evidence), kwh_day=kwh_day, basis=basis)
