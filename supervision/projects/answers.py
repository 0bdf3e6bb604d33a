"""The inventory as JSON: one project, its file, a week."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from supervision.carbon import Factors, NoFactorError
from supervision.projects.describing import editions
from supervision.projects.events import GONE, Event, Step, life, next_steps
from supervision.projects.inventory import Change, Measured, Power, Standing
from supervision.projects.kept import Held
from supervision.projects.project import Particulars, Project
from supervision.projects.sightings import Proposal, summed
from supervision.projects.sizes import Class, Classes
from supervision.projects.words import KINDS, STEPS, moment, said

Json = dict[str, Any]


def project_json(
    project: Project,
    standing: Standing | None,
    known: Particulars | None,
    classes: Classes,
    lang: str,
) -> Json:
    """Return one project as it stands; a planned one that was not found yet has the state null."""
    measured = standing.measured if standing else None
    kw = measured.kw if measured else None
    return {
        "id": project.id,
        "kind": project.kind,
        "kind_word": said(KINDS, project.kind, lang),
        "name": known.name if known else "",
        "uscc": project.uscc,
        "enterprise": known.enterprise if known else "",
        "site": project.site,
        "sites": list(known.sites) if known else [],
        "lines": list(known.lines) if known else [],
        "accounts": list(known.accounts) if known else [],
        "address": known.address if known else "",
        "park": known.park if known else "",
        "cluster": project.cluster,
        "division": project.division,
        "state": standing.step.value if standing else None,
        "state_word": said(STEPS, standing.step, lang) if standing else None,
        "running": standing.running if standing else False,
        "since": _day(standing.since if standing else None),
        "first": _day(standing.first if standing else None),
        "relapses": standing.relapses if standing else 0,
        "measured": None if measured is None else measured_json(measured),
        "size": None if kw is None else class_json(classes.size(kw), lang),
        "size_could_be": [] if kw is None else [one.id for one in classes.could_be(kw)],
        "energy_level": None if kw is None else class_json(classes.level(kw), lang),
        "coal_t_year": None if kw is None else _ends(classes.coal(kw)),
        "planned": {
            "start": _day(known.planned_start),
            "kw": known.planned_kw,
            "machines": known.planned_machines,
        }
        if known and project.kind == "planned"
        else None,
        "note": known.note if known else "",
    }


def measured_json(measured: Measured) -> Json:
    """Return a measurement; each figure names what it rests on."""

    def figure(name: str, power: Power | None) -> Json | None:
        if power is None:
            return None
        return {**_ends(power), "evidence": list(measured.sources.get(name, measured.evidence))}

    kwh = measured.kwh_day
    if kwh is None and measured.kw is not None:
        kwh = Power(measured.kw.value * 24, measured.kw.low * 24, measured.kw.high * 24)
    metered = measured.kwh_day is not None
    return {
        "on": measured.on.isoformat(),
        "known": moment(measured.known),
        "basis": measured.basis,
        "machines": figure("machines", measured.machines),
        "kw": figure("kw", measured.kw),
        "kwh_day": figure("kwh_day" if metered else "kw", kwh),
        "metered": metered,
        "computing": [
            {
                "algorithm": name,
                **_ends(found),
                "unit": "H/s",
                "evidence": list(measured.sources.get(f"computing:{name}", measured.evidence)),
            }
            for name, found in sorted(measured.computing.items())
        ],
        "evidence": list(measured.evidence),
    }


def file_json(
    held: Held,
    as_known: datetime,
    as_of: date,
    factors: Factors,
    lang: str,
    shown: Json,
    asked: str | None = None,
) -> Json:
    """Return the file of one project; `shown` is what `project_json` says of it, `asked` the key `known`."""
    [project] = held.projects
    lived = life(held.events, as_known, as_of)
    numbers = {event.number for event in lived}
    known = [event for event in held.events if event.known <= as_known]
    return {
        **shown,
        "as_of": as_of.isoformat(),
        "known": asked,
        "described": [one | {"known": moment(one["known"])} for one in editions(held.particulars, as_known)],
        "events": [event_json(event, event.number in numbers, lang) for event in known],
        "next": [step.value for step in next_steps(held.events, as_known, as_of)],
        "measures": [
            measured_json(one) for one in held.measured if one.known <= as_known and one.on <= as_of
        ],
        "carbon": carbon_json(factors, shown, project.division, as_of),
    }


def event_json(event: Event, stands: bool, lang: str) -> Json:
    """Return one event; one that does not stand was withdrawn, or is the withdrawal itself."""
    return {
        "number": event.number,
        "step": event.step.value,
        "step_word": said(STEPS, event.step, lang),
        "on": event.on.isoformat(),
        "known": moment(event.known),
        "author": event.author,
        "department": event.department,
        "note": event.note,
        "evidence": list(event.evidence),
        "withdraws": event.withdraws,
        "stands": stands,
    }


def carbon_json(factors: Factors, shown: Json, division: str, on: date) -> Json | None:
    """Return what a day's energy comes to; null without energy, or where no factor covers place and day."""
    measured = shown["measured"]
    if measured is None or measured["kwh_day"] is None:
        return None
    try:
        found = factors.of(Decimal(str(round(measured["kwh_day"]["value"], 3))), division, on)
        year = factors.of(Decimal(str(round(measured["kwh_day"]["value"] * 365, 3))), division, on)
    except NoFactorError:
        return None
    return {
        "kg_day": int(found.kg),
        "t_year": float(year.tonnes),
        "households": int(year.households),
        "factor": found.factor.id,
        "kg_per_kwh": str(found.factor.value),
        "source": found.factor.source,
        "mark": found.factor.mark,
        "carried": found.carried,
    }


