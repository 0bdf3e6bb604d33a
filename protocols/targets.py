"""Targets into expected hashes: what one share costs on average, without knowing the algorithm.

A hash below `target` of 2^256 is found once in 2^256 / target tries. CryptoNote sends the top 32 or 64 bits
of its target, little-endian, and counts difficulty by the integer divisions of its miners. Bitcoin's block
headers hold the network's target in 32 bits (nBits), a number with a base-256 exponent.
"""

import re

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,64})\Z")
_RANGE_256 = 2.0**256
_MAX_32 = 2**32 - 1
_MAX_64 = 2**64 - 1
_SIGN = 0x0080_0000
"""Bit of the mantissa of nBits that makes the number negative: no target is."""


def hashes_of_target(target: int) -> float | None:
    """Return 2^256 / `target`, or None where the target is not in 1 .. 2^256 - 1."""
    return _RANGE_256 / target if 0 < target < 2**256 else None


def hashes_of_hex(text: object) -> float | None:
    """Return the expected hashes of a big-endian target of up to 64 hex digits, `0x` or not; None if none."""
    match = _HEX.match(text) if isinstance(text, str) else None
    return hashes_of_target(int(match.group(1), 16)) if match else None


def target_of_bits(bits: int) -> int | None:
    """Return the target of nBits (0 .. 2^32 - 1); None for what is negative, zero or beyond 256 bits."""
    exponent, mantissa = bits >> 24, bits & 0x00FF_FFFF
    if mantissa & _SIGN or exponent > 34:  # 34 bytes: the least mantissa, 1, at the top of 256 bits
        return None
    target = mantissa << 8 * (exponent - 3) if exponent >= 3 else mantissa >> 8 * (3 - exponent)
    return target if 0 < target < 2**256 else None


def hashes_of_bits(bits: int) -> float | None:
    """Return the expected hashes of a block whose header has these nBits; None where they are no target."""
    target = target_of_bits(bits)
    return None if target is None else hashes_of_target(target)


def hashes_of_cryptonote(text: str, algorithm: str | None = None) -> float | None:
    """Return the difficulty (= hashes) of a CryptoNote job target; None where it is none.

    8 or 16 hex digits are little-endian; rx/yada writes a big-endian number of its own length.
    """
    match = _HEX.match(text)
    if match is None or len(text) != len(match.group(1)):
        return None
    if algorithm == "rx/yada":
        digits = match.group(1)
        number = int(digits, 16)
        return float((1 << 4 * len(digits)) // number) if number else None
    if len(text) not in (8, 16):
        return None
    number = int.from_bytes(bytes.fromhex(text), "little")
    if number == 0:
        return None
    if len(text) == 16:
        return float(_MAX_64 // number)
    return float(_MAX_64 // (_MAX_64 // (_MAX_32 // number)))
