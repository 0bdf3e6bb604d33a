"""Projects that had left and mine again, or whose meters draw on or again: told, entered by a person."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToExport, ToReadFiles
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.language import Lang, Language
from api.models_exits import RelapseKind, RelapsesModel
from api.openapi import ASKED, responses
from api.paging import PageQuery, page_by_key
from api.problems import Problem
from api.records import FILE, MAX_ROWS, Asking, FileFormat, Region, as_file, own_region, today
from facts.instant import instant
from pipeline.services import Services
from supervision.exits.again import came_back
from supervision.exits.answers import RELAPSE_ROW, relapse_json, relapse_row

router = APIRouter(tags=["projects"])


class Selection(Asking):
    """Filters; all that are given must hold."""

    region: Region = None
    kind: RelapseKind | None = Field(None, description="Only this kind.")


class RelapsesQuery(PageQuery, Selection):
    """Filters and the page."""


class FileQuery(Selection):
    """Filters and the file."""

    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


@router.get(
    "/v1/exits/relapses",
    operation_id="listRelapses",
    summary="What came back after its exit",
    response_model=RelapsesModel,
    response_description="One page, by project and kind.",
    responses=responses(
        {}, *ASKED, Problem.INVALID_CURSOR, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE
    ),
)
def list_relapses(
    request: Request,
    services: Served,
    asker: ToReadFiles,
    lang: Language,
    query: Annotated[RelapsesQuery, Query()],
) -> Response:
    """List projects that had left and mine again by traffic, or whose meters never fell or rose again.

    It is told of today and entered by nobody: a person adds the event `relapsed`. One whose mining lies in
    another region as well is told to those who see both.
    """
    found = list(_found(request, services, asker, query, lang))
    keys = [f"{one['project']} {one['kind']}" for one in found]
    page, after = page_by_key(found, keys, query)
    body = {"as_of": today(request).isoformat(), "relapses": list(page), "next": after}
    return answered(request, body, lang)


@router.get(
    "/v1/exports/relapses",
    operation_id="exportRelapses",
    summary="What came back after its exit, as a file",
    response_class=Response,
    responses=responses(FILE, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def export_relapses(
    request: Request, services: Served, asker: ToExport, lang: Language, query: Annotated[FileQuery, Query()]
) -> Response:
    """Return what came back as CSV, NDJSON or an Excel workbook."""
    records = islice(_found(request, services, asker, query, lang), MAX_ROWS)
    return as_file("relapses", query.format, RELAPSE_ROW, records, relapse_row, lang)


def _found(
    request: Request, services: Services, asker: Asker, query: Selection, lang: Lang
) -> Iterator[dict[str, Any]]:
    division = own_region(asker, query.region)
    gate: Gate = request.app.state.gate
    again = came_back(services, division, instant(gate.clock()), View(services, asker.account).verdicts)
    return (
        {
            "name": again.named[one.project].name if one.project in again.named else "",
            **relapse_json(one, lang),
        }
        for one in again.found
        if query.kind is None or one.kind == query.kind
    )
