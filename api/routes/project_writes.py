"""The project inventory, written: projects opened, events, measurements."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide
from api.deps import IdempotencyKey, IfMatch, Served
from api.faults import fault
from api.language import Lang, Language
from api.models_projects import ProjectFileModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.records import Body, Day, at_present, digest, read_day, see, today
from api.routes.projects import ProjectPath, file_of, proposed, told
from api.small_body import SmallBodyRoute
from api.writes import once, require_state
from facts.instant import instant
from pipeline.services import Services
from registry import divisions
from store.decisions import Reply
from store.registry_tables import SiteRow
from supervision.projects.events import Event, Step
from supervision.projects.inventory import Power
from supervision.projects.kept import add_event, add_measure, open_project, read_one
from supervision.projects.opening import By, Opening, by_hand, confirmed, entered, measured
from supervision.projects.project import Particulars
from supervision.refusals import Refused

router = APIRouter(tags=["projects"], route_class=SmallBodyRoute)
WRITTEN = (
    *ASKED,
    Problem.CSRF,
    Problem.UNKNOWN_RECORD,
    Problem.NOT_ALLOWED,
    Problem.NOT_PERMITTED,
    Problem.PRECONDITION_FAILED,
    Problem.BODY_TOO_SLOW,
    Problem.BODY_TOO_LARGE,
    Problem.KEY_REUSED,
    Problem.STORE_UNAVAILABLE,
)
"""What every write of supervision can meet."""
Text = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=2000)]
Named = Annotated[str, Field(min_length=1, max_length=200)]
Amount = Annotated[float, Field(ge=0, le=1e12)]
Evidence = Annotated[
    list[Annotated[str, Field(pattern="^[a-z]+:[^\\s]{1,200}$")]],
    Field(max_length=500, description="`verdict:17`, `reading:...`, `file:<sha256>`."),
]


class IntervalIn(Body):
    """An estimate with its interval."""

    value: Amount
    low: Amount
    high: Amount


class OpenIn(Body):
    """A proposal that is confirmed, or a project entered by hand."""

    proposal: str | None = Field(
        None, pattern="^pj-[0-9a-f]{16}$", description="`project` of a proposal: nothing else is needed."
    )
    kind: Literal["running", "planned"] = "running"
    name: Text = ""
    uscc: str = Field("", pattern="^([0-9A-HJ-NPQRTUWXY]{18})?$", description="Unified social credit code.")
    enterprise: Text = ""
    site: str = Field("", max_length=100, description="Id of a site of the registry.")
    division: str | None = Field(
        None, pattern="^[0-9]{6}$", description="Where it is; a site that is registered lies where it lies."
    )
    address: Text = ""
    park: Text = ""
    lines: list[Named] = Field(default_factory=list, max_length=500)
    accounts: list[Named] = Field(default_factory=list, max_length=500, description="Electricity accounts.")
    planned_start: Day | None = None
    planned_kw: Amount | None = None
    planned_machines: int | None = Field(None, ge=0, le=10_000_000)
    on: Day | None = Field(None, description="The day on which it was found; default: today.")
    note: Note = ""


class EventIn(Body):
    """One event."""

    step: Literal[
        "found", "verified", "rejected", "notified", "limited", "cut_off", "exited", "relapsed", "withdrawn"
    ]
    on: Day
    note: Note = ""
    evidence: Evidence = Field(default_factory=list)
    withdraws: int | None = Field(None, ge=1, le=2**62, description="Number of the mistaken event.")


class MeasureIn(Body):
    """A measurement: by the traffic as it is now, or as meters or an inspection tell."""

    basis: Literal["traffic", "meters", "inspection"]
    on: Day | None = None
    machines: IntervalIn | None = None
    kw: IntervalIn | None = None
    kwh_day: IntervalIn | None = None
    evidence: Evidence = Field(default_factory=list)


@router.post(
    "/v1/projects",
    operation_id="openProject",
    summary="Open a project",
    status_code=201,
    response_model=ProjectFileModel,
    response_description="The project, with its first event.",
    responses=responses(None, *WRITTEN),
)
def open_one(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    body: OpenIn,
    key: IdempotencyKey = None,
) -> Response:
    """Confirm what traffic proposes, or enter a project that an inspection, a report or a plan shows.

    A project is known by enterprise and site and is opened once (409).
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    by = By(asker.account.name, asker.account.department.value, instant(now))
    division = _division(body, lang)
    if body.proposal is not None:
        found = proposed(services, asker, None).proposals
        one = next((one for one in found if one.project == body.proposal), None)
        if one is None:
            raise ProblemError(Problem.UNKNOWN_RECORD)
        opening = confirmed(one, by, body.name, body.note, division)
    else:
        opening = _entered(request, services, body, by, division, lang)
    see(asker, opening.project.division)

    def write(connection: Connection) -> Reply:
        open_project(connection, opening.project, opening.particulars, opening.event)
        if opening.measured is not None:
            add_measure(connection, opening.project, opening.measured, by.name)
        return _reply(request, connection, asker, opening.project.id, lang, 201)

    return once(services, asker, key, digest("POST projects", body), now, write, lang)


