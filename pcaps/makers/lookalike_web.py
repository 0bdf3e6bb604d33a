"""HTTP and WebSocket that are no mining: wallets' and nodes' RPC, DApps, downloaders, hooks, monitors."""

import base64
import hashlib
import json
import lzma
import struct
from typing import Any

from pcaps.makers.making import C, S, Script, Tape, number

FILE = "lookalike_web.pcap.xz"
Lines = list[tuple[float, int, bytes]]


def call(number_: object, method: str, *params: object) -> dict[str, Any]:
    """Return a request of JSON-RPC 2.0."""
    return {"jsonrpc": "2.0", "id": number_, "method": method, "params": list(params)}


def result(number_: object, value: object) -> dict[str, Any]:
    """Return its answer."""
    return {"jsonrpc": "2.0", "id": number_, "result": value}


def post(body: object, path: str = "/", extra: str = "") -> bytes:
    """Return a POST of JSON, in one piece."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: node.example\r\n{extra}Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


def get(path: str, extra: str = "") -> bytes:
    """Return a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: web.example\r\nUser-Agent: sample/1.0\r\n{extra}\r\n".encode()


def ok(body: object, kind: str = "application/json") -> bytes:
    """Return an answer with 200."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def asked_over_http(pairs: list[tuple[object, object]], path: str = "/", gap: float = 2.0) -> Lines:
    """Requests with their answers."""
    said: Lines = []
    for request, reply in pairs:
        said += [(gap, C, post(request, path)), (0.05, S, ok(reply))]
    return said


def frame(text: object, masked: bool, opcode: int = 1) -> bytes:
    """Return one WebSocket frame (RFC 6455, section 5.2)."""
    data = text if isinstance(text, bytes) else json.dumps(text, separators=(",", ":")).encode()
    bit = 0x80 if masked else 0
    if len(data) < 126:
        head = struct.pack(">BB", 0x80 | opcode, bit | len(data))
    else:
        head = struct.pack(">BBH", 0x80 | opcode, bit | 126, len(data))
    if not masked:
        return head + data
    key = hashlib.sha256(data).digest()[:4]
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(data))


def upgraded(path: str, said: list[tuple[float, int, object]], host: str = "node.example") -> Lines:
    """A WebSocket conversation, from the handshake on."""
    key = base64.b64encode(hashlib.sha256(path.encode()).digest()[:16]).decode()
    accept = base64.b64encode(
        hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    ).decode()
    ask = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    answer = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    out: Lines = [(0.0, C, ask.encode()), (0.05, S, answer.encode())]
    return out + [(pause, side, frame(text, side == C)) for pause, side, text in said]


def head(height: int) -> dict[str, str]:
    """Return a block header as a node's RPC writes it."""
    return {
        "number": hex(height),
        "hash": "0x" + number(f"h{height}", 64),
        "parentHash": "0x" + number(f"h{height - 1}", 64),
        "nonce": "0x0000000000000000",
        "mixHash": "0x" + number(f"m{height}", 64),
        "difficulty": "0x0",
        "miner": "0x" + "0" * 40,
        "gasLimit": "0x1c9c380",
        "timestamp": hex(1_772_416_800 + 12 * height),
    }


def dapp_over_http() -> Lines:
    """A DApp's page reads a contract."""
    said: Lines = []
    for one in range(1, 12):
        asked = call(one, "eth_call", {"to": "0x" + "1" * 40, "data": "0x70a08231" + "0" * 64}, "latest")
        said += [(2.0, C, post(asked)), (0.1, S, ok(result(one, "0x" + "0" * 64)))]
    return said


def dapp_over_websocket() -> Lines:
    """A wallet follows the chain's heads."""
    said: list[tuple[float, int, object]] = [
        (0.1, C, call(1, "eth_chainId")),
        (0.1, S, result(1, "0x1")),
        (0.1, C, call(2, "eth_subscribe", "newHeads")),
        (0.1, S, result(2, "0x" + number("subscription", 32))),
        (0.1, C, call(3, "eth_getBlockByNumber", "latest", False)),
        (0.1, S, result(3, head(21_000_000))),
    ]
    for one in range(8):
        pushed = {"subscription": "0x" + number("subscription", 32), "result": head(21_000_001 + one)}
        said.append((12.0, S, {"jsonrpc": "2.0", "method": "eth_subscription", "params": pushed}))
        said += [(0.3, C, call(10 + one, "eth_gasPrice")), (0.1, S, result(10 + one, "0x3b9aca00"))]
    return upgraded("/ws/v3/key", said)


