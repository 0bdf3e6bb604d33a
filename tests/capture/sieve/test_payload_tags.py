import struct

import pytest

from capture.records import Tag, TaggedKind
from capture.sieve.names import interest
from capture.sieve.sieve import Sieve
from tests.capture.sieve.frames import tcp, udp
from tests.capture.sieve.located import located, sift

POOLS = interest(["pool.example", "mine.test"])


def tag_of(payload: bytes, sport: int = 40000, dport: int = 3333, listed: bool = False) -> Tag:
    return _one(tcp(payload, sport=sport, dport=dport), listed)


def udp_tag_of(payload: bytes, sport: int = 40000, dport: int = 30303, listed: bool = False) -> Tag:
    return _one(udp(payload, sport, dport), listed)


def _one(frame: bytes, listed: bool) -> Tag:
    rows = sift(Sieve(seed=1, names=POOLS if listed else None), located([frame]))
    return Tag(int(rows["tag"][0])) if len(rows) else Tag.NONE


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def question(asked: str, flags: int = 0x0100) -> bytes:
    return struct.pack(">6H", 7, flags, 1, 0, 0, 0) + name(asked) + b"\0\1\0\1"


def answer(asked: str, *aliases: str) -> bytes:
    head = struct.pack(">6H", 7, 0x8180, 1, len(aliases) + 1, 0, 0) + name(asked) + b"\0\1\0\1"
    for alias in aliases:
        head += b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, len(name(alias))) + name(alias)
    return head + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes(4)


def hello(server: str | None, before: bytes = b"") -> bytes:
    """A ClientHello; `before`: extensions in front of the server's name."""
    extensions = before
    if server is not None:
        entry = b"\0" + struct.pack(">H", len(server)) + server.encode()
        extensions += struct.pack(">HHH", 0, len(entry) + 2, len(entry)) + entry
    body = b"\3\3" + bytes(32) + b"\x04abcd" + b"\0\2\x13\1" + b"\1\0"
    body += struct.pack(">H", len(extensions)) + extensions
    handshake = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + struct.pack(">H", len(handshake)) + handshake


def bitcoin(magic: str, command: bytes) -> bytes:
    return bytes.fromhex(magic) + command.ljust(12, b"\0") + bytes(8)


LEVIN = bytes.fromhex("0121010101010101") + bytes(25)
DISCV4 = bytes(97) + b"\x01" + b"\xc4\1\2\3\4"


@pytest.mark.parametrize(
    ("payload", "tag"),
    [
        (b'{"id":1,"method":"mining.subscribe","params":[]}\n', Tag.JSON),
        (b'{"params":[],"id":7}\n', Tag.JSON),
        (b'{ "id" : 1 }\n', Tag.JSON),
        (b'{\n\t"jsonrpc"\t:\n"2.0"}', Tag.JSON),
        (b'\n{"id":null,"result":true}\n', Tag.JSON),
        (b'\r\n  {"error":null}\n', Tag.JSON),
        (b'[{"method":"eth_getWork"}]', Tag.JSON),
        (b'[\n { "method":"eth_getWork"}]', Tag.JSON),
        (b'{"a":"b","c":{"login":"x"}}', Tag.JSON),
        (b'{"type":"job"', Tag.JSON),
        (bitcoin("f9beb4d9", b"version"), Tag.BITCOIN_P2P),
        (bitcoin("f9beb4d9", b"newword"), Tag.BITCOIN_P2P),
        (bitcoin("01020304", b"getheaders"), Tag.BITCOIN_P2P),
        (bitcoin("0a03cf40", b"version"), Tag.BITCOIN_P2P),  # Signet: begins as white space does
        (LEVIN, Tag.LEVIN),
        (hello("pool.example"), Tag.TLS),
        (b"\x16\3\3\0\x40\2\0\0\x3c\3\3" + bytes(40), Tag.TLS),
        (b"\x16\3\3\0\x40\x0b\0\0\x3c" + bytes(40), Tag.TLS),
    ],
)
def test_a_tcp_payload_that_may_matter_is_tagged(payload: bytes, tag: Tag) -> None:
    assert tag_of(payload) == tag
    assert tag_of(payload, sport=80, dport=80) == tag, "whatever its ports"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"{}\n{}\n",
        b'{"name":"value","other":1}\n',
        b'{"text":"the method is not a key"}',
        b'{"a":"method"}',
        b'"id":1, "method"',
        b"[1,2,3]",
        b"   just text with id: 1",
        b'{"' + b"x" * 300 + b'":1,"id":1}',
        b"GET / HTTP/1.1\r\nHost: example\r\n\r\n",
        bitcoin("01020304", b"newword"),
        bitcoin("01020304", b"getblock\0x"),
        bitcoin("f9beb4d9", b"VERSION"),
        bitcoin("f9beb4d9", b"v"),
        bitcoin("f9beb4d9", b"version")[:15],
        LEVIN[:7],
        b"\x01\x21\x01\x01\x01\x01\x01\x02" + bytes(25),
        b"\x16\x03\x03\x00\x40\x10" + bytes(40),
        b"\x17\x03\x03\x00\x40" + bytes(64),
        b"\x16\x02\x03\x00\x40\x01" + bytes(40),
        bytes(200),
        b"\xff" * 200,
    ],
)
def test_what_only_looks_alike_is_not_tagged(payload: bytes) -> None:
    assert tag_of(payload) == Tag.NONE


@pytest.mark.parametrize("space", [b" " * 300, b"\t" * 300, b" \t\r\n" * 75])
def test_white_space_however_long_hides_no_json(space: bytes) -> None:
    assert tag_of(space + b'{"id":1}') == Tag.JSON


