"""Clocks of pools: what there are, when they ticked last, and their exchange between sites.

A clock holds a name and times, nothing of who was told. One that has no name but a server's address may be a
customer's own proxy: only accounts of the whole country are shown it, and no file has it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.gate import Asker, ToKeepLists, ToListHits
from api.access.trail import Asked
from api.answers import answered
from api.bulk import read_body
from api.deps import Served
from api.language import Lang, Language
from api.models_clocks import ClockFileModel, ClockFilesModel, ClocksModel, ClocksTakenModel
from api.openapi import ASKED, responses
from api.problems import Fault, Problem, ProblemError, pointer
from api.threads import in_thread
from classifier.clocks import Clock, ClockFileError, dumped, loaded
from classifier.encrypted_evidence import is_endpoint
from facts.instant import rfc3339
from pipeline.services import Services
from store.access_rules import WHOLE_COUNTRY
from store.clocks import ClockStore

MAX_JOBS = 10_000
"""Instants of one answer: a quarter of a day of a pool that ticks every two seconds."""
MAX_FILE = 32 << 20
"""Bytes of a file: 1.5 million instants, of fifty pools in a fortnight."""
router = APIRouter(tags=["clocks"])


class JobsQuery(BaseModel):
    """How far back."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=MAX_JOBS, description="Latest instants of each clock.")


@router.get(
    "/v1/clocks",
    operation_id="listClocks",
    summary="The clocks of pools",
    response_model=ClocksModel,
    response_description="By name, coin and source.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def list_clocks(request: Request, services: Served, asker: ToListHits, lang: Language) -> Response:
    """List what sealed traffic is held against: pools and coins, and from when to when they were heard."""
    found = ClockStore(services.database).summaries()
    told = [
        {
            "name": one.name,
            "coin": one.coin,
            "told": one.told,
            "instants": one.instants,
            "first": rfc3339(one.first_ns),
            "last": rfc3339(one.last_ns),
        }
        for one in found
        if _may_see(asker, one.name)
    ]
    return answered(request, {"clocks": told}, lang)


@router.get(
    "/v1/clocks/{name}",
    operation_id="getClock",
    summary="When a pool told its clients of work",
    response_model=ClockFilesModel,
    response_description="The clocks of that name, with their latest instants.",
    responses=responses({}, *ASKED, Problem.UNKNOWN_RECORD, Problem.STORE_UNAVAILABLE),
)
def read_clock(
    request: Request,
    services: Served,
    asker: ToListHits,
    lang: Language,
    name: Annotated[
        str, Path(description="Name of the clock, as the list has it.", max_length=255, examples=["XMR"])
    ],
    query: Annotated[JobsQuery, Query()],
) -> Response:
    """Return the latest instants at which a pool's clients got jobs, or a coin's blocks were found."""
    found = ClockStore(services.database).named(name) if _may_see(asker, name) else []
    if not found:
        raise ProblemError(Problem.UNKNOWN_RECORD)
    return answered(request, {"clocks": [_with_jobs(one, query.limit) for one in found]}, lang)


@router.get(
    "/v1/clocks:export",
    operation_id="exportClocks",
    summary="The clocks as a file for another site",
    response_model=ClockFileModel,
    response_description="What `minescope clocks import` and this API's import read.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def export_clocks(request: Request, services: Served, asker: ToKeepLists, lang: Language) -> Response:
    """Return all clocks that have a name: names, coins and times, nothing of who was told."""
    found = ClockStore(services.database).all()
    body = dumped(one for one in found if not is_endpoint(one.name))
    named = {"Content-Disposition": 'attachment; filename="clocks.json"'}
    return Response(body, headers=named, media_type="application/json")


_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"A file of clocks, at most {MAX_FILE // 2**20} MiB.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ClockFileModel"}}},
    }
}


@router.post(
    "/v1/clocks:import",
    operation_id="importClocks",
    summary="Take the clocks of another site in",
    response_model=ClocksTakenModel,
    response_description="How many there were, and how many were new.",
    responses=responses(
        {},
        *ASKED,
        Problem.CSRF,
        Problem.BODY_TOO_SLOW,
        Problem.BODY_TOO_LARGE,
        Problem.UNSUPPORTED_MEDIA_TYPE,
        Problem.STORE_UNAVAILABLE,
    ),
    openapi_extra=_FILE,
)
async def import_clocks(request: Request, services: Served, asker: ToKeepLists, lang: Language) -> Response:
    """Join a file of clocks with those that are kept; a file with anything wrong is refused whole.

    The same file taken twice changes nothing. The clocks judge what every region is shown from the next run
    or rescan on, so only accounts of the whole country take them in.
    """
    raw = await read_body(request, MAX_FILE)
    count, changed = await in_thread(_taken, services, raw, lang)
    asked: Asked = request.state.asked
    asked.subject += f" {count} clocks, {changed} changed"
    return answered(request, {"clocks": count, "changed": changed}, lang)


def _taken(services: Services, raw: bytes, lang: Lang) -> tuple[int, int]:
    try:
        clocks = loaded(raw.decode("utf-8"))
    except (UnicodeDecodeError, ClockFileError) as error:
        what = "不是时钟文件" if lang == "zh" else "not a clock file"
        raise ProblemError(
            Problem.INVALID_REQUEST, faults=[Fault(f"{what}: {error}", pointer("body"))]
        ) from error
    return len(clocks), ClockStore(services.database).add(clocks)


def _may_see(asker: Asker, name: str) -> bool:
    """Say whether an account may see a clock of that name."""
    return asker.account.division == WHOLE_COUNTRY or not is_endpoint(name)


def _with_jobs(clock: Clock, limit: int) -> dict[str, Any]:
    return {
        "name": clock.name,
        "coin": clock.coin,
        "told": clock.told,
        "instants": len(clock.at_ns),
        "first": rfc3339(int(clock.at_ns[0])),
        "last": rfc3339(int(clock.at_ns[-1])),
        "jobs": [rfc3339(at) for at in clock.at_ns[::-1][:limit].tolist()],
    }
