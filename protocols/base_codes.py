"""The number codes that wallet addresses are written in, with their checksums.

Pure; bad input gives None or False.
"""

from collections.abc import Iterable

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUE = {sign: value for value, sign in enumerate(_BASE58)}
_BASE32 = {sign: value for value, sign in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_CONFLUX32 = {sign: value for value, sign in enumerate("abcdefghjkmnprstuvwxyz0123456789")}
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASHADDR_GENERATORS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
BECH32, BECH32M = 1, 0x2BC830A3
"""What the checksum comes to: BIP 173, BIP 350."""
_MONERO_BLOCK = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}  # digits -> bytes
MAX_BASE58 = 128
"""Digits converted at once: the conversion is quadratic, and the longest address written so has 51."""


def base58(text: str) -> bytes | None:
    """Return the bytes of a Base58 string, leading zeros as leading `1`."""
    if len(text) > MAX_BASE58:
        return None
    number = _base58_number(text)
    if number is None:
        return None
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def monero_base58(text: str) -> bytes | None:
    """Return the bytes of Monero's Base58: blocks of 11 digits for 8 bytes, the last one shorter."""
    parts = []
    for start in range(0, len(text), 11):
        block = text[start : start + 11]
        size, number = _MONERO_BLOCK.get(len(block)), _base58_number(block)
        if size is None or number is None or number >> 8 * size:
            return None
        parts.append(number.to_bytes(size, "big"))
    return b"".join(parts)


def _base58_number(text: str) -> int | None:
    number = 0
    for sign in text:
        value = _BASE58_VALUE.get(sign)
        if value is None:
            return None
        number = number * 58 + value
    return number


def bech32(prefix: str, data: str) -> tuple[list[int], int] | None:
    """Return the five-bit values of `prefix`1`data` (both lower case) and which checksum they carry.

    The checksum's own six are left out. None where it is neither that of BECH32 nor that of BECH32M.
    """
    values = [_BASE32.get(sign, -1) for sign in data]
    if -1 in values or not prefix or len(values) < 6:
        return None
    expanded = [*(ord(sign) >> 5 for sign in prefix), 0, *(ord(sign) & 31 for sign in prefix)]
    check = 1
    for value in (*expanded, *values):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value ^ _generators(top, _BECH32_GENERATORS)
    return (values[:-6], check) if check in (BECH32, BECH32M) else None


def octets(values: list[int]) -> bytes | None:
    """Return the bytes that five-bit values stand for; None where what is left over is a value or not 0."""
    number = 0
    for value in values:
        number = number << 5 | value
    left = 5 * len(values) % 8
    if left >= 5 or number & (1 << left) - 1:
        return None
    return (number >> left).to_bytes(5 * len(values) // 8, "big")


def cashaddr(prefix: str, data: str) -> bytes | None:
    """Return the bytes of `prefix`:`data` (both lower case), version byte first; None without its checksum.

    The checksum has 40 bits. Conflux (CIP-37) uses the same sum over an alphabet of its own.
    """
    alphabet = _CONFLUX32 if prefix == "cfx" else _BASE32
    values = [alphabet.get(sign, -1) for sign in data]
    if -1 in values or len(values) < 8:
        return None
    check = 1
    for value in (*(ord(sign) & 31 for sign in prefix), 0, *values):
        top = check >> 35
        check = (check & 0x07FFFFFFFF) << 5 ^ value ^ _generators(top, _CASHADDR_GENERATORS)
    return octets(values[:-8]) if check == 1 else None


def _generators(top: int, generators: Iterable[int]) -> int:
    mixed = 0
    for bit, generator in enumerate(generators):
        if top >> bit & 1:
            mixed ^= generator
    return mixed


def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 as Ethereum and Monero use it (not SHA3-256: other padding)."""
    from Crypto.Hash import keccak  # 20 ms of import that most runs do not need

    return keccak.new(digest_bits=256, data=data).digest()
