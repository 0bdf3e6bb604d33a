"""Naming: blocks of chains at their known heights and times, wallets that agree or do not, and no guesses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.chains import CHAINS, Block, fitting
from protocols.coinbase import Coinbase
from protocols.coins import ALGORITHMS, MINER_FUND, Told, Wanted, name, paid_out, wanted
from protocols.cryptonote_blob import Blob
from protocols.cryptonote_blob import read as read_blob
from protocols.wallets import read_account
from tests.protocols.test_wallets import XMR, base58check, bech32, fives, monero

NOBODY = Wanted()
LTC_WALLET = base58check(b"\x30")
BTC_WALLET = base58check(b"\x00")
SHARED = base58check(b"\x05")
DOGE_WALLET = base58check(b"\x1e")


def of(*coins: str) -> Wanted:
    return Wanted(frozenset(coins))


def bits(log2: float) -> float:
    return math.pow(2.0, log2)


def block(height: int | None, time: int, work: float, previous: int = 2**255, **more: object) -> Told:
    coinbase = Coinbase(height, **more)  # type: ignore[arg-type]
    return Told(height=height, block=Block(time, 0x20000000, bits(work), previous, coinbase))


# Heights of blocks that exist, with their time (to the day or better) and the log2 of their work.
KNOWN = [
    ("BTC", 800_000, 1_690_168_629, 77.62),
    ("BTC", 840_000, 1_713_571_767, 78.30),
    ("BTC", 886_000, 1_740_900_000, 78.66),
    ("LTC", 2_520_000, 1_690_963_200, 56.6),
    ("LTC", 1_424_154, 1_526_700_000, 55.3),
    ("DOGE", 5_000_000, 1_703_000_000, 55.6),
    ("DASH", 2_000_000, 1_704_700_000, 58.6),
    ("DASH", 872_437, 1_526_700_000, 58.0),
]


@pytest.mark.parametrize(("coin", "height", "time", "work"), KNOWN)
def test_height_and_work_name_a_chain(coin: str, height: int, time: int, work: float) -> None:
    assert name("stratum-bitcoin", block(height, time, work), NOBODY) == (coin, ALGORITHMS[coin])


@pytest.mark.parametrize(("coin", "height", "time", "work"), KNOWN)
@pytest.mark.parametrize("other", ["BTC", "LTC", "DOGE", "DASH", "BEL", "XMR"])
def test_the_job_decides_whatever_is_paid_out(
    coin: str, height: int, time: int, work: float, other: str
) -> None:
    assert name("stratum-bitcoin", block(height, time, work), of(other))[0] == coin


MIDYEAR = 1_530_403_200  # 2018-07-01
YEAR = 365.25 * 86_400
DIFFICULTIES = {  # at each 1st of July from 2018 to 2025, to a factor of two, as explorers draw it
    "BTC": (5.4e12, 9.0e12, 1.6e13, 1.5e13, 2.9e13, 5.0e13, 8.3e13, 1.17e14),
    "LTC": (9e6, 1.5e7, 8e6, 7e6, 1.7e7, 2.5e7, 3.2e7, 7e7),
    "DOGE": (4e6, 7e6, 3e6, 3.5e6, 8e6, 1.1e7, 1.6e7, 3.5e7),
    "DASH": (1e8, 1.7e8, 8e7, 1.3e8, 1.6e8, 1e8, 1.4e8, 1e8),
}
HEIGHTS = {  # on 2018-07-01 and 2025-07-01
    "BTC": (529_900, 903_500),
    "LTC": (1_449_000, 2_925_000),
    "DOGE": (2_287_000, 5_790_000),
    "DASH": (896_000, 2_297_000),
}


@given(st.sampled_from(sorted(DIFFICULTIES)), st.floats(0, 7), st.floats(0.5, 2.0), st.floats(0.98, 1.02))
def test_jobs_of_eight_years_are_named_whenever_they_are_given(
    coin: str, years: float, luck: float, drift: float
) -> None:
    before = min(int(years), 6)
    low, high = DIFFICULTIES[coin][before : before + 2]
    difficulty = low * (high / low) ** (years - before) * luck
    first, last = HEIGHTS[coin]
    height = round((first + (last - first) * years / 7) * drift)
    job = block(height, round(MIDYEAR + years * YEAR), math.log2(difficulty) + 32)
    assert name("stratum-bitcoin", job, NOBODY) == (coin, ALGORITHMS[coin])


@pytest.mark.parametrize(
    ("height", "time", "work"),
    [
        (100, 1_713_571_767, 33.0),  # a test network
        (840_000, 1_713_571_767, 40.0),  # Bitcoin's height without its work
        (2_700_000, 1_728_000_000, 33.0),  # Litecoin's
        (700_000, 1_728_000_000, 57.0),  # Litecoin's work without its height
        (840_000, 1_200_000_000, 78.3),  # before any row
        (None, 1_713_571_767, 57.0),
    ],
)
def test_half_a_match_names_nothing(height: int | None, time: int, work: float) -> None:
    assert name("stratum-bitcoin", block(height, time, work), NOBODY)[0] is None


def test_work_that_no_other_algorithm_has_is_sha256d() -> None:
    assert name("stratum-bitcoin", block(None, 1_713_571_767, 78.3), NOBODY) == (None, "sha256d")
    assert name("stratum-bitcoin", block(712_000, 1_713_571_767, 77.9), NOBODY) == (
        None,
        "sha256d",
    )  # Namecoin
    assert name("stratum-bitcoin", block(None, 1_713_571_767, 61.0), NOBODY) == (None, None)


def test_chains_of_one_height_are_left_to_mark_and_wallet() -> None:
    forked = block(842_000, 1_713_571_767, 70.0)
    assert name("stratum-bitcoin", forked, NOBODY) == (None, "sha256d")
    assert name("stratum-bitcoin", forked, of("BCH")) == ("BCH", "sha256d")
    assert name("stratum-bitcoin", forked, of("BTC")) == (None, "sha256d")
    marked = block(842_000, 1_713_571_767, 67.5, scripts=(b"\x51", MINER_FUND))
    assert name("stratum-bitcoin", marked, NOBODY) == ("XEC", "sha256d")
    assert name("stratum-bitcoin", marked, of("BCH")) == ("XEC", "sha256d")


def test_a_mark_on_another_chain_names_nothing() -> None:
    marked = block(840_000, 1_713_571_767, 78.3, scripts=(MINER_FUND,))
    assert name("stratum-bitcoin", marked, NOBODY) == (None, "sha256d")


def test_a_chain_whose_ids_are_no_work_is_none_whose_ids_are() -> None:
    time = 1_728_673_449
    assert name("stratum-bitcoin", block(2_772_730, time, 57.0, 2**255), NOBODY)[0] == "LTC"
    assert name("stratum-bitcoin", block(2_772_730, time, 57.0, 2**190), NOBODY)[0] is None


def test_a_wallet_names_a_chain_that_nothing_is_known_of() -> None:
    groestl = block(5_000_000, 1_713_571_767, 46.0)
    assert name("stratum-bitcoin", groestl, of("GRS")) == ("GRS", "groestl")
    assert name("stratum-bitcoin", groestl, of("LTC")) == (None, None)
    assert name("stratum-bitcoin", groestl, of("GRS", "MONA")) == (None, None)
    assert name("stratum-bitcoin", block(900_000, 1_713_571_767, 40.0), of("RVN", "KMD", "VRSC", "RTM")) == (
        "RTM",
        "ghostrider",
    )
    assert name("stratum-bitcoin", block(500_000, 1_550_000_000, 40.0), of("RVN", "RTM"))[0] is None


def test_a_wallet_of_a_row_counts_where_the_height_is_not_told() -> None:
    assert name("stratum-bitcoin", block(None, 1_713_571_767, 78.3), of("BTC")) == ("BTC", "sha256d")
    assert name("stratum-bitcoin", block(None, 1_713_571_767, 57.0), of("BTC")) == (None, None)


def test_where_a_chain_parts_from_another_neither_is_named() -> None:
    assert name("stratum-bitcoin", block(478_559, 1_501_593_374, 71.6), NOBODY) == (None, "sha256d")


@pytest.mark.parametrize(
    ("version", "algorithm"),
    [
        (536870914, "scrypt"),
        (536871426, "sha256d"),
        (536871938, "groestl"),
        (536872450, "skein"),
        (536872962, "qubit"),
        (536874498, "odocrypt"),
        (536873474, None),
    ],
)
def test_digibyte_names_its_algorithm_in_the_version(version: int, algorithm: str | None) -> None:
    job = Told(block=Block(1_704_067_200, version, bits(45), coinbase=Coinbase(18_400_000)))
    assert name("stratum-bitcoin", job, of("DGB")) == ("DGB", algorithm)
    assert name("stratum-bitcoin", job, of("DOGE", "DGB", "PIVX")) == ("DGB", algorithm)
    far = Told(block=Block(1_704_067_200, version, bits(45), coinbase=Coinbase(1_400_000)))
    assert name("stratum-bitcoin", far, of("DGB")) == (None, None)


def test_an_algorithm_that_was_announced_has_to_agree() -> None:
    job = block(840_000, 1_713_571_767, 78.3)
    agreed = Told(algorithm="sha256", block=job.block)
    assert name("stratum-bitcoin", agreed, NOBODY) == ("BTC", "sha256")
    assert name("stratum-bitcoin", Told(algorithm="ghostrider", block=job.block), NOBODY) == (
        None,
        "ghostrider",
    )
    small = block(900_000, 1_713_571_767, 40.0)
    assert name("stratum-bitcoin", Told(algorithm="ghostrider", block=small.block), NOBODY) == (
        None,
        "ghostrider",
    )


def test_a_wallet_of_a_test_network_names_the_algorithm_and_no_coin() -> None:
    segwit = [0, *fives(b"\x11" * 20)]
    small = block(101, 1_713_571_767, 1.0)
    for prefix, algorithm in (("tb", "sha256d"), ("bcrt", "sha256d"), ("tltc", "scrypt"), ("rltc", "scrypt")):
        asked = wanted(read_account(bech32(prefix, segwit, 1) + ".rig"))
        assert asked == Wanted(frozenset(), "LTC" if "ltc" in prefix else "BTC")
        assert name("stratum-bitcoin", small, asked) == (None, algorithm)
        real = block(840_000, 1_713_571_767, 78.3)
        assert name("stratum-bitcoin", real, asked) == ("BTC", "sha256d")


def test_bits_that_are_no_target_tell_nothing() -> None:
    job = Told(block=Block(1_713_571_767, 0x20000000, None, coinbase=Coinbase(840_000)))
    assert name("stratum-bitcoin", job, of("BTC")) == (None, None)


@given(st.integers(0, 2**27), st.integers(0, 2**32 - 1), st.floats(1, 200))
def test_any_block_fits_few_chains_and_never_two_algorithms(height: int, time: int, work: float) -> None:
    sure, _ = fitting(Block(time, 0, bits(work), coinbase=Coinbase(height)))
    assert len({chain.algorithm for chain in sure}) <= 1
    coin, algorithm = name("stratum-bitcoin", block(height, time, work), NOBODY)
    assert coin is None or ALGORITHMS[coin] == algorithm


def test_the_rows_rise_and_say_where_they_come_from() -> None:
    for chain in CHAINS:
        assert chain.source
        for points in (chain.points, tuple((time, 0) for time, _ in chain.work)):
            assert list(points) == sorted(set(points))
        assert [time for _, time in chain.points] == sorted(time for _, time in chain.points)
        assert chain.height_at(chain.points[0][1] - 1) is None
        for height, time in chain.points:
            assert chain.height_at(time) == pytest.approx(height, abs=1)
        assert all(math.isfinite(work) for _, work in chain.work)


def _monero(major: int, time: int, height: int | None = None, algorithm: str | None = None) -> Told:
    return Told(algorithm=algorithm, height=height, blob=Blob(major, time), seeded=major >= 12)


@pytest.mark.parametrize(
    ("major", "time", "algorithm"),
    [
        (6, 1_510_000_000, "cn/0"),
        (7, 1_530_000_000, "cn/1"),
        (9, 1_545_000_000, "cn/2"),
        (11, 1_560_000_000, "cn/r"),
        (12, 1_580_000_000, "rx/0"),
        (16, 1_714_000_000, "rx/0"),
    ],
)
def test_moneros_forks_name_coin_and_algorithm(major: int, time: int, algorithm: str) -> None:
    assert name("stratum-cryptonote", _monero(major, time), of("XMR")) == ("XMR", algorithm)
    assert name("stratum-cryptonote", _monero(major, time, None, algorithm), of("XMR")) == ("XMR", algorithm)
    height = 2_689_608 + (time - 1_660_435_200) // 120
    assert name("stratum-cryptonote", _monero(major, time, height), NOBODY) == ("XMR", algorithm)
    assert name("stratum-cryptonote", _monero(major, time, height // 2), of("XMR"))[0] is None
    assert name("stratum-cryptonote", _monero(major, time + 400_000_000), of("XMR"))[0] in (
        (None,) if major < 16 else ("XMR",)
    )


def test_a_wallet_of_monero_on_another_chain_is_only_paid_out() -> None:
    assert name("stratum-cryptonote", _monero(16, 1_714_000_000, None, "rx/wow"), of("XMR")) == (
        "WOW",
        "rx/wow",
    )
    zephyr = _monero(9, 1_714_000_000, 260_000, "rx/0")
    assert name("stratum-cryptonote", zephyr, of("XMR")) == (None, "rx/0")
    assert name("stratum-cryptonote", zephyr, of("ZEPH")) == ("ZEPH", "rx/0")
    later = _monero(20, 1_714_000_000, None, "cn/r")
    assert name("stratum-cryptonote", later, of("XMR")) == (None, "cn/r")
    assert name("stratum-cryptonote", later, of("SUMO")) == ("SUMO", "cn/r")
    assert name("stratum-cryptonote", Told(algorithm="cn/gpu"), of("XMR")) == (None, "cn/gpu")


def test_a_job_that_names_no_algorithm_has_a_family_at_best() -> None:
    assert name("stratum-cryptonote", Told(seeded=True), NOBODY) == (None, "rx")
    assert name("stratum-cryptonote", Told(blob=Blob(1, 1_500_000_000)), NOBODY) == (None, "cn")
    assert name("stratum-cryptonote", Told(blob=Blob(1, 1_700_000_000)), NOBODY) == (None, None)
    assert name("stratum-cryptonote", Told(), of("XMR")) == (None, None)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number % 128 + 128])
        number //= 128
    return out + bytes([number])


@pytest.mark.parametrize(("major", "time"), [(7, 1_530_000_000), (16, 1_714_000_000), (1, 1_400_000_000)])
def test_the_head_of_a_blob_is_read(major: int, time: int) -> None:
    blob = varint(major) + varint(major) + varint(time) + b"\xab" * 32 + bytes(4) + b"\xcd" * 32 + b"\x05"
    assert len(blob) == 76
    assert read_blob(blob.hex()) == Blob(major, time)


@pytest.mark.parametrize("blob", ["", "0c", "ff" * 76, "00" * 76, "d1ce" * 38, "0c0c" + "80" * 74, "zz" * 76])
def test_what_is_no_head_of_a_blob_is_none(blob: str) -> None:
    assert read_blob(blob) is None


@given(st.binary(max_size=80))
def test_any_blob_is_read_without_error(blob: bytes) -> None:
    told = read_blob(blob.hex())
    assert told is None or told.major >= 1


@pytest.mark.parametrize(
    ("protocol", "algorithm", "network", "wallet", "coin"),
    [
        ("stratum-kawpow", "kawpow", 50.0, b"\x3c", "RVN"),
        ("stratum-kawpow", "kawpow", 50.0, b"\x21", "EVR"),
        ("stratum-kawpow", "kawpow", 50.0, b"\x00", None),
        ("stratum-equihash", "equihash/200_9", 20.0, b"\x1c\xb8", "ZEC"),
        ("stratum-equihash", "equihash/125_4", 20.0, b"\x1c\xb8", "FLUX"),
        ("stratum-equihash", "equihash", 39.0, b"\x1c\xb8", "ZEC"),
        ("stratum-equihash", "equihash", 28.0, b"\x1c\xb8", None),
        ("stratum-equihash", "equihash", 39.0, b"\x20\x89", "ZEN"),
        ("stratum-equihash", "equihash", 39.0, b"\x3c", "KMD"),
        ("stratum-equihash", "verushash", 30.0, b"\x3c", "VRSC"),
        ("stratum-equihash", "equihash/144_5", 30.0, b"\x26", "BTG"),
        ("stratum-ethereum", "ethash", 50.0, b"\x00", None),
    ],
)
def test_dialect_and_wallet_name_a_coin_together(
    protocol: str, algorithm: str, network: float, wallet: bytes, coin: str | None
) -> None:
    asked = wanted(read_account(base58check(wallet) + ".rig"))
    job = Told(algorithm=algorithm, network_hashes=bits(network))
    assert name(protocol, job, asked) == (coin, algorithm)
    assert name(protocol, job, NOBODY) == (None, algorithm)


def test_a_coin_that_the_job_states_stands() -> None:
    assert name("stratum-ergo", Told("ERG", "autolykos2"), of("BTC")) == ("ERG", "autolykos2")
    assert name("stratum-decred", Told(), NOBODY) == ("DCR", None)


@pytest.mark.parametrize(
    ("password", "coin"),
    [
        ("c=BTC", "BTC"),
        ("c=BTC,sd=1024", "BTC"),
        ("d=5000,c=ltc", "LTC"),
        ("x;c=DOGE", "DOGE"),
        ("x", None),
        ("", None),
        ("abc=BTC", None),
        ("mc=RVN", None),
        ("d=5000", None),
        (None, None),
        (5, None),
    ],
)
def test_a_password_may_ask_for_another_coin(password: object, coin: str | None) -> None:
    assert paid_out(password) == coin


@pytest.mark.parametrize(
    ("user", "password", "coins"),
    [
        (LTC_WALLET, "x", {"LTC"}),
        (f"{LTC_WALLET}.rig", None, {"LTC"}),
        (LTC_WALLET, "c=LTC", set()),
        (f"LTC:{LTC_WALLET}.rig#ab-cd", "x", set()),
        (BTC_WALLET, "x", {"BTC"}),
        (SHARED, "x", {"BTC", "LTC", "VTC", "MONA", "SYS"}),
        (DOGE_WALLET, "x", {"DOGE", "DGB", "PIVX"}),
        (XMR, "x", {"XMR"}),
        (monero(b"\x12", 64), "x", {"XMR"}),
        ("farm.rig", "x", set()),
    ],
)
def test_an_account_asks_for_its_wallets_coin_unless_it_is_only_paid_in_it(
    user: str, password: object, coins: set[str]
) -> None:
    assert wanted(read_account(user), password) == Wanted(frozenset(coins))
