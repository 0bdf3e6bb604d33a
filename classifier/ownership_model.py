"""The nouns of the ownership graph: what ties an address to a name, and what belongs together because of it.

A *party* is one address together with the account it works for, since one address may be many people's
(NAT). Parties are what is put into clusters; an address with two accounts may lie in two clusters.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from facts.endpoint import Address
from facts.where import Where


class Kind(IntEnum):
    """What an address is tied to. The numbers are stored: they are never given anew."""

    WALLET = 0
    """A payout address, with the payment id where it has one."""
    ACCOUNT = 1
    """An account at a pool: `name` of `name.worker`."""
    EMAIL = 2
    SCHEME = 3
    """The pattern of rig names: `hall2-#` of `hall2-001`."""
    AGENT = 4
    JA4 = 5
    UPSTREAM = 6
    """A service, whose conversation was read: `203.0.113.9:3333`."""
    HIDDEN = 7
    """A service under encryption."""
    LINE = 8
    ENTERPRISE = 9
    RELAY = 10
    """A conversation that enters and leaves a gateway, found by timing."""
    WORKER = 11
    """A single rig name without a pattern."""
    ADDRESS = 12
    """The address that two parties share; never stored."""
    POOL = 13
    """The public pool of a service, by its listed name."""
    NAMESAKE = 14
    """An account's name at whatever pool: elsewhere it may be somebody else's."""


WORDS = {kind: kind.name.lower() for kind in Kind}
"""How each kind is written in output."""
PAYS = (Kind.WALLET, Kind.ACCOUNT, Kind.EMAIL)
"""What says who is paid."""


class Sort(StrEnum):
    """What a cluster is."""

    OPERATOR = "operator"
    """One operator over several lines or addresses."""
    CAMPAIGN = "campaign"
    """Many unrelated places that work for one wallet: malware."""
    INSIDER = "insider"
    """One address inside a large enterprise, with nothing that leads out of it."""
    SINGLE = "single"
    """One address on a line of its own."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A party used a name, between two times, so often, and where that can be read."""

    address: Address
    party: str
    """What tells the parties of one address apart: who is paid; empty where nobody is named."""
    kind: Kind
    name: str
    first_ns: int
    last_ns: int
    count: int
    """Messages that showed it."""
    where: Where
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A name that members of a cluster share, and what it adds to the belief that they belong together."""

    kind: Kind
    name: str
    addresses: int
    """Addresses of the cluster that share it."""
    weight: float
    """Log-odds (nats) that it adds for two of them; rarer names add more."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a cluster is what it is said to be: a stable kind and its figures (ownership.toml words it)."""

    kind: str
    params: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One party of a cluster."""

    address: Address
    party: str
    score: float
    """Log-odds (nats) that it belongs with the others; 0 for the only one."""
    first_ns: int
    last_ns: int
    line: str
    """Subscriber line; empty where unknown."""
    enterprise: str
    """Credit code; empty where unknown."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Parties that belong together."""

    id: str
    """`c-` and 16 hexadecimal digits, of its oldest party and the installation's key: it stays while the
    cluster grows."""
    sort: Sort
    score: float
    """Probability, 0 to 1, that its weakest member belongs to it."""
    certainty: float
    """Probability, 0 to 1, of `sort`."""
    members: tuple[Member, ...]
    """By address, then party."""
    links: tuple[Link, ...]
    """Heaviest first."""
    reasons: tuple[Reason, ...]
    """Why it is of this sort."""
    first_ns: int
    last_ns: int

    @property
    def addresses(self) -> list[Address]:
        """Return the addresses of its members, each once, in order."""
        return list(dict.fromkeys(member.address for member in self.members))


@dataclass(frozen=True, slots=True)
class Belonging:
    """The cluster of an address in brief, as it stands beside a verdict."""

    id: str
    sort: Sort
    score: float
    certainty: float
    addresses: int
    links: tuple[Link, ...]


def is_own(address: Address, service: str) -> bool:
    """Say whether a service, written as endpoints are, lies at this address."""
    host = f"[{address}]" if address.version == 6 else str(address)
    return service.rpartition(":")[0] == host


def brief(cluster: Cluster) -> Belonging:
    """Return a cluster without its members."""
    count = len(cluster.addresses)
    return Belonging(cluster.id, cluster.sort, cluster.score, cluster.certainty, count, cluster.links)
