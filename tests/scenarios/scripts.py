"""What the scenarios are made of: the scripts of miners, pools, proxies, nodes and look-alikes."""

import json
import struct
from collections.abc import Callable

from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from pcaps.makers.making import C, S, Script, Tape, line, monero_address, number
from pcaps.makers.nodes import BITCOIN, handshake, levin, message, version
from pcaps.makers.stratum_lines import ACCOUNT, answer, notify, opening, share
from pcaps.makers.xmr_rig import AGENT, SESSION, job

M, P, P2, P3 = "192.0.2.10", "203.0.113.5", "203.0.113.6", "203.0.113.7"
Lines = list[tuple[float, int, bytes]]
JOB = notify("6a1f", 938_400, clean=True)
GET = b"GET /log.txt HTTP/1.1\r\nHost: files.example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def ask(number_: object, method: str, params: object) -> bytes:
    return line({"id": number_, "method": method, "params": params})


def reply(number_: object, result: object, error: object = None) -> bytes:
    return line({"id": number_, "result": result, "error": error})


def shares(count: int, worker: str = "w1", start: int = 4, gap: float = 15.0) -> Lines:
    """`count` accepted shares."""
    said: Lines = []
    for one in range(start, start + count):
        said += [(gap, C, share(one, worker, "6a1f")), (0.04, S, answer(one, accepted=True))]
    return said


def bitcoin(count: int = 4, worker: str = "w1", agent: str = "cgminer/4.12.1") -> Lines:
    """A whole Bitcoin session with `count` shares."""
    return [*opening(worker, agent, "a0000001"), (0.0, S, JOB), *shares(count, worker)]


def waiting(jobs: int, gap: float = 30.0, worker: str = "w1") -> Lines:
    """A Bitcoin session that is given jobs and has found nothing yet."""
    pushed = [(gap if one else 0.0, S, notify(str(one), 938_400 + one, clean=True)) for one in range(jobs)]
    return [*opening(worker, "bmminer/2.0.0", "a0000001"), *pushed]


def login(agent: str = AGENT) -> bytes:
    params = {"login": monero_address(), "pass": "x", "agent": agent}
    return line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": params})


def welcome() -> bytes:
    result = {"id": SESSION, "job": job(0), "status": "OK"}
    return line({"id": 1, "jsonrpc": "2.0", "error": None, "result": result})


def monero(count: int = 4, agent: str = AGENT) -> Lines:
    """A whole Monero session with `count` shares."""
    said: Lines = [(0.0, C, login(agent)), (0.08, S, welcome())]
    for one in range(2, 2 + count):
        found = {"id": SESSION, "job_id": job(0)["job_id"], "nonce": number(f"n{one}", 8)}
        found["result"] = number(f"r{one}", 64)
        said.append((20.0, C, line({"id": one, "jsonrpc": "2.0", "method": "submit", "params": found})))
        said.append((0.05, S, line({"id": one, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}})))
    return said


def one(
    script: Script, port: int = 3333, *, opened: bool = True, closed: bool = True, answered: bool = True
) -> Tape:
    """Lay one connection from M to P."""
    tape = Tape()
    tape.tcp(0.0, (M, 50_001), (P, port), script, opened=opened, closed=closed, answered=answered)
    return tape


def many(scripts: list[tuple[float, str, str, int, Lines]], closed: bool = True) -> Tape:
    """Lay several connections: (when, client, server, port, script)."""
    tape = Tape()
    for place, (at, client, server, port, script) in enumerate(scripts):
        tape.tcp(at, (client, 50_001 + place), (server, port), script, closed=closed)
    return tape


def only_from(tape: Tape, source: str) -> Tape:
    """Leave one direction, as asymmetric routing does."""
    tape.packets = [(at, raw) for at, raw in tape.packets if Ether(raw)[IP].src == source]
    return tape


def edited(tape: Tape, change: Callable[[bytes], list[bytes]]) -> Tape:
    """Write other frames for each one."""
    tape.packets = [(at, other) for at, raw in tape.packets for other in change(raw)]
    return tape


def tagged(raw: bytes) -> bytes:
    """Put VLAN 10 into a frame."""
    return raw[:12] + b"\x81\x00\x00\x0a" + raw[12:]


def cut_at(tape: Tape, length: int) -> bytes:
    """Write the tape with a snap length."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, length, 1)
    return head + b"".join(
        struct.pack("<IIII", int(at), round(at % 1 * 1e6) % 1_000_000, min(length, len(raw)), len(raw))
        + raw[:length]
        for at, raw in tape.packets
    )


def log_of(lines: Script, side: int | None = None) -> bytes:
    """Return what a session said, or one side of it, as a log file holds it."""
    return b"".join(said for _, by, said in lines if side in (None, by))


def odd_writing(lines: Lines) -> Lines:
    """Write every message with spaces, an extra key, CR LF and an empty line."""
    said: Lines = []
    for pause, side, data in lines:
        body = json.loads(data) | {"extra": {"a": [1, 2]}}
        said.append((pause, side, b" \t" + json.dumps(body, separators=(" , ", " : ")).encode() + b"\r\n\n"))
    return said


def banner(login_too: bool) -> Lines:
    """What a scanner asks a pool before it hangs up."""
    said: Lines = [
        (0.0, C, ask(1, "mining.subscribe", ["scan"])),
        (0.1, S, reply(1, [[["mining.notify", "a"]], "f000", 4]) + ask(None, "mining.set_difficulty", [1])),
    ]
    if login_too:
        said += [(0.1, C, ask(2, "mining.authorize", [ACCOUNT, "x"])), (0.1, S, reply(2, True))]
    return [*said, (0.0, S, JOB)]


def peers(count: int) -> Lines:
    """Monero nodes greet each other."""
    hello = handshake()
    greeting: Lines = [
        (0.0, C, levin(1001, hello, flags=1, expect=True)),
        (0.1, S, levin(1001, hello, flags=2, expect=False)),
    ]
    return greeting * count


def bitcoin_nodes(magic: bytes, services: int = 0x409, last: bytes = b"") -> Lines:
    """Two Bitcoin-family nodes greet each other; `last` is what the client says then."""

    def of(data: bytes) -> bytes:
        return data.replace(BITCOIN, magic)

    return [
        (0.0, C, of(version("/made:1.0/", services, 900_000, 1))),
        (0.1, S, of(version("/made:2.0/", 0x409, 900_000, 2) + message("verack"))),
        (0.1, C, of(message("verack") + last)),
    ]
