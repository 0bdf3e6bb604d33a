"""Which coin a job is for, and by which algorithm: what the wire tells, else None.

The job decides. The account's wallet only chooses among what the job leaves open, because what is paid out
need not be what is mined: whoever pays out in another coin than is mined says so (`COIN:wallet`, `c=COIN`
in the password), or the job contradicts the wallet. Host names, ports, agents and pool tags name no coin.
Rules and sources: docs/protocols/coins.md.
"""

import re
from dataclasses import dataclass

from facts.quick import quick
from protocols.algorithms import plain
from protocols.chains import ROWS, Block, fitting
from protocols.cryptonote_blob import Blob
from protocols.wallets import Account

ALGORITHMS: dict[str, str] = {
    **dict.fromkeys(("BTC", "BCH", "XEC", "BSV", "NMC", "PPC"), "sha256d"),
    **dict.fromkeys(("LTC", "DOGE", "BEL", "PEP", "VIA"), "scrypt"),
    "DASH": "x11",
    "GRS": "groestl",
    "MONA": "lyra2v2",
    "RTM": "ghostrider",
}
"""The algorithm of a coin whose jobs are Bitcoin-style and which never had another one."""
_OTHERS = frozenset({"DGB", "VTC"})
"""Bitcoin-style coins whose block tells the algorithm (`_algorithm`)."""
_FREE = frozenset(ALGORITHMS.keys() | _OTHERS) - ROWS
"""Bitcoin-style coins of whose chains nothing is known beforehand: a job may be of any of them."""
_SINCE = {"RTM": 1_614_369_600}
"""Unix time of a coin's first block, where others with the same wallets are older and had such jobs."""
_DIGIBYTE = {0: "scrypt", 2: "sha256d", 4: "groestl", 6: "skein", 8: "qubit", 14: "odocrypt"}
"""DigiByte: bits 8 to 11 of the block's version -> algorithm (multialgo.h)."""
_VERTHASH = (1_610_755_200, "lyra2v3", "verthash")
"""Vertcoin: Unix time (2021-01-16) that parts its last two algorithms; the first came in 2019-02."""
_LYRA2V3 = 1_549_065_600

SHA256D_LEAST = 2.0**63
"""Expected hashes of a block that only SHA256d has: the strongest others, X11 and Scrypt, stay below 2^61."""
MINER_FUND = bytes.fromhex("a914d37c4c809fe9840e7bfa77b86bd47163f6fb6c6087")
"""eCash: the output to the fund that each coinbase must have since 2020-11 (Bitcoin ABC, minerfund.cpp)."""

_EQUIHASH: dict[str, frozenset[str]] = {
    "verushash": frozenset({"VRSC"}),
    "equihash/144_5": frozenset({"BTG"}),
    "equihash/125_4": frozenset({"FLUX"}),
    "equihash/200_9": frozenset({"ZEC", "ZEN", "KMD"}),
}
"""Coins of A.14's wallet forms by the parameters of their Equihash."""
_EQUIHASH_LEAST = 2.0**33
"""Expected solutions of a block that only (200,9) has: machines are built for it alone."""
_WALLET_CHOOSES: dict[str, frozenset[str]] = {
    "stratum-kawpow": frozenset({"RVN", "EVR", "FIRO"}),
    "stratum-kaspa": frozenset({"KAS"}),
    "stratum-ergo": frozenset({"ERG"}),
    "stratum-handshake": frozenset({"HNS"}),
    "stratum-xelis": frozenset({"XEL"}),
}
"""Dialects of several coins -> those that a wallet may name."""
_SPOKEN_BY: dict[str, str] = {"stratum-decred": "DCR"}
"""Dialects of one coin whose jobs do not say it."""

