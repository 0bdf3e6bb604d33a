"""The verdict on one address in one role, with the evidence it was made of."""

from dataclasses import dataclass

from facts.endpoint import Address
from facts.evidence import Evidence
from facts.names import Level, PeerState, Role
from facts.quick import quick


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Weighed:
    """One piece of evidence with the log-odds (nats) the judge gave it; negative speaks against."""

    evidence: Evidence
    weight: float


@quick
@dataclass(frozen=True, slots=True)
class Pace:
    """Hashes a second of one algorithm in one span of time, of one worker or of all together."""

    worker: str | None
    """Its name as seen; None for what no name goes with, and for all together."""
    start_ns: int
    seconds: float
    """How long the span was mined in: the part of it that the figure rests on."""
    shares: int
    rejected: int
    stale: int
    value: float
    low: float
    high: float


@quick
@dataclass(frozen=True, slots=True)
class Hashrate:
    """Hashes a second of one algorithm with a 95 % interval; algorithms are never summed."""

    algorithm: str
    value: float
    """From accepted shares alone."""
    low: float
    high: float
    """Stale shares, which cost as much work, are below it."""
    shares: int = 0
    """Accepted."""
    rejected: int = 0
    """Refused for other reasons than lateness."""
    stale: int = 0
    reported: float | None = None
    """What the miner says of itself, in sum over its machines; None where it says nothing."""
    coverage: float = 1.0
    """Estimated part of the shares whose exchange the capture holds whole; `value` is corrected by it."""
    mined_ns: int = 0
    """Time over which the shares were found."""
    series: tuple[Pace, ...] = ()
    """By time, then worker; all together first."""


@dataclass(frozen=True, slots=True)
class Machines:
    """How many machines mine behind an address, with a 95 % interval."""

    value: int
    low: int
    high: int
    exact: bool
    """Counted one by one, by numbers that the protocol gives them."""
    basis: str
    """What was counted: `sessions workers connections spaces addresses hashrate`."""


@dataclass(frozen=True, slots=True)
class Power:
    """Electric power in kW with an interval that holds the truth in 90 of 100 cases, overhead included."""

    value: float
    low: float
    high: float
    overhead: tuple[float, float] = (1.0, 1.0)
    """Least and most that the site draws for each kW of its machines."""
    models: tuple[tuple[str, float], ...] = ()
    """Machines that explain it and their probability, most probable first; not all."""


@quick
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
    rigs: tuple[str, ...] = ()
    """Names that its machines go by, as seen."""
    machines: Machines | None = None
    power: Power | None = None
    """Of all its algorithms together; None where none is known, or one is not in the table of machines."""
