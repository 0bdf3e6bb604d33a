"""Who mines alone: a Bitcoin miner and XMRig ask their nodes for templates, a wallet asks for its balance.

The Bitcoin miner keeps a connection and polls with longpollid; one template is longer than what a reader
keeps. XMRig's daemon mode opens a connection for every request. Packets of the first are sent twice and in
the wrong order now and then.
"""

import gzip
from typing import Any

from pcaps.makers.getwork import basic, chunked, http, rpc
from pcaps.makers.making import C, S, Script, Tape, monero_address, number

FILE = "solo.pcap.gz"
CORE = ("198.51.100.33", 8332)
MONEROD = ("198.51.100.34", 18081)
BITS = "1702a5c1"
TARGET = f"{0x02A5C1 << 8 * (0x17 - 3):064x}"


def template(count: int, transactions: int) -> dict[str, Any]:
    """Return a template of BIP 22, its keys in the order in which Bitcoin Core writes them."""
    previous = "0" * 20 + number(f"block{count}", 44)
    listed = [
        {
            "data": number(f"tx{count}.{n}", 440),
            "txid": number(f"id{count}.{n}", 64),
            "hash": number(f"wid{count}.{n}", 64),
            "depends": [],
            "fee": 1400,
            "sigops": 4,
            "weight": 561,
        }
        for n in range(transactions)
    ]
    return {
        "capabilities": ["proposal"],
        "version": 536870912,
        "rules": ["csv", "!segwit", "taproot"],
        "vbavailable": {},
        "vbrequired": 0,
        "previousblockhash": previous,
        "transactions": listed,
        "coinbaseaux": {},
        "coinbasevalue": 312500000 + 1400 * transactions,
        "longpollid": previous + str(count),
        "target": TARGET,
        "mintime": 1772410000,
        "mutable": ["time", "transactions", "prevblock"],
        "noncerange": "00000000ffffffff",
        "sigoplimit": 80000,
        "sizelimit": 4000000,
        "weightlimit": 4000000,
        "curtime": 1772416800 + 30 * count,
        "bits": BITS,
        "height": 939100 + count // 4,
        "default_witness_commitment": "6a24aa21a9ed" + number(f"commit{count}", 64),
    }


def bitcoin() -> Script:
    """Return the Bitcoin miner's conversation."""
    client = {
        "Host": "198.51.100.33:8332",
        "Authorization": basic("solo", "not kept"),
        "Content-Type": "application/json",
        "User-Agent": "bfgminer/5.5.0",
    }
    server = {"Content-Type": "application/json", "Date": "Mon, 02 Mar 2026 02:00:00 GMT"}
    script: list[tuple[float, int, bytes]] = []
    held: dict[str, str] = {}
    for count in range(8):
        wanted = {
            "capabilities": ["coinbasetxn", "workid", "coinbase/append", "longpoll"],
            "rules": ["segwit"],
            **held,
        }
        asked = rpc({"id": count, "method": "getblocktemplate", "params": [wanted]})
        given = template(count, 160 if count == 3 else 4)
        held = {"longpollid": given["longpollid"]}
        script.append((0.2, C, http("POST / HTTP/1.1", client, asked)))
        script.append(
            (
                30.0 if count else 0.1,
                S,
                http("HTTP/1.1 200 OK", server, rpc({"result": given, "error": None, "id": count})),
            )
        )
    for count, verdict in ((20, "high-hash"), (21, None)):
        block = "00000020" + number(f"solved{count}", 4000)
        script.append(
            (
                4.0,
                C,
                http(
                    "POST / HTTP/1.1", client, rpc({"id": count, "method": "submitblock", "params": [block]})
                ),
            )
        )
        script.append(
            (0.3, S, http("HTTP/1.1 200 OK", server, rpc({"result": verdict, "error": None, "id": count})))
        )
    return script


