"""QUIC is handed on where its host is of interest or cannot be read, as TLS is."""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from capture.compiled import compiled
from capture.records import Tag
from capture.sieve.ciphers import NATIVE, WORDS, encrypted, mac, pads, round_keys
from capture.sieve.instructions import AES, SHA, native
from capture.sieve.names import WORDS as NAMES
from capture.sieve.names import interest
from capture.sieve.quic import FOREIGN, LISTED, UNTOLD, quic_name, quic_scratch
from capture.sieve.sieve import Sieve
from capture.words import int64, uint8, uint32
from pcaps.makers.quic_names import V1, V2, Version, crypto, hello, initial
from tests.capture.sieve.frames import MINER as CLIENT
from tests.capture.sieve.frames import POOL as SERVER
from tests.capture.sieve.frames import datagram, ethernet, ipv4
from tests.capture.sieve.located import located, sift

BYTES = uint8[::1]
POOL, OTHER = "eu1.pool.test", "www.example.org"
LIST = interest(["pool.test"])
ID = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08"
WAYS = sorted({native() & bits for bits in (0, AES, SHA, AES | SHA)})
"""By words and tables, and by whichever instructions this processor has."""


@compiled(int64(BYTES, int64, int64, NAMES, BYTES))
def _told(d: Any, p: Any, end: Any, names: Any, scratch: Any) -> Any:
    return quic_name(d, p, end, names, scratch)


@compiled(int64(uint32[::1]))
def _sealed(w: Any) -> Any:
    """HMAC of the message in place, then AES of four words under what it made."""
    pads(w)
    mac(w)
    round_keys(w)
    a, b, c, d = encrypted(w, uint32(0), uint32(1), uint32(2), uint32(3))
    w[0], w[1], w[2], w[3] = a, b, c, d
    return int64(0)


def told(datagram: bytes, before: bytes = b"\xaa" * 7, instructions: int | None = None) -> int:
    data = np.frombuffer(before + datagram, np.uint8).copy()
    scratch = quic_scratch(instructions)
    scratch[: -4 * WORDS] = 0xEE
    return int(_told(data, len(before), len(data), LIST, scratch))


@pytest.mark.parametrize("instructions", WAYS)
def test_the_ciphers_give_what_a_library_gives(instructions: int) -> None:
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    draw = random.Random(5)
    for _ in range(300):
        secret, message = draw.randbytes(32), draw.randbytes(draw.randrange(56))
        block = (message + b"\x80").ljust(60, b"\0") + (8 * (64 + len(message))).to_bytes(4, "big")
        w = np.zeros(WORDS, np.uint32)
        w[NATIVE] = instructions
        w[104:112] = np.frombuffer(secret, ">u4")
        w[72:88] = np.frombuffer(block, ">u4")
        _sealed(w)
        made = hmac.new(secret, message, hashlib.sha256).digest()
        assert w[104:112].astype(">u4").tobytes() == made
        cipher = Cipher(AES(made[:16]), ECB()).encryptor()
        plain = b"".join(word.to_bytes(4, "big") for word in range(4))
        assert w[:4].astype(">u4").tobytes() == cipher.update(plain)


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("first_id", [ID, ID[:1], ID * 2 + b"1234"])
@pytest.mark.parametrize("number", [0, 1, 65_535])
@pytest.mark.parametrize("token", [b"", b"t" * 60])
@pytest.mark.parametrize("share", [32, 700])
def test_the_name_of_an_initial_packet_decides(
    version: Version, first_id: bytes, number: int, token: bytes, share: int
) -> None:
    for name, expected in ((POOL, LISTED), (OTHER, FOREIGN), ("pool.test", LISTED), ("xpool.test", FOREIGN)):
        frames = crypto(0, hello(name, b"h3", share))
        packet = initial(version, first_id, number, frames, token)
        assert [told(packet, instructions=way) for way in WAYS] == [expected] * len(WAYS)


def test_frames_may_come_in_any_order_among_padding_and_acknowledgements() -> None:
    draw = random.Random(7)
    for name, expected in ((POOL, LISTED), (OTHER, FOREIGN)):
        message = hello(name, b"h3", 32)
        for _ in range(40):
            cuts = sorted({0, len(message), *(draw.randrange(1, len(message)) for _ in range(6))})
            pieces = [crypto(a, message[a:b]) for a, b in pairwise(cuts)]
            draw.shuffle(pieces)
            between = [b"", b"\0\0\0", b"\1", b"\2\5\0\1\0\1\2", b"\3\5\0\0\1\4\4\4"]
            frames = b"".join(draw.choice(between) + piece for piece in pieces)
            assert told(initial(V1, ID, 2, frames)) == expected


