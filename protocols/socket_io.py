"""Socket.IO: events and acknowledgements in text messages of Engine.IO, turned into messages of mining.

    4 2 /namespace , 17 ["event",{"...":...}]
    | |  |           |  |
    | |  |           |  name and arguments, in JSON
    | |  |           the acknowledgement that is asked for, or that this is: digits
    | |  where it is not the main one: up to the comma
    | Socket.IO: 0 connect, 1 disconnect, 2 event, 3 acknowledgement, 4 error, 5 and 6 with binary parts
    Engine.IO: 0 open, 1 close, 2 ping, 3 pong, 4 message, 5 upgrade, 6 noop

Engine.IO 3 and 4 write this alike on WebSocket; they differ in who pings. An event is taken for a message
where its argument is one, as an object or as its text, or where its name is a word of a dialect and the
argument has the shape of its parameters. All else says nothing: the words login, job and submit are
everybody's, so they count with an object alone, which the dialects then look at.
Sources: socket.io-protocol 4 and 5, engine.io-protocol 3 and 4; docs/protocols/websocket.md.
"""

import re
from collections.abc import Iterable
from typing import Any

from protocols.jsonrpc import Message, message_of, messages, value_of
from protocols.parser import Side

MAX_ACK = 18
"""Digits of an acknowledgement's number; real ones count from 0."""

_PACKET = re.compile(rb"4([23])(?:/[^,\[\"]{0,128},)?([0-9]{0,%d})(?=\[)" % MAX_ACK)
_EVENT = b"2"

_METHODS = ("mining.", "eth_", "client.")
"""How names of events begin that are methods of a dialect, whatever their parameters."""
_WITH_OBJECT = frozenset(("login", "job", "submit", "keepalived", "getjob"))
"""CryptoNote's methods."""
_TYPES = frozenset(("auth", "authed", "hash_accepted", "banned"))
_IDENTIFIERS = frozenset(("handshake", "solved", "hashsolved"))
"""Words of the two vocabularies of browser miners; those that both share with others count once one of these
was said (protocols/browser_mining.py)."""
_SHARED = frozenset(("job", "submit", "error"))


class SocketIo:
    """One connection's events; it holds no more than which vocabulary was heard."""

    def __init__(self) -> None:
        self._key: str | None = None
        """The key that names a message in that vocabulary; None before any of its words."""

    def read(self, text: bytes, side: Side, offset: int) -> Iterable[Message]:
        """Return what a text message says of mining, if it is an event or an acknowledgement.

        Raises ParseError where it begins as one and its JSON is none.
        """
        packet = _PACKET.match(text)
        if packet is None:
            return ()
        arguments = value_of(text[packet.end() :], offset)
        number = int(packet[2]) if packet[2] else None
        if not isinstance(arguments, list):
            return ()
        if packet[1] != _EVENT:
            return _acknowledged(arguments, number, side, offset)
        if not arguments or not isinstance(arguments[0], str):
            return ()
        return self._event(arguments[0], arguments[1:], number, side, offset)

    def _event(
        self, name: str, arguments: list[Any], number: int | None, side: Side, offset: int
    ) -> Iterable[Message]:
        first = arguments[0] if arguments else None
        if isinstance(first, str) and first.lstrip()[:1] == "{":
            return messages(first.encode("utf-8", "surrogateescape"), side, offset)
        if isinstance(first, dict) and _is_message(first):
            return (message_of({"id": number, **first}, side, offset),)
        body = self._body(name, first, arguments)
        return (message_of({"id": number, **body}, side, offset),) if body is not None else ()

    def _body(self, name: str, first: Any, arguments: list[Any]) -> dict[str, Any] | None:
        """Return the message that the name of an event and its arguments make, if they do."""
        if name.startswith(_METHODS):
            given = first if len(arguments) == 1 and isinstance(first, list | dict) else arguments
            return {"method": name, "params": given}
        if not isinstance(first, dict):
            return None
        if name in _TYPES:
            self._key = "type"
        elif name in _IDENTIFIERS:
            self._key = "identifier"
        elif name not in (_SHARED if self._key else _WITH_OBJECT):
            return None
        if self._key == "type":
            return {"type": name, "params": first}
        if self._key == "identifier":
            return {**first, "identifier": name}
        return {"method": name, "params": first}


def _is_message(body: dict[str, Any]) -> bool:
    """Say whether an object names what it is, as messages of every vocabulary do, or answers a request."""
    if isinstance(body.get("method"), str) or isinstance(body.get("identifier"), str):
        return True
    if isinstance(body.get("type"), str):
        return isinstance(body.get("params"), dict)
    return "id" in body and "result" in body and ("error" in body or "jsonrpc" in body)


def _acknowledged(arguments: list[Any], number: int | None, side: Side, offset: int) -> Iterable[Message]:
    """Return the answer that an acknowledgement is: one argument is the result or a whole answer, of two the
    first is the error."""
    if number is None or not arguments:
        return ()
    first = arguments[0]
    if isinstance(first, dict) and ("result" in first or "error" in first):
        body = {**first, "id": number}
    elif len(arguments) > 1:
        body = {"id": number, "result": arguments[1], "error": first}
    else:
        body = {"id": number, "result": first, "error": None}
    return (message_of(body, side, offset),)
