"""getwork over HTTP: a kept connection with long polling, one connection a request, probes, and a wallet.

Five conversations: a cgminer farm at a getwork pool (Basic authorization, long poll on a second connection,
X-Mining-Hashrate, a stale share, X-Stratum at last), an Ethereum rig that opens a connection for every
request to its node, two probes that are refused, and a wallet's JSON-RPC beside it that mines nothing.
"""

import base64
import json
from typing import Any

from pcaps.makers.making import C, S, Script, Tape, number

FILE = "getwork.pcap"
POOL = ("203.0.113.71", 8332)
NODE = ("198.51.100.80", 8545)
WALLET = "0x" + "0" * 40
BITS = "1a44b9f2"
TARGET_LE = "0" * 48 + "ffff3f00" + "00000000"  # share difficulty 1,024, lowest byte first
EASY = "0x" + f"{2**256 // 50_000_000:064x}"


def http(first: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a message; its length is told unless a header says otherwise."""
    told = dict(headers)
    if body and "Transfer-Encoding" not in told:
        told["Content-Length"] = str(len(body))
    lines = [first, *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(status: str, headers: dict[str, str], body: bytes, *sizes: int) -> bytes:
    """Return a response whose body comes in chunks of these sizes, the rest in a last one."""
    parts = []
    for size in (*sizes, len(body)):
        if body:
            parts.append(body[:size])
        body = body[size:]
    coded = b"".join(b"%X\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    return http(f"HTTP/1.1 {status}", {**headers, "Transfer-Encoding": "chunked"}, coded)


def rpc(value: dict[str, Any], *, spaced: bool = False) -> bytes:
    """Return a JSON body, compact or as Python and cgminer write it."""
    return json.dumps(value, separators=(", ", ": ") if spaced else (",", ":")).encode()


def basic(user: str, password: str) -> str:
    """Return the value of Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def header(count: int) -> str:
    """Return the 80 bytes of a header, words swapped, padded to 128 as miners get them."""
    fields = "00000002" + number(f"previous{count}", 64) + number(f"root{count}", 64)
    return fields + f"{0x69A50000 + count:08x}" + BITS + "00000000" + "00000080" + "0" * 80 + "80020000"


def work(count: int) -> dict[str, Any]:
    """Return one result of getwork."""
    return {
        "midstate": number(f"midstate{count}", 64),
        "data": header(count),
        "hash1": "0" * 56 + "00000080" + "0" * 56 + "00010000",
        "target": TARGET_LE,
    }


def cgminer(method_body: dict[str, Any], path: str = "/") -> tuple[bytes, bytes]:
    """Return head and body of a request: cgminer's HTTP library sends them one after the other."""
    body = rpc(method_body, spaced=True) + b"\n"
    head = http(
        f"POST {path} HTTP/1.1",
        {
            "Authorization": basic("farm.rack2", "not kept"),
            "Host": "203.0.113.71:8332",
            "Accept": "*/*",
            "Content-type": "application/json",
            "X-Mining-Extensions": "longpoll midstate rollntime submitold",
            "X-Mining-Hashrate": "2400000000",
            "Content-Length": str(len(body)),
            "User-Agent": "cgminer 2.9.6",
        },
    )
    return head, body


def farm() -> Script:
    """Return the conversation on the kept connection."""
    server = {"Server": "pushpool", "Content-Type": "application/json", "X-Long-Polling": "/LP"}
    script: list[tuple[float, int, bytes]] = []
    for count in range(12):
        head, body = cgminer({"method": "getwork", "params": [], "id": 0})
        script += [(20.0, C, head), (0.001, C, body)]
        answer = rpc({"result": work(count), "error": None, "id": 0})
        reply = {**server, "X-Roll-NTime": "expire=120"}
        script.append(
            (
                0.05,
                S,
                chunked("200 OK", reply, answer, 7, 300)
                if count % 3
                else http("HTTP/1.1 200 OK", reply, answer),
            )
        )
        if count % 2:
            head, body = cgminer({"method": "getwork", "params": [header(count)], "id": 1})
            script += [(5.0, C, head + body)]
            stale = count == 7
            told = {**server, "X-Reject-Reason": "stale"} if stale else server
            script.append(
                (0.05, S, http("HTTP/1.1 200 OK", told, rpc({"result": not stale, "error": None, "id": 1})))
            )
    head, body = cgminer({"method": "getwork", "params": [], "id": 0})
    gone = rpc({"id": 0, "result": None, "error": {"code": -1, "message": "getwork is no longer served"}})
    moved = {**server, "X-Stratum": "stratum+tcp://203.0.113.71:3333"}
    return [*script, (9.0, C, head + body), (0.05, S, http("HTTP/1.1 200 OK", moved, gone))]


def long_poll() -> Script:
    """Return the second connection: it waits until a new block."""
    head, body = cgminer({"method": "getwork", "params": [], "id": 0}, "/LP")
    answer = rpc({"result": work(40), "error": None, "id": 0})
    return [
        (0.0, C, head),
        (0.002, C, body),
        (95.0, S, http("HTTP/1.1 200 OK", {"Server": "pushpool"}, answer)),
    ]


def ethereum(count: int) -> Script:
    """Return one connection of the rig that opens one for every request, as ethminer does in getwork mode."""
    asked: dict[str, Any] = {"jsonrpc": "2.0", "method": "eth_getWork", "params": [], "id": 1}
    result: Any = ["0x" + number(f"eth{count // 4}", 64), "0x" + number("epoch", 64), EASY]
    if count % 4 == 3:
        found = ["0x" + number(f"nonce{count}", 16), result[0], "0x" + number(f"mix{count}", 64)]
        asked = {"jsonrpc": "2.0", "method": "eth_submitWork", "params": found, "id": 4}
        result = True
    head = {"Host": "198.51.100.80:8545", "Content-Type": "application/json", "Connection": "close"}
    answer = rpc({"jsonrpc": "2.0", "id": asked["id"], "result": result}) + b"\n"
    return [
        (0.0, C, http(f"POST /{WALLET}/rig5 HTTP/1.0", head, rpc(asked))),
        (0.02, S, http("HTTP/1.0 200 OK", {"Content-Type": "application/json"}, answer)),
    ]


def probe(status: str, method: str) -> Script:
    """Return a request that is refused."""
    asked = rpc({"method": method, "params": [], "id": 0}, spaced=True)
    page = b"<html><body>" + status.encode() + b"</body></html>"
    head = {"Host": "203.0.113.90", "Content-Type": "application/json"}
    return [
        (0.0, C, http("POST / HTTP/1.1", head, asked)),
        (0.03, S, http(f"HTTP/1.1 {status}", {"Content-Type": "text/html", "Connection": "close"}, page)),
    ]


def wallet() -> Script:
    """Return a wallet's calls at the same node: balances, blocks, a contract; none of mining."""
    script: list[tuple[float, int, bytes]] = []
    calls: list[tuple[str, list[Any], Any]] = [
        ("net_version", [], "1"),
        ("eth_blockNumber", [], "0x11a5b2c"),
        ("eth_getBalance", [WALLET, "latest"], "0x0"),
        ("eth_call", [{"to": WALLET, "data": "0x70a08231"}, "latest"], "0x" + "0" * 64),
        ("eth_getFilterChanges", ["0x1"], ["0x" + number(f"log{n}", 64) for n in range(3)]),
    ]
    for turn in range(3):
        for at, (method, params, result) in enumerate(calls):
            asked = rpc({"jsonrpc": "2.0", "id": turn * 5 + at, "method": method, "params": params})
            head = {"Host": "198.51.100.80:8545", "Content-Type": "application/json"}
            script.append((1.0, C, http("POST / HTTP/1.1", head, asked)))
            answer = rpc({"jsonrpc": "2.0", "id": turn * 5 + at, "result": result})
            script.append((0.02, S, http("HTTP/1.1 200 OK", {"Content-Type": "application/json"}, answer)))
    return script


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.61", 50100), POOL, farm())
    tape.tcp(21.0, ("192.0.2.61", 50101), POOL, long_poll())
    for count in range(24):
        tape.tcp(3.0 + 9.0 * count, ("192.0.2.62", 41000 + count), NODE, ethereum(count))
    tape.tcp(40.0, ("192.0.2.63", 39001), ("203.0.113.90", 8080), probe("404 Not Found", "getwork"))
    tape.tcp(
        41.0, ("192.0.2.63", 39002), ("203.0.113.91", 8332), probe("401 Unauthorized", "getblocktemplate")
    )
    tape.tcp(50.0, ("192.0.2.64", 52000), NODE, wallet())
    return tape.in_time_order().pcap()
