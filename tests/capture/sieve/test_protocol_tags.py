"""The payload tests of HTTP, WebSocket, SOCKS, binary pool protocols and handshakes."""

import random
import struct

import pytest

from capture.records import Tag
from capture.sieve.sieve import Sieve
from tests.capture.sieve.frames import ACK, MINER, POOL, SYN, datagram, ethernet, ipv4, tcp, udp
from tests.capture.sieve.located import located, sift

RANDOM = random.Random(7)


def tag_of(payload: bytes, dport: int = 3333) -> Tag:
    """The tag of a payload in the middle of a connection."""
    rows = sift(Sieve(seed=1), located([tcp(payload, dport=dport)]))
    return Tag(int(rows["tag"][0])) if len(rows) else Tag.NONE


def opening_tag(payload: bytes, dport: int = 3333, sport: int = 51000) -> Tag:
    """The tag of a client's first payload in a connection whose SYN was seen."""
    frames = [tcp(seq=99, flags=SYN, dport=dport, sport=sport), tcp(payload, dport=dport, sport=sport)]
    rows = sift(Sieve(seed=1), located(frames))
    return Tag(int(rows["tag"][0])) if len(rows) else Tag.NONE


def post(body: bytes, path: str = "/", *fields: str) -> bytes:
    head = "".join(f"{field}\r\n" for field in ("Host: node", f"Content-Length: {len(body)}", *fields))
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def get(path: str = "/", *fields: str) -> bytes:
    head = "".join(f"{field}\r\n" for field in ("Host: node", *fields))
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()


def masked(text: bytes, key: bytes = b"\x11\xe2\x33\x94") -> bytes:
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
    return b"\x81" + size + key + bytes(byte ^ key[n % 4] for n, byte in enumerate(text))


def framed(text: bytes) -> bytes:
    size = bytes([len(text)]) if len(text) < 126 else b"\x7e" + struct.pack(">H", len(text))
    return b"\x81" + size + text


def noise(size: int) -> bytes:
    return RANDOM.randbytes(size)


AUTH = b'{"type":"auth","params":{"site_key":"K","type":"anonymous"}}'
GETWORK = b'{"method":"getwork","params":[],"id":0}'


@pytest.mark.parametrize(
    "payload",
    [
        post(GETWORK),
        post(b'{"jsonrpc":"1.0","id":"x","method" : "getblocktemplate","params":[{"rules":["segwit"]}]}'),
        post(b'{"id":1,"jsonrpc":"2.0","method":"eth_getWork","params":[]}', "/0xabc/rig"),
        post(b'{"id":1,"method":"submitblock","params":["00"]}'),
        post(b'{"id":1,"jsonrpc":"2.0","method":"get_block_template"}', "/json_rpc"),
        post(b'[{"method":"getinfo"},{"method":"eth_submitWork"}]'),
        post(b"{}", "/partial"),
        post(b"{}", "/farmer").replace(b"POST", b"PUT"),
        post(b'{"jsonrpc":"2.0","id":"0","method":"get_miner_data"}', "/rpc"),
        post(GETWORK)[: -len(GETWORK)],
        post(GETWORK)[:40],
        get("/getheight"),
        get("/", "X-Mining-Extensions: longpoll midstate"),
        get("/lp", "Authorization: Basic eDp5"),
        get("/proxy", "Upgrade: websocket", "Connection: Upgrade"),
        get("/any", "upgrade: WebSocket"),
        get("/any", "Connection: Upgrade", "UPGRADE:websocket", "Sec-WebSocket-Version: 13"),
        b"CONNECT pool.example:3333 HTTP/1.1\r\nHost: pool.example:3333\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long-Polling: /lp\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nServer: x\r\nX-Stratum: stratum+tcp://pool.example:3333\r\n\r\n",
    ],
)
def test_http_that_can_carry_mining_is_tagged(payload: bytes) -> None:
    assert tag_of(payload, dport=80) == opening_tag(payload, dport=8332) == Tag.HTTP


@pytest.mark.parametrize(
    "payload",
    [
        get("/"),
        get("/index.html", "User-Agent: x", "Accept: */*", "Cookie: " + "a" * 3000),
        get("/getheights"[:4], "Upgrade: h2c"),
        get("/", "X-Forwarded-For: 192.0.2.1", "X-Requested-With: XMLHttpRequest"),
        post(b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}'),
        post(b'{"jsonrpc":"2.0","id":1,"method":"getblockcount","params":[]}'),
        post(b"user=a&text=getblocktemplate"),
        post(b'{"text":"they call \\"getwork\\" old"}'),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>getwork</html>",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"PUT /x HTTP/1.1\r\n\r\n",
        b"GETTING there, line by line\r\n",
        b"POSTED: nothing",
        b"HTTPS is not HTTP/1.1 here\r\n",
        b"CONNECTION refused, it says",
        b"GET /",
    ],
)
def test_ordinary_http_is_not(payload: bytes) -> None:
    assert tag_of(payload, dport=80) == opening_tag(payload, dport=80) == Tag.NONE


