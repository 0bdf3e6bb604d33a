"""Coinbases, made here by BIP 34, BIP 141 and DIP 4, cut in two as pools cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.coinbase import MAX_HEIGHT, Coinbase, kind_of, read, read_height

P2PKH = b"\x76\xa9\x14" + b"\x11" * 20 + b"\x88\xac"
P2SH = b"\xa9\x14" + b"\x22" * 20 + b"\x87"
P2WPKH = b"\x00\x14" + b"\x33" * 20
P2WSH = b"\x00\x20" + b"\x44" * 32
P2TR = b"\x51\x20" + b"\x55" * 32
P2PK = b"\x21\x02" + b"\x66" * 32 + b"\xac"
COMMITMENT = b"\x6a\x24\xaa\x21\xa9\xed" + b"\x77" * 32


def number(height: int) -> bytes:
    """Bitcoin's CScript() << height."""
    if 1 <= height <= 16:
        return bytes([0x50 + height])
    digits = b""
    while height:
        digits += bytes([height % 256])
        height //= 256
    if digits and digits[-1] > 127:
        digits += b"\0"
    return bytes([len(digits)]) + digits


def size(count: int) -> bytes:
    return bytes([count]) if count < 0xFD else b"\xfd" + count.to_bytes(2, "little")


def made(
    height: bytes,
    before: bytes = b"\x04\x11\x22\x33\x44",
    behind: bytes = b"\x0b/pool.test/",
    scripts: tuple[bytes, ...] = (P2PKH, COMMITMENT),
    version: bytes = b"\x01\0\0\0",
    extra: bytes = b"",
    miner: int = 8,
    sequence: bytes = b"\xff\xff\xff\xff",
) -> tuple[str, str]:
    """Return coinb1 and coinb2; the miner puts `miner` bytes between them."""
    script = len(height) + len(before) + miner + len(behind)
    head = version + b"\x01" + bytes(32) + b"\xff\xff\xff\xff" + bytes([script]) + height + before
    outputs = b"".join((5_000_000_000).to_bytes(8, "little") + size(len(one)) + one for one in scripts)
    tail = behind + sequence + size(len(scripts)) + outputs + bytes(4) + extra
    return head.hex(), tail.hex()


@pytest.mark.parametrize(
    ("height", "pushed"),
    [
        (1, "51"),
        (16, "60"),
        (17, "0111"),
        (127, "017f"),
        (128, "028000"),
        (255, "02ff00"),
        (256, "020001"),
        (32767, "02ff7f"),
        (32768, "03008000"),
        (840000, "0340d10c"),
        (8388608, "0400008000"),
    ],
)
def test_a_height_is_written_as_bip_34_says(height: int, pushed: str) -> None:
    assert number(height).hex() == pushed
    assert read_height(bytes.fromhex(pushed)) == (height, len(pushed) // 2)


@given(st.integers(1, MAX_HEIGHT - 1), st.binary(max_size=20))
def test_any_height_is_read_back(height: int, behind: bytes) -> None:
    assert read_height(number(height) + behind) == (height, len(number(height)))


@pytest.mark.parametrize(
    "script",
    [
        "",
        "00",
        "0100",
        "0180",
        "020100",
        "0381",
        "03ffffff",
        "04ffff001d",
        "05010000000001",
        "4c",
        "0400000008",
    ],
)
def test_what_is_no_height_is_none(script: str) -> None:
    assert read_height(bytes.fromhex(script)) == (None, 0)


def test_a_coinbase_tells_height_tag_and_outputs() -> None:
    coinb1, coinb2 = made(number(840_000), scripts=(P2PKH, P2SH, P2WPKH, P2WSH, P2TR, P2PK, COMMITMENT))
    told = read(coinb1, coinb2)
    assert told is not None
    assert (told.height, told.tag, told.timed, told.special) == (840_000, "/pool.test/", False, False)
    kinds = ["p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "p2pk", "data"]
    assert [kind_of(script) for script in told.scripts] == kinds


@pytest.mark.parametrize("script", [b"", b"\x76\xa9", b"\x51", b"\xa9\x14" + b"\0" * 21, b"\x00\x14\x01"])
def test_another_script_is_other(script: bytes) -> None:
    assert kind_of(script) == "other"


@pytest.mark.parametrize("miner", [0, 2, 4, 8, 12, 16, 32])
@pytest.mark.parametrize("behind", [b"", b"\x01", b"/x/", b"\x0b/pool.test/"])
def test_the_outputs_are_found_wherever_the_miners_bytes_are(miner: int, behind: bytes) -> None:
    coinb1, coinb2 = made(number(500_000), behind=behind, miner=miner)
    told = read(coinb1, coinb2)
    assert told is not None
    assert told.height == 500_000
    assert told.scripts == ((P2PKH, COMMITMENT) if miner or behind else ())


def test_a_transaction_with_a_time_of_its_own_has_its_input_four_bytes_later() -> None:
    coinb1, coinb2 = made(number(700_000), version=b"\x01\0\0\0\x00\x00\x5f\x66")
    told = read(coinb1, coinb2)
    assert told is not None
    assert told.timed
    assert told.height == 700_000


def test_the_payload_of_a_special_coinbase_has_to_state_the_same_height() -> None:
    payload = b"\x02\0" + (2_000_000).to_bytes(4, "little") + b"\x99" * 64
    extra = size(len(payload)) + payload
    for height, expected in ((2_000_000, 2_000_000), (2_000_001, None)):
        told = read(*made(number(height), version=b"\x03\0\x05\0", extra=extra))
        assert told is not None
        assert told.special
        assert told.height == expected
        assert told.scripts == (P2PKH, COMMITMENT)


def test_the_tag_is_text_that_no_chance_wrote() -> None:
    for before, behind, tag in [
        (b"\x04abcd", b"", None),  # four letters turn up in any extranonce
        (b"\x08\x01\x02KanoPool", b"", "KanoPool"),
        (b"", b"/a/", "/a/"),
        (b"", b"//", None),
        (b"\x0d1234567890123", b"", None),
        (b"Mined by someone", b"\x05/pool/", "/pool/"),
    ]:
        told = read(*made(number(600_000), before=before, behind=behind))
        assert told is not None
        assert told.tag == tag


@pytest.mark.parametrize(
    "coinb1",
    ["", "01", "zz" * 60, "01000000" + "01" + "11" * 36 + "1b", "01000000" + "01" + "00" * 32 + "ffffffff"],
)
def test_what_begins_as_no_coinbase_is_none(coinb1: str) -> None:
    assert read(coinb1, "") is None


def test_a_script_longer_than_consensus_allows_is_none() -> None:
    coinb1, coinb2 = made(number(600_000), before=b"\xaa" * 90)
    assert read(coinb1, coinb2) is None


@given(st.binary(max_size=200), st.binary(max_size=400))
def test_any_bytes_are_read_without_error(head: bytes, tail: bytes) -> None:
    coinb1 = made(number(840_000), before=b"", behind=b"")[0]
    read(head.hex(), tail.hex())
    told = read(coinb1, tail.hex())
    assert told is None or told.height == 840_000
    assert isinstance(told, Coinbase | None)


def test_many_places_where_outputs_might_begin_are_not_all_followed() -> None:
    coinb1 = made(number(840_000), before=b"", behind=b"", miner=90)[0]
    output = b"\0" * 8 + b"\0"
    tail = b"\xff" * 90 + b"\xfd\x00\x04" + output * 1024 + b"\x01"
    told = read(coinb1, tail.hex())
    assert told is not None
    assert told.scripts == ()
