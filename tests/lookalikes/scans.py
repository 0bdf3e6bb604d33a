"""Scans: who knocks at pools' and nodes' ports, and asks for nothing that a miner asks for."""

import random

from scapy.layers.inet import IP, TCP

from pcaps.makers.lookalike_web import call, get, ok, post
from pcaps.makers.making import C, S, Script, Tape, line
from tests.lookalikes.streams import hello

PORTS = (3333, 4444, 5555, 7777, 8008, 9999, 14_444, 3357, 25, 443, 8888, 45_700)
SCANNER = "192.0.2.10"


def host(number: int) -> str:
    return f"203.0.113.{20 + number}"


def knocks(port: int | None, count: int = 60, reset: bool = True) -> Tape:
    """SYNs to many hosts, refused or not answered."""
    tape = Tape()
    for number in range(count):
        to = port or PORTS[number % len(PORTS)]
        ask = IP(src=SCANNER, dst=host(number)) / TCP(sport=50_000 + number, dport=to, flags="S", seq=number)
        tape.add(number * 0.01, ask)
        if reset:
            no = TCP(sport=to, dport=50_000 + number, flags="RA", ack=number + 1)
            tape.add(number * 0.01 + 0.005, IP(src=host(number), dst=SCANNER) / no)
    return tape


def asked(script: Script, ports: tuple[int, ...] = PORTS) -> Tape:
    """The same script at many ports of many hosts."""
    tape = Tape()
    for number, port in enumerate(ports):
        tape.tcp(number * 2.0, (SCANNER, 50_000 + number), (host(number), port), script)
    return tape


def rubbish() -> Script:
    return [(0.0, C, random.Random(5).randbytes(64)), (0.1, S, random.Random(6).randbytes(20))]


REFUSAL = line({"id": None, "result": None, "error": [20, "Unknown method", None]})
SCANS: dict[str, Tape] = {
    "SYNs to pools' ports, refused": knocks(None),
    "SYNs to pools' ports, dropped": knocks(None, reset=False),
    "SYNs to port 8333": knocks(8333),
    "SYNs to port 8333, dropped": knocks(8333, reset=False),
    "HTTP at pools' ports": asked([(0.0, C, get("/")), (0.1, S, ok(b"<html>it works</html>", "text/html"))]),
    "HTTP at pools' ports, answered in JSON": asked([(0.0, C, get("/")), (0.1, S, REFUSAL)]),
    "a TLS greeting at pools' ports": asked([(0.0, C, hello(None)), (0.1, S, b"\x15\x03\x01\0\x02\x02\x28")]),
    "random bytes at pools' ports": asked(rubbish()),
    "empty lines at pools' ports": asked([(0.0, C, b"\r\n\r\n"), (0.1, S, REFUSAL)]),
    "HELP at pools' ports": asked([(0.0, C, b"HELP\r\n"), (0.1, S, REFUSAL)]),
    "a node's method at pools' ports": asked([(0.0, C, line(call(1, "eth_blockNumber"))), (0.1, S, REFUSAL)]),
    "web3_clientVersion at nodes' ports": asked(
        [(0.0, C, post(call(1, "web3_clientVersion"))), (0.1, S, ok({"id": 1, "result": "Geth/v1.14"}))],
        (8545, 8546, 8547, 30_303) * 4,
    ),
}
