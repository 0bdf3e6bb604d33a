"""Whether the service can answer."""

from typing import Any

from fastapi import APIRouter

from api.deps import Served
from api.models_service import HealthModel
from api.openapi import responses
from api.problems import Problem
from store.row_security import seeing_everything

router = APIRouter(tags=["service"])


@router.get(
    "/healthz",
    operation_id="getHealth",
    summary="Whether the service can answer",
    response_model=HealthModel,
    response_description="The database answers; how much is held.",
    responses=responses({}, Problem.STORE_UNAVAILABLE),
)
def read_health(services: Served) -> dict[str, Any]:
    """Ask the database and count what is held. 503 where it does not answer."""
    with seeing_everything():
        counts = services.verdicts.counts()
    return {
        "status": "ok",
        "version": services.version,
        "database": "reachable",
        "counts": {
            "runs": counts.runs,
            "verdicts": counts.verdicts,
            "addresses": counts.addresses,
            "evidence": counts.evidence,
            "enterprises": services.enterprises,
            "assignments": services.assignments,
        },
    }