def totals_json(standings: Iterable[Standing], classes: Classes) -> Json:
    """Return what the inventory sums up to; hashes of different algorithms are never summed.

    `unmeasured` running projects have no power that is known: `kw` holds nothing of them.
    """
    held = list(standings)
    running = [one for one in held if one.running]
    sizes: dict[str, int] = {one.id: 0 for one in classes.sizes}
    computing: dict[str, list[Power]] = {}
    for one in running:
        if one.measured is not None:
            if one.measured.kw is not None:
                sizes[classes.size(one.measured.kw).id] += 1
            for name, found in one.measured.computing.items():
                computing.setdefault(name, []).append(found)
    kw = summed(one.measured.kw for one in running if one.measured and one.measured.kw)
    machines = summed(one.measured.machines for one in running if one.measured and one.measured.machines)
    return {
        "projects": len(held),
        "running": len(running),
        "by_state": {step.value: count for step in Step if (count := sum(one.step is step for one in held))},
        "gone": sum(one.step in GONE for one in held),
        "relapses": sum(one.relapses for one in held),
        "by_size": sizes,
        "kw": None if kw is None else _ends(kw),
        "machines": None if machines is None else _ends(machines),
        "unmeasured": sum(one.measured is None or one.measured.kw is None for one in running),
        "computing": [
            {"algorithm": name, **_ends(total), "unit": "H/s"}
            for name in sorted(computing)
            if (total := summed(computing[name])) is not None
        ],
    }


def change_json(change: Change) -> Json:
    """Return how the inventory changed; `grown` in kW, also where it shrank."""
    return {
        "new": list(change.new),
        "back": list(change.back),
        "gone": list(change.gone),
        "moved": [
            {"project": name, "before": old.value, "now": new.value} for name, old, new in change.moved
        ],
        "grown": [{"project": name, "before": old, "now": new} for name, old, new in change.grown],
    }


def proposal_json(proposal: Proposal, standing: Standing | None, lang: str) -> Json:
    """Return a proposal; `state` is that of the project where there is one already."""
    size = proposal.size
    return {
        "project": proposal.project,
        "uscc": proposal.uscc,
        "enterprise": proposal.enterprise,
        "site": proposal.site,
        "cluster": proposal.cluster,
        "division": proposal.division,
        "address": proposal.address,
        "lines": list(proposal.lines),
        "addresses": list(proposal.addresses),
        "level": proposal.level.value,
        "first": proposal.first.isoformat(),
        "last": proposal.last.isoformat(),
        "machines": None if size.machines is None else _ends(size.machines),
        "kw": None if size.kw is None else _ends(size.kw),
        "computing": [
            {"algorithm": name, **_ends(found), "unit": "H/s"} for name, found in size.computing.items()
        ],
        "unmeasured": size.unmeasured,
        "evidence": list(proposal.evidence),
        "clusters": list(proposal.clusters),
        "state": standing.step.value if standing else None,
        "state_word": said(STEPS, standing.step, lang) if standing else None,
    }


def class_json(found: Class, lang: str) -> Json:
    """Return a class with its word."""
    return {"id": found.id, "word": found.zh if lang == "zh" else found.en}


ROW = (
    "id", "kind", "name", "uscc", "enterprise", "site", "division", "address", "park", "state", "since",
    "first", "relapses", "machines", "machines_low", "machines_high", "kw", "kw_low", "kw_high", "kwh_day",
    "metered", "computing", "size", "energy_level", "measured_on", "basis", "accounts", "lines", "evidence",
)  # fmt: skip
"""Columns of an export."""


def row(shown: Mapping[str, Any]) -> list[Any]:
    """Return a project as a row of ROW."""
    measured = shown["measured"] or {}
    told = dict(shown)
    for name in ("machines", "kw"):
        ends = measured.get(name) or {}
        told |= {name: ends.get("value"), f"{name}_low": ends.get("low"), f"{name}_high": ends.get("high")}
    told["kwh_day"] = (measured.get("kwh_day") or {}).get("value")
    told["metered"] = measured.get("metered")
    told["computing"] = [
        f"{one['algorithm']} {one['value']:.6g} {one['unit']}" for one in measured.get("computing", ())
    ]
    for name in ("size", "energy_level"):
        told[name] = shown[name]["word"] if shown[name] else None
    told |= {"measured_on": measured.get("on"), "basis": measured.get("basis")}
    told["state"], told["evidence"] = shown["state_word"], measured.get("evidence", [])
    return [told[name] for name in ROW]


def _ends(power: Power) -> Json:
    return {"value": power.value, "low": power.low, "high": power.high}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def figures_of(measures: Sequence[Json]) -> list[str]:
    """Return the figures that may be asked for: of a measurement, and the algorithms of any."""
    algorithms = {one["algorithm"] for measure in measures for one in measure["computing"]}
    return ["machines", "kw", "kwh_day", *sorted(algorithms)]


def evidence_of(measures: Sequence[Json], figure: str | None) -> list[str]:
    """Return what a figure of the last measurement rests on; of all figures where none is named."""
    if not measures:
        return []
    last = measures[-1]
    if figure is None:
        return list(last["evidence"])
    if figure in ("machines", "kw", "kwh_day"):
        return list(last[figure]["evidence"]) if last[figure] else []
    return [name for one in last["computing"] if one["algorithm"] == figure for name in one["evidence"]]
