"""K, against the targets that the specifications write out."""

import pytest

from protocols.algorithms import HASHES, hashes_of_difficulty, plain

RANGE = 2**256
BITCOIN = 0x00000000FFFF << 208


@pytest.mark.parametrize(
    ("algorithms", "target"),
    [
        ("sha256d x11 x13 x15 c11 quark qubit nist5 skein sha1 shavite3 hefty1", BITCOIN),
        ("scrypt scrypt-n scrypt-jane yescrypt yespower argon2d m7m hmq1725 ghostrider", BITCOIN << 16),
        ("blake groestl fugue x16r x16rv2", BITCOIN << 8),
        ("lyra2v2 lyra2v3 lyra2z allium verthash bmw512 lbry xevan timetravel x21s keccak-c", BITCOIN << 8),
        ("lyra2re hex", BITCOIN << 7),
        ("ethash", BITCOIN),
        ("kheavyhash", 2**224 - 1),
        ("kawpow", 0x00000000FF << 216),
        ("blake3", 1 << 226),  # 30 leading zero bits
    ],
)
def test_a_share_of_difficulty_one_costs_the_range_over_the_target(algorithms: str, target: int) -> None:
    for algorithm in algorithms.split():
        assert HASHES[algorithm] == pytest.approx(RANGE / target, rel=1e-12)


@pytest.mark.parametrize(
    ("algorithm", "hashes"),
    [
        ("sha256d", 4295032833),
        ("scrypt", 65537),
        ("groestl", 16777472),
        ("lyra2re", 33554944),
        ("kawpow", 4311810305),
        ("equihash", 8192),
    ],
)
def test_the_figures_that_are_printed(algorithm: str, hashes: int) -> None:
    assert HASHES[algorithm] == pytest.approx(hashes, abs=1)


def test_a_share_of_nicehash_of_difficulty_a_half_is_two_gigahashes() -> None:
    assert hashes_of_difficulty("ethash", 0.5) == pytest.approx(2.1475e9, rel=1e-4)


@pytest.mark.parametrize("algorithm", ["neoscrypt", "keccak", "x99", "rx/0", "cuckatoo32", "", None])
def test_what_pools_count_differently_or_nobody_knows_is_worth_nothing(algorithm: str | None) -> None:
    assert hashes_of_difficulty(algorithm, 1024) is None


@pytest.mark.parametrize("difficulty", [0.0, -1.0])
def test_a_share_needs_a_difficulty(difficulty: float) -> None:
    assert hashes_of_difficulty("sha256d", difficulty) is None


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("SHA256", "sha256d"),
        ("Lyra2REv2", "lyra2v2"),
        ("lyra2rev3", "lyra2v3"),
        ("daggerhashimoto", "ethash"),
        ("Scrypt", "scrypt"),
        ("rx/0", "rx/0"),
        ("unheard-of", "unheard-of"),
    ],
)
def test_an_algorithm_of_many_spellings_has_one_name(spelled: str, name: str) -> None:
    assert plain(spelled) == name
