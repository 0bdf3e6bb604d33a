"""Wallet addresses in user names: which part is the wallet, which the worker, which coin the form allows.

Checksums are verified where the form has one that can be computed here: Base58Check, Bech32 and Bech32m,
CashAddr (Bitcoin Cash, eCash, Kaspa, Conflux), EIP-55, Monero's Base58 with Keccak, Ergo's with BLAKE2b,
Groestlcoin's with its own hash, Nimiq's digits. Xelis is told by its form alone.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from protocols.base_codes import (
    BECH32,
    BECH32M,
    base58,
    bech32,
    cashaddr,
    keccak256,
    monero_base58,
    octets,
)
from protocols.groestl import groestl512

MAX_USER = 256
"""Characters of a user name that are looked at: the longest wallet has 106, then worker and e-mail."""
MAX_ACCOUNTS = 4096
"""User names whose reading is kept: each share of a miner repeats its own."""

Coin = str | None


@dataclass(frozen=True, slots=True)
class Account:
    """A user name, taken apart."""

    wallet: str | None = None
    """As written, with its prefix (`kaspa:`); None for an account name of a pool."""
    coin: Coin = None
    """Ticker, where the form allows one coin only."""
    worker: str | None = None
    coins: tuple[str, ...] = field(default=(), compare=False)
    """Tickers that the form leaves possible; empty where it tells nothing."""
    payout: bool = field(default=False, compare=False)
    """Whether the user name says apart from the wallet in which coin is paid (`COIN:wallet`)."""
    test_of: Coin = field(default=None, compare=False)
    """The coin on whose test network the wallet is."""
    unproved: bool = field(default=False, compare=False)
    """Whether it has the form of Groestlcoin's, and the checksum, which is slow, is left to `proved`."""


# Base58Check version -> coins whose chain parameters give it (p2pkh, then p2sh); `1...` counts as Bitcoin.
_ONE_BYTE: dict[int, tuple[str, ...]] = {
    0: ("BTC",),
    5: ("BTC", "LTC", "VTC", "MONA", "SYS"),
    13: ("NMC",),
    16: ("DASH",),
    22: ("DOGE", "PEP"),
    25: ("BEL",),
    30: ("DOGE", "DGB", "PIVX"),
    33: ("EVR",),
    38: ("BTG",),
    48: ("LTC",),
    50: ("LTC", "MONA", "QTUM"),
    52: ("NMC",),
    55: ("PPC", "MONA"),
    56: ("PEP",),
    58: ("QTUM",),
    60: ("RVN", "KMD", "VRSC", "RTM"),
    63: ("DGB", "SYS"),
    71: ("VTC", "VIA"),
    76: ("DASH",),
    82: ("FIRO",),
    117: ("PPC",),
}
_TWO_BYTES: dict[int, tuple[str, ...]] = {
    0x1CB8: ("ZEC", "FLUX"),  # t1
    0x1CBD: ("ZEC", "FLUX"),  # t3
    0x2089: ("ZEN",),  # zn
    0x2096: ("ZEN",),  # zs
}
_GROESTL = (36, 5)  # Groestlcoin's: its checksum is a double hash of its own
_HASH_SIZES = (20, 24, 28, 32, 40, 48, 56, 64)
"""Bytes of a CashAddr's hash, by the low bits of its version."""
_KASPA = {0: 32, 1: 33, 8: 32}
"""Version -> bytes: a key, a key of ECDSA, the hash of a script."""
_LONGEST_TAG = 9
"""Bytes of a varint of 64 bits, less one."""