def defi_wallet() -> Lines:
    """A wallet sends a transaction; it asks in batches."""
    asked = [call(1, "eth_chainId"), call(2, "eth_gasPrice"), call(3, "net_version")]
    answered = [result(1, "0x38"), result(2, "0x3b9aca00"), result(3, "56")]
    sent = call(4, "eth_sendRawTransaction", "0x02f870" + number("tx", 200))
    return asked_over_http(
        [
            (asked, answered),
            (sent, result(4, "0x" + number("txid", 64))),
            (call(5, "eth_getTransactionReceipt", "0x" + number("txid", 64)), result(5, None)),
            (call(6, "eth_syncing"), result(6, False)),
            (call(7, "eth_mining"), result(7, False)),
            (call(8, "eth_hashrate"), result(8, "0x0")),
        ]
    )


def bitcoin_wallet() -> Lines:
    """A shop's wallet at its own node; it also looks at the chain's difficulty."""

    def old(number_: int, method: str, *params: object) -> dict[str, Any]:
        return {"jsonrpc": "1.0", "id": f"shop-{number_}", "method": method, "params": list(params)}

    pairs: list[tuple[object, object]] = []
    for place, (method, value) in enumerate(
        (
            ("getblockchaininfo", {"chain": "main", "blocks": 938_400, "difficulty": 1.4e14}),
            ("getbalance", 1.25),
            ("getnewaddress", "1111111111111111111114oLvT2"),
            ("listtransactions", []),
            ("getmininginfo", {"blocks": 938_400, "networkhashps": 1e21, "chain": "main"}),
            ("getnetworkhashps", 1e21),
            ("getblockhash", number("block", 64)),
            ("estimatesmartfee", {"feerate": 0.0001, "blocks": 6}),
        )
    ):
        pairs.append((old(place, method), {"result": value, "error": None, "id": f"shop-{place}"}))
    return asked_over_http(pairs)


def monero_wallet() -> Lines:
    """A Monero wallet synchronises."""
    info = {
        "height": 3_600_000,
        "target_height": 0,
        "difficulty": 6 * 10**11,
        "status": "OK",
        "mainnet": True,
    }
    said = asked_over_http(
        [
            ({"jsonrpc": "2.0", "id": "0", "method": "get_info"}, result("0", info)),
            ({"jsonrpc": "2.0", "id": "0", "method": "get_version"}, result("0", {"version": 196_621})),
            ({"jsonrpc": "2.0", "id": "0", "method": "get_last_block_header"}, result("0", {"status": "OK"})),
            ({"jsonrpc": "2.0", "id": "0", "method": "get_fee_estimate"}, result("0", {"fee": 20_000})),
        ],
        "/json_rpc",
    )
    return [*said, (1.0, C, post(b"\x01\x11\x01\x01\x01\x01\x02\x01\x01\x04", "/getblocks.bin")),
            (0.2, S, ok(bytes(range(200)), "application/octet-stream"))]  # fmt: skip


def downloader_over_http() -> Lines:
    """aria2 over HTTP."""
    return asked_over_http(
        [
            (
                call("q", "aria2.addUri", "token:x", ["http://files.example/a.iso"]),
                result("q", "2089b05ecca3d829"),
            ),
            (call("q", "aria2.tellStatus", "token:x", "2089b05ecca3d829"), result("q", {"status": "active"})),
            (call("q", "aria2.tellActive", "token:x"), result("q", [])),
        ],
        "/jsonrpc",
    )


def downloader_over_websocket() -> Lines:
    """aria2 over WebSocket: it also notifies."""
    said: list[tuple[float, int, object]] = [
        (0.1, C, call("q1", "aria2.addUri", "token:x", ["http://files.example/a.iso"])),
        (0.1, S, result("q1", "2089b05ecca3d829")),
    ]
    for event in ("Start", "Pause", "Start", "Complete"):
        note = {
            "jsonrpc": "2.0",
            "method": f"aria2.onDownload{event}",
            "params": [{"gid": "2089b05ecca3d829"}],
        }
        said.append((20.0, S, note))
    return upgraded("/jsonrpc", said)


