"""The audit: who asked what, why, and what they were answered."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.gate import Gate, ToReadAudit
from api.answers import answered
from api.language import Language
from api.models_access import AuditModel, HeadModel
from api.openapi import ASKED, responses
from api.problems import Problem
from facts.instant import rfc3339
from store.access_rules import subtree

router = APIRouter(tags=["access"])


class AuditQuery(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=1000, description="Entries a page.")
    before: int | None = Field(
        None, ge=1, le=2**63 - 1, description="Entries with a smaller number only: `next` of the page before."
    )
    actor: str | None = Field(
        None, max_length=128, description="Of this account or `account/key` only.", examples=["li"]
    )


@router.get(
    "/v1/audit",
    operation_id="listAudit",
    summary="List what was asked",
    response_model=AuditModel,
    response_description="One page, the newest first.",
    responses=responses({}, *ASKED, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE),
)
def list_audit(
    request: Request, lang: Language, asker: ToReadAudit, query: Annotated[AuditQuery, Query()]
) -> Response:
    """List what askers of the account's own region asked. Reading it leaves an entry too."""
    gate: Gate = request.app.state.gate
    found = gate.audit.newest(query.limit + 1, query.before, query.actor, subtree(asker.account.division))
    entries = [
        {
            "seq": one["seq"],
            "time": rfc3339(one["at_ns"]),
            **{name: one[name] for name in ("actor", "role", "division", "client", "action", "subject")},
            "purpose": one["purpose"],
            "status": one["status"],
            "digest": one["digest"],
        }
        for one in found[: query.limit]
    ]
    more = len(found) > query.limit
    return answered(request, {"entries": entries, "next": entries[-1]["seq"] if more else None}, lang)


@router.get(
    "/v1/audit/head",
    operation_id="getAuditHead",
    summary="Where the audit ends",
    response_model=HeadModel,
    response_description="Number and digest of the newest entry.",
    responses=responses({}, *ASKED, Problem.STORE_UNAVAILABLE),
)
def read_head(request: Request, lang: Language, asker: ToReadAudit) -> Response:
    """Return the end of the chain: kept elsewhere, it shows that nothing was cut off or written anew."""
    gate: Gate = request.app.state.gate
    head = gate.audit.head()
    return answered(request, {"seq": head.seq, "digest": head.digest.hex()}, lang)
