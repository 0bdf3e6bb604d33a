"""QUIC: the ClientHello that a connection's first packets carry, under keys that anybody can derive.

Initial packets of versions 1 and 2 are protected by keys made from the client's first destination connection
id. That one opens proves that it is QUIC, and whole. Nothing else of a connection is readable.

Source: RFC 9000 (packets, frames), RFC 9001 section 5 (keys), RFC 9369 (version 2); docs/protocols/quic.md.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from facts.errors import ParseError
from protocols.events import TlsHello
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.tls import HandshakeType, read_client_hello, text_of

LEAST_DATAGRAM = 1200  # bytes: a client pads a datagram that holds an Initial packet to this (section 14.1)
MAX_ID = 20  # bytes of a connection id in these versions
LEAST_FIRST_ID = 8  # bytes of the destination connection id that a client makes up (section 7.2)
MAX_PACKETS = 8  # packets of one datagram that are looked at
MAX_DATAGRAMS = 64  # datagrams after which a hello that is not whole is given up
MAX_FOREIGN = 8  # datagrams in a row that do not open: the port pair has other traffic
MAX_SECRETS = 4  # connection ids whose keys are kept: the first, and one after each Retry
MAX_HELLO = 32 * 1024  # bytes of a ClientHello: post-quantum ones have 2 KiB
MAX_PIECES = 256  # CRYPTO frames kept, those that came before one of them included
MAX_HELD = 2 * MAX_HELLO  # bytes of them all: they may overlap

# A packet with a long header:
#   0       1         5
#   | first | version | len, destination id | len, source id | type-specific ...
# first: 1 1 type(2) reserved(2) packet number length - 1 (2); the low four bits are protected
LONG = 0x80
FIXED = 0x40
TAG = 16  # bytes at the end of what is sealed, which prove it
SAMPLE = 16  # bytes of ciphertext that header protection samples


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between the versions."""

    initial: int
    """Type bits of an Initial packet."""
    retry: int
    salt: bytes
    label: bytes
    """First word of the labels of its keys."""


