"""DNS over UDP and TCP: which names were asked for, and with which addresses they were answered.

Source: RFC 1035, RFC 3596 (AAAA), RFC 9460 (SVCB, HTTPS); docs/protocols/dns.md.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from struct import error as StructError
from typing import ClassVar

from facts.endpoint import Address
from facts.errors import ParseError
from protocols.dns_names import MAX_NAME, POINTER, escaped, read_name
from protocols.events import DnsAnswer, DnsQuery
from protocols.framed import Framed, Half, Outcome
from protocols.parser import Event, Heads, Match, Parser, Side

MAX_RECORDS = 512  # records read of one message; 64 KiB of TCP could hold some 4,000
MAX_ALIASES = 16  # CNAMEs followed, as resolvers do
MAX_MESSAGES = 100_000  # messages of one TCP connection: a resolver's forwarder may stay for days
MAX_TTL = 0x7FFF_FFFF  # seconds: a TTL with its high bit set means zero (RFC 2181 section 8)
MAX_BYTES = 1 << 30  # bytes of one, which those messages cannot pass in any use
LENGTH_SIZE = 2  # bytes of the length before each message on TCP
MAX_FOREIGN = 8  # datagrams in a row that say nothing: the port pair has other traffic

# The message:
#   0    2       4         6         8         10        12
#   | id | flags | QDCOUNT | ANCOUNT | NSCOUNT | ARCOUNT | questions, answers, ...
HEADER = Struct(">HHHHHH")
QUESTION_AT = HEADER.size
QUESTION_TAIL = Struct(">HH")  # type, class
RECORD_TAIL = Struct(">HHIH")  # type, class, TTL, data length
RESPONSE = 0x8000
OPCODE = 0x7800
RESERVED = 0x0040  # the Z bit: always zero
TRUNCATED = 0x0200
CLASSES = frozenset({1, 3, 4, 255})  # IN, CH, HS, ANY


class RecordType(IntEnum):
    """The record types that lead from a name to an address."""

    A = 1
    CNAME = 5
    AAAA = 28
    DNAME = 39
    SVCB = 64
    HTTPS = 65


class Hint(IntEnum):
    """Parameters of a service binding that are read: protocols and addresses."""

    ALPN = 1
    IPV4 = 4
    IPV6 = 6


_WIDTHS: dict[int, int] = {RecordType.A: 4, RecordType.AAAA: 16}
"""Address record types with the bytes of an address."""
_HINT_WIDTHS: dict[int, int] = {Hint.IPV4: 4, Hint.IPV6: 16}

_Read = tuple[Event | None, str]
"""What a message says, if anything, and what was wrong with the rest of it (empty where nothing was)."""


class _Found:
    """What the records of one owner hold."""

    __slots__ = ("alpn", "raw", "ttl")

    def __init__(self) -> None:
        self.raw: list[bytes] = []  # addresses
        self.alpn: list[str] = []
        self.ttl = MAX_TTL


class Dns(Parser):
    """Reads the datagrams between a client and its resolver."""

    name: ClassVar[str] = "dns"
    transport: ClassVar[str] = "udp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for one well-formed question; never MORE, since a datagram is whole."""
        return Match.YES if any(_asks(bytes(head)) for head in heads.values()) else Match.NO

    def __init__(self) -> None:
        self._foreign = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield a DnsQuery or a DnsAnswer; raise ParseError where the message is malformed or cut off."""
        event, fault = _read(data, side, 0)
        self._foreign = 0 if event is not None else self._foreign + 1
        if event is not None:
            yield event
        if fault:
            raise ParseError(fault, 0)

    @property
    def finished(self) -> bool:
        """True when the two have long said something else."""
        return self._foreign >= MAX_FOREIGN


class DnsTcp(Framed[Half]):
    """Reads one TCP connection: each message behind its length in two bytes, which bounds what is held."""

    name: ClassVar[str] = "dns_tcp"
    max_messages = MAX_MESSAGES
    max_bytes = MAX_BYTES
    max_lost = MAX_BYTES

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for one well-formed question behind a length that holds it."""
        answers = {_probe_tcp(bytes(head)) for head in heads.values() if head}
        if Match.YES in answers:
            return Match.YES
        return Match.NO if answers == {Match.NO} else Match.MORE

    def __init__(self) -> None:
        super().__init__(Half(), Half())

    def _message(self, half: Half, side: Side, at: int) -> tuple[int, tuple[Outcome, ...]]:
        held = half.held
        end = at + LENGTH_SIZE + int.from_bytes(held[at : at + LENGTH_SIZE], "big")
        if len(held) - at < LENGTH_SIZE or end > len(held):
            return at, ()
        self._messages += 1
        offset = half.offset + at
        event, fault = _read(bytes(held[at + LENGTH_SIZE : end]), side, offset)
        return end, (event, ParseError(fault, offset) if fault else None)

    def _search(self, half: Half, at: int) -> int:
        """Pass over everything: nothing marks where a message begins."""
        return len(half.held)

    def _due(self, half: Half) -> int:
        if len(half.held) < LENGTH_SIZE:
            return 0
        return LENGTH_SIZE + int.from_bytes(half.held[:LENGTH_SIZE], "big") - len(half.held)

    @property
    def finished(self) -> bool:
        """True when neither direction can be read any more, or the connection has said plenty."""
        return super().finished or all(half.lost for half in self._halves)


def _probe_tcp(head: bytes) -> Match:
    length = int.from_bytes(head[:2], "big")
    flags = int.from_bytes(head[4:6], "big")
    if len(head) < 6:
        return Match.MORE
    if length < QUESTION_AT + 5 or flags & (OPCODE | RESERVED):
        return Match.NO
    if _asks(head[2 : 2 + length]):
        return Match.YES
    return Match.MORE if len(head) < min(2 + length, 2 + QUESTION_AT + MAX_NAME + 4) else Match.NO


