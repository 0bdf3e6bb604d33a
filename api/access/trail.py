"""The trail: no answer leaves before the audit has kept who asked what, and why."""

import logging
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem_response
from facts.endpoint import Address, packed16
from facts.errors import StoreError
from store.access import Account
from store.audit_chain import Entry
from store.audit_writer import AuditWriter

MAX_SUBJECT = 2000
"""Characters kept of a path with its query."""
_log = logging.getLogger("minescope.audit")


@dataclass(slots=True)
class Asked:
    """What the trail will say of a request; filled in while it is answered."""

    account: Account | None
    action: str
    subject: str
    client: str
    purpose: str = ""
    detail: bytes | None = None

    def of_addresses(self, addresses: Iterable[Address]) -> None:
        """Keep which addresses were asked for in bulk."""
        packed = b"".join(map(packed16, addresses))
        self.subject += f" ({len(packed) // 16} addresses)"
        self.detail = zlib.compress(packed)


def record(request: Request, account: Account | None) -> Asked:
    """Let this request leave a trail."""
    scope = request.scope
    query = scope["query_string"].decode("latin-1")
    subject = scope["path"] + (f"?{query}" if query else "")
    asked = Asked(
        account,
        getattr(scope.get("route"), "operation_id", None) or "",
        subject[:MAX_SUBJECT],
        request.client.host if request.client else "",
    )
    request.state.asked = asked
    return asked


class Trail:
    """Writes the entry of each request that was recorded; where it cannot be kept, the answer is a 503."""

    def __init__(self, app: ASGIApp, writer: AuditWriter, clock: Callable[[], int]) -> None:
        self._app = app
        self._writer = writer
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        withheld = False

        async def send_after_entry(message: Message) -> None:
            nonlocal withheld
            if withheld:
                return
            if message["type"] == "http.response.start":
                refusal = await refusal_of(scope, message["status"], self._writer, self._clock)
                if refusal is not None:
                    withheld = True
                    await refusal(scope, receive, send)
                    return
            await send(message)

        try:
            await self._app(scope, receive, send_after_entry)
        except Exception:
            await write_entry(scope, 500, self._writer, self._clock)
            raise


async def refusal_of(
    scope: Scope, status: int, writer: AuditWriter, clock: Callable[[], int]
) -> Response | None:
    """Keep the entry of a request; return what is answered in place of the answer where that fails."""
    try:
        await write_entry(scope, status, writer, clock)
    except StoreError as error:
        _log.error("an answer was withheld, its entry cannot be kept: %s", error)
        return problem_response(Request(scope), Problem.STORE_UNAVAILABLE)
    return None


async def write_entry(scope: Scope, status: int, writer: AuditWriter, clock: Callable[[], int]) -> None:
    """Keep the entry of a request, once, where it was recorded. Raises StoreError."""
    asked: Asked | None = scope.setdefault("state", {}).pop("asked", None)
    if asked is None:
        return
    account = asked.account
    actor, role, division = (account.actor, account.role.value, account.division) if account else ("", "", "")
    await writer.keep(
        Entry(
            clock(),
            actor,
            role,
            division,
            asked.client,
            asked.action,
            asked.subject,
            asked.purpose,
            status,
            asked.detail,
        )
    )