@pytest.mark.parametrize("text", [AUTH, b'{"identifier":"job","job_id":"1","blob":"' + b"0" * 152 + b'"}'])
def test_text_frames_of_websocket_are_tagged(text: bytes) -> None:
    assert tag_of(framed(text)) == Tag.WEBSOCKET
    assert tag_of(masked(text)) == Tag.WEBSOCKET


@pytest.mark.parametrize(
    "payload",
    [
        framed(b"plain text of a chat, no object"),
        masked(b"plain text of a chat, no object"),
        framed(b'{"user":"a","text":"hello"}'),
        masked(b'{"user":"a","text":"hello"}'),
        b"\x82" + framed(AUTH)[1:],
        b"\x81\x7f" + bytes(8) + AUTH,
        b"\x81\x7e\x00\x10" + AUTH[:16],
        b"\x81\xff" * 10,
    ],
)
def test_other_frames_are_not(payload: bytes) -> None:
    assert tag_of(payload) == Tag.NONE


SUBMIT = b"\x7f\x02" + struct.pack("<HBHII", 15, 1, 7, 1, 2)
REGISTER = b"\x7f\x01\x14\x00\x22\x11cgminer\0s1099\0"


@pytest.mark.parametrize(
    "payload",
    [
        REGISTER,
        SUBMIT,
        SUBMIT * 3,
        SUBMIT + b'{"id":1}',
        b"\x7f\x05\x0b\x00\x0a\x02\x00\x01\x00\x02\x00",
        b"\x7f\x10\x0a\x00\x01\x00\x27\xb5\x2c\x6b",
        b"\x7f\x04\x06\x00\x01\x00",
    ],
)
def test_messages_of_btcagent_are_tagged(payload: bytes) -> None:
    assert tag_of(payload) == Tag.AGENT


@pytest.mark.parametrize(
    "payload",
    [b"\x7fELF\x02\x01\x01" + bytes(57), SUBMIT + b"more", b"\x7f\x02\x10\x00" + bytes(99), b"\x7f" * 64],
)
def test_other_bytes_behind_0x7f_are_not(payload: bytes) -> None:
    assert tag_of(payload) == Tag.NONE


SETUP = bytes.fromhex("000000 2a0000 00 0200 0200 00000000".replace(" ", "")) + bytes(32)
SHARE = bytes.fromhex("00801a180000") + bytes(24)


def test_plain_frames_of_stratum_v2_are_tagged() -> None:
    assert tag_of(SETUP) == tag_of(SHARE) == tag_of(SHARE + SHARE) == Tag.STRATUM_V2
    assert tag_of(SHARE[:-1]) == tag_of(bytes(64)) == tag_of(b"\0\x80" * 20) == Tag.NONE


def test_a_first_flight_of_64_random_bytes_is_tagged() -> None:
    assert all(opening_tag(noise(64)) == Tag.NOISE for _ in range(200))
    assert opening_tag(noise(63)) == opening_tag(noise(65)) == opening_tag(b"x" * 64) == Tag.NONE
    assert (
        opening_tag(noise(33))
        == opening_tag(b"STR3\x01AESG")
        == opening_tag(b"\0\x0aSTR3\x01AESG")
        == Tag.NOISE
    )
    assert tag_of(noise(64)) == Tag.NONE, "in the middle of a connection it tells nothing"
    server_first = [
        tcp(seq=99, flags=SYN),
        tcp(seq=9, flags=SYN | ACK, back=True),
        tcp(noise(64), 10, back=True),
    ]
    assert len(sift(Sieve(seed=1), located(server_first))) == 0


def test_random_first_bytes_at_a_nodes_port_are_tagged() -> None:
    assert opening_tag(noise(400), dport=8333) == opening_tag(noise(90), dport=9333) == Tag.SEALED
    assert opening_tag(noise(400), dport=443) == opening_tag(b"SSH-2.0-x\r\n" * 9, dport=8333) == Tag.NONE
    assert tag_of(noise(400), dport=8333) == Tag.NONE


def rlpx(size: int) -> bytes:
    return struct.pack(">H", size - 2) + b"\x04" + noise(size - 3)


def test_handshakes_of_rlpx_are_tagged() -> None:
    assert tag_of(rlpx(429)) == opening_tag(rlpx(584), dport=30303) == Tag.RLPX
    assert opening_tag(b"\x04" + noise(306)) == Tag.RLPX
    assert tag_of(rlpx(429)[:-1]) == tag_of(rlpx(120)) == Tag.NONE


def datum(length: int, change: int = 0) -> bytes:
    header = (length | 1 << 27 | 1 << 25 | 1 << 24) ^ 0xDC871829 ^ change
    return struct.pack("<I", header) + noise(length)


def test_the_hello_of_a_datum_gateway_is_tagged() -> None:
    assert opening_tag(datum(400)) == opening_tag(datum(1024)) == Tag.DATUM
    assert opening_tag(datum(400)[:-1]) == opening_tag(datum(200)) == tag_of(datum(400)) == Tag.NONE
    assert opening_tag(datum(400, 1 << 22)) == Tag.NONE


