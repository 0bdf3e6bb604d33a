"""What a share is worth, algorithm by algorithm, worked out by hand; and the hashrate from it."""

import json

import pytest

from classifier.casebook import Casebook
from facts.instant import NS
from facts.names import Role
from facts.where import Where
from pcaps.makers.stratum_lines import notify
from protocols.algorithms import HASHES, hashes_of_difficulty
from protocols.observe import Observation
from protocols.parser import Side
from protocols.stratum import Stratum
from protocols.targets import hashes_of_cryptonote, hashes_of_hex
from tests.classifier.scenes import START, line, listed
from tests.protocols.wire import drain

# 2^256 over the target of difficulty 1. Bitcoin's is 0xffff x 2^208, so 2^48 / 65,535 =
# 4,295,032,833.0000153; one that is 2^m times as great gives 2^m times less.
BITCOIN = 4_295_032_833.000_015
SCRYPT = 65_537.000_015_259  # m = 16
BLAKE = 16_777_472.003_906  # m = 8
HEX = 33_554_944.007_812  # m = 7
BY_HAND: dict[str, float] = {
    **dict.fromkeys(("sha256d", "x11", "x13", "x15", "c11", "quark", "qubit", "nist5", "skein"), BITCOIN),
    **dict.fromkeys(("sha1", "shavite3", "hefty1"), BITCOIN),
    **dict.fromkeys(("scrypt", "scrypt-n", "scrypt-jane", "yescrypt", "yespower", "argon2d"), SCRYPT),
    **dict.fromkeys(("m7m", "hmq1725", "ghostrider"), SCRYPT),
    **dict.fromkeys(("blake", "groestl", "fugue", "x16r", "x16rv2", "lyra2v2", "lyra2v3", "lyra2z"), BLAKE),
    **dict.fromkeys(("allium", "verthash", "bmw512", "lbry", "xevan", "timetravel", "x21s"), BLAKE),
    "keccak-c": BLAKE,
    **dict.fromkeys(("lyra2re", "hex"), HEX),
    "ethash": BITCOIN,  # EthereumStratum/1.0.0: 0x00000000ffff0000...
    "kheavyhash": 4_294_967_296.0,  # 2^256 / (2^224 - 1)
    "kawpow": 4_311_810_305.003_9,  # 0x00000000ff00...: 2^40 / 255
    "equihash": 8_192.0,  # 0x0007ff...: 2^13 solutions
    "blake3": 1_073_741_824.0,  # Alephium: 30 leading zero bits
}


@pytest.mark.parametrize("algorithm", sorted(HASHES))
def test_a_share_of_difficulty_one_costs_what_was_worked_out(algorithm: str) -> None:
    assert hashes_of_difficulty(algorithm, 1.0) == pytest.approx(BY_HAND[algorithm], rel=1e-9)
    assert hashes_of_difficulty(algorithm, 2_500.0) == pytest.approx(2_500 * BY_HAND[algorithm], rel=1e-9)


def test_every_algorithm_was_worked_out() -> None:
    assert set(BY_HAND) == set(HASHES)


@pytest.mark.parametrize("algorithm", ["neoscrypt", "keccak", "never-heard-of", None])
def test_where_pools_disagree_or_nothing_is_known_a_difficulty_says_nothing(algorithm: str | None) -> None:
    assert hashes_of_difficulty(algorithm, 1.0) is None


@pytest.mark.parametrize(
    ("target", "hashes"),
    [  # of published captures
        ("0x00000000dbe6fece" + "0" * 43 + "8422e", 5.000e9),  # eth-proxy
        ("0x0000000225c17d04" + "0" * 42 + "1ca574", 2.000e9),
        ("0004189374bc6a7e" + "0" * 44 + "bc6a", 16_000.0),  # Equihash, ZIP-301: solutions
        ("00000000ff" + "0" * 54, 4_311_810_305.0),  # KawPow
    ],
)
def test_a_target_on_the_wire_is_worth_2_to_256_over_it(target: str, hashes: float) -> None:
    assert hashes_of_hex(target) == pytest.approx(hashes, rel=1e-3)


@pytest.mark.parametrize(
    ("target", "hashes"), [("b88d0600", 10_000), ("dc460300", 20_000), ("711b0d00", 5_000), ("285c8f02", 100)]
)
def test_the_difficulty_of_cryptonote_is_hashes(target: str, hashes: int) -> None:
    assert hashes_of_cryptonote(target) == pytest.approx(hashes, rel=1e-4)


def dumps(**message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


def test_difficulty_131072_every_8_844_seconds_is_63_65_terahashes() -> None:
    """The worked example of a pool's own documentation, message by message."""
    book, parser = Casebook("worked.pcap", listed()), Stratum()
    one = line()
    flow_of = one.over(0).told.pop()
    at_ns = START

    def say(side: Side, data: bytes) -> None:
        for event in drain(parser, side, data):
            book.observe(Observation(event, flow_of.flow, Where("worked.pcap", 1), at_ns))

    pairs = [["mining.set_difficulty", "ab" * 4], ["mining.notify", "ab" * 4]]
    say(Side.CLIENT, dumps(id=1, method="mining.subscribe", params=["cgminer/4.12.1"]))
    say(Side.SERVER, dumps(id=1, result=[pairs, "a0000001", 8], error=None))
    say(Side.SERVER, dumps(id=None, method="mining.set_difficulty", params=[131_072]))
    say(Side.SERVER, notify("1", 938_400, clean=True))
    for number in range(100):
        at_ns += 8_844_000_000
        share = ["a.rig", "1", f"{number:016x}", "69a50081", f"{number:08x}"]
        say(Side.CLIENT, dumps(id=9 + number, method="mining.submit", params=share))
        say(Side.SERVER, dumps(id=9 + number, result=True, error=None))
    (rate,) = next(one for one in book.verdicts() if one.role is Role.MINER).hashrate
    assert rate.value == pytest.approx(63.65e12, rel=1e-4)
    assert rate.mined_ns == 100 * 8_844_000_000
    assert rate.mined_ns / NS == pytest.approx(884.4)
    # 100 shares: 81.364 to 121.627 by the tables of the chi-square distribution
    assert rate.low == pytest.approx(0.81364 * rate.value, rel=1e-4)
    assert rate.high == pytest.approx(1.21627 * rate.value, rel=1e-3)
