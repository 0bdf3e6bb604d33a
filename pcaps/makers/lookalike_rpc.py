"""JSON-RPC over bare TCP that is no mining: Electrum, nodes, editors, tools, games, monitors."""

import json
import lzma
import struct

from pcaps.makers.lookalike_web import Lines, call, head, result
from pcaps.makers.making import C, S, Script, Tape, line, number

FILE = "lookalike_rpc.pcap.xz"


def node_rpc_over_tcp() -> Lines:
    """A node's RPC over a bare connection, as its local socket is bridged."""
    said: Lines = []
    for one in range(1, 9):
        said += [(1.0, C, line(call(one, "eth_getBlockByNumber", hex(one), False)))]
        said += [(0.1, S, line(result(one, head(one))))]
    return said


def electrum() -> Lines:
    """An Electrum wallet follows an address."""
    said: Lines = []
    for one, (method, params, value) in enumerate(
        (
            ("server.version", ["electrum/4.5.8", "1.4"], ["ElectrumX 1.16.0", "1.4"]),
            ("blockchain.headers.subscribe", [], {"hex": number("header", 160), "height": 938_400}),
            ("blockchain.scripthash.subscribe", [number("script", 64)], number("status", 64)),
            ("blockchain.scripthash.get_history", [number("script", 64)], []),
            ("blockchain.estimatefee", [6], 0.0001),
            ("mempool.get_fee_histogram", [], [[10, 1000]]),
        )
    ):
        said += [(0.5, C, line(call(one, method, *params))), (0.1, S, line(result(one, value)))]
    pushed = {"hex": number("header2", 160), "height": 938_401}
    note = {"jsonrpc": "2.0", "method": "blockchain.headers.subscribe", "params": [pushed]}
    return [
        *said,
        (300.0, S, line(note)),
        (60.0, C, line(call(9, "server.ping"))),
        (0.1, S, line(result(9, None))),
    ]


def calculator() -> Lines:
    """The examples of the JSON-RPC specification."""
    said: Lines = []
    for one in range(1, 20):
        said += [(3.0, C, line(call(one, "subtract", 42, one))), (0.05, S, line(result(one, 42 - one)))]
    missing = {"code": -32601, "message": "Method not found"}
    said += [(1.0, C, line(call(99, "foobar")))]
    return [*said, (0.05, S, line({"jsonrpc": "2.0", "id": 99, "error": missing}))]


def game_login() -> Lines:
    """A game whose words are those of CryptoNote pools: login, agent, job, submit, keepalived."""
    hello = {"login": "alice", "pass": "secret", "agent": "dragons/2.1"}
    said: Lines = [
        (0.0, C, line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": hello})),
        (0.1, S, line(result(1, {"id": "s1", "status": "OK", "gold": 12}))),
    ]
    for one in range(2, 9):
        said += [
            (
                5.0,
                S,
                line({"jsonrpc": "2.0", "method": "job", "params": {"job_id": str(one), "name": "smith"}}),
            )
        ]
        done = {"id": "s1", "job_id": str(one), "result": "sword"}
        said += [(9.0, C, line({"id": one, "jsonrpc": "2.0", "method": "submit", "params": done}))]
        said += [(0.1, S, line(result(one, {"status": "OK"})))]
    return said


def editor() -> Lines:
    """A language server (LSP): JSON-RPC behind Content-Length."""

    def framed(message: object) -> bytes:
        data = json.dumps(message).encode()
        return f"Content-Length: {len(data)}\r\n\r\n".encode() + data

    said: Lines = [
        (0.0, C, framed(call(1, "initialize", {"processId": 1, "capabilities": {}}))),
        (0.1, S, framed(result(1, {"capabilities": {"hoverProvider": True}}))),
    ]
    for one in range(2, 8):
        said += [(2.0, C, framed(call(one, "textDocument/hover", {"position": {"line": one}})))]
        said += [(0.1, S, framed(result(one, {"contents": 'conn.send(\'{"method":"mining.subscribe"}\')'})))]
    return said


def tools() -> Lines:
    """A tool server: JSON-RPC, one message a line."""
    said: Lines = [
        (0.0, C, line(call(0, "initialize", {"protocolVersion": "2025-03-26"}))),
        (0.1, S, line(result(0, {"serverInfo": {"name": "sample", "version": "1.0"}}))),
    ]
    for one in range(1, 6):
        asked = {"name": "explain", "arguments": {"text": "what does mining.submit do?"}}
        said += [(4.0, C, line({"jsonrpc": "2.0", "id": one, "method": "tools/call", "params": asked}))]
        said += [(1.0, S, line(result(one, {"content": [{"type": "text", "text": "It sends a share."}]})))]
    return said


def monitor() -> Lines:
    """Zabbix: a binary header and a JSON text, and an item that names mining."""

    def packed(message: object) -> bytes:
        data = json.dumps(message).encode()
        return b"ZBXD\x01" + struct.pack("<II", len(data), 0) + data

    said: Lines = []
    for one in range(6):
        value = {
            "host": "rig",
            "key": "log[pool]",
            "value": '{"id":4,"method":"mining.submit","params":[]}',
            "id": one,
        }
        asked = {"request": "agent data", "session": "1", "data": [value]}
        said += [(60.0, C, packed(asked)), (0.1, S, packed({"response": "success", "info": "processed: 1"}))]
    return said


TALKS: dict[str, tuple[int, Script]] = {
    "a node's RPC over bare TCP": (8545, node_rpc_over_tcp()),
    "Electrum": (50001, electrum()),
    "a generic JSON-RPC server": (4444, calculator()),
    "a game with the words of a pool": (3333, game_login()),
    "a language server": (9257, editor()),
    "a tool server": (9000, tools()),
    "Zabbix": (10051, monitor()),
}
"""Port and script of each."""


def make() -> bytes:
    """Return the capture: each at its own port."""
    tape = Tape()
    for place, (port, script) in enumerate(TALKS.values()):
        ends = (f"192.0.2.{100 + place}", 41000 + place), (f"203.0.113.{100 + place}", port)
        tape.tcp(place * 0.5, *ends, script)
    return lzma.compress(tape.in_time_order().pcap())
