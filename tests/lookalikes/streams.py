"""What looks like mining from outside only: push and keep-alive, peers of other networks, games, calls."""

import json
import random
import struct

from pcaps.makers.lookalike_web import Lines, upgraded
from pcaps.makers.making import C, S, Script


def noise(seed: str, size: int) -> bytes:
    """Return bytes that look random and are the same every time."""
    return random.Random(seed).randbytes(size)


def beats(count: int, gap: float, asked: bytes, answered: bytes) -> Lines:
    """A keep-alive and its answer, again and again."""
    return [turn for _ in range(count) for turn in ((gap, C, asked), (0.05, S, answered))]


def record(kind: int, body: bytes) -> bytes:
    """Return a TLS record."""
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def hello(name: bytes | None) -> bytes:
    """Return a ClientHello in a record."""
    extensions = struct.pack(">HHHBB", 0x0A, 4, 2, 0, 29) + struct.pack(">HHBH", 0x2B, 3, 2, 0x0304)
    if name is not None:
        entry = struct.pack(">BH", 0, len(name)) + name
        extensions += struct.pack(">HHH", 0, len(entry) + 2, len(entry)) + entry
    body = struct.pack(">H", 0x0303) + noise("random", 32) + b"\0" + struct.pack(">HHH", 4, 0x1301, 0x1302)
    body += b"\x01\0" + struct.pack(">H", len(extensions)) + extensions
    return record(22, b"\x01" + struct.pack(">I", len(body))[1:] + body)


def server_hello() -> bytes:
    """Return a ServerHello of TLS 1.3, and what is encrypted behind it."""
    extensions = struct.pack(">HHH", 0x2B, 2, 0x0304)
    body = struct.pack(">H", 0x0303) + noise("server", 32) + b"\0" + struct.pack(">HB", 0x1301, 0)
    body += struct.pack(">H", len(extensions)) + extensions
    plain = record(22, b"\x02" + struct.pack(">I", len(body))[1:] + body)
    return plain + record(20, b"\x01") + record(23, noise("certificate", 2800))


def push(name: bytes, hours: int = 2) -> Lines:
    """A phone's push connection over TLS: a small record each way every few minutes."""
    said: Lines = [(0.0, C, hello(name)), (0.05, S, server_hello()), (0.02, C, record(23, noise("fin", 69)))]
    for one in range(hours * 12):
        said += [(300.0, C, record(23, noise(f"c{one}", 33))), (0.05, S, record(23, noise(f"s{one}", 33)))]
        if one % 5 == 0:
            said.append((7.0, S, record(23, noise(f"push{one}", 420))))
    return said


def nameless_tls() -> Lines:
    """TLS without a name, quiet for an hour, at a pool's port: the port alone is no witness."""
    said: Lines = [(0.0, C, hello(None)), (0.05, S, server_hello()), (0.02, C, record(23, noise("fin", 69)))]
    for one in range(40):
        said += [(90.0, C, record(23, noise(f"c{one}", 90))), (0.05, S, record(23, noise(f"s{one}", 60)))]
    return said


def shell() -> Lines:
    """SSH, kept alive for an hour."""
    said: Lines = [(0.0, C, b"SSH-2.0-OpenSSH_9.6\r\n"), (0.05, S, b"SSH-2.0-OpenSSH_9.2\r\n")]
    said += [
        (0.05, C, struct.pack(">IB", 1532, 6) + noise("kex", 1531)),
        (0.05, S, struct.pack(">IB", 1080, 6) + noise("kex2", 1079)),
    ]
    return said + beats(60, 60.0, noise("alive", 52), noise("alive2", 28))


