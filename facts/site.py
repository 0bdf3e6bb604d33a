"""What the network tells of a site: whether its traffic is that of a mining farm or of a data centre.

The classifier makes it from flow columns and a verdict; the supervision room joins it with meters and space.
"""

from dataclasses import dataclass

from facts.endpoint import Address
from facts.evidence import Evidence
from facts.verdict import Machines, Power


@dataclass(frozen=True, slots=True)
class Mix:
    """One class of traffic, by the service's port."""

    name: str
    """`mining web names mail remote files time other`."""
    share: float
    """Part of the bytes, 0 to 1."""
    flows: int


@dataclass(frozen=True, slots=True)
class NetworkSide:
    """One address over one time, as the network saw it."""

    address: Address
    first_ns: int
    last_ns: int
    flows: int
    bytes: int
    """On the wire, both ways."""
    sent: int
    """Of them, those that it sent."""
    peers: int
    """Addresses that it spoke with."""
    clients: int
    """Those of them that opened a connection to it: what it serves, it serves to them."""
    mining_share: float
    """Part of the bytes that is mining, 0 to 1."""
    mix: tuple[Mix, ...]
    """Largest first."""
    bytes_per_kwh: tuple[float, float, float] | None
    """Value, low, high: by the metered energy where it was given, else by the estimated power; None where
    neither is known."""
    machines: Machines | None
    power: Power | None
    evidence: tuple[Evidence, ...]
    """What of this speaks for a farm or for a data centre (kinds `site.*`), with frames of no packet."""