_BECH32: dict[str, str] = {
    "bc": "BTC",
    "ltc": "LTC",
    "dgb": "DGB",
    "vtc": "VTC",
    "grs": "GRS",
    "mona": "MONA",
    "nc": "NMC",
    "pc": "PPC",
    "btg": "BTG",
    "via": "VIA",
    "bel": "BEL",
    "qc": "QTUM",
    "hs": "HNS",
    "ckb": "CKB",
    "xch": "XCH",
    "aleo": "ALEO",
}
_CASHADDR: dict[str, str] = {"bitcoincash": "BCH", "ecash": "XEC", "kaspa": "KAS", "cfx": "CFX"}
_COLON = re.compile(r"(?:bitcoincash|ecash|kaspa|cfx|xel):[0-9A-Za-z]{32,100}", re.ASCII | re.IGNORECASE)
_MONERO_TAGS = {
    **dict.fromkeys((18, 19, 42), "XMR"),  # standard, integrated, subaddress
    **dict.fromkeys((0x2BB39A, 0x29339A, 0x8319A), "SUMO"),
    **dict.fromkeys((0x2CCA, 0x116BC7, 0x6847), "ARQ"),
    **dict.fromkeys((0x1032, 0x1A9A, 0x2FB0), "WOW"),
    **dict.fromkeys((0x5A, 0x5B, 0x66), "GRFT"),
    0x7AD4: "CCX",
}
_TEXT_TAG = "ZEPH"
"""Zephyr chose its tags so that its addresses begin with its name."""
_TEST_NETWORKS = {"tb": "BTC", "bcrt": "BTC", "tltc": "LTC", "rltc": "LTC"}
"""Prefixes of test networks: addresses of no coin."""

_TOKEN = re.compile(r"[0-9A-Za-z]+", re.ASCII)
_PAYOUT = re.compile(r"([A-Z0-9]{2,10}):(?=[0-9A-Za-z])", re.ASCII)
_HEX40 = re.compile(r"0[xX][0-9a-fA-F]{40}\Z", re.ASCII)
_HEX64 = re.compile(r"[0-9a-fA-F]{64}\Z", re.ASCII)
_BECH32_FORM = re.compile(r"([a-z]{2,5})1([02-9ac-hj-np-z]{38,120})\Z", re.ASCII)
_NIMIQ = re.compile(r"NQ[0-9]{2}[0-9A-HJ-NP-VXY]{32}\Z", re.ASCII)
_XELIS = re.compile(r"xel:[02-9ac-hj-np-z]{50,80}\Z", re.ASCII)
_EMAIL = re.compile(r"[^\s@/]+@[^\s@/.]+\.[^\s@/.]+", re.ASCII)  # as an account: its dots separate nothing
_PAYMENT_ID = re.compile(r"\.(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{16})(?=[.+=/#]|\Z)", re.ASCII)
_DIFFICULTY = re.compile(r"[+=][0-9]{1,20}(?:\.[0-9]+)?(?=[.+=/#]|\Z)", re.ASCII)
_WORKER_END = re.compile(r"[/#]|[+=][0-9]{1,20}\Z", re.ASCII)


@lru_cache(maxsize=MAX_ACCOUNTS)
def read_account(user: str) -> Account:
    """Take a user name apart.

    Forms: `account.worker`, `wallet.worker`, `wallet/worker/e-mail`, `wallet.paymentid`, `wallet+difficulty`,
    `wallet=difficulty`, `COIN:wallet.worker#reference`. Checksums are verified but for Groestlcoin's.
    """
    user = user[:MAX_USER].strip()
    stated: Coin = None
    colon = _COLON.match(user)
    if colon is None and (payout := _PAYOUT.match(user)) is not None:
        stated = payout.group(1)
        user = user[payout.end() :]
        colon = _COLON.match(user)
    token = colon or _TOKEN.match(user)
    if token is None:
        return Account(worker=_worker_of_account(user))
    wallet = token.group()
    coins = quick_coins_of(wallet)
    unproved = coins is None and _groestl_form(wallet) is not None
    if unproved:
        coins = ("GRS",)
    if coins is None:
        return Account(worker=_worker_of_account(user))
    coin = coins[0] if len(coins) == 1 else stated if stated in coins else None
    rest = user[token.end() :]
    if payment := _PAYMENT_ID.match(rest):
        rest = rest[payment.end() :]
    while difficulty := _DIFFICULTY.match(rest):
        rest = rest[difficulty.end() :]
    worker = _name(rest[1:]) if rest[:1] in (".", "/", "+", "=", "_", "-", ",") else None
    return Account(wallet, coin, worker, coins, stated is not None, _test_network(wallet), unproved)


