"""Hits: the verdicts that were not cleared, filtered and paged."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from api.deps import Served
from api.language import TAGS, Language
from api.models import HitsModel
from api.openapi import responses
from api.problems import Problem, ProblemError
from api.wording import wording
from facts.errors import UsageError
from facts.names import Level, Role
from pipeline.contract import Hit, verdict_json
from pipeline.lookup import attributed, read_prefix, read_time
from store.verdicts import HitFilter

MAX_PAGE = 1000  # hits with their evidence: about 3 MB
router = APIRouter(tags=["hits"])


class HitsQuery(BaseModel):
    """Filters; all that are given must hold."""

    model_config = ConfigDict(extra="forbid")  # a misspelt filter must not widen the answer

    level: Level = Field(Level.SUSPECTED, description="At least this level: `cleared` lists everything.")
    role: Role | None = Field(None, description="This role only.")
    coin: str | None = Field(
        None, pattern="^[A-Za-z0-9]{1,16}$", description="Ticker of a coin.", examples=["XMR"]
    )
    since: str | None = Field(
        None,
        description="Last seen at or after this RFC 3339 time (write + as %2B).",
        examples=["2026-03-01T00:00:00Z"],
        json_schema_extra={"format": "date-time"},
    )
    prefix: str | None = Field(
        None, description="Address lies in this prefix, IPv4 or IPv6.", examples=["203.0.113.0/24"]
    )
    uscc: str | None = Field(
        None,
        pattern="^[0-9A-HJ-NPQRTUWXY]{18}$",
        description="Address was held by the enterprise of this unified social credit code when last seen.",
    )
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
        Problem.INVALID_CURSOR,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
def list_hits(services: Served, lang: Language, query: Annotated[HitsQuery, Query()]) -> JSONResponse:
    """List current verdicts, last seen first, each with its evidence and whose address it was then.

    Ask again with `cursor` set to `next` until `next` is null. Pages follow the place in the list, not a
    count: nothing is repeated, and only what changes while paging can move.
    """
    filters = HitFilter(
        level_at_least=query.level,
        role=query.role,
        coin=query.coin.upper() if query.coin else None,
        since_ns=None if query.since is None else read_time(query.since, "since"),
        prefix=None if query.prefix is None else read_prefix(query.prefix),
        uscc=query.uscc,
    )
    try:
        page = services.verdicts.hits(filters, query.cursor, query.limit)
    except UsageError as error:
        raise ProblemError(Problem.INVALID_CURSOR) from error
    holders = attributed(services, page.hits)
    sentence = wording(lang)
    body: dict[str, Any] = {
        "hits": [
            verdict_json(Hit(stored.verdict, holder), sentence)
            for stored, holder in zip(page.hits, holders, strict=True)
        ],
        "next": page.next_cursor,
    }
    return JSONResponse(body, headers={"Content-Language": TAGS[lang], "Vary": "Accept-Language"})