_ONE_COIN: dict[str, str] = {
    "rx/wow": "WOW",
    "rx/arq": "ARQ",
    "rx/graft": "GRFT",
    "rx/sfx": "SFX",
    "rx/yada": "YDA",
}
"""CryptoNote algorithms that one coin has to itself."""
_CRYPTONOTE_COINS: dict[str, frozenset[str]] = {
    "rx/0": frozenset({"XMR", "ZEPH"}),
    "cn/r": frozenset({"XMR", "SUMO"}),
    **dict.fromkeys(("cn/0", "cn/1", "cn/2"), frozenset({"XMR"})),
}
"""Those that several share -> coins that a wallet may name."""
_MONERO_FORKS = (
    (1, 1_397_818_193, "cn/0"),
    (2, 1_458_432_000, "cn/0"),
    (3, 1_474_675_200, "cn/0"),
    (4, 1_483_574_400, "cn/0"),
    (5, 1_492_214_400, "cn/0"),
    (6, 1_505_520_000, "cn/0"),
    (7, 1_522_972_800, "cn/1"),
    (8, 1_539_820_800, "cn/2"),
    (9, 1_539_907_200, "cn/2"),
    (10, 1_552_089_600, "cn/r"),
    (11, 1_552_176_000, "cn/r"),
    (12, 1_575_072_000, "rx/0"),
    (13, 1_602_892_800, "rx/0"),
    (14, 1_602_979_200, "rx/0"),
    (15, 1_660_348_800, "rx/0"),
    (16, 1_660_435_200, "rx/0"),
)
"""Monero: version, Unix time of its fork, algorithm from then on (hardforks.cpp)."""
_MONERO_RX2 = 17
"""From this version on the algorithm may be another."""
_MONERO_HEIGHT = (2_689_608, 1_660_435_200, 120)
"""The last of these forks: height, time, seconds a block; drawn back, it holds since version 2."""
_MONERO_SINCE = 1_458_432_000
_HEIGHT_PART = 0.03
_CRYPTONIGHT_ONLY = 1_561_939_200
"""Unix time (2019-07-01) until which each chain of the kind had a CryptoNight; then came Chukwa, RandomX."""
_FORK_SLACK = 5 * 86_400
"""Seconds by which a fork may have come before or after its day."""

_PAID_OUT = re.compile(r"(?:^|[,;&\s])c=([A-Za-z0-9]{2,10})(?=$|[,;&/\s])", re.ASCII)

Named = tuple[str | None, str | None]
"""Coin and algorithm."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the accounts of a conversation leave possible."""

    coins: frozenset[str] = frozenset()
    """Tickers of their wallets; empty where they say nothing of what is mined."""
    test_of: str | None = None
    """The coin on whose test network the wallet is: nobody is paid there for mining elsewhere."""


def paid_out(password: object) -> str | None:
    """Return the coin that a password asks to be paid in (`c=COIN`, as yiimp's pools have it)."""
    match = _PAID_OUT.search(password[:256]) if isinstance(password, str) else None
    return match.group(1).upper() if match else None


def wanted(account: Account, password: object = None) -> Wanted:
    """Return what an account says of the coin that is mined: its wallet's, unless it is only paid out."""
    if account.payout or paid_out(password) is not None:
        return Wanted()
    return Wanted(frozenset(account.coins), account.test_of)


def name(protocol: str, job: "Told", asked: Wanted) -> Named:
    """Return coin and algorithm of a job, given what the accounts of its conversation say."""
    if protocol == "stratum-bitcoin" and job.block is not None:
        return _bitcoin(job.block, job.algorithm, asked)
    if protocol in ("stratum-cryptonote", "browser-mining"):
        return _cryptonote(job, asked)
    if job.coin is not None:
        return job.coin, job.algorithm
    if protocol == "stratum-equihash":
        return _only(_equihash(job) & asked.coins), job.algorithm
    if protocol in _WALLET_CHOOSES:
        return _only(_WALLET_CHOOSES[protocol] & asked.coins), job.algorithm
    return _SPOKEN_BY.get(protocol), job.algorithm


@quick
@dataclass(frozen=True, slots=True)
class Told:
    """What a job says for itself."""

    coin: str | None = None
    algorithm: str | None = None
    height: int | None = None
    network_hashes: float | None = None
    block: Block | None = None
    blob: Blob | None = None
    seeded: bool = False
    """Whether it has a seed hash, without which there is no RandomX."""


