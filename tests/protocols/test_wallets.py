"""Wallet forms: addresses made here by encoders of their own, published vectors, and spoiled ones."""

import hashlib

import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from protocols.base_codes import keccak256
from protocols.groestl import groestl512
from protocols.wallets import Account, coins_of, read_account

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
KEY = b"\x11" * 20


def base58(raw: bytes) -> str:
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def base58check(version: bytes, key: bytes = KEY) -> str:
    body = version + key
    return base58(body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4])


def monero(tag: bytes, size: int = 64) -> str:
    body = tag + b"\x22" * size
    body += keccak.new(digest_bits=256, data=body).digest()[:4]
    lengths = (0, 2, 3, 5, 6, 7, 9, 10, 11)
    blocks = [body[at : at + 8] for at in range(0, len(body), 8)]
    return "".join(base58(block).lstrip("1").rjust(lengths[len(block)], "1") for block in blocks)


def fives(raw: bytes) -> list[int]:
    bits = "".join(f"{byte:08b}" for byte in raw)
    bits += "0" * (-len(bits) % 5)
    return [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]


def bech32(prefix: str, values: list[int], constant: int) -> str:
    generators = [0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]
    check = 1
    spread = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    for value in spread + values + [0] * 6:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit in range(5):
            check ^= generators[bit] if top >> bit & 1 else 0
    check ^= constant
    return (
        prefix
        + "1"
        + "".join(BASE32[value] for value in values + [check >> 5 * (5 - at) & 31 for at in range(6)])
    )


ERGO_BODY = b"\x01\x02" + b"\x11" * 32
ERGO = base58(ERGO_BODY + hashlib.blake2b(ERGO_BODY, digest_size=32).digest()[:4])
XMR = monero(b"\x12")
EVM = "0x" + "ab" * 20


@pytest.mark.parametrize(
    ("wallet", "coins"),
    [
        (base58check(b"\x00"), ("BTC",)),
        (base58check(b"\x30"), ("LTC",)),
        (base58check(b"\x4c"), ("DASH",)),
        (base58check(b"\x19"), ("BEL",)),
        (base58check(b"\x20\x89"), ("ZEN",)),
        (XMR, ("XMR",)),
        (monero(b"\x2a"), ("XMR",)),
        (monero(b"\x13", 72), ("XMR",)),
        (ERGO, ("ERG",)),
        (bech32("bc", [0, *fives(KEY)], 1), ("BTC",)),
        (bech32("ltc", [0, *fives(KEY)], 1), ("LTC",)),
        (bech32("bc", [1, *fives(b"\x11" * 32)], 0x2BC830A3), ("BTC",)),
        (bech32("ckb", fives(b"\x00" + b"\x11" * 53), 0x2BC830A3), ("CKB",)),
        (bech32("aleo", fives(b"\x11" * 32), 0x2BC830A3), ("ALEO",)),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ("BTC",)),
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", ("BTC",)),
        ("kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e", ("KAS",)),
        ("cfx:aarc9abycue0hhzgyrr53m6cxedgccrmmyybjgh4xg", ("CFX",)),
    ],
)
def test_a_form_of_one_coin_names_it(wallet: str, coins: tuple[str, ...]) -> None:
    assert coins_of(wallet) == coins
    assert read_account(f"{wallet}.rig-1") == Account(wallet, coins[0], "rig-1")


@pytest.mark.parametrize(
    "wallet",
    [
        base58check(b"\x05"),
        base58check(b"\x1e"),
        base58check(b"\x3c"),
        base58check(b"\x47"),
        base58check(b"\x1c\xb8"),
        base58check(b"\xfa"),
        monero(b"\x73"),
        EVM,
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "c0ffee00" * 8,
    ],
)
def test_a_form_of_several_coins_keeps_the_wallet_and_names_none(wallet: str) -> None:
    assert read_account(f"{wallet}.rig-1") == Account(wallet, None, "rig-1")


@pytest.mark.parametrize(
    "wallet",
    [
        base58check(b"\x00"),
        base58check(b"\x1c\xb8"),
        XMR,
        ERGO,
        bech32("bc", [0, *fives(KEY)], 1),
        "kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ],
)
def test_one_wrong_sign_is_no_wallet(wallet: str) -> None:
    at = len(wallet) - 5
    other = {"p": "q"}.get(wallet[at].lower(), "p") if not wallet.startswith("0x") else wallet[at].swapcase()
    if wallet.startswith("0x"):
        at = next(place for place in range(2, len(wallet)) if wallet[place].isalpha())
        other = wallet[at].swapcase()
    assert coins_of(wallet[:at] + other + wallet[at + 1 :]) is None


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("farm7.rack2x14", Account(worker="rack2x14")),
        ("farm7", Account()),
        ("farm7.site.rig", Account(worker="site.rig")),
        ("me@example.org.rig", Account(worker="rig")),
        ("me@example.org", Account()),
        (EVM, Account(EVM)),
        (f"{EVM}.rig", Account(EVM, None, "rig")),
        (f"{EVM}/rig/me@example.org", Account(EVM, None, "rig")),
        (f"{XMR}.{'0' * 16}", Account(XMR, "XMR")),
        (f"{XMR}.{'0' * 64}.rig", Account(XMR, "XMR", "rig")),
        (f"{XMR}+5000", Account(XMR, "XMR")),
        (f"{XMR}=120000", Account(XMR, "XMR")),
        (f"{XMR}+5000.rig", Account(XMR, "XMR", "rig")),
        (f"{XMR}.rig+5000", Account(XMR, "XMR", "rig")),
        (f"DOGE:{base58check(bytes([30]))}.rig#ab12-cd34", Account(base58check(bytes([30])), "DOGE", "rig")),
        (f"SHIB:{EVM}.rig", Account(EVM, None, "rig")),
        (f"  {EVM}.rig ", Account(EVM, None, "rig")),
        ("NQ48 8CKH BA24 2VR3 N249 N8MN J5XX 74DB 5XJ8", Account()),
        ("", Account()),
        (".", Account()),
        ("...", Account(worker="..")),
        ("矿.机", Account(worker="机")),
    ],
)
def test_user_names_come_apart_at_the_separators_in_use(user: str, account: Account) -> None:
    assert read_account(user) == account