@pytest.mark.parametrize("start", [b"{", b'{"', b'{"id', b'{"id"', b'{ "method', b'{"jsonrpc"'])
def test_an_object_cut_before_its_first_key_is_tagged_at_the_start_of_a_connection(start: bytes) -> None:
    assert opening_tag(start) == Tag.JSON
    assert tag_of(start) == Tag.NONE


@pytest.mark.parametrize("start", [b"{}", b"{x", b'{"a":1', b"{\n", b'{"' + b"long" * 8, b"[", b"(1"])
def test_what_cannot_become_one_is_not(start: bytes) -> None:
    assert opening_tag(start) == Tag.NONE


def test_a_preface_of_http2_in_clear_is_tagged() -> None:
    assert opening_tag(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)) == Tag.HTTP2
    assert opening_tag(b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n") == Tag.NONE


@pytest.mark.parametrize(
    "payload",
    [
        b"\5\1\0",
        b"\5\2\0\2",
        b"\5\4\0\1\2\3",
        b"\5\1\0\5\1\0\1\xc6\x33\x64\x01\x0d\x05",
        b"\5\2\0\2\1\4user\4word",
        b"\5\1\0\3\3a.b\x0d\x05",
        b"\4\1\x0d\x05\xc6\x33\x64\x01user\0",
        b"\4\1\x0d\x05\0\0\0\1\0a.b\0",
    ],
)
def test_greetings_of_socks_are_tagged(payload: bytes) -> None:
    assert opening_tag(payload, dport=1080) == Tag.SOCKS
    assert tag_of(payload, dport=1080) == Tag.NONE


@pytest.mark.parametrize(
    "payload", [b"\5\1\0\0", b"\5\0", b"\5\x99" + bytes(0x99), b"\4\3" + bytes(8), b"\4\1" + b"x" * 9]
)
def test_what_is_no_greeting_of_socks_is_not(payload: bytes) -> None:
    assert opening_tag(payload, dport=1080) == Tag.NONE


def quic(version: int, kind: int) -> bytes:
    return bytes([0xC0 | kind << 4]) + struct.pack(">I", version) + b"\x08" + noise(1194)


def udp_tag_of(payload: bytes, *before: bytes) -> Tag:
    frames = [ethernet(ipv4(17, datagram(one, 30303, 40000), POOL, MINER)) for one in before]
    rows = sift(Sieve(seed=1), located([*frames, udp(payload, sport=40000, dport=30303)]))
    return Tag(int(rows["tag"][0])) if len(rows) else Tag.NONE


def test_initials_of_quic_are_tagged() -> None:
    assert udp_tag_of(quic(1, 0)) == udp_tag_of(quic(0x6B3343CF, 1)) == Tag.QUIC
    assert udp_tag_of(quic(1, 2)) == udp_tag_of(quic(1, 0)[:1199]) == udp_tag_of(quic(3, 0)) == Tag.NONE


def test_63_random_bytes_in_answer_to_a_datagram_are_tagged() -> None:
    assert udp_tag_of(noise(63), noise(120)) == Tag.DISCV5
    assert (
        udp_tag_of(noise(63))
        == udp_tag_of(noise(62), noise(120))
        == udp_tag_of(b"x" * 63, noise(120))
        == Tag.NONE
    )


def test_every_new_tag_is_met_in_this_file() -> None:
    met = {tag_of(post(GETWORK)), tag_of(masked(AUTH)), tag_of(SUBMIT), tag_of(SETUP), tag_of(rlpx(400))}
    met |= {opening_tag(noise(64)), opening_tag(noise(99), dport=8333), opening_tag(b"\5\1\0")}
    met |= {opening_tag(b"PRI * HTTP/2.0\r\n\r\n"), udp_tag_of(quic(1, 0)), udp_tag_of(noise(63), noise(99))}
    met |= {opening_tag(datum(300))}
    assert met == set(Tag) - OLD


OLD = {Tag.NONE, Tag.EARLY, Tag.JSON, Tag.BITCOIN_P2P, Tag.LEVIN, Tag.DISCV4, Tag.TLS, Tag.DNS}


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_cut_anywhere_raise_nothing(seed: int) -> None:
    draw = random.Random(seed)
    starts = [post(GETWORK), get("/", "Upgrade: websocket"), masked(AUTH), framed(AUTH), SUBMIT, SETUP, SHARE]
    starts += [
        rlpx(400),
        noise(64),
        b"\5\1\0",
        quic(1, 0),
        b"HTTP/1.1 200 OK\r\nX-Stratum: x\r\n\r\n",
        REGISTER,
    ]
    frames = []
    for _ in range(400):
        payload = bytearray(draw.choice(starts))
        for _ in range(draw.randrange(4)):
            payload[draw.randrange(len(payload))] = draw.randrange(256)
        cut = bytes(payload[: draw.randrange(1, len(payload) + 1)])
        sport = draw.randrange(1024, 60000)
        frames += [tcp(seq=99, flags=SYN, sport=sport), tcp(cut, sport=sport), udp(cut, sport=sport)]
    sieve = Sieve(seed=seed)
    sift(sieve, located(frames))
    assert sieve.parsed == len(frames)
