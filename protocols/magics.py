"""The magic numbers of the Bitcoin family: which networks a message header leaves possible.

A magic alone seldom names a coin: forks copy it. `narrow` weighs in what else a peer says of itself.
Source: chainparams.cpp of each client; docs/protocols/bitcoin_p2p.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
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
    _network("MONA", "testnet", "fdd2c8f1", 19403, "MonacoinCore"),
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
NODE_PORTS = frozenset(row.port for row in NETWORKS if row.port is not None)
"""Where nodes of these networks listen by default."""


DOUBLE_SHA256 = frozenset(
    {"BTC", "BCH", "XEC", "BSV", "LTC", "MONA", "DOGE", "BELLS", "PEP", "DGB", "VTC", "NMC", "VIA", "SYS"}
)
"""Coins whose blocks are named by SHA256d of a header's first 80 bytes, whatever they are mined with."""
PROOF_OF_STAKE = frozenset({"PIVX", "QTUM", "PPC", "FLUX"})
"""Coins whose blocks are made by stake, all or some (PPC), or by nodes (FLUX from height 2,020,000 on):
there, a block that comes from nowhere is no sign of mining."""
OWN_COMMANDS = {
    "protoconf": frozenset({"BSV"}),
    "authch": frozenset({"BSV"}),
    "createstrm": frozenset({"BSV"}),
    "avahello": frozenset({"XEC"}),
    "avapoll": frozenset({"XEC"}),
    "avaproofs": frozenset({"XEC"}),
    "dsproof-beta": frozenset({"BCH"}),
    "xversion": frozenset({"BCH"}),
    "mwebheader": frozenset({"LTC"}),
    "mwebleafset": frozenset({"LTC"}),
}
"""Commands that one coin of a shared magic has and the others have not."""
ZEC_PROTOCOL = 170_100
"""Zcash's protocol version from NU5 on; Flux stays below."""

# When the main chain began (seconds since 1970), at which height, and the seconds a block takes from then on.
_Leg = tuple[int, int, float]
SCHEDULES: dict[str, tuple[_Leg, ...]] = {
    "LTC": ((1_317_972_665, 0, 150.0),),
    "MONA": ((1_388_479_472, 0, 90.0),),
    "DOGE": ((1_386_325_540, 0, 60.0),),
    "VTC": ((1_389_311_371, 0, 150.0),),
    "ZEC": ((1_477_641_360, 0, 150.0), (1_576_022_400, 653_600, 75.0)),
    "FLUX": ((1_516_980_000, 0, 120.0), (1_759_380_000, 2_020_000, 30.0)),
}
"""Of the coins that share a magic with one that is at another height; those of BCH, XEC and BSV are alike."""
DRIFT = 0.12
"""Share by which a chain may be ahead of or behind its schedule."""
CLOCKS = range(1_300_000_000, 4_000_000_000)
"""Times that a peer's clock may show."""


def expected_height(coin: str, at_s: int) -> float | None:
    """Return about how high the main chain of `coin` is at a time; None without a schedule."""
    legs = [leg for leg in SCHEDULES.get(coin, ()) if leg[0] <= at_s]
    if not legs:
        return None
    begin, height, seconds = legs[-1]
    return height + (at_s - begin) / seconds


def narrow(
    networks: tuple[Network, ...],
    agent: str | None = None,
    ports: Collection[int] = (),
    protocol: int | None = None,
    height: int | None = None,
    at_s: int | None = None,
) -> tuple[Network, ...]:
    """Return those of `networks` that what a peer says supports; never empties the set.

    The agent outweighs the protocol version, that the port, and that the height: a name was chosen by the
    client's authors, a port by its operator, and a node that still fetches its chain may be at any height.
    `at_s` is the peer's own clock, to which its height belongs.
    """
    if agent and len(networks) > 1:
        spoken = agent.lower()
        named = tuple(row for row in networks if any(name.lower() in spoken for name in row.agents))
        networks = named or networks
    if protocol is not None and protocol >= ZEC_PROTOCOL and len(networks) > 1:
        networks = tuple(row for row in networks if row.coin == "ZEC") or networks
    if len(networks) > 1:
        listening = tuple(row for row in networks if row.port in ports)
        networks = listening or networks
    if len(networks) > 1 and height and at_s is not None and at_s in CLOCKS:
        networks = tuple(row for row in networks if _fits(row, height, at_s)) or networks
    return networks


def _fits(row: Network, height: int, at_s: int) -> bool:
    due = expected_height(row.coin, at_s) if row.name == "mainnet" else None
    return due is not None and abs(height - due) <= DRIFT * due


@lru_cache(1024)
def coins_at_port(coins: tuple[str, ...], port: int) -> tuple[str, ...]:
    """Return those of `coins` whose main network listens on `port` by default, or all where none does.

    For a judge that knows the flow's own service port, which a parser does not.
    """
    if len(coins) < 2:
        return coins
    at_port = {row.coin for row in NETWORKS if row.port == port and row.name == "mainnet"}
    return tuple(coin for coin in coins if coin in at_port) or coins
