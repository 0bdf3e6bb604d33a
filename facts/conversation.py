"""Conversations: who spoke to whom, and how much, as the flow table knows it."""

from dataclasses import dataclass
from typing import Literal

from facts.endpoint import Endpoint
from facts.quick import quick
from facts.where import Where

Transport = Literal["tcp", "udp"]


@quick
@dataclass(frozen=True, slots=True)
class Flow:
    """The two ends of a conversation. The client opened it (or is believed to have, mid-stream)."""

    client: Endpoint
    server: Endpoint
    transport: Transport
    tunnel: int = 0
    """Tunnel id of the flow key; 0 outside tunnels."""


@quick
@dataclass(frozen=True, slots=True)
class Conversation:
    """What the flow table counted for one inspected flow, told when the flow ends or the run does.

    Pairs are (client to server, server to client).
    """

    flow: Flow
    where: Where
    """Its first packet."""
    first_ns: int
    last_ns: int
    packets: tuple[int, int]
    payload_bytes: tuple[int, int]
    """TCP or UDP payload on the wire, retransmissions included."""
    opened: bool
    """True where the capture holds the SYN, so that the client is certain."""
    lost: tuple[bool, bool] = (False, False)
    """Whether bytes of a direction are not in the capture: lost, or cut by the snap length."""
    broken: tuple[bool, bool] = (False, False)
    """Whether a direction holds what the parser of the stream could not read."""
    read_ns: int | None = None
    """Until when what it said was read, where that was given up before it ended; None: to its end."""
    closed: bool = True
    """False where neither FIN nor RST was seen: still open when the capture ended, as far as it tells."""
