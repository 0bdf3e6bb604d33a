"""Routes whose body holds one record: what is larger is refused, whether or not it declares its length."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from api.problems import Problem, ProblemError

MAX_SMALL_BODY = 64 * 1024
"""Bytes."""
SMALL_BODY_S = 30
"""Seconds in which it must have come."""


class SmallBodyRoute(APIRoute):
    """A route with a small body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check before it."""
        handler = super().get_route_handler()

        async def checked(request: Request) -> Response:
            body = bytearray()
            try:
                async with asyncio.timeout(SMALL_BODY_S):
                    async for chunk in request.stream():
                        body += chunk
                        if len(body) > MAX_SMALL_BODY:
                            raise ProblemError(Problem.BODY_TOO_LARGE, limit=MAX_SMALL_BODY)
            except TimeoutError as error:
                slow = {"Connection": "close"}
                raise ProblemError(Problem.BODY_TOO_SLOW, seconds=SMALL_BODY_S, headers=slow) from error

            async def read() -> Message:
                return {"type": "http.request", "body": bytes(body), "more_body": False}

            return await handler(Request(request.scope, read))

        return checked
