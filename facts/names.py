"""The words of the output contract: roles, levels and states."""

from enum import StrEnum


class Role(StrEnum):
    """What an address does; one address may have several roles."""

    MINER = "miner"
    PROXY = "proxy"
    POOL = "pool"
    SOLO_MINER = "solo_miner"
    NODE = "node"
    WALLET = "wallet"
    PROBER = "prober"


MINING_ROLES = frozenset({Role.MINER, Role.PROXY, Role.POOL, Role.SOLO_MINER})
"""The roles that make `replay` exit with 1: a node, a wallet and a prober do not mine."""


class Level(StrEnum):
    """How sure a verdict is, from most to least."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    SUSPECTED = "suspected"
    CLEARED = "cleared"


LEVEL_ORDER = (Level.CLEARED, Level.SUSPECTED, Level.LIKELY, Level.CONFIRMED)
"""From least to most, for "at least" comparisons by index."""


class PeerState(StrEnum):
    """Whether both directions of a conversation were read."""

    EXCHANGE = "exchange"
    ATTEMPT = "attempt"