def _bitcoin(block: Block, stated: str | None, asked: Wanted) -> Named:
    """Height and work name a chain; where they leave several, a mark in the coinbase or the wallet does."""
    sure, maybe = fitting(block)
    coins = frozenset(chain.coin for chain in sure)
    marked = block.coinbase is not None and MINER_FUND in block.coinbase.scripts
    if marked:
        coin = "XEC" if not coins or "XEC" in coins else None
    elif len(coins) > 1:
        coin = _only(coins & asked.coins)
    elif coins:
        coin = _only(coins)
    else:
        possible = _FREE.union(chain.coin for chain in maybe)
        coin = _only(frozenset(one for one in asked.coins & possible if block.time >= _SINCE.get(one, 0)))
    algorithms = {_algorithm(coin, block)} if coin is not None else {chain.algorithm for chain in sure}
    algorithms.discard(None)
    if block.hashes is not None and block.hashes >= SHA256D_LEAST:
        algorithms.add("sha256d")
    if stated is not None:
        algorithms.add(plain(stated))
    if not algorithms and asked.test_of is not None:
        algorithms.add(ALGORITHMS[asked.test_of])
    if len(algorithms) > 1:  # the job contradicts itself
        return None, stated
    return coin, stated or next(iter(algorithms), None)


def _algorithm(coin: str, block: Block) -> str | None:
    """Return the algorithm of a Bitcoin-style coin, for this block."""
    if coin == "DGB":
        return _DIGIBYTE.get(block.version >> 8 & 15)
    if coin == "VTC":
        at, before, after = _VERTHASH
        return after if block.time >= at else before if block.time >= _LYRA2V3 else None
    return ALGORITHMS[coin]


def _equihash(job: Told) -> frozenset[str]:
    if job.algorithm in _EQUIHASH:
        return _EQUIHASH[job.algorithm]
    strong = job.network_hashes is not None and job.network_hashes >= _EQUIHASH_LEAST
    return _EQUIHASH["equihash/200_9"] if strong else frozenset()


def _cryptonote(job: Told, asked: Wanted) -> Named:
    algorithm = plain(job.algorithm) if job.algorithm is not None else None
    if algorithm in _ONE_COIN:
        return _ONE_COIN[algorithm], job.algorithm
    monero, implied = _is_monero(job)
    if algorithm is None and monero and (monero_asked := "XMR" in asked.coins or job.height is not None):
        algorithm = implied if monero_asked else None
    stated = job.algorithm or algorithm or _family(job)
    coins = _CRYPTONOTE_COINS.get(algorithm or "", frozenset())
    if monero and "XMR" in coins and job.height is not None:
        return "XMR", stated
    if monero is False:
        coins -= {"XMR"}
    elif monero:
        coins &= {"XMR"}
    return _only(coins & asked.coins), stated


def _family(job: Told) -> str | None:
    """Return the family of algorithms of a job that names none, as XMRig calls them: `rx`, `cn`."""
    if job.seeded:
        return "rx"
    return "cn" if job.blob is not None and job.blob.time < _CRYPTONIGHT_ONLY else None


def _is_monero(job: Told) -> tuple[bool | None, str | None]:
    """Say whether version, time and height of a job are Monero's (None: not told), and its algorithm then."""
    if job.blob is None:
        return None, None
    major, time = job.blob.major, job.blob.time
    last, _, algorithm = _MONERO_FORKS[-1]
    if major <= last:
        _, start, algorithm = _MONERO_FORKS[major - 1]
        end = _MONERO_FORKS[major][1] if major < last else None
        if time < start - _FORK_SLACK or (end is not None and time > end + _FORK_SLACK):
            return False, None
    elif major != _MONERO_RX2:
        return False, None
    if job.height is not None and time >= _MONERO_SINCE:
        height, at, spacing = _MONERO_HEIGHT
        expected = height + (time - at) / spacing
        if abs(job.height - expected) > _HEIGHT_PART * expected:
            return False, None
    if job.seeded and algorithm != "rx/0":
        return False, None
    if job.algorithm is not None and plain(job.algorithm) != algorithm and major <= last:
        return False, None
    return True, algorithm if major <= last else None


def _only(coins: frozenset[str]) -> str | None:
    return next(iter(coins)) if len(coins) == 1 else None