def _asks(message: bytes) -> bool:
    """Say whether this holds one standard question, at least."""
    if len(message) < QUESTION_AT + 5:
        return False
    _, flags, questions, answers, _, _ = HEADER.unpack_from(message)
    if questions != 1 or flags & (OPCODE | RESERVED) or (answers and not flags & RESPONSE):
        return False
    try:
        _, at = read_name(message, QUESTION_AT)
        return QUESTION_TAIL.unpack_from(message, at)[1] in CLASSES
    except (IndexError, StructError, ParseError):
        return False


def _read(message: bytes, side: Side, offset: int) -> _Read:
    """Read one message; other operations than queries, and zone transfers' later messages, say nothing."""
    if len(message) < QUESTION_AT:
        return None, f"a message of {len(message)} bytes"
    _, flags, questions, answers, _, _ = HEADER.unpack_from(message)
    if questions != 1 or flags & OPCODE:
        return None, "" if questions < 2 or flags & OPCODE else f"{questions} questions"
    try:
        name, at = read_name(message, QUESTION_AT)
        qtype, _ = QUESTION_TAIL.unpack_from(message, at)
    except (IndexError, StructError):
        return None, "the question is cut off"
    except ParseError as error:
        return None, error.why
    if not flags & RESPONSE:
        return DnsQuery(protocol="dns", side=side, offset=offset, name=name, qtype=qtype), ""
    event = DnsAnswer(
        protocol="dns",
        side=side,
        offset=offset,
        name=name,
        addresses=(),
        rcode=flags & 0xF,
    )
    fault = ""
    if answers:
        event, fault = _answers(message, at + QUESTION_TAIL.size, event, answers)
        if flags & TRUNCATED:
            fault = ""  # it says itself that it is cut off
    return event, fault


def _answers(message: bytes, at: int, bare: DnsAnswer, count: int) -> tuple[DnsAnswer, str]:
    """Fill in what the name asked for leads to; return it with what was wrong, if anything.

    Addresses of names that it does not lead to are left out: nobody asked for them.
    """
    name = bare.name
    found: dict[str, _Found] = {}
    alias: dict[str, str] = {}
    pointed = {_pointer(QUESTION_AT): name}  # nearly every owner points to the question or to an alias
    fault = ""
    end_of_message = len(message)
    try:
        for _ in range(min(count, MAX_RECORDS)):
            start = message[at : at + 2]
            if start in pointed:
                owner = pointed[start]
                at += 2
            else:
                owner, at = read_name(message, at)
            kind, _, ttl, size = RECORD_TAIL.unpack_from(message, at)
            at += 10
            end = at + size
            if end > end_of_message:
                raise IndexError
            if _WIDTHS.get(kind) == size:
                _of(found, owner, ttl).raw.append(message[at:end])
            elif kind == RecordType.CNAME:
                alias[owner] = pointed[_pointer(at)] = read_name(message, at)[0]
                _of(found, owner, ttl)
            elif kind in (RecordType.HTTPS, RecordType.SVCB):
                _service(message, at, end, owner, _of(found, owner, ttl), alias)
            at = end
    except (IndexError, StructError):
        fault = "the answers are cut off"
    except ParseError as error:
        fault = error.why
    aliases: list[str] = []
    way = [found[name]] if name in found else []
    while name in alias and len(aliases) < MAX_ALIASES:
        name = alias.pop(name)
        aliases.append(name)
        way += [found[name]] if name in found else []
    raw = dict.fromkeys(octets for one in way for octets in one.raw)
    return replace(
        bare,
        addresses=tuple([_address(octets) for octets in raw]),
        aliases=tuple(aliases),
        ttl=min((one.ttl for one in way), default=None),
        alpn=tuple(dict.fromkeys(protocol for one in way for protocol in one.alpn)),
    ), fault


def _of(found: dict[str, _Found], owner: str, ttl: int) -> _Found:
    """Return what is known of an owner; its least TTL counts."""
    one = found.get(owner)
    if one is None:
        one = found[owner] = _Found()
    one.ttl = min(one.ttl, ttl if ttl <= MAX_TTL else 0)
    return one


def _service(message: bytes, at: int, end: int, owner: str, one: _Found, alias: dict[str, str]) -> None:
    """Read a service binding: the addresses that it hints at and its protocols, or its alias form."""
    priority = int.from_bytes(message[at : at + 2], "big")
    target, at = read_name(message, at + 2)
    if priority == 0:
        if target != ".":
            alias[owner] = target
        return
    while at + 4 <= end:
        key, size = QUESTION_TAIL.unpack_from(message, at)
        at += 4
        value = message[at : min(at + size, end)]
        width = _HINT_WIDTHS.get(key, 0)
        if width:
            one.raw += [value[i : i + width] for i in range(0, len(value) - width + 1, width)]
        elif key == Hint.ALPN:
            one.alpn += _protocols(value)
        at += size


def _protocols(value: bytes) -> Iterator[str]:
    """Yield protocol names, each behind its length."""
    at = 0
    while at < len(value):
        name = value[at + 1 : at + 1 + value[at]]
        at += 1 + value[at]
        yield escaped(name)


def _pointer(at: int) -> bytes:
    return (POINTER << 8 | at).to_bytes(2, "big") if at < 1 << 14 else b""


def _address(octets: bytes) -> Address:
    if len(octets) == 4:
        return IPv4Address(octets)
    address = IPv6Address(octets)
    return address.ipv4_mapped or address
