"""Miners behind SOCKS proxies: versions 4, 4a, 5, by name and by address, with a password, with TLS inside.

One proxy refuses; one answers so late that the miner's first line stands in the same segment as its request.
"""

import ipaddress
import struct

from pcaps.makers.making import C, S, Tape, line, monero_address
from pcaps.makers.pool_names import NAME, client_hello
from pcaps.makers.stratum_lines import answer, notify, opening, share
from pcaps.makers.xmr_rig import job

FILE = "socks.pcap"
Said = list[tuple[float, int, bytes]]


def _name5(host: str, port: int) -> bytes:
    return struct.pack(">BBBBB", 5, 1, 0, 3, len(host)) + host.encode() + struct.pack(">H", port)


def _granted5() -> bytes:
    return b"\x05\x00\x00\x01" + ipaddress.ip_address("203.0.113.99").packed + struct.pack(">H", 40000)


def _bitcoin(worker: str) -> Said:
    """What stands behind the proxy: a session with shares."""
    script = [*opening(worker, "cgminer/4.12.1", "5a01"), (0.0, S, notify("a1", 938_500, clean=True))]
    for turn in range(4):
        script.append((11.0, C, share(10 + turn, worker, "a1")))
        script.append((0.08, S, answer(10 + turn, accepted=True)))
    return script


def _by_name() -> Said:
    return [
        (0.0, C, b"\x05\x01\x00"),
        (0.02, S, b"\x05\x00"),
        (0.01, C, _name5("btc.pool.example", 3333)),
        (0.09, S, _granted5()),
        *_bitcoin("socks1"),
    ]


def _with_password() -> Said:
    login = {"login": monero_address(), "pass": "x", "agent": "XMRig/6.26.0 (Linux x86_64)", "algo": ["rx/0"]}
    result = {"id": "5a5a", "job": job(0), "extensions": ["algo"], "status": "OK"}
    return [
        (0.0, C, b"\x05\x02\x00\x02"),
        (0.02, S, b"\x05\x02"),
        (0.01, C, b"\x01\x05miner\x08password"),
        (0.02, S, b"\x01\x00"),
        (0.01, C, _name5(NAME, 10300)[:9]),  # in two segments
        (0.0, C, _name5(NAME, 10300)[9:]),
        (0.09, S, b"\x05\x00\x00\x04" + ipaddress.ip_address("2001:db8:9::9").packed + b"\x9c\x40"),
        (0.01, C, line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login})),
        (0.1, S, line({"id": 1, "jsonrpc": "2.0", "error": None, "result": result})),
    ]


def _old(host: str | None) -> Said:
    address = "0.0.0.7" if host else "203.0.113.10"
    request = struct.pack(">BBH", 4, 1, 3333) + ipaddress.ip_address(address).packed + b"rig\0"
    request += host.encode() + b"\0" if host else b""
    return [(0.0, C, request), (0.09, S, b"\x00\x5a" + bytes(6)), *_bitcoin("old4a" if host else "old4")]


def _early() -> Said:
    """The client does not wait; the first of its lines is in the segment of the request."""
    inner = _bitcoin("early")
    return [
        (0.0, C, b"\x05\x01\x00"),
        (0.02, S, b"\x05\x00"),
        (0.01, C, _name5("btc.pool.example", 443) + inner[0][2]),
        (0.2, S, _granted5() + inner[1][2]),
        *inner[2:],
    ]


def _sealed() -> Said:
    return [
        (0.0, C, b"\x05\x01\x00"),
        (0.02, S, b"\x05\x00"),
        (0.01, C, _name5(NAME, 10343)),
        (0.09, S, _granted5()),
        (0.01, C, client_hello(NAME)),
    ]


def _refused() -> Said:
    return [
        (0.0, C, b"\x05\x01\x00"),
        (0.02, S, b"\x05\x00"),
        (0.01, C, _name5("blocked.example", 3333)),
        (0.09, S, b"\x05\x02\x00\x01" + bytes(6)),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    proxy = ("198.51.100.5", 1080)
    for turn, script in enumerate(
        (_by_name(), _with_password(), _old("btc.pool.example"), _early(), _refused())
    ):
        tape.tcp(1.3 * turn, (f"192.0.2.{111 + turn}", 52000 + turn), proxy, script)
    tape.tcp(7.1, ("192.0.2.121", 52021), ("198.51.100.6", 1080), _old(None))
    tape.tcp(8.2, ("192.0.2.122", 52022), ("198.51.100.7", 9050), _sealed(), closed=False)
    return tape.in_time_order().pcap()
