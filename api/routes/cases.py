"""Cases: who does what about it, between departments, until it is closed."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide, ToExport, ToReadFiles
from api.answers import answered
from api.deps import IdempotencyKey, IfMatch, Served
from api.faults import fault
from api.language import Lang, Language
from api.models_cases import CaseFileModel, CasesModel
from api.openapi import ASKED, responses
from api.paging import PageQuery
from api.problems import Problem, ProblemError
from api.records import (
    FILE,
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
    see,
    today,
)
from api.routes.project_writes import WRITTEN, Note
from api.small_body import SmallBodyRoute
from api.writes import once, require_state
from pipeline.services import Services
from registry import divisions
from store.access_rules import Department
from store.decisions import Reply
from supervision.cases.answers import ROW, case_json, file_json, row
from supervision.cases.kept import CaseStore, Log, do, open_case, read_one
from supervision.projects.kept import read_one as read_project
from supervision.warnings.kept import read_one as read_warning

_AT_ONCE = 200
router = APIRouter(tags=["cases"], route_class=SmallBodyRoute)
Number = Annotated[int, Path(alias="case_id", ge=1, le=2**62, description="Number of a case.", examples=[17])]
Dept = Literal[
    "development-reform",
    "cyberspace",
    "industry-it",
    "public-security",
    "energy",
    "finance",
    "carrier",
    "other",
]


class Selection(Asking):
    """Filters; all that are given must hold."""

    region: Region = None
    state: Literal[
        "open", "assigned", "handing-over", "inspected", "decided", "rectifying", "replied", "rechecked",
        "closed",
    ] | None = Field(None, description="Stands so.")  # fmt: skip
    department: Department | None = Field(None, description="This department has it, or is joined.")
    late: bool | None = Field(None, description="Its order is overdue.")

    def wants(self, shown: dict[str, Any]) -> bool:
        """Say whether a case is asked for."""
        department = self.department.value if self.department else None
        return (
            (self.state is None or shown["state"] == self.state)
            and (department is None or department in (shown["department"], *shown["joined"]))
            and (self.late is None or (shown["days_late"] > 0) == self.late)
        )


class CasesQuery(PageQuery, Selection):
    """Filters and the page."""


class FileQuery(Selection):
    """Filters and the file."""

    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class OpenIn(Body):
    """What is opened: about a project, a warning, or a place."""

    title: str = Field(min_length=1, max_length=200, pattern=r"\S")
    project: str | None = Field(None, pattern="^pj-[0-9a-f]{16}$")
    warning: int | None = Field(None, ge=1, le=2**62)
    division: str | None = Field(
        None, pattern="^[0-9]{6}$", description="Where it is, if it is about no project and no warning."
    )
    note: Note = ""


class DocumentIn(Body):
    """A document by its hash; the file itself stays where it is."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    name: str = Field(min_length=1, max_length=200)
    size: int = Field(ge=0, le=2**53)


class EntryIn(Body):
    """What is done."""

    action: Literal[
        "assign", "hand-over", "accept", "return", "join", "inspect", "decide", "order", "extend", "reply",
        "recheck", "close", "reopen", "attach", "note",
    ]  # fmt: skip
    note: Note = ""
    assignee: str | None = Field(None, min_length=1, max_length=64, description="To assign: the person.")
    departments: list[Dept] | None = Field(
        None, min_length=1, max_length=8, description="To hand over (one), or to join."
    )
    decision: Literal["no-mining", "rectify", "close-down", "penalty", "transfer"] | None = None
    due: Day | None = Field(None, description="Of an order, or to extend one: the last day.")
    passed: bool | None = Field(None, description="Of a re-check.")
    document: DocumentIn | None = None


@router.get(
    "/v1/cases",
    operation_id="listCases",
    summary="Cases",
    response_model=CasesModel,
    response_description="One page, the latest first.",
    responses=responses(
        {}, *ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE
    ),
)
def list_cases(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[CasesQuery, Query()],
) -> Response:
    """List cases with their state, who has them, and how many days an order is overdue."""
    records = _every(request, services, asker, query, lang, number_of(query.cursor))
    found, after = page_of(records, query.wants, query.limit, "id")
    return answered(request, {"cases": found, "next": after}, lang)


