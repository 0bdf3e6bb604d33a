"""Sessions as other software than that of the samples speaks them: the parties are found in each.

They are written after the sources named in docs/protocols, and HAProxy's of its PROXY protocol.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facts.names import Level, Role
from pcaps.makers.making import C, S, monero_address, number
from pcaps.makers.stratum_lines import ACCOUNT, notify
from pipeline.contract import Hit
from pipeline.scan import Scan
from tests.scenarios.scripts import Lines, bitcoin, one

SUBSCRIBED = [[["mining.notify", "66a3b1c2"]], "a3b1c266", 8]
JOB = json.loads(notify("7", 938_400, clean=True))["params"]
SHARE = [f"{ACCOUNT}.w", "7", number("two", 16), "69a50081", number("nonce", 8)]
HASH = number("result", 64)


def said(*turns: tuple[int, Any], end: bytes = b"\n") -> Lines:
    """Return the lines of a session, a second apart."""
    return [(1.0, side, json.dumps(text, separators=(",", ":")).encode() + end) for side, text in turns]


def ckpool() -> Lines:
    """The result stands before the id, methods and parameters in any order."""
    return said(
        (C, {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.9.0"]}),
        (S, {"result": SUBSCRIBED, "id": 1, "error": None}),
        (C, {"id": 2, "method": "mining.auth", "params": [ACCOUNT, "x"]}),
        (C, {"id": 3, "method": "mining.authorize", "params": [f"{ACCOUNT}.w", "x"]}),
        (S, {"result": True, "error": None, "id": 3}),
        (S, {"params": ["welcome"], "id": None, "method": "client.show_message"}),
        (S, {"params": [10_000], "id": None, "method": "mining.set_difficulty"}),
        (S, {"params": JOB, "id": None, "method": "mining.notify"}),
        (C, {"params": SHARE, "id": 4, "method": "mining.submit"}),
        (S, {"reject-reason": None, "result": True, "error": None, "id": 4}),
    )


def plain(ids: Callable[[int], object] = lambda n: n, end: bytes = b"\n", job: list[Any] = JOB) -> Lines:
    """A session with ids of any kind, line ends of any kind, and fields of the pool's own in its job."""
    return said(
        (C, {"id": ids(1), "method": "mining.subscribe", "params": []}),
        (S, {"id": ids(1), "result": SUBSCRIBED, "error": None}),
        (C, {"id": ids(2), "method": "mining.authorize", "params": [f"{ACCOUNT}.w", "x"]}),
        (S, {"id": ids(2), "result": True, "error": None}),
        (S, {"id": None, "method": "mining.set_difficulty", "params": [512.5]}),
        (S, {"id": None, "method": "mining.notify", "params": job}),
        (C, {"id": ids(4), "method": "mining.submit", "params": SHARE}),
        (S, {"id": ids(4), "result": True, "error": None}),
        end=end,
    )


def batched() -> Lines:
    """JSON-RPC's batches, which some libraries send where they can."""
    first, second, third, fourth, *rest = (json.loads(data) for _, _, data in plain())
    sides = [side for _, side, _ in plain()][4:]
    return said((C, [first, third]), (S, [second, fourth]), *zip(sides, rest, strict=True))


def behind_a_balancer(version: int) -> Lines:
    """HAProxy tells the pool the miner's address before the miner's first words."""
    before = b"PROXY TCP4 192.0.2.10 203.0.113.5 51234 3333\r\n"
    if version == 2:
        before = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(
            [192, 0, 2, 10, 203, 0, 113, 5, 200, 34, 13, 5]
        )
    (pause, side, data), *rest = bitcoin()
    return [(pause, side, before + data), *rest]


def xmr_stak() -> Lines:
    """The method first, no `jsonrpc`, every id 1; the pool's answer has it."""
    login = {"login": monero_address(), "pass": "x", "rigid": "", "agent": "xmr-stak/2.10.8"}
    blob = "1010" + number("blob", 74) + "00000000" + number("tail", 66)
    job = {"blob": blob, "job_id": "44", "target": "b88d0600", "algo": "rx/0", "height": 3_620_000}
    found = {"id": "77", "job_id": "44", "nonce": "d0030040", "result": HASH}
    return said(
        (C, {"method": "login", "params": login, "id": 1}),
        (S, {"id": 1, "jsonrpc": "2.0", "error": None, "result": {"id": "77", "status": "OK"}}),
        (S, {"jsonrpc": "2.0", "method": "job", "params": job | {"seed_hash": number("seed", 64)}}),
        (C, {"method": "submit", "params": found, "id": 1}),
        (S, {"id": 1, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}),
    )


