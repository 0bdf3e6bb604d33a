"""The columns that pass from players to carriers, and from carriers to networks. Many flows at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

CLIENT, SERVER = 0, 1
"""Ways: who sends."""

SEND = np.dtype(
    [
        ("at", "<f8"),  # s since the network's start, as seen where the capture stands
        ("flow", "<u4"),  # row of the batch
        ("size", "<i4"),  # bytes of the message before the carrier seals it, or of the flight that it is
        ("text", "<i4"),  # index into Sends.texts; -1 where no text was made
        ("way", "u1"),  # CLIENT or SERVER
        ("kind", "u1"),  # a Kind
    ]
)
"""One write of an application, or of the carrier for itself."""


class Kind:
    """What a write is on the wire."""

    DATA = 0
    """Bytes as they stand: plain text, or a cipher without records."""
    RECORD = 1
    """TLS records of application data."""
    HELLO = 2
    """The ClientHello, in a record of its own."""
    GREETING = 3
    """A server's handshake flight: it begins with a handshake record."""
    CHANGE = 4
    """A flight that begins with a ChangeCipherSpec record."""
    ALERT = 5
    """A TLS 1.2 alert record (close_notify); TLS 1.3 hides its alerts in application data."""


FRAME = np.dtype(
    [
        ("at_ns", "<i8"),  # ns since the network's start, capture clock
        ("flow", "<u4"),
        ("offset", "<u4"),  # TCP: of the first payload byte in its direction's stream; UDP: of the datagram
        ("size", "<u2"),  # payload bytes
        ("way", "u1"),  # CLIENT or SERVER
        ("flags", "u1"),  # TCP flags; 0 for UDP
        ("marks", "u1"),  # RECORD of facts/rhythm.py as the sender knows it; the others come with the capture
        ("spare", "u1", (3,)),
    ]
)
"""One packet on the wire, empty ones (ACK, SYN, FIN) among them: 24 bytes."""

FIN, SYN, PUSH, ACK = 1, 2, 8, 16


@dataclass(frozen=True, slots=True)
class Sends:
    """Writes of a batch of flows, sorted by flow then time."""

    rows: Array
    """(n,) SEND."""
    texts: Sequence[bytes] = field(default=())
    """What is said, where it was made."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines on which the flows of a batch lie: one row a flow. Times in s since the network's start."""

    start: Array
    """(n,) f8: the connection opens; below 0 where it is older than the capture."""
    stop: Array
    """(n,) f8: it closes; at or beyond the capture's end where it lives on."""
    near: Array
    """(n,) f8, s: one way from the client to the capture."""
    far: Array
    """(n,) f8, s: one way from the capture to the server."""
    make: Array
    """(n,) i8: which implementation of its kind the flow is of."""
    makes: int
    """Implementations in this batch."""
    seconds: float
    """Length of the capture."""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def seen_from(self) -> Array:
        """When the capture begins to see each flow, s."""
        return np.maximum(self.start, 0.0)

    @property
    def seen_to(self) -> Array:
        """When it ceases to, s."""
        return np.minimum(self.stop, self.seconds)

    def of(self, rows: Array) -> "Lines":
        """Return the lines of some flows, numbered anew."""
        parts = (self.start, self.stop, self.near, self.far, self.make)
        start, stop, near, far, make = (part[rows] for part in parts)
        return Lines(start, stop, near, far, make, self.makes, self.seconds)


class Talk:
    """Gathers the writes of a batch, in any order."""

    def __init__(self) -> None:
        self._parts: list[Array] = []

    def say(self, flow: Array, at: Array, way: int | Array, size: int | Array, kind: int = Kind.DATA) -> None:
        """Add writes: (n,) flows and times in s; sizes in bytes."""
        rows = np.empty(len(flow), SEND)
        rows["flow"], rows["at"], rows["way"] = flow, at, way
        rows["size"], rows["text"], rows["kind"] = np.maximum(size, 1), -1, kind
        self._parts.append(rows)

    def add(self, rows: Array) -> None:
        """Add (n,) SEND rows."""
        self._parts.append(rows)

    def rows(self, lines: Lines) -> Array:
        """Return (n,) SEND rows by flow then time, those outside of life or capture left out."""
        rows = np.concatenate(self._parts) if self._parts else np.empty(0, SEND)
        flow, at = rows["flow"], rows["at"]
        rows = rows[(at >= lines.seen_from[flow]) & (at < lines.seen_to[flow])]
        made: Array = rows[by_flow_and_time(rows["flow"], rows["at"])]
        return made


def by_flow_and_time(flow: Array, at: Array) -> Array:
    """Return the order of rows by flow, then time in s; rows alike keep theirs. One sort of whole numbers.

    Times are kept to 0.25 us, from 2,000 s before the start to 1,000,000 s after it.
    """
    ticks = ((at + 2_000.0) * 4e6).astype(np.int64)
    return np.argsort((flow.astype(np.int64) << 42) | ticks, kind="stable")
