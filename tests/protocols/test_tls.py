import datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.certificate import read_names
from protocols.events import TlsCertificate, TlsHello
from protocols.parser import Match, Side
from protocols.tls import Tls
from tests.protocols import wire

SNI = wire.server_name("EU1.Pool.Example.org")
HELLO = wire.client_hello(
    wire.words(0x0A0A, 0x1301, 0xC02F),
    SNI
    + wire.alpn(b"h2", b"http/1.1")
    + wire.extension(43, b"\x04\x03\x04\x03\x03")
    + wire.extension(13, b"\0\2\4\3"),
)


@cache
def certificate(
    *hosts: str, common: str | None = "Pool.Example.net", issuer: str | None = "Test CA"
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else []
    by = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Trust")]
    if issuer:
        by.append(x509.NameAttribute(NameOID.COMMON_NAME, issuer))
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name(by))
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False
        )
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def test_a_client_hello_tells_name_protocols_and_fingerprint() -> None:
    (event,) = wire.play(Tls, [(Side.CLIENT, wire.record(HELLO))])
    assert isinstance(event, TlsHello)
    assert event.sni == "eu1.pool.example.org"
    assert event.alpn == ("h2", "http/1.1")
    assert event.ja4.startswith("t13d0204h2_")


def test_a_hello_over_many_records_is_one_hello() -> None:
    pieces = b"".join(wire.record(HELLO[at : at + 3]) for at in range(0, len(HELLO), 3))
    assert wire.play(Tls, [(Side.CLIENT, pieces)]) == wire.play(Tls, [(Side.CLIENT, wire.record(HELLO))])
    assert Tls.probe({Side.CLIENT: pieces}) is Match.YES


def test_a_hello_without_extensions_is_read() -> None:
    (event,) = wire.play(
        Tls, [(Side.CLIENT, wire.record(wire.client_hello(wire.words(5, 4), legacy=0x0301)))]
    )
    assert isinstance(event, TlsHello)
    assert (event.sni, event.alpn, event.ja4[:10]) == (None, (), "t10i020000")


def test_the_outer_name_of_an_encrypted_hello_is_the_name() -> None:
    hello = wire.client_hello(extensions=wire.extension(0xFE0D, bytes(200)) + SNI)
    (event,) = wire.play(Tls, [(Side.CLIENT, wire.record(hello))])
    assert isinstance(event, TlsHello)
    assert event.sni == "eu1.pool.example.org"


@pytest.mark.parametrize("reversed_sides", [False, True])
def test_the_certificate_of_a_tls12_server_tells_its_names(reversed_sides: bool) -> None:
    client, server = (Side.SERVER, Side.CLIENT) if reversed_sides else (Side.CLIENT, Side.SERVER)
    der = certificate("a.Pool.example", "*.pool.example", "a.pool.example")
    flight = wire.record(wire.server_hello() + wire.certificates(der, certificate("ca.example")))
    parser = Tls()
    events = wire.drain(parser, client, wire.record(HELLO))
    assert not parser.finished
    events += wire.drain(parser, server, flight)
    assert events[1] == TlsCertificate(
        protocol="tls", side=server, offset=0, names=("a.pool.example", "*.pool.example"), issuer="Test CA"
    )
    assert parser.finished


def test_a_server_heard_alone_tells_its_certificate_at_its_record() -> None:
    first = wire.record(wire.server_hello())
    flight = first + wire.record(wire.certificates(certificate("a.example"))) + wire.record(b"\x01", 20)
    assert Tls.probe({Side.SERVER: flight[:4096]}) is Match.YES
    parser = Tls()
    (event,) = wire.drain(parser, Side.SERVER, flight)
    assert (event.kind, event.offset) == ("tls.certificate", len(first))


@pytest.mark.parametrize("kind", [20, 23])
def test_reading_stops_where_encryption_begins(kind: int) -> None:
    parser = Tls()
    wire.drain(parser, Side.SERVER, wire.record(wire.server_hello()) + wire.record(b"\x01", kind))
    assert parser.finished
    assert wire.drain(parser, Side.CLIENT, wire.record(HELLO)) == []


def test_a_tls13_server_ends_the_reading_with_its_hello() -> None:
    parser = Tls()
    wire.drain(parser, Side.CLIENT, wire.record(HELLO))
    wire.drain(parser, Side.SERVER, wire.record(wire.server_hello(wire.extension(43, b"\x03\x04"))))
    assert parser.finished


