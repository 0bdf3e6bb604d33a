"""Addresses: what is known of one."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.access.gate import Gate, ToLookUp
from api.access.view import View
from api.answers import answered
from api.deps import AddressPath, Served
from api.language import Lang, Language, of_request
from api.models import AddressModel
from api.openapi import ASKED, responses
from api.problems import Problem, ProblemError
from api.threads import in_thread
from pipeline.lookup import Ask, look_up, read_address, read_time
from pipeline.services import Services
from store.access import Account
from store.access_rules import Permission


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


_NO_QUERY = AddressQuery(at=None, port=None)


class AddressRoute(APIRoute):
    """The route that programs ask hundreds of times a second.

    FastAPI takes a third of the time of such a look-up to find out what its function wants. A request whose
    query is sound goes straight to the function; every other one takes FastAPI's way, and its errors.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that chooses the way."""
        general = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                query = _sound_query(request)
            except ValidationError:
                return await general(request)
            gate: Gate = request.app.state.gate
            asker = await gate.admit(request, Permission.LOOKUP, request.headers.get("x-purpose"))
            services: Services = request.app.state.services
            return await read_ip(
                request, services, asker, of_request(request), query, request.path_params["ip"]
            )

        return handler


router = APIRouter(tags=["addresses"], route_class=AddressRoute)


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
    return await in_thread(_answer, request, services, asker.account, lang, ask)


def _answer(request: Request, services: Services, account: Account, lang: Lang, ask: Ask) -> Response:
    view = View(services, account)
    [found] = look_up(services, [ask])
    answer = view.answer(found)
    if not answer.known:
        raise ProblemError(Problem.UNKNOWN_ADDRESS, address=ask.address)
    return answered(request, view.answer_json(answer, lang), lang)


def _sound_query(request: Request) -> AddressQuery:
    """Return the query as it was asked. Raises ValidationError, and for a parameter that is given twice."""
    if not request.scope["query_string"]:
        return _NO_QUERY
    given = request.query_params.multi_items()
    asked = dict(given)
    return AddressQuery.model_validate(asked if len(asked) == len(given) else {"twice": ""})
