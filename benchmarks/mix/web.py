"""What most subscribers do: look-ups, TLS, QUIC, HTTP, WebSocket, some of it through SOCKS."""

import base64
import struct
from ipaddress import ip_address

from benchmarks.mix.template import Draw, Kind, Recorder, Wrap, record, tcp, udp
from benchmarks.mix.wraps import gre, gtp, mpls, pppoe, qinq, vlan, vxlan
from pcaps.makers.browser_mining import compact, frame, upgrade
from pcaps.makers.making import C, S, Script, ethernet
from pcaps.makers.pool_names import client_hello
from pcaps.makers.quic_names import V1, V2, crypto, hello, initial

SITES = ("www", "cdn", "static", "api", "img", "news", "shop", "video", "login", "mail", "maps", "ads")
FRAMES = 1232
"""Bytes of a full QUIC datagram."""


def site(draw: Draw) -> str:
    """Return the name of some ordinary site."""
    return f"{draw.choice(SITES)}{draw.randrange(100)}.example.{draw.choice(('com', 'net', 'org'))}"


def dns(draw: Draw, *, six: bool = False) -> Recorder:
    """Return a question and its answer."""
    name = b"".join(bytes([len(part)]) + part.encode() for part in site(draw).split(".")) + b"\0"
    asked = name + struct.pack(">HH", 28 if six else 1, 1)
    ask = struct.pack(">HHHHHH", draw.randrange(65536), 0x0100, 1, 0, 0, 0) + asked
    address = ip_address("2001:db8::80" if six else "192.0.2.80").packed
    reply = ask[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + asked
    reply += b"\xc0\x0c" + struct.pack(">HHIH", 28 if six else 1, 1, 300, len(address)) + address
    return udp([(C, ask), (S, reply)], 53, six=six)


def tls(draw: Draw, down: int) -> Script:
    """Return a handshake, a request and `down` records of 1,400 bytes."""
    server = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + draw.randbytes(116)
    script = [(0.0, C, client_hello(site(draw))), (0.03, S, server + record(draw, 2600))]
    script.append((0.02, C, record(draw, 300)))
    while down > 0:
        script.append((0.01, S, b"".join(record(draw, 1400) for _ in range(min(8, down)))))
        down -= 8
    return script


def quic(draw: Draw, *, six: bool = False, version2: bool = False) -> Recorder:
    """Return a visit over QUIC: Initial packets under the RFC's keys, then short headers both ways.

    Half of the clients offer a hybrid key share, whose ClientHello takes two datagrams.
    """
    version, first_id = V2 if version2 else V1, draw.randbytes(8)
    greeting = hello(site(draw), b"h3", draw.choice((32, 1216)))
    pieces = [greeting[at : at + 1000] for at in range(0, len(greeting), 1000)]
    said = [
        (C, initial(version, first_id, turn, crypto(1000 * turn, piece))) for turn, piece in enumerate(pieces)
    ]
    long_header = (
        bytes([version[1] | 0x23]) + struct.pack(">I", version[0]) + b"\x05myid!\x08" + draw.randbytes(8)
    )
    said += [(S, long_header + draw.randbytes(FRAMES - len(long_header)))] * 2
    said.append((C, b"\x45" + draw.randbytes(80)))
    for _ in range(draw.randrange(4, 12)):
        said += [(S, b"\x41" + draw.randbytes(FRAMES - 1)), (C, b"\x42" + draw.randbytes(30))]
    return udp(said, 443, 0.01, six=six)


def http(draw: Draw) -> Script:
    """Return some requests on a kept connection: pages, pictures, a JSON answer."""
    script: list[tuple[float, int, bytes]] = []
    for _ in range(draw.randrange(1, 4)):
        ask = f"GET /{draw.randrange(10**6)} HTTP/1.1\r\nHost: {site(draw)}\r\nUser-Agent: sample/1\r\n\r\n"
        if draw.random() < 0.3:
            body = compact({"items": [{"id": draw.randrange(10**6), "name": site(draw)} for _ in range(40)]})
            kind = "application/json"
        else:
            body, kind = draw.randbytes(draw.randrange(600, 9000)), "image/webp"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        script += [(0.1, C, ask.encode()), (0.04, S, head.encode() + body)]
    return script


def post(draw: Draw) -> Script:
    """Return an app that sends its telemetry as JSON."""
    body = compact({"id": draw.randrange(10**6), "events": [{"name": "tick", "at": n} for n in range(30)]})
    head = f"POST /v1/collect HTTP/1.1\r\nHost: {site(draw)}\r\nContent-Type: application/json\r\n"
    sent = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    return [(0.0, C, sent), (0.05, S, b"HTTP/1.1 204 No Content\r\n\r\n")]


def chat(draw: Draw) -> Script:
    """Return a page's WebSocket: messages both ways, no mining."""
    seed = str(draw.random())
    ask, answer = upgrade(site(draw), "/live", seed)
    script: list[tuple[float, int, bytes]] = [(0.0, C, ask), (0.05, S, answer)]
    for turn in range(12):
        text = base64.b64encode(draw.randbytes(45)).decode()
        script.append((2.0, S, frame(compact({"type": "message", "room": 7, "seq": turn, "text": text}))))
        if turn % 3 == 0:
            script.append((0.5, C, frame(compact({"type": "ack", "seq": turn}), f"{seed}{turn}")))
    return script


def through_socks(draw: Draw, inner: Script) -> Script:
    """Return a conversation behind a SOCKS 5 proxy, asked for by name."""
    host = site(draw).encode()
    request = b"\x05\x01\x00\x03" + bytes([len(host)]) + host + struct.pack(">H", 443)
    return [
        (0.0, C, b"\x05\x01\x00"),
        (0.02, S, b"\x05\x00"),
        (0.01, C, request),
        (0.08, S, b"\x05\x00\x00\x01" + bytes([192, 0, 2, 99]) + struct.pack(">H", 40000)),
        *inner,
    ]


def _short(name: str, share: float, variants: int, wrap: Wrap = ethernet, *, six: bool = False) -> Kind:
    return Kind(name, share, lambda draw: tcp(tls(draw, 1), 443, wrap, six=six), variants)


KINDS = (
    Kind("dns", 0.240, dns, 24),
    Kind("dns-ipv6", 0.040, lambda draw: dns(draw, six=True), 12),
    _short("tls-short", 0.194, 24),
    _short("tls-ipv6", 0.080, 12, six=True),
    _short("tls-vlan", 0.060, 6, vlan),
    _short("tls-qinq", 0.020, 4, qinq),
    _short("tls-pppoe", 0.020, 4, pppoe),
    _short("tls-mpls", 0.010, 2, mpls),
    _short("tls-vxlan", 0.010, 2, vxlan),
    _short("tls-gre", 0.005, 2, gre),
    _short("tls-gtp", 0.010, 2, gtp),
    Kind("tls-download", 0.010, lambda draw: tcp(tls(draw, 60), 443), 4),
    Kind("quic", 0.060, quic, 12),
    Kind("quic-ipv6", 0.020, lambda draw: quic(draw, six=True), 6),
    Kind("quic-v2", 0.002, lambda draw: quic(draw, version2=True), 2),
    Kind("http", 0.045, lambda draw: tcp(http(draw), 80), 16),
    Kind("http-post", 0.010, lambda draw: tcp(post(draw), 80), 8),
    Kind("websocket", 0.001, lambda draw: tcp(chat(draw), 80), 4),
    Kind("socks-tls", 0.002, lambda draw: tcp(through_socks(draw, tls(draw, 1)), 1080), 4),
)
