"""TLS handshakes, as far as they are readable: the ClientHello, and the server's certificate up to TLS 1.2.

Source: RFC 8446, RFC 5246, RFC 6066 (server name), RFC 7301 (ALPN); docs/protocols/tls.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import unpack_from
from typing import ClassVar

from facts.errors import ParseError
from protocols.certificate import read_names
from protocols.chia_p2p import node_of
from protocols.events import NameEvent, TlsCertificate, TlsHello
from protocols.ja4 import ja4
from protocols.parser import Event, Heads, Match, Parser, Side

MAX_RECORD = 16_384 + 2_048  # bytes: the most that TLS 1.2 allows a record's fragment, compression included
MAX_HANDSHAKE = 128 * 1024  # bytes of one handshake message: a chain of certificates seldom has 16 KiB
MAX_NAME = 255  # bytes of a host name

# A record:                       A handshake message, in one or more records:
#   0      1         3        5     0      1        4
#   | type | version | length | ..  | type | length | body ...
RECORD_SIZE = 5
MESSAGE_SIZE = 4
RANDOM_END = 34  # legacy version and random, in both hellos
TLS13 = 0x0304


class ContentType(IntEnum):
    """Type of a record."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23
    HEARTBEAT = 24


class HandshakeType(IntEnum):
    """The handshake messages that are read, or that a stream may begin with."""

    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    CERTIFICATE = 11


class Extension(IntEnum):
    """The extensions that are looked into."""

    SERVER_NAME = 0
    SIGNATURE_ALGORITHMS = 13
    ALPN = 16
    SUPPORTED_VERSIONS = 43


@dataclass(frozen=True, slots=True)
class ClientHello:
    """The fields of a ClientHello, lists in their order on the wire, GREASE included."""

    legacy_version: int
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    sni: str | None
    """The outer name, where the hello holds an encrypted inner one."""
    alpn: tuple[bytes, ...]
    versions: tuple[int, ...]
    algorithms: tuple[int, ...]

    def ja4_over(self, transport: str) -> str:
        """Return the fingerprint; `transport` is t for TCP, q for QUIC."""
        return ja4(
            legacy_version=self.legacy_version,
            versions=self.versions,
            ciphers=self.ciphers,
            extensions=self.extensions,
            algorithms=self.algorithms,
            alpn=self.alpn[0] if self.alpn else None,
            transport=transport,
        )


class _Half:
    """One direction: bytes of an unfinished record, and of an unfinished handshake message."""

    __slots__ = ("held", "message", "offset", "over", "start")

    def __init__(self) -> None:
        self.held = bytearray()  # at most one record
        self.message = bytearray()  # at most one handshake message and the rest of a record
        self.offset = 0  # stream offset of held[0]
        self.start = 0  # stream offset of the record in which the message began
        self.over = False  # nothing more is wanted from this side, or nothing more is readable


