"""What is known of a project beside its events, described anew: the editions before stay readable."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Gate, ToDecide
from api.deps import IdempotencyKey, IfMatch, Served
from api.language import Language
from api.models_projects import ProjectFileModel
from api.openapi import responses
from api.records import Body, Day, at_present, digest, read_day, see
from api.routes.project_writes import WRITTEN, Amount, Note, Text
from api.routes.projects import ProjectPath, file_of, told
from api.small_body import SmallBodyRoute
from api.writes import once, require_state
from facts.instant import instant
from store.database import lock
from store.decisions import Reply
from supervision.projects.describing import described_anew
from supervision.projects.kept import describe, read_one

router = APIRouter(tags=["projects"], route_class=SmallBodyRoute)
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=1000)]


class ParticularsIn(Body):
    """What is known from now on; what is left out stays as it is."""

    why: str = Field(min_length=3, max_length=1000, pattern=r"\S.*\S", description="Why; it is kept.")
    name: Text | None = None
    enterprise: Text | None = None
    address: Text | None = None
    park: Text | None = None
    sites: Names | None = None
    lines: Names | None = None
    accounts: Names | None = Field(None, description="Electricity accounts (户号).")
    planned_start: Day | None = None
    planned_kw: Amount | None = None
    planned_machines: int | None = Field(None, ge=0, le=10**9)
    note: Note | None = None


@router.post(
    "/v1/projects/{project_id}/particulars",
    operation_id="describeProject",
    summary="Describe a project anew",
    status_code=201,
    response_model=ProjectFileModel,
    response_description="The project as it is known from now on.",
    responses=responses(None, *WRITTEN),
)
def describe_one(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    project: ProjectPath,
    body: ParticularsIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Change name, accounts, lines, park or plans, and say why: what was known before stays as it was then.

    Whose a project is and where it stands is its id; another place is another project.
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    require_state(if_match, file_of(services, asker, project, at_present(request), lang))
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.model_dump(exclude={"why"}).items()
        if value is not None
    }
    if body.planned_start is not None:
        changes["planned_start"] = read_day(body.planned_start, lang, "body", "planned_start")

    def write(connection: Connection) -> Reply:
        lock(connection, f"project {project}")
        held = read_one(connection, project)
        [one] = held.projects
        see(asker, one.division)
        describe(connection, one, described_anew(held, instant(now), asker.account.name, body.why, changes))
        shown = told(read_one(connection, project), asker, at_present(request), lang)
        return Reply(201, {"Location": f"/v1/projects/{project}"}, json.dumps(shown))

    return once(services, asker, key, digest(f"POST {project} particulars", body), now, write, lang)
