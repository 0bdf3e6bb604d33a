"""The HTTP/1.1 of the server: uvicorn's, with bounds on the head of a request, and problems as answers."""

import asyncio
import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import ref

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.middleware import SECURITY_HEADERS
from api.problems import MEDIA_TYPE, Problem, problem_json

Header = tuple[bytes, bytes]
MAX_HEAD = 64 * 1024
"""Bytes of a request line with its headers, and between the parts of a body: the parser has no bound."""
HEAD_S = 30
"""Seconds in which the head of a request must have come, from the connection or from its first byte."""


WHOLE = "minescope.whole"
"""The extension of ASGI whose `send` sends an answer in one piece (`_send_whole`)."""

Refused = Callable[[str, str], None]
"""Is told of a refused request: the kind of problem, and the client address."""


class Http(HttpToolsProtocol):
    """One connection. `refused` hears of each request that never reached the application."""

    _head = 0
    """Bytes of the head that is being read, as far as they are parsed."""
    _pending = 0
    """Bytes that came since anything was parsed whole."""
    _in_head = True
    _waiting: asyncio.TimerHandle | None = None

    def __init__(self, refused: Refused, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._refused = refused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin: who connects and stays silent is not waited for either."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._pending += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            self._stop_waiting()
        elif self._pending > MAX_HEAD:
            self._refuse(Problem.HEAD_TOO_LARGE, limit=MAX_HEAD)
        elif self._in_head and self._waiting is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self._in_head, self._head = True, 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the request target."""
        self._head += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one behind the body is let go, since the request is being answered already."""
        if self._in_head:
            self._head += len(name) + len(value)
            HttpToolsProtocol.on_header(self, name, value)  # super() would be asked for each header

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._in_head, self._pending = False, 0
        self._stop_waiting()
        if self._head > MAX_HEAD:
            self._refuse(Problem.HEAD_TOO_LARGE, limit=MAX_HEAD)
        elif not self.transport.is_closing():  # refused: what follows in the same packet is not answered
            super().on_headers_complete()
            if self.cycle is not None:
                # Held weakly: it holds the scope, and each request would leave a ring to Python's search
                # for cycles, which holds up all answers for milliseconds.
                self.scope["extensions"] = {WHOLE: {"send": partial(_send_whole, ref(self.cycle))}}

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._pending = 0
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._pending = 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read, and hang up."""
        self._refuse(Problem.MALFORMED_HTTP)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_S, self._tired)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _tired(self) -> None:
        self._waiting = None
        self._refuse(Problem.HEAD_TOO_SLOW, seconds=HEAD_S)

    def _refuse(self, problem: Problem, **fields: Any) -> None:
        """Answer in English, since no header is known, and hang up; while an answer runs, only hang up."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._pending or self._head:  # who connects and says nothing has asked for nothing
            self._refused(problem.value.name, self.client[0] if self.client else "")
        if self.cycle is None or self.cycle.response_complete:
            body = json.dumps(problem_json(problem, "en", "", **fields)).encode()
            headers = {
                "Content-Type": MEDIA_TYPE,
                "Content-Length": str(len(body)),
                "Connection": "close",
                **SECURITY_HEADERS,
            }
            told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            self.transport.write(STATUS_LINE[problem.value.status] + told.encode("ascii") + b"\r\n" + body)
        self.transport.close()


def _send_whole(
    held: "ref[RequestResponseCycle]", status: int, headers: Iterable[Header], body: bytes
) -> bool:
    """Send an answer in one piece, as `send` does; say whether it was: False leaves it to `send`.

    The headers, in lower case, tell the length where the status has a body; the request is no HEAD. What
    costs `send` most is looking for what no answer of this program's own has: line ends in a header.
    """
    cycle = held()
    if cycle is None or cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    told = [b"%b: %b\r\n" % pair for pair in (*cycle.default_headers, *headers)]
    last = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    cycle.transport.write(b"".join((STATUS_LINE[status], *told, last, body)))
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