class Tls(Parser):
    """Reads the handshake of one connection and stops where encryption begins."""

    name: ClassVar[str] = "tls"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a side begins with a hello or a certificate in a record; an SSLv2 hello is NO."""
        answers = {_probe(bytes(head)) for head in heads.values() if head}
        if Match.YES in answers:
            return Match.YES
        return Match.NO if answers == {Match.NO} else Match.MORE

    def __init__(self) -> None:
        self._halves = (_Half(), _Half())

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield a TlsHello and a TlsCertificate; an error ends the reading of its side.

        Where a certificate is one of Chia's network, a NodeMessage follows it.
        """
        half = self._halves[side]
        if not half.over:
            half.held += data
        try:
            while len(half.held) >= RECORD_SIZE:
                kind, length = _record(half.held, half.offset)
                end = RECORD_SIZE + length
                if len(half.held) < end:
                    break
                record = half.offset
                fragment = bytes(half.held[RECORD_SIZE:end])
                del half.held[:end]
                half.offset += end
                if kind == ContentType.HANDSHAKE:
                    yield from self._messages(half, side, record, fragment)
                elif kind in (ContentType.CHANGE_CIPHER_SPEC, ContentType.APPLICATION_DATA):
                    for each in self._halves:  # what the other side may still say is of no use either
                        self._end(each)
        except ParseError:
            self._end(half)
            raise

    def gap(self, side: Side, missing: int) -> None:
        """Give the side up: a handshake with a hole cannot be read on."""
        self._end(self._halves[side])

    @property
    def finished(self) -> bool:
        """True when each side has said what is wanted of it, or is not readable any more."""
        return all(half.over for half in self._halves)

    @staticmethod
    def _end(half: _Half) -> None:
        """Read this side no further; the loops that take from its buffers end with it."""
        half.over = True
        half.held.clear()
        half.message.clear()

    def _messages(self, half: _Half, side: Side, record: int, fragment: bytes) -> Iterator[Event]:
        """Add the fragment of the record at stream offset `record`, and take whole messages out."""
        if not half.message:
            half.start = record
        half.message += fragment
        while len(half.message) >= MESSAGE_SIZE:
            kind = half.message[0]
            end = MESSAGE_SIZE + int.from_bytes(half.message[1:MESSAGE_SIZE], "big")
            if end > MAX_HANDSHAKE:
                raise ParseError(f"a handshake message of {end} bytes", half.start)
            if len(half.message) < end:
                return
            body = bytes(half.message[MESSAGE_SIZE:end])
            del half.message[:end]
            try:
                event = self._event(kind, body, half, side)
            except ParseError as error:
                raise ParseError(error.why, half.start) from error
            half.start = record
            if event is not None:
                yield event
            if isinstance(event, TlsCertificate) and (peer := node_of(event)) is not None:
                yield peer

    def _event(self, kind: int, body: bytes, half: _Half, side: Side) -> NameEvent | None:
        start = half.start
        match kind:
            case HandshakeType.CLIENT_HELLO:
                hello = read_client_hello(body)
                self._end(half)
                alpn = tuple(text_of(name) for name in hello.alpn)
                own = hello.ja4_over("t")
                return TlsHello(protocol="tls", side=side, offset=start, sni=hello.sni, alpn=alpn, ja4=own)
            case HandshakeType.SERVER_HELLO if _selects_tls13(body):
                self._end(half)  # its certificate is encrypted
            case HandshakeType.CERTIFICATE:
                self._end(half)
                names = read_names(_Reader(_Reader(body).vector(3)).vector(3))  # the first of the chain
                return TlsCertificate(
                    protocol="tls", side=side, offset=start, names=names.hosts, issuer=names.issuer
                )
        return None


class _Reader:
    """Takes fields off the front of a message."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes; raises ParseError where fewer remain."""
        at = self._at
        end = self._at = at + size
        if end > len(self._data):
            self._at = at
            raise ParseError(f"{size} bytes claimed, {len(self._data) - at} remain", at)
        return self._data[at:end]

    def number(self, width: int) -> int:
        """Return the next `width` bytes as a number."""
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        """Return the bytes behind a length of `width` bytes."""
        data, at = self._data, self._at + width
        end = at + int.from_bytes(data[self._at : at], "big")
        if end > len(data) or at > len(data):
            return self.take(self.number(width))  # which says what is missing
        self._at = end
        return data[at:end]


