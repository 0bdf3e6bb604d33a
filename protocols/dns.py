"""DNS over UDP and TCP: which names were asked for, and with which addresses they were answered.

Source: RFC 1035, RFC 3596 (AAAA), RFC 9460 (SVCB, HTTPS); docs/protocols/dns.md.
"""

from collections.abc import Iterator
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from struct import error as StructError
from typing import ClassVar

from facts.endpoint import Address
from facts.errors import ParseError
from protocols.events import DnsAnswer, DnsQuery
from protocols.parser import Event, Heads, Match, Parser, Side

MAX_NAME = 255  # bytes of a name on the wire, RFC 1035 section 2.3.4
MAX_JUMPS = 64  # compression pointers in one name: each must lead backwards, and no honest name has many
MAX_RECORDS = 512  # records read of one message; 64 KiB of TCP could hold some 4,000
MAX_ALIASES = 16  # CNAMEs followed, as resolvers do
MAX_MESSAGES = 100_000  # messages of one TCP connection: a resolver's forwarder may stay for days
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
POINTER = 0xC0  # the two high bits of a label length
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
    """Parameters of a service binding that hold addresses."""

    IPV4 = 4
    IPV6 = 6


_WIDTHS: dict[int, int] = {RecordType.A: 4, RecordType.AAAA: 16}
"""Address record types with the bytes of an address."""
_HINT_WIDTHS: dict[int, int] = {Hint.IPV4: 4, Hint.IPV6: 16}
_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_."

_Read = tuple[Event | None, str]
"""What a message says, if anything, and what was wrong with the rest of it (empty where nothing was)."""


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


class _Half:
    """One direction of a TCP connection."""

    __slots__ = ("held", "lost", "offset", "skip")

    def __init__(self) -> None:
        self.held = bytearray()  # at most one message, which its length prefix bounds to 64 KiB
        self.offset = 0  # stream offset of held[0]
        self.skip = 0  # bytes to come of a message that lost some
        self.lost = False  # no message boundary is known, and nothing marks one


class DnsTcp(Parser):
    """Reads one TCP connection: each message behind its length in two bytes."""

    name: ClassVar[str] = "dns_tcp"
    transport: ClassVar[str] = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES for one well-formed question behind a length that holds it."""
        answers = {_probe_tcp(bytes(head)) for head in heads.values() if head}
        if Match.YES in answers:
            return Match.YES
        return Match.NO if answers == {Match.NO} else Match.MORE

    def __init__(self) -> None:
        self._halves = (_Half(), _Half())
        self._messages = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield DnsQuery and DnsAnswer; what follows an error in `data` is read before it is raised."""
        half = self._halves[side]
        if half.lost:
            half.offset += len(data)
            return
        half.held += data
        held, at = half.held, min(half.skip, len(half.held))
        half.skip -= at
        events: list[Event] = []
        problem: ParseError | None = None
        while len(held) - at >= 2:
            end = at + 2 + int.from_bytes(held[at : at + 2], "big")
            if end > len(held):
                break
            event, fault = _read(bytes(held[at + 2 : end]), side, half.offset + at)
            if event is not None:
                events.append(event)
            if fault:
                problem = problem or ParseError(fault, half.offset + at)
            self._messages += 1
            at = end
        del held[:at]
        half.offset += at
        yield from events
        if problem is not None:
            raise problem

    def gap(self, side: Side, missing: int) -> None:
        """Pass over the message that the loss lies in; a loss that reaches further ends this direction."""
        half = self._halves[side]
        todo = half.skip
        if len(half.held) >= 2:
            todo = 2 + int.from_bytes(half.held[:2], "big") - len(half.held)
        half.offset += len(half.held) + missing
        half.held.clear()
        half.lost = half.lost or todo < missing
        half.skip = max(todo - missing, 0)

    @property
    def finished(self) -> bool:
        """True when neither direction can be read any more, or the connection has said plenty."""
        return self._messages >= MAX_MESSAGES or all(half.lost for half in self._halves)


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
        _, at = _name(message, QUESTION_AT)
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
        name, at = _name(message, QUESTION_AT)
        qtype, _ = QUESTION_TAIL.unpack_from(message, at)
    except (IndexError, StructError):
        return None, "the question is cut off"
    except ParseError as error:
        return None, error.why
    if not flags & RESPONSE:
        return DnsQuery(protocol="dns", side=side, offset=offset, name=name, qtype=qtype), ""
    addresses: tuple[Address, ...] = ()
    aliases: tuple[str, ...] = ()
    fault = ""
    if answers:
        addresses, aliases, fault = _answers(message, at + QUESTION_TAIL.size, name, answers)
        if flags & TRUNCATED:
            fault = ""  # it says itself that it is cut off
    event = DnsAnswer(
        protocol="dns",
        side=side,
        offset=offset,
        name=name,
        addresses=addresses,
        rcode=flags & 0xF,
        aliases=aliases,
    )
    return event, fault


