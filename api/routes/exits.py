"""Exit plans: who leaves by when, how far they slip, how far the regions are."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide, ToExport, ToReadFiles
from api.answers import answered
from api.deps import IdempotencyKey, IfMatch, Served
from api.language import Lang, Language
from api.models_exits import ExitFileModel, ExitsModel, RegionsModel
from api.openapi import ASKED, responses
from api.paging import PageQuery
from api.problems import Problem
from api.records import (
    FILE,
    MAX_ROWS,
    Body,
    Day,
    FileFormat,
    Region,
    TimeQuery,
    When,
    as_file,
    at_present,
    digest,
    own_region,
    page_of,
    place_of,
    read_day,
    see,
    times,
    today,
)
from api.routes.project_writes import WRITTEN, Amount, Note
from api.routes.projects import ProjectPath, pages
from api.small_body import SmallBodyRoute
from api.writes import once, require_state
from facts.instant import instant
from pipeline.services import Services
from store.decisions import Reply
from supervision.exits.answers import ROW, exit_json, plan_json, region_json, row
from supervision.exits.kept import PlanStore, add_plan, read_plans
from supervision.exits.plan import Milestone, Plan, draft, in_force, progress, shipped_categories
from supervision.exits.regions import regions
from supervision.projects import sizes
from supervision.projects.answers import project_json
from supervision.projects.events import Step
from supervision.projects.inventory import inventory
from supervision.projects.kept import Held, ProjectStore, read_one
from supervision.projects.project import latest
from supervision.refusals import Refused

router = APIRouter(tags=["projects"], route_class=SmallBodyRoute)
Responsible = Annotated[str, Field(min_length=1, max_length=200, description="Who is responsible.")]


class Selection(TimeQuery):
    """Filters; all that are given must hold."""

    region: Region = None
    late: bool | None = Field(None, description="Only those with a step that is late, or without one.")
    planned: bool | None = Field(None, description="Only those with a plan, or without one.")

    def wants(self, shown: dict[str, Any]) -> bool:
        """Say whether a project is asked for."""
        return (self.late is None or (shown["days_late"] > 0) == self.late) and (
            self.planned is None or (shown["class"] is not None) == self.planned
        )


class ExitsQuery(PageQuery, Selection):
    """Filters and the page."""


class FileQuery(Selection):
    """Filters and the file."""

    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class RegionsQuery(TimeQuery):
    """Where."""

    region: Region = None


class MilestoneIn(Body):
    """One step."""

    step: Literal["notified", "limited", "cut_off", "exited"]
    due: Day
    body: Responsible
    limit_kw: Amount | None = None


class PlanIn(Body):
    """An edition of a plan: with steps, or drafted from the usual timetable of its class."""

    category: str = Field(
        alias="class", pattern="^[a-z-]{1,40}$", description="`immediate`, `limited-period`, `stepwise`."
    )
    body: Responsible
    begin: Day | None = Field(None, description="Where no milestones are given: when the timetable begins.")
    milestones: list[MilestoneIn] = Field(default_factory=list, max_length=4)
    reason: Note = ""


@router.get(
    "/v1/exits",
    operation_id="listExits",
    summary="Who leaves by when",
    response_model=ExitsModel,
    response_description="One page of projects, by id.",
    responses=responses(
        {}, *ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE
    ),
)
def list_exits(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[ExitsQuery, Query()],
) -> Response:
    """List projects with how far their plans are on a day: what is due next, and how many days it is late."""
    when = times(request, query, lang)
    division = own_region(asker, query.region)
    records = _every(services, division, when, lang, place_of(query.cursor) or "")
    found, after = page_of(records, query.wants, query.limit, "project")
    body = {
        "as_of": when.as_of.isoformat(),
        "known": when.asked,
        "exits": found,
        "next": after,
    }
    return answered(request, body, lang)


@router.get(
    "/v1/progress",
    operation_id="getProgress",
    summary="How far the regions are",
    response_model=RegionsModel,
    response_description="The region first, then those right below it.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_progress(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[RegionsQuery, Query()],
) -> Response:
    """Return the part that has left, what is late and how much power is concerned, over the four levels."""
    when = times(request, query, lang)
    division = own_region(asker, query.region)
    held = ProjectStore(services.database).every(division)
    standings = inventory(held.events, held.measured, when.as_of, when.known)
    plans = PlanStore(services.database).of([one.id for one in held.projects])
    lived: dict[str, list[Any]] = {}
    for event in held.events:
        lived.setdefault(event.project, []).append(event)
    found = {
        name: steps
        for name, editions in plans.items()
        if (steps := progress(editions, lived.get(name, ()), when.known, when.as_of))
    }
    body = {
        "as_of": when.as_of.isoformat(),
        "known": when.asked,
        "regions": [region_json(one, lang) for one in regions(held.projects, standings, found, division)],
    }
    return answered(request, body, lang)


@router.get(
    "/v1/exits/{project_id}",
    operation_id="getExit",
    summary="The exit plan of a project",
    response_model=ExitFileModel,
    response_description="How far it is, and all editions of its plan.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_exit(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    project: ProjectPath,
    query: Annotated[TimeQuery, Query()],
) -> Response:
    """Return each step with its dates in the plan in force and in the first one, and when it was done."""
    when = times(request, query, lang)
    return answered(request, _file(services, asker, project, when, lang), lang)


@router.post(
    "/v1/exits/{project_id}",
    operation_id="planExit",
    summary="Set the exit plan of a project",
    status_code=201,
    response_model=ExitFileModel,
    response_description="The plan as it is in force from now on.",
    responses=responses(None, *WRITTEN),
)
def plan_exit(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    project: ProjectPath,
    body: PlanIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Add an edition of a plan; the ones before stay, and slippage is told against the first one too."""
    gate: Gate = request.app.state.gate
    now = gate.clock()
    require_state(if_match, _file(services, asker, project, at_present(request), lang))
    plan = _plan(request, body, project, asker, now, lang)

    def write(connection: Connection) -> Reply:
        held = read_one(connection, project)
        [one] = held.projects
        see(asker, one.division)
        add_plan(connection, one, plan)
        plans = read_plans(connection, [project]).get(project, ())
        shown = _told(held, plans, at_present(request), lang)
        return Reply(201, {"Location": f"/v1/exits/{project}"}, json.dumps(shown))

    return once(services, asker, key, digest(f"POST exits {project}", body), now, write, lang)


