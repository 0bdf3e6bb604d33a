"""The dialects that are played."""

from benchmarks.lab.players.bitcoin import Bitcoin
from benchmarks.lab.players.cryptonote import Cryptonote
from benchmarks.lab.players.dialect import Dialect
from benchmarks.lab.players.equihash import Equihash
from benchmarks.lab.players.ethereum import Ethereum
from benchmarks.lab.players.ethproxy import Ethproxy
from benchmarks.lab.players.kaspa import Kaspa
from benchmarks.lab.players.kawpow import Kawpow
from benchmarks.lab.players.sv2 import StratumV2

DIALECTS: dict[str, type[Dialect]] = {
    kind.name: kind for kind in (Bitcoin, Cryptonote, Ethproxy, Ethereum, Equihash, Kawpow, Kaspa, StratumV2)
}
