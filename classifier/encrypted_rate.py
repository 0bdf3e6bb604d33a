"""Hashrate behind sealed traffic that follows a pool's clock: the coin tells the algorithm, and that the
range of what pools have a share be worth.
"""

from classifier.encrypted_flows import Dependency, Rows
from classifier.hashrate_sealed import SealedRate, sealed_hashrate
from classifier.poolclock import Match
from protocols.coins import ALGORITHMS

WORTH: dict[str, tuple[float, float]] = {
    "sha256d": (2.0**32 * 4_096, 2.0**32 * 4_194_304),
    "scrypt": (2.0**16 * 8_192, 2.0**16 * 8_388_608),
    "rx/0": (1e4, 2e6),
    "kawpow": (2.0**32 * 0.05, 2.0**32 * 8),
    "etchash": (2.0**32 * 0.5, 2.0**32 * 16),
    "x11": (2.0**32 * 256, 2.0**32 * 131_072),
}
"""Hashes of a share, least and most: what pools set for one machine up to a farm's gateway, at one share in
5 to 30 s of a machine that is on sale. Judgement, from the machines in classifier/data/machines.toml."""
COINS = ALGORITHMS | {"XMR": "rx/0", "RVN": "kawpow", "ETC": "etchash"}
CERTAIN = 7.0
"""Nats of the clock from which its coin is believed."""


def algorithm_of(coin: str | None) -> str | None:
    """Return the algorithm of a coin that has one."""
    return COINS.get(coin or "")


def rate_of(one: Dependency, match: Match | None, flows: Rows, packets: Rows) -> SealedRate | None:
    """Estimate the hashrate of the longest connection of a dependency that follows a clock."""
    algorithm = algorithm_of(match.clock.coin) if match is not None else None
    if algorithm is None or algorithm not in WORTH:
        return None
    lives = [int(flows["last_ns"][row] - flows["first_ns"][row]) for row in one.rows]
    place = max(range(len(lives)), key=lives.__getitem__)
    row = one.rows[place]
    log = packets[packets["flow"] == row]
    return sealed_hashrate(log, one.ways[place], algorithm, WORTH[algorithm])
