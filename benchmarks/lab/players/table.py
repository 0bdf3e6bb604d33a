"""The dialects that are played."""

from benchmarks.lab.players.bitcoin import Bitcoin
from benchmarks.lab.players.cryptonote import Cryptonote
from benchmarks.lab.players.dialect import Dialect

DIALECTS: dict[str, type[Dialect]] = {kind.name: kind for kind in (Bitcoin, Cryptonote)}
