"""SOCKS: what a client asks of a proxy before the stream proper begins; versions 4, 4a and 5.

    SOCKS5   C 05 n methods[n]                S 05 method
             C 01 ulen user plen password     S 01 status                (method 2 only)
             C 05 cmd 00 type address port    S 05 reply 00 type address port
    SOCKS4   C 04 cmd port address user 00 (4a: address 0.0.0.x, host name 00)
                                              S 00 reply port address

A password is passed over, never kept. Sources: RFC 1928, RFC 1929; SOCKS 4 and 4A (OpenSSH's and curl's
documentation); docs/protocols/socks.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from facts.errors import ParseError
from protocols.events import ProxyTarget
from protocols.parser import SIDES, Event, Handover, Heads, Match, Parser, Side

PROTOCOL = "socks"
CONNECT = 1
GRANTED = 0x5A
"""SOCKS4's reply; those up to 0x5D are refusals."""
USER_PASSWORD = 2
NO_METHOD = 0xFF
MAX_METHODS = 10
"""Methods offered: ten are assigned, and clients offer one to three."""
MAX_USER = 255
"""Bytes of a SOCKS4 user: RFC 1929's limit, SOCKS4 has none."""
MAX_REPLY = 28
"""Bytes of a method, a status and a reply with an IPv6 address, and some more."""
MAX_UNANSWERED = 256
"""Bytes of the stream proper after which a proxy that has said nothing is taken for one not captured."""

MAX_HELD = 64 * 1024
"""Bytes of a side that wait for the other's part of the preamble; then it is given up."""

