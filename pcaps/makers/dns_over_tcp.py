"""A pool's name whose answer does not fit a datagram: truncated, then asked again over TCP."""

import struct

from pcaps.makers.making import C, S, Tape

FILE = "dns_over_tcp.pcap"
NAMES = ("xmr-eu1.nanopool.org", "xmr-us-east1.nanopool.org")
CLIENT, RESOLVER = "192.0.2.61", ("203.0.113.53", 53)
ADDRESSES = 40
"""Too many for the 512 bytes of a datagram (RFC 1035, section 4.2.1)."""


def _question(name: str) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return labels + b"\0" + struct.pack(">HH", 1, 1)


def _query(number: int, name: str) -> bytes:
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + _question(name)


def _reply(number: int, name: str, count: int, flags: int = 0x8180) -> bytes:
    answers = b"".join(
        b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([203, 0, 113, 60 + one % 100])
        for one in range(count)
    )
    return struct.pack(">HHHHHH", number, flags, 1, count, 0, 0) + _question(name) + answers


def _framed(message: bytes) -> bytes:
    """Put the length before a message (RFC 1035, section 4.2.2)."""
    return struct.pack(">H", len(message)) + message


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.udp(0.0, (CLIENT, 40_001), RESOLVER, _query(1, NAMES[0]))
    tape.udp(0.02, RESOLVER, (CLIENT, 40_001), _reply(1, NAMES[0], 0, 0x8380))
    script = [
        (0.01, C, _framed(_query(2, NAMES[0])) + _framed(_query(3, NAMES[1]))),
        (0.02, S, _framed(_reply(3, NAMES[1], 2))),  # out of order, as RFC 7766 allows
        (0.01, S, _framed(_reply(2, NAMES[0], ADDRESSES))[:1]),
        (0.0, S, _framed(_reply(2, NAMES[0], ADDRESSES))[1:]),
    ]
    tape.tcp(0.1, (CLIENT, 40_002), RESOLVER, script)
    return tape.pcap()
