"""Messages built from the specifications, without the parsers' constants, and the ways to feed them."""

import struct
from collections.abc import Sequence
from hashlib import sha256

from facts.errors import ParseError
from protocols.parser import Event, Parser, Side

Flights = Sequence[tuple[Side, bytes]]


def drain(parser: Parser, side: Side, data: bytes) -> list[Event]:
    """Feed bytes; errors are swallowed, the events before them kept."""
    events: list[Event] = []
    try:
        for event in parser.feed(side, data):
            events.append(event)  # noqa: PERF402 - what came before an error stays
    except ParseError:
        pass
    return events


def play(kind: type[Parser], flights: Flights, cuts: Sequence[int] = ()) -> list[Event]:
    """Feed every flight, cut at the lengths of `cuts` in turn (whole without any)."""
    parser = kind()
    events: list[Event] = []
    turn = 0
    for side, data in flights:
        at = 0
        while at < len(data):
            size = cuts[turn % len(cuts)] if cuts else len(data)
            turn += 1
            events += drain(parser, side, data[at : at + size])
            at += size
    return events


def bitcoin(command: str, payload: bytes = b"", magic: str = "f9beb4d9") -> bytes:
    digest = sha256(sha256(payload).digest()).digest()
    header = bytes.fromhex(magic) + struct.pack("<12sI", command.encode(), len(payload)) + digest[:4]
    return header + payload


def version(
    agent: str = "/Satoshi:27.0.0/",
    *,
    services: int = 0x409,
    height: int = 840_000,
    to_port: int = 8333,
    protocol: int = 70016,
    time: int = 1_714_000_000,
    relay: bytes = b"\x01",
) -> bytes:
    raw = agent.encode()
    peer = struct.pack("<Q", 0) + bytes(10) + b"\xff\xff\xc0\x00\x02\x01" + struct.pack(">H", to_port)
    own = bytes(26)
    head = struct.pack("<iQq", protocol, services, time) + peer + own + struct.pack("<Q", 7)
    return head + bytes([len(raw)]) + raw + struct.pack("<i", height) + relay


def inventory(kind: int, count: int = 1) -> bytes:
    return bytes([count]) + b"".join(struct.pack("<I", kind) + bytes([n]) * 32 for n in range(count))


def levin(command: int, payload: bytes = b"", *, flags: int = 1, code: int = 0, expects: int = 1) -> bytes:
    return (
        struct.pack("<QQBIiII", 0x0101010101012101, len(payload), expects, command, code, flags, 1) + payload
    )


def storage(section: dict[str, object]) -> bytes:
    return struct.pack("<IIB", 0x01011101, 0x01020101, 1) + _section(section)


def _section(section: dict[str, object]) -> bytes:
    out = _varint(len(section))
    for name, value in section.items():
        out += bytes([len(name)]) + name.encode() + _entry(value)
    return out


def _entry(value: object) -> bytes:
    match value:
        case dict():
            return b"\x0c" + _section(value)
        case list():
            return b"\x8c" + _varint(len(value)) + b"".join(_section(each) for each in value)
        case bytes():
            return b"\x0a" + _varint(len(value)) + value
        case bool():
            return b"\x0b" + bytes([value])
        case int():
            return b"\x05" + struct.pack("<Q", value)
    raise TypeError(value)


def _varint(value: int) -> bytes:
    if value < 1 << 14:
        return struct.pack("<B", value << 2) if value < 64 else struct.pack("<H", value << 2 | 1)
    return struct.pack("<I", value << 2 | 2)


def handshake(network: str = "10", height: int = 3_100_000, peers: int = 0) -> bytes:
    entry = {"adr": {"addr": {"m_ip": 1, "m_port": 18080}, "type": 1}, "id": 7}
    section: dict[str, object] = {
        "node_data": {
            "my_port": 18080,
            "network_id": bytes.fromhex("1230f171610441611731008216a1a1" + network),
            "peer_id": 5,
        },
        "payload_data": {"cumulative_difficulty": 9, "current_height": height, "top_version": 16},
    }
    if peers:
        section = {"local_peerlist_new": [entry] * peers, **section}
    return storage(section)


def record(fragment: bytes, kind: int = 22, minor: int = 1) -> bytes:
    return struct.pack(">BBBH", kind, 3, minor, len(fragment)) + fragment


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def extension(kind: int, body: bytes = b"") -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def server_name(name: str) -> bytes:
    raw = name.encode()
    return extension(0, struct.pack(">HBH", len(raw) + 3, 0, len(raw)) + raw)


def alpn(*names: bytes) -> bytes:
    listed = b"".join(bytes([len(name)]) + name for name in names)
    return extension(16, struct.pack(">H", len(listed)) + listed)


def words(*values: int) -> bytes:
    return b"".join(struct.pack(">H", value) for value in values)


def client_hello(ciphers: bytes = words(0x1301), extensions: bytes = b"", legacy: int = 0x0303) -> bytes:
    body = (
        struct.pack(">H", legacy)
        + bytes(32)
        + b"\x00"
        + struct.pack(">H", len(ciphers))
        + ciphers
        + b"\x01\x00"
    )
    return message(1, body + (struct.pack(">H", len(extensions)) + extensions if extensions else b""))


def server_hello(extensions: bytes = b"") -> bytes:
    body = struct.pack(">H", 0x0303) + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"
    return message(2, body + (struct.pack(">H", len(extensions)) + extensions if extensions else b""))


def certificates(*ders: bytes) -> bytes:
    chain = b"".join(len(der).to_bytes(3, "big") + der for der in ders)
    return message(11, len(chain).to_bytes(3, "big") + chain)


def dns_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\x00"


def dns_query(name: str, qtype: int = 1, ident: int = 7) -> bytes:
    return struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + dns_name(name) + words(qtype, 1)


def dns_record(owner: bytes, qtype: int, data: bytes) -> bytes:
    return owner + struct.pack(">HHIH", qtype, 1, 60, len(data)) + data


def dns_answer(name: str, *records: bytes, qtype: int = 1, flags: int = 0x8180) -> bytes:
    head = struct.pack(">6H", 7, flags, 1, len(records), 0, 0)
    return head + dns_name(name) + words(qtype, 1) + b"".join(records)


def prefixed(dns: bytes) -> bytes:
    return struct.pack(">H", len(dns)) + dns