def claymore() -> Lines:
    """An account with worker and mail, a padded rate, pushed work under a fixed id, spaces everywhere."""
    work = ["0x" + number(name, 64) for name in ("header", "seed")] + ["0x00000000dbe6fece" + number("t", 48)]
    share = ["0x" + number("n", 16), work[0], "0x" + number("mix", 64)]
    account = "0x" + "0" * 39 + "1/w/a@b.example"
    turns: list[tuple[int, Any]] = [
        (C, {"worker": "", "params": [account, "x"], "id": 2, "method": "eth_submitLogin"}),
        (S, {"id": 2, "jsonrpc": "2.0", "result": True}),
        (C, {"worker": "", "params": [], "id": 3, "method": "eth_getWork"}),
        (S, {"id": 3, "jsonrpc": "2.0", "result": work}),
        (S, {"id": 6, "jsonrpc": "2.0", "result": [*work, "0x11a5b2c"]}),
        (C, {"id": 4, "method": "eth_submitWork", "params": share}),
        (S, {"id": 4, "jsonrpc": "2.0", "result": True}),
    ]  # fmt: skip
    return [(1.0, side, json.dumps(text, separators=(" , ", " : ")).encode() + b"\n") for side, text in turns]


def masked(text: bytes, side: int) -> bytes:
    """One text frame of WebSocket, masked where the client sends it."""
    bit, key = (0x80, b"\x37\xfa\x21\x3d") if side == C else (0, b"")
    head = bytes([0x81, bit | min(len(text), 126)])
    head += struct.pack(">H", len(text)) if len(text) > 125 else b""
    return head + key + bytes(octet ^ key[at % 4] if key else octet for at, octet in enumerate(text))


def over_socket_io(version: int) -> Lines:
    """A page's miner and its proxy, events named by the methods; the server pings from version 4 on."""
    asked = f"GET /socket.io/?EIO={version}&transport=websocket HTTP/1.1\r\nHost: m.example\r\n"
    asked += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    asked += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    agreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    agreed += "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    job = {"blob": "1010" + number("blob", 148), "job_id": "44", "target": "b88d0600", "algo": "cn/r"}
    found = {"job_id": "44", "nonce": "d0030040", "result": HASH}
    turns: list[tuple[int, str]] = [
        (S, '0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'),
        *([(C, "40")] if version > 3 else []),
        (S, '40{"sid":"wZX3oN0bSVIhsaknAAAI"}' if version > 3 else "40"),
        (C, "42" + json.dumps(["login", {"login": monero_address(), "pass": "x", "agent": "page/2"}])),
        (S, "42" + json.dumps(["job", job])),
        (S if version > 3 else C, "2"),
        (C if version > 3 else S, "3"),
        (C, "420" + json.dumps(["submit", found])),
        (S, '430[{"status":"OK"}]'),
    ]
    framed = [(1.0, side, masked(text.encode(), side)) for side, text in turns]
    return [(0.0, C, asked.encode()), (0.1, S, agreed.encode()), *framed]