def read_client_hello(body: bytes) -> ClientHello:
    """Read the body of a ClientHello; raises ParseError (offset within `body`) where it is malformed."""
    reader = _Reader(body)
    legacy_version = reader.number(2)
    reader.take(RANDOM_END - 2)
    reader.vector(1)  # session id
    ciphers = _numbers(reader.vector(2))
    reader.vector(1)  # compression methods
    found: dict[int, bytes] = {}
    extensions: list[int] = []
    inner = _Reader(reader.vector(2) if reader else b"")
    while inner:
        kind = inner.number(2)
        extensions.append(kind)
        found.setdefault(kind, inner.vector(2))
    versions = _Reader(found.get(Extension.SUPPORTED_VERSIONS, b"\0"))
    algorithms = _Reader(found.get(Extension.SIGNATURE_ALGORITHMS, b"\0\0"))
    return ClientHello(
        legacy_version=legacy_version,
        ciphers=ciphers,
        extensions=tuple(extensions),
        sni=_server_name(found.get(Extension.SERVER_NAME, b"")),
        alpn=_protocols(found.get(Extension.ALPN, b"")),
        versions=_numbers(versions.vector(1)),
        algorithms=_numbers(algorithms.vector(2)),
    )


def _server_name(data: bytes) -> str | None:
    if not data:
        return None
    names = _Reader(_Reader(data).vector(2))
    while names:
        kind, name = names.number(1), names.vector(2)
        if kind == 0 and 0 < len(name) <= MAX_NAME:
            return text_of(name).lower().removesuffix(".")
    return None


def _protocols(data: bytes) -> tuple[bytes, ...]:
    protocols: list[bytes] = []
    names = _Reader(_Reader(data).vector(2) if data else b"")
    while names:
        protocols.append(names.vector(1))
    return tuple(protocols)


def _selects_tls13(body: bytes) -> bool:
    """Say whether a ServerHello chose TLS 1.3; its second attempt (HelloRetryRequest) is the same message."""
    reader = _Reader(body)
    reader.take(RANDOM_END)
    reader.vector(1)  # session id
    reader.take(3)  # cipher, compression method
    extensions = _Reader(reader.vector(2) if reader else b"")
    while extensions:
        kind, value = extensions.number(2), extensions.vector(2)
        if kind == Extension.SUPPORTED_VERSIONS:
            return int.from_bytes(value, "big") == TLS13
    return False


def _numbers(data: bytes) -> tuple[int, ...]:
    count = len(data) // 2
    return unpack_from(f">{count}H", data)


def text_of(raw: bytes) -> str:
    """Return a name of a hello as text, what is not printable escaped."""
    text = raw.decode("ascii", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _record(held: bytes | bytearray, offset: int) -> tuple[int, int]:
    """Return type and length of the record that `held` begins with; raises ParseError where it is none."""
    kind, major, minor = held[0], held[1], held[2]
    length = int.from_bytes(held[3:RECORD_SIZE], "big")
    known = ContentType.CHANGE_CIPHER_SPEC <= kind <= ContentType.HEARTBEAT
    if not known or major != 3 or minor > 4 or not length <= MAX_RECORD:
        raise ParseError("no TLS record where one is due", offset)
    return kind, length


def _probe(head: bytes) -> Match:
    """Judge one side's first bytes; what is there must fit, however few they are."""
    if not b"\x16\x03".startswith(head[:2]) or head[2:3] > b"\x04":
        return Match.NO
    if len(head) <= RECORD_SIZE:
        return Match.MORE
    length = int.from_bytes(head[3:RECORD_SIZE], "big")
    kind = head[RECORD_SIZE]
    first = kind in (HandshakeType.CLIENT_HELLO, HandshakeType.SERVER_HELLO, HandshakeType.CERTIFICATE)
    if not first or not 0 < length <= MAX_RECORD:
        return Match.NO
    if length < MESSAGE_SIZE + 2:  # a hello cut into tiny records: its next fields are behind another header
        return Match.YES
    if len(head) < RECORD_SIZE + MESSAGE_SIZE + 1:
        return Match.MORE
    size = int.from_bytes(head[RECORD_SIZE + 1 : RECORD_SIZE + MESSAGE_SIZE], "big")
    versioned = kind == HandshakeType.CERTIFICATE or head[RECORD_SIZE + MESSAGE_SIZE] == 3
    return Match.YES if size <= MAX_HANDSHAKE and versioned else Match.NO