@pytest.mark.parametrize("cut", range(6, 30))
def test_a_payload_cut_anywhere_raises_nothing(cut: int) -> None:
    for payload in (LEVIN, hello("pool.example"), bitcoin("f9beb4d9", b"version"), b'{"id":1,"method":"x"}'):
        tag_of(payload[:cut], listed=True)
    for payload in (DISCV4, question("pool.example"), answer("x.example", "pool.example")):
        udp_tag_of(payload[: cut * 4], dport=53, listed=True)
        udp_tag_of(payload[: cut * 4], listed=True)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6])
def test_a_discovery_datagram_is_tagged(kind: int) -> None:
    assert udp_tag_of(bytes(97) + bytes([kind]) + b"\xc4\1\2\3\4") == Tag.DISCV4
    assert udp_tag_of(bytes(97) + bytes([kind]) + b"\xf8\x40" + bytes(64) + b"behind") == Tag.DISCV4
    assert udp_tag_of(bytes(97) + bytes([kind]) + b"\xf9\1\0" + bytes(256)) == Tag.DISCV4


@pytest.mark.parametrize(
    "payload",
    [
        DISCV4[:98],
        bytes(97) + b"\7\xc4\1\2\3\4",
        bytes(97) + b"\0\xc4\1\2\3\4",
        bytes(97) + b"\1\xc5\1\2\3\4",
        bytes(97) + b"\1\x84\1\2\3\4",
        bytes(97) + b"\1\xf8\x40" + bytes(63),
        bytes(97) + b"\1\xf9\1\0" + bytes(255),
        bytes(97) + b"\1\xc4\1\2\3\4" + bytes(1200),
    ],
)
def test_a_datagram_of_another_shape_is_not_tagged(payload: bytes) -> None:
    assert udp_tag_of(payload) == Tag.NONE


@pytest.mark.parametrize(
    ("asked", "matters"),
    [
        ("pool.example", True),
        ("eu1.POOL.Example", True),
        ("a.b.c.mine.test", True),
        ("example", False),
        ("spool.example", False),
        ("pool.example.org", False),
        ("mine.tests", False),
        ("www.wikipedia.org", False),
    ],
)
def test_names_of_interest_are_those_under_a_listed_domain(asked: str, matters: bool) -> None:
    for payload in (question(asked), answer(asked)):
        assert (udp_tag_of(payload, dport=53, listed=True) == Tag.DNS) == matters
        assert (udp_tag_of(payload, sport=53, listed=True) == Tag.DNS) == matters
        stream = struct.pack(">H", len(payload)) + payload
        assert (tag_of(stream, dport=53, listed=True) == Tag.DNS) == matters
        assert udp_tag_of(payload, dport=53) == Tag.DNS, "without a list all names matter"
    assert (tag_of(hello(asked), dport=443, listed=True) == Tag.TLS) == matters
    assert tag_of(hello(asked), dport=443) == Tag.TLS


def test_an_alias_in_the_answers_matters() -> None:
    assert (
        udp_tag_of(answer("www.plain.org", "cdn.plain.org", "x.pool.example"), sport=53, listed=True)
        == Tag.DNS
    )
    assert udp_tag_of(answer("www.plain.org", "cdn.plain.org"), sport=53, listed=True) == Tag.NONE


@pytest.mark.parametrize(
    "payload",
    [
        struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",  # points at itself
        struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\x4fabc\0\1\0\1",
        struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\x3fabc\0\1\0\1",
        struct.pack(">6H", 7, 0x100, 2, 0, 0, 0) + name("a.org") + b"\0\1\0\1" + name("b.org") + b"\0\1\0\1",
        struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1",
    ],
)
def test_a_name_that_cannot_be_read_is_handed_on_to_be_counted(payload: bytes) -> None:
    assert udp_tag_of(payload, dport=53, listed=True) == Tag.DNS


def test_a_greeting_without_a_name_or_cut_before_it_is_handed_on() -> None:
    assert tag_of(hello(None), listed=True) == Tag.TLS
    dull = hello("www.plain.org", before=struct.pack(">HH", 0xFE0D, 40) + bytes(40))
    assert tag_of(dull, listed=True) == Tag.NONE
    for cut in range(6, len(dull)):
        assert tag_of(dull[:cut], listed=True) == Tag.TLS


def test_greetings_at_the_port_of_dns_over_tls_matter_whatever_their_name() -> None:
    assert tag_of(hello("www.plain.org"), dport=853, listed=True) == Tag.TLS
    assert tag_of(hello("www.plain.org"), dport=854, listed=True) == Tag.NONE


def test_a_dull_greeting_silences_the_servers_handshake_and_no_other_protocol() -> None:
    server = b"\x16\3\3\0\x40\2\0\0\x3c\3\3" + bytes(40)
    sieve = Sieve(seed=1, names=POOLS)
    frames = [tcp(hello("www.plain.org")), tcp(server, back=True), tcp(b'{"id":1}\n')]
    assert sift(sieve, located(frames))["frame"].tolist() == [3]
    assert sift(Sieve(seed=1, names=POOLS), located(frames[1:2]))["tag"].tolist() == [Tag.TLS]


def test_a_dns_flow_is_not_watched() -> None:
    rows = sift(Sieve(seed=1), located([udp(question("a.org"), dport=53), udp(b"x" * 40, dport=53)]))
    assert rows["kind"].tolist() == [TaggedKind.DATAGRAM]