def xmrig(path: str, body: bytes, answer: bytes, **more: str) -> Script:
    """Return one connection of XMRig to its daemon."""
    head = {
        "Host": "198.51.100.34:18081",
        "Connection": "close",
        "User-Agent": "XMRig/6.22.2 (Linux x86_64)",
        **more,
    }
    if body:
        head["Content-Type"] = "application/json"
    server = {"Server": "Epee-based", "Content-Type": "application/json", "Accept-Ranges": "bytes"}
    return [
        (0.0, C, http(f"{'POST' if body else 'GET'} {path} HTTP/1.1", head, body)),
        (
            0.01,
            S,
            http("HTTP/1.1 200 Ok", server, answer)
            if len(answer) < 600
            else chunked("200 Ok", server, answer, 512),
        ),
    ]


def monero(tape: Tape) -> None:
    """Lay XMRig's connections on the tape: a height every ten seconds, a template when it changes."""
    port = 45000
    for count in range(18):
        height = 3_410_000 + count // 6
        told = rpc({"hash": number(f"top{height}", 64), "height": height, "status": "OK", "untrusted": False})
        tape.tcp(10.0 * count, ("192.0.2.72", port + count), MONEROD, xmrig("/getheight", b"", told))
        if count % 6 == 0:
            wanted = {"wallet_address": monero_address(), "extra_nonce": number("extra", 16)}
            asked = rpc({"id": 1, "jsonrpc": "2.0", "method": "getblocktemplate", "params": wanted})
            given = {
                "blockhashing_blob": "1010" + number(f"hashing{count}", 148),
                "blocktemplate_blob": "1010" + number(f"template{count}", 3000),
                "difficulty": 540_000_000_000,
                "expected_reward": 600_000_000_000,
                "height": height,
                "prev_hash": number(f"top{height}", 64),
                "reserved_offset": 130,
                "seed_hash": number("seed", 64),
                "status": "OK",
                "untrusted": False,
            }
            answer = rpc({"id": 1, "jsonrpc": "2.0", "result": given})
            tape.tcp(
                10.0 * count + 1,
                ("192.0.2.72", port + 50 + count),
                MONEROD,
                xmrig("/json_rpc", asked, answer),
            )
    block = rpc(
        {"id": 2, "jsonrpc": "2.0", "method": "submitblock", "params": ["1010" + number("won", 3000)]}
    )
    done = rpc({"id": 2, "jsonrpc": "2.0", "result": {"status": "OK", "untrusted": False}})
    more = {"X-Hash-Difficulty": "611234567890"}
    tape.tcp(178.0, ("192.0.2.72", port + 90), MONEROD, xmrig("/json_rpc", block, done, **more))


def wallet() -> Script:
    """Return a wallet's calls at the same daemon."""
    script: list[tuple[float, int, bytes]] = []
    head = {"Host": "198.51.100.34:18081", "Content-Type": "application/json"}
    for count in range(6):
        asked = rpc({"id": "0", "jsonrpc": "2.0", "method": "get_info"})
        given = {"height": 3_410_000, "difficulty": 540_000_000_000, "status": "OK", "target": 120}
        script.append((8.0, C, http("POST /json_rpc HTTP/1.1", head, asked)))
        script.append(
            (0.02, S, http("HTTP/1.1 200 Ok", {}, rpc({"id": "0", "jsonrpc": "2.0", "result": given})))
        )
        script.append((0.5, C, http("GET /getheight HTTP/1.1", head)))
        script.append(
            (0.02, S, http("HTTP/1.1 200 Ok", {}, rpc({"height": 3_410_000 + count, "status": "OK"})))
        )
    return script


def make() -> bytes:
    """Return the capture."""
    first = Tape()
    first.tcp(0.0, ("192.0.2.71", 51000), CORE, bitcoin())
    packets = first.packets
    for at in range(20, len(packets) - 1, 37):
        (early, one), (late, other) = packets[at], packets[at + 1]
        packets[at], packets[at + 1] = (early, other), (late, one)  # overtaken on the way
    for at in range(30, len(packets), 41):
        packets.insert(at, (packets[at - 2][0] + 0.2, packets[at - 3][1]))  # sent again
    tape = Tape(packets=packets)
    monero(tape)
    tape.tcp(5.0, ("192.0.2.73", 52500), MONEROD, wallet())
    return gzip.compress(tape.in_time_order().pcap(), mtime=0)
