"""Targets against the check vectors of captured pools."""

import pytest

from protocols.targets import (
    hashes_of_bits,
    hashes_of_cryptonote,
    hashes_of_hex,
    hashes_of_target,
    target_of_bits,
)

ETH_5G = "0x00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"
ETH_2G = "0x0000000225c17d04dad2965cc5a02a23e254c0c3f75d9178046aeb27ce1ca574"
ZEC_16K = "0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a"


@pytest.mark.parametrize(
    ("target", "hashes"),
    [(ETH_5G, 5e9), (ETH_2G, 2e9), (ZEC_16K, 16_000), (f"{0xFF << 216:064x}", 4_311_810_305)],
)
def test_a_target_of_256_bits_is_the_hashes_of_a_share(target: str, hashes: float) -> None:
    assert hashes_of_hex(target) == pytest.approx(hashes, rel=1e-3)
    assert hashes_of_hex(target.upper().replace("0X", "0x")) == hashes_of_hex(target)


def test_difficulty_one_of_bitcoin_is_a_little_over_two_to_the_32() -> None:
    assert hashes_of_target(0xFFFF << 208) == pytest.approx(4_295_032_833, abs=1)


@pytest.mark.parametrize(
    ("target", "hashes"),
    [
        ("b88d0600", 10_000),
        ("dc460300", 20_000),
        ("711b0d00", 5_000),
        ("285c8f02", 100),
        ("ffffffff", 1),
        ("ffffffffffffffff", 1),
        ("0000000000000080", 1),
        ("0000000000000040", 3),
        ("B88D0600", 10_000),
    ],
)
def test_a_cryptonote_target_is_the_difficulty_that_miners_compute(target: str, hashes: float) -> None:
    assert hashes_of_cryptonote(target) == hashes


def test_the_target_of_rx_yada_is_a_plain_number() -> None:
    assert hashes_of_cryptonote("00068db8", "rx/yada") == pytest.approx(10_000, rel=1e-3)


@pytest.mark.parametrize(
    "target", ["", "00000000", "0000000000000000", "xyz", "0x1234", "12345", "0" * 65, "é" * 8]
)
def test_what_is_no_cryptonote_target_has_no_hashes(target: str) -> None:
    assert hashes_of_cryptonote(target) is None


@pytest.mark.parametrize("target", ["", "0x", "0" * 64, "1" * 65, "zz", None, 5, "12 ", "-1", "1_0"])
def test_what_is_no_target_has_no_hashes(target: object) -> None:
    assert hashes_of_hex(target) is None


def test_targets_out_of_range_have_no_hashes() -> None:
    assert hashes_of_target(0) is None
    assert hashes_of_target(-1) is None
    assert hashes_of_target(2**256) is None


@pytest.mark.parametrize(
    ("bits", "difficulty"),
    [
        (0x1D00FFFF, 1.0),
        (0x1B0404CB, 16_307.420938523983),  # Bitcoin's wiki, "Difficulty"
        (0x1A05DB8B, 2_864_140.5078109736),  # block 200,000
        (0x17034219, 86_388_558_925_171.02),  # block 840,000
    ],
)
def test_bits_are_the_difficulty_of_the_network(bits: int, difficulty: float) -> None:
    assert hashes_of_bits(bits) == pytest.approx(difficulty * 2**48 / 0xFFFF, rel=1e-12)


@pytest.mark.parametrize(
    ("bits", "target"),
    [
        (0x01123456, 0x12),
        (0x02123456, 0x1234),
        (0x03123456, 0x123456),
        (0x04123456, 0x12345600),
        (0x05009234, 0x92340000),
        (0x20123456, 0x123456 << 232),
        (0x207FFFFF, 0x7FFFFF << 232),
        (0x22000001, 1 << 248),
    ],
)
def test_bits_are_a_number_with_an_exponent(bits: int, target: int) -> None:
    assert target_of_bits(bits) == target


@pytest.mark.parametrize(
    "bits", [0, 0x00123456, 0x01003456, 0x04923456, 0x01FEDCBA, 0xFF123456, 0x23000001, 0x22000100]
)
def test_bits_that_are_zero_or_negative_or_too_much_are_no_target(bits: int) -> None:
    assert target_of_bits(bits) is None
    assert hashes_of_bits(bits) is None