def through_proxies() -> Lines:
    """A CONNECT that wants a password first, and SOCKS behind it."""
    head = b"CONNECT s.example:1080 HTTP/1.1\r\nHost: s.example:1080\r\n"
    no = b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    no += b'Proxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
    return [
        (0.0, C, head + b"\r\n"),
        (0.1, S, no),
        (0.1, C, head + b"Proxy-Authorization: Basic dTpw\r\n\r\n"),
        (0.1, S, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        (0.1, C, b"\5\2\0\2"),
        (0.1, S, b"\5\2"),
        (0.1, C, b"\1\1u\1p"),
        (0.1, S, b"\1\0"),
        (0.1, C, b"\5\1\0\3\x0cpool.example\x0d\x05"),
        (0.1, S, b"\5\0\0\1" + bytes(6)),
        *bitcoin(),
    ]


def t_rex() -> Lines:
    """KawPow: the subscription's answer has an extranonce alone, shares have five fields."""
    header, seed, mix = (number(name, 64) for name in ("header", "seed", "mix"))
    target = "00000000ffff" + "0" * 52
    return said(
        (C, {"id": 1, "method": "mining.subscribe", "params": ["T-Rex/0.26.8"]}),
        (S, {"id": 1, "result": [None, "0a1b"], "error": None}),
        (C, {"id": 2, "method": "mining.authorize", "params": ["R" + "X" * 33 + ".r", "x"]}),
        (S, {"id": 2, "result": True, "error": None}),
        (S, {"id": None, "method": "mining.set_target", "params": [target]}),
        (
            S,
            {
                "id": None,
                "method": "mining.notify",
                "params": ["j1", header, seed, target, True, 3_000_000, "1b0404cb"],
            },
        ),
        (
            C,
            {
                "id": 4,
                "method": "mining.submit",
                "params": ["RX.r", "j1", "0x0a1b" + number("n", 12), "0x" + header, "0x" + mix],
            },
        ),
        (S, {"id": 4, "result": True, "error": None}),
    )


def bitaxe() -> Lines:
    """A small machine: the id last, a difficulty asked for, and a ping of the pool answered."""
    return said(
        (C, {"id": 1, "method": "mining.subscribe", "params": ["bitaxe/BM1370/v2.4.5"]}),
        (S, {"id": 1, "result": SUBSCRIBED, "error": None}),
        (C, {"params": ["u.w", "x"], "id": 2, "method": "mining.authorize"}),
        (C, {"id": 3, "method": "mining.suggest_difficulty", "params": [0.00015]}),
        (S, {"id": 2, "result": True, "error": None}),
        (S, {"id": None, "method": "mining.notify", "params": JOB}),
        (S, {"id": 9, "method": "mining.ping", "params": []}),
        (C, {"id": 9, "result": "pong", "error": None}),
        (C, {"id": 5, "method": "mining.submit", "params": ["u.w", *SHARE[1:], "04d4c000"]}),
        (S, {"id": 5, "result": True, "error": None}),
    )


SESSIONS: dict[str, tuple[Lines, str]] = {
    "ckpool": (ckpool(), "stratum-bitcoin"),
    "ids of null": (plain(lambda n: None), "stratum-bitcoin"),
    "ids of text, CR LF": (plain(lambda n: f"call-{n}", b"\r\n"), "stratum-bitcoin"),
    "ids with a fraction": (plain(lambda n: float(n)), "stratum-bitcoin"),
    "NUL behind each message": (plain(end=b"\0"), "stratum-bitcoin"),
    "nothing behind each message": (plain(end=b""), "stratum-bitcoin"),
    "a field of the pool's own in the job": (plain(job=[*JOB, 938_400]), "stratum-bitcoin"),
    "hex in capitals": (
        plain(job=[JOB[0], JOB[1].upper(), JOB[2].upper(), JOB[3].upper(), *JOB[4:]]),
        "stratum-bitcoin",
    ),
    "batches": (batched(), "stratum-bitcoin"),
    "a balancer's first line": (behind_a_balancer(1), "stratum-bitcoin"),
    "a balancer's first bytes": (behind_a_balancer(2), "stratum-bitcoin"),
    "a pool that greets in plain text": ([(0.1, S, b"welcome\r\n"), *bitcoin()], "stratum-bitcoin"),
    "xmr-stak": (xmr_stak(), "stratum-cryptonote"),
    "Claymore": (claymore(), "stratum-ethproxy"),
    "two proxies": (through_proxies(), "stratum-bitcoin"),
    "byte by byte": (
        [
            (0.001 if at else pause, side, data[at : at + 1])
            for pause, side, data in bitcoin(2)
            for at in range(len(data))
        ],
        "stratum-bitcoin",
    ),
    "a method with an escape": (
        [(pause, side, data.replace(b"mining.s", b"mining.\\u0073")) for pause, side, data in bitcoin()],
        "stratum-bitcoin",
    ),
    "T-Rex": (t_rex(), "stratum-kawpow"),
    "Bitaxe": (bitaxe(), "stratum-bitcoin"),
    "Socket.IO 2": (over_socket_io(3), "stratum-cryptonote"),
    "Socket.IO 4": (over_socket_io(4), "stratum-cryptonote"),
}


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("port", [3333, 80, 49_153])
def test_the_parties_are_found(name: str, port: int, tmp_path: Path) -> None:
    script, protocol = SESSIONS[name]
    path = tmp_path / "session.pcap"
    path.write_bytes(one(script, port).pcap())
    found = {
        (hit.verdict.role, hit.verdict.level): hit.verdict.protocols
        for hit in Scan([str(path)])
        if isinstance(hit, Hit)
    }
    assert found == {
        (Role.MINER, Level.CONFIRMED): (protocol,),
        (Role.POOL, Level.CONFIRMED): (protocol,),
    }
