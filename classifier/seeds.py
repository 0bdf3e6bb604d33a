"""DNS seeds: the names that node software asks for addresses of peers, and which coin each belongs to.

An address that a seed gave out is a node of that seed's coin: that tells apart coins that share a magic.
Listed are the seeds of such coins only; a name that more than one of them used stands for all of these.
Source: chainparams.cpp of each client (vSeeds).
"""

from collections import Counter

from facts.endpoint import Address
from protocols.events import DnsAnswer
from protocols.magics import coins_at_port
from protocols.observe import Observation

ADDRESS_LIMIT = 65_536
"""Addresses that are remembered: 15 MB at the worst."""

_NAMES = {
    ("BTC",): (
        "seed.bitcoin.sipa.be dnsseed.bluematt.me dnsseed.bitcoin.dashjr.org seed.bitcoinstats.com"
        " seed.bitcoin.jonasschnelli.ch seed.btc.petertodd.org seed.btc.petertodd.net"
        " seed.bitcoin.sprovoost.nl dnsseed.emzy.de seed.bitcoin.wiz.biz seed.mainnet.achownodes.xyz"
    ),
    (
        "BCH",
    ): "seed.bchd.cash btccash-seeder.bitcoinunlimited.info seed.bitcoinunlimited.net seed.flowee.cash",
    ("BCH", "XEC"): "seed.bitcoinabc.org seed-abc.bitcoinforks.org seed.deadalnix.me seeder.jasonbcox.com",
    ("BSV",): "seed.bitcoinsv.io seed.satoshisvision.network seed.cascharia.com",
    ("LTC",): (
        "seed-a.litecoin.loshan.co.uk dnsseed.thrasher.io dnsseed.litecointools.com dnsseed.litecoinpool.org"
        " dnsseed.koin-project.com"
    ),
    ("MONA",): "dnsseed.monacoin.org dnsseed.tamami-foundation.org",
    ("DOGE",): "seed.multidoge.org seed2.multidoge.org seed.dogecoin.com seed.doger.dogecoin.com",
    ("ZEC",): "dnsseed.z.cash dnsseed.str4d.xyz mainnet.seeder.zfnd.org mainnet.is.yolo.money",
    ("FLUX",): "dnsseed.zel.network dnsseed.runonflux.io dnsseed.asoftwaresolution.com",
}
SEEDS = {name: frozenset(coins) for coins, names in _NAMES.items() for name in names.split()}
"""Names with the tickers of the coins that use them."""


class Seeds:
    """The memory of what seeds answered."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._given: dict[Address, frozenset[str]] = {}

    def answer(self, _seen: Observation, event: DnsAnswer) -> None:
        """Take a DNS answer; those of other names leave nothing."""
        coins = _coins(event.name)
        if coins is None:
            return
        for address in event.addresses:
            if address not in self._given and len(self._given) >= ADDRESS_LIMIT:
                self._dropped["seeds-beyond-limit"] += 1
                return
            self._given[address] = self._given.get(address, frozenset()) | coins

    def narrow(self, coins: tuple[str, ...], address: Address, port: int) -> tuple[str, ...]:
        """Return those of `coins` that the service's port and the seeds that gave its address allow.

        Never empties the set; a seed outweighs the port, which its operator chose.
        """
        given = self._given.get(address, frozenset())
        named = tuple(coin for coin in coins if coin in given) or coins
        return coins_at_port(named, port)


def _coins(name: str) -> frozenset[str] | None:
    """Return whose seed a name is; node software puts the services that it wants in front (`x9.`)."""
    if name in SEEDS:
        return SEEDS[name]
    first, _, rest = name.partition(".")
    return SEEDS.get(rest) if first[:1] == "x" and first[1:].isalnum() else None
