"""The short way to the look-up of one address, which programs ask hundreds of times a second.

The framework takes as long to find the function and what it wants as the answer takes. A sound request goes
straight to it, through the same gate and the same trail; every other one takes the framework's way, and so
its errors.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.gate import Gate
from api.language import of_request
from api.routes.ips import NO_QUERY, AddressQuery, read_ip
from pipeline.services import Services
from store.access_rules import Permission

PREFIX = "/v1/ips/"

Told = Callable[[Request, Any], Awaitable[Response]]
"""Makes the answer of an error."""


class Lane:
    """Answers what it can, and hands on the rest. `route` is the framework's route of the same function."""

    def __init__(self, app: ASGIApp, route: APIRoute, told: Mapping[type[Exception], Told]) -> None:
        self._app = app
        self._route = route
        self._told = dict(told)
        self._errors = tuple(told)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["root_path"]:
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        ip = path[len(PREFIX) :]
        if not path.startswith(PREFIX) or not ip or "/" in ip or (query := _sound(scope)) is None:
            await self._app(scope, receive, send)
            return
        scope["route"], scope["endpoint"], scope["path_params"] = self._route, read_ip, {"ip": ip}
        request = Request(scope, receive, send)
        state = scope["app"].state
        gate: Gate = state.gate
        services: Services = state.services
        try:
            asker = await gate.admit(request, Permission.LOOKUP, request.headers.get("x-purpose"))
            response = await read_ip(request, services, asker, of_request(request), query, ip)
        except self._errors as error:
            response = await self._answer(request, error)
        await response(scope, receive, send)

    async def _answer(self, request: Request, error: Exception) -> Response:
        kind = next(kind for kind in type(error).__mro__ if kind in self._told)
        return await self._told[kind](request, error)


def _sound(scope: Scope) -> AddressQuery | None:
    """Return the query as it was asked; None where something is wrong with it."""
    if not scope["query_string"]:
        return NO_QUERY
    given = Request(scope).query_params.multi_items()
    asked = dict(given)
    if len(asked) != len(given):
        return None
    try:
        return AddressQuery.model_validate(asked)
    except ValidationError:
        return None