@given(st.text(max_size=400))
def test_any_user_name_is_read_without_error(user: str) -> None:
    account = read_account(user)
    assert account.wallet is None or account.wallet in user


@given(st.text(alphabet=BASE58, min_size=24, max_size=120))
def test_random_base58_is_hardly_ever_a_wallet(text: str) -> None:
    assert coins_of(text) is None or len(text) == 64


BTC = ("BTC",)


@pytest.mark.parametrize(
    ("wallet", "coins"),
    [
        # BIP 350, valid addresses of length 38 and more
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", BTC),
        ("bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", BTC),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", BTC),
        ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", ()),
        ("tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", ()),
        # BIP 350, invalid ones
        ("tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", None),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", None),
        ("tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", None),
        ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", None),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", None),
        ("tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", None),
        ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", None),
        ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", None),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", None),
        ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", None),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", None),
        ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", None),
        # CashAddr's specification
        ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", ("BCH",)),
        ("bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", ("BCH",)),
        ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", ("BCH",)),
        ("bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0", ("BCH",)),
        ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", None),
        ("ecash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", None),
        ("ecash:prfhcnyqnl5cgrnmlfmms675w93ld7mvvqd0y8lz07", ("XEC",)),
        # EIP-55
        ("0x52908400098527886E0F7030069857D2E4169EE7", ()),
        ("0xde709f2102306220921060314715629080e2fb77", ()),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", ()),
        ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", ()),
        ("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", ()),
        ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", ()),
        ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9adb", None),
        # Monero: addresses that its project has published for donations
        (
            "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
            ("XMR",),
        ),
        (
            "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H",
            ("XMR",),
        ),
        # Groestlcoin: vectors of wallets that hold it
        ("Fj62rBJi8LvbmWu2jzkaUX1NFXLEqDLoZM", ("GRS",)),
        ("FmRaqvVBRrAp2Umfqx9V1ectZy8gw54QDN", ("GRS",)),
        ("Fj62rBJi8LvbmWu2jzkaUX1NFXLEqDLoZN", None),
    ],
)
def test_published_vectors(wallet: str, coins: tuple[str, ...] | None) -> None:
    assert coins_of(wallet) == coins


@pytest.mark.parametrize(
    ("prefix", "values", "constant"),
    [
        ("bc", [0, *fives(KEY)], 0x2BC830A3),
        ("bc", [1, *fives(b"\x11" * 32)], 1),
        ("bc", [0, *fives(b"\x11" * 21)], 1),
        ("ltc", [17, *fives(b"\x11" * 32)], 0x2BC830A3),
        ("xch", fives(b"\x11" * 32), 1),
        ("xch", fives(b"\x11" * 31), 0x2BC830A3),
        ("aleo", fives(b"\x11" * 32), 1),
        ("ckb", fives(b"\x00" + b"\x11" * 53), 1),
        ("ckb", fives(b"\x01\x00" + b"\x11" * 20), 0x2BC830A3),
        ("hs", [0, *fives(KEY)], 0x2BC830A3),
    ],
)
def test_the_checksum_goes_with_the_version_and_the_version_with_the_length(
    prefix: str, values: list[int], constant: int
) -> None:
    assert coins_of(bech32(prefix, values, constant)) is None


def varint(number: int) -> bytes:
    return (bytes([number & 127 | 128]) + varint(number >> 7)) if number > 127 else bytes([number])


@pytest.mark.parametrize(
    ("tag", "coins"),
    [
        (0x2BB39A, ("SUMO",)),
        (0x2CCA, ("ARQ",)),
        (0x1032, ("WOW",)),
        (0x5A, ("GRFT",)),
        (0x7AD4, ("CCX",)),
        (53, ()),
        (0x433F, ()),
    ],
)
def test_cryptonote_coins_have_their_tags(tag: int, coins: tuple[str, ...]) -> None:
    assert coins_of(monero(varint(tag))) == coins


def test_a_tag_that_does_not_end_and_keys_of_other_lengths_are_no_wallet() -> None:
    assert coins_of(monero(b"\xff" * 10, 60)) is None
    assert coins_of(monero(b"\x12", 66)) is None


def test_a_user_name_keeps_what_the_form_leaves_possible_and_who_pays_out() -> None:
    shared = base58check(b"\x05")
    assert read_account(shared).coins == ("BTC", "LTC", "VTC", "MONA", "SYS")
    assert not read_account(shared).payout
    assert read_account(f"LTC:{shared}.rig").payout
    assert read_account("farm.rig").coins == ()


def test_groestl_512_of_its_submission() -> None:
    empty = (
        "6d3ad29d279110eef3adbd66de2a0345a77baede1557f5d099fce0c03d6dc2ba"
        "8e6d4a6633dfbd66053c20faa87d1a11f39a7fbe4a6c2f009801370308fc4ad8"
    )
    assert groestl512(b"").hex() == empty
    digests = {groestl512(b"a" * length) for length in (118, 119, 120, 127, 128, 129, 300)}
    assert len(digests) == 7
    assert all(len(digest) == 64 for digest in digests)


def test_keccak_is_not_sha3() -> None:
    assert keccak256(b"").hex().startswith("c5d2460186f7233c")
