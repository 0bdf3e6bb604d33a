"""The magic numbers of the Bitcoin family: which networks a message header leaves possible.

A magic alone seldom names a coin: forks copy it. `narrow` weighs in the user agent and the listening port.
Source: chainparams.cpp of each client; docs/protocols/bitcoin_p2p.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Network:
    """One network of one coin."""

    coin: str
    """Ticker, upper case."""
    name: str
    """`mainnet`, `testnet`, `testnet4`, `signet`, `regtest` or `stn`."""
    magic: bytes
    """Four bytes, as they stand on the wire."""
    port: int | None = None
    """Default port; None where no source gives it."""
    agents: tuple[str, ...] = ()
    """Names that the coin's own clients put into the user agent; several coins kept Bitcoin Core's."""


def _network(coin: str, name: str, magic: str, port: int | None = None, *agents: str) -> Network:
    return Network(coin, name, bytes.fromhex(magic), port, agents)


NETWORKS = (
    _network("BTC", "mainnet", "f9beb4d9", 8333, "Satoshi"),
    _network("BTC", "testnet", "0b110907", 18333, "Satoshi"),
    _network("BTC", "testnet4", "1c163f28", 48333, "Satoshi"),
    _network("BTC", "signet", "0a03cf40", 38333, "Satoshi"),
    _network("BTC", "regtest", "fabfb5da", 18444, "Satoshi"),
    _network("BCH", "mainnet", "e3e1f3e8", 8333, "Bitcoin Cash Node", "BCH Unlimited", "bchd"),
    _network("XEC", "mainnet", "e3e1f3e8", 8333, "Bitcoin ABC"),
    _network("BSV", "mainnet", "e3e1f3e8", 8333, "Bitcoin SV"),
    _network("BCH", "testnet", "f4e5f3f4", None, "Bitcoin Cash Node", "BCH Unlimited", "bchd"),
    _network("XEC", "testnet", "f4e5f3f4", None, "Bitcoin ABC"),
    _network("BSV", "testnet", "f4e5f3f4", None, "Bitcoin SV"),
    _network("BCH", "testnet4", "e2b7daaf", None, "Bitcoin Cash Node"),
    _network("BSV", "stn", "fbcec4f9", None, "Bitcoin SV"),
    _network("LTC", "mainnet", "fbc0b6db", 9333, "LitecoinCore"),
    _network("LTC", "testnet", "fdd2c8f1", 19335, "LitecoinCore"),
    _network("MONA", "mainnet", "fbc0b6db", 9401, "MonacoinCore"),
    _network("DOGE", "mainnet", "c0c0c0c0", 22556, "Shibetoshi"),
    _network("BELLS", "mainnet", "c0c0c0c0", 19919, "Bells"),
    _network("BELLS", "testnet", "c3c3c3c3", None, "Bells"),
    _network("PEP", "mainnet", "c0a0f0e0", 33874, "pepetoshi"),
    _network("PEP", "testnet", "fec1dbcc", 44874, "pepetoshi"),
    _network("DASH", "mainnet", "bf0c6bbd", 9999, "Dash Core"),
    _network("ZEC", "mainnet", "24e92764", 8233, "MagicBean"),
    _network("ZEC", "testnet", "fa1af9bf", 18233, "MagicBean"),
    _network("FLUX", "mainnet", "24e92764", 16125, "MagicBean"),
    _network("KMD", "mainnet", "f9eee48d", 7770, "MagicBean"),
    _network("KMD", "testnet", "5a1f7e62", 17770, "MagicBean"),
    _network("ZEN", "mainnet", "63617368", 9033, "zen"),
    _network("ZEN", "testnet", "bff2cde6", 19033, "zen"),
    _network("RVN", "mainnet", "5241564e", 8767, "Ravencoin"),
    _network("RVN", "testnet", "52564e54", 18770, "Ravencoin"),
    _network("EVR", "mainnet", "4556524d", 8820, "Evrmore"),
    _network("DGB", "mainnet", "fac3b6da", 12024, "DigiByte"),
    _network("DGB", "testnet", "fdc8bddd", 12026, "DigiByte"),
    _network("VTC", "mainnet", "fabfb5da", 5889, "Satoshi"),
    _network("VTC", "testnet", "76657274", 15889, "Satoshi"),
    _network("GRS", "mainnet", "f9beb4d4", 1331, "Groestlcoin"),
    _network("GRS", "testnet", "0b110907", 17777, "Groestlcoin"),
    _network("NMC", "mainnet", "f9beb4fe", 8334, "Satoshi"),
    _network("PPC", "mainnet", "e6e8e9e5", 9901, "Satoshi"),
    _network("PPC", "testnet", "cbf2c0ef", 9903, "Satoshi"),
    _network("PIVX", "mainnet", "90c4fde9", 51472, "PIVX"),
    _network("PIVX", "testnet", "f5e6d5ca", 51474, "PIVX"),
    _network("FIRO", "mainnet", "e3d9fef1", 8168, "Satoshi"),
    _network("FIRO", "testnet", "cffcbeea", 18168, "Satoshi"),
    _network("BTG", "mainnet", "e1476d44", 8338, "Bitcoin Gold"),
    _network("BTG", "testnet", "e2486e45", 18338, "Bitcoin Gold"),
    _network("RTM", "mainnet", "72746d2e", 10226, "Raptoreum Core"),
    _network("RTM", "testnet", "7472746d", 10230, "Raptoreum Core"),
    _network("VIA", "mainnet", "0f68c6cb", 5223, "ViacoinCore"),
    _network("VIA", "testnet", "a9c5ef92", 25223, "ViacoinCore"),
    _network("SYS", "mainnet", "cee2caff", 8369, "Satoshi"),
    _network("SYS", "testnet", "cee2cafe", 18369, "Satoshi"),
    _network("QTUM", "mainnet", "f1cfa6d3", 3888, "Satoshi"),
    _network("QTUM", "testnet", "0d221506", 13888, "Satoshi"),
)
"""Verus has no row: it computes a magic per chain at start."""

BY_MAGIC: dict[bytes, tuple[Network, ...]] = {
    magic: tuple(rows)
    for magic, rows in groupby(sorted(NETWORKS, key=lambda row: row.magic), key=lambda row: row.magic)
}
"""Every magic with the networks that use it."""


def narrow(
    networks: tuple[Network, ...], agent: str | None = None, ports: Collection[int] = ()
) -> tuple[Network, ...]:
    """Return those of `networks` that the user agent and the listening ports support; never empties the set.

    The agent outweighs the port: a name was chosen by the client's authors, a port by its operator.
    """
    if agent and len(networks) > 1:
        spoken = agent.lower()
        named = tuple(row for row in networks if any(name.lower() in spoken for name in row.agents))
        networks = named or networks
    if len(networks) > 1:
        listening = tuple(row for row in networks if row.port in ports)
        networks = listening or networks
    return networks


def coins_at_port(coins: tuple[str, ...], port: int) -> tuple[str, ...]:
    """Return those of `coins` whose main network listens on `port` by default, or all where none does.

    For a judge that knows the flow's own service port, which a parser does not.
    """
    if len(coins) < 2:
        return coins
    at_port = {row.coin for row in NETWORKS if row.port == port and row.name == "mainnet"}
    return tuple(coin for coin in coins if coin in at_port) or coins
