"""What the flow table knows of a flow's ends, and which of them is taken for the client."""

from dataclasses import dataclass

from facts.endpoint import Endpoint
from facts.quick import quick

WELL_KNOWN = 1024  # ports below are bound by servers only


@quick
@dataclass(frozen=True, slots=True)
class Ends:
    """What the flow table knows of a flow when its session begins."""

    a: Endpoint
    b: Endpoint
    """Direction 0 is from a to b."""
    tcp: bool
    tunnel: int
    opener: int | None
    """Direction of the SYN, where the capture holds it."""
    first: int
    """Direction of the first packet seen."""


def believed_client(ends: Ends) -> int:
    """Return the direction in which the client sends, for want of a SYN.

    TCP: the lower port is the server's, as clients take theirs from the upper range; UDP: the first packet
    came from the client, unless only one of the ports is a well-known one.
    """
    a, b = ends.a.port, ends.b.port
    by_port = a != b if ends.tcp else (a < WELL_KNOWN) != (b < WELL_KNOWN)
    if not by_port:
        return ends.first
    return 0 if a > b else 1
