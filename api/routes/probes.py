"""What reached the store: the latest runs of probes and replays."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.gate import ToWatchProbes
from api.answers import answered
from api.deps import Served
from api.language import Language
from api.models_service import ProbesModel
from api.openapi import ASKED, responses
from api.problems import Problem
from facts.instant import rfc3339
from store.files import FileStore
from store.row_security import seeing_everything

MAX_RUNS = 200
router = APIRouter(tags=["service"])


@router.get(
    "/v1/probes",
    operation_id="listProbes",
    summary="What reached the store",
    response_model=ProbesModel,
    response_description="The latest runs, the newest first.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def list_probes(request: Request, services: Served, lang: Language, asker: ToWatchProbes) -> Response:
    """List the latest runs whose findings are held: counts only, no finding."""
    with seeing_everything():
        runs = FileStore(services.database).runs(MAX_RUNS)
    told = [
        {
            "name": run.name,
            "started": rfc3339(run.started_ns),
            "verdicts": run.verdicts,
            "sources": run.sources,
            "last_seen": None if run.last_seen_ns is None else rfc3339(run.last_seen_ns),
        }
        for run in runs
    ]
    return answered(request, {"runs": told}, lang)
