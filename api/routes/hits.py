"""Hits: the verdicts that were not cleared, filtered and paged."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access.gate import ToListHits
from api.access.view import View
from api.answers import answered
from api.deps import Served
from api.language import Language
from api.models import HitsModel
from api.openapi import ASKED, responses
from api.problems import Problem
from api.selection import Filters, read_page

MAX_PAGE = 1000  # hits with their evidence: about 3 MB
router = APIRouter(tags=["hits"])


class HitsQuery(Filters):
    """Filters and the page."""

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Hits a page.")
    cursor: str | None = Field(
        None, max_length=512, description="`next` of the page before, with the same filters."
    )


@router.get(
    "/v1/hits",
    operation_id="listHits",
    summary="List who mines",
    response_model=HitsModel,
    response_description="One page, last seen first.",
    responses=responses(
        {},
        *ASKED,
        Problem.INVALID_CURSOR,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
def list_hits(
    request: Request,
    services: Served,
    asker: ToListHits,
    lang: Language,
    query: Annotated[HitsQuery, Query()],
) -> Response:
    """List current verdicts, last seen first, each with its evidence and whose address it was then.

    Ask again with `cursor` set to `next` until `next` is null; a page may be short before that. Pages follow
    the place in the list, not a count: nothing is repeated, and only what changes while paging can move.
    """
    view = View(services, asker.account)
    page = read_page(services, view, query, query.cursor, query.limit)
    body: dict[str, Any] = {
        "hits": [view.hit_json(stored, held, lang) for stored, held in page.hits],
        "next": page.next_cursor,
    }
    return answered(request, body, lang)
