"""Kaspa nodes: introductions, addresses, blocks, by gRPC over HTTP/2; and a node's RPC, which is none of it.

Written from the schema of rusty-kaspa and from RFC 9113; header blocks are static, without Huffman coding.
"""

import gzip
import struct

from pcaps.makers.making import C, S, Script, Tape, number

FILE = "kaspa_nodes.pcap"


def h2(kind: int, body: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    """Return a frame of HTTP/2."""
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def headers(path: str) -> bytes:
    """Return the header block of a gRPC request: :method POST, :scheme http, the path, its type."""
    named = b"\x04" + bytes([len(path)]) + path.encode()
    kind = b"\x0f\x10" + bytes([len(b"application/grpc")]) + b"application/grpc"
    return h2(1, b"\x83\x86" + named + kind, 4, 1)


def pb(*pairs: tuple[int, int | bytes]) -> bytes:
    """Return a message of Protocol Buffers."""

    def var(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    return b"".join(
        var(field << 3) + var(value)
        if isinstance(value, int)
        else var(field << 3 | 2) + var(len(value)) + value
        for field, value in pairs
    )


def said(*messages: bytes, packed: bool = False, size: int = 16_384) -> bytes:
    """Return messages of gRPC in DATA frames of at most `size` bytes."""
    whole = b""
    for message in messages:
        body = gzip.compress(message, 6, mtime=0) if packed else message
        whole += struct.pack(">BI", packed, len(body)) + body
    return b"".join(h2(0, whole[at : at + size], 0, 1) for at in range(0, len(whole), size))


def version(agent: str, network: str, seed: str) -> bytes:
    """Return a `version`."""
    address = pb((1, 1_772_416_800_000), (3, bytes([203, 0, 113, 9])), (4, 16111))
    identity = bytes.fromhex(number(seed, 32))
    fields = ((1, 8), (3, 1_772_416_800_000), (4, address), (5, identity), (6, agent.encode()))
    return pb((20, pb(*fields, (10, network.encode()))))


def block_hash(name: str) -> bytes:
    """Return a hash in its message."""
    return pb((1, bytes.fromhex(number(name, 64))))


def nodes(network: str, *, packed: bool) -> Script:
    """Two nodes meet, tell of blocks and stay."""
    opening = (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + h2(4, struct.pack(">HI", 4, 1 << 20))
        + h2(8, bytes(2) + b"\x0f\0")
    )
    block = pb((2, pb((1, pb((1, 1), (6, 1_772_416_801_000), (8, 7))), (2, bytes(700)))))
    script = [
        (0.0, C, opening),
        (0.0, C, headers("/protowire.P2P/MessageStream")),
        (0.05, S, h2(4) + h2(4, b"", 1) + h2(1, b"\x88", 4, 1)),
        (0.0, C, h2(4, b"", 1) + said(version("/kaspad:1.0.1/", network, "one"), packed=packed)),
        (0.05, S, said(version("/kaspad:1.1.0/", network, "two"), pb((19, b"")), packed=packed)),
        (0.02, C, said(pb((19, b"")), pb((50, b"")), pb((6, pb((1, 0)))), packed=packed, size=11)),
        (0.05, S, said(pb((50, b"")), pb((1, pb((1, pb((3, bytes(16)), (4, 16111)))))), packed=packed)),
    ]
    for n in range(8):
        script.append(
            (0.1, S if n % 2 else C, said(pb((14, pb((1, block_hash(f"{network} {n}"))))), packed=packed))
        )
        asked = pb((10, pb((1, block_hash(f"{network} {n}")))))
        script.append((0.01, C if n % 2 else S, said(asked, packed=packed)))
        script.append((0.02, S if n % 2 else C, said(block, packed=packed, size=500)))
    script.append((5.0, C, h2(6, bytes(8)) + said(pb((16, pb((1, 9)))), packed=packed)))
    script.append((0.02, S, h2(6, bytes(8), 1) + said(pb((17, pb((1, 9)))), packed=packed)))
    return script


def rpc() -> Script:
    """A wallet asks a node by its RPC: the same transport, another service."""
    opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2(4)
    asked, answer = pb((1063, b"")), pb((1064, pb((1, b"id"), (3, b"1.0.1"))))
    ask: list[tuple[float, int, bytes]] = []
    for _ in range(5):
        ask += [(1.0, C, said(asked)), (0.02, S, said(answer))]
    return [
        (0.0, C, opening + headers("/protowire.RPC/MessageStream")),
        (0.02, S, h2(4) + h2(1, b"\x88", 4, 1)),
        *ask,
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("198.51.100.140", 52001), ("203.0.113.230", 16111), nodes("kaspa-mainnet", packed=False))
    tape.tcp(
        1.0, ("2001:db8:40::2", 52002), ("2001:db8:f00d::90", 16111), nodes("kaspa-mainnet", packed=True)
    )
    tape.tcp(2.0, ("198.51.100.141", 52003), ("203.0.113.231", 16211), nodes("kaspa-testnet-10", packed=True))
    tape.tcp(3.0, ("192.0.2.150", 52004), ("203.0.113.230", 16110), rpc())
    tape.packets += [(at + 0.004, raw) for at, raw in tape.packets[::10]]  # retransmissions
    return tape.in_time_order().pcap()
