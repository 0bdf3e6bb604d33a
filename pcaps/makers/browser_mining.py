"""Web pages mine: CoinHive's messages over WebSocket, plain, compressed, in mid-stream; a DApp beside them.

Also the frames of RFC 6455 and the compression of RFC 7692, which other makers build their connections of.
"""

import base64
import hashlib
import json
import struct
import zlib
from typing import Any

from pcaps.makers.making import C, S, Tape, monero_address, number

FILE = "browser_mining.pcap"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SITE_KEY = "PlaceholderSiteKey0123456789abcd"


def compact(message: dict[str, Any]) -> bytes:
    """Return a JSON text as browsers write it."""
    return json.dumps(message, separators=(",", ":")).encode()


def frame(
    payload: bytes, mask: str = "", *, opcode: int = 1, final: bool = True, packed: bool = False
) -> bytes:
    """Return one frame, masked with a key drawn for the word `mask` where there is one."""
    key = bytes.fromhex(number(mask, 8)) if mask else b""
    head = bytes([0x80 * final | 0x40 * packed | opcode])
    if len(payload) < 126:
        head += struct.pack("B", 0x80 * bool(mask) | len(payload))
    else:
        head += struct.pack(">BH", 0x80 * bool(mask) | 126, len(payload))
    if key:
        payload = bytes(octet ^ key[place % 4] for place, octet in enumerate(payload))
    return head + key + payload


class Packer:
    """The compressor of one side, its window kept from message to message."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -15)

    def frame(self, text: bytes, mask: str = "") -> bytes:
        """Return a message in one compressed frame."""
        body = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return frame(body[:-4], mask, packed=True)


def upgrade(host: str, path: str, seed: str, *, deflate: bool = False) -> tuple[bytes, bytes]:
    """Return the request that opens a WebSocket, and its answer."""
    key = base64.b64encode(bytes.fromhex(number(seed, 32))).decode()
    accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    ask = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Pragma: no-cache",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "Upgrade: websocket",
        "Origin: http://news.example.org",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    ]
    answer = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
    ]
    if deflate:
        answer.append("Sec-WebSocket-Extensions: permessage-deflate")
    return ("\r\n".join([*ask, "", ""])).encode(), ("\r\n".join([*answer, "", ""])).encode()


def blob(count: int) -> str:
    """Return the hashing blob of block `count`: 76 bytes, its nonce not set."""
    return "1010" + number(f"blob{count}", 74) + "00000000" + number(f"tail{count}", 66)


def job(count: int) -> bytes:
    """Return CoinHive's job for block `count`: 100 hashes a share."""
    params = {
        "blob": blob(count),
        "job_id": number(f"job{count}", 28),
        "target": "285c8f02",
        "id": number("s", 36),
    }
    return compact(
        {"type": "job", "params": {**params, "algo": "cn/r", "variant": "r", "height": 1_797_516 + count}}
    )


def share(turn: int, count: int) -> bytes:
    """Return a share of that job."""
    found = {
        "job_id": number(f"job{count}", 28),
        "nonce": number(f"n{turn}", 8),
        "result": number(f"r{turn}", 64),
    }
    return compact({"type": "submit", "params": {"version": 7, **found}})


def accepted(hashes: int) -> bytes:
    """Return the answer to a share: the hashes so far."""
    return compact({"type": "hash_accepted", "params": {"hashes": hashes}})


