"""Decisions: a person confirms or rejects what was found of an address."""

import hashlib
import json
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide
from api.access.view import View
from api.answers import answered
from api.deps import AddressPath, IdempotencyKey, IfMatch, Served
from api.language import Language
from api.models_files import DecisionModel, DecisionsModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.small_body import SmallBodyRoute
from api.writes import once, require_state
from facts.endpoint import Address
from facts.instant import rfc3339
from pipeline.lookup import Ask, look_up, read_address
from pipeline.services import Services
from store.decisions import Decision, DecisionStore, Reply, decide

router = APIRouter(tags=["decisions"], route_class=SmallBodyRoute)


class DecisionIn(BaseModel):
    """What a person decided."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["confirm", "reject"] = Field(description="What was found is so, or is not.")
    reason: str = Field(
        min_length=3,
        max_length=1000,
        pattern=r"\S.*\S",
        description="Why: what was seen on site, or what speaks against it.",
        examples=["40 machines seen on site"],
    )


@router.get(
    "/v1/ips/{ip}/decisions",
    operation_id="listDecisions",
    summary="What people decided",
    response_model=DecisionsModel,
    response_description="The latest first: it counts.",
    responses=responses(
        {}, *ASKED, Problem.UNKNOWN_ADDRESS, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def list_decisions(
    request: Request, services: Served, asker: ToDecide, lang: Language, ip: AddressPath
) -> Response:
    """List the decisions about one address, the latest first."""
    address = _seen(services, asker, ip)
    return answered(request, _all(services, address), lang)


@router.post(
    "/v1/ips/{ip}/decisions",
    operation_id="decide",
    summary="Confirm or reject",
    status_code=201,
    response_model=DecisionModel,
    response_description="The decision was kept.",
    responses=responses(
        None,
        *ASKED,
        Problem.CSRF,
        Problem.UNKNOWN_ADDRESS,
        Problem.PRECONDITION_FAILED,
        Problem.BODY_TOO_LARGE,
        Problem.INVALID_REQUEST,
        Problem.KEY_REUSED,
        Problem.STORE_UNAVAILABLE,
    ),
)
def make_decision(
    request: Request,
    services: Served,
    asker: ToDecide,
    lang: Language,
    ip: AddressPath,
    body: DecisionIn,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Confirm or reject what was found of an address; nothing that was decided before is changed.

    Verdicts stay as traffic made them: a decision stands beside them.
    """
    gate: Gate = request.app.state.gate
    address = _seen(services, asker, ip)
    require_state(if_match, _all(services, address))
    now = gate.clock()

    def write(connection: Connection) -> Reply:
        made = decide(connection, address, body.decision, body.reason.strip(), asker.account.name, now)
        headers = {"Location": f"/v1/ips/{address}/decisions"}
        return Reply(201, headers, json.dumps(decision_json(made)))

    asked = hashlib.sha256(f"POST {address} {body.model_dump_json()}".encode("utf-8", "surrogatepass"))
    return once(services, asker, key, asked.digest(), now, write, lang)


def _seen(services: Services, asker: Asker, ip: str) -> Address:
    address = read_address(ip, "ip")
    [answer] = look_up(services, [Ask(address)])
    if not View(services, asker.account).answer(answer).known:
        raise ProblemError(Problem.UNKNOWN_ADDRESS, address=address)
    return address


def _all(services: Services, address: Address) -> dict[str, Any]:
    found = DecisionStore(services.database).of_addresses([address])
    return {"decisions": [decision_json(decision) for decision in found]}


def decision_json(decision: Decision) -> dict[str, Any]:
    """Return one decision."""
    return {
        "id": decision.id,
        "address": str(decision.address),
        "decision": decision.decision,
        "reason": decision.reason,
        "by": decision.by_name,
        "time": rfc3339(decision.at_ns),
    }
