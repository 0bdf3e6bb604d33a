"""What holds for every answer: security headers, who may be asked, and what is on its way out."""

from collections.abc import Callable, Collection, Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deprecation import OUTGOING, Outgoing
from api.problems import Problem, problem_response

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # answers are about named enterprises and change with every capture
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",  # for browsers that know no frame-ancestors
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Set where the route did not set its own."""


class SecurityHeaders:
    """Adds the security headers, and refuses host names that are not this server's.

    `hosts` are lower-case names without port; None takes any. Where the server listens on loopback only, the
    check keeps a web page from reading it under a name that resolves to 127.0.0.1 (DNS rebinding).
    `refused` is told the kind of problem and the client address.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] | None = None,
        outgoing: Mapping[str, Outgoing] = OUTGOING,
        refused: Callable[[str, str], None] = lambda kind, client: None,
    ) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        self._outgoing = outgoing
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(scope, message, self._outgoing)
            await send(message)

        if not is_ours(scope, self._hosts):
            self._refused(Problem.MISDIRECTED.value.name, (scope.get("client") or ("",))[0])
            refusal = problem_response(Request(scope), Problem.MISDIRECTED)
            await refusal(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)


def add_security_headers(headers: MutableHeaders) -> None:
    """Set the security headers that are not set yet."""
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


_RAW = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_NAMES = frozenset(name for name, _ in _RAW)


def is_ours(scope: Scope, hosts: frozenset[str] | None) -> bool:
    """Say whether a request names a host of this server; None as `hosts` takes any."""
    return hosts is None or _host(scope) in hosts


def dress(scope: Scope, start: Message, outgoing: Mapping[str, Outgoing] = OUTGOING) -> None:
    """Set the headers of every answer: those of security, and of an operation that is on its way out."""
    _add(start)
    operation = getattr(scope.get("route"), "operation_id", None)
    if (going := outgoing.get(operation or "")) is not None:
        MutableHeaders(scope=start).update(going.headers())


def _add(start: Message) -> None:
    """Set the security headers that a response does not set itself."""
    headers: list[tuple[bytes, bytes]] = start["headers"]
    own = {name for name, _ in headers} & _NAMES
    headers.extend(_RAW if not own else [pair for pair in _RAW if pair[0] not in own])


def _host(scope: Scope) -> str:
    raw = next((value for name, value in scope["headers"] if name == b"host"), b"")
    host = raw.decode("latin-1").lower()
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0]