@router.post(
    "/v1/cases",
    operation_id="openCase",
    summary="Open a case",
    status_code=201,
    response_model=CaseFileModel,
    response_description="The case; the department of who opened it has it.",
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
    """Open a case about a project or a warning, where that is; or about a place of the own region."""
    gate: Gate = request.app.state.gate
    now = gate.clock()
    if body.division is not None and divisions.fault(body.division) is not None:
        raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("division", lang, "body", "division")])

    def write(connection: Connection) -> Reply:
        division = body.division
        if body.project is not None:
            division = read_project(connection, body.project).projects[0].division
            see(asker, division)
        if body.warning is not None:
            warned = read_warning(connection, body.warning).standing.head.division
            see(asker, warned)
            division = division if body.project is not None else warned
        if division is None:
            raise ProblemError(Problem.INVALID_REQUEST, faults=[fault("division", lang, "body", "division")])
        see(asker, division)
        opened = open_case(
            connection, actor_of(asker), division, body.title, now, body.note, body.project, body.warning
        )
        return _reply(request, opened, lang)

    return once(services, asker, key, digest("POST cases", body), now, write, lang)


@router.get(
    "/v1/cases/{case_id}",
    operation_id="getCase",
    summary="One case",
    response_model=CaseFileModel,
    response_description="The case with its log.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_case(
    request: Request, services: Served, asker: ToReadFiles, lang: Language, number: Number
) -> Response:
    """Return a case: what was done by whom, its documents by hash, and what can be done next."""
    found = CaseStore(services.database).one(number)
    see(asker, found.standing.case.division)
    return answered(request, file_json(found, today(request), lang), lang)


@router.post(
    "/v1/cases/{case_id}/entries",
    operation_id="addCaseEntry",
    summary="Do something in a case",
    status_code=201,
    response_model=CaseFileModel,
    response_description="The case after it.",
    responses=responses(None, *WRITTEN),
)
def add_entry(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    number: Number,
    body: EntryIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Add to the log of a case; who may do what is told by docs/cases.md, what can be done by `next`."""
    gate: Gate = request.app.state.gate
    now = gate.clock()
    found = CaseStore(services.database).one(number)
    see(asker, found.standing.case.division)
    require_state(if_match, file_json(found, today(request), lang))

    def write(connection: Connection) -> Reply:
        see(asker, read_one(connection, number).standing.case.division)
        record = body.model_dump(exclude={"action"})
        done = do(connection, number, actor_of(asker), body.action, record, now, today(request))
        return _reply(request, done, lang)

    return once(services, asker, key, digest(f"POST case {number}", body), now, write, lang)


@router.get(
    "/v1/exports/cases",
    operation_id="exportCases",
    summary="Cases, as a file",
    response_class=Response,
    responses=responses(FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def export_cases(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return cases as CSV, NDJSON or an Excel workbook."""
    wanted = (one for one in _every(request, services, asker, query, lang, None) if query.wants(one))
    records = (one for _, one in zip(range(MAX_ROWS), wanted, strict=False))
    return as_file("cases", query.format, ROW, records, row, lang)


def _every(
    request: Request, services: Services, asker: Asker, query: Selection, lang: Lang, before: int | None
) -> Iterator[dict[str, Any]]:
    division = own_region(asker, query.region)
    store, day = CaseStore(services.database), today(request)
    while True:
        page = store.page(division, before, _AT_ONCE)
        for one in page:
            yield case_json(one.standing, day, lang)
        if len(page) < _AT_ONCE:
            return
        before = page[-1].standing.case.id


def _reply(request: Request, log: Log, lang: Lang) -> Reply:
    shown = file_json(log, today(request), lang)
    return Reply(201, {"Location": f"/v1/cases/{log.standing.case.id}"}, json.dumps(shown))
