"""Risk warnings: who has to look at what, by when."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide, ToExport, ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import IdempotencyKey, IfMatch, Served
from api.language import Lang, Language
from api.models_warnings import WarningFileModel, WarningsModel
from api.openapi import ASKED, responses
from api.problems import Problem
from api.records import (
    FILE,
    MAX_PAGE,
    MAX_ROWS,
    Asking,
    Body,
    Day,
    FileFormat,
    Region,
    actor_of,
    as_file,
    digest,
    number_of,
    own_region,
    page_of,
    read_day,
    see,
)
from api.routes.project_writes import WRITTEN, Note, Text
from api.small_body import SmallBodyRoute
from api.writes import once, require_state
from facts.instant import instant
from pipeline.services import Services
from store.access_rules import Department
from store.decisions import Reply
from supervision.projects.inventory import end_of
from supervision.warnings.acts import act
from supervision.warnings.answers import ROW, file_json, row, warning_json
from supervision.warnings.deliver import enqueue
from supervision.warnings.kept import RiskWarning, WarningStore, add, hold, read_one
from supervision.warnings.life import Standing
from supervision.warnings.rules import Rulebook
from supervision.warnings.watch import Watch, read_watch

_AT_ONCE = 200
router = APIRouter(tags=["warnings"], route_class=SmallBodyRoute)
Number = Annotated[
    int, Path(alias="warning_id", ge=1, le=2**62, description="Number of a warning.", examples=[17])
]


class Selection(Asking):
    """Filters; all that are given must hold."""

    region: Region = None
    state: Literal["open", "acknowledged", "resolved"] | None = Field(None, description="Stands so.")
    severity: Literal["low", "medium", "high", "critical"] | None = Field(None, description="This severity.")
    owner: Department | None = Field(None, description="This department answers for it.")
    level: Literal["central", "province", "city", "county"] | None = Field(
        None, description="It has come to this level."
    )
    overdue: bool | None = Field(None, description="It should have been resolved.")

    def wants(self, shown: dict[str, Any]) -> bool:
        """Say whether a warning is asked for."""
        asked = {
            "state": self.state,
            "severity": self.severity,
            "owner": self.owner.value if self.owner else None,
            "level": self.level,
            "overdue": self.overdue,
        }
        return all(value is None or shown[name] == value for name, value in asked.items())


class WarningsQuery(Selection):
    """Filters and the page."""

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Warnings a page.")
    cursor: str | None = Field(None, max_length=200, description="`next` of the page before.")


class FileQuery(Selection):
    """Filters and the file."""

    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class ActIn(Body):
    """What is done."""

    action: Literal["acknowledge", "assign", "note", "resolve", "reopen"]
    note: Note = ""
    owner: Literal[
        "", "development-reform", "cyberspace", "industry-it", "public-security", "energy", "finance",
        "carrier", "other",
    ] = Field("", description="To assign: the department.")  # fmt: skip
    assignee: Text = ""
    deadline: Day | None = Field(None, description="To assign: the last day.")


@router.get(
    "/v1/warnings",
    operation_id="listWarnings",
    summary="Risk warnings",
    response_model=WarningsModel,
    response_description="One page, the latest first.",
    responses=responses(
        {}, *ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE
    ),
)
def list_warnings(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[WarningsQuery, Query()],
) -> Response:
    """List warnings with their severity, who answers for them, at which level they are and by when."""
    records = _every(request, services, asker, query, lang, number_of(query.cursor))
    found, after = page_of(records, query.wants, query.limit, "id")
    return answered(request, {"warnings": found, "next": after}, lang)


@router.get(
    "/v1/warnings/{warning_id}",
    operation_id="getWarning",
    summary="One risk warning",
    response_model=WarningFileModel,
    response_description="The warning with its log.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_warning(
    request: Request, services: Served, asker: ToReadFiles, lang: Language, number: Number
) -> Response:
    """Return a warning: what it is about, what it rests on, who did what about it."""
    found = WarningStore(services.database).one(number)
    return answered(request, _told(request, services, asker, found, lang), lang)


@router.post(
    "/v1/warnings/{warning_id}/actions",
    operation_id="actOnWarning",
    summary="Acknowledge, assign, note, resolve or reopen a warning",
    status_code=201,
    response_model=WarningFileModel,
    response_description="The warning after it.",
    responses=responses(None, *WRITTEN),
)
def act_on_warning(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    number: Number,
    body: ActIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Do something about a warning: its department or the leading one, at its level or above; all may note.

    A warning that has risen to a level is answered by that level.
    """
    gate: Gate = request.app.state.gate
    now = gate.clock()
    deadline = None if body.deadline is None else end_of(read_day(body.deadline, lang, "body", "deadline"))
    found = WarningStore(services.database).one(number)
    require_state(if_match, _told(request, services, asker, found, lang))
    watch = _watch(services)

    def write(connection: Connection) -> Reply:
        held = hold(connection, number).standing
        see(asker, held.head.division)
        at = instant(now)
        made = act(
            held, actor_of(asker), body.action, at, body.note, body.owner, body.assignee.strip(), deadline
        )
        added = add(connection, held.head.division, made)
        enqueue(connection, watch.hooks, [added], at)
        shown = _told(request, services, asker, read_one(connection, number), lang)
        return Reply(201, {"Location": f"/v1/warnings/{number}"}, json.dumps(shown))

    return once(services, asker, key, digest(f"POST warning {number}", body), now, write, lang)


@router.get(
    "/v1/exports/warnings",
    operation_id="exportWarnings",
    summary="Risk warnings, as a file",
    response_class=Response,
    responses=responses(FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def export_warnings(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return warnings as CSV, NDJSON or an Excel workbook."""
    wanted = (one for one in _every(request, services, asker, query, lang, None) if query.wants(one))
    records = (one for _, one in zip(range(MAX_ROWS), wanted, strict=False))
    return as_file("warnings", query.format, ROW, records, row, lang)


def _every(
    request: Request, services: Services, asker: Asker, query: Selection, lang: Lang, before: int | None
) -> Iterator[dict[str, Any]]:
    division = own_region(asker, query.region)
    store, book, now = WarningStore(services.database), _watch(services).book, _now(request)
    view = View(services, asker.account)
    while True:
        page = store.page(division, before, _AT_ONCE)
        for one in page:
            yield _masked(book, one.standing, view, now, lang)
        if len(page) < _AT_ONCE:
            return
        before = page[-1].standing.head.id


def _told(
    request: Request, services: Services, asker: Asker, found: RiskWarning, lang: Lang
) -> dict[str, Any]:
    see(asker, found.standing.head.division)
    shown = replace(found, standing=_shown(found.standing, View(services, asker.account)))
    return file_json(_watch(services).book, shown, _now(request), lang)


def _masked(book: Rulebook, held: Standing, view: View, now: datetime, lang: Lang) -> dict[str, Any]:
    return warning_json(book, _shown(held, view), now, lang)


def _shown(held: Standing, view: View) -> Standing:
    """Return a warning as the account sees it: of a private address the block that it lies in."""
    if "address" not in held.texts:
        return held
    return replace(held, texts={**held.texts, "address": view.address(held.texts["address"])})


def _watch(services: Services) -> Watch:
    return read_watch(services.home)


def _now(request: Request) -> datetime:
    gate: Gate = request.app.state.gate
    return instant(gate.clock())
