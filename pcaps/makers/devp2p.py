"""Ethereum-family nodes: discovery with records (discv4), sessions (RLPx), discovery version 5. None mines.

Written from ethereum/devp2p. Keys of the exchanges are real points of the curve; what they seal is a stream
of digests in the place of ciphertext, which nobody on the path can tell from it.
"""

import struct

from Crypto.Hash import keccak
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pcaps.makers.making import C, S, Script, Tape, number

FILE = "devp2p.pcap"
CLASSIC = bytes.fromhex("be46d57c")  # fork id of ETC behind block 19,250,000
STAKED = bytes.fromhex("c376cf8b")  # of ETH behind its fork of May 2025
EXPIRES = struct.pack(">I", 1_772_500_000)


def sealed(seed: str, size: int) -> bytes:
    """Return bytes in the place of ciphertext."""
    return bytes.fromhex(number(seed, 2 * size))


def rlp(value: object) -> bytes:
    """Return a value (bytes, or a list of values) in RLP."""
    if isinstance(value, bytes):
        if len(value) == 1 and value[0] < 0x80:
            return value
        body, base = value, 0x80
    else:
        assert isinstance(value, list)
        body, base = b"".join(map(rlp, value)), 0xC0
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body


def discovery(kind: int, body: list[object]) -> bytes:
    """Return a discv4 packet with its hash; the signature is a placeholder."""
    packed = rlp(body)
    rest = sealed(f"signature {packed.hex()}", 64) + b"\x01" + bytes([kind]) + packed
    return keccak.new(digest_bits=256, data=rest).digest() + rest


def endpoint(address: str, port: int) -> list[object]:
    """Return an endpoint: address, UDP port, TCP port."""
    packed = bytes(map(int, address.split(".")))
    return [packed, struct.pack(">H", port), struct.pack(">H", port)]


def record(address: str, fork: bytes) -> list[object]:
    """Return a node record with the pairs that clients send, in the order of their keys."""
    return [
        sealed(f"record {address}", 64), b"\x0c", b"eth", [[fork, b""]], b"id", b"v4",
        b"ip", bytes(map(int, address.split("."))), b"secp256k1", b"\x02" + sealed(address, 32),
        b"snap", [], b"tcp", struct.pack(">H", 30303), b"udp", struct.pack(">H", 30303),
    ]  # fmt: skip


def find(tape: Tape, at: float, one: str, other: str, fork: bytes) -> None:
    """Two nodes find each other, and ask for their records."""
    ends = ((one, 30303), (other, 30303))
    ping: list[object] = [b"\x04", endpoint(one, 30303), endpoint(other, 30303), EXPIRES, b"\x0c"]
    said: list[tuple[int, int, list[object]]] = [
        (0, 1, ping),
        (1, 2, [endpoint(one, 30303), sealed("ping", 32), EXPIRES, b"\x0c"]),
        (0, 3, [sealed("target", 64), EXPIRES]),
        (1, 4, [[[*endpoint(f"203.0.113.{n}", 30303), sealed(str(n), 64)] for n in range(12)], EXPIRES]),
        (0, 5, [EXPIRES]),
        (1, 6, [sealed("request", 32), record(other, fork)]),
        (1, 5, [EXPIRES]),
        (0, 6, [sealed("request", 32), record(one, fork)]),
    ]
    for turn, (side, kind, body) in enumerate(said):
        tape.udp(at + 0.1 * turn, ends[side], ends[1 - side], discovery(kind, body))


def key(secret: int) -> bytes:
    """Return an uncompressed point of secp256k1."""
    public = ec.derive_private_key(secret, ec.SECP256K1()).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def exchange(secret: int, size: int, *, prefixed: bool = True) -> bytes:
    """Return a first message of `size` bytes behind its length: a key, an IV, what is sealed, a MAC."""
    body = (key(secret) + sealed(f"exchange {secret}", size))[:size]
    return (struct.pack(">H", size) if prefixed else b"") + body


def frame(seed: str, size: int) -> bytes:
    """Return a frame: header and its MAC, a body padded to 16 bytes and its MAC."""
    return sealed(seed, 32 + (size + 15) // 16 * 16 + 16)


def session(auth: bytes, ack: bytes) -> Script:
    """Two nodes shake hands, say hello and keep in touch."""
    return [
        (0.0, C, auth),
        (0.06, S, ack + frame("hello of the other", 150)),
        (0.06, C, frame("hello", 140)),
        (0.1, S, frame("status", 70)),
        (0.01, C, frame("status too", 70)),
        *[
            (15.0, C, frame(f"ping {n}", 4)) if n % 2 else (0.05, S, frame(f"pong {n}", 4))
            for n in range(1, 7)
        ],
    ]


def version5(tape: Tape, at: float, one: tuple[str, int], other: tuple[str, int]) -> None:
    """Two consensus nodes open a session of discv5."""
    sizes = ((one, 95), (other, 63), (one, 353), (other, 141), (one, 121), (other, 388))
    for turn, (sender, size) in enumerate(sizes):
        target = other if sender == one else one
        tape.udp(at + 0.04 * turn, sender, target, sealed(f"v5 {turn}", size))


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    me, classic, staked, old, deaf = (
        "198.51.100.130",
        "203.0.113.220",
        "203.0.113.221",
        "203.0.113.222",
        "203.0.113.223",
    )
    find(tape, 0.0, me, classic, CLASSIC)
    tape.tcp(2.0, (me, 51001), (classic, 30303), session(exchange(11, 447), exchange(12, 381)))
    find(tape, 3.0, "198.51.100.131", staked, STAKED)
    tape.tcp(5.0, ("198.51.100.131", 51002), (staked, 30311), session(exchange(13, 512), exchange(14, 333)))
    before = session(exchange(15, 307, prefixed=False), exchange(16, 210, prefixed=False))
    tape.tcp(6.0, (me, 51003), (old, 30303), before)
    tape.tcp(7.0, (me, 51004), (deaf, 30303), [(0.0, C, exchange(17, 401))])
    version5(tape, 8.0, ("198.51.100.132", 9000), ("203.0.113.224", 9000))
    # the same sizes, to a port that is no node's: a game, a tunnel, anybody's secret
    version5(tape, 9.0, ("198.51.100.133", 40009), ("203.0.113.225", 27015))
    tape.packets += [(at + 0.003, raw) for at, raw in tape.packets[::11]]  # retransmissions
    return tape.in_time_order().pcap()
