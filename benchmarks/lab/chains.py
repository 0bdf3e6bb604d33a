"""Coins and the times of their blocks.

Sources: docs/protocols for the dialects; block intervals and hashes a share as in protocols/algorithms.py.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.lab.columns import Array


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin as a pool serves it."""

    ticker: str
    algorithm: str
    interval: float
    """Mean seconds between blocks."""
    unit: float
    """Expected hashes of a share of difficulty 1 in its dialect."""
    dialect: str
    weight: float
    """How often a miner of the laboratory mines it."""


_SHA = 2.0**256 / (0xFFFF << 208)

COINS = (
    Coin("BTC", "sha256d", 600, _SHA, "stratum-bitcoin", 5),
    Coin("BCH", "sha256d", 600, _SHA, "stratum-bitcoin", 1),
    Coin("LTC", "scrypt", 150, 65_537, "stratum-bitcoin", 2),
    Coin("DOGE", "scrypt", 60, 65_537, "stratum-bitcoin", 1),
    Coin("DASH", "x11", 150, _SHA, "stratum-bitcoin", 1),
    Coin("BTC", "sha256d", 600, _SHA, "stratum-v2", 2),
    Coin("XMR", "rx/0", 120, 1, "stratum-cryptonote", 6),
    Coin("ZEPH", "rx/0", 120, 1, "stratum-cryptonote", 1),
    Coin("WOW", "rx/wow", 300, 1, "stratum-cryptonote", 1),
    Coin("ETC", "etchash", 13, 1, "stratum-ethproxy", 2),
    Coin("ETHW", "ethash", 13, 2.0**32, "stratum-ethereum", 2),
    Coin("ZEC", "equihash-200-9", 75, 8192, "stratum-equihash", 2),
    Coin("BTG", "equihash-144-5", 600, 8192, "stratum-equihash", 1),
    Coin("RVN", "kawpow", 60, 4_311_810_305, "stratum-kawpow", 2),
    Coin("EVR", "kawpow", 60, 4_311_810_305, "stratum-kawpow", 1),
    Coin("KAS", "kheavyhash", 0.1, 2.0**32, "stratum-kaspa", 2),
)


def blocks(rng: np.random.Generator, interval: float, begin: float, end: float) -> Array:
    """Return the times, s, at which blocks are found: a Poisson process, as of a hash race."""
    count = rng.poisson((end - begin) / interval)
    return np.sort(begin + rng.random(count) * (end - begin))
