"""For how long a flow may be silent before a probe lets it go. No kernel is loaded for the asking."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

TICK_BITS: Final = 29
"""The sieve's wheels count time in ticks of 2**29 ns, 0.54 seconds."""
TICKS: Final = 4096
"""Queues of a wheel: 36.6 minutes. What is later waits in the last one until its turn comes."""
LONGEST_S: Final = ((TICKS - 2) << TICK_BITS) / 1e9
"""Longest timeout: what the wheels span."""

_NAMES: Final = {"closed": "closed", "unanswered": "unanswered", "udp": "datagrams", "tcp": "segments"}
"""What a person calls each timeout."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without a packet after which a flow leaves the table, by what was seen of it."""

    closed: float = 30.0
    """TCP that either side reset, or both have closed."""
    unanswered: float = 120.0
    """Of which no byte of payload was seen: scans and refusals."""
    datagrams: float = 300.0
    """UDP, and whatever is no TCP."""
    segments: float = 1800.0
    """TCP that is open: RFC 5382 asks for two hours, yet a miner that is silent for minutes has gone."""

    def __post_init__(self) -> None:
        """Raise ValueError for what the wheels cannot tell apart or do not span."""
        for name in ("closed", "unanswered", "datagrams", "segments"):
            if not 1.0 <= getattr(self, name) <= LONGEST_S:
                raise ValueError(
                    f"a timeout is 1 to {LONGEST_S:.0f} seconds: {name} is {getattr(self, name)}"
                )

    def __str__(self) -> str:
        return ",".join(f"{name}={getattr(self, field):g}" for name, field in _NAMES.items())

    def as_ns(self) -> npt.NDArray[np.int64]:
        """Return (4,) int64, nanoseconds, in the order of the fields, for the kernel."""
        return np.array([round(getattr(self, field.name) * 1e9) for field in fields(self)], np.int64)


def timeouts_of(text: str) -> Timeouts:
    """Read timeouts as they are written: `closed=30,udp=60`; those not named keep their defaults.

    Raises ValueError for a name that is none, a name given twice, and what is no number of seconds.
    """
    given: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, seconds = (piece.strip() for piece in part.partition("="))
        if not equals or name not in _NAMES:
            raise ValueError(f"{part!r} is no timeout such as udp=300; there are {', '.join(_NAMES)}")
        if _NAMES[name] in given:
            raise ValueError(f"{name} is given twice")
        try:
            given[_NAMES[name]] = float(seconds)
        except ValueError:
            raise ValueError(f"{part!r} is no number of seconds") from None
    return Timeouts(**given)
