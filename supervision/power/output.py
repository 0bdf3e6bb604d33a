"""High use with low output: energy for each yuan of output or each head, against those of the same trade.

The peers of an enterprise are those of its four-digit class (GB/T 4754), and where they are too few those
of the wider one: three digits, two, the section. Logarithms of the ratio are compared, by median and median
deviation, so that the few that hide a farm do not shift what is usual.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_PEERS = 20
"""Peers below which the wider class is taken."""
FAR = 4.0
"""Robust deviations above the peers' median from which use is high for its output."""
LEAST_DEVIATION = 0.15
"""Natural logarithms: trades whose members are closer than this are not told apart more finely."""


@dataclass(frozen=True, slots=True)
class Enterprise:
    """What is known of one enterprise over the same period; None where it was not reported."""

    uscc: str
    industry: str
    """Class of GB/T 4754 with its section letter first, e.g. C3216; shorter where it is not known finer."""
    kwh: float
    output_cny: float | None
    headcount: float | None


@dataclass(frozen=True, slots=True)
class Use:
    """One enterprise beside its peers."""

    uscc: str
    basis: str
    """`output` (kWh for each CNY) or `headcount` (kWh for each head)."""
    ratio: float
    peers: str
    """Their class."""
    count: int
    median: float
    percentile: float
    """Part of the peers below it, 0 to 100."""
    deviations: float
    """Robust deviations above the median of logarithms."""

    @property
    def high(self) -> bool:
        """Whether it uses far more than its output tells."""
        return self.deviations >= FAR


def beside_peers(enterprises: Sequence[Enterprise]) -> list[Use]:
    """Return what can be compared: both bases of each enterprise, in order; those without peers are left out.

    The section letter alone is no peer group: a trade must share at least two digits.
    """
    found: list[Use] = []
    for basis in ("output", "headcount"):
        known = [(one, ratio) for one in enterprises if (ratio := _ratio(one, basis)) is not None]
        groups: dict[str, list[int]] = defaultdict(list)
        for i, (one, _) in enumerate(known):
            for length in range(3, min(len(one.industry), 5) + 1):
                groups[one.industry[:length]].append(i)
        logs = np.log([ratio for _, ratio in known]) if known else np.empty(0)
        for i, (one, ratio) in enumerate(known):
            name = _group(one.industry, groups)
            if name is not None:
                found.append(_use(one, basis, ratio, name, logs[groups[name]], float(logs[i])))
    return sorted(found, key=lambda use: (-use.deviations, use.uscc, use.basis))


def _ratio(one: Enterprise, basis: str) -> float | None:
    by = one.output_cny if basis == "output" else one.headcount
    return one.kwh / by if by is not None and by > 0 and one.kwh > 0 else None


def _group(industry: str, groups: dict[str, list[int]]) -> str | None:
    for length in range(min(len(industry), 5), 2, -1):
        if len(groups.get(industry[:length], ())) > LEAST_PEERS:  # itself is among them
            return industry[:length]
    return None


def _use(one: Enterprise, basis: str, ratio: float, name: str, logs: NDArray[np.float64], own: float) -> Use:
    median = float(np.median(logs))
    spread = max(1.4826 * float(np.median(np.abs(logs - median))), LEAST_DEVIATION)
    below = int((logs < own).sum())
    return Use(
        one.uscc,
        basis,
        ratio,
        name,
        logs.size - 1,
        float(np.exp(median)),
        100 * below / max(logs.size - 1, 1),
        (own - median) / spread,
    )
