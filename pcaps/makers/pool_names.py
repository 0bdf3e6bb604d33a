"""Names alone: one look-up of a listed pool and one TLS greeting to it. A hint, never a verdict."""

import struct

from pcaps.makers.making import C, Tape

FILE = "pool_names.pcap"
NAME = "xmr-eu1.nanopool.org"
RESOLVER = ("203.0.113.53", 53)


def _question(name: str) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return labels + b"\0" + struct.pack(">HH", 1, 1)


def client_hello(name: str) -> bytes:
    """Return a TLS 1.2/1.3 ClientHello record as OpenSSL's default client shapes it, with a server name."""
    host = name.encode()
    server_name = struct.pack(">HBH", len(host) + 3, 0, len(host)) + host
    extensions = [
        (0, server_name),
        (11, b"\x03\x00\x01\x02"),
        (10, struct.pack(">HHHH", 6, 29, 23, 24)),
        (13, struct.pack(">HHHH", 6, 0x0403, 0x0804, 0x0401)),
        (43, struct.pack(">BHH", 4, 0x0304, 0x0303)),
        (51, struct.pack(">HHH", 36, 29, 32) + bytes(32)),
    ]
    packed = b"".join(struct.pack(">HH", kind, len(body)) + body for kind, body in extensions)
    ciphers = struct.pack(">HHHHH", 8, 0x1302, 0x1303, 0x1301, 0xC030)
    body = b"\x03\x03" + bytes(32) + b"\0" + ciphers + b"\x01\x00" + struct.pack(">H", len(packed)) + packed
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    question = _question(NAME)
    tape.udp(0.0, ("192.0.2.60", 40000), RESOLVER, struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question)
    answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([203, 0, 113, 77])
    reply = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + question + answer
    tape.udp(0.02, RESOLVER, ("192.0.2.60", 40000), reply)
    tape.tcp(
        0.1, ("192.0.2.60", 40444), ("203.0.113.77", 10343), [(0.0, C, client_hello(NAME))], closed=False
    )
    return tape.pcap()
