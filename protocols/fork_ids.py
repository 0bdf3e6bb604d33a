"""Fork ids: which Ethereum-family chain a node follows, by the hash of the forks that it has passed.

A fork id is the CRC-32 of the genesis block's hash and of the numbers (or times) of all forks passed, and the
next fork expected. Chains with the same genesis share the ids up to the fork at which they parted.

Source: EIP-2124 and EIP-6122 (the hash); EIP-779 to EIP-7607 and ECIP-1015 to ECIP-1109 (the forks of ETH and
of ETC); docs/protocols/discv4.md.
"""

from collections.abc import Mapping
from functools import cache
from zlib import crc32

_GENESIS = bytes.fromhex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3")
"""Of ETH, and of ETC, which is the same chain up to block 1,920,000."""
_SHARED = (
    1_150_000, 1_920_000, 2_463_000, 2_675_000, 4_370_000, 7_280_000, 9_069_000, 9_200_000, 12_244_000,
    12_965_000, 13_773_000, 15_050_000,
)  # fmt: skip
"""Of ETH while it was mined; ETHW left it behind the last of them."""
_UNKNOWN = -1
"""What ETHW expects next is not known here: a fork of its own, or none."""
_FORKS: Mapping[str, tuple[int, ...]] = {
    "ETH": (*_SHARED, 1_681_338_455, 1_710_338_135, 1_746_612_311),
    "ETHW": _SHARED,
    "ETC": (
        1_150_000, 2_500_000, 3_000_000, 5_000_000, 5_900_000, 8_772_000, 9_573_000, 10_500_839, 11_700_000,
        13_189_133, 14_525_000, 19_250_000,
    ),
}  # fmt: skip


@cache
def _known() -> Mapping[bytes, Mapping[str, int]]:
    """Return, for each hash, the coins that have it, with the next fork of each (0: none known)."""
    found: dict[bytes, dict[str, int]] = {}
    for coin, forks in _FORKS.items():
        value = crc32(_GENESIS)
        for passed, following in zip(
            (None, *forks), (*forks, _UNKNOWN if coin == "ETHW" else 0), strict=True
        ):
            if passed is not None:
                value = crc32(passed.to_bytes(8, "big"), value)
            found.setdefault(value.to_bytes(4, "big"), {})[coin] = following
    return found


def coins_of(fork_hash: bytes, following: int) -> tuple[str, ...]:
    """Return the coins that a fork id leaves possible, sorted; none where it is unknown here.

    Where several chains share the hash, the next fork tells them apart if it is one of theirs.
    """
    known = _known().get(fork_hash, {})
    agreeing = [coin for coin, fork in known.items() if fork == following]
    return tuple(sorted(agreeing or known))
