"""The short way to the look-up of one address, which programs ask hundreds of times a second.

The framework takes as long to find the function and what it wants as the answer takes. A sound request goes
straight to it, through the same gate and into the same trail; every other one takes the framework's way, and
so its errors.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.gate import Gate
from api.access.trail import refusal_of, write_entry
from api.http import WHOLE
from api.language import of_request
from api.middleware import dress, is_ours
from api.routes.ips import NO_QUERY, AddressQuery, read_ip
from pipeline.services import Services
from store.access_rules import Permission

PREFIX = "/v1/ips/"

Told = Callable[[Request, Any], Awaitable[Response]]
"""Makes the answer of an error."""
_WITH_BODY = frozenset({b"content-length", b"transfer-encoding"})


class Lane:
    """Stands before the whole framework, answers what it can, and hands on the rest.

    `app` is the framework with all that stands before its routes, `route` its route of the same function.
    `told` are the framework's own answers of errors; that of `Exception` is the one of a fault, which is then
    raised again.
    `hosts` are the host names that are answered, as `SecurityHeaders` has them.
    """

    def __init__(
        self,
        app: ASGIApp,
        route: APIRoute,
        told: Mapping[Any, Told],
        hosts: Collection[str] | None,
    ) -> None:
        self._app = app
        self._route = route
        self._told = dict(told)
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        found = _sound(scope)
        if found is None or not is_ours(scope, self._hosts):
            await self._app(scope, receive, send)
            return
        ip, query = found
        scope["route"], scope["endpoint"], scope["path_params"] = self._route, read_ip, {"ip": ip}
        request = Request(scope, receive, send)
        state = scope["app"].state
        gate: Gate = state.gate
        services: Services = state.services
        fault: Exception | None = None
        try:
            asker = await gate.admit(request, Permission.LOOKUP, request.headers.get("x-purpose"))
            response = await read_ip(request, services, asker, of_request(request), query, ip)
        except Exception as error:  # noqa: BLE001 - answered and raised again as the framework does
            kind = next(kind for kind in type(error).__mro__ if kind in self._told)
            response = await self._told[kind](request, error)
            fault = error if kind is Exception else None
        if fault is None:
            refusal = await refusal_of(scope, response.status_code, gate.writer, gate.clock)
            response = response if refusal is None else refusal
            await _send(scope, response, send)
            return
        try:
            await write_entry(scope, 500, gate.writer, gate.clock)
        finally:
            await _send(scope, response, send)
        raise fault


async def _send(scope: Scope, response: Response, send: Send) -> None:
    start = {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }
    dress(scope, start)
    whole = scope.get("extensions", {}).get(WHOLE)
    if whole is not None and whole["send"](response.status_code, start["headers"], response.body):
        return
    await send(start)
    await send({"type": "http.response.body", "body": response.body})


def _sound(scope: Scope) -> tuple[str, AddressQuery] | None:
    """Return the address and the query as they were asked; None where something is unusual."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["root_path"]:
        return None
    path: str = scope["path"]
    ip = path[len(PREFIX) :]
    if not path.startswith(PREFIX) or not ip or "/" in ip:
        return None
    if any(name in _WITH_BODY for name, _ in scope["headers"]):
        return None
    if not scope["query_string"]:
        return ip, NO_QUERY
    given = Request(scope).query_params.multi_items()
    asked = dict(given)
    if len(asked) != len(given):
        return None
    try:
        return ip, AddressQuery.model_validate(asked)
    except ValidationError:
        return None
