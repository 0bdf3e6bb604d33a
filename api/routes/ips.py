"""Addresses: what is known of one."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.access.gate import ToLookUp
from api.access.view import View
from api.answers import answered
from api.deps import AddressPath, Served
from api.language import Lang, Language
from api.models import AddressModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.threads import in_thread
from pipeline.lookup import Answer, Ask, look_up, look_up_at_once, read_address, read_time
from pipeline.services import Services
from store.access import Account


class AddressQuery(BaseModel):
    """For which time and port whose address it was is asked."""

    model_config = ConfigDict(extra="forbid")

    at: str | None = Field(
        None,
        description="RFC 3339 time (write + as %2B); without it, when the address was last seen.",
        examples=["2026-03-01T08:00:00Z"],
        json_schema_extra={"format": "date-time"},
    )
    port: int | None = Field(
        None, ge=0, le=65535, description="Public source port, where many share an address."
    )


NO_QUERY = AddressQuery(at=None, port=None)
"""The query of who asks for an address alone."""

router = APIRouter(tags=["addresses"])


@router.get(
    "/v1/ips/{ip}",
    operation_id="getAddress",
    summary="Look one address up",
    response_model=AddressModel,
    response_description="What is known of the address.",
    responses=responses(
        {},
        *ASKED,
        Problem.UNKNOWN_ADDRESS,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
async def read_ip(
    request: Request,
    services: Served,
    asker: ToLookUp,
    lang: Language,
    query: Annotated[AddressQuery, Query()],
    ip: AddressPath,
) -> Response:
    """Say whether the address mines, how that is known, whose it is and where it stands.

    404 means that no capture has shown the address and the registry has never held it. An address that the
    registry knows and no capture has shown is a 200 with no verdicts. `at` and `port` choose the moment that
    the attribution at the top speaks of; each verdict carries the attribution of the time of its traffic.
    """
    ask = Ask(read_address(ip, "ip"), None if query.at is None else read_time(query.at), query.port)
    found = look_up_at_once(services, ask)
    if found is not None:  # no thread, no waiting: api/lane.py
        return _told(request, services, asker.account, lang, found)
    return await in_thread(_answer, request, services, asker.account, lang, ask)


def _answer(request: Request, services: Services, account: Account, lang: Lang, ask: Ask) -> Response:
    [found] = look_up(services, [ask])
    return _told(request, services, account, lang, found)


def _told(request: Request, services: Services, account: Account, lang: Lang, found: Answer) -> Response:
    view = View(services, account)
    answer = view.answer(found)
    if not answer.known:
        raise ProblemError(Problem.UNKNOWN_ADDRESS, address=answer.ask.address)
    return answered(request, view.answer_json(answer, lang), lang)
