"""Decisions: a person confirms or rejects what was found of an address."""

import hashlib
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.access.gate import Asker, Gate, ToDecide
from api.access.view import View
from api.answers import answer_bytes, answered, entity_tag, names_tag
from api.deps import Served
from api.language import TAGS, Language
from api.models import DecisionModel, DecisionsModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.small_body import SmallBodyRoute
from facts.endpoint import Address
from facts.instant import rfc3339
from pipeline.lookup import Ask, look_up, read_address
from pipeline.services import Services
from store.decisions import Decision, DecisionStore, KeyReusedError, Reply, decide, write_once

router = APIRouter(tags=["decisions"], route_class=SmallBodyRoute)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="Any name of this write: asked again within a day, it is answered again, not done again.",
        examples=["4b0f0f0e-3d0e-4a35"],
    ),
]
AddressPath = Annotated[
    str, Path(description="IPv4, or IPv6 in any spelling; mapped IPv4 is IPv4.", examples=["203.0.113.7"])
]


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
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match", max_length=200, description="ETag of the list that the decision was made on."
        ),
    ] = None,
) -> Response:
    """Confirm or reject what was found of an address; nothing that was decided before is changed.

    Verdicts stay as traffic made them: a decision stands beside them.
    """
    gate: Gate = request.app.state.gate
    address = _seen(services, asker, ip)
    if if_match is not None and not names_tag(if_match, entity_tag(answer_bytes(_all(services, address)))):
        raise ProblemError(Problem.PRECONDITION_FAILED)
    now = gate.clock()

    def write(connection: Connection) -> Reply:
        made = decide(connection, address, body.decision, body.reason.strip(), asker.account.name, now)
        headers = {"Location": f"/v1/ips/{address}/decisions"}
        return Reply(201, headers, json.dumps(_told(made)))

    asked = hashlib.sha256(f"POST {address} {body.model_dump_json()}".encode("utf-8", "surrogatepass"))
    return once(services, asker, key, asked.digest(), now, write, lang)


def once(
    services: Services, asker: Asker, key: str | None, request: bytes, now: int, write: Any, lang: str
) -> Response:
    """Do a write once for its key, and answer. Raises ProblemError where the key was another request's."""
    try:
        reply = write_once(services.database, asker.account.name, key, request, now, write)
    except KeyReusedError as error:
        raise ProblemError(Problem.KEY_REUSED) from error
    again = {"Idempotency-Replayed": "true"} if reply.again else {}
    language = {"Content-Language": TAGS["zh" if lang == "zh" else "en"]}
    return Response(reply.body, reply.status, {**reply.headers, **again, **language}, "application/json")


def _seen(services: Services, asker: Asker, ip: str) -> Address:
    address = read_address(ip, "ip")
    [answer] = look_up(services, [Ask(address)])
    if not View(services, asker.account).answer(answer).known:
        raise ProblemError(Problem.UNKNOWN_ADDRESS, address=address)
    return address


def _all(services: Services, address: Address) -> dict[str, Any]:
    found = DecisionStore(services.database).of_addresses([address])
    return {"decisions": [_told(decision) for decision in found]}


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "address": str(decision.address),
        "decision": decision.decision,
        "reason": decision.reason,
        "by": decision.by_name,
        "time": rfc3339(decision.at_ns),
    }