VERSIONS = {
    0x0000_0001: Version(0, 3, bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic"),
    0x6B33_43CF: Version(1, 0, bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """A long header and where its packet lies."""

    version: int
    initial: bool
    destination: bytes
    number_at: int
    """Offset of the packet number, which is protected."""
    end: int
    """Offset behind the packet."""


class Encrypts(Protocol):
    """A block cipher."""

    def encrypt(self, plaintext: bytes) -> bytes:
        """Return blocks encrypted."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the Initial packets of a client."""

    payload: bytes
    """Key of AES-GCM."""
    iv: int
    mask: Encrypts
    """AES-ECB of the header protection key."""


class Quic(Parser):
    """Reads the datagrams of one connection until its ClientHello is whole."""

    name: ClassVar[str] = "quic"
    transport: ClassVar[str] = "udp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for a datagram as long as a client's first, with an Initial packet; `feed` proves it."""
        return Match.YES if any(_begins(bytes(head)) for head in heads.values()) else Match.NO

    def __init__(self) -> None:
        self._client: Side | None = None
        self._keys: dict[tuple[int, bytes], Keys] = {}
        self._version = 0  # that of the pieces
        self._pieces: dict[int, bytes] = {}  # CRYPTO data by offset
        self._datagrams = 0
        self._foreign = 0
        self._done = False

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield one TlsHello; raise ParseError for an Initial packet that does not open."""
        self._datagrams += 1
        if self._done or side is not (self._client if self._client is not None else side):
            return
        at, opened = 0, False
        fault = "no Initial packet"
        for _ in range(MAX_PACKETS):
            header = read_header(data, at)
            if header is None:
                break
            if header.initial:
                plain = self._open(header, data[at : header.end], at)
                if plain is None:
                    fault = "an Initial packet that does not open"
                else:
                    opened, self._client = True, side
                    self._collect(header.version, plain)
            at = header.end
        hello = self._hello(side)
        if hello is not None:
            self._done = True
            yield hello
        self._foreign = 0 if opened else self._foreign + 1
        if not opened and self._client is None:
            raise ParseError(fault, 0)

    @property
    def finished(self) -> bool:
        """True once the hello was read, or will not be."""
        return self._done or self._datagrams >= MAX_DATAGRAMS or self._foreign >= MAX_FOREIGN

    def _open(self, header: Header, packet: bytes, start: int) -> bytes | None:
        """Return the frames of an Initial packet of the client, None where no key fits."""
        number_at = header.number_at - start
        known = (header.version, header.destination)
        for name, keys in self._keys.items():
            if name != known and name[0] == header.version:
                plain = unprotect(keys, packet, number_at)
                if plain is not None:
                    return plain
        keys = self._keys.get(known) or derive(header.version, header.destination)
        plain = unprotect(keys, packet, number_at)
        if plain is not None and known not in self._keys and len(self._keys) < MAX_SECRETS:
            self._keys[known] = keys
        return plain

    def _collect(self, version: int, frames: bytes) -> None:
        """Take the CRYPTO frames out of a packet; another version is another hello."""
        if version != self._version:
            self._version = version
            self._pieces.clear()
        held = sum(map(len, self._pieces.values()))
        for offset, piece in crypto_frames(frames):
            more = len(piece) - len(self._pieces.get(offset, b""))
            fits = offset + len(piece) <= MAX_HELLO and held + more <= MAX_HELD
            if more > 0 and fits and (len(self._pieces) < MAX_PIECES or offset in self._pieces):
                self._pieces[offset] = piece
                held += more

    def _hello(self, side: Side) -> TlsHello | None:
        """Return the hello once its pieces, from offset 0 on, hold all of it."""
        message = bytearray()
        for offset, piece in sorted(self._pieces.items()):
            if offset > len(message):
                break
            message += piece[len(message) - offset :]
        if len(message) < 4:
            return None
        size = int.from_bytes(message[1:4], "big")
        if message[0] != HandshakeType.CLIENT_HELLO or size > MAX_HELLO:
            self._done = True
            raise ParseError("its handshake begins with no ClientHello", 0)
        if len(message) < 4 + size:
            return None
        try:
            hello = read_client_hello(bytes(message[4 : 4 + size]))
        except ParseError as error:
            self._done = True
            raise ParseError(error.why, 0) from error
        alpn = tuple(text_of(name) for name in hello.alpn)
        return TlsHello(
            protocol="quic", side=side, offset=0, sni=hello.sni, alpn=alpn, ja4=hello.ja4_over("q")
        )


def _begins(datagram: bytes) -> bool:
    """Say whether a datagram may be a client's first."""
    if len(datagram) < LEAST_DATAGRAM:
        return False
    header = read_header(datagram, 0)
    return header is not None and header.initial and len(header.destination) >= LEAST_FIRST_ID


def read_header(data: bytes, at: int) -> Header | None:
    """Read the long header at `at`; None where none of a version known here is, or the packet is cut off.

    Version Negotiation and Retry have none: nothing follows them in a datagram.
    """
    end = len(data)
    if at + 7 > end or data[at] & (LONG | FIXED) != LONG | FIXED:
        return None
    number = int.from_bytes(data[at + 1 : at + 5], "big")
    version = VERSIONS.get(number)
    kind = data[at] >> 4 & 3
    if version is None or kind == version.retry:
        return None
    size = data[at + 5]
    destination = data[at + 6 : at + 6 + size]
    at += 6 + size
    if size > MAX_ID or at >= end or data[at] > MAX_ID:
        return None
    at += 1 + data[at]
    if kind == version.initial:
        token, at = _varint(data, at)
        if token < 0:
            return None
        at += token
    length, at = _varint(data, at)
    if length < 4 + SAMPLE or at + length > end:
        return None
    return Header(number, kind == version.initial, destination, at, at + length)


def derive(number: int, destination: bytes) -> Keys:
    """Return the keys of a client whose first destination connection id this is (RFC 9001 section 5.2)."""
    from Crypto.Cipher import AES  # a tenth of a second of import that most runs do not need

    version = VERSIONS[number]
    secret = _expand(hmac.digest(version.salt, destination, "sha256"), b"client in", 32)
    payload = _expand(secret, version.label + b" key", 16)
    iv = int.from_bytes(_expand(secret, version.label + b" iv", 12), "big")
    # One block at a time and each on its own, which is all that header protection asks for: ECB is right here
    mask = AES.new(_expand(secret, version.label + b" hp", 16), AES.MODE_ECB)
    return Keys(payload, iv, mask)


def unprotect(keys: Keys, packet: bytes, number_at: int) -> bytes | None:
    """Return the frames of a packet that `keys` open, else None; `number_at` is an offset in `packet`."""
    from Crypto.Cipher import AES

    mask = keys.mask.encrypt(packet[number_at + 4 : number_at + 4 + SAMPLE])
    first = packet[0] ^ mask[0] & 0x0F
    width = (first & 3) + 1
    number = int.from_bytes(packet[number_at : number_at + width], "big")
    number ^= int.from_bytes(mask[1 : 1 + width], "big")
    body = number_at + width
    header = bytes([first]) + packet[1:number_at] + number.to_bytes(width, "big")
    sealed = packet[body:]
    # The few packets before the hello is whole have numbers that are never abbreviated
    opener = AES.new(keys.payload, AES.MODE_GCM, nonce=(keys.iv ^ number).to_bytes(12, "big"))
    opener.update(header)
    try:
        return opener.decrypt_and_verify(sealed[:-TAG], sealed[-TAG:])
    except ValueError:  # not what these keys have sealed
        return None


def crypto_frames(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and data of each CRYPTO frame; frames that no Initial packet may hold end it."""
    at, end = 0, len(frames)
    while at < end:
        kind = frames[at]
        at += 1
        if kind == 0x00:  # PADDING: a thousand of them is common
            at = end - len(frames[at:].lstrip(b"\0"))
        elif kind in (0x02, 0x03):  # ACK: largest, delay, ranges, each of two numbers, and counts of ECN
            at = _varint(frames, _varint(frames, at)[1])[1]
            ranges, at = _varint(frames, at)
            numbers = 1 + 2 * ranges + (3 if kind == 0x03 else 0)
            if ranges < 0 or numbers > end - at:
                return
            for _ in range(numbers):
                at = _varint(frames, at)[1]
        elif kind == 0x06:
            offset, at = _varint(frames, at)
            size, at = _varint(frames, at)
            if offset < 0 or size < 0 or size > end - at:
                return
            yield offset, frames[at : at + size]
            at += size
        elif kind != 0x01:  # PING
            return


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 1, 2, 4 or 8 bytes and the offset behind it; (-1, end) where it is cut off."""
    if at >= len(data):
        return -1, len(data)
    width = 1 << (data[at] >> 6)
    if at + width > len(data):
        return -1, len(data)
    return int.from_bytes(data[at : at + width], "big") & (1 << 8 * width - 2) - 1, at + width


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) with no context, for at most 32 bytes."""
    name = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:size]