def test_a_hello_may_be_cut_in_two_frames_anywhere() -> None:
    for name, expected in ((POOL, LISTED), (OTHER, FOREIGN)):
        message = hello(name, b"h3", 32)
        for cut in range(1, len(message), 3):
            frames = crypto(0, message[:cut]) + crypto(cut, message[cut:])
            assert told(initial(V1, ID, 0, frames)) == expected


def test_what_does_not_bring_the_name_is_not_told() -> None:
    message = hello(POOL, b"h3", 32)
    assert told(initial(V1, ID, 0, crypto(0, message[:60]))) == UNTOLD
    assert told(initial(V1, ID, 0, crypto(60, message[60:]))) == UNTOLD
    assert told(initial(V1, ID, 0, crypto(0, b"\x02" + message[1:]))) == UNTOLD
    assert told(initial(V1, ID, 0, b"\1")) == UNTOLD
    assert told(initial(V1, b"another!", 0, crypto(0, message)).replace(b"another!", ID)) == UNTOLD


def test_damage_is_never_read_out_of_bounds() -> None:
    draw = random.Random(11)
    sound = [initial(v, ID, 0, crypto(0, hello(POOL, b"h3", 32)), b"tok") for v in (V1, V2)]
    for _ in range(4000):
        raw = bytearray(draw.choice(sound))
        for _ in range(draw.randrange(1, 6)):
            raw[draw.randrange(min(len(raw), draw.choice((40, 1200))))] = draw.randrange(256)
        raw = raw[: draw.choice((len(raw), draw.randrange(21, len(raw))))]
        assert told(bytes(raw)) in (FOREIGN, LISTED, UNTOLD)
    for _ in range(400):
        frames = draw.randbytes(draw.randrange(1, 900))
        assert told(initial(V1, ID, 0, draw.choice((b"\6\0", b"\2", b"\3", b"\6\x40")) + frames)) == UNTOLD


def _sifted(packets: list[bytes]) -> list[tuple[int, int]]:
    rows = sift(Sieve(seed=3, names=LIST), located(packets))
    return [(int(row["tag"]), int(row["frame"])) for row in rows]


def _datagram(payload: bytes, *, back: bool = False) -> bytes:
    if back:
        return ethernet(ipv4(17, datagram(payload, 443, 50_000), SERVER, CLIENT))
    return ethernet(ipv4(17, datagram(payload, 50_000, 443), CLIENT, SERVER))


def test_a_connection_to_a_listed_host_is_handed_on_initial_by_initial() -> None:
    pool = initial(V1, ID, 0, crypto(0, hello(POOL, b"h3", 32)))
    short = b"\x41" + bytes(1300)
    assert _sifted([_datagram(pool), _datagram(short, back=True), _datagram(short)]) == [(Tag.QUIC, 1)]


def test_of_a_connection_to_another_host_nothing_is_handed_on() -> None:
    message = hello(OTHER, b"h3", 700)
    first = initial(V1, ID, 0, crypto(0, message[:500]))
    rest = initial(V1, ID, 1, crypto(500, message[500:]))
    answer = b"\xc1" + first[1:6] + bytes(1250)
    assert _sifted([_datagram(first), _datagram(rest), _datagram(answer, back=True), _datagram(rest)]) == []


def test_another_connection_on_its_ports_is_handed_on() -> None:
    other = initial(V1, ID, 0, crypto(0, hello(OTHER, b"h3", 32)))
    pool = initial(V1, b"a new id", 0, crypto(0, hello(POOL, b"h3", 32)))
    assert _sifted([_datagram(other), _datagram(pool)]) == [(Tag.QUIC, 2)]


def test_a_connection_whose_greeting_was_dull_is_opened_once() -> None:
    other, pool = (crypto(0, hello(name, b"h3", 32)) for name in (OTHER, POOL))
    asked = b"by this!"
    answer = b"\xc1" + V1[0].to_bytes(4, "big") + b"\0\x08" + asked + bytes(1250)
    greeting = [_datagram(initial(V1, ID, 0, other)), _datagram(answer, back=True)]
    # Hellos of a listed host that no client would send: they would be handed on if they were opened.
    assert _sifted([*greeting, _datagram(initial(V1, ID, 1, pool))]) == []
    assert _sifted([*greeting, _datagram(initial(V1, asked, 1, pool))]) == []
    assert _sifted([*greeting, _datagram(initial(V1, b"a new id", 0, pool))]) == [(Tag.QUIC, 3)]
    assert _sifted([greeting[0], _datagram(initial(V1, asked, 1, pool))]) == [(Tag.QUIC, 2)]