_ADDRESS = {1: 4, 4: 16}
_HOST = re.compile(rb"(?=.{1,255}\Z)[0-9A-Za-z_](?:[0-9A-Za-z_.-]*[0-9A-Za-z_])?\.?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as read."""

    size: int
    """Bytes that it took."""
    command: int
    host: str
    port: int


def host_of(raw: bytes) -> str | None:
    """Return a host name in lower case without trailing dot, an address canonical; None for neither."""
    if raw.find(b":") >= 0 or raw[-1:].isdigit():
        try:
            return str(ip_address(raw.decode("ascii")))
        except ValueError:
            if raw.find(b":") >= 0:
                return None
    return raw.decode("ascii").lower().rstrip(".") if _HOST.match(raw) else None


def request5(data: bytes) -> Asked | None:
    """Read a SOCKS5 request; None where it is not all there. Raises ValueError where it is none."""
    command = (data[1:2] or b"\x01")[0]
    if data[:1] not in (b"", b"\x05") or not 1 <= command <= 3 or data[2:3] not in (b"", b"\0"):
        raise ValueError("no SOCKS5 request")
    if len(data) < 5:
        if data[3:4] not in (b"", b"\1", b"\3", b"\4"):
            raise ValueError("an address type that is not assigned")
        return None
    kind = data[3]
    start, size = (5, data[4]) if kind == 3 else (4, _ADDRESS.get(kind, 0))
    raw = data[start : start + size]
    end = start + size + 2
    if len(raw) == size:
        host = host_of(raw) if kind == 3 else str(ip_address(raw)) if size else None
        if host is None:
            raise ValueError("no host in a SOCKS5 request")
        if len(data) >= end:
            return Asked(end, data[1], host, int.from_bytes(data[end - 2 : end], "big"))
    return None


def request4(data: bytes) -> Asked | None:
    """Read a SOCKS4 or 4a request; None where it is not all there. Raises ValueError where it is none."""
    if data[:1] not in (b"", b"\x04") or data[1:2] not in (b"", b"\1", b"\2"):
        raise ValueError("no SOCKS4 request")
    if len(data) < 9:
        return None
    port = int.from_bytes(data[2:4], "big")
    end = data.find(b"\0", 8, 8 + MAX_USER + 1)
    user = data[8 : end if end >= 0 else 8 + MAX_USER + 1]
    if not port or len(user) > MAX_USER or any(sign < 0x20 or sign == 0x7F for sign in user):
        raise ValueError("no port or no user in a SOCKS4 request")
    if end < 0:
        return None
    if data[4:7] != b"\0\0\0" or not data[7]:
        return Asked(end + 1, data[1], str(ip_address(data[4:8])), port)
    last = data.find(b"\0", end + 1, end + 1 + 256)
    host = host_of(data[end + 1 : last]) if last >= 0 else None
    if host is None and (last >= 0 or len(data) > end + 256):
        raise ValueError("no host name in a SOCKS4a request")
    return None if host is None else Asked(last + 1, data[1], host, port)


def greeting5(data: bytes) -> int | None:
    """Return the length of a SOCKS5 greeting; None where it is not all there. Raises ValueError for none."""
    if data[:1] != b"\x05" or not 1 <= (data[1:2] or b"\1")[0] <= MAX_METHODS:
        raise ValueError("no SOCKS5 greeting")
    methods = data[2 : 2 + data[1]] if len(data) > 1 else b""
    if len(set(methods)) != len(methods) or NO_METHOD in methods:
        raise ValueError("no methods in a SOCKS5 greeting")
    return 2 + data[1] if len(data) > 1 and len(methods) == data[1] else None


class Socks(Parser):
    """Reads the preamble; what follows it is handed over, to be probed like any stream."""

    name = "socks"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a client's first message is one of SOCKS and a second thing agrees: the proxy's answer,
        or a request that names a host."""
        client, server = heads.get(Side.CLIENT, b""), heads.get(Side.SERVER, b"")
        if not client:
            return _probe_answer(server)
        return _probe4(client, server) if client[0] == 4 else _probe5(client, server)

    def __init__(self) -> None:
        self._held = {side: bytearray() for side in SIDES}
        self._at = dict.fromkeys(SIDES, 0)
        """Offset of the first byte held of each side."""
        self._order: list[Side] = []
        """Sides, in the order in which bytes of the stream proper came."""
        self._greeted = False
        self._asked: Asked | None = None
        self._answered = False
        self._refused = False
        self._over = False
        """Whether the preamble was given up."""
        self._holed: set[Side] = set()
        """Sides of which a part of the preamble was lost."""

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield what the client asks for. Raises ParseError where the bytes cannot be SOCKS."""
        self._held[side] += data
        self._order = [one for one in self._order if one is not side] + [side]
        self._over |= len(self._held[side]) > MAX_HELD or len(self._holed) > 1
        if self._over or self._refused:
            return
        try:
            if side is Side.SERVER:
                if not self._answered:
                    self._answer()
            elif self._asked is None:
                if side in self._holed:
                    self._pass(side, len(self._held[side]))  # the end of what was lost
                else:
                    yield from self._ask()
        except ValueError as error:
            self._over = True
            if side not in self._holed:
                raise ParseError(str(error), self._at[side]) from error

    def _ask(self) -> Iterator[Event]:
        """Read what the client has said: greeting, user and password, request."""
        held = self._held[Side.CLIENT]
        while held:
            if held[0] == 4 and not self._greeted:
                asked = request4(bytes(held[:1024]))
            elif not self._greeted:
                without = _request_first(bytes(held[:4]))
                size = 0 if without else greeting5(bytes(held[:64]))
                if without is None or size is None:
                    return
                self._greeted = True
                self._pass(Side.CLIENT, size)
                continue
            elif held[0] == 1:  # the version of RFC 1929's negotiation
                size = _account(bytes(held[:513]))
                if size is None:
                    return
                self._pass(Side.CLIENT, size)
                continue
            else:
                asked = request5(bytes(held[:512]))
            if asked is not None:
                yield from self._tell(asked)
            return

    def _tell(self, asked: Asked) -> Iterator[Event]:
        self._asked = asked
        at = self._at[Side.CLIENT]
        self._pass(Side.CLIENT, asked.size)
        if asked.command == CONNECT:
            yield ProxyTarget(
                protocol=PROTOCOL, side=Side.CLIENT, offset=at, host=asked.host, port=asked.port
            )
        else:
            self._refused = True  # a port to listen on, or datagrams: no stream follows

    def _answer(self) -> None:
        """Read what the proxy has said: method, status, reply."""
        held = self._held[Side.SERVER]
        while len(held) > 2:
            if held[0] == 0:
                if not GRANTED <= held[1] <= GRANTED + 3:
                    raise ValueError("no SOCKS4 reply")
                size: int | None = 8
                reply, granted = True, held[1] == GRANTED
            elif held[0] == 5 and held[2] == 0 and held[1] <= 8:
                size = _reply_size(held)
                reply, granted = True, held[1] == 0
            elif held[0] in (1, 5) and held[2] in (1, 5):
                size = 2  # method, or status
                reply, granted = False, True
            else:
                raise ValueError("no answer of SOCKS")
            if size is None or len(held) < size:
                return
            self._pass(Side.SERVER, size)
            if reply:
                self._answered, self._refused = granted, not granted
                return
        if len(held) == 2 and held[0] == 5 and held[1] == NO_METHOD:
            self._refused = True

    def _pass(self, side: Side, count: int) -> None:
        del self._held[side][:count]
        self._at[side] += count

    def gap(self, side: Side, missing: int) -> None:
        """Pass over what is held: the other side tells when the preamble ends, or else it is given up."""
        self._pass(side, len(self._held[side]))
        self._at[side] += missing
        self._holed.add(side)

    @property
    def handover(self) -> Handover | None:
        """The stream proper: once the proxy has granted it, or where the preamble is not all there."""
        waiting = len(self._held[Side.CLIENT])
        if Side.SERVER in self._holed:
            answered = self._answered or waiting > 0
        elif self._at[Side.SERVER] or self._held[Side.SERVER]:
            answered = self._answered
        else:
            answered = waiting >= MAX_UNANSWERED  # the proxy's direction is not captured
        asked = self._asked is not None or Side.CLIENT in self._holed
        if self._refused or not (self._over or (asked and answered)):
            return None
        rest = ((side, self._at[side], bytes(self._held[side])) for side in self._order)
        return Handover(None, tuple(one for one in rest if one[2]))

    @property
    def finished(self) -> bool:
        """True once the proxy has refused."""
        return self._refused


def _request_first(head: bytes) -> bool | None:
    """Say whether a client begins with its request: the greeting was not captured. None while not certain.

    `05 01 00` is both the greeting that offers no authentication and the head of a request; after that
    greeting comes another message of version 5.
    """
    if head[:3] != b"\x05\x01\x00"[: len(head)]:
        return False
    return head[3] in (1, 3, 4) if len(head) > 3 else None


def _account(data: bytes) -> int | None:
    """Return the bytes of RFC 1929's user and password; None where they are not all there."""
    if len(data) < 2 or len(data) < 3 + data[1]:
        return None
    size = 3 + data[1] + data[2 + data[1]]
    return size if len(data) >= size else None


def _reply_size(data: bytes | bytearray) -> int | None:
    """Return the bytes of a SOCKS5 reply; None where that is not known yet. Raises ValueError for none."""
    if len(data) < 5:
        return None
    if data[3] == 3:
        return 7 + data[4]
    if data[3] not in _ADDRESS:
        raise ValueError("an address type that is not assigned")
    return 6 + _ADDRESS[data[3]]


def _probe4(client: bytes, server: bytes) -> Match:
    try:
        asked = request4(client)
    except ValueError:
        return Match.NO
    if server[:1] not in (b"", b"\0") or (len(server) > 1 and not GRANTED <= server[1] <= GRANTED + 3):
        return Match.NO
    if asked is None or len(server) < 2:
        return Match.MORE
    return Match.YES


def _probe5(client: bytes, server: bytes) -> Match:
    try:
        if _request_first(client):
            asked = request5(client)
            named = asked is not None and client[3] == 3 and "." in asked.host
            answered = server[:1] == b"\x05" and len(server) > 2
            if server[:1] not in (b"", b"\x05"):
                return Match.NO
            return Match.YES if named or (asked is not None and answered) else Match.MORE
        size = greeting5(client)
        if size is None:
            return Match.MORE if not server else Match.NO
        second = client[size:]
        if len(server) > 1:
            chosen = server[0] == 5 and (server[1] in client[2:size] or server[1] == NO_METHOD)
            return Match.YES if chosen and second[:1] in (b"", b"\1", b"\5") else Match.NO
        if server[:1] not in (b"", b"\x05") or second[:1] not in (b"", b"\1", b"\5"):
            return Match.NO
        if second[:1] == b"\5" and (asked := request5(second)) is not None:
            return Match.YES
    except ValueError:
        return Match.NO
    return Match.MORE


def _probe_answer(server: bytes) -> Match:
    """Say whether a proxy's words may be SOCKS5: they prove nothing without the client's."""
    like = (
        server[:1] in (b"", b"\x05") and server[1:2] <= b"\x08" and server[2:3] in (b"", b"\0", b"\1", b"\5")
    )
    return Match.MORE if like and len(server) <= MAX_REPLY else Match.NO