def _answers(
    message: bytes, at: int, name: str, count: int
) -> tuple[tuple[Address, ...], tuple[str, ...], str]:
    """Return the addresses that `name` leads to, the aliases on the way, and what was wrong, if anything.

    Addresses of names that `name` does not lead to are left out: nobody asked for them.
    """
    found: dict[str, list[bytes]] = {}
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
                owner, at = _name(message, at)
            kind, _, _, size = RECORD_TAIL.unpack_from(message, at)
            at += 10
            end = at + size
            if end > end_of_message:
                raise IndexError
            if _WIDTHS.get(kind) == size:
                found.setdefault(owner, []).append(message[at:end])
            elif kind == RecordType.CNAME:
                alias[owner] = pointed[_pointer(at)] = _name(message, at)[0]
            elif kind in (RecordType.HTTPS, RecordType.SVCB):
                found.setdefault(owner, []).extend(_hints(message, at, end, owner, alias))
            at = end
    except (IndexError, StructError):
        fault = "the answers are cut off"
    except ParseError as error:
        fault = error.why
    raw = found.get(name, [])
    aliases: list[str] = []
    while name in alias and len(aliases) < MAX_ALIASES:
        name = alias.pop(name)
        aliases.append(name)
        raw = raw + found.get(name, [])
    return tuple([_address(octets) for octets in dict.fromkeys(raw)]), tuple(aliases), fault


def _hints(message: bytes, at: int, end: int, owner: str, alias: dict[str, str]) -> Iterator[bytes]:
    """Yield the addresses that a service binding hints at; its alias form is entered into `alias`."""
    priority = int.from_bytes(message[at : at + 2], "big")
    target, at = _name(message, at + 2)
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
            yield from (value[i : i + width] for i in range(0, len(value) - width + 1, width))
        at += size


def _pointer(at: int) -> bytes:
    return (POINTER << 8 | at).to_bytes(2, "big") if at < 1 << 14 else b""


def _address(octets: bytes) -> Address:
    if len(octets) == 4:
        return IPv4Address(octets)
    address = IPv6Address(octets)
    return address.ipv4_mapped or address


def _name(message: bytes, at: int) -> tuple[str, int]:
    """Return the name at `at` and the offset behind it, pointers followed.

    Raises IndexError where the message ends within it, ParseError where it is malformed.
    """
    labels: list[bytes] = []
    total = 0
    after = -1  # behind the first pointer
    jumps = 0
    while size := message[at]:
        if size < POINTER:
            if size > 63:
                raise ParseError(f"a label type {size >> 6} that nobody uses", at)
            total += size + 1
            if total >= MAX_NAME:
                raise ParseError(f"a name longer than {MAX_NAME} bytes", at)
            labels.append(message[at + 1 : at + 1 + size])
            at += size + 1
        else:
            target = (size & 0x3F) << 8 | message[at + 1]
            jumps += 1
            if target >= at or jumps > MAX_JUMPS:
                raise ParseError("a compression pointer that does not lead backwards", at)
            if after < 0:
                after = at + 2
            at = target
    raw = b".".join(labels).lower()
    if raw.translate(None, _PLAIN) or raw.count(b".") != max(len(labels) - 1, 0):
        text = ".".join(_escaped(label.lower()) for label in labels)
    else:
        text = raw.decode("ascii") or "."
    return text, at + 1 if after < 0 else after


def _escaped(label: bytes) -> str:
    """Write a label as zone files do: a dot as `\\.`, what is not printable as three decimal digits."""
    return "".join(
        f"\\{byte:03d}" if not 0x21 <= byte <= 0x7E else f"\\{byte:c}" if byte in b".\\" else f"{byte:c}"
        for byte in label
    )