def test_a_gap_ends_the_reading_of_its_side_only() -> None:
    parser = Tls()
    parser.gap(Side.SERVER, 100)
    assert not parser.finished
    assert len(wire.drain(parser, Side.CLIENT, wire.record(HELLO))) == 1
    assert parser.finished


@pytest.mark.parametrize(
    "head",
    [
        b"\x80\x2e\x01\x00\x02" + bytes(50),  # SSLv2
        b"\x16\x03\x05\x00\x20\x01\x00\x00\x1c\x03\x03",
        b"\x16\x03\x01\x00\x20\x0e\x00\x00\x1c\x03\x03",
        b"\x16\x03\x01\xff\x20\x01\x00\x00\x1c\x03\x03",
        b"\x16\x03\x01\x00\x20\x01\xff\x00\x1c\x03\x03",
        b"\x17\x03\x03\x00\x20" + bytes(32),
        b"\x16\xfe\xff" + bytes(20),  # DTLS
    ],
)
def test_other_first_bytes_are_no_handshake(head: bytes) -> None:
    assert Tls.probe({Side.CLIENT: head}) is Match.NO


@pytest.mark.parametrize(
    "stream",
    [
        wire.record(HELLO)[:20] + b"\xff" + wire.record(HELLO)[21:60] + bytes(300),
        wire.record(wire.message(1, bytes(10))),
        wire.record(b"\x0b\x02\x00\x00"),
        wire.record(wire.client_hello(extensions=wire.extension(0, b"\x00\xff\x00"))),
        wire.record(wire.certificates(b"\x30\x03\x02\x01\x01")),
        wire.record(HELLO)[:5] + b"GET / HTTP/1.1\r\n" + wire.record(HELLO),
    ],
)
def test_a_malformed_handshake_is_an_error_and_ends_its_side(stream: bytes) -> None:
    parser = Tls()
    with pytest.raises(ParseError):
        list(parser.feed(Side.CLIENT, stream + bytes(2000)))
    assert wire.drain(parser, Side.CLIENT, wire.record(HELLO)) == []


def test_names_of_a_certificate_fall_back_to_common_name_and_organisation() -> None:
    names = read_names(certificate(issuer=None))
    assert (names.hosts, names.issuer) == (("pool.example.net",), "Test Trust")
    assert read_names(certificate(common=None)).hosts == ()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_certificate_gives_names_or_a_parse_error(data: st.DataObject) -> None:
    der = bytearray(certificate("a.example", "b.example"))
    for at in data.draw(st.lists(st.integers(0, len(der) - 1), max_size=5)):
        der[at] = data.draw(st.integers(0, 255))
    try:
        names = read_names(bytes(der[: data.draw(st.integers(0, len(der)))]))
    except ParseError:
        return
    assert all(host.isprintable() for host in names.hosts)


def large_hello(share: int) -> bytes:
    """A hello whose key share (as of post-quantum groups) stands before its name."""
    keys = wire.extension(51, wire.words(share + 4, 0x11EC, share) + bytes(share))
    return wire.client_hello(wire.words(0x1301), keys + wire.extension(43, b"\x02\x03\x04") + SNI)


@pytest.mark.parametrize("share", [1216, 6_000, 60_000])
@pytest.mark.parametrize("record_size", [100, 1_400, 16_384])
@pytest.mark.parametrize("cuts", [(), (1,), (1_460, 536)])
def test_a_large_hello_is_read_over_records_and_segments(
    share: int, record_size: int, cuts: tuple[int, ...]
) -> None:
    if cuts == (1,) and share > 10_000:
        cuts = (7,)
    hello = large_hello(share)
    flight = b"".join(wire.record(hello[at : at + record_size]) for at in range(0, len(hello), record_size))
    assert Tls.probe({Side.CLIENT: flight[:4096]}) is Match.YES
    (event,) = wire.play(Tls, [(Side.CLIENT, flight)], cuts)
    assert isinstance(event, TlsHello)
    assert event.sni == "eu1.pool.example.org"
    assert event.ja4.startswith("t13d010300_")


def test_records_of_one_byte_make_a_hello() -> None:
    flight = b"".join(wire.record(HELLO[at : at + 1]) for at in range(len(HELLO)))
    (event,) = wire.play(Tls, [(Side.CLIENT, flight)], (3,))
    assert isinstance(event, TlsHello)
    assert event.offset == 0