def _page() -> list[tuple[float, int, bytes]]:
    """A page with a site key: a job in fragments around a ping, frames cut and joined by TCP."""
    ask, answer = upgrade("ws001.pool.example", "/proxy", "page")
    login = {"version": 7, "site_key": SITE_KEY, "type": "anonymous", "user": None, "goal": 0}
    auth = frame(compact({"type": "auth", "params": login}), "auth")
    authed = frame(compact({"type": "authed", "params": {"token": "", "hashes": 0}}))
    first = job(0)
    script = [
        (0.0, C, ask),
        (0.05, S, answer),
        (0.01, C, auth[:3]),  # the header's last byte in the next segment
        (0.0, C, auth[3:]),
        (0.05, S, authed + frame(first[:100], final=False)),
        (0.01, S, frame(b"beat", opcode=9)),
        (0.01, C, frame(b"beat", "pong", opcode=10)),
        (0.01, S, frame(first[100:], opcode=0)),
    ]
    for turn in range(12):
        sent = frame(share(turn, turn // 5), f"share{turn}")
        script.append((20.0 + turn % 3, C, sent))
        reply = frame(accepted(100 * (turn + 1)))
        if turn % 5 == 4:
            reply += frame(job(turn // 5 + 1))
        script.append((0.06, S, reply))
    script.append((1.0, C, frame(b"\x03\xe9", "close", opcode=8)))
    script.append((0.02, S, frame(b"\x03\xe9", opcode=8)))
    return script


def _compressed() -> list[tuple[float, int, bytes]]:
    """A page with a wallet: every message compressed; a share that the proxy's pool refuses."""
    ask, answer = upgrade("miner.example.net", "/proxy", "deep", deflate=True)
    up, down = Packer(), Packer()
    login = {"site_key": monero_address(), "type": "user", "user": "sofa", "goal": 0}
    script = [
        (0.0, C, ask),
        (0.05, S, answer),
        (0.01, C, up.frame(compact({"type": "auth", "params": login}), "auth2")),
        (
            0.05,
            S,
            down.frame(compact({"type": "authed", "params": {"token": "", "hashes": 0}}))
            + down.frame(job(0)),
        ),
    ]
    for turn in range(6):
        script.append((5.0, C, up.frame(share(turn, 0), f"deep{turn}")))
        reply = (
            compact({"type": "banned", "params": {"banned": 1_772_416_800_000}})
            if turn == 3
            else accepted(turn + 1)
        )
        script.append((0.05, S, down.frame(reply)))
    return script


def _dapp() -> list[tuple[float, int, bytes]]:
    """A wallet in a page asks a node: JSON-RPC over WebSocket that is no mining."""
    ask, answer = upgrade("mainnet.node.example", "/v3/key", "dapp")
    script = [(0.0, C, ask), (0.05, S, answer)]
    calls: list[tuple[str, list[Any], Any]] = [
        ("eth_chainId", [], "0x1"),
        ("eth_blockNumber", [], "0x12d687"),
        ("eth_getBalance", ["0x" + "0" * 40, "latest"], "0x0"),
        ("eth_getFilterChanges", ["0x1"], ["0x" + number(f"h{n}", 64) for n in range(3)]),
    ]
    for turn, (method, params, result) in enumerate(calls):
        body = {"jsonrpc": "2.0", "id": turn + 1, "method": method, "params": params}
        script.append((1.0, C, frame(compact(body), f"call{turn}")))
        script.append((0.05, S, frame(compact({"jsonrpc": "2.0", "id": turn + 1, "result": result}))))
    return script


def _midstream() -> list[tuple[float, int, bytes]]:
    """A page whose connection is older than the capture, which begins within a frame."""
    script = [(0.0, S, frame(job(0))[60:])]
    for turn in range(4):
        script.append((6.0, C, frame(share(turn, 0), f"mid{turn}")))
        script.append((0.05, S, frame(accepted(900 + 100 * turn))))
    script.append((1.0, S, frame(job(1))))
    return script


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.81", 50101), ("203.0.113.81", 80), _page())
    tape.tcp(2.0, ("192.0.2.82", 50102), ("203.0.113.82", 7777), _compressed())
    tape.tcp(3.0, ("192.0.2.83", 50103), ("203.0.113.83", 8545), _dapp())
    tape.tcp(4.0, ("192.0.2.84", 50104), ("203.0.113.84", 8892), _midstream(), opened=False, closed=False)
    return tape.in_time_order().pcap()