def messages() -> Lines:
    """MQTT pings, and readings as JSON with `method` and `params`."""
    said: Lines = [(0.0, C, b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04rig1"), (0.1, S, b"\x20\x02\0\0")]
    text = json.dumps(
        {"id": 7, "method": "thing.event.post", "params": {"hashrate": 95, "temp": 61}}
    ).encode()
    topic = struct.pack(">H", 9) + b"rigs/stat"
    size = len(topic) + len(text)
    return [*said, (0.0, C, b"0" + bytes([size]) + topic + text), *beats(40, 60.0, b"\xc0\x00", b"\xd0\x00")]


def presence() -> Lines:
    """XMPP: white space keeps it alive."""
    opened: Lines = [(0.0, C, b"<stream:stream to='x'>"), (0.1, S, b"<stream:stream from='x'>")]
    return opened + beats(30, 120.0, b" ", b" ")


def ticker() -> Lines:
    """Prices of coins over WebSocket, with ids, methods and results."""
    said: list[tuple[float, int, object]] = [
        (0.1, C, {"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@trade", "xmrusdt@trade"]}),
        (0.1, S, {"id": 1, "result": None}),
    ]
    said += [
        (2.0, S, {"e": "trade", "s": "BTCUSDT", "p": f"{60_000 + one}.10", "q": "0.01", "id": one})
        for one in range(30)
    ]
    return upgraded("/stream", said, "ticker.example")


def torrent() -> Lines:
    """BitTorrent: handshake, bitfield, requests, keep-alives."""
    shake = b"\x13BitTorrent protocol" + bytes(8) + noise("info", 20) + b"-qB4650-" + noise("peer", 12)
    said: Lines = [(0.0, C, shake), (0.1, S, shake), (0.1, C, struct.pack(">IB", 41, 5) + noise("bits", 40))]
    for one in range(20):
        said += [(1.0, C, struct.pack(">IBIII", 13, 6, one, 0, 16_384))]
        said += [(0.2, S, struct.pack(">IBII", 16_393, 7, one, 0) + noise(f"piece{one}", 16_384)[:2000])]
    return said + beats(5, 120.0, bytes(4), bytes(4))


def procedure_calls() -> Lines:
    """gRPC without TLS, as Hyperledger Fabric's peers and ChainMaker's nodes may speak: HTTP/2 frames."""

    def h2(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body

    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2(4, 0, 0, struct.pack(">HI", 4, 65_535))
    said: Lines = [(0.0, C, preface), (0.05, S, h2(4, 0, 0, b"") + h2(4, 1, 0, b""))]
    for one in range(1, 30, 2):
        path = b"\x83\x86\x44" + bytes([0x18]) + b"/protos.Endorser/Process"[:24]
        said += [
            (
                1.0,
                C,
                h2(1, 4, one, path) + h2(0, 1, one, b"\0" + struct.pack(">I", 200) + noise(f"p{one}", 200)),
            )
        ]
        said += [
            (
                0.1,
                S,
                h2(1, 4, one, b"\x88") + h2(0, 1, one, b"\0" + struct.pack(">I", 90) + noise(f"r{one}", 90)),
            )
        ]
    return said + beats(10, 30.0, h2(6, 0, 0, bytes(8)), h2(6, 1, 0, bytes(8)))


def consortium() -> Lines:
    """FISCO BCOS, channel protocol: length, type, sequence, result, and JSON-RPC inside."""
    said: Lines = []
    for one in range(12):
        text = json.dumps({"jsonrpc": "2.0", "method": "getBlockNumber", "params": [1], "id": one}).encode()
        reply = json.dumps({"jsonrpc": "2.0", "id": one, "result": hex(one)}).encode()
        tail = b"%032d" % one
        said += [(1.0, C, struct.pack(">IH", 42 + len(text), 0x12) + tail + bytes(4) + text)]
        said += [(0.1, S, struct.pack(">IH", 42 + len(reply), 0x12) + tail + bytes(4) + reply)]
    return said


def consortium_http() -> Lines:
    """libp2p as ChainMaker's nodes use it: multistream, then encrypted."""
    opened: Lines = [
        (0.0, C, b"\x13/multistream/1.0.0\n"), (0.05, S, b"\x13/multistream/1.0.0\n"),
        (0.05, C, b"\x0b/tls/1.0.0\n"), (0.05, S, b"\x0b/tls/1.0.0\n"),
    ]  # fmt: skip
    return [
        *opened,
        (0.01, C, hello(None)),
        (0.05, S, server_hello()),
        *beats(30, 10.0, noise("a", 64), noise("b", 64)),
    ]


def lightning() -> Lines:
    """Lightning's transport: acts of 50, 50 and 66 bytes, then encrypted messages (BOLT 8)."""
    said: Lines = [
        (0.0, C, b"\0" + noise("act1", 49)),
        (0.1, S, b"\0" + noise("act2", 49)),
        (0.1, C, b"\0" + noise("act3", 65)),
    ]
    said += [(0.1, C, noise("init", 18 + 60)), (0.1, S, noise("init2", 18 + 62))]
    return said + beats(40, 30.0, noise("ping", 18 + 22), noise("pong", 18 + 20))


def shadow() -> Lines:
    """Shadowsocks: random bytes from the first one on, a page inside."""
    said: Lines = [(0.0, C, noise("salt", 32 + 180)), (0.1, S, noise("salt2", 32 + 1400))]
    return (
        said
        + [(0.02, S, noise(f"page{one}", 1400)) for one in range(30)]
        + beats(20, 5.0, noise("x", 90), noise("y", 300))
    )


def obfuscated_like_noise() -> Lines:
    """A first flight of 64 random bytes, answered by 64: as long as that of Stratum V2, and no liker."""
    said: Lines = [(0.0, C, noise("one", 64)), (0.1, S, noise("two", 64))]
    return said + beats(60, 10.0, noise("c", 120), noise("s", 100))


def blocks() -> Lines:
    """Minecraft: a handshake, the status as JSON behind its length, pings."""
    status = json.dumps(
        {"version": {"name": "1.21", "protocol": 767}, "players": {"max": 20, "online": 3}}
    ).encode()
    size = len(status) + 2
    said: Lines = [
        (0.0, C, b"\x10\0\xff\x05\x09localhost\x63\xdd\x01\x01\0"),
        (0.1, S, bytes([size % 128 | 128, size // 128, 0, len(status)]) + status),
    ]
    return said + beats(30, 15.0, b"\x09\x01" + bytes(8), b"\x09\x01" + bytes(8))


def game_lines() -> Lines:
    """A game in lines of JSON."""
    said: Lines = []
    for one in range(40):
        move = {"type": "move", "id": one, "params": {"x": one, "y": 7}, "method": "walk"}
        said += [(0.5, C, json.dumps(move).encode() + b"\n")]
        said += [(0.05, S, json.dumps({"id": one, "result": True, "error": None}).encode() + b"\n")]
    return said


def game_of_miners() -> Lines:
    """A game in which one mines: `mining.submit` is said and granted, and nothing in it was computed."""

    def told(body: dict[str, object]) -> bytes:
        return json.dumps(body).encode() + b"\n"

    said: Lines = [(0.0, C, told({"id": 1, "method": "mining.start", "params": ["ore-7", 40]}))]
    said += [(0.1, S, told({"id": 1, "result": {"ok": True}, "error": None}))]
    for one in range(2, 12):
        said += [(3.0, S, told({"id": None, "method": "mining.notify", "params": ["ore-7", f"vein {one}"]}))]
        said += [
            (5.0, C, told({"id": one, "method": "mining.submit", "params": ["ada", "ore-7", "pick", 3]}))
        ]
        said += [(0.1, S, told({"id": one, "result": True, "error": None}))]
    return said


def program() -> Lines:
    """A program file sent bare: it begins with 7F 45 4C 46, and 7F is how frames of BTCAgent begin."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 62, 1)
    return [
        (0.0, C, head + noise("code", 1400)),
        *((0.01, C, noise(f"code{one}", 1460)) for one in range(20)),
    ]


def zeros() -> Lines:
    """A measurement of speed: nothing but zeros."""
    return [(0.01, C, bytes(1460)) for _ in range(40)] + [(0.1, S, bytes(100))]


def lengths_and_noise() -> Lines:
    """Messages behind their length, random inside: the shape of many a protocol's key exchange."""

    def packed(seed: str, size: int) -> bytes:
        return struct.pack(">H", size) + noise(seed, size)

    said: Lines = [(0.0, C, packed("k", 430)), (0.1, S, packed("l", 410))]
    return said + beats(30, 10.0, packed("m", 90), packed("n", 70))


def proxied_browsing() -> Lines:
    """A page behind SOCKS 5, on port 3333 of the far side."""
    opened: Lines = [(0.0, C, b"\x05\x01\0"), (0.05, S, b"\x05\0")]
    opened += [(0.05, C, b"\x05\x01\0\x03\x0bweb.example\x0d\x05"), (0.1, S, b"\x05\0\0\x01" + bytes(6))]
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    return opened + beats(6, 3.0, b"GET / HTTP/1.1\r\nHost: web.example\r\n\r\n", page)


TALKS: dict[str, tuple[int, Script]] = {
    "push to phones (APNs)": (5223, push(b"17-courier.push.example")),
    "push to phones (FCM)": (5228, push(b"mtalk.push.example")),
    "TLS without a name, quiet": (443, nameless_tls()),
    "SSH kept alive": (22, shell()),
    "MQTT kept alive": (1883, messages()),
    "XMPP kept alive": (5222, presence()),
    "prices over WebSocket": (443, ticker()),
    "BitTorrent": (6881, torrent()),
    "Hyperledger Fabric (gRPC)": (7051, procedure_calls()),
    "FISCO BCOS": (20200, consortium()),
    "ChainMaker (libp2p)": (11301, consortium_http()),
    "Lightning (BOLT 8)": (9735, lightning()),
    "Shadowsocks": (8388, shadow()),
    "64 random bytes and 64 back": (34255, obfuscated_like_noise()),
    "Minecraft": (25565, blocks()),
    "a game in lines of JSON": (7777, game_lines()),
    "a game in which one mines": (7778, game_of_miners()),
    "a program file sent bare": (9000, program()),
    "zeros": (5201, zeros()),
    "random messages behind their lengths": (30303, lengths_and_noise()),
    "a page behind SOCKS": (1080, proxied_browsing()),
}
"""Port and script of each, over TCP."""
