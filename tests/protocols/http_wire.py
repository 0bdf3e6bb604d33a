"""HTTP messages built by RFC 9112, without the reader's constants, and the ways to feed a conversation."""

import json
import random
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from protocols.events import PoolEvent
from protocols.http import Http
from protocols.observe import Observer
from protocols.parser import Event, Side
from protocols.table import PARSERS
from tests.protocols.wire import Flights, play

C, S = Side.CLIENT, Side.SERVER


def request(body: object = None, *, to: str = "POST / HTTP/1.1", **headers: str) -> bytes:
    """A request; `body` is JSON, or bytes as they are. `x_name="value"` is the header `x-name`."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    given = {"host": "192.0.2.1", **headers}
    if data:
        given["content-length"] = str(len(data))
    return _message(to, given) + data


def call(method: str, *params: Any, id: object = 1, **more: Any) -> dict[str, Any]:
    """A JSON-RPC request."""
    return {"id": id, "jsonrpc": "2.0", "method": method, "params": list(params), **more}


def response(body: object = None, *, status: str = "200 OK", chunked: bool = False, **headers: str) -> bytes:
    """A response; see `request`."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": "application/json", **headers}
    if chunked:
        given["transfer-encoding"] = "chunked"
        parts = [data[at : at + 100] for at in range(0, len(data), 100)]
        data = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    else:
        given["content-length"] = str(len(data))
    return _message(f"HTTP/1.1 {status}", given) + data


def result(value: Any, *, id: object = 1, error: Any = None, **more: Any) -> bytes:
    """A JSON-RPC response in an HTTP response."""
    return response({"result": value, "error": error, "id": id}, **more)


def _message(first: str, headers: dict[str, str]) -> bytes:
    lines = [first, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def said(flights: Flights) -> list[str]:
    """What a conversation gives, each event as `protocol kind field=value ...`, the same in every cut."""
    whole = play(Http, flights)
    assert play(Http, flights, [1]) == whole
    chance = random.Random(11)
    for _ in range(12):
        assert play(Http, flights, [chance.randint(1, 90) for _ in range(9)]) == whole
    return [told(event) for event in whole]


def told(event: Event) -> str:
    """Write an event down, fields at their default left out."""
    parts = [event.protocol, event.kind]
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name not in ("protocol", "side", "offset") and value != field.default:
            parts.append(f"{field.name}={value!r}")
    return " ".join(parts)


def observed(flights: Flights, cuts: Sequence[int] = ()) -> list[tuple[Side, int, str]]:
    """What the observer gives, with all parsers: side, stream offset, event."""
    observer = Observer([one for one in PARSERS if one.transport == "tcp"])
    offsets = {C: 0, S: 0}
    found: list[tuple[Side, int, str]] = []
    turn = 0
    for side, data in flights:
        at = 0
        while at < len(data):
            size = cuts[turn % len(cuts)] if cuts else len(data)
            turn += 1
            reads = observer.feed(side, offsets[side], data[at : at + size])
            found += [(event.side, offset, told(event)) for offset, event in reads]
            offsets[side] += len(data[at : at + size])
            at += size
    return found + [(event.side, offset, told(event)) for offset, event in observer.end()]


def mining(events: Sequence[Event]) -> list[Event]:
    """Those of mining conversations."""
    return [event for event in events if isinstance(event, PoolEvent)]