def containers() -> Lines:
    """Docker's API: objects a line, streamed."""
    event = {
        "status": "start",
        "id": number("c", 64),
        "from": "xmrig:latest",
        "Type": "container",
        "Action": "start",
    }
    chunk = json.dumps(event).encode() + b"\n"
    stream = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    said: Lines = [(0.0, C, get("/v1.45/events")), (0.1, S, stream)]
    return said + [(5.0, S, f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n") for _ in range(6)]


def machine_watch() -> Lines:
    """A farm's monitoring over HTTP: it talks about rigs, and mines nothing."""
    stats = {
        "method": "stats",
        "jsonrpc": "2.0",
        "id": 1,
        "params": {"rig_id": "7", "total_khs": 31000, "miner": "lolminer"},
    }
    return asked_over_http([(stats, result(1, {"command": "OK"}))] * 8, "/worker/api", gap=10.0)


def build_farm() -> Lines:
    """Jobs of a build farm over WebSocket, in the words of browser mining."""
    said: list[tuple[float, int, object]] = [
        (0.1, C, {"type": "auth", "params": {"token": "t0ken", "user": "builder"}}),
        (0.1, S, {"type": "authed", "params": {"user": "builder"}}),
    ]
    for one in range(8):
        said += [
            (9.0, S, {"type": "job", "params": {"job_id": str(one), "target": "release", "command": "make"}})
        ]
        said += [
            (20.0, C, {"type": "submit", "params": {"job_id": str(one), "result": "passed", "nonce": "1"}})
        ]
        said += [(0.1, S, {"type": "accepted", "params": {"total": one}})]
    return upgraded("/agents", said, "build.example")


def relayed() -> Lines:
    """A room over WebSocket relays to all, the sender too, what somebody pastes: a pool's messages."""
    pasted = [
        {"id": 1, "method": "mining.subscribe", "params": ["x"]},
        {"id": 2, "method": "mining.authorize", "params": ["a.b", "x"]},
        {"id": 2, "result": True, "error": None},
        {"id": 4, "method": "mining.submit", "params": ["a.b", "1", "00000000", "69a50081", "0badcafe"]},
    ]
    said = [turn for one in pasted for turn in ((3.0, C, one), (0.1, S, one))]
    return upgraded("/room", said, "chat.example")


def hooks() -> Lines:
    """A collector of web hooks hears calls for work; it answers that it heard them."""
    said: Lines = []
    for one, method in enumerate(
        ("eth_getWork", "getwork", "getblocktemplate", "submitblock", "eth_submitWork")
    ):
        said += [(5.0, C, post(call(one, method), "/hook")), (0.1, S, ok({"ok": True}))]
    return said


def vacancies() -> Lines:
    """A web site with paths like those of miners."""
    html = b"<html>we are hiring</html>"
    return [
        turn
        for path in ("/getwork", "/lp", "/api/job", "/submit?job=7", "/getblocktemplate")
        for turn in ((4.0, C, get(path)), (0.1, S, ok(html, "text/html")))
    ]


TALKS: dict[str, tuple[int, Script]] = {
    "a DApp over HTTP": (8545, dapp_over_http()),
    "a DApp over WebSocket": (8546, dapp_over_websocket()),
    "a DeFi wallet that asks in batches": (443, defi_wallet()),
    "a Bitcoin wallet's RPC": (8332, bitcoin_wallet()),
    "a Monero wallet's RPC": (18081, monero_wallet()),
    "aria2 over HTTP": (6800, downloader_over_http()),
    "aria2 over WebSocket": (6800, downloader_over_websocket()),
    "Docker's event stream": (2375, containers()),
    "a farm's monitoring": (80, machine_watch()),
    "a build farm over WebSocket": (80, build_farm()),
    "a room that relays a pool's messages": (80, relayed()),
    "web hooks that name methods of miners": (80, hooks()),
    "a site with paths like those of miners": (80, vacancies()),
}
"""Port and script of each."""


def make() -> bytes:
    """Return the capture: each at its own port."""
    tape = Tape()
    for place, (port, script) in enumerate(TALKS.values()):
        ends = (f"192.0.2.{200 + place}", 45000 + place), (f"203.0.113.{200 + place}", port)
        tape.tcp(place * 0.5, *ends, script)
    return lzma.compress(tape.in_time_order().pcap())
