"""Chia nodes that speak TLS 1.2: certificates of Chia's own authority; a web server with another one beside.

Written from chia/ssl/create_ssl.py (names of the certificates) and RFC 5246. Chia's keys are RSA; these are
Ed25519 from a fixed seed, so that the bytes are the same every time.
"""

import struct
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pcaps.makers.making import C, S, Script, Tape, number

FILE = "chia_nodes.pcap"
CUT = 700  # bytes of a segment in which a server's flight is sent


def raw(seed: str, size: int) -> bytes:
    """Return so many bytes that look random."""
    return bytes.fromhex(number(seed, 2 * size))


def name(common: str, organisation: str, unit: str) -> x509.Name:
    """Return a distinguished name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )


def certificate(seed: str, issuer: x509.Name, host: str) -> bytes:
    """Return a certificate for a host in DER, signed by a key of the seed."""
    key = Ed25519PrivateKey.from_private_bytes(raw(seed, 32))
    return (
        x509.CertificateBuilder()
        .subject_name(name("Chia", "Chia", "Organic Farming Division"))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int(number(seed, 8), 16) | 1)
        .not_valid_before(datetime(2025, 12, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 8, 2, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, None)
        .public_bytes(Encoding.DER)
    )


def record(kind: int, body: bytes) -> bytes:
    """Return one record of TLS 1.2."""
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def handshake(kind: int, body: bytes) -> bytes:
    """Return one handshake message."""
    return struct.pack(">I", kind << 24 | len(body)) + body


def client_hello(seed: str) -> bytes:
    """Return a ClientHello without a server name: nodes are called by address."""
    ciphers = struct.pack(">4H", 0xC02F, 0xC030, 0xC02B, 0x009C)
    groups = struct.pack(">HHHH", 10, 4, 2, 23)
    schemes = struct.pack(">HHHHH", 13, 6, 4, 0x0804, 0x0401)
    body = struct.pack(">H", 0x0303) + raw(seed, 32) + b"\0"
    body += struct.pack(">H", len(ciphers)) + ciphers + b"\1\0"
    body += struct.pack(">H", len(groups + schemes)) + groups + schemes
    return record(22, handshake(1, body))


def server_flight(seed: str, leaf: bytes) -> bytes:
    """Return ServerHello, Certificate, CertificateRequest and ServerHelloDone, each a record."""
    hello = struct.pack(">H", 0x0303) + raw(seed, 32) + b"\0" + struct.pack(">HB", 0xC02F, 0)
    chain = len(leaf).to_bytes(3, "big") + leaf
    asked = b"\1\1" + struct.pack(">HHH", 2, 0x0401, 0)
    messages = ((2, hello), (11, len(chain).to_bytes(3, "big") + chain), (13, asked), (14, b""))
    return b"".join(record(22, handshake(kind, body)) for kind, body in messages)


def session(seed: str, leaf: bytes) -> Script:
    """Return a handshake and some records of sealed messages."""
    flight = server_flight(f"{seed} server", leaf)
    said = [(0.03, S, flight[at : at + CUT]) for at in range(0, len(flight), CUT)]
    sealed = [(1.0 + turn, turn % 2, record(23, raw(f"{seed} {turn}", 60 + 40 * turn))) for turn in range(6)]
    keys = record(22, handshake(16, b"\x20" + raw(f"{seed} key", 32))) + record(20, b"\1")
    finished = record(20, b"\1") + record(22, raw(f"{seed} end", 40))
    return [(0.0, C, client_hello(seed)), *said, (0.02, C, keys), (0.03, S, finished), *sealed]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    chia = name("Chia CA", "Chia", "Organic Farming Division")
    others = name("Example Authority", "Example", "Sites")
    nodes = (("203.0.113.91", "first"), ("203.0.113.92", "second"))
    for place, (address, seed) in enumerate(nodes):
        leaf = certificate(seed, chia, "chia.net")
        tape.tcp(place * 3.0, ("192.0.2.91", 50_000 + place), (address, 8444), session(seed, leaf))
    web = certificate("web", others, "www.example")
    tape.tcp(9.0, ("192.0.2.91", 50_009), ("203.0.113.93", 8444), session("web", web))
    return tape.in_time_order().pcap()