def _test_network(wallet: str) -> Coin:
    return _TEST_NETWORKS.get(wallet.lower().partition("1")[0])


def coins_of(wallet: str) -> tuple[str, ...] | None:
    """Return the tickers that the form of a wallet address allows (maybe none known); None if it is none."""
    coins = quick_coins_of(wallet)
    return _groestl(wallet) if coins is None else coins


def proved(account: Account) -> bool:
    """Say whether an account's wallet is one: what read_account leaves out for want of time."""
    return account.wallet is None or not account.unproved or _groestl(account.wallet) is not None


def quick_coins_of(wallet: str) -> tuple[str, ...] | None:
    """Return what coins_of does, but for Groestlcoin's: for messages that may come by the thousand."""
    for form in _FORMS:
        coins = form(wallet)
        if coins is not None:
            return coins
    return None


def _worker_of_account(user: str) -> str | None:
    email = _EMAIL.match(user)
    rest = user[email.end() :] if email else user
    at = min((place for place in (rest.find("."), rest.find("/")) if place >= 0), default=-1)
    return _name(rest[at + 1 :]) if at >= 0 else None


def _name(rest: str) -> str | None:
    end = _WORKER_END.search(rest)
    return (rest[: end.start()] if end else rest) or None


def _evm(wallet: str) -> tuple[str, ...] | None:
    if not _HEX40.match(wallet):
        return None
    digits = wallet[2:]
    lower = digits.lower()
    if digits not in (lower, digits.upper()):
        check = keccak256(lower.encode()).hex()
        raised = "".join(
            sign.upper() if int(nibble, 16) > 7 else sign for sign, nibble in zip(lower, check, strict=False)
        )
        if raised != digits:
            return None
    return ()  # any EVM coin


def _hex64(wallet: str) -> tuple[str, ...] | None:
    return () if _HEX64.match(wallet) else None


def _nimiq(wallet: str) -> tuple[str, ...] | None:
    if not _NIMIQ.match(wallet):
        return None
    digits = "".join(str(int(sign, 36)) for sign in wallet[4:] + wallet[:4])
    return ("NIM",) if int(digits) % 97 == 1 else None


def _xelis(wallet: str) -> tuple[str, ...] | None:
    return ("XEL",) if _XELIS.match(wallet) else None


def _cashaddr(wallet: str) -> tuple[str, ...] | None:
    prefix, colon, payload = wallet.lower().partition(":")
    if colon:
        coin = _CASHADDR.get(prefix)
        one_case = wallet in (wallet.lower(), wallet.upper())
        return (coin,) if coin and one_case and _is_hash(prefix, cashaddr(prefix, payload)) else None
    if len(wallet) == 42 and wallet[0] in "qp":  # Bitcoin Cash and eCash may leave their prefix out
        for bare in ("bitcoincash", "ecash"):
            if _is_hash(bare, cashaddr(bare, wallet)):
                return (_CASHADDR[bare],)
    return None


def _is_hash(prefix: str, raw: bytes | None) -> bool:
    """Say whether the bytes of a CashAddr are a version and a hash or key of the length that goes with it."""
    if not raw:
        return False
    if prefix == "kaspa":
        return _KASPA.get(raw[0]) == len(raw) - 1
    if prefix == "cfx":
        return raw[0] == 0 and len(raw) == 21
    return not raw[0] & 0x80 and raw[0] >> 3 <= 3 and len(raw) - 1 == _HASH_SIZES[raw[0] & 7]


