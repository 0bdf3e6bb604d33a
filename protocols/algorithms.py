"""Proof-of-work algorithms: what one share of difficulty 1 costs, and how their names are written.

Pools count difficulty against a target of their own (`target1`), and which one goes with the algorithm. A
share of difficulty d costs d x 2^256 / target1 hashes on average; that quotient for d = 1 is K. Most pools
took target1 = 0xffff x 2^208 from Bitcoin, made greater by 2^m for slower algorithms.

NeoScrypt (m is 5 or 16) and Keccak (8 or 7) differ from one pool software to the other, so their difficulty
says nothing. Source: node-stratum-pool, cpuminer-opt, the pools named in docs/protocols/coins.md.
"""

_MULTIPLIERS: dict[int, tuple[str, ...]] = {
    0: (
        "sha256d", "x11", "x13", "x15", "c11", "quark", "qubit", "nist5", "skein", "sha1", "shavite3",
        "hefty1",
    ),
    16: (
        "scrypt", "scrypt-n", "scrypt-jane", "yescrypt", "yespower", "argon2d", "m7m", "hmq1725",
        "ghostrider",
    ),
    8: (
        "blake", "groestl", "fugue", "x16r", "x16rv2", "lyra2v2", "lyra2v3", "lyra2z", "allium", "verthash",
        "bmw512", "lbry", "xevan", "timetravel", "x21s", "keccak-c",
    ),
    7: ("lyra2re", "hex"),
}  # fmt: skip
"""m -> algorithms whose target1 is 0xffff x 2^(208 + m)."""

HASHES: dict[str, float] = {
    name: 2.0 ** (48 - power) / 0xFFFF for power, names in _MULTIPLIERS.items() for name in names
} | {
    "ethash": 2.0**48 / 0xFFFF,  # EthereumStratum/1.0.0
    "kheavyhash": 2.0**256 / (2**224 - 1),
    "kawpow": 2.0**40 / 0xFF,  # where a number is sent at all: its jobs carry the target
    "equihash": 8192.0,  # solutions; displayed only: its pools send the target
    "blake3": 2.0**30,  # Alephium
}
"""K: expected hashes of one share of difficulty 1."""

_ALIASES: dict[str, str] = {
    "sha256": "sha256d",
    "sha-256": "sha256d",
    "sha256asicboost": "sha256d",
    "scryptn": "scrypt-n",
    "scryptjane": "scrypt-jane",
    "lyra2rev2": "lyra2v2",
    "lyra2rev3": "lyra2v3",
    "keccakc": "keccak-c",
    "daggerhashimoto": "ethash",
    "gr": "ghostrider",
}


def plain(algorithm: str) -> str:
    """Return the one name by which an algorithm of many spellings goes here; unknown ones in lower case."""
    name = algorithm.lower()
    return _ALIASES.get(name, name)


def hashes_of_difficulty(algorithm: str | None, difficulty: float) -> float | None:
    """Return the expected hashes of a share of this difficulty; None where the algorithm does not tell."""
    hashes = HASHES.get(plain(algorithm)) if algorithm is not None else None
    return hashes * difficulty if hashes is not None and difficulty > 0 else None
