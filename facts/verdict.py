"""The verdict on one address in one role, with the evidence it was made of."""

from dataclasses import dataclass

from facts.endpoint import Address
from facts.evidence import Evidence
from facts.names import Level, PeerState, Role


@dataclass(frozen=True, slots=True, order=True)
class Peer:
    """A conversation partner of the judged address."""

    address: Address
    port: int
    """The service port of the conversation, from either side's point of view: the pool's, the node's."""
    role: Role | None
    """The partner's role in this conversation."""
    protocol: str
    """Protocol name of the output contract, e.g. `stratum-bitcoin`."""
    state: PeerState


@dataclass(frozen=True, slots=True)
class Weighed:
    """One piece of evidence with the log-odds (nats) the judge gave it; negative speaks against."""

    evidence: Evidence
    weight: float


@dataclass(frozen=True, slots=True)
class Hashrate:
    """Hashes a second of one algorithm with a 95 % interval; algorithms are never summed."""

    algorithm: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One address, one role. Tuples are sorted and without repeats; empty means unknown."""

    source: str
    """The file judged alone (`--each`), or the common name of the sources judged together."""
    address: Address
    role: Role
    level: Level
    score: float
    """Probability of the role, 0 to 1, calibrated at the real base rate."""
    protocols: tuple[str, ...]
    coins: tuple[str, ...]
    algorithms: tuple[str, ...]
    encrypted: bool
    peers: tuple[Peer, ...]
    first_seen_ns: int
    last_seen_ns: int
    agents: tuple[str, ...]
    wallets: tuple[str, ...]
    workers: int | None
    """Distinct worker names seen; None where the protocol names none."""
    pools: tuple[str, ...]
    """Names of pool operators that this address spoke to, or is."""
    hashrate: tuple[Hashrate, ...]
    evidence: tuple[Weighed, ...]
    """Heaviest first, counter-evidence included."""
