"""QUIC: packets protected with the keys that RFC 9001 and RFC 9369 print, and what a first flight may do.

The keys are golden values of the appendices (destination connection id 8394c8f03e515708); nothing of
the parser is used to protect a packet.
"""

import hmac
import struct
from collections.abc import Sequence
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.events import TlsHello
from protocols.parser import Event, Match, Side
from protocols.quic import MAX_DATAGRAMS, MAX_FOREIGN, Quic
from tests.protocols import wire

ID = bytes.fromhex("8394c8f03e515708")
# version: first byte of an Initial packet, key, iv, header protection key
V1, V2 = 0x00000001, 0x6B3343CF
Keys = tuple[int, str, str, str]
KEYS: dict[int, Keys] = {
    V1: (
        0xC0,
        "1f369613dd76d5467730efcbe3b1a22d",
        "fa044b2f42a3fd3b46fb255c",
        "9f50449e04a0e810283a1e9933adedd2",
    ),
    V2: (
        0xD0,
        "8b1a0bc121284290a29e0971b5cd045d",
        "91f73e2351d8fa91660e909f",
        "45b95e15235d6f45a6b19cbcb0294ba9",
    ),
}
# The ClientHello of both appendices, in one CRYPTO frame.
FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113020100"
    "00c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00"
    "0500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d74800"
    "2b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffff"
    "ff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
)
HELLO = FRAME[4:]
PRINTED = {
    V1: "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c",
    V2: "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03dceebfa162e75d6c",
}
"""How the protected packet begins, as the appendices print it."""


def varint(value: int) -> bytes:
    return struct.pack(">H", value | 0x4000)


def crypto(offset: int, data: bytes) -> bytes:
    return b"\x06" + varint(offset) + varint(len(data)) + data


def derived(destination: bytes) -> Keys:
    """Keys of version 1 for another connection id, by the library's own derivation."""

    def expand(secret: bytes, label: bytes, size: int) -> bytes:
        info = struct.pack(">HB", size, 6 + len(label)) + b"tls13 " + label + b"\0"
        return HKDFExpand(SHA256(), size, info).derive(secret)

    salt = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
    client = expand(hmac.digest(salt, destination, "sha256"), b"client in", 32)
    parts = ((b"quic key", 16), (b"quic iv", 12), (b"quic hp", 16))
    key, iv, hp = (expand(client, label, size).hex() for label, size in parts)
    return 0xC0, key, iv, hp


def initial(
    version: int,
    frames: bytes,
    number: int = 2,
    *,
    width: int = 4,
    destination: bytes = ID,
    source: bytes = b"",
    token: bytes = b"",
    keys: Keys | None = None,
) -> bytes:
    """Protect an Initial packet of the client (RFC 9001 section 5.4)."""
    kind, key, iv, hp = keys or KEYS[version]
    header = bytes([kind | width - 1]) + struct.pack(">I", version)
    header += bytes([len(destination)]) + destination + bytes([len(source)]) + source
    header += varint(len(token))[-1:] + token if len(token) < 64 else varint(len(token)) + token
    header += varint(width + len(frames) + 16)
    at = len(header)
    header += number.to_bytes(width, "big")
    nonce = (int(iv, 16) ^ number).to_bytes(12, "big")
    sealed = AESGCM(bytes.fromhex(key)).encrypt(nonce, frames, header)
    mask = Cipher(AES(bytes.fromhex(hp)), ECB()).encryptor().update(sealed[4 - width :][:16])
    protected = bytes([header[0] ^ mask[0] & 0x0F]) + header[1:at]
    protected += bytes(a ^ b for a, b in zip(header[at:], mask[1:], strict=False))
    return protected + sealed


def feed(parser: Quic, *datagrams: bytes, side: Side = Side.CLIENT) -> list[Event]:
    return [event for datagram in datagrams for event in wire.drain(parser, side, datagram)]


def said(side: Side = Side.CLIENT) -> list[TlsHello]:
    # JA4 by hand: 2 ciphers, 11 extensions, first ALPN `alpn`
    return [
        TlsHello(
            protocol="quic",
            side=side,
            offset=0,
            sni="example.com",
            alpn=("alpn",),
            ja4="q13d0211an_" + JA4_CIPHERS + "_" + JA4_EXTENSIONS,
        )
    ]


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


JA4_CIPHERS = _short("1301,1302")
JA4_EXTENSIONS = _short("0005,000a,000d,001c,002b,002d,0033,0039,ff01_0403,0503,0603,0203,0804,0805,0806")


def test_the_librarys_derivation_gives_the_printed_keys() -> None:
    assert derived(ID) == KEYS[V1]


@pytest.mark.parametrize("version", [V1, V2])
def test_the_client_initial_of_both_appendices_is_read(version: int) -> None:
    datagram = initial(version, FRAME.ljust(1162, b"\0"))
    assert datagram.hex().startswith(PRINTED[version])
    assert len(datagram) == 1200
    assert Quic.probe({Side.CLIENT: datagram}) is Match.YES
    parser = Quic()
    assert feed(parser, datagram) == said()
    assert parser.finished


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_width_of_packet_number_is_read(version: int, width: int) -> None:
    assert feed(Quic(), initial(version, FRAME.ljust(1200), 0, width=width)) == said()