@router.get(
    "/v1/exports/exits",
    operation_id="exportExits",
    summary="Who leaves by when, as a file",
    response_class=Response,
    responses=responses(FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def export_exits(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return projects with how far their plans are as CSV, NDJSON or an Excel workbook."""
    when = times(request, query, lang)
    division = own_region(asker, query.region)

    def records() -> Iterator[dict[str, Any]]:
        wanted = (one for one in _every(services, division, when, lang) if query.wants(one))
        for _, one in zip(range(MAX_ROWS), wanted, strict=False):
            yield one

    return as_file("exits", query.format, ROW, records(), row, lang)


def _every(
    services: Services, division: str, when: When, lang: Lang, after: str = ""
) -> Iterator[dict[str, Any]]:
    for held, _, shown in pages(services, division, when, lang, after):
        plans = PlanStore(services.database).of([one["id"] for one in shown])
        lived: dict[str, list[Any]] = {}
        for event in held.events:
            lived.setdefault(event.project, []).append(event)
        for one in shown:
            editions = plans.get(one["id"], ())
            found = progress(editions, lived.get(one["id"], ()), when.known, when.as_of)
            yield exit_json(one, in_force(editions, when.known), found, lang)


def _file(services: Services, asker: Asker, project: str, when: When, lang: Lang) -> dict[str, Any]:
    held = ProjectStore(services.database).one(project)
    see(asker, held.projects[0].division)
    return _told(held, PlanStore(services.database).of([project]).get(project, ()), when, lang)


def _told(held: Held, plans: tuple[Plan, ...], when: When, lang: Lang) -> dict[str, Any]:
    [one] = held.projects
    standing = inventory(held.events, held.measured, when.as_of, when.known).get(one.id)
    named = latest(held.particulars, when.known).get(one.id)
    shown = project_json(one, standing, named, sizes.shipped(), lang)
    found = progress(plans, held.events, when.known, when.as_of)
    categories = shipped_categories()
    return {
        **exit_json(shown, in_force(plans, when.known), found, lang),
        "as_of": when.as_of.isoformat(),
        "known": when.asked,
        "plans": [plan_json(plan, categories, lang) for plan in plans if plan.known <= when.known],
    }


def _plan(request: Request, body: PlanIn, project: str, asker: Asker, now_ns: int, lang: Lang) -> Plan:
    category = next((one for one in shipped_categories() if one.id == body.category), None)
    if category is None:
        known = ", ".join(one.id for one in shipped_categories())
        raise Refused(f"a class is one of {known}", f"类别须是 {known} 之一")
    account = asker.account
    if not body.milestones:
        begin = today(request) if body.begin is None else read_day(body.begin, lang, "body", "begin")
        by = (account.name, account.department.value)
        return draft(category, project, begin, body.body, *by, instant(now_ns), body.reason.strip())
    steps = tuple(
        Milestone(
            Step(one.step),
            read_day(one.due, lang, "body", "milestones", str(n), "due"),
            one.body,
            one.limit_kw,
        )
        for n, one in enumerate(body.milestones)
    )
    return Plan(
        project,
        instant(now_ns),
        account.name,
        account.department.value,
        category.id,
        body.body,
        steps,
        body.reason.strip(),
    )