@router.post(
    "/v1/projects/{project_id}/events",
    operation_id="addProjectEvent",
    summary="Enter an event of a project",
    status_code=201,
    response_model=ProjectFileModel,
    response_description="The project with the event.",
    responses=responses(None, *WRITTEN),
)
def add_one_event(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    project: ProjectPath,
    body: EventIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Enter what happened, also late: it must fit between what is there (409 names what could follow).

    Nothing is ever changed: a mistake is withdrawn by a later event.
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    _require(request, services, asker, project, if_match, lang)
    on = read_day(body.on, lang, "body", "on")
    event = Event(
        0,
        project,
        Step(body.step),
        on,
        instant(now),
        asker.account.name,
        asker.account.department.value,
        body.note.strip(),
        tuple(body.evidence),
        body.withdraws,
    )

    def write(connection: Connection) -> Reply:
        [one] = read_one(connection, project).projects
        see(asker, one.division)
        add_event(connection, one, event)
        return _reply(request, connection, asker, project, lang, 201)

    return once(services, asker, key, digest(f"POST {project} events", body), now, write, lang)


@router.post(
    "/v1/projects/{project_id}/measures",
    operation_id="measureProject",
    summary="Enter how large a project is",
    status_code=201,
    response_model=ProjectFileModel,
    response_description="The project with the measurement.",
    responses=responses(None, *WRITTEN),
)
def add_one_measure(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    project: ProjectPath,
    body: MeasureIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Measure by the hits as they are now, or enter what meters or an inspection tell, and by what."""
    gate: Gate = request.app.state.gate
    now = gate.clock()
    at = instant(now)
    _require(request, services, asker, project, if_match, lang)
    on = today(request) if body.on is None else read_day(body.on, lang, "body", "on")
    if body.basis == "traffic":
        found = proposed(services, asker, None).proposals
        one = next((one for one in found if one.project == project), None)
        made = None if one is None else measured(one, at)
        if made is None:
            raise Refused(
                "no hit shows this project, or none tells a size", "没有该项目的命中，或无法估算规模"
            )
    else:
        made = by_hand(
            project,
            body.basis,
            on,
            at,
            _interval(body.machines, lang, "machines"),
            _interval(body.kw, lang, "kw"),
            _interval(body.kwh_day, lang, "kwh_day"),
            body.evidence,
        )

    def write(connection: Connection) -> Reply:
        [held] = read_one(connection, project).projects
        see(asker, held.division)
        add_measure(connection, held, made, asker.account.name)
        return _reply(request, connection, asker, project, lang, 201)

    return once(services, asker, key, digest(f"POST {project} measures", body), now, write, lang)


def _entered(
    request: Request, services: Services, body: OpenIn, by: By, division: str, lang: Lang
) -> Opening:
    if body.site:
        with services.database.reading() as connection:
            held = connection.scalar(select(SiteRow.division).where(SiteRow.id == body.site))
        division = held or division
    if not division:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("division", lang, "body", "division")])
    start = (
        None if body.planned_start is None else read_day(body.planned_start, lang, "body", "planned_start")
    )
    on = today(request) if body.on is None else read_day(body.on, lang, "body", "on")
    known = Particulars(
        "",
        by.at,
        by.name,
        body.name or body.enterprise or body.site,
        body.enterprise,
        body.address,
        (),
        tuple(body.lines),
        tuple(body.accounts),
        body.park,
        start,
        body.planned_kw,
        body.planned_machines,
        body.note,
    )
    return entered(body.kind, division, known, body.uscc, body.site, by, on)


def _division(body: OpenIn, lang: Lang) -> str:
    if body.division is not None and divisions.fault(body.division) is not None:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("division", lang, "body", "division")])
    return body.division or ""


def _interval(part: IntervalIn | None, lang: Lang, name: str) -> Power | None:
    if part is None:
        return None
    if not part.low <= part.value <= part.high:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("interval", lang, "body", name)])
    return Power(part.value, part.low, part.high)


def _require(
    request: Request, services: Services, asker: Asker, project: str, if_match: str | None, lang: Lang
) -> None:
    require_state(if_match, file_of(services, asker, project, at_present(request), lang))


def _reply(
    request: Request, connection: Connection, asker: Asker, project: str, lang: Lang, status: int
) -> Reply:
    when = at_present(request)
    shown = told(read_one(connection, project), asker, when, lang)
    return Reply(status, {"Location": f"/v1/projects/{project}"}, json.dumps(shown))
