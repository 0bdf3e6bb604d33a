"""Signals of what the store itself holds: hits, relapses, plans that slip, projects without one, probers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from facts.instant import instant
from facts.names import Level, Role
from registry.division_table import WHOLE_COUNTRY
from supervision.exits.plan import Plan, progress
from supervision.exits.relapse import Relapse, relapses
from supervision.projects.events import Step, day_in_china
from supervision.projects.inventory import Standing, end_of, inventory
from supervision.projects.kept import Held
from supervision.projects.project import Particulars, Project, latest
from supervision.projects.sightings import Proposal, Sighting, propose
from supervision.warnings.signals import Signal

PLACELESS = WHOLE_COUNTRY
"""Division of what nobody knows the place of: the central level has it."""


def signals(
    held: Held, plans: Mapping[str, Sequence[Plan]], sightings: Iterable[Sighting], now: datetime
) -> Iterator[Signal]:
    """Yield what rules may warn of; conditions that last are told at every call, with the same evidence."""
    found = list(sightings)
    today = day_in_china(now)
    standings = inventory(held.events, held.measured, today, now)
    named = latest(held.particulars, now)
    yield from _hits(found, standings)
    yield from _relapses(held.projects, named, standings, found, today)
    for project in held.projects:
        standing = standings.get(project.id)
        if standing is None:
            if project.kind == "planned":
                yield _planned(project, named)
            continue
        mine = plans.get(project.id, ())
        if mine:
            yield from _slippage(project, named, standing, mine, held, now, today)
        elif standing.running and standing.step is not Step.FOUND:
            yield _unplanned(project, named, standing, now, today)
    yield from _probers(found)


def _hits(found: Sequence[Sighting], standings: Mapping[str, Standing]) -> Iterator[Signal]:
    proposed = propose(found)
    for one in proposed.proposals:
        standing = standings.get(one.project)
        # What was looked into and rejected is news again once it is seen mining after that.
        rejected = standing is not None and standing.step is Step.REJECTED and one.last > standing.since
        yield _hit(one, standing is not None and not rejected, found)
    for lone in proposed.unplaced:
        texts = {"address": str(lone.verdict.address), "missing": ", ".join(lone.held.missing) or "-"}
        power = lone.verdict.power
        codes = {one.division for one in lone.held.candidates}
        yield Signal(
            "unplaced",
            codes.pop() if len(codes) == 1 else PLACELESS,
            instant(lone.verdict.last_seen_ns),
            texts,
            {} if power is None else {"kw": power.value},
            (lone.evidence,),
        )
    yield from _victims(proposed.victims)


def _victims(found: Sequence[Sighting]) -> Iterator[Signal]:
    """Yield one signal for each campaign and division: its addresses there want help, not a bill."""
    places: dict[tuple[str, str], list[Sighting]] = {}
    for one in found:
        if one.victim is not None:
            division = (one.held.division or PLACELESS) if one.held.certain else PLACELESS
            places.setdefault((one.victim.cluster, division), []).append(one)
    for (cluster, division), here in sorted(places.items(), key=lambda pair: pair[0]):
        sure = [one.victim for one in here if one.victim is not None]
        yield Signal(
            "victim",
            division,
            instant(max(one.verdict.last_seen_ns for one in here)),
            {"cluster": cluster, "grade": sure[0].kind.value, "place": division},
            {
                "addresses": float(len({one.verdict.address for one in here})),
                "probability": round(sure[0].probability, 3),
            },
            tuple(sorted(one.evidence for one in here)),
        )


def _hit(one: Proposal, known: bool, found: Sequence[Sighting]) -> Signal:
    figures = {"hits": float(len(one.addresses)), "confirmed": float(one.level is Level.CONFIRMED)}
    if one.size.kw is not None:
        figures["kw"] = one.size.kw.value
    if one.size.machines is not None:
        figures["machines"] = one.size.machines.value
    texts = {
        "project": one.project,
        "uscc": one.uscc,
        "enterprise": one.enterprise,
        "site": one.site or one.cluster,
        "known": "yes" if known else "no",
    }
    mine = set(one.evidence)
    last = max(hit.verdict.last_seen_ns for hit in found if hit.evidence in mine)
    return Signal("hit", one.division or PLACELESS, instant(last), texts, figures, one.evidence)


def _relapses(
    projects: Sequence[Project],
    named: Mapping[str, Particulars],
    standings: Mapping[str, Standing],
    found: Sequence[Sighting],
    today: date,
) -> Iterator[Signal]:
    seen = {one.evidence: one.verdict.last_seen_ns for one in found}
    for one in relapses(projects, named, standings, found):
        figures = {
            "days": float((one.seen - one.exited).days),
            "relapses": float(standings[one.project].relapses),
        }
        if one.size.kw is not None:
            figures["kw"] = one.size.kw.value
        texts = {"project": one.project, "relapse": one.kind, "uscc": one.uscc, "site": one.site}
        texts["name"] = named[one.project].name if one.project in named else ""
        at = instant(max(seen[evidence] for evidence in one.evidence))
        yield Signal("relapse", one.division, at, texts, figures, one.evidence)


def drawing(found: Iterable[Relapse], named: Mapping[str, Particulars]) -> Iterator[Signal]:
    """Yield what meters tell of projects that had left (supervision/exits/load.py)."""
    for one in found:
        figures = {"days": float((one.seen - one.exited).days)}
        if one.size.kw is not None:
            figures["kw"] = one.size.kw.value
        texts = {"project": one.project, "relapse": one.kind, "uscc": one.uscc, "site": one.site}
        texts["name"] = named[one.project].name if one.project in named else ""
        yield Signal("exit-load", one.division, end_of(one.seen), texts, figures, one.evidence)


def _slippage(
    project: Project,
    named: Mapping[str, Particulars],
    standing: Standing,
    plans: Sequence[Plan],
    held: Held,
    now: datetime,
    today: date,
) -> Iterator[Signal]:
    events = [event for event in held.events if event.project == project.id]
    for one in progress(plans, events, now, today):
        if one.state != "late":
            continue
        step = one.milestone.step.value
        texts = {"project": project.id, "step": step, "body": one.milestone.body}
        texts["name"] = named[project.id].name if project.id in named else ""
        figures = {
            "days_late": float(one.days_late),
            "days_late_at_first": float(one.days_late_at_first),
        }
        if standing.measured is not None and standing.measured.kw is not None:
            figures["kw"] = standing.measured.kw.value
        evidence = (f"plan:{project.id}/{step}/{one.milestone.due}",)
        yield Signal("slippage", project.division, now, texts, figures, evidence)


def _unplanned(
    project: Project, named: Mapping[str, Particulars], standing: Standing, now: datetime, today: date
) -> Signal:
    figures = {"days": float((today - standing.since) / timedelta(days=1))}
    if standing.measured is not None and standing.measured.kw is not None:
        figures["kw"] = standing.measured.kw.value
    texts = {"project": project.id, "name": named[project.id].name if project.id in named else ""}
    evidence = (f"project:{project.id}/{standing.step}/{standing.since}",)
    return Signal("unplanned", project.division, now, texts, figures, evidence)


def _planned(project: Project, named: Mapping[str, Particulars]) -> Signal:
    known = named.get(project.id)
    figures = {}
    if known is not None and known.planned_kw is not None:
        figures["kw"] = known.planned_kw
    if known is not None and known.planned_machines is not None:
        figures["machines"] = float(known.planned_machines)
    texts = {"project": project.id, "name": known.name if known else ""}
    return Signal("planned", project.division, project.opened, texts, figures, (f"project:{project.id}",))


def _probers(found: Sequence[Sighting]) -> Iterator[Signal]:
    for one in found:
        if one.verdict.role is not Role.PROBER:
            continue
        peers = {peer.address for peer in one.verdict.peers if peer.role is Role.POOL}
        if not peers:
            continue
        held = one.held
        texts = {"address": str(one.verdict.address), "uscc": held.uscc or "", "site": held.site or ""}
        yield Signal(
            "prober",
            (held.division or PLACELESS) if held.certain else PLACELESS,
            instant(one.verdict.last_seen_ns),
            texts,
            {"peers": float(len(peers))},
            (one.evidence,),
        )
