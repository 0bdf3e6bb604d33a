"""The trail: no answer leaves before the audit has kept who asked what, and why."""

import logging
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
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
        state = scope.setdefault("state", {})
        withheld = False

        async def send_after_entry(message: Message) -> None:
            nonlocal withheld
            if withheld:
                return
            asked: Asked | None = state.pop("asked", None)
            if message["type"] == "http.response.start" and asked is not None:
                try:
                    await self._keep(asked, message["status"])
                except StoreError as error:
                    _log.error("an answer was withheld, its entry cannot be kept: %s", error)
                    withheld = True
                    refusal = problem_response(Request(scope), Problem.STORE_UNAVAILABLE)
                    await refusal(scope, receive, send)
                    return
            await send(message)

        try:
            await self._app(scope, receive, send_after_entry)
        except Exception:
            asked = state.pop("asked", None)
            if asked is not None and not withheld:
                await self._keep(asked, 500)
            raise

    async def _keep(self, asked: Asked, status: int) -> None:
        account = asked.account
        entry = Entry(
            self._clock(),
            account.actor if account else "",
            account.role.value if account else "",
            account.division if account else "",
            asked.client,
            asked.action,
            asked.subject,
            asked.purpose,
            status,
            asked.detail,
        )
        await self._writer.keep(entry)