def test_a_hello_in_pieces_over_packets_and_datagrams_in_any_order_is_put_together() -> None:
    cuts = [(150, 241), (0, 60), (100, 160), (60, 100)]
    frames = [b"\x01" + crypto(a, HELLO[a:b]) + b"\x02\x01\x00\x00\x01\x01\x01" for a, b in cuts]
    first = initial(V1, frames[0], 0) + initial(V1, frames[1] + bytes(1100), 1)
    second = initial(V1, bytes(40) + frames[2] + bytes(900) + frames[3], 2)
    parser = Quic()
    assert feed(parser, first) == []
    assert feed(parser, second) == said()


@given(st.permutations(range(0, 241, 20)), st.integers(1, 5))
def test_pieces_in_any_order_and_grouping_give_the_same_hello(order: list[int], group: int) -> None:
    frames = [crypto(at, HELLO[at : at + 20]) for at in order]
    datagrams = [
        initial(V2, b"".join(frames[i : i + group]).ljust(1162, b"\0"), i)
        for i in range(0, len(frames), group)
    ]
    assert feed(Quic(), *datagrams) == said()


def test_after_retry_the_client_begins_again_with_another_connection_id() -> None:
    retry = b"\xf0" + struct.pack(">I", V1) + b"\0\x08" + bytes(8) + b"token" + bytes(16)
    parser = Quic()
    assert feed(parser, initial(V1, crypto(0, HELLO[:100]) + bytes(1100))) == []
    assert feed(parser, retry, side=Side.SERVER) == []
    other = b"the new"
    again = initial(V1, FRAME + bytes(1100), 3, destination=other, token=b"token", keys=derived(other))
    assert feed(parser, again) == said()


def test_version_negotiation_is_passed_over_and_the_next_attempt_is_read() -> None:
    negotiation = b"\xc5" + bytes(4) + b"\0\x08" + ID + struct.pack(">II", V1, V2)
    parser = Quic()
    assert feed(parser, initial(V2, crypto(0, HELLO[:50]) + bytes(1150))) == []
    assert feed(parser, negotiation, side=Side.SERVER) == []
    assert feed(parser, initial(V1, FRAME + bytes(1000))) == said()
    assert Quic.probe({Side.SERVER: negotiation.ljust(1200, b"\0")}) is Match.NO


def test_the_side_that_the_capture_calls_server_may_be_the_client() -> None:
    assert feed(Quic(), initial(V1, FRAME + bytes(1000)), side=Side.SERVER) == said(Side.SERVER)


def test_what_the_server_says_under_its_own_keys_is_no_error() -> None:
    parser = Quic()
    assert feed(parser, initial(V1, crypto(0, HELLO[:50]) + bytes(1150))) == []
    assert not list(parser.feed(Side.SERVER, b"\xc3" + struct.pack(">I", V1) + bytes(1300)))
    assert not list(parser.feed(Side.CLIENT, b"\x40" + bytes(60)))


WHOLE = initial(V1, FRAME + bytes(1000))


@pytest.mark.parametrize(
    "datagram",
    [
        WHOLE[:1199],  # cut off
        b"\x80" + WHOLE[1:],  # the fixed bit
        WHOLE[:1] + b"\xff\0\0\x1d" + WHOLE[5:],  # a draft
        WHOLE[:5] + b"\x15" + WHOLE[6:],  # a connection id of 21 bytes
        b"\xe0" + WHOLE[1:],  # a Handshake packet
        b"\x40" * 1300,
        bytes(1300),
        b"",
    ],
)
def test_the_probe_refuses_what_no_client_begins_with(datagram: bytes) -> None:
    assert Quic.probe({Side.CLIENT: datagram}) is Match.NO


def test_a_packet_that_does_not_open_is_an_error_and_such_a_flow_ends() -> None:
    parser = Quic()
    bent = WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])
    with pytest.raises(ParseError):
        list(parser.feed(Side.CLIENT, bent))
    assert feed(parser, WHOLE) == said()  # one bad copy costs nothing
    foreign = Quic()
    assert feed(foreign, *[bent] * MAX_FOREIGN) == []
    assert foreign.finished


def test_a_hello_that_never_ends_is_given_up() -> None:
    parser = Quic()
    endless = b"\x01\x00\x70\x00" + bytes(900)
    for n in range(MAX_DATAGRAMS):
        assert feed(parser, initial(V1, crypto(0, endless) + bytes(300), n)) == []
    assert parser.finished


@pytest.mark.parametrize(
    "hello", [b"\x02" + HELLO[1:], b"\x01\xff\xff\xff" + HELLO[4:], HELLO[:4] + b"\xff" * 237]
)
def test_a_handshake_that_is_no_client_hello_is_an_error(hello: bytes) -> None:
    parser = Quic()
    with pytest.raises(ParseError):
        list(parser.feed(Side.CLIENT, initial(V1, crypto(0, hello) + bytes(1000))))
    assert parser.finished


@given(st.binary(max_size=300))
def test_any_frames_are_read_or_refused(frames: bytes) -> None:
    wire.drain(Quic(), Side.CLIENT, initial(V1, frames.ljust(1162, b"\0")))


@given(st.binary(max_size=64), st.integers(0, 1250))
def test_any_bytes_are_read_or_refused(data: bytes, at: int) -> None:
    spoilt = WHOLE[:at] + data + WHOLE[at + len(data) :]
    Quic.probe({Side.CLIENT: spoilt})
    events: Sequence[Event] = wire.drain(Quic(), Side.CLIENT, spoilt)
    assert list(events) in ([], said())
