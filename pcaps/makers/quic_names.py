"""Names under encryption: pool hosts in the first packets of QUIC, look-ups by DNS over TLS. A hint only.

Written from RFC 9000, 9001 and 9369: the packets open with the keys that the RFCs derive.
"""

import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from pcaps.makers.making import C, S, Tape, number

FILE = "quic_names.pcap"
POOL = "xmr-eu1.nanopool.org"
CLIENT = "192.0.2.65"
V1 = (1, 0xC0, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", b"quic")
V2 = (0x6B3343CF, 0xD0, "0dede3def700a6db819381be6e269dcbf9bd2ed9", b"quicv2")
Version = tuple[int, int, str, bytes]


def hello(name: str, alpn: bytes, share: int) -> bytes:
    """Return a ClientHello; a `share` of 1,216 bytes is that of X25519MLKEM768."""
    host = name.encode()
    extensions = [
        (0, struct.pack(">HBH", len(host) + 3, 0, len(host)) + host),
        (10, struct.pack(">HHHH", 6, 0x11EC, 29, 23)),
        (13, struct.pack(">HHHH", 6, 0x0403, 0x0804, 0x0401)),
        (16, struct.pack(">HB", len(alpn) + 1, len(alpn)) + alpn),
        (43, b"\x02\x03\x04"),
        (51, struct.pack(">HHH", share + 4, 0x11EC if share > 32 else 29, share) + _random(name, share)),
        (57, b"\x01\x04\x80\x00\x75\x30\x0f\x00"),
    ]
    packed = b"".join(struct.pack(">HH", kind, len(body)) + body for kind, body in extensions)
    ciphers = struct.pack(">HHHH", 6, 0x1301, 0x1302, 0x1303)
    body = b"\x03\x03" + _random(f"random {name}", 32) + b"\0" + ciphers + b"\x01\0"
    body += struct.pack(">H", len(packed)) + packed
    return b"\x01" + len(body).to_bytes(3, "big") + body


def initial(version: Version, first_id: bytes, packet: int, frames: bytes, token: bytes = b"") -> bytes:
    """Return an Initial packet of a client, padded so that a datagram of it alone has 1,200 bytes."""
    code, kind, salt, label = version
    head = struct.pack(">BI", kind | 1, code) + bytes([len(first_id)]) + first_id + b"\x05myid!"
    head += bytes([len(token)]) + token
    frames = frames.ljust(1200 - len(head) - 2 - 2 - 16, b"\0")
    head += struct.pack(">H", 0x4000 | 2 + len(frames) + 16)
    secret = _expand(hmac.digest(bytes.fromhex(salt), first_id, "sha256"), b"client in", 32)
    iv = int.from_bytes(_expand(secret, label + b" iv", 12), "big")
    plain = head + struct.pack(">H", packet)
    nonce = (iv ^ packet).to_bytes(12, "big")
    body = AESGCM(_expand(secret, label + b" key", 16)).encrypt(nonce, frames, plain)
    cipher = Cipher(AES(_expand(secret, label + b" hp", 16)), ECB())
    mask = cipher.encryptor().update(body[2:18])
    return (
        bytes([plain[0] ^ mask[0] & 0x0F])
        + head[1:]
        + bytes(a ^ b for a, b in zip(struct.pack(">H", packet), mask[1:3], strict=True))
        + body
    )


def crypto(offset: int, data: bytes) -> bytes:
    """Return a CRYPTO frame."""
    return b"\x06" + struct.pack(">HH", 0x4000 | offset, 0x4000 | len(data)) + data


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    name = b"tls13 " + label
    info = struct.pack(">HB", size, len(name)) + name + b"\0\x01"
    return hmac.digest(secret, info, "sha256")[:size]


def _random(seed: str, size: int) -> bytes:
    return bytes.fromhex(number(seed, 2 * size))


def _name(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def look_up(tape: Tape, at: float, name: str, address: str) -> None:
    """Ask for a name's service binding and get hints by an alias, for a minute."""
    client, resolver = (CLIENT, 40065), ("203.0.113.53", 53)
    asked = _name(name) + struct.pack(">HH", 65, 1)
    tape.udp(at, client, resolver, struct.pack(">6H", 9, 0x0100, 1, 0, 0, 0) + asked)
    edge = _name("edge.pool.example")
    hints = b"\x00\x01\0" + struct.pack(">HH", 1, 3) + b"\x02h3" + struct.pack(">HH", 4, 4)
    hints += bytes(map(int, address.split(".")))
    answer = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 300, len(edge)) + edge
    answer += edge + struct.pack(">HHIH", 65, 1, 60, len(hints)) + hints
    reply = struct.pack(">6H", 9, 0x8180, 1, 2, 0, 0) + asked + answer
    tape.udp(at + 0.02, resolver, client, reply)


def look_up_by_tcp(tape: Tape, at: float, name: str, address: str) -> None:
    """Ask twice in one connection for a name's address, by TCP, the length in a segment of its own."""
    asked = _name(name) + struct.pack(">HH", 1, 1)
    question = struct.pack(">6H", 10, 0x0100, 1, 0, 0, 0) + asked
    found = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 20, 4) + bytes(map(int, address.split(".")))
    answer = struct.pack(">6H", 10, 0x8180, 1, 1, 0, 0) + asked + found
    script = []
    for _ in range(2):
        script.append((1.0, C, struct.pack(">H", len(question))))
        script.append((0.0, C, question))
        script.append((0.02, S, struct.pack(">H", len(answer)) + answer))
    tape.tcp(at, ("192.0.2.68", 40068), ("203.0.113.53", 53), script)


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    pool, site = ("203.0.113.78", 443), ("203.0.113.79", 443)
    look_up(tape, 0.0, POOL, pool[0])
    look_up_by_tcp(tape, 0.5, POOL, pool[0])
    first_id = _random("first id", 8)
    big = hello(POOL, b"h3", 1216)
    # a hello of two datagrams, its end first; then a Retry, and all of it again under the new id
    pieces = [crypto(700, big[700:]) + b"\x01" + crypto(300, big[300:500]), crypto(0, big[:300])]
    one = (CLIENT, 50001)
    for turn, piece in enumerate(pieces):
        tape.udp(1.0 + 0.001 * turn, one, pool, initial(V1, first_id, turn, piece))
    retry = b"\xf0" + struct.pack(">I", 1) + b"\x05myid!\x08" + _random("retry", 8) + b"token" + bytes(16)
    tape.udp(1.05, pool, one, retry)
    for turn, piece in enumerate((crypto(500, big[500:]), crypto(0, big[:500]))):
        tape.udp(1.1 + 0.001 * turn, one, pool, initial(V1, _random("retry", 8), 2 + turn, piece, b"token"))
    # version 2, in one datagram, from another client
    other = ("192.0.2.66", 50002)
    tape.udp(2.0, other, pool, initial(V2, _random("second id", 12), 0, crypto(0, hello(POOL, b"h3", 32))))
    tape.udp(2.05, pool, other, b"\xd5" + _random("answer", 1199))
    # a web site, which is nobody's pool
    plain = initial(V1, _random("third id", 8), 0, crypto(0, hello("www.example.org", b"h3", 32)))
    tape.udp(3.0, ("192.0.2.67", 50003), site, plain)
    # DNS over TLS hides what the first client looked up besides
    greeting = hello("dns.google", b"dot", 32)
    greeting = b"\x16\x03\x01" + struct.pack(">H", len(greeting)) + greeting
    tape.tcp(
        4.0,
        (CLIENT, 50010),
        ("203.0.113.54", 853),
        [(0.0, C, greeting), (0.02, S, b"\x17\x03\x03\x00\x40" + _random("dot", 64))],
    )
    return tape.in_time_order().pcap()
