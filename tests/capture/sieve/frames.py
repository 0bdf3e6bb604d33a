"""Small frames written byte by byte: Ethernet, IPv4 and a transport, and what is put around them."""

import struct
from ipaddress import IPv4Address

MINER, POOL = IPv4Address("192.0.2.9"), IPv4Address("198.51.100.1")
FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16


def ethernet(payload: bytes, kind: int = 0x0800) -> bytes:
    return b"\x02\0\0\0\0\2" + b"\x02\0\0\0\0\1" + struct.pack(">H", kind) + payload


def ipv4(
    protocol: int,
    payload: bytes,
    source: IPv4Address = MINER,
    target: IPv4Address = POOL,
    fraction: int = 0,
    total: int | None = None,
    identification: int = 7,
) -> bytes:
    """`fraction` is the word of flags and offset, `total` another total length than the true one."""
    length = 20 + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH", 0x45, 0, length, identification, fraction, 64, protocol, 0)
    return head + source.packed + target.packed + payload


def segment(
    payload: bytes = b"", sport: int = 51000, dport: int = 3333, seq: int = 100, flags: int = PUSH | ACK
) -> bytes:
    return struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, 0, 0x50, flags, 8192, 0, 0) + payload


def tcp(
    payload: bytes = b"",
    seq: int = 100,
    flags: int = PUSH | ACK,
    back: bool = False,
    sport: int = 51000,
    dport: int = 3333,
) -> bytes:
    """A frame from the miner to the pool, or back."""
    if back:
        return ethernet(ipv4(6, segment(payload, dport, sport, seq, flags), POOL, MINER))
    return ethernet(ipv4(6, segment(payload, sport, dport, seq, flags)))


def datagram(payload: bytes, sport: int = 40000, dport: int = 30303) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def udp(payload: bytes, sport: int = 40000, dport: int = 30303) -> bytes:
    return ethernet(ipv4(17, datagram(payload, sport, dport)))
