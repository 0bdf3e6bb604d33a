"""A miner behind a web proxy: CONNECT to a pool and Stratum inside; CONNECT refused; CONNECT to a shop.

The request and the answer are cut into segments, the first line of Stratum comes with the last of the head.
"""

from pcaps.makers.getwork import http
from pcaps.makers.making import C, S, Script, Tape, line
from pcaps.makers.stratum_lines import notify, opening, share

FILE = "http_connect.pcap"
PROXY = ("198.51.100.95", 3128)


def connect(target: str) -> bytes:
    """Return the request for a tunnel."""
    return http(f"CONNECT {target} HTTP/1.1", {"Host": target, "Proxy-Connection": "Keep-Alive"})


def miner() -> Script:
    """Return a tunnel with mining in it."""
    asked = connect("Pool.Example:3333")
    said = opening("rig9", "cgminer/4.12.1", "c0ffee09")
    script: list[tuple[float, int, bytes]] = [
        (0.0, C, asked[:33]),
        (0.001, C, asked[33:]),
        (0.2, S, b"HTTP/1.1 200 Connection"),
        (0.001, S, b" established\r\nVia: 1.1 proxy\r\n\r\n"),
        *said,
        (0.0, S, notify("1", 939_120, clean=True)),
    ]
    for count in range(5):
        script.append((31.0, C, share(10 + count, "rig9", "1")))
        script.append((0.1, S, line({"id": 10 + count, "result": True, "error": None})))
    return script


def refused() -> Script:
    """Return a tunnel that is not granted."""
    page = b"<html><body>Access denied</body></html>"
    return [
        (0.0, C, connect("pool.example:3333")),
        (0.1, S, http("HTTP/1.1 403 Forbidden", {"Content-Type": "text/html"}, page)),
    ]


def shop() -> Script:
    """Return a tunnel with bytes in it that are nobody's."""
    hello = bytes.fromhex("170303") + (300).to_bytes(2, "big") + bytes(300)
    return [
        (0.0, C, connect("shop.example:443")),
        (0.1, S, b"HTTP/1.0 200 OK\r\n\r\n"),
        (0.1, C, hello),
        (0.1, S, hello),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.91", 54000), PROXY, miner())
    tape.tcp(5.0, ("192.0.2.92", 54001), PROXY, refused())
    tape.tcp(6.0, ("192.0.2.93", 54002), PROXY, shop())
    return tape.in_time_order().pcap()