def _bech32(wallet: str) -> tuple[str, ...] | None:
    form = _BECH32_FORM.match(wallet.lower())
    if form is None or wallet not in (wallet.lower(), wallet.upper()):
        return None
    prefix = form.group(1)
    known = prefix in _BECH32 or prefix in _TEST_NETWORKS
    decoded = bech32(prefix, form.group(2)) if known else None
    if decoded is None or not decoded[0] or not _is_program(prefix, *decoded):
        return None
    return (_BECH32[prefix],) if prefix in _BECH32 else ()


def _is_program(prefix: str, values: list[int], check: int) -> bool:
    """Say whether the values are what addresses of this prefix hold, under the checksum that goes with it."""
    if prefix in ("xch", "aleo"):
        raw = octets(values)
        return raw is not None and len(raw) == 32 and check == BECH32M
    if prefix == "ckb":
        raw = octets(values)
        return raw is not None and check == (BECH32M if raw[:1] == b"\0" else BECH32)
    version, program = values[0], octets(values[1:])  # of a witness: BIP 173, BIP 350
    if program is None or version > 16:
        return False
    if version == 0:
        return check == BECH32 and len(program) in (20, 32)
    return check == BECH32M and 2 <= len(program) <= 40


def _base58check(wallet: str) -> tuple[str, ...] | None:
    if not 26 <= len(wallet) <= 35:
        return None
    raw = base58(wallet)
    if raw is None or len(raw) not in (25, 26):
        return None
    body, check = raw[:-4], raw[-4:]
    valid = hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check
    if len(raw) == 26:
        return _TWO_BYTES.get(int.from_bytes(raw[:2], "big"), ()) if valid else None
    return _ONE_BYTE.get(raw[0], ()) if valid else None


def _groestl(wallet: str) -> tuple[str, ...] | None:
    raw = _groestl_form(wallet)
    return ("GRS",) if raw is not None and groestl512(groestl512(raw[:-4]))[:4] == raw[-4:] else None


def _groestl_form(wallet: str) -> bytes | None:
    raw = base58(wallet) if 26 <= len(wallet) <= 35 and wallet[0] in "F3" else None
    return raw if raw is not None and len(raw) == 25 and raw[0] in _GROESTL else None


def _ergo(wallet: str) -> tuple[str, ...] | None:
    if len(wallet) != 51 or wallet[0] != "9":
        return None
    raw = base58(wallet)
    if raw is None or len(raw) != 38 or raw[0] != 1:
        return None
    return ("ERG",) if hashlib.blake2b(raw[:-4], digest_size=32).digest()[:4] == raw[-4:] else None


def _monero(wallet: str) -> tuple[str, ...] | None:
    if not 93 <= len(wallet) <= 112:  # 64 bytes of keys, tag of 1 to 8, payment id, checksum
        return None
    raw = monero_base58(wallet)
    if raw is None or len(raw) < 69 or keccak256(raw[:-4])[:4] != raw[-4:]:
        return None
    tag = shift = at = 0
    while True:  # a varint
        tag |= (raw[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not raw[at - 1] & 0x80:
            break
        if at == _LONGEST_TAG:
            return None
    if len(raw) - at not in (68, 76):  # two keys and the checksum; with a payment id of 8 bytes
        return None
    if wallet.startswith(_TEXT_TAG):
        return (_TEXT_TAG,)
    coin = _MONERO_TAGS.get(tag)
    return (coin,) if coin else ()  # other CryptoNote coins share the form


_FORMS: tuple[Callable[[str], tuple[str, ...] | None], ...] = (
    _evm,
    _base58check,
    _monero,
    _bech32,
    _cashaddr,
    _ergo,
    _nimiq,
    _xelis,
    _hex64,
)
"""All but Groestlcoin's, whose sum takes 0.7 ms."""
